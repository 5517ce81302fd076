/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/explanation.h"

#include <assert.h>
#include <string.h>

#include "alerts/notices.h"
#include "base/limits.h"
#include "model/document.h"
#include "verdict/ballot.h"

static const Field explained_vote_fields[] = {
        FIELD(ExplainedVote, node_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ExplainedVote, advertise, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(ExplainedVote, result, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ExplainedVote, counts, FIELD_BOOL),
        FIELD(ExplainedVote, detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(ExplainedVote, address, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ExplainedVote, round, FIELD_UINT),
        FIELD(ExplainedVote, age, FIELD_USEC),
        FIELD(ExplainedVote, total, FIELD_USEC),
        FIELD(ExplainedVote, resolve, FIELD_USEC),
        FIELD(ExplainedVote, connect, FIELD_USEC),
        FIELD(ExplainedVote, tls, FIELD_USEC),
        FIELD(ExplainedVote, first_byte, FIELD_USEC),
};
const ObjectType explained_vote_type = OBJECT_TYPE(ExplainedVote, "vote", explained_vote_fields);

static const Field explanation_fields[] = {
        FIELD(Explanation, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Explanation, name, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, type, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, target, FIELD_STRING, .max = TARGET_MAX_BYTES),
        FIELD(Explanation, disabled, FIELD_BOOL),
        FIELD(Explanation, alerts, FIELD_STRV, .max = ALERTS_MAX),
        FIELD(Explanation, state, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, since, FIELD_TIME),
        FIELD(Explanation, transitions, FIELD_UINT),
        FIELD(Explanation, decided_by, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, decided_term, FIELD_UINT),
        FIELD(Explanation, decided_ok, FIELD_UINT),
        FIELD(Explanation, decided_not_ok, FIELD_UINT),
        FIELD(Explanation, decided_detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Explanation, node_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, term, FIELD_UINT),
        FIELD(Explanation, master, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, quorum, FIELD_BOOL),
        FIELD(Explanation, source, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, asked, FIELD_UINT),
        FIELD(Explanation, answered, FIELD_UINT),
        FIELD(Explanation, interval, FIELD_DURATION),
        FIELD(Explanation, timeout, FIELD_DURATION),
        FIELD(Explanation, fresh_for, FIELD_DURATION),
        FIELD(Explanation, confirm_delay, FIELD_DURATION),
        FIELD(Explanation, rounds_needed, FIELD_UINT),
        FIELD(Explanation, voters, FIELD_UINT),
        FIELD(Explanation, majority, FIELD_UINT),
        FIELD(Explanation, ok, FIELD_UINT),
        FIELD(Explanation, not_ok, FIELD_UINT),
        FIELD(Explanation, abstained, FIELD_UINT),
        FIELD(Explanation, stale, FIELD_BOOL),
        FIELD(Explanation, stale_for, FIELD_USEC),
        FIELD(Explanation, detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Explanation, votes, FIELD_LIST, .object = &explained_vote_type, .max = PEERS_MAX),
        FIELD(Explanation, phase, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, candidate, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Explanation, agreed, FIELD_UINT),
        FIELD(Explanation, due_in, FIELD_USEC),
        FIELD(Explanation, rounds, FIELD_LIST, .object = &round_view_type, .max = EXPLAINED_ROUNDS_MAX),
        FIELD(Explanation, deliveries, FIELD_LIST, .object = &telling_type, .max = EXPLAINED_TELLINGS_MAX),
};
const ObjectType explanation_type = OBJECT_TYPE(Explanation, "explanation", explanation_fields);

/* ---- what one node knows ---- */

static void fill_check(Explanation *e, const ExplanationSources *from) {
        const Check *check = from->check;
        g_autoptr(GPtrArray) alerts = value_in_order(from->value, RECORD_ALERT), effective = NULL;
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();

        e->id = g_strdup(check->id);
        e->name = g_strdup(check->name);
        e->type = g_strdup(check_kind_to_string(check->type));
        e->target = check_target_masked(check);
        e->disabled = check->disabled;
        effective = effective_alerts(check, alerts);
        for (guint i = 0; i < effective->len; i++)
                g_strv_builder_add(names, ((const Alert *) g_ptr_array_index(effective, i))->name);
        e->alerts = g_strv_builder_end(names);
}

static void fill_status(Explanation *e, const ExplanationSources *from) {
        const CheckStatus *status = value_object(from->value, RECORD_STATUS, from->check->id);

        e->state = g_strdup(check_state_to_string(status ? status->state : CHECK_UNKNOWN));
        if (!status)
                return;
        e->since = status->since;
        e->transitions = status->transitions;
        e->decided_by = g_strdup(status->decided_by);
        e->decided_term = status->decided_term;
        e->decided_ok = status->ok;
        e->decided_not_ok = status->not_ok;
        e->decided_detail = g_strdup(status->detail);
}

static void fill_rule(Explanation *e, const ExplanationSources *from) {
        e->interval = check_interval(from->check);
        e->timeout = check_timeout(from->check);
        e->fresh_for = from->judgement->fresh_for;
        e->confirm_delay = from->judgement->confirm_delay;
        e->rounds_needed = from->judgement->needed;
        e->voters = value_n_voters(from->value);
        e->majority = majority_of(value_n_voters(from->value));
}

static void say(ExplainedVote *vote, const Observation *observation, usec_t fresh_for) {
        g_free(vote->result);
        g_free(vote->detail);
        g_free(vote->address);
        vote->result = g_strdup(observation_result_to_string(observation->result));
        vote->detail = g_strdup(observation->detail);
        vote->address = g_strdup(observation->address);
        vote->counts = observation->age <= fresh_for;
        vote->round = observation->round;
        vote->age = observation->age;
        vote->total = observation->total;
        vote->resolve = observation->resolve;
        vote->connect = observation->connect;
        vote->tls = observation->tls;
        vote->first_byte = observation->first_byte;
}

static ExplainedVote *vote_of(const Explanation *e, const char *node_id) {
        for (guint i = 0; e->votes && i < e->votes->len; i++) {
                ExplainedVote *vote = g_ptr_array_index(e->votes, i);

                if (g_strcmp0(vote->node_id, node_id) == 0)
                        return vote;
        }
        return NULL;
}

static bool is_silent(const ExplainedVote *vote) {
        return g_strcmp0(vote->result, "silent") == 0;
}

static void fill_votes(Explanation *e, const ExplanationSources *from) {
        const Observation *own = from->judgement->own;
        ExplainedVote *mine;

        e->votes = object_list_new(&explained_vote_type);
        for (size_t i = 0; i < value_n_voters(from->value); i++) {
                ExplainedVote *vote = explained_vote_new();
                const Peer *peer = value_peer(from->value, value_voter(from->value, i));

                vote->node_id = g_strdup(value_voter(from->value, i));
                vote->advertise = g_strdup(peer ? peer->advertise : NULL);
                vote->result = g_strdup("silent");
                g_ptr_array_add(e->votes, vote);
        }
        for (guint i = 0; from->view->votes && i < from->view->votes->len; i++) {
                const Vote *known = g_ptr_array_index(from->view->votes, i);
                ExplainedVote *vote = vote_of(e, known->node_id);

                if (vote && known->observation)
                        say(vote, known->observation, e->fresh_for);
        }
        mine = vote_of(e, from->node_id);
        if (mine && own && (is_silent(mine) || own->age < mine->age))
                say(mine, own, e->fresh_for);
}

static void fill_judgement(Explanation *e, const ExplanationSources *from) {
        const Judgement *judgement = from->judgement;
        const CheckView *view = from->view;

        e->source =
                        g_strdup(judgement->leading ? EXPLAINED_BY_MASTER
                                 : view->live       ? EXPLAINED_BY_PUSH
                                                    : EXPLAINED_BY_NODES);
        e->ok = view->ok;
        e->not_ok = view->not_ok;
        e->abstained = view->abstained;
        e->stale = view->stale;
        e->stale_for = view->stale_for;
        e->detail = g_strdup(view->detail);
        if (!judgement->leading)
                return;
        e->phase = g_strdup(judgement->phase);
        e->candidate = g_strdup(judgement->agreed > 0 ? check_state_to_string(judgement->candidate) : "");
        e->agreed = judgement->agreed;
        e->due_in = judgement->due_in == USEC_INFINITY ? 0 : judgement->due_in;
        e->rounds = object_list_new(&round_view_type);
        for (guint i = 0; judgement->rounds && i < judgement->rounds->len; i++)
                g_ptr_array_add(e->rounds, round_view_copy(g_ptr_array_index(judgement->rounds, i)));
}

/* ---- deliveries ---- */

static guint hash_telling(gconstpointer p) {
        const Telling *telling = p;

        return g_str_hash(telling->notice ?: "") ^ g_str_hash(telling->recipient ?: "");
}

static gboolean equal_tellings(gconstpointer a, gconstpointer b) {
        return telling_is_same(a, b);
}

/* The others, which are consumed. There may be thousands on either side, some of them another node's. */
static void add_tellings(GPtrArray *tellings, GPtrArray *others) {
        g_autoptr(GHashTable) known = g_hash_table_new(hash_telling, equal_tellings);

        for (guint i = 0; i < tellings->len; i++)
                (void) g_hash_table_add(known, g_ptr_array_index(tellings, i));
        while (others->len > 0) {
                Telling *telling = g_ptr_array_steal_index(others, others->len - 1);
                Telling *same = g_hash_table_lookup(known, telling);

                if (same) {
                        telling_merge(same, telling);
                        (void) telling_free(telling);
                        continue;
                }
                g_ptr_array_add(tellings, telling);
                (void) g_hash_table_add(known, telling);
        }
}

static int compare_tellings(gconstpointer a, gconstpointer b) {
        const Telling *x = *(const Telling *const *) a, *y = *(const Telling *const *) b;

        if (x->number != y->number)
                return x->number > y->number ? -1 : 1;
        if (x->created != y->created)
                return x->created > y->created ? -1 : 1;
        return g_strcmp0(x->alert, y->alert) ?: g_strcmp0(x->recipient, y->recipient);
}

static void sort_and_cut(GPtrArray *tellings) {
        g_ptr_array_sort(tellings, compare_tellings);
        while (tellings->len > EXPLAINED_TELLINGS_MAX)
                (void) telling_free(g_ptr_array_remove_index(tellings, tellings->len - 1));
}

static void fill_deliveries(Explanation *e, const ExplanationSources *from) {
        size_t n;
        Record *const *records = notices_of_check(from->value, from->check->id, &n);

        e->deliveries = object_list_new(&telling_type);
        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                for (guint j = 0; j < notice_n_recipients(notice); j++) {
                        Telling *telling =
                                        telling_new_of(notice,
                                                       g_ptr_array_index(notice->recipients, j),
                                                       /* node_id= */ NULL);

                        telling->kept = true;
                        g_ptr_array_add(e->deliveries, telling);
                }
        }
        if (from->told) {
                g_autoptr(GPtrArray) remembered = g_ptr_array_new();

                told_list(from->told, from->check->id, remembered);
                add_tellings(e->deliveries, remembered);
        }
        sort_and_cut(e->deliveries);
}

Explanation *explanation_new_of(const ExplanationSources *from) {
        Explanation *e = explanation_new();

        assert(from);
        assert(from->value);
        assert(from->check);
        assert(from->view);
        assert(from->judgement);

        e->node_id = g_strdup(from->node_id);
        e->master = g_strdup(from->master);
        e->term = from->term;
        e->quorum = from->quorum;
        fill_check(e, from);
        fill_status(e, from);
        fill_rule(e, from);
        fill_votes(e, from);
        fill_judgement(e, from);
        fill_deliveries(e, from);
        return e;
}

/* ---- what the others know ---- */

static bool is_by(const Explanation *e, const char *source) {
        return g_strcmp0(e->source, source) == 0;
}

static void take_field(Explanation *e, const char *field, const Explanation *other) {
        object_copy_field(object_field(&explanation_type, field), e, other);
}

/* Who votes is known here; what is said of others, or of one twice, is not taken. */
static void take_votes(Explanation *e, Explanation *other) {
        for (guint i = 0; e->votes && i < e->votes->len; i++) {
                ExplainedVote *mine = g_ptr_array_index(e->votes, i),
                              *theirs = vote_of(other, mine->node_id);
                ExplainedVote *taken = theirs ? explained_vote_copy(theirs) : explained_vote_new();

                g_free(taken->node_id);
                g_free(taken->advertise);
                taken->node_id = g_strdup(mine->node_id);
                taken->advertise = g_strdup(mine->advertise);
                if (!taken->result)
                        taken->result = g_strdup("silent");
                (void) explained_vote_free(mine);
                e->votes->pdata[i] = taken;
        }
}

/* A master that was overtaken does not know it yet: the higher term is right. */
static void take_judgement(Explanation *e, Explanation *other) {
        static const char *const fields[] = {
                "source",    "term",          "master",        "ok",        "not_ok", "abstained", "stale",
                "stale_for", "detail",        "phase",         "candidate", "agreed", "due_in",    "rounds",
                "fresh_for", "confirm_delay", "rounds_needed",
        };

        if (is_by(e, EXPLAINED_BY_MASTER) && e->term >= other->term)
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
                take_field(e, fields[i], other);
        take_votes(e, other);
}

static void take_own_vote(Explanation *e, Explanation *other) {
        ExplainedVote *mine = vote_of(e, other->node_id), *theirs = vote_of(other, other->node_id);
        ExplainedVote swapped;

        if (!mine || !theirs || is_silent(theirs) || (!is_silent(mine) && mine->age <= theirs->age))
                return;
        swapped = *mine;
        *mine = *theirs;
        *theirs = swapped;
}

/* ---- what another node made ---- */

static void blank(char **text) {
        g_clear_pointer(text, g_free);
}

static bool is_phase(const char *phase) {
        static const char *const phases[] = { "calm", "suspect", "round", "between", "proposed", NULL };

        return phase && g_strv_contains(phases, phase);
}

static bool is_state(const char *state) {
        return state && check_state_from_string(state) >= 0;
}

/* A member may lie about what it saw, but not in words that there are not, nor to a terminal. */
static void vet(Explanation *other) {
        object_clean(&explanation_type, other);
        if (!is_phase(other->phase))
                blank(&other->phase);
        if (!is_state(other->candidate))
                blank(&other->candidate);
        for (guint i = 0; other->votes && i < other->votes->len; i++) {
                ExplainedVote *vote = g_ptr_array_index(other->votes, i);

                if (!vote->result || observation_result_from_string(vote->result) < 0) {
                        g_free(vote->result);
                        vote->result = g_strdup("silent");
                }
        }
        for (guint i = 0; other->rounds && i < other->rounds->len; i++) {
                RoundView *round = g_ptr_array_index(other->rounds, i);

                if (!is_state(round->said))
                        blank(&round->said);
        }
        for (guint i = other->deliveries ? other->deliveries->len : 0; i > 0; i--)
                if (!telling_is_sound(g_ptr_array_index(other->deliveries, i - 1)))
                        (void) telling_free(g_ptr_array_remove_index(other->deliveries, i - 1));
}

void explanation_merge(Explanation *explanation, Explanation *other) {
        _cleanup_(explanation_freep) Explanation *given = other;

        assert(explanation);
        assert(other);

        if (g_strcmp0(explanation->id, other->id) != 0)
                return;

        vet(other);
        if (is_by(other, EXPLAINED_BY_MASTER))
                take_judgement(explanation, other);
        else if (!is_by(explanation, EXPLAINED_BY_MASTER))
                take_own_vote(explanation, other);

        if (!explanation->deliveries)
                explanation->deliveries = object_list_new(&telling_type);
        if (given->deliveries)
                add_tellings(explanation->deliveries, given->deliveries);
        sort_and_cut(explanation->deliveries);
}
