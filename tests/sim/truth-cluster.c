/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One check's year. On every node the real schedule says when to probe and the real verdict keeps the votes;
 * on the node that leads the verdict judges, its rounds ask the nodes, and a transition is committed and
 * shown to all. The other rules see the very same regular probes, and ask the same world when they retry.
 *
 * A probe that is ok while all is calm changes nothing but the age of a vote. Such votes are held back and
 * handed over, with their age, before anything else happens: that is how a quiet stretch is skipped. */

#include <assert.h>
#include <stdio.h>

#include "schedule/schedule.h"
#include "truth.h"
#include "verdict/verdict.h"

#define CHECK_ID "check-0000"

#define COMMIT_USEC (20 * USEC_PER_MSEC) /* docs/performance.md: p99 of a change */

typedef enum EventKind {
        EVENT_PROBED,   /* on `node` a probe ended */
        EVENT_OBSERVED, /* the observation of `node` reaches the master of `term` */
        EVENT_GREETED,  /* the same, sent again to a new master */
        EVENT_ASKED,    /* a round reaches `node` */
        EVENT_COMMITTED,
        EVENT_RETRY,  /* a rule with one host probes again */
        EVENT_RETRIED /* and has its answer */
} EventKind;

typedef struct Event {
        usec_t at;
        uint64_t order;
        EventKind kind;
        unsigned node; /* or the rule, of RETRY and RETRIED */
        unsigned life;
        uint64_t term;
        uint64_t round;
        Outcome outcome;
        CheckState to; /* COMMITTED */
} Event;

typedef struct YearNode {
        char id[16];
        bool up;
        unsigned life;
        Schedule *schedule; /* NULL: it does not run */
        Verdict *verdict;
        Aggregator aggregator;
        usec_t due;  /* of the schedule */
        usec_t held; /* the end of an ok probe not yet handed over, 0: none */
        guint next_crash;
} YearNode;

typedef struct Year {
        World *world;
        WorldTarget *target;
        const YearOptions *options;
        Tale *tales;
        YearCounts *counts;

        usec_t now;
        uint64_t next_order;
        GArray *events; /* of Event, few */
        GArray *due;    /* of DueProbe, to be used again */
        YearNode nodes[TRUTH_NODES_MAX];
        OneHost hosts[N_ONE_HOST];

        guint next_lead;
        int leader; /* -1: nobody */
        uint64_t term;
        Value *value;
        CheckState state;
        uint64_t n_transitions;
        bool calm;
        unsigned round_causes, last_causes; /* of what failed in this round and the one before */
} Year;

/* ---- telling ---- */

static void G_GNUC_PRINTF(3, 4) say(const Year *year, int node, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        if (!year->options->verbose || year->now < year->options->tell_from ||
            year->now > year->options->tell_until)
                return;
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        printf("%12.3f  ", (double) (year->now - TRUTH_BEGIN) / (double) USEC_PER_SEC);
        if (node >= 0)
                printf("node-%d  %s\n", node, text);
        else
                printf("        %s\n", text);
}

static char *outcome_to_string(const Outcome *outcome) {
        g_autofree char *causes = causes_to_string(outcome->causes);

        return g_strdup_printf(
                        "%s%s%s",
                        observation_result_to_string(outcome->result),
                        *causes ? ": " : "",
                        causes);
}

/* ---- events ---- */

static void push(Year *year, Event event) {
        event.order = year->next_order++;
        g_array_append_val(year->events, event);
}

