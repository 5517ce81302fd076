/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this room share: the bus itself, which holds the connections, and what a look-up found.
 */

#include <systemd/sd-bus.h>

#include "base/limits.h"
#include "bus/backlog.h"
#include "bus/bus.h"
#include "bus/connection.h"
#include "bus/snapshot.h"

typedef struct PrivateSocket PrivateSocket;
typedef struct SharedBus SharedBus;

/* What the find function of a fallback vtable found. sd-bus asks the getters right after it, one object at a
 * time, so one place for each bus is enough. */
typedef struct Found {
        Bus *bus;
        const Check *check;
        const CheckStatus *status; /* of the check; NULL: not looked up */
        const CheckView *view;     /* likewise */
        const Alert *alert;
        PeerView peer;
} Found;

/* of one user */
typedef struct Refusals {
        usec_t since; /* CLOCK_MONOTONIC; 0: the place is free */
        uid_t uid;
        unsigned n; /* since then */
} Refusals;

struct Bus {
        sd_event *event;
        Manager *manager;
        Snapshot *snapshot;
        Found found;
        GPtrArray *connections; /* of Connection, private and shared */
        unsigned n_connections_ever;
        PrivateSocket *socket;
        SharedBus *shared;
        sd_event_source *turn;  /* at once, when something is to be sent */
        sd_event_source *later; /* the next portion, or another look at those who read slowly */
        GPtrArray *announced;   /* the manager's properties as they were last announced, as text */
        GHashTable *alerts;     /* id -> what of it the checks' effective alerts show */
        Backlog backlog;        /* with alerts */
        void (*ready)(void *userdata);
        void *userdata;
        sd_event_source *ready_source;
        GPtrArray *audits;                              /* of Audit */
        Refusals refusals[AUDIT_REFUSED_USERS_MAX + 1]; /* the last: all who have no place of their own */
        bool is_ready;
};

/* the observer's half: what changed goes into every outbox (observer.c) */
void bus_observe(Bus *bus);
void bus_observe_stop(Bus *bus);
/* The next of the checks whose effective alerts changed go into the outboxes, n at most; false: that was
 * all. */
bool bus_observe_more(Bus *bus, unsigned n);

/* something waits in an outbox, or a connection has died */
void bus_schedule(Bus *bus);
/* how many notes one connection may have of what is done at a time */
unsigned bus_share(const Bus *bus);
/* to be asked again whether all is ready */
void bus_check_ready(Bus *bus);
