/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the manager tells becomes notes in the outbox of every connection; they are sent once at the end of
 * the loop turn, so that many changes of one object are one signal. A removal is sent at once where there is
 * room: before the look-up forgets the object. What an alert changes of many checks waits in the backlog,
 * and becomes notes in portions. */

#include <assert.h>

#include "bus/internal.h"
#include "bus/objects.h"

static Connection *connection_at(const Bus *bus, unsigned i) {
        return g_ptr_array_index(bus->connections, i);
}

static void add_note(Bus *bus, NoteKind note, RecordKind kind, const char *id) {
        for (unsigned i = 0; i < bus->connections->len; i++)
                if (!connection_at(bus, i)->dead)
                        outbox_add_object(&connection_at(bus, i)->outbox, note, kind, id);
}

static void note_object(Bus *bus, NoteKind note, RecordKind kind, const char *id) {
        /* still one signal of both */
        if (kind == RECORD_CHECK && backlog_drop(&bus->backlog, id) && note == NOTE_STATE)
                note = NOTE_CHANGED;
        add_note(bus, note, kind, id);
        bus_schedule(bus);
}

/* ---- effective alerts of checks: they change with the alerts ---- */

/* what of an alert can be seen in a check's Alerts, or decides who has it */
static char *alert_face(const Alert *alert) {
        return g_strdup_printf("%d%d%s", alert->is_default, alert->disabled, alert->name ?: "");
}

static bool names_alert(char *const *strv, const char *id, const char *name) {
        for (; strv && *strv; strv++)
                if (g_strcmp0(*strv, id) == 0 || g_strcmp0(*strv, name) == 0)
                        return true;
        return false;
}

/* face: of the alert as it was or is */
static void note_checks_of(Bus *bus, const char *id, const char *face) {
        const GPtrArray *checks = snapshot_checks(bus->snapshot);
        bool is_default = face[0] == '1';

        for (unsigned i = 0; i < checks->len; i++) {
                const Check *check = g_ptr_array_index(checks, i);

                if (is_default || names_alert(check->alert_ids, id, face + 2))
                        backlog_add(&bus->backlog, check->id);
        }
        bus_schedule(bus);
}

bool bus_observe_more(Bus *bus, unsigned n) {
        assert(bus);

        for (; n > 0 && backlog_length(&bus->backlog) > 0; n--) {
                g_autofree char *id = backlog_take(&bus->backlog);

                add_note(bus, NOTE_ALERTS, RECORD_CHECK, id);
        }
        return backlog_length(&bus->backlog) > 0;
}

static void learn_alert(Bus *bus, const char *id, const Alert *alert) {
        const char *old = g_hash_table_lookup(bus->alerts, id);
        g_autofree char *face = alert ? alert_face(alert) : NULL;

        if (g_strcmp0(old, face) == 0)
                return;
        if (old)
                note_checks_of(bus, id, old);
        if (face) {
                note_checks_of(bus, id, face);
                g_hash_table_insert(bus->alerts, g_strdup(id), g_steal_pointer(&face));
        } else
                g_hash_table_remove(bus->alerts, id);
        (void) bus_observe_more(bus, bus_share(bus)); /* where they are few, at once */
}

static void learn_all_alerts(Bus *bus) {
        const GPtrArray *alerts = snapshot_alerts(bus->snapshot);

        for (unsigned i = 0; i < alerts->len; i++) {
                const Alert *alert = g_ptr_array_index(alerts, i);

                g_hash_table_insert(bus->alerts, g_strdup(alert->id), alert_face(alert));
        }
}

static const Alert *find_alert(Bus *bus, const char *id) {
        return value_object(snapshot_value(bus->snapshot), RECORD_ALERT, id);
}

/* ---- what the manager calls ---- */

static void on_node_changed(void *userdata) {
        Bus *bus = userdata;
        uint32_t changed = manager_properties_changed(bus);

        if (!changed) /* the node's status was looked at again, as at each transition */
                return;
        for (unsigned i = 0; i < bus->connections->len; i++)
                outbox_add_node(&connection_at(bus, i)->outbox, changed);
        bus_schedule(bus);
}

static bool is_shown(RecordKind kind) {
        return kind == RECORD_CHECK || kind == RECORD_ALERT || kind == RECORD_PEER;
}

static void on_object_added(void *userdata, RecordKind kind, const char *id) {
        if (!is_shown(kind))
                return;
        note_object(userdata, NOTE_ADDED, kind, id);
        if (kind == RECORD_ALERT)
                learn_alert(userdata, id, find_alert(userdata, id));
}

static void on_object_changed(void *userdata, RecordKind kind, const char *id) {
        if (kind == RECORD_STATUS)
                note_object(userdata, NOTE_STATE, RECORD_CHECK, id);
        if (!is_shown(kind))
                return;
        note_object(userdata, NOTE_CHANGED, kind, id);
        if (kind == RECORD_ALERT)
                learn_alert(userdata, id, find_alert(userdata, id));
}

static void on_object_removed(void *userdata, RecordKind kind, const char *id) {
        Bus *bus = userdata;

        if (!is_shown(kind))
                return;
        if (kind == RECORD_CHECK)
                (void) backlog_drop(&bus->backlog, id);
        for (unsigned i = 0; i < bus->connections->len; i++)
                connection_removed(connection_at(bus, i), kind, id);
        bus_schedule(bus);
        if (kind == RECORD_ALERT)
                learn_alert(bus, id, NULL);
}

static void on_transition(void *userdata, const Transition *transition) {
        Bus *bus = userdata;

        for (unsigned i = 0; i < bus->connections->len; i++)
                outbox_add_transition(&connection_at(bus, i)->outbox, transition);
        bus_schedule(bus);
}

static void on_delivery(void *userdata, const Notice *notice, const Recipient *recipient) {
        const Check *check = notice->transition ? notice->transition->check : NULL;
        Bus *bus = userdata;

        for (unsigned i = 0; i < bus->connections->len; i++)
                outbox_add_delivery(
                                &connection_at(bus, i)->outbox,
                                notice,
                                recipient,
                                check ? check->name : NULL);
        bus_schedule(bus);
}

static const ManagerObserver observer = {
        .node_changed = on_node_changed,
        .object_added = on_object_added,
        .object_removed = on_object_removed,
        .object_changed = on_object_changed,
        .transition = on_transition,
        .delivery = on_delivery,
};

void bus_observe(Bus *bus) {
        assert(bus);

        bus->alerts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        backlog_init(&bus->backlog);
        learn_all_alerts(bus);
        (void) manager_properties_changed(bus);
        manager_set_observer(bus->manager, &observer, bus);
}

void bus_observe_stop(Bus *bus) {
        assert(bus);

        manager_set_observer(bus->manager, NULL, NULL);
        g_clear_pointer(&bus->alerts, g_hash_table_unref);
        backlog_done(&bus->backlog);
        g_clear_pointer(&bus->announced, g_ptr_array_unref);
}
