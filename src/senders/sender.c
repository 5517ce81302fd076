/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/sender.h"

#include <assert.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/names.h"
#include "probes/transfer.h"
#include "senders/context.h"
#include "senders/redact.h"

const SenderVTable *const sender_vtables[_ALERT_KIND_MAX] = {
        [ALERT_SMTP] = &smtp_sender,
        [ALERT_DISCORD] = &discord_sender,
};

/* ---- one sending ---- */

static Sending *sending_free(Sending *sending) {
        if (!sending)
                return NULL;

        if (!sending->finished)
                sending->vtable->cancel(sending);
        g_queue_unlink(sending->finished ? &sending->context->finished : &sending->context->running,
                       &sending->link);
        (void) alert_free(sending->alert);
        (void) message_free(sending->message);
        g_free(sending->recipient);
        g_free(sending->answer);
        g_free(sending);
        return NULL;
}
DEFINE_CLEANUP(Sending, sending_free);

bool sending_is_allowed(Sending *sending) {
        bool allowed = !sending->allowed || sending->allowed(sending->userdata);

        sending->released = sending->released || allowed;
        return allowed;
}

void sending_finish(Sending *sending, SendResult result, usec_t retry_after_usec, const char *answer) {
        SenderContext *context = sending->context;

        assert(!sending->finished);
        assert(answer);

        sending->result = result;
        sending->retry_after_usec = retry_after_usec;
        sending->answer = redact_answer(sending->alert, answer);

        sending->vtable->cancel(sending);
        g_queue_unlink(&context->running, &sending->link);
        sending->finished = true;
        g_queue_push_tail_link(&context->finished, &sending->link);
        (void) sd_event_source_set_enabled(context->deliver, SD_EVENT_ONESHOT);
}

int send_start(SenderContext *context,
               const Alert *alert,
               const char *recipient,
               const Message *message,
               send_allowed_t allowed,
               send_done_t done,
               void *userdata,
               Sending **ret) {
        _cleanup_(sending_freep) Sending *sending = NULL;
        int r;

        assert(context);
        assert(alert);
        assert(alert->type < _ALERT_KIND_MAX);
        assert(recipient);
        assert(message);
        assert(done);
        assert(ret);

        sending = g_new0(Sending, 1);
        sending->link.data = sending;
        sending->context = context;
        sending->vtable = sender_vtables[alert->type];
        sending->alert = alert_copy(alert);
        sending->recipient = g_strdup(recipient);
        sending->message = message_copy(message);
        sending->allowed = allowed;
        sending->done = done;
        sending->userdata = userdata;
        g_queue_push_tail_link(&context->running, &sending->link);

        r = sending->vtable->start(sending);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(sending);
        return 0;
}

bool send_may_have_arrived(const Sending *sending) {
        assert(sending);

        if (sending->finished)
                return sending->result == SEND_DELIVERED || sending->result == SEND_UNKNOWN;
        return sending->released;
}

Sending *send_cancel(Sending *sending) {
        return sending_free(sending);
}

/* ---- what all share ---- */

static int on_deliver(sd_event_source *source, void *userdata) {
        SenderContext *context = userdata;
        unsigned n = context->finished.length; /* what is added meanwhile waits for the next turn */

        for (; n > 0 && context->finished.head; n--) {
                Sending *sending = context->finished.head->data;
                SendOutcome outcome = {
                        .result = sending->result,
                        .retry_after_usec = sending->retry_after_usec,
                        .answer = sending->answer,
                };

                sending->done(sending->userdata, &outcome);
                (void) sending_free(sending);
        }
        if (context->finished.head)
                (void) sd_event_source_set_enabled(context->deliver, SD_EVENT_ONESHOT);
        return 0;
}

int sender_context_new(sd_event *event, const SenderOptions *options, SenderContext **ret) {
        static const SenderOptions defaults = {};
        _cleanup_(sender_context_freep) SenderContext *context = NULL;
        int r;

        assert(event);
        assert(ret);

        if (!options)
                options = &defaults;

        context = g_new0(SenderContext, 1);
        context->event = sd_event_ref(event);
        context->ca_file = g_strdup(options->ca_file ?: FILE_CA_BUNDLE);
        context->mail_deadline_usec = options->mail_deadline_usec ?: MAIL_DEADLINE_USEC;
        context->webhook_deadline_usec = options->webhook_deadline_usec ?: WEBHOOK_DEADLINE_USEC;
        g_queue_init(&context->running);
        g_queue_init(&context->finished);

        r = sd_event_add_defer(event, &context->deliver, on_deliver, context);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(context->deliver, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = resolver_new(event, &(ResolverOptions){ .servers = options->dns_servers }, &context->resolver);
        if (r < 0)
                return r;
        context->dial = (DialOptions){ event, context->resolver, socket };
        r = transfers_new(event, &context->transfers);
        if (r < 0)
                return r;
        context->webhooks = webhooks_new(context);

        *ret = TAKE_PTR(context);
        return 0;
}

void sender_context_reload(SenderContext *context) {
        assert(context);
        resolver_reload(context->resolver);
}

SenderContext *sender_context_free(SenderContext *context) {
        if (!context)
                return NULL;

        while (context->running.head)
                (void) sending_free(context->running.head->data);
        while (context->finished.head)
                (void) sending_free(context->finished.head->data);

        (void) webhooks_free(context->webhooks);
        (void) transfers_free(context->transfers);
        (void) resolver_free(context->resolver);
        (void) sd_event_source_disable_unref(context->deliver);
        (void) sd_event_unref(context->event);
        g_free(context->ca_file);
        g_free(context);
        return NULL;
}
