/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/outbox.h"

#include <assert.h>

#include "base/limits.h"

typedef enum ItemPhase {
        ITEM_WAITING,
        ITEM_RUNNING, /* an attempt is in flight */
        ITEM_SETTLING /* it ended; its outcome is not committed yet */
} ItemPhase;

/* One owed recipient of one notice. */
typedef struct Item {
        Record *record;
        const Notice *notice;       /* of the record */
        const Recipient *recipient; /* of the notice */
        usec_t due;                 /* CLOCK_BOOTTIME */
        ItemPhase phase;
        uint64_t attempt; /* the one in flight, or that ended */
} Item;

struct Outbox {
        bool is_master;
        GPtrArray *items;   /* of Item, by notice id, so a check's stand together in the order of transitions
                             */
        GPtrArray *running; /* of Item, borrowed: few */
        GPtrArray *effects; /* of OutboxEffect */
        GHashTable *held;   /* id of an alert -> usec_t *, CLOCK_BOOTTIME until which nothing is sent */
        usec_t deadline;
};

static void item_destroy(gpointer data) {
        Item *item = data;

        record_unref(item->record);
        g_free(item);
}

OutboxEffect *outbox_effect_free(OutboxEffect *effect) {
        if (!effect)
                return NULL;

        g_free(effect->notice_id);
        g_free(effect->recipient);
        g_free(effect);
        return NULL;
}

Outbox *outbox_new(void) {
        Outbox *outbox = g_new0(Outbox, 1);

        outbox->items = g_ptr_array_new_with_free_func(item_destroy);
        outbox->running = g_ptr_array_new();
        outbox->effects = g_ptr_array_new_with_free_func(outbox_effect_free_item);
        outbox->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        outbox->deadline = USEC_INFINITY;
        return outbox;
}

Outbox *outbox_free(Outbox *outbox) {
        if (!outbox)
                return NULL;

        g_ptr_array_unref(outbox->running);
        g_ptr_array_unref(outbox->items);
        g_ptr_array_unref(outbox->effects);
        g_hash_table_unref(outbox->held);
        g_free(outbox);
        return NULL;
}

static void push_effect(Outbox *outbox, OutboxEffectKind kind, const Item *item) {
        OutboxEffect *effect = g_new0(OutboxEffect, 1);

        effect->kind = kind;
        effect->notice_id = g_strdup(item->notice->id);
        effect->recipient = g_strdup(item->recipient->address);
        effect->attempt = item->attempt;
        g_ptr_array_add(outbox->effects, effect);
}

static void stop(Outbox *outbox, Item *item) {
        if (item->phase != ITEM_RUNNING)
                return;
        push_effect(outbox, OUTBOX_CANCEL, item);
        g_ptr_array_remove(outbox->running, item);
        item->phase = ITEM_WAITING;
}

/* what may start */

static bool is_first_in_lane(const Outbox *outbox, guint index) {
        const Item *item = g_ptr_array_index(outbox->items, index);

        for (guint i = index; i-- > 0;) {
                const Item *earlier = g_ptr_array_index(outbox->items, i);

                if (g_strcmp0(earlier->notice->check_id, item->notice->check_id) != 0)
                        return true;
                if (g_strcmp0(earlier->notice->alert_id, item->notice->alert_id) == 0 &&
                    g_strcmp0(earlier->recipient->address, item->recipient->address) == 0)
                        return false;
        }
        return true;
}

static bool alert_has_slot(const Outbox *outbox, const char *alert_id) {
        guint n = 0;

        for (guint i = 0; i < outbox->running->len; i++) {
                const Item *item = g_ptr_array_index(outbox->running, i);

                n += g_strcmp0(item->notice->alert_id, alert_id) == 0;
        }
        return n < DELIVERIES_PER_ALERT;
}

static usec_t held_until(const Outbox *outbox, const char *alert_id) {
        const usec_t *until = g_hash_table_lookup(outbox->held, alert_id);

        return until ? *until : 0;
}

static gboolean is_over(gpointer key, gpointer until, gpointer now_usec) {
        return *(const usec_t *) until <= *(const usec_t *) now_usec;
}

/* What has been tried least, so that the retries of dead relays do not take all the places, then the
 * oldest. */
