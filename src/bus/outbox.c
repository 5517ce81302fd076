/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/outbox.h"

#include <assert.h>
#include <errno.h>

#include "base/names.h"
#include "bus/objects.h"

typedef struct Note {
        NoteKind note;
        RecordKind kind;
        char *id;
        uint32_t changed; /* of the manager's properties */
        Transition *transition;
        char **delivery; /* the signal's arguments in order */
} Note;

static Note *note_free(Note *note) {
        if (!note)
                return NULL;

        g_free(note->id);
        (void) transition_free(note->transition);
        g_strfreev(note->delivery);
        g_free(note);
        return NULL;
}
DEFINE_CLEANUP(Note, note_free);

static unsigned note_hash(gconstpointer p) {
        const Note *note = p;

        return g_str_hash(note->id) ^ (unsigned) note->kind;
}

static gboolean note_equal(gconstpointer a, gconstpointer b) {
        const Note *x = a, *y = b;

        return x->kind == y->kind && g_str_equal(x->id, y->id);
}

void outbox_init(Outbox *outbox) {
        assert(outbox);

        g_queue_init(&outbox->notes);
        outbox->objects = g_hash_table_new(note_hash, note_equal);
}

void outbox_done(Outbox *outbox) {
        Note *note;

        assert(outbox);

        g_clear_pointer(&outbox->objects, g_hash_table_unref);
        while ((note = g_queue_pop_head(&outbox->notes)))
                (void) note_free(note);
}

static void drop_link(Outbox *outbox, GList *link) {
        Note *note = link->data;

        if (note->id && g_hash_table_lookup(outbox->objects, note) == link)
                g_hash_table_remove(outbox->objects, note);
        g_queue_delete_link(&outbox->notes, link);
        (void) note_free(note);
}

static Note *push(Outbox *outbox, NoteKind kind) {
        Note *note = g_new0(Note, 1);

        note->note = kind;
        g_queue_push_tail(&outbox->notes, note);
        return note;
}

static GList *find_waiting(Outbox *outbox, RecordKind kind, const char *id) {
        return g_hash_table_lookup(outbox->objects, &(Note){ .kind = kind, .id = (char *) id });
}

static bool is_partial(NoteKind note) {
        return note == NOTE_ALERTS || note == NOTE_STATE;
}

static Note *add_object(Outbox *outbox, NoteKind note, RecordKind kind, const char *id) {
        GList *link;
        Note *added;

        link = find_waiting(outbox, kind, id);
        if (link) { /* what is sent later shows the newest in any case */
                Note *waiting = link->data;

                if (is_partial(waiting->note) && waiting->note != note)
                        waiting->note = NOTE_CHANGED;
                return waiting;
        }
        added = push(outbox, note);
        added->kind = kind;
        added->id = g_strdup(id);
        g_hash_table_insert(outbox->objects, added, outbox->notes.tail);
        return added;
}

void outbox_add_object(Outbox *outbox, NoteKind note, RecordKind kind, const char *id) {
        assert(outbox);
        assert(note != NOTE_REMOVED);
        assert(id);

        (void) add_object(outbox, note, kind, id);
}

void outbox_add_node(Outbox *outbox, uint32_t changed) {
        assert(outbox);

        add_object(outbox, NOTE_NODE, RECORD_META, "")->changed |= changed;
}

void outbox_add_transition(Outbox *outbox, const Transition *transition) {
        assert(outbox);
        assert(transition);

        push(outbox, NOTE_TRANSITION)->transition = transition_copy(transition);
}

void outbox_add_delivery(
                Outbox *outbox, const Notice *notice, const Recipient *recipient, const char *check_name) {
        const char *const arguments[] = {
                notice->id ?: "",         notice->alert_name ?: "",
                check_name ?: "",         notice_event_to_string(notice->event) ?: "",
                recipient->address ?: "", delivery_state_to_string(recipient->state) ?: "",
                recipient->answer ?: "",  NULL
        };

        assert(outbox);

        push(outbox, NOTE_DELIVERY)->delivery = g_strdupv((char **) arguments);
}

