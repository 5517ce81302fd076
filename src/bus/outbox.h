/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one connection is still to hear, in order, as small notes rather than messages: a note about an
 * object is there once, however often the object changed, and says what is true when it is sent. So a burst
 * of ten thousand changes costs a slow reader little memory, and one loop turn's changes of an object are
 * one signal. */

#include <systemd/sd-bus.h>

#include "cluster/record.h"
#include "model/notice.h"

typedef enum NoteKind {
        NOTE_ADDED,
        NOTE_CHANGED,
        NOTE_ALERTS,  /* only a check's effective alerts changed */
        NOTE_STATE,   /* only a check's state */
        NOTE_REMOVED, /* by outbox_remove_object() */
        NOTE_NODE,    /* the manager's properties */
        NOTE_TRANSITION,
        NOTE_DELIVERY
} NoteKind;

typedef struct Outbox {
        GQueue notes;
        GHashTable *objects; /* (kind, id) -> link of the note about it that can still be merged */
} Outbox;

void outbox_init(Outbox *outbox);
void outbox_done(Outbox *outbox);

/* steps */
void outbox_add_object(Outbox *outbox, NoteKind note, RecordKind kind, const char *id);
/* Sends the removal at once on sd, before the look-up forgets the object; NULL: there is no room now, it
 * waits. */
void outbox_remove_object(Outbox *outbox, RecordKind kind, const char *id, sd_bus *sd);
/* changed: bits of manager_properties_changed() */
void outbox_add_node(Outbox *outbox, uint32_t changed);
void outbox_add_transition(Outbox *outbox, const Transition *transition);
void outbox_add_delivery(
                Outbox *outbox, const Notice *notice, const Recipient *recipient, const char *check_name);
/* Sends the first note and drops it; -errno only when the connection is of no more use. */
int outbox_send_first(Outbox *outbox, sd_bus *sd);

static inline unsigned outbox_length(const Outbox *outbox) {
        return outbox->notes.length;
}
