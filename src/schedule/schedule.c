/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "schedule/schedule.h"

#include <assert.h>

/* A probe's place in its interval is its slot, an instant that id, rank and wall clock decide; it is due a
 * little later, by the jitter and on a tick. The next slot follows from the slot, not from the due time, so
 * neither jitter nor lateness adds up. */
typedef struct Entry {
        Record *record; /* keeps the check alive */
        const Check *check;
        uint64_t hash; /* of the id: its phase */
        usec_t slot;
        usec_t due;
        usec_t last;  /* when it was last handed out, 0: never */
        bool at_once; /* the slot is not a regular one: new or changed */
        bool dropped; /* the last one was */
        GSequenceIter *place;
} Entry;

struct Schedule {
        uint64_t seed;
        size_t rank;
        size_t n_voters;
        usec_t clock_offset; /* wall clock minus CLOCK_BOOTTIME, modulo 2^64 */
        GPtrArray *entries;  /* by check id */
        GSequence *queue;    /* of the same, by (due, id) */
};

static Entry *entry_free(Entry *entry) {
        if (entry->place)
                g_sequence_remove(entry->place);
        record_unref(entry->record);
        g_free(entry);
        return NULL;
}

static void entry_destroy(gpointer data) {
        (void) entry_free(data);
}

/* The finalizer of splitmix64: every bit of the result depends on every bit of x. */
static uint64_t mix(uint64_t x) {
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

/* FNV-1a, mixed, because ids differ in few bits */
static uint64_t hash_id(const char *id) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (const char *p = id; *p; p++)
                hash = (hash ^ (uint8_t) *p) * UINT64_C(0x100000001b3);
        return mix(hash);
}

static int compare_due(gconstpointer a, gconstpointer b, gpointer userdata) {
        const Entry *x = a, *y = b;

        if (x->due != y->due)
                return x->due < y->due ? -1 : 1;
        return g_strcmp0(x->check->id, y->check->id);
}

static usec_t tick_up(usec_t usec) {
        return (usec + SCHEDULE_TICK_USEC - 1) / SCHEDULE_TICK_USEC * SCHEDULE_TICK_USEC;
}

/* first regular slot at or after earliest */
static usec_t slot_after(const Schedule *schedule, const Entry *entry, usec_t earliest) {
        usec_t interval = check_interval(entry->check);
        usec_t phase = (entry->hash % interval + schedule->rank * (interval / schedule->n_voters)) %
                       interval;
        usec_t place = (earliest + schedule->clock_offset) % interval;

        return earliest + (phase + interval - place) % interval;
}

static usec_t jitter(const Schedule *schedule, const Entry *entry, usec_t slot) {
        usec_t span = MIN(check_interval(entry->check) / 20, USEC_PER_SEC);

        return span > 0 ? mix(schedule->seed ^ entry->hash ^ mix(slot)) % span : 0;
}

static void entry_place(Schedule *schedule, Entry *entry) {
        if (entry->place)
                g_sequence_sort_changed(entry->place, compare_due, NULL);
        else
                entry->place = g_sequence_insert_sorted(schedule->queue, entry, compare_due, NULL);
}

static void entry_plan(Schedule *schedule, Entry *entry, usec_t earliest) {
        entry->slot = slot_after(schedule, entry, earliest);
        entry->due = tick_up(entry->slot + jitter(schedule, entry, entry->slot));
        entry->at_once = false;
        entry_place(schedule, entry);
}

/* at `when`, or at its regular slot if that comes first */
static void entry_plan_at_once(Schedule *schedule, Entry *entry, usec_t now_usec, usec_t when) {
        usec_t slot = slot_after(schedule, entry, now_usec);

        if (slot <= when) {
                entry_plan(schedule, entry, now_usec);
                return;
        }
        entry->slot = when;
        entry->due = tick_up(when);
        entry->at_once = true;
        entry_place(schedule, entry);
}

/* Its regular places have moved. The next probe goes to the new one if that is not much more than an
 * interval after the last; else it stays where it was, between the old places and the new. */
static void entry_move(Schedule *schedule, Entry *entry, usec_t now_usec) {
        usec_t interval = check_interval(entry->check);
        usec_t earliest = MAX(now_usec, entry->last + interval / 4);

        if (entry->at_once)
                return;
        if (entry->last > 0 && slot_after(schedule, entry, earliest) > entry->last + interval + interval / 4)
                entry->at_once = true;
        else
                entry_plan(schedule, entry, earliest);
}

static void replan_all(Schedule *schedule, usec_t now_usec) {
        for (size_t i = 0; i < schedule->entries->len; i++)
                entry_move(schedule, g_ptr_array_index(schedule->entries, i), now_usec);
}

Schedule *schedule_new(uint64_t seed) {
        Schedule *schedule = g_new0(Schedule, 1);

        schedule->seed = mix(seed);
        schedule->entries = g_ptr_array_new_with_free_func(entry_destroy);
        schedule->queue = g_sequence_new(NULL);
        return schedule;
}

