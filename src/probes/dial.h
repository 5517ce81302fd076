/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From a host and a port to a connected TCP socket: the name is resolved, then each address is tried in
 * order. TCP probes end here; HTTP probes and mail hand the socket to libcurl, so that only this file
 * decides what a failed connect means.
 *
 * Ours and no failure of the target: no descriptors, no permission, and a connect that is refused at once
 * for want of a route, an address or an address family. Any address where the target itself failed makes it
 * a failure of the target. */

#include <stdbool.h>

#include "probes/resolver.h"

typedef struct Dial Dial;

typedef enum DialResult { DIAL_CONNECTED, DIAL_FAILED, DIAL_UNABLE } DialResult;

typedef struct DialOutcome {
        DialResult result;
        int *fd;             /* TAKE_FD() it, or it is closed */
        const char *detail;  /* "" when connected */
        const char *address; /* the last one tried, numeric, "" for none */
        usec_t resolve;      /* how long both took */
        usec_t connect;
} DialOutcome;

/* outcome: borrowed for the call. The dial is freed after it. */
typedef void (*dial_done_t)(void *userdata, const DialOutcome *outcome);

typedef struct DialOptions {
        sd_event *event;
        Resolver *resolver;
        int (*make_socket)(int family, int type, int protocol);
} DialOptions;

/* deadline_usec: CLOCK_BOOTTIME; only divides the time among several addresses, the caller ends a dial by
 * dial_expire(). recent_usec: as for resolve_start(). done is never called from within. */
int dial_start(const DialOptions *options,
               const char *host,
               uint16_t port,
               usec_t deadline_usec,
               usec_t recent_usec,
               dial_done_t done,
               void *userdata,
               Dial **ret);
/* The caller's time is up: done, in place of the one given at the start, is called from within with what
 * that means (a failure "dial timeout" once there is an address), and the dial is freed. */
void dial_expire(Dial *dial, dial_done_t done);
Dial *dial_cancel(Dial *dial); /* no call-back follows; returns NULL */

/* whether errno, from a socket or a connect that failed at once, is about this node and not the target */
bool dial_error_is_ours(int error);
/* how such an error reads */
char *dial_error_words(int error);
