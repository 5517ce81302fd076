/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* discord: a POST of JSON by libsoup, at most WEBHOOKS_AT_ONCE at a time, because glib-networking's
 * handshakes share a pool of threads; the others wait their turn. The URL is the secret, so no sentence of
 * ours has it. */

#include <assert.h>
#include <libsoup/soup.h>
#include <string.h>

#include "base/limits.h"
#include "probes/stamp.h"
#include "senders/context.h"
#include "senders/gate.h"
#include "senders/lookup.h"
#include "senders/webhook-answer.h"

struct Webhooks {
        SenderContext *context;
        GResolver *lookup;
        GResolver *before;    /* the process's resolver until we came */
        SoupSession *session; /* made when first needed, and anew when the authorities have changed */
        Stamp trusted;
        unsigned n_working;
        unsigned n_calls; /* GLib will still call back for these */
        GQueue waiting;   /* of Webhook */
};

/* Outlives its Sending when that is cancelled: GLib's call-backs come nevertheless. */
typedef struct Webhook {
        GList link;
        Webhooks *webhooks;
        Sending *sending; /* NULL: nobody waits for it any more */
        bool working;
        SoupMessage *message;
        GInputStream *gate;
        GCancellable *cancellable;
        sd_event_source *timer;
        char *answer; /* RELAY_ANSWER_MAX_BYTES and one */
} Webhook;

static void webhooks_start_next(Webhooks *webhooks);

/* ---- lifetime of one ---- */

static void webhook_free(Webhook *webhook) {
        g_clear_object(&webhook->message);
        g_clear_object(&webhook->gate);
        g_clear_object(&webhook->cancellable);
        g_free(webhook->answer);
        g_free(webhook);
}

/* GLib's last call-back for it has come. */
static void webhook_end(Webhook *webhook) {
        Webhooks *webhooks = webhook->webhooks;

        assert(!webhook->sending);
        webhooks->n_calls--;
        webhook_free(webhook);
}

/* The sending goes its way; what is left of the request is stopped. */
static void webhook_leave(Webhook *webhook) {
        Webhooks *webhooks = webhook->webhooks;

        webhook->sending = NULL;
        webhook->timer = sd_event_source_disable_unref(webhook->timer);
        if (!webhook->working) {
                g_queue_unlink(&webhooks->waiting, &webhook->link);
                webhook_free(webhook);
                return;
        }
        gate_disconnect(webhook->gate);
        g_cancellable_cancel(webhook->cancellable);
        webhooks->n_working--;
        webhooks_start_next(webhooks);
}

/* ---- what it came to ---- */

static void webhook_answered(Webhook *webhook, size_t n) {
        SoupMessage *message = webhook->message;
        const WebhookAnswer answer = {
                .status = soup_message_get_status(message),
                .phrase = soup_message_get_reason_phrase(message),
                .retry_after = soup_message_headers_get_one(
                                soup_message_get_response_headers(message), "Retry-After"),
                .body = webhook->answer,
                .body_size = n,
        };
        g_autofree char *words = NULL;
        usec_t retry_after_usec;
        SendResult result = webhook_judge(&answer, (usec_t) g_get_real_time(), &retry_after_usec, &words);

        /* a server, or a proxy before it, that failed (RFC 9110, section 15.6) may have passed it on
         * before */
        if (result == SEND_RETRY && answer.status >= 500 && gate_is_empty(webhook->gate))
                result = SEND_UNKNOWN;
        sending_finish(webhook->sending, result, retry_after_usec, words);
}

static void webhook_fail(Webhook *webhook, const GError *error) {
        g_autofree char *words = NULL;

        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) &&
            !gate_is_empty(webhook->gate))
                return sending_finish(webhook->sending, SEND_RETRY, 0, ANSWER_NOT_ALLOWED);

        words = g_strdup_printf(error->domain == G_TLS_ERROR ? "TLS: %s" : "%s", error->message);
        sending_finish(webhook->sending, gate_is_empty(webhook->gate) ? SEND_UNKNOWN : SEND_RETRY, 0, words);
}

static void on_read(GObject *source, GAsyncResult *result, void *userdata) {
        Webhook *webhook = userdata;
        gsize n = 0;

        /* the status counts, whatever becomes of the body */
        (void) g_input_stream_read_all_finish(G_INPUT_STREAM(source), result, &n, NULL);
        if (webhook->sending)
                webhook_answered(webhook, n);
        webhook_end(webhook);
}

static void on_sent(GObject *source, GAsyncResult *result, void *userdata) {
        Webhook *webhook = userdata;
        g_autoptr(GError) error = NULL;
        g_autoptr(GInputStream) body = soup_session_send_finish(SOUP_SESSION(source), result, &error);

        if (body && webhook->sending) {
                webhook->answer = g_malloc(RELAY_ANSWER_MAX_BYTES);
                g_input_stream_read_all_async(
                                body,
                                webhook->answer,
                                RELAY_ANSWER_MAX_BYTES,
                                G_PRIORITY_DEFAULT,
                                webhook->cancellable,
                                on_read,
                                webhook);
                return;
        }
        if (webhook->sending)
                webhook_fail(webhook, error);
        webhook_end(webhook);
}

