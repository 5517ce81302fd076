/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One connection over which the objects are served: to a client of the private socket, or to a bus daemon.
 * It carries its own outbox, the calls that wait for an answer, and the questions about permission. */

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "bus/outbox.h"
#include "manager/manager.h"

typedef struct Bus Bus;

typedef struct Connection {
        Bus *bus;
        sd_bus *sd;
        bool private; /* a client itself, root or the daemon's own user */
        bool greeted; /* its first message has come: before that sd-bus would take a signal for the answer */
        bool dead;    /* nothing more is sent; freed in the next turn */
        unsigned number;           /* names a private client: ":1.number" */
        uid_t uid;                 /* of the client, or of the last caller who was granted something */
        pid_t pid;                 /* likewise; 0: not known */
        sd_event_source *greeting; /* until a private client is through with authentication */
        Outbox outbox;
        bool pumping;               /* notes waited when it was last looked at */
        uint64_t n_unread;          /* likewise, after sending */
        usec_t progress_usec;       /* CLOCK_MONOTONIC: when it last took something, or had taken all */
        GPtrArray *calls;           /* of BusCall */
        GPtrArray *questions;       /* of Question, see permission.c */
        const void *granted;        /* the message that is being handled again, permission given */
        const char *granted_action; /* for this */
} Connection;

/* Registers all objects on it and keeps a reference of sd; the connection belongs to the bus. */
int connection_new(Bus *bus, sd_bus *sd, bool private, uid_t uid, pid_t pid, Connection **ret);
/* Calls gone(NULL, userdata) when the bus says that this name is nobody's any more. The match is installed
 * without waiting; who vanishes before it is there, or where the bus refuses it, is answered in vain, which
 * harms nobody. Private clients: does nothing. */
int connection_watch_name(
                Connection *connection,
                const char *name,
                sd_bus_message_handler_t gone,
                void *userdata,
                sd_bus_slot **ret);
Connection *connection_free(Connection *connection);

/* From anywhere, also within its own call-backs: it is freed in the next turn. */
void connection_close(Connection *connection, const char *reason);

void connection_removed(Connection *connection, RecordKind kind, const char *id);

typedef enum PumpResult {
        PUMP_DONE,  /* nothing waits */
        PUMP_AGAIN, /* more can go at once */
        PUMP_WAIT   /* the other side reads slowly */
} PumpResult;
/* Sends what waits, at most n notes, and closes the connection when the other side has stopped reading. */
PumpResult connection_pump(Connection *connection, unsigned n);
