/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/judge.h"

#include <assert.h>
#include <string.h>

#include "alerts/alerts.h"
#include "manager/internal.h"
#include "manager/messages.h"
#include "manager/timing.h"
#include "verdict/verdict.h"
#include "wire/codec.h"

#define PUSH_EVERY_USEC (1 * USEC_PER_SEC)

/* How far a follower has been told. */
typedef struct Follower {
        char *node_id;
        uint64_t told;
} Follower;

struct Judge {
        Manager *manager;
        Verdict *verdict;
        GPtrArray *followers; /* of Follower, owned, while leading */
        GPtrArray *proposed;  /* of Proposal, owned: transitions on their way */
        CheckView *shown;     /* what judge_view() gave last */
        char *last_master;
        usec_t pushed_at;
        sd_event_source *timer;
        sd_event_source *push_timer;
        sd_event_source *settle;
};

typedef struct Proposal {
        Judge *judge;
        char *check_id;
} Proposal;

static void proposal_free(void *p) {
        Proposal *proposal = p;

        g_free(proposal->check_id);
        g_free(proposal);
}

static void follower_free(void *p) {
        Follower *follower = p;

        g_free(follower->node_id);
        g_free(follower);
}

int judge_new(Manager *manager, Judge **ret) {
        Judge *judge;

        assert(manager);
        assert(ret);

        judge = g_new0(Judge, 1);
        judge->manager = manager;
        judge->verdict = verdict_new(manager_node_id(manager), &timing()->verdict);
        judge->followers = g_ptr_array_new_with_free_func(follower_free);
        judge->proposed = g_ptr_array_new_with_free_func(proposal_free);
        judge->last_master = g_strdup("");
        *ret = judge;
        return 0;
}

Judge *judge_free(Judge *judge) {
        if (!judge)
                return NULL;

        for (unsigned i = 0; i < judge->proposed->len; i++)
                manager_forget(judge->manager, g_ptr_array_index(judge->proposed, i));
        sd_event_source_disable_unref(judge->timer);
        sd_event_source_disable_unref(judge->push_timer);
        sd_event_source_disable_unref(judge->settle);
        g_ptr_array_unref(judge->followers);
        g_ptr_array_unref(judge->proposed);
        (void) check_view_free(judge->shown);
        (void) verdict_free(judge->verdict);
        g_free(judge->last_master);
        g_free(judge);
        return NULL;
}

/* ---- effects ---- */

static void settle_soon(Judge *judge);

static void ask_round(Judge *judge, const VerdictEffect *effect) {
        Manager *m = judge->manager;
        const Value *value = manager_value(m);
        RoundParams params = {
                .term = manager_term(m),
                .check_id = effect->check_id,
                .revision = effect->revision,
                .round = effect->round,
        };

        for (size_t i = 0; i < value_n_voters(value); i++)
                if (strcmp(value_voter(value, i), manager_node_id(m)) != 0)
                        manager_send(m, value_voter(value, i), METHOD_ROUND, &round_params_type, &params);
        watcher_ask(m->watcher, effect->check_id, effect->revision, effect->round);
}

static void on_transition_answered(void *userdata, const ManagerAnswer *answer) {
        Proposal *proposal = userdata;
        Judge *judge = proposal->judge;

        if (answer->outcome != CHANGE_DONE) {
                verdict_transition_failed(judge->verdict, proposal->check_id, now_boottime());
                settle_soon(judge);
        }
        g_ptr_array_remove_fast(judge->proposed, proposal);
}

/* The transition and the notices that it owes are one change. */
static void propose_transition(Judge *judge, VerdictEffect *effect) {
        Manager *m = judge->manager;
        const Value *value = manager_value(m);
        _cleanup_(delta_freep) Delta *delta = NULL;
        Proposal *proposal;

        effect->transition->node_id = g_strdup(manager_node_id(m));
        effect->transition->term = manager_term(m);
        effect->transition->when = now_realtime();
        delta = alerts_on_transition(value, effect->transition);
        if (!delta) {
                verdict_transition_failed(judge->verdict, effect->check_id, now_boottime());
                return;
        }

        proposal = g_new0(Proposal, 1);
        proposal->judge = judge;
        proposal->check_id = g_strdup(effect->check_id);
        g_ptr_array_add(judge->proposed, proposal);
        manager_commit_records(m, value, delta, "verdict", on_transition_answered, proposal);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Judge *judge = userdata;

        verdict_tick(judge->verdict, now_boottime());
        settle_soon(judge);
        return 0;
}

static int on_settle(sd_event_source *source, void *userdata) {
        Judge *judge = userdata;
        g_autoptr(GPtrArray) effects = NULL;

        verdict_tick(judge->verdict, now_boottime());
        effects = verdict_take_effects(judge->verdict);
        /* the lease is read afresh before each effect: a master that slept must not act */
        for (unsigned i = 0; i < effects->len; i++) {
                VerdictEffect *effect = g_ptr_array_index(effects, i);

                if (!manager_is_master(judge->manager)) {
                        if (effect->kind == VERDICT_TRANSITION)
                                verdict_transition_failed(judge->verdict, effect->check_id, now_boottime());
                } else if (effect->kind == VERDICT_ASK_ROUND)
                        ask_round(judge, effect);
                else
                        propose_transition(judge, effect);
        }
        return timer_arm(
                        judge->manager->event,
                        &judge->timer,
                        verdict_next_deadline(judge->verdict),
                        TIMER_EXACT,
                        on_timer,
                        judge);
}

