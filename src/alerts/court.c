/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/court.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "alerts/alerts.h"
#include "alerts/notices.h"
#include "base/limits.h"
#include "verdict/messages.h"
#include "wire/codec.h"

#define PUSH_EVERY_USEC (1 * USEC_PER_SEC)

/* How far a follower has been told. */
typedef struct Follower {
        char *node_id;
        uint64_t told;
} Follower;

struct Court {
        char *node_id;
        Verdict *verdict;
        Value *value;
        GQueue effects;        /* of CourtEffect */
        GPtrArray *batch;      /* of Observation: for the master at the end of the turn */
        GPtrArray *followers;  /* of Follower, while leading */
        GPtrArray *decided;    /* of Transition, to be committed, in order */
        unsigned n_committing; /* how many of them, from the front, are under way */
        unsigned n_at_once;    /* how many may be; fewer after a conflict */
        uint64_t number;       /* of the change under way or the last one */
        usec_t push_at;        /* USEC_INFINITY: we do not lead */
        uint64_t term;         /* of our last lead */
        char *last_leader;
};

/* ---- lifecycle ---- */

static void follower_destroy(gpointer data) {
        Follower *follower = data;

        g_free(follower->node_id);
        g_free(follower);
}

CourtEffect *court_effect_free(CourtEffect *effect) {
        if (!effect)
                return NULL;

        g_free(effect->node);
        g_free(effect->params);
        g_free(effect->check_id);
        (void) change_free(effect->change);
        g_free(effect);
        return NULL;
}

Court *court_new(const char *node_id, const VerdictTiming *timing) {
        Court *court = g_new0(Court, 1);

        assert(node_id);

        court->node_id = g_strdup(node_id);
        court->verdict = verdict_new(node_id, timing);
        court->value = value_new_empty();
        g_queue_init(&court->effects);
        court->batch = g_ptr_array_new_with_free_func(observation_free_item);
        court->followers = g_ptr_array_new_with_free_func(follower_destroy);
        court->decided = g_ptr_array_new_with_free_func(transition_free_item);
        court->n_at_once = UINT_MAX;
        court->push_at = USEC_INFINITY;
        court->last_leader = g_strdup("");
        return court;
}

Court *court_free(Court *court) {
        if (!court)
                return NULL;

        g_queue_clear_full(&court->effects, court_effect_free_item);
        g_ptr_array_unref(court->batch);
        g_ptr_array_unref(court->followers);
        g_ptr_array_unref(court->decided);
        (void) value_unref(court->value);
        (void) verdict_free(court->verdict);
        g_free(court->last_leader);
        g_free(court->node_id);
        g_free(court);
        return NULL;
}

/* ---- effects ---- */

static void
send(Court *court, const char *node_id, const char *method, const ObjectType *type, const void *params) {
        CourtEffect *effect = g_new0(CourtEffect, 1);

        effect->kind = COURT_SEND;
        effect->node = g_strdup(node_id);
        effect->method = method;
        effect->params = codec_encode_text(type, params);
        g_queue_push_tail(&court->effects, effect);
}

static void probe(Court *court, const char *check_id, uint64_t round) {
        CourtEffect *effect = g_new0(CourtEffect, 1);

        effect->kind = COURT_PROBE;
        effect->check_id = g_strdup(check_id);
        effect->round = round;
        g_queue_push_tail(&court->effects, effect);
}

/* ---- to the master ---- */

static void send_observations(Court *court, GPtrArray *observations, bool greets, const CourtNow *now) {
        if (!*now->leader || strcmp(now->leader, court->node_id) == 0)
                return;

        for (unsigned i = 0; i < observations->len || (greets && i == 0); i += OBSERVE_BATCH_MAX) {
                unsigned n = MIN(OBSERVE_BATCH_MAX, observations->len - i);
                g_autoptr(GPtrArray) some = g_ptr_array_sized_new(n);

                for (unsigned k = 0; k < n; k++)
                        g_ptr_array_add(some, g_ptr_array_index(observations, i + k));
                send(court,
                     now->leader,
                     METHOD_OBSERVE,
                     &observe_params_type,
                     &(ObserveParams){ .observations = some, .greets = greets && i == 0 });
        }
}

