/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/watcher.h"

#include <assert.h>

#include "base/names.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "probes/probe.h"
#include "schedule/schedule.h"

typedef struct Running {
        Watcher *watcher;
        Check *check; /* as it was when the probe began */
        uint64_t round;
        Probe *probe;
} Running;

struct Watcher {
        Manager *manager;
        Schedule *schedule;
        ProbeContext *probes;
        GPtrArray *running;    /* of Running, owned */
        GHashTable *abstained; /* ids of checks that this node abstains on, so that only a change is told */
        sd_event_source *timer;
};

/* ---- what is in flight ---- */

static void running_free(void *p) {
        Running *running = p;

        (void) probe_cancel(running->probe);
        (void) check_free(running->check);
        g_free(running);
}

static usec_t loop_stalled(void *userdata) {
        Watcher *watcher = userdata;
        return loop_stalled_usec(watcher->manager->loop);
}

/* ---- lifecycle ---- */

int watcher_new(Manager *manager, const char *ca_file, Watcher **ret) {
        _cleanup_(watcher_freep) Watcher *watcher = NULL;
        int r;

        assert(manager);
        assert(ret);

        watcher = g_new0(Watcher, 1);
        watcher->manager = manager;
        watcher->schedule = schedule_new(g_str_hash(manager_node_id(manager)));
        watcher->running = g_ptr_array_new_with_free_func(running_free);
        watcher->abstained = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        r = probe_context_new(
                        manager->event,
                        &(ProbeOptions){ .ca_file = ca_file,
                                         .loop_stalled = loop_stalled,
                                         .userdata = watcher },
                        &watcher->probes);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(watcher);
        return 0;
}

Watcher *watcher_free(Watcher *watcher) {
        if (!watcher)
                return NULL;

        sd_event_source_disable_unref(watcher->timer);
        g_clear_pointer(&watcher->running, g_ptr_array_unref);
        g_clear_pointer(&watcher->abstained, g_hash_table_unref);
        (void) probe_context_free(watcher->probes);
        (void) schedule_free(watcher->schedule);
        g_free(watcher);
        return NULL;
}

void watcher_reload(Watcher *watcher) {
        assert(watcher);
        probe_context_reload(watcher->probes);
}

/* ---- what was seen ---- */

static void tell_abstention(Watcher *watcher, const Check *check, const Observation *observation) {
        bool abstains = observation->result == OBSERVATION_ABSTAINED;

        if (abstains == g_hash_table_contains(watcher->abstained, check->id))
                return;

        if (abstains)
                g_hash_table_add(watcher->abstained, g_strdup(check->id));
        else
                g_hash_table_remove(watcher->abstained, check->id);
        journal_event(abstains ? EVENT_ABSTAINS : EVENT_ABSTAINS_ENDED,
                      JOURNAL_FIELDS({ JOURNAL_CHECK, check->id },
                                     { JOURNAL_CHECK_NAME, check->name },
                                     { JOURNAL_DETAIL, observation->detail }),
                      abstains ? "check %s: this node cannot probe and abstains: %s"
                               : "check %s: this node can probe again%s",
                      check->name,
                      abstains ? observation->detail : "");
}

static void tell_vote(const Check *check, const Observation *observation) {
        g_autofree char *round = g_strdup_printf("%" G_GUINT64_FORMAT, observation->round);
        const char *result = observation_result_to_string(observation->result);

        journal_event(EVENT_VOTE,
                      JOURNAL_FIELDS({ JOURNAL_CHECK, check->id },
                                     { JOURNAL_CHECK_NAME, check->name },
                                     { JOURNAL_ROUND, round },
                                     { JOURNAL_RESULT, result },
                                     { JOURNAL_DETAIL, observation->detail }),
                      "check %s: answer to round %s: %s",
                      check->name,
                      round,
                      result);
}

static void observed(Watcher *watcher, const Check *check, const Observation *observation) {
        tell_abstention(watcher, check, observation);
        if (observation->round != 0)
                tell_vote(check, observation);
        judge_seen(watcher->manager->judge, observation_copy(observation));
}

static void on_probe_done(void *userdata, const Observation *observation) {
        Running *running = userdata;
        Watcher *watcher = running->watcher;

        running->probe = NULL; /* frees itself after this call */
        observed(watcher, running->check, observation);
        g_ptr_array_remove_fast(watcher->running, running);
}

static void start_probe(Watcher *watcher, const Check *check, uint64_t round, usec_t due_usec) {
        Running *running = g_new0(Running, 1);
        int r;

        running->watcher = watcher;
        running->check = check_copy(check);
        running->round = round;
        g_ptr_array_add(watcher->running, running);

        r = probe_start(watcher->probes,
                        running->check,
                        round,
                        due_usec,
                        on_probe_done,
                        running,
                        &running->probe);
        if (r < 0) {
                /* our own trouble is no vote */
                Observation *observation = observation_new();

                observation->check_id = g_strdup(check->id);
                observation->revision = check->revision;
                observation->round = round;
                observation->result = OBSERVATION_ABSTAINED;
                observation->detail = g_strdup_printf("cannot start a probe: %s", g_strerror(-r));
                observed(watcher, check, observation);
                (void) observation_free(observation);
                g_ptr_array_remove_fast(watcher->running, running);
        }
}

/* ---- the schedule ---- */

static void arm(Watcher *watcher);

static int on_due(sd_event_source *source, uint64_t usec, void *userdata) {
        Watcher *watcher = userdata;
        g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(DueProbe));

        (void) schedule_set_clock(watcher->schedule, now_boottime(), now_realtime());
        (void) schedule_take_due(watcher->schedule, now_boottime(), due);
        for (unsigned i = 0; i < due->len; i++) {
                const DueProbe *probe = &g_array_index(due, DueProbe, i);

                start_probe(watcher, probe->check, /* round= */ 0, probe->due_usec);
        }
        arm(watcher);
        return 0;
}

static void arm(Watcher *watcher) {
        (void) timer_arm(
                        watcher->manager->event,
                        &watcher->timer,
                        schedule_next_deadline(watcher->schedule),
                        TIMER_EXACT, /* the schedule itself lies on ticks of 100 ms */
                        on_due,
                        watcher);
}

void watcher_configure(Watcher *watcher, const Value *value) {
        assert(watcher);
        assert(value);

        for (unsigned i = watcher->running->len; i > 0; i--) {
                Running *running = g_ptr_array_index(watcher->running, i - 1);
                const Check *check = value_object(value, RECORD_CHECK, running->check->id);

                /* a cancelled probe is no observation */
                if (!check || check_probes_differently(check, running->check))
                        g_ptr_array_remove_index_fast(watcher->running, i - 1);
        }
        schedule_configure(
                        watcher->schedule,
                        value,
                        manager_node_id(watcher->manager),
                        now_boottime(),
                        now_realtime());
        arm(watcher);
}

void watcher_ask(Watcher *watcher, const char *check_id, uint64_t round) {
        const Check *check = value_object(manager_value(watcher->manager), RECORD_CHECK, check_id);

        if (check)
                start_probe(watcher, check, round, now_boottime());
}
