/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/judge.h"

#include <assert.h>

#include "alerts/court.h"
#include "base/names.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/timing.h"

struct Judge {
        Manager *manager;
        Court *court;
        GPtrArray *proposed; /* of Proposal, owned: changes on their way */
        CheckView *shown;    /* what judge_view() gave last */
        sd_event_source *timer;
        sd_event_source *settle;
};

typedef struct Proposal {
        Judge *judge;
        uint64_t number;
} Proposal;

static void settle_soon(Judge *judge);

static CourtNow now(const Judge *judge) {
        return (CourtNow){
                .now_usec = now_boottime(),
                .realtime_usec = now_realtime(),
                .leader = manager_master(judge->manager),
                .is_master = manager_is_master(judge->manager),
                .term = manager_term(judge->manager),
        };
}

int judge_new(Manager *manager, Judge **ret) {
        Judge *judge;

        assert(manager);
        assert(ret);

        judge = g_new0(Judge, 1);
        judge->manager = manager;
        judge->court = court_new(manager_node_id(manager), &timing()->verdict);
        judge->proposed = g_ptr_array_new_with_free_func(g_free);
        *ret = judge;
        return 0;
}

Judge *judge_free(Judge *judge) {
        if (!judge)
                return NULL;

        for (unsigned i = 0; i < judge->proposed->len; i++)
                manager_forget(judge->manager, g_ptr_array_index(judge->proposed, i));
        sd_event_source_disable_unref(judge->timer);
        sd_event_source_disable_unref(judge->settle);
        g_ptr_array_unref(judge->proposed);
        (void) check_view_free(judge->shown);
        (void) court_free(judge->court);
        g_free(judge);
        return NULL;
}

/* ---- effects ---- */

static void on_answered(void *userdata, const ManagerAnswer *answer) {
        Proposal *proposal = userdata;
        Judge *judge = proposal->judge;
        CourtNow instant = now(judge);

        court_answered(judge->court, proposal->number, answer->outcome, &instant);
        g_ptr_array_remove_fast(judge->proposed, proposal);
        settle_soon(judge);
}

static void commit(Judge *judge, CourtEffect *effect) {
        Proposal *proposal = g_new0(Proposal, 1);

        proposal->judge = judge;
        proposal->number = effect->number;
        g_ptr_array_add(judge->proposed, proposal);
        manager_commit(judge->manager, TAKE_PTR(effect->change), "verdict", on_answered, proposal);
}

/* The master's own probe is part of every round that it opens. */
static void tell_round(Judge *judge, const CourtEffect *effect) {
        g_autofree char *round = g_strdup_printf("%" G_GUINT64_FORMAT, effect->round);

        if (manager_is_master(judge->manager))
                journal_event(EVENT_ROUND,
                              JOURNAL_FIELDS({ JOURNAL_CHECK, effect->check_id }, { JOURNAL_ROUND, round }),
                              "check %s: round %s is open",
                              effect->check_id,
                              round);
}

static void carry_out(Judge *judge, CourtEffect *effect) {
        Manager *m = judge->manager;

        switch (effect->kind) {
        case COURT_SEND:
                manager_send_text(m, effect->node, effect->method, effect->params, /* urgent= */ false);
                break;
        case COURT_PROBE:
                tell_round(judge, effect);
                watcher_ask(m->watcher, effect->check_id, effect->round);
                break;
        case COURT_COMMIT:
                commit(judge, effect);
                break;
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        settle_soon(userdata);
        return 0;
}

static int on_settle(sd_event_source *source, void *userdata) {
        Judge *judge = userdata;

        /* the lease is read afresh before each effect: a master that slept must not act */
        for (;;) {
                CourtNow instant = now(judge);
                _cleanup_(court_effect_freep) CourtEffect *effect = court_next(judge->court, &instant);

                if (!effect)
                        break;
                carry_out(judge, effect);
        }
        return timer_arm(
                        judge->manager->event,
                        &judge->timer,
                        court_next_deadline(judge->court),
                        TIMER_EXACT,
                        on_timer,
                        judge);
}

static void settle_soon(Judge *judge) {
        (void) end_of_turn(judge->manager->event, &judge->settle, on_settle, judge);
}

/* ---- events ---- */

void judge_configure(Judge *judge, const Value *value) {
        CourtNow instant = now(judge);

        court_configure(judge->court, value, &instant);
        settle_soon(judge);
}

void judge_leadership(Judge *judge) {
        CourtNow instant = now(judge);

        court_leadership(judge->court, &instant);
        settle_soon(judge);
}

void judge_greet(Judge *judge) {
        CourtNow instant = now(judge);

        court_greet(judge->court, &instant);
        settle_soon(judge);
}

void judge_connected(Judge *judge, const char *node_id) {
        CourtNow instant = now(judge);

        court_connected(judge->court, node_id, &instant);
        settle_soon(judge);
}

void judge_seen(Judge *judge, Observation *observation) {
        CourtNow instant = now(judge);

        court_seen(judge->court, observation, &instant);
        settle_soon(judge);
}

int judge_receive(
                Judge *judge,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                char **reterr_text) {
        CourtNow instant = now(judge);
        int r;

        r = court_receive(judge->court, from, method, params, size, &instant, reterr_text);
        settle_soon(judge);
        return r;
}

const CheckView *judge_view(Judge *judge, const char *check_id, bool with_votes) {
        assert(judge);

        (void) check_view_free(judge->shown);
        judge->shown = verdict_view(court_verdict(judge->court), check_id, with_votes, now_boottime());
        return judge->shown;
}

int judge_judgement(Judge *judge, const char *check_id, Judgement *ret) {
        assert(judge);
        return verdict_judgement(court_verdict(judge->court), check_id, now_boottime(), ret);
}