static void flush(Court *court, const CourtNow *now) {
        if (court->batch->len == 0)
                return;
        send_observations(court, court->batch, /* greets= */ false, now);
        g_ptr_array_set_size(court->batch, 0);
}

void court_greet(Court *court, const CourtNow *now) {
        g_autoptr(GPtrArray) own = NULL;

        assert(court);

        own = verdict_own_observations(court->verdict, now->now_usec);
        send_observations(court, own, /* greets= */ true, now);
}

void court_seen(Court *court, Observation *observation, const CourtNow *now) {
        assert(court);
        assert(observation);

        g_ptr_array_add(court->batch, observation_copy(observation));
        verdict_observe(court->verdict, court->node_id, observation, now->now_usec);
}

/* ---- rounds ---- */

/* The master asks for one probe with this number. */
static void asked(Court *court, const RoundParams *round, const CourtNow *now) {
        const Check *check = value_object(court->value, RECORD_CHECK, round->check_id);
        Observation *observation;

        if (check && check->revision == round->revision) {
                probe(court, round->check_id, round->round);
                return;
        }

        /* the master's configuration is not ours yet, or no longer: we cannot answer this question */
        observation = observation_new();
        observation->check_id = g_strdup(round->check_id);
        observation->revision = round->revision;
        observation->round = round->round;
        observation->result = OBSERVATION_ABSTAINED;
        observation->detail = g_strdup("another revision of the check is configured here");
        court_seen(court, observation, now);
}

static void ask_round(Court *court, const VerdictEffect *effect, const CourtNow *now) {
        RoundParams params = {
                .term = now->term,
                .check_id = effect->check_id,
                .revision = effect->revision,
                .round = effect->round,
        };

        for (size_t i = 0; i < value_n_voters(court->value); i++) {
                const char *voter = value_voter(court->value, i);

                if (strcmp(voter, court->node_id) != 0)
                        send(court, voter, METHOD_ROUND, &round_params_type, &params);
        }
        asked(court, &params, now);
}

/* ---- decisions ---- */

static void decide(Court *court, VerdictEffect *effect, const CourtNow *now) {
        Transition *transition = TAKE_PTR(effect->transition);

        transition->node_id = g_strdup(court->node_id);
        transition->term = now->term;
        transition->when = now->realtime_usec;
        g_ptr_array_add(court->decided, transition);
}

/* Takes n decisions from the front; those that did not hold, or all if nothing was committed, are judged
 * anew. */
static void drop_decided(Court *court, unsigned n, bool committed, const CourtNow *now) {
        for (unsigned i = 0; i < n; i++) {
                const Transition *transition = g_ptr_array_index(court->decided, i);

                if (!committed || transition->number == 0)
                        verdict_transition_failed(court->verdict, transition->check->id, now->now_usec);
        }
        g_ptr_array_remove_range(court->decided, 0, n);
}

/* What was judged anew meanwhile, because its state was changed, is no decision any more. */
static void drop_overtaken(Court *court) {
        for (unsigned i = 0; i < court->decided->len; i++) {
                const Transition *transition = g_ptr_array_index(court->decided, i);

                if (!verdict_is_proposed(court->verdict, transition->check->id))
                        g_ptr_array_remove_index(court->decided, i--);
        }
}

/* What was decided and is not on its way yet: as one change. */
static void commit_decided(Court *court, const CourtNow *now) {
        if (court->n_committing == 0)
                drop_overtaken(court);
        while (court->n_committing == 0 && court->decided->len > 0) {
                size_t n = 0;
                _cleanup_(delta_freep) Delta *delta = alerts_on_transitions(
                                court->value,
                                (Transition *const *) court->decided->pdata,
                                MIN(court->decided->len, court->n_at_once),
                                &n);
                CourtEffect *effect;

                if (!delta) {
                        drop_decided(court, (unsigned) n, /* committed= */ false, now);
                        continue;
                }
                court->n_committing = (unsigned) n;
                effect = g_new0(CourtEffect, 1);
                effect->kind = COURT_COMMIT;
                effect->change = change_from_delta(court->value, delta);
                effect->number = ++court->number;
                g_queue_push_tail(&court->effects, effect);
        }
}