static int send_removed(sd_bus *sd, const char *path, const char *interface) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        /* not sd_bus_emit_object_removed(): by the time it is sent the object may be gone */
        r = sd_bus_message_new_signal(
                        sd, &m, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "oas", path, 1, interface);
        if (r < 0)
                return r;
        return sd_bus_send(sd, m, NULL);
}

void outbox_remove_object(Outbox *outbox, RecordKind kind, const char *id, sd_bus *sd) {
        bool unheard = false;
        GList *link;

        assert(outbox);
        assert(id);

        link = find_waiting(outbox, kind, id);
        if (link) {
                unheard = ((Note *) link->data)->note == NOTE_ADDED;
                drop_link(outbox, link);
        }
        if (unheard) /* of what was never announced nobody need be told */
                return;

        if (sd) {
                g_autofree char *path = bus_object_path(kind, id);

                (void) send_removed(sd, path, bus_object_interface(kind));
        } else {
                Note *added = push(outbox, NOTE_REMOVED);

                added->kind = kind;
                added->id = g_strdup(id);
        }
}

static int send_object(const Note *note, sd_bus *sd) {
        static char *const only_alerts[] = { (char *) "Alerts", NULL };
        static char *const only_state[] = { (char *) "State", (char *) "Since", NULL };
        const char *interface = bus_object_interface(note->kind);
        g_autofree char *path = NULL;

        path = bus_object_path(note->kind, note->id);
        switch (note->note) {
        case NOTE_ADDED:
                return sd_bus_emit_interfaces_added(sd, path, interface, NULL);
        case NOTE_REMOVED:
                return send_removed(sd, path, interface);
        case NOTE_ALERTS:
                return sd_bus_emit_properties_changed_strv(sd, path, interface, (char **) only_alerts);
        case NOTE_STATE:
                return sd_bus_emit_properties_changed_strv(sd, path, interface, (char **) only_state);
        default: /* all that announce their changes */
                return sd_bus_emit_properties_changed_strv(sd, path, interface, NULL);
        }
}

static int send_transition(const Transition *t, sd_bus *sd) {
        return sd_bus_emit_signal(
                        sd,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        "CheckTransition",
                        "ssssts",
                        t->check && t->check->id ? t->check->id : "",
                        t->check && t->check->name ? t->check->name : "",
                        check_state_to_string(t->from) ?: "",
                        check_state_to_string(t->to) ?: "",
                        t->when,
                        t->detail ?: "");
}

static int send_delivery(char *const *a, sd_bus *sd) {
        return sd_bus_emit_signal(
                        sd,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        "Delivery",
                        "sssssss",
                        a[0],
                        a[1],
                        a[2],
                        a[3],
                        a[4],
                        a[5],
                        a[6]);
}

static int note_send(const Note *note, sd_bus *sd) {
        switch (note->note) {
        case NOTE_NODE:
                return manager_properties_emit(sd, note->changed);
        case NOTE_TRANSITION:
                return send_transition(note->transition, sd);
        case NOTE_DELIVERY:
                return send_delivery(note->delivery, sd);
        default:
                return send_object(note, sd);
        }
}

static bool is_lost(int r) {
        return r == -ENOTCONN || r == -ESTALE || r == -ECONNRESET || r == -EPIPE || r == -ENOBUFS;
}

int outbox_send_first(Outbox *outbox, sd_bus *sd) {
        GList *link;
        int r;

        assert(outbox);
        assert(sd);

        link = outbox->notes.head;
        if (!link)
                return 0;
        r = note_send(link->data, sd);
        drop_link(outbox, link);

        /* anything else means that the object has gone since; its removal follows */
        return is_lost(r) ? r : 0;
}