static int on_expired(sd_event_source *source, uint64_t usec, void *userdata) {
        Webhook *webhook = userdata;
        g_autofree char *limit = usec_to_duration(webhook->webhooks->context->webhook_deadline_usec);
        g_autofree char *words = g_strdup_printf("timeout after %s", limit);

        sending_finish(webhook->sending, gate_is_empty(webhook->gate) ? SEND_UNKNOWN : SEND_RETRY, 0, words);
        return 0;
}

/* ---- the session ---- */

/* Reading the authorities costs more than a POST: once, and again only when the file is another. */
static SoupSession *webhooks_session(Webhooks *webhooks) {
        const char *ca_file = webhooks->context->ca_file;
        g_autoptr(GTlsDatabase) database = NULL;
        Stamp stamp = stamp_of(ca_file);

        if (webhooks->session && stamp_equal(&stamp, &webhooks->trusted))
                return webhooks->session;

        g_clear_object(&webhooks->session);
        webhooks->trusted = stamp;
        database = g_tls_file_database_new(ca_file, NULL);
        webhooks->session = soup_session_new_with_options(
                        "user-agent",
                        "quptime/" QUPTIME_VERSION,
                        "timeout",
                        (unsigned) (WEBHOOK_DEADLINE_USEC / USEC_PER_SEC),
                        "idle-timeout",
                        10u,
                        NULL);
        soup_session_set_proxy_resolver(webhooks->session, NULL); /* the default one starts threads */
        if (database)
                soup_session_set_tls_database(webhooks->session, database);
        return webhooks->session;
}

static bool on_gate(void *userdata) {
        Webhook *webhook = userdata;

        return sending_is_allowed(webhook->sending);
}

static int webhook_start(Webhook *webhook) {
        Webhooks *webhooks = webhook->webhooks;
        const char *content = webhook->sending->message->content;

        webhook->working = true;
        webhooks->n_working++;
        webhook->gate = gate_new(content, on_gate, webhook);
        webhook->cancellable = g_cancellable_new();
        soup_message_add_flags(webhook->message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_NEW_CONNECTION);
        soup_message_set_request_body(
                        webhook->message, "application/json", webhook->gate, (gssize) strlen(content));

        webhooks->n_calls++;
        soup_session_send_async(
                        webhooks_session(webhooks),
                        webhook->message,
                        G_PRIORITY_DEFAULT,
                        webhook->cancellable,
                        on_sent,
                        webhook);
        return sd_event_add_time_relative(
                        webhooks->context->event,
                        &webhook->timer,
                        CLOCK_BOOTTIME,
                        webhooks->context->webhook_deadline_usec,
                        10 * USEC_PER_MSEC,
                        on_expired,
                        webhook);
}

static void webhooks_start_next(Webhooks *webhooks) {
        while (webhooks->n_working < WEBHOOKS_AT_ONCE) {
                GList *link = g_queue_pop_head_link(&webhooks->waiting);

                if (!link)
                        return;
                if (webhook_start(link->data) < 0) {
                        Webhook *webhook = link->data;
                        sending_finish(webhook->sending, SEND_RETRY, 0, "no timer for a webhook");
                }
        }
}

Webhooks *webhooks_new(SenderContext *context) {
        Webhooks *webhooks = g_new0(Webhooks, 1);

        webhooks->context = context;
        g_queue_init(&webhooks->waiting);
        webhooks->before = g_resolver_get_default();
        webhooks->lookup = lookup_new(context->resolver);
        g_resolver_set_default(webhooks->lookup);
        return webhooks;
}

Webhooks *webhooks_free(Webhooks *webhooks) {
        if (!webhooks)
                return NULL;

        lookup_disconnect(webhooks->lookup);
        if (webhooks->session)
                soup_session_abort(webhooks->session);
        /* all are cancelled; GLib tells each in a turn of its own */
        while (webhooks->n_calls > 0)
                (void) g_main_context_iteration(NULL, /* may_block= */ TRUE);

        g_clear_object(&webhooks->session);
        g_resolver_set_default(webhooks->before);
        g_clear_object(&webhooks->before);
        g_clear_object(&webhooks->lookup);
        g_free(webhooks);
        return NULL;
}

/* ---- the sender ---- */

static int discord_start(Sending *sending) {
        Webhooks *webhooks = sending->context->webhooks;
        Webhook *webhook;
        SoupMessage *message = soup_message_new("POST", sending->alert->discord_webhook ?: "");

        if (!message || !sending->message->content) {
                g_clear_object(&message);
                sending_finish(sending, SEND_REFUSED, 0, "not sent: the webhook is no URL");
                return 0;
        }

        sending->work = webhook = g_new0(Webhook, 1);
        webhook->link.data = webhook;
        webhook->webhooks = webhooks;
        webhook->sending = sending;
        webhook->message = message;
        g_queue_push_tail_link(&webhooks->waiting, &webhook->link);
        webhooks_start_next(webhooks);
        return 0;
}

static void discord_cancel(Sending *sending) {
        Webhook *webhook = TAKE_PTR(sending->work);

        if (webhook)
                webhook_leave(webhook);
}

const SenderVTable discord_sender = {
        .start = discord_start,
        .cancel = discord_cancel,
};
