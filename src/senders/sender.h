/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A sender hands one rendered message to one recipient's relay, once, and says what came of it. Retrying is
 * not its business (alerts/retry.h). It never blocks the loop and never delays a probe. */

#include <systemd/sd-event.h>

#include "model/alert.h"
#include "model/notice.h"

typedef struct SenderContext SenderContext;
typedef struct Sending Sending; /* one attempt in flight */

typedef enum SendResult {
        SEND_DELIVERED,
        SEND_RETRY,   /* not now; retry_after_usec when the relay named a time (0: it did not) */
        SEND_REFUSED, /* for good */
        SEND_UNKNOWN /* the last bytes went out and no answer came: treated as retry, a repeat is possible */
} SendResult;

typedef struct SendOutcome {
        SendResult result;
        usec_t retry_after_usec;
        const char *answer; /* the relay's words or ours, secrets removed, at most DETAIL_MAX_BYTES */
} SendOutcome;

typedef void (*send_done_t)(void *userdata, const SendOutcome *outcome);
/* Asked right before the last bytes leave; false ends the attempt without them (result SEND_RETRY). */
typedef bool (*send_allowed_t)(void *userdata);

typedef struct SenderOptions {
        const char *ca_file; /* PEM; NULL: the system's bundle */

        /* for tests */
        const char *dns_servers;      /* instead of resolv.conf's, as "127.0.0.1:5353" */
        usec_t mail_deadline_usec;    /* 0: MAIL_DEADLINE_USEC */
        usec_t webhook_deadline_usec; /* 0: WEBHOOK_DEADLINE_USEC */
} SenderOptions;

/* options: copied; NULL for none */
int sender_context_new(sd_event *event, const SenderOptions *options, SenderContext **ret);
/* cancels what is in flight; not from within a done */
SenderContext *sender_context_free(SenderContext *context);
DEFINE_CLEANUP(SenderContext, sender_context_free);

/* reads resolv.conf again; the authorities' certificates are looked at before each attempt */
void sender_context_reload(SenderContext *context);

/* alert and message are copied. done is never called from within. recipient: a mail address, or "webhook".
 */
int send_start(SenderContext *context,
               const Alert *alert,
               const char *recipient,
               const Message *message,
               send_allowed_t allowed,
               send_done_t done,
               void *userdata,
               Sending **ret);
/* whether the message may arrive or have arrived although this is cancelled now */
bool send_may_have_arrived(const Sending *sending);
Sending *send_cancel(Sending *sending); /* no call-back follows; returns NULL */

typedef struct SenderVTable {
        int (*start)(Sending *sending);
        void (*cancel)(Sending *sending);
} SenderVTable;
extern const SenderVTable *const sender_vtables[_ALERT_KIND_MAX];