Schedule *schedule_free(Schedule *schedule) {
        if (!schedule)
                return NULL;

        g_ptr_array_unref(schedule->entries);
        g_sequence_free(schedule->queue);
        g_free(schedule);
        return NULL;
}

static Entry *entry_new(Record *record) {
        Entry *entry = g_new0(Entry, 1);

        entry->record = record_ref(record);
        entry->check = record->object;
        entry->hash = hash_id(record->id);
        return entry;
}

/* whether the new record wants another time of the probe */
static bool entry_update(Entry *entry, Record *record) {
        const Check *before = entry->check, *after = record->object;
        _cleanup_(record_unrefp) Record *old = entry->record;
        bool changed;

        changed = check_probes_differently(before, after) || check_interval(before) != check_interval(after);
        entry->record = record_ref(record);
        entry->check = after;
        return changed;
}

/* Both lists are sorted by id: one walk keeps, adds and leaves out. */
static void merge_checks(Schedule *schedule, Record *const *records, size_t n, usec_t now_usec) {
        GPtrArray *old = schedule->entries;
        GPtrArray *merged = g_ptr_array_new_full((guint) n, entry_destroy);
        usec_t start = now_usec;
        size_t i = 0, j = 0;

        g_ptr_array_set_free_func(old, NULL);
        while (i < old->len || j < n) {
                Entry *entry = i < old->len ? g_ptr_array_index(old, i) : NULL;
                int order;

                /* an entry that it had is left out when the next record is looked at */
                if (j < n && ((const Check *) records[j]->object)->disabled) {
                        j++;
                        continue;
                }
                order = !entry                        ? 1
                        : j >= n                      ? -1
                        : entry->record == records[j] ? 0
                                                      : strcmp(entry->record->id, records[j]->id);

                if (order < 0) {
                        (void) entry_free(entry);
                        i++;
                        continue;
                }
                if (order > 0)
                        entry = entry_new(records[j]);
                else
                        i++;
                g_ptr_array_add(merged, entry);

                if (order > 0 || (entry->record != records[j] && entry_update(entry, records[j]))) {
                        entry_plan_at_once(schedule, entry, now_usec, start);
                        start += SCHEDULE_START_SPREAD_USEC;
                }
                j++;
        }
        g_ptr_array_unref(old);
        schedule->entries = merged;
}

void schedule_configure(
                Schedule *schedule,
                const Value *value,
                const char *node_id,
                usec_t now_usec,
                usec_t realtime_usec) {
        Record *const *records;
        size_t n, n_voters;
        int rank;

        assert(schedule);
        assert(value);
        assert(node_id);

        rank = value_voter_rank(value, node_id);
        n_voters = value_n_voters(value);
        records = value_slice(value, RECORD_CHECK, &n);
        if (rank < 0) {
                g_ptr_array_set_size(schedule->entries, 0);
                return;
        }

        if (schedule->entries->len == 0)
                schedule->clock_offset = realtime_usec - now_usec;
        else
                (void) schedule_set_clock(schedule, now_usec, realtime_usec);
        if (schedule->rank != (size_t) rank || schedule->n_voters != n_voters) {
                schedule->rank = (size_t) rank;
                schedule->n_voters = n_voters;
                replan_all(schedule, now_usec);
        }
        merge_checks(schedule, records, n, now_usec);
}

bool schedule_set_clock(Schedule *schedule, usec_t now_usec, usec_t realtime_usec) {
        int64_t moved;

        assert(schedule);

        moved = (int64_t) (realtime_usec - now_usec - schedule->clock_offset);
        if (moved <= (int64_t) SCHEDULE_STEP_USEC && moved >= -(int64_t) SCHEDULE_STEP_USEC)
                return false;

        schedule->clock_offset = realtime_usec - now_usec;
        replan_all(schedule, now_usec);
        return true;
}

size_t schedule_take_due(Schedule *schedule, usec_t now_usec, GArray *probes) {
        size_t n_dropped = 0;

        assert(schedule);
        assert(probes);

        for (;;) {
                GSequenceIter *first = g_sequence_get_begin_iter(schedule->queue);
                Entry *entry = g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
                usec_t gap;

                if (!entry || entry->due > now_usec)
                        return n_dropped;

                gap = check_interval(entry->check) / 4;
                entry->dropped = !entry->dropped && now_usec - entry->due > MIN(USEC_PER_SEC, gap);
                if (entry->dropped) {
                        n_dropped++;
                        entry_plan(schedule, entry, now_usec + 1);
                        continue;
                }

                g_array_append_val(probes, ((DueProbe){ .check = entry->check, .due_usec = entry->due }));
                entry->last = now_usec;
                entry_plan(schedule, entry, MAX(entry->slot + 1, now_usec + gap));
        }
}

usec_t schedule_next_deadline(const Schedule *schedule) {
        GSequenceIter *first;

        assert(schedule);

        first = g_sequence_get_begin_iter(schedule->queue);
        return g_sequence_iter_is_end(first) ? USEC_INFINITY : ((const Entry *) g_sequence_get(first))->due;
}

size_t schedule_n_checks(const Schedule *schedule) {
        assert(schedule);
        return schedule->entries->len;
}