static bool goes_before(const Item *a, const Item *b) {
        if (!b || a->recipient->attempts != b->recipient->attempts)
                return !b || a->recipient->attempts < b->recipient->attempts;
        return a->notice->created < b->notice->created;
}

/* The first that may start, NULL: none. *ret_deadline: when the next of those that wait for their time is
 * due. */
static Item *find_next(const Outbox *outbox, usec_t now_usec, usec_t *ret_deadline) {
        usec_t deadline = USEC_INFINITY;
        Item *found = NULL;

        for (guint i = 0; i < outbox->items->len; i++) {
                Item *item = g_ptr_array_index(outbox->items, i);
                usec_t due;

                if (item->phase != ITEM_WAITING)
                        continue;
                due = MAX(item->due, held_until(outbox, item->notice->alert_id));
                if (due > now_usec)
                        deadline = MIN(deadline, due);
                else if (goes_before(item, found) && alert_has_slot(outbox, item->notice->alert_id) &&
                         is_first_in_lane(outbox, i))
                        found = item;
        }
        *ret_deadline = deadline;
        return found;
}

static void start_what_may(Outbox *outbox, usec_t now_usec) {
        outbox->deadline = USEC_INFINITY;
        (void) g_hash_table_foreach_remove(outbox->held, is_over, &now_usec);
        while (outbox->is_master && outbox->running->len < DELIVERIES_AT_ONCE) {
                Item *item = find_next(outbox, now_usec, &outbox->deadline);

                if (!item)
                        return;
                item->phase = ITEM_RUNNING;
                item->attempt = item->recipient->attempts + 1;
                g_ptr_array_add(outbox->running, item);
                push_effect(outbox, OUTBOX_START, item);
        }
}

/* a committed value */

/* retry_at is an instant of the wall clock of whoever made the last attempt, and that clock may have been
 * wrong, or ours is: never longer from now on than it was to be from then on. */
static usec_t due_of(const Recipient *recipient, usec_t now_usec, usec_t realtime_usec) {
        usec_t planned = MIN(usec_sub(recipient->retry_at, recipient->at), RETRY_AFTER_MAX_USEC);

        return now_usec + MIN(usec_sub(recipient->retry_at, realtime_usec), planned);
}

static Item *find_recipient(GPtrArray *items, guint first, guint end, const char *address) {
        for (guint i = first; i < end; i++) {
                Item *item = g_ptr_array_index(items, i);

                if (item && g_strcmp0(item->recipient->address, address) == 0) {
                        g_ptr_array_index(items, i) = NULL; /* taken */
                        return item;
                }
        }
        return NULL;
}

/* The item as the new record has it; an attempt in flight goes on, and one whose outcome is not
 * committed yet waits for outbox_settled(): the record may also have changed by what another master did. */
static void
item_update(Item *item, Record *record, const Recipient *recipient, usec_t now_usec, usec_t realtime_usec) {
        Record *old = item->record;
        bool is_news = !item->recipient || recipient->attempts != item->recipient->attempts;

        item->record = record_ref(record);
        item->notice = record->object;
        item->recipient = recipient;
        if (is_news)
                item->due = due_of(recipient, now_usec, realtime_usec);
        record_unref(old);
}

/* the items of one notice; old ones lie in [first, end) and leave NULL where they are taken */
static void
take_notice(GPtrArray *items,
            Record *record,
            GPtrArray *old,
            guint first,
            guint end,
            usec_t now_usec,
            usec_t realtime_usec) {
        const Notice *notice = record->object;

        for (guint i = 0; notice->recipients && i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);
                Item *item;

                if (recipient->state != DELIVERY_OWED)
                        continue;
                item = find_recipient(old, first, end, recipient->address);
                if (!item)
                        item = g_new0(Item, 1);
                if (item->record != record)
                        item_update(item, record, recipient, now_usec, realtime_usec);
                g_ptr_array_add(items, item);
        }
}

static void drop(Outbox *outbox, GPtrArray *old) {
        for (guint i = 0; i < old->len; i++) {
                Item *item = g_ptr_array_index(old, i);

                if (!item)
                        continue;
                stop(outbox, item);
                item_destroy(item);
        }
}

