/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bus with a fake manager on a private socket in a folder of its own, driven in this process's one event
 * loop: clients are real sd-bus connections on the same loop, programs are children that the loop waits for.
 */

#include <systemd/sd-bus.h>

#include "bus/bus.h"
#include "fake-manager.h"

typedef struct World {
        sd_event *event;
        Manager *manager;
        Bus *bus;
        char *folder;
        char *socket;
        char *address;
} World;

/* BusOptions.patience_usec of the next world */
extern usec_t world_patience_usec;
void world_up(World *w, BusKind kind);
void world_down(World *w);
#define _world_ _cleanup_(world_down) World
/* a client that greets the bus like any program */
sd_bus *world_client(World *w, const char *address);
/* one turn of the loop, at most this long */
void world_turn(World *w, usec_t usec);
void world_turns(World *w, unsigned n); /* until idle, at most n */
/* runs the loop until the condition holds, and fails after 20 s */
#define WORLD_UNTIL(w, condition)                                                                           \
        do {                                                                                                \
                gint64 end_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;                                 \
                while (!(condition)) {                                                                      \
                        g_assert_cmpint(g_get_monotonic_time(), <, end_);                                   \
                        world_turn(w, 10 * USEC_PER_MSEC);                                                  \
                }                                                                                           \
        } while (0)

/* Calls, runs the loop until there is an answer, gives it: a return or an error. The caller unrefs. */
sd_bus_message *world_call_message(World *w, sd_bus *client, sd_bus_message *call);
sd_bus_message *
world_call(World *w,
           sd_bus *client,
           const char *path,
           const char *interface,
           const char *member,
           const char *types,
           ...);
sd_bus_message *manager_call(World *w, sd_bus *client, const char *member, const char *types, ...);
/* calls and goes on; nobody looks at the answer */
void manager_begin(sd_bus *client, const char *member, const char *types, ...);
/* the name of the error, which must be one; the text must have `words` in it */
void assert_error(sd_bus_message *reply, const char *name, const char *words);
void assert_done(sd_bus_message *reply);
/* a property's value as busctl would print it, without the type; caller frees */
char *world_get(World *w, sd_bus *client, const char *path, const char *interface, const char *property);

/* Runs a program with the loop turning; its output on both streams. Caller frees. */
char *world_run(World *w, const char *const argv[], int *ret_status);

/* counts signals of a member that a client hears */
typedef struct Ear {
        unsigned n;
        char *path;        /* of the last */
        sd_bus_message *m; /* the last */
} Ear;
void ear_open(Ear *ear, sd_bus *client, const char *interface, const char *member);
void ear_done(Ear *ear);
