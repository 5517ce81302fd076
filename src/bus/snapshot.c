/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/snapshot.h"

#include <assert.h>

struct Snapshot {
        Manager *manager;
        Value *value; /* a reference, so that an equal pointer is the same value */
        GPtrArray *checks;
        GPtrArray *alerts;
        GPtrArray *peers;
        GHashTable *owed; /* alert id -> number; NULL: not counted yet */
};

static void snapshot_clear(Snapshot *s) {
        g_clear_pointer(&s->checks, g_ptr_array_unref);
        g_clear_pointer(&s->alerts, g_ptr_array_unref);
        g_clear_pointer(&s->peers, g_ptr_array_unref);
        g_clear_pointer(&s->owed, g_hash_table_unref);
        s->value = value_unref(s->value);
}

Snapshot *snapshot_new(Manager *manager) {
        Snapshot *s = g_new0(Snapshot, 1);

        s->manager = manager;
        return s;
}

Snapshot *snapshot_free(Snapshot *snapshot) {
        if (!snapshot)
                return NULL;

        snapshot_clear(snapshot);
        g_free(snapshot);
        return NULL;
}

const Value *snapshot_value(Snapshot *snapshot) {
        const Value *value;

        assert(snapshot);

        value = manager_value(snapshot->manager);
        if (value != snapshot->value) {
                snapshot_clear(snapshot);
                snapshot->value = value_ref((Value *) value);
        }
        return snapshot->value;
}

static const GPtrArray *in_order(Snapshot *snapshot, GPtrArray **list, RecordKind kind) {
        const Value *value = snapshot_value(snapshot); /* may clear the list */

        if (!*list)
                *list = value_in_order(value, kind);
        return *list;
}

const GPtrArray *snapshot_checks(Snapshot *snapshot) {
        return in_order(snapshot, &snapshot->checks, RECORD_CHECK);
}

const GPtrArray *snapshot_alerts(Snapshot *snapshot) {
        return in_order(snapshot, &snapshot->alerts, RECORD_ALERT);
}

const GPtrArray *snapshot_peers(Snapshot *snapshot) {
        return in_order(snapshot, &snapshot->peers, RECORD_PEER);
}

static GHashTable *count_owed(const Value *value) {
        GHashTable *owed = g_hash_table_new(g_str_hash, g_str_equal);
        Record *const *notices;
        size_t n;

        notices = value_slice(value, RECORD_NOTICE, &n);
        for (size_t i = 0; i < n; i++) {
                const Notice *notice = notices[i]->object;
                unsigned count;

                if (!notice->alert_id || !notice_is_owed(notice))
                        continue;
                count = GPOINTER_TO_UINT(g_hash_table_lookup(owed, notice->alert_id));
                g_hash_table_insert(owed, notice->alert_id, GUINT_TO_POINTER(count + 1));
        }
        return owed;
}

unsigned snapshot_owed(Snapshot *snapshot, const char *alert_id) {
        const Value *value = snapshot_value(snapshot);

        if (!snapshot->owed)
                snapshot->owed = count_owed(value);
        return GPOINTER_TO_UINT(g_hash_table_lookup(snapshot->owed, alert_id));
}
