/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kinds of senders share; not for other rooms. */

#include <gio/gio.h>

#include "probes/dial.h"
#include "senders/sender.h"

typedef struct Transfers Transfers;
typedef struct Webhooks Webhooks;

struct SenderContext {
        sd_event *event;
        char *ca_file;
        usec_t mail_deadline_usec;
        usec_t webhook_deadline_usec;

        Resolver *resolver;
        DialOptions dial;
        Transfers *transfers;
        Webhooks *webhooks;

        GQueue running;
        GQueue finished; /* waiting for their done function */
        sd_event_source *deliver;
};

struct Sending {
        GList link;
        SenderContext *context;
        const SenderVTable *vtable;
        Alert *alert;
        char *recipient;
        Message *message;
        send_allowed_t allowed;
        send_done_t done;
        void *userdata;
        bool finished;
        bool released; /* the last bytes were let go, at least some of them */

        SendResult result;
        usec_t retry_after_usec;
        char *answer;
        void *work; /* the kind's own */
};

/* Ends the sending: later its done function hears of it. answer: copied, cleaned, and without secrets. */
void sending_finish(Sending *sending, SendResult result, usec_t retry_after_usec, const char *answer);
bool sending_is_allowed(Sending *sending);

/* The answer when `allowed` said no. */
#define ANSWER_NOT_ALLOWED "not sent: no longer this node's to send"

extern const SenderVTable smtp_sender;
extern const SenderVTable discord_sender;

/* libsoup's session with our resolver, at most WEBHOOKS_AT_ONCE at work */
Webhooks *webhooks_new(SenderContext *context);
Webhooks *webhooks_free(Webhooks *webhooks);
