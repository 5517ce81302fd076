/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Feeds a board from a daemon, over the public bus interface alone (docs/dbus.md): all values at the
 * beginning, then signals, and while somebody looks the live values every few seconds. A daemon or bus that
 * goes away is looked for until it is back; a daemon that does not run is never started by it. Everything is
 * asynchronous, in the main context in which feed_start() was called. */

#include <stdbool.h>

#include "applet/board.h"

#define FEED_LIVE_USEC (5 * USEC_PER_SEC)      /* between two readings of live values */
#define FEED_RETRY_MIN_USEC (1 * USEC_PER_SEC) /* doubled with each failure … */
#define FEED_RETRY_MAX_USEC (15 * USEC_PER_SEC)
/* reading takes at most a twentieth of the time: with many checks it is done less often */
#define FEED_COST_FACTOR 20

typedef enum FeedWay {
        FEED_SYSTEM,  /* the system bus */
        FEED_SESSION, /* the session bus */
        FEED_SOCKET,  /* the private socket, address is its path */
        FEED_ADDRESS, /* a message bus, address is a D-Bus address */
} FeedWay;

typedef struct FeedObserver {
        void (*status)(void *userdata); /* feed_problem() is another */
        void (*transition)(
                        void *userdata,
                        const char *check_id,
                        const char *name,
                        RowState from,
                        RowState to,
                        const char *detail);
} FeedObserver;

typedef struct Feed Feed;

/* board: borrowed, must live as long; address: copied */
Feed *feed_new(Board *board, FeedWay way, const char *address, const FeedObserver *observer, void *userdata);
Feed *feed_free(Feed *feed);

void feed_start(Feed *feed);
void feed_set_live(Feed *feed, bool live); /* whether somebody looks */
void feed_refresh(Feed *feed);             /* now; where there is no contact it is tried now */

/* why the board is not up to date, one line ready to be shown; NULL: it is. Borrowed until the next
 * status(). */
const char *feed_problem(const Feed *feed);
