/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bus: the manager as objects of org.quptime1, on a private socket that needs no bus daemon, and on the
 * system or session bus where there is one. A bus that is missing, goes away or comes back never stops the
 * daemon: each loss and each return is one event, and the name is asked for again with growing pauses. */

#include <systemd/sd-event.h>

#include "manager/manager.h"

typedef struct Bus Bus;

typedef enum BusKind {
        BUS_NONE, /* the private socket alone */
        BUS_SYSTEM,
        BUS_SESSION
} BusKind;

typedef struct BusOptions {
        int control_fd; /* the listening private socket handed over by systemd, consumed; -1: none */
        const char *socket_path; /* where to listen when none was handed over; NULL: nowhere */
        BusKind kind;
        usec_t retry_usec;    /* first pause before the bus is tried again; 0: one second */
        usec_t patience_usec; /* how long one that does not answer is waited for at start; 0: five seconds */
        void (*ready)(void *userdata); /* called once, from the loop: the moment for READY=1; may be NULL */
        void *userdata;
} BusOptions;

/* lifecycle; the bus becomes the manager's observer */

/* -EADDRINUSE: another daemon answers on the socket. Every error has a sentence in reterr_text, which the
 * caller frees. The manager and the event loop must outlive the bus. */
int bus_new(sd_event *event, Manager *manager, const BusOptions *options, Bus **ret, char **reterr_text);
Bus *bus_free(Bus *bus);
DEFINE_CLEANUP(Bus, bus_free);

/* questions */

/* listening, and owning the name where there is a bus that lets us and answers in time */
bool bus_is_ready(const Bus *bus);