static bool before(const Event *a, const Event *b) {
        return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static guint first_event(const Year *year) {
        guint first = 0;

        for (guint i = 1; i < year->events->len; i++)
                if (before(&g_array_index(year->events, Event, i),
                           &g_array_index(year->events, Event, first)))
                        first = i;
        return first;
}

static usec_t next_event(const Year *year) {
        return year->events->len > 0 ? g_array_index(year->events, Event, first_event(year)).at
                                     : USEC_INFINITY;
}

/* ---- the committed value ---- */

static void apply(Value **value, Delta *delta) {
        Value *next = value_apply(*value, delta);

        (void) delta_free(delta);
        (void) value_unref(*value);
        *value = next;
}

static Value *first_value(const Year *year) {
        Value *value = value_new_empty();
        Delta *delta = delta_new();
        ClusterMeta *meta = cluster_meta_new();
        Check *check = check_new();

        meta->cluster_id = g_strdup("a-year");
        meta->version = 1;
        delta_put_object(delta, RECORD_META, meta);
        for (unsigned k = 0; k < year->options->n_nodes; k++) {
                Peer *peer = peer_new();

                peer->node_id = g_strdup(year->nodes[k].id);
                peer->fingerprint = g_strdup_printf("sha256:%064u", k);
                peer->order = k;
                delta_put_object(delta, RECORD_PEER, peer);
        }
        check->id = g_strdup(CHECK_ID);
        check->name = g_strdup("target");
        check->type = CHECK_TCP;
        check->target = g_strdup("192.0.2.1:80");
        check->interval = year->target->interval;
        check->timeout = year->target->timeout;
        check->revision = 1;
        delta_put_object(delta, RECORD_CHECK, check);
        apply(&value, delta);
        return value;
}

static void commit_state(Year *year, CheckState state) {
        CheckStatus *status = check_status_new();
        Delta *delta = delta_new();

        year->state = state;
        status->check_id = g_strdup(CHECK_ID);
        status->state = state;
        status->transitions = ++year->n_transitions;
        status->was_up = true;
        delta_put_object(delta, RECORD_STATUS, status);
        apply(&year->value, delta);
        for (unsigned k = 0; k < year->options->n_nodes; k++)
                if (year->nodes[k].up)
                        verdict_configure(year->nodes[k].verdict, year->value, year->now);
}

/* ---- probes and observations ---- */

static Observation *make_observation(const Year *year, const Outcome *outcome, uint64_t round) {
        Observation *observation = observation_new();

        observation->check_id = g_strdup(CHECK_ID);
        observation->revision = 1;
        observation->round = round;
        observation->result = outcome->result;
        observation->detail = g_strdup("");
        observation->age = year->now - outcome->end;
        return observation;
}

static void start_probe(Year *year, unsigned k, uint64_t round) {
        YearNode *node = &year->nodes[k];
        Outcome outcome = world_probe(year->target, k, year->now);

        year->counts->probes++;
        if (year->calm && outcome.result == OBSERVATION_OK) {
                node->held = outcome.end;
                return;
        }
        push(year,
             (Event){ .at = outcome.end,
                      .kind = EVENT_PROBED,
                      .node = k,
                      .life = node->life,
                      .round = round,
                      .outcome = outcome });
}

/* What was held back is handed over; a probe that has not ended yet goes the usual way. */
static void leave_calm(Year *year) {
        if (!year->calm)
                return;

        year->calm = false;
        for (unsigned k = 0; k < year->options->n_nodes; k++) {
                YearNode *node = &year->nodes[k];
                Outcome outcome = { .result = OBSERVATION_OK, .end = node->held };

                node->held = 0;
                if (outcome.end == 0 || !node->up)
                        continue;
                if (outcome.end > year->now) {
                        push(year,
                             (Event){ .at = outcome.end,
                                      .kind = EVENT_PROBED,
                                      .node = k,
                                      .life = node->life,
                                      .outcome = outcome });
                        continue;
                }
                verdict_observe(node->verdict, node->id, make_observation(year, &outcome, 0), year->now);
                if (year->leader >= 0 && year->leader != (int) k)
                        verdict_observe(year->nodes[year->leader].verdict,
                                        node->id,
                                        make_observation(year, &outcome, 0),
                                        year->now);
                if (year->leader >= 0)
                        aggregator_note(&year->nodes[year->leader].aggregator, k, &outcome);
        }
}

static bool is_calm(const Year *year) {
        if (year->options->patient || year->state != CHECK_UP || year->leader < 0 || year->events->len > 0 ||
            verdict_next_deadline(year->nodes[year->leader].verdict) != USEC_INFINITY ||
            !aggregator_is_calm(&year->nodes[year->leader].aggregator))
                return false;
        for (size_t i = 0; i < N_ONE_HOST; i++)
                if (!one_host_is_calm(&year->hosts[i]))
                        return false;
        return true;
}

/* ---- the other rules ---- */

static void wish_retry(Year *year, unsigned rule, usec_t at) {
        if (at != USEC_INFINITY)
                push(year,
                     (Event){ .at = at, .kind = EVENT_RETRY, .node = rule, .life = year->nodes[0].life });
}

static void tell_one_hosts(Year *year, const Outcome *outcome) {
        for (unsigned i = 0; i < N_ONE_HOST; i++)
                wish_retry(year, i, one_host_see(&year->hosts[i], outcome, false, year->now));
}

static void tell_original(Year *year, unsigned k, const Outcome *outcome) {
        if (year->leader >= 0)
                aggregator_report(
                                &year->nodes[year->leader].aggregator,
                                k,
                                outcome,
                                year->target->interval,
                                year->now,
                                &year->tales[RULE_ORIGINAL]);
}

static void on_retry(Year *year, const Event *event) {
        Outcome outcome = world_probe(year->target, 0, year->now);

        year->counts->asked++;
        push(year,
             (Event){ .at = outcome.end,
                      .kind = EVENT_RETRIED,
                      .node = event->node,
                      .life = event->life,
                      .outcome = outcome });
}

/* ---- what the verdict wants ---- */

static void ask_round(Year *year, const VerdictEffect *effect) {
        year->counts->rounds++;
        year->last_causes = year->round_causes;
        year->round_causes = 0;
        say(year, year->leader, "asks round %" G_GUINT64_FORMAT, effect->round & UINT32_MAX);
        for (unsigned k = 0; k < year->options->n_nodes; k++) {
                usec_t at = world_deliver(year->world, (unsigned) year->leader, k, year->now);

                if (at != USEC_INFINITY)
                        push(year,
                             (Event){ .at = at,
                                      .kind = EVENT_ASKED,
                                      .node = k,
                                      .life = year->nodes[k].life,
                                      .round = effect->round });
        }
}

static void carry_out(Year *year, const VerdictEffect *effect) {
        if (effect->kind == VERDICT_ASK_ROUND) {
                ask_round(year, effect);
                return;
        }
        push(year,
             (Event){ .at = year->now + COMMIT_USEC,
                      .kind = EVENT_COMMITTED,
                      .term = year->term,
                      .to = effect->transition->to });
}

static void settle(Year *year) {
        Verdict *verdict;

        if (year->leader < 0)
                return;
        verdict = year->nodes[year->leader].verdict;
        for (;;) {
                g_autoptr(GPtrArray) effects = NULL;

                verdict_tick(verdict, year->now);
                effects = verdict_take_effects(verdict);
                if (effects->len == 0)
                        return;
                for (guint i = 0; i < effects->len; i++)
                        carry_out(year, g_ptr_array_index(effects, i));
        }
}

/* ---- what happens ---- */

static void on_observed(Year *year, const Event *event) {
        if (year->leader < 0 || event->term != year->term)
                return; /* sent to a master of yesterday */

        verdict_observe(year->nodes[year->leader].verdict,
                        year->nodes[event->node].id,
                        make_observation(year, &event->outcome, event->round),
                        year->now);
        if (event->round == 0 && event->kind != EVENT_GREETED)
                tell_original(year, event->node, &event->outcome);
}

static void on_probed(Year *year, const Event *event) {
        YearNode *node = &year->nodes[event->node];
        g_autofree char *text = NULL;
        usec_t at;

        if (!node->up || node->life != event->life)
                return;

        text = outcome_to_string(&event->outcome);
        say(year,
            (int) event->node,
            "%s %" G_GUINT64_FORMAT ": %s",
            event->round > 0 ? "answers round" : "probed",
            event->round & UINT32_MAX,
            text);
        if (event->round > 0 && event->outcome.result == OBSERVATION_FAILED)
                year->round_causes |= event->outcome.causes;
        if (year->leader != (int) event->node)
                verdict_observe(node->verdict,
                                node->id,
                                make_observation(year, &event->outcome, event->round),
                                year->now);
        if (event->node == 0 && event->round == 0)
                tell_one_hosts(year, &event->outcome);
        if (year->leader < 0)
                return;

        at = world_deliver(year->world, event->node, (unsigned) year->leader, year->now);
        if (at != USEC_INFINITY)
                push(year,
                     (Event){ .at = at,
                              .kind = EVENT_OBSERVED,
                              .node = event->node,
                              .term = year->term,
                              .round = event->round,
                              .outcome = event->outcome });
}

static void on_committed(Year *year, const Event *event) {
        if (year->leader < 0 || event->term != year->term)
                return; /* the lead was lost over it */

        say(year, year->leader, "%s is committed", check_state_to_string(event->to));
        year->counts->transitions++;
        commit_state(year, event->to);
        if (event->to == CHECK_DOWN)
                tale_down(&year->tales[RULE_QUPTIME], year->now, year->round_causes | year->last_causes);
        else
                tale_up(&year->tales[RULE_QUPTIME], year->now);
}

static void on_event(Year *year) {
        guint i = first_event(year);
        Event event = g_array_index(year->events, Event, i);

        g_array_remove_index_fast(year->events, i);
        switch (event.kind) {
        case EVENT_PROBED:
                on_probed(year, &event);
                break;
        case EVENT_OBSERVED:
        case EVENT_GREETED:
                on_observed(year, &event);
                break;
        case EVENT_ASKED:
                if (year->nodes[event.node].up && year->nodes[event.node].life == event.life)
                        start_probe(year, event.node, event.round);
                break;
        case EVENT_COMMITTED:
                on_committed(year, &event);
                break;
        case EVENT_RETRY:
                if (year->nodes[0].life == event.life)
                        on_retry(year, &event);
                break;
        case EVENT_RETRIED:
                if (year->nodes[0].life == event.life)
                        wish_retry(year,
                                   event.node,
                                   one_host_see(&year->hosts[event.node], &event.outcome, true, year->now));
                break;
        }
}

static void on_due(Year *year, unsigned k) {
        YearNode *node = &year->nodes[k];

        g_array_set_size(year->due, 0);
        (void) schedule_take_due(node->schedule, year->now, year->due);
        for (guint i = 0; i < year->due->len; i++)
                start_probe(year, k, /* round= */ 0);
        node->due = schedule_next_deadline(node->schedule);
}

/* ---- nodes that come and go ---- */

static void node_start(Year *year, unsigned k) {
        YearNode *node = &year->nodes[k];
        usec_t wall = UINT64_C(1700000000) * USEC_PER_SEC + year->now;

        say(year, (int) k, "starts");
        node->up = true;
        node->life++;
        node->schedule = schedule_new(g_str_hash(node->id));
        node->verdict = verdict_new(node->id, &verdict_timing_default);
        verdict_configure(node->verdict, year->value, year->now);
        schedule_configure(node->schedule, year->value, node->id, year->now, wall);
        node->due = schedule_next_deadline(node->schedule);
}

static void node_stop(Year *year, unsigned k) {
        YearNode *node = &year->nodes[k];

        say(year, (int) k, "stops");
        node->up = false;
        node->life++;
        node->due = USEC_INFINITY;
        node->schedule = schedule_free(node->schedule);
        node->verdict = verdict_free(node->verdict);
        node->aggregator = (Aggregator){};
        if (k == 0)
                for (size_t i = 0; i < N_ONE_HOST; i++) {
                        year->hosts[i].n_failed = 0;
                        year->hosts[i].retrying = false;
                }
}

static usec_t next_crash(const Year *year, unsigned k) {
        const YearNode *node = &year->nodes[k];
        const GArray *crashes = year->world->nodes[k].crashes.spells;
        const Spell *spell;

        if (node->next_crash >= crashes->len)
                return USEC_INFINITY;
        spell = &g_array_index(crashes, Spell, node->next_crash);
        return node->up ? spell->start : spell->end;
}

static void on_crash(Year *year, unsigned k) {
        leave_calm(year);
        if (year->nodes[k].up)
                node_stop(year, k);
        else {
                node_start(year, k);
                year->nodes[k].next_crash++;
        }
}

/* ---- the lead ---- */

static usec_t next_lead(const Year *year) {
        const Lead *lead;

        if (year->next_lead >= year->options->leads->len)
                return USEC_INFINITY;
        lead = &g_array_index(year->options->leads, Lead, year->next_lead);
        return year->leader < 0 ? lead->start : lead->end;
}

/* Each voter at once sends the new master its latest observation. */
static void greet(Year *year, unsigned k) {
        YearNode *node = &year->nodes[k];
        g_autoptr(GPtrArray) own = NULL;
        usec_t at = world_deliver(year->world, k, (unsigned) year->leader, year->now);

        if (!node->up || (int) k == year->leader || at == USEC_INFINITY)
                return;
        own = verdict_own_observations(node->verdict, year->now);
        for (guint i = 0; i < own->len; i++) {
                const Observation *observation = g_ptr_array_index(own, i);

                push(year,
                     (Event){ .at = at,
                              .kind = EVENT_GREETED,
                              .node = k,
                              .term = year->term,
                              .round = observation->round,
                              .outcome = { .result = observation->result,
                                           .end = year->now - observation->age } });
        }
}

static void on_lead(Year *year) {
        const Lead *lead = &g_array_index(year->options->leads, Lead, year->next_lead);

        leave_calm(year);
        if (year->leader >= 0) {
                say(year, year->leader, "leads no longer");
                if (year->nodes[year->leader].up)
                        verdict_follow(year->nodes[year->leader].verdict, year->now);
                year->leader = -1;
                year->next_lead++;
                return;
        }
        assert(year->nodes[lead->node].up);
        year->leader = (int) lead->node;
        year->term = lead->term;
        say(year, year->leader, "leads in term %" G_GUINT64_FORMAT, year->term);
        verdict_lead(year->nodes[year->leader].verdict, year->term, year->now);
        for (unsigned k = 0; k < year->options->n_nodes; k++)
                greet(year, k);
}

/* ---- the year ---- */

static void step(Year *year, usec_t deadline, usec_t lead, usec_t event) {
        if (lead <= year->now) {
                on_lead(year);
                return;
        }
        for (unsigned k = 0; k < year->options->n_nodes; k++)
                if (next_crash(year, k) <= year->now) {
                        on_crash(year, k);
                        return;
                }
        if (event <= year->now || deadline <= year->now) {
                if (event <= year->now)
                        on_event(year);
                return;
        }
        for (unsigned k = 0; k < year->options->n_nodes; k++)
                if (year->nodes[k].due <= year->now)
                        on_due(year, k);
}

static void run(Year *year) {
        for (;;) {
                usec_t lead = next_lead(year), event = next_event(year), deadline = USEC_INFINITY, next;

                if (year->leader >= 0)
                        deadline = verdict_next_deadline(year->nodes[year->leader].verdict);
                next = MIN(MIN(lead, event), deadline);
                for (unsigned k = 0; k < year->options->n_nodes; k++)
                        next = MIN(next, MIN(year->nodes[k].due, next_crash(year, k)));
                if (next >= year->world->end)
                        return;

                year->now = MAX(year->now, next);
                step(year, deadline, lead, event);
                if (!year->calm || year->events->len > 0) {
                        leave_calm(year);
                        settle(year);
                        year->calm = is_calm(year);
                }
        }
}

void year_run(World *world,
              WorldTarget *target,
              const YearOptions *options,
              Tale tales[static _RULE_MAX],
              YearCounts *counts) {
        Year year = {
                .world = world,
                .target = target,
                .options = options,
                .tales = tales,
                .counts = counts,
                .now = TRUTH_BEGIN,
                .leader = -1,
        };

        assert(options->n_nodes <= TRUTH_NODES_MAX);

        year.events = g_array_new(FALSE, FALSE, sizeof(Event));
        year.due = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        for (unsigned k = 0; k < options->n_nodes; k++)
                g_snprintf(year.nodes[k].id, sizeof(year.nodes[k].id), "node-%u", k);
        for (size_t i = 0; i < N_ONE_HOST; i++) {
                year.hosts[i] = one_host_rules[i];
                year.hosts[i].tale = tales[ONE_HOST_FIRST + i];
        }
        year.value = first_value(&year);
        for (unsigned k = 0; k < options->n_nodes; k++)
                node_start(&year, k);
        commit_state(&year, CHECK_UP); /* the year begins with a target that is known to be up */

        run(&year);

        for (unsigned k = 0; k < options->n_nodes; k++) {
                (void) schedule_free(year.nodes[k].schedule);
                (void) verdict_free(year.nodes[k].verdict);
        }
        (void) value_unref(year.value);
        g_array_unref(year.events);
        g_array_unref(year.due);
}
