/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the two loops meet: sd-event dispatches everything that is ours, GLib's main context what libsoup
 * does, and nobody else knows that there are two. sd-event is a source of the main context, of high
 * priority. */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/usec.h"

typedef struct Loop Loop;

/* lifecycle: on the thread's default main context, one loop at a time */
int loop_new(Loop **ret);
Loop *loop_free(Loop *loop);
DEFINE_CLEANUP(Loop, loop_free);

sd_event *loop_event(Loop *loop); /* borrowed */

/* steps */
/* Turns until loop_quit() or sd_event_exit(); the code that was given there, or -errno. */
int loop_run(Loop *loop);
/* One turn, waiting at most timeout_usec: for tests. */
int loop_turn(Loop *loop, usec_t timeout_usec);
void loop_quit(Loop *loop, int code);

/* Calls alive about every every_usec, as long as both loops turn: a timer of sd-event, which alone would
 * also go off while GLib's sources starve, asks for the next turn of a GLib source, and that calls. For
 * systemd's watchdog. */
typedef void (*loop_alive_t)(void *userdata);
int loop_watch(Loop *loop, usec_t every_usec, loop_alive_t alive, void *userdata);

/* questions */
usec_t loop_watched(const Loop *loop); /* how often loop_watch() calls; 0: not */
/* The longest turn, from waking up to going to sleep, the present one included, since the last reset. */
usec_t loop_longest_turn(Loop *loop, bool reset);
/* CLOCK_BOOTTIME of the last moment a turn was over LOOP_STALL_USEC, the present one included; 0: never.
 * What ProbeOptions.loop_stalled wants. */
usec_t loop_stalled_usec(Loop *loop);