static void settle_soon(Judge *judge) {
        (void) end_of_turn(judge->manager->event, &judge->settle, on_settle, judge);
}

/* ---- views for the followers ---- */

static Follower *follower_get(Judge *judge, const char *node_id) {
        Follower *follower;

        for (unsigned i = 0; i < judge->followers->len; i++) {
                follower = g_ptr_array_index(judge->followers, i);
                if (strcmp(follower->node_id, node_id) == 0)
                        return follower;
        }
        follower = g_new0(Follower, 1);
        follower->node_id = g_strdup(node_id);
        g_ptr_array_add(judge->followers, follower);
        return follower;
}

static void free_view(void *view) {
        (void) check_view_free(view);
}

static void push_to(Judge *judge, const char *node_id) {
        Manager *m = judge->manager;
        Follower *follower = follower_get(judge, node_id);

        for (;;) {
                g_autoptr(GPtrArray) views = g_ptr_array_new_with_free_func(free_view);

                follower->told = verdict_changed_views(
                                judge->verdict, follower->told, VIEWS_BATCH_MAX, now_boottime(), views);
                if (views->len == 0)
                        return;
                manager_send(m,
                             node_id,
                             METHOD_VIEWS,
                             &views_params_type,
                             &(ViewsParams){ .term = manager_term(m), .views = views });
                if (views->len < VIEWS_BATCH_MAX)
                        return;
        }
}

static int on_push(sd_event_source *source, uint64_t usec, void *userdata) {
        Judge *judge = userdata;
        Manager *m = judge->manager;
        size_t n;
        Record *const *peers = value_slice(manager_value(m), RECORD_PEER, &n);

        if (!verdict_is_leading(judge->verdict))
                return 0;
        for (size_t i = 0; i < n; i++)
                if (strcmp(peers[i]->id, manager_node_id(m)) != 0)
                        push_to(judge, peers[i]->id);
        return timer_arm(
                        m->event,
                        &judge->push_timer,
                        now_boottime() + PUSH_EVERY_USEC,
                        TIMER_RELAXED,
                        on_push,
                        judge);
}

/* A peer whose connection is new, or who did not know until now who leads, has missed what was pushed: tell
 * it all again. */
void judge_peer_up(Judge *judge, const char *node_id) {
        assert(judge);
        follower_get(judge, node_id)->told = 0;
}

int judge_views(Judge *judge, const char *node_id, const char *params, size_t size) {
        _cleanup_(views_params_freep) ViewsParams *views = NULL;
        int r;

        assert(judge);

        if (strcmp(node_id, manager_master(judge->manager)) != 0)
                return 0; /* a master of yesterday */

        r = codec_decode(&views_params_type, params, size, (void **) &views, NULL);
        if (r < 0)
                return r;

        for (unsigned i = 0; views->views && i < views->views->len; i++) {
                CheckView *view = g_ptr_array_index(views->views, i);

                verdict_merge_view(judge->verdict, check_view_copy(view), now_boottime());
        }
        return 0;
}

/* ---- events ---- */

void judge_configure(Judge *judge, const Value *value) {
        assert(judge);

        verdict_configure(judge->verdict, value, now_boottime());
        settle_soon(judge);
}

void judge_leadership(Judge *judge) {
        Manager *m = judge->manager;
        const char *master = manager_master(m);
        bool leading = manager_is_master(m);

        if (leading && !verdict_is_leading(judge->verdict)) {
                verdict_lead(judge->verdict, manager_term(m), now_boottime());
                g_ptr_array_set_size(judge->followers, 0);
                (void) timer_arm(
                                m->event, &judge->push_timer, now_boottime(), TIMER_RELAXED, on_push, judge);
        } else if (!leading && verdict_is_leading(judge->verdict))
                verdict_follow(judge->verdict, now_boottime());

        if (!leading && strcmp(master, judge->last_master) != 0)
                verdict_forget_views(judge->verdict, now_boottime());
        g_free(judge->last_master);
        judge->last_master = g_strdup(master);
        settle_soon(judge);
}

void judge_observe(Judge *judge, const char *node_id, Observation *observation) {
        assert(judge);

        verdict_observe(judge->verdict, node_id, observation, now_boottime());
        settle_soon(judge);
}

GPtrArray *judge_own_observations(Judge *judge) {
        assert(judge);
        return verdict_own_observations(judge->verdict, now_boottime());
}

const CheckView *judge_view(Judge *judge, const char *check_id, bool with_votes) {
        assert(judge);

        (void) check_view_free(judge->shown);
        judge->shown = verdict_view(judge->verdict, check_id, with_votes, now_boottime());
        return judge->shown;
}