void court_answered(Court *court, uint64_t number, ChangeOutcome outcome, const CourtNow *now) {
        unsigned n;

        assert(court);

        if (court->n_committing == 0 || number != court->number)
                return; /* of a lead that is over */

        n = court->n_committing;
        court->n_committing = 0;
        if (outcome == CHANGE_CONFLICT && n > 1) {
                court->n_at_once = n / 2;
                return;
        }
        court->n_at_once = UINT_MAX;
        drop_decided(court, n, outcome == CHANGE_DONE, now);
}

/* Whatever is under way is judged anew by whoever leads next. */
static void forget_decided(Court *court, const CourtNow *now) {
        court->n_committing = 0;
        court->n_at_once = UINT_MAX;
        drop_decided(court, court->decided->len, /* committed= */ false, now);
}

static void judge(Court *court, const CourtNow *now) {
        g_autoptr(GPtrArray) effects = NULL;

        verdict_tick(court->verdict, now->now_usec);
        effects = verdict_take_effects(court->verdict);
        for (unsigned i = 0; i < effects->len; i++) {
                VerdictEffect *effect = g_ptr_array_index(effects, i);

                if (effect->kind == VERDICT_TRANSITION)
                        decide(court, effect, now);
                else if (now->is_master)
                        ask_round(court, effect, now);
        }
        if (now->is_master)
                commit_decided(court, now);
        else
                forget_decided(court, now);
}

/* ---- views for the followers ---- */

static Follower *follower_get(Court *court, const char *node_id) {
        Follower *follower;

        for (unsigned i = 0; i < court->followers->len; i++) {
                follower = g_ptr_array_index(court->followers, i);
                if (strcmp(follower->node_id, node_id) == 0)
                        return follower;
        }
        follower = g_new0(Follower, 1);
        follower->node_id = g_strdup(node_id);
        g_ptr_array_add(court->followers, follower);
        return follower;
}

static void push_to(Court *court, const char *node_id, const CourtNow *now) {
        Follower *follower = follower_get(court, node_id);

        for (;;) {
                g_autoptr(GPtrArray) views = check_view_list_new();

                follower->told = verdict_changed_views(
                                court->verdict, follower->told, VIEWS_BATCH_MAX, now->now_usec, views);
                if (views->len == 0)
                        return;
                send(court,
                     node_id,
                     METHOD_VIEWS,
                     &views_params_type,
                     &(ViewsParams){ .term = now->term, .views = views });
                if (views->len < VIEWS_BATCH_MAX)
                        return;
        }
}

static void push(Court *court, const CourtNow *now) {
        size_t n;
        Record *const *peers = value_slice(court->value, RECORD_PEER, &n);

        if (now->now_usec < court->push_at)
                return;
        court->push_at = now->now_usec + PUSH_EVERY_USEC;
        for (size_t i = 0; i < n; i++)
                if (strcmp(peers[i]->id, court->node_id) != 0)
                        push_to(court, peers[i]->id, now);
}

/* ---- events ---- */

void court_configure(Court *court, const Value *value, const CourtNow *now) {
        assert(court);
        assert(value);

        (void) value_unref(court->value);
        court->value = value_ref((Value *) value);
        verdict_configure(court->verdict, value, now->now_usec);
}

