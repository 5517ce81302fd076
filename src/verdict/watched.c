/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/watched.h"

#include <assert.h>

Watched *watched_new(Verdict *verdict, Record *record, usec_t now_usec) {
        Watched *watched = g_new0(Watched, 1);

        watched->record = record_ref(record);
        watched->check = record->object;
        watched->probes_since = watched->check->revision;
        watched->known_since = now_usec;
        watched->due = USEC_INFINITY;
        ballot_init(&watched->ballot, verdict->voters->len);
        return watched;
}

Watched *watched_free(Watched *watched) {
        if (!watched)
                return NULL;

        if (watched->place)
                g_sequence_remove(watched->place);
        ballot_done(&watched->ballot);
        g_free(watched->past);
        (void) check_view_free(watched->pushed);
        record_unref(watched->status);
        record_unref(watched->record);
        g_free(watched);
        return NULL;
}

CheckState watched_state(const Watched *watched) {
        return watched->status ? ((const CheckStatus *) watched->status->object)->state : CHECK_UNKNOWN;
}

uint64_t watched_transitions(const Watched *watched) {
        return watched->status ? ((const CheckStatus *) watched->status->object)->transitions : 0;
}

usec_t vote_instant(usec_t now_usec, usec_t age) {
        return usec_sub(usec_add(now_usec, VOTE_EPOCH_USEC), age);
}

usec_t watched_fresh_after(const Verdict *verdict, const Watched *watched, usec_t now_usec) {
        usec_t span = verdict->timing.stale_intervals * check_interval(watched->check);

        return vote_instant(now_usec, MAX(span, verdict->timing.stale_min));
}

Watched *verdict_find(const Verdict *verdict, const char *check_id) {
        guint low = 0, high = verdict->watched->len;

        while (low < high) {
                guint middle = low + (high - low) / 2;
                Watched *watched = g_ptr_array_index(verdict->watched, middle);
                int order = g_strcmp0(watched->record->id, check_id);

                if (order == 0)
                        return watched;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

int verdict_voter(const Verdict *verdict, const char *node_id) {
        for (guint i = 0; i < verdict->voters->len; i++)
                if (g_strcmp0(g_ptr_array_index(verdict->voters, i), node_id) == 0)
                        return (int) i;
        return -ENOENT;
}

static int compare_due(gconstpointer a, gconstpointer b, gpointer userdata) {
        const Watched *x = a, *y = b;

        if (x->due != y->due)
                return x->due < y->due ? -1 : 1;
        return g_strcmp0(x->record->id, y->record->id);
}

void watched_set_phase(Verdict *verdict, Watched *watched, WatchedPhase phase, usec_t due) {
        watched->phase = phase;
        watched->due = due;

        if (due == USEC_INFINITY)
                g_clear_pointer(&watched->place, g_sequence_remove);
        else if (watched->place)
                g_sequence_sort_changed(watched->place, compare_due, NULL);
        else
                watched->place = g_sequence_insert_sorted(verdict->queue, watched, compare_due, NULL);
}

void watched_changed(Verdict *verdict, Watched *watched, usec_t now_usec) {
        Tally tally = ballot_tally(&watched->ballot, watched_fresh_after(verdict, watched, now_usec));

        watched->changed = ++verdict->n_changes;
        watched->changed_at = now_usec;
        watched->n_fresh = tally.ok + tally.not_ok + tally.abstained;
}