void outbox_set_value(Outbox *outbox, const Value *value, usec_t now_usec, usec_t realtime_usec) {
        GPtrArray *old, *items;
        Record *const *records;
        guint first = 0;
        size_t n;

        assert(outbox);
        assert(value);

        old = outbox->items;
        items = g_ptr_array_new_with_free_func(item_destroy);
        g_ptr_array_set_free_func(old, NULL);
        records = value_slice(value, RECORD_NOTICE, &n);
        for (size_t i = 0; i < n; i++) {
                guint end;

                for (; first < old->len; first++) {
                        const Item *item = g_ptr_array_index(old, first);

                        if (item->record == records[i] || strcmp(item->notice->id, records[i]->id) >= 0)
                                break;
                }
                for (end = first; end < old->len; end++) {
                        const Item *item = g_ptr_array_index(old, end);

                        if (item->record != records[i] && strcmp(item->notice->id, records[i]->id) != 0)
                                break;
                }
                take_notice(items, records[i], old, first, end, now_usec, realtime_usec);
                first = end;
        }
        drop(outbox, old);
        g_ptr_array_unref(old);
        outbox->items = items;
        start_what_may(outbox, now_usec);
}

void outbox_set_master(Outbox *outbox, bool is_master, usec_t now_usec) {
        assert(outbox);

        if (outbox->is_master == is_master)
                return;

        outbox->is_master = is_master;
        for (guint i = 0; i < outbox->items->len; i++)
                stop(outbox, g_ptr_array_index(outbox->items, i));
        start_what_may(outbox, now_usec);
}

void outbox_finished(Outbox *outbox, const char *notice_id, const char *recipient, usec_t now_usec) {
        assert(outbox);

        for (guint i = 0; i < outbox->running->len; i++) {
                Item *item = g_ptr_array_index(outbox->running, i);

                if (g_strcmp0(item->notice->id, notice_id) != 0 ||
                    g_strcmp0(item->recipient->address, recipient) != 0)
                        continue;
                item->phase = ITEM_SETTLING;
                g_ptr_array_remove_index(outbox->running, i);
                break;
        }
        start_what_may(outbox, now_usec);
}

void outbox_settled(Outbox *outbox, const char *notice_id, const char *recipient, usec_t now_usec) {
        assert(outbox);

        for (guint i = 0; i < outbox->items->len; i++) {
                Item *item = g_ptr_array_index(outbox->items, i);

                if (item->phase != ITEM_SETTLING || g_strcmp0(item->notice->id, notice_id) != 0 ||
                    g_strcmp0(item->recipient->address, recipient) != 0)
                        continue;
                item->phase = ITEM_WAITING;
                start_what_may(outbox, now_usec);
                return;
        }
}

void outbox_hold(Outbox *outbox, const char *notice_id, usec_t until_usec) {
        assert(outbox);

        for (guint i = 0; i < outbox->running->len; i++) {
                const Item *item = g_ptr_array_index(outbox->running, i);

                if (g_strcmp0(item->notice->id, notice_id) != 0)
                        continue;
                g_hash_table_replace(
                                outbox->held,
                                g_strdup(item->notice->alert_id),
                                g_memdup2(&until_usec, sizeof until_usec));
                return;
        }
}

void outbox_wake(Outbox *outbox, const char *alert_id, usec_t now_usec) {
        assert(outbox);
        assert(alert_id);

        for (guint i = 0; i < outbox->items->len; i++) {
                Item *item = g_ptr_array_index(outbox->items, i);

                if (g_strcmp0(item->notice->alert_id, alert_id) == 0)
                        item->due = MIN(item->due, now_usec);
        }
        start_what_may(outbox, now_usec);
}

void outbox_tick(Outbox *outbox, usec_t now_usec) {
        assert(outbox);
        start_what_may(outbox, now_usec);
}

GPtrArray *outbox_take_effects(Outbox *outbox) {
        GPtrArray *effects;

        assert(outbox);

        effects = outbox->effects;
        outbox->effects = g_ptr_array_new_with_free_func(outbox_effect_free_item);
        return effects;
}

usec_t outbox_next_deadline(const Outbox *outbox) {
        assert(outbox);
        return outbox->deadline;
}

size_t outbox_n_owed(const Outbox *outbox) {
        assert(outbox);
        return outbox->items->len;
}

size_t outbox_n_running(const Outbox *outbox) {
        assert(outbox);
        return outbox->running->len;
}
