/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The dashboard's connection to a daemon, on an sd-event loop; nothing here waits. It reads everything at
 * the beginning, follows the bus's signals, and reads the live values (votes, details, who was seen when)
 * again every two seconds. A daemon or bus that goes away is looked for until it is back. Calls to change
 * something are made through it, too. */

#include <systemd/sd-event.h>

#include "ctl/call.h"
#include "ctl/context.h"
#include "ctl/rows.h"

#define FEED_LIVE_USEC (2 * USEC_PER_SEC)      /* between two readings of live values */
#define FEED_RETRY_MIN_USEC (USEC_PER_SEC / 4) /* doubled with each failure … */
#define FEED_RETRY_MAX_USEC (4 * USEC_PER_SEC)

typedef struct Feed Feed;

typedef struct FeedObserver {
        void (*changed)(void *userdata); /* something of what is asked for below is another */
        /* a transition or a delivery, in one line */
        void (*happened)(void *userdata, bool is_good, const char *text);
        /* The terminal is somebody else's from now on, who asks for polkit's password; or ours again. */
        void (*asking)(void *userdata, bool begins);
} FeedObserver;

/* ---- lifecycle ---- */

/* context: connected (ctl/connect.h) and borrowed; its bus is the feed's from here on. The first readings
 * begin at once. */
Feed *feed_new(sd_event *event, Context *context, const FeedObserver *observer, void *userdata);
Feed *feed_free(Feed *feed);
DEFINE_CLEANUP(Feed, feed_free);

/* ---- questions; all answers are borrowed until the next changed(), a list may be kept by a reference
 * ---- */

const NodeStatus *feed_node(const Feed *feed); /* NULL: not yet read */
GPtrArray *feed_peers(const Feed *feed);       /* of PeerRow */
GPtrArray *feed_checks(const Feed *feed);      /* of CheckRow, in the order of the document */
GPtrArray *feed_alerts(const Feed *feed);      /* of AlertRow */
/* Why all this is not up to date, one sentence ready to be shown; NULL: it is. */
const char *feed_problem(const Feed *feed);
usec_t feed_read_at(const Feed *feed); /* when all of it was last read (CLOCK_REALTIME); 0: not yet */

/* ---- steps ---- */

void feed_refresh(Feed *feed); /* now; where there is no contact it is tried now */

/* Calls a method of org.quptime1.Manager. fill appends the arguments (NULL: none) before this returns; bits:
 * CALL_SENSITIVE, CALL_LONG, CALL_READS. done is called once, later, never from within this: with a sentence
 * that says what went wrong, or NULL and the reply, both borrowed. */
typedef int (*FeedArguments)(sd_bus_message *request, void *userdata);
typedef void (*FeedDone)(const char *error, sd_bus_message *reply, void *userdata);
void feed_call(Feed *feed,
               const char *member,
               unsigned bits,
               FeedArguments fill,
               void *fill_userdata,
               FeedDone done,
               void *userdata);
/* Who gave this userdata is gone: done is not called any more. The calls themselves go on. */
void feed_forget(Feed *feed, const void *userdata);
