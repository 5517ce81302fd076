/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls of org.quptime1.Manager that have not been answered yet: part of the feed, which others use. */

#include "tui/feed.h"

typedef struct Calls Calls;

typedef struct CallsObserver {
        void (*over)(void *userdata); /* after each call, whatever came of it */
        /* A person is about to be asked for a password on the terminal, or has been. */
        void (*asking)(void *userdata, bool begins);
} CallsObserver;

Calls *calls_new(sd_event *event, Context *context, const CallsObserver *observer, void *userdata);
Calls *calls_free(Calls *calls); /* which must have been ended */

/* As feed_call(); bus NULL: there is none to ask. */
void calls_send(Calls *calls,
                sd_bus *bus,
                const char *member,
                unsigned bits,
                FeedArguments fill,
                void *fill_userdata,
                FeedDone done,
                void *userdata);
void calls_forget(Calls *calls, const void *userdata);
/* The connection goes: whoever still waits is told this sentence, here and now. */
void calls_end(Calls *calls, const char *text);

/* The sentence of an answer that is an error, or NULL. Caller frees. */
char *calls_error_text(sd_bus_message *reply, usec_t timeout);