void court_leadership(Court *court, const CourtNow *now) {
        bool was_leading;

        assert(court);

        was_leading = verdict_is_leading(court->verdict);
        if (now->is_master && !(was_leading && court->term == now->term)) {
                court->term = now->term;
                forget_decided(court, now);
                verdict_lead(court->verdict, now->term, now->now_usec);
                g_ptr_array_set_size(court->followers, 0);
                court->push_at = now->now_usec;
        } else if (!now->is_master && was_leading) {
                verdict_follow(court->verdict, now->now_usec);
                forget_decided(court, now);
                court->push_at = USEC_INFINITY;
        }

        if (!now->is_master && strcmp(now->leader, court->last_leader) != 0)
                verdict_forget_views(court->verdict, now->now_usec);
        g_free(court->last_leader);
        court->last_leader = g_strdup(now->leader);
}

void court_connected(Court *court, const char *node_id, const CourtNow *now) {
        assert(court);

        follower_get(court, node_id)->told = 0;
        if (strcmp(node_id, now->leader) == 0)
                court_greet(court, now);
}

/* A peer's probes clean their texts; a peer that lies need not, and they end up in mails and terminals. */
static void clean(char **text) {
        char *cleaned = *text ? text_clean(*text, DETAIL_MAX_BYTES) : NULL;

        g_free(*text);
        *text = cleaned;
}

static int receive_observations(
                Court *court,
                const char *from,
                const char *params,
                size_t size,
                const CourtNow *now,
                char **reterr_text) {
        _cleanup_(observe_params_freep) ObserveParams *observe = NULL;
        int r;

        r = codec_decode(&observe_params_type, params, size, (void **) &observe, reterr_text);
        if (r < 0)
                return r;

        if (observe->greets)
                follower_get(court, from)->told = 0;
        for (unsigned i = 0; observe->observations && i < observe->observations->len; i++) {
                Observation *observation = observation_copy(g_ptr_array_index(observe->observations, i));

                clean(&observation->detail);
                clean(&observation->address);
                verdict_observe(court->verdict, from, observation, now->now_usec);
        }
        return 0;
}

static int
receive_round(Court *court,
              const char *from,
              const char *params,
              size_t size,
              const CourtNow *now,
              char **reterr_text) {
        _cleanup_(round_params_freep) RoundParams *round = NULL;
        int r;

        r = codec_decode(&round_params_type, params, size, (void **) &round, reterr_text);
        if (r < 0)
                return r;

        /* only the master may have us probe */
        if (strcmp(from, now->leader) == 0)
                asked(court, round, now);
        return 0;
}

static int
receive_views(Court *court,
              const char *from,
              const char *params,
              size_t size,
              const CourtNow *now,
              char **reterr_text) {
        _cleanup_(views_params_freep) ViewsParams *views = NULL;
        int r;

        if (strcmp(from, now->leader) != 0)
                return 0; /* a master of yesterday */

        r = codec_decode(&views_params_type, params, size, (void **) &views, reterr_text);
        if (r < 0)
                return r;

        for (unsigned i = 0; views->views && i < views->views->len; i++)
                verdict_merge_view(
                                court->verdict,
                                check_view_copy(g_ptr_array_index(views->views, i)),
                                now->now_usec);
        return 0;
}

int court_receive(
                Court *court,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                const CourtNow *now,
                char **reterr_text) {
        assert(court);
        assert(from);
        assert(method);

        if (strcmp(method, METHOD_OBSERVE) == 0)
                return receive_observations(court, from, params, size, now, reterr_text);
        if (strcmp(method, METHOD_ROUND) == 0)
                return receive_round(court, from, params, size, now, reterr_text);
        if (strcmp(method, METHOD_VIEWS) == 0)
                return receive_views(court, from, params, size, now, reterr_text);
        return -EOPNOTSUPP;
}

/* ---- turning ---- */

CourtEffect *court_next(Court *court, const CourtNow *now) {
        assert(court);

        if (g_queue_is_empty(&court->effects)) {
                flush(court, now);
                judge(court, now);
                if (verdict_is_leading(court->verdict))
                        push(court, now);
        }
        return g_queue_pop_head(&court->effects);
}

usec_t court_next_deadline(const Court *court) {
        assert(court);
        return MIN(verdict_next_deadline(court->verdict), court->push_at);
}

const Verdict *court_verdict(const Court *court) {
        assert(court);
        return court->verdict;
}
