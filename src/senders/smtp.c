/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* smtp: one mail to one recipient. libcurl does what is hard and does not block: TLS, STARTTLS,
 * authentication. The few commands after that are ours (dialogue.h), over libcurl's connection, because
 * libcurl waits for the answers to the message and to QUIT by blocking the thread, and ends the message with
 * its dot even when the transfer is given up; and because the lead has to be asked for right before that
 * dot. */

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "probes/clock.h"
#include "probes/transfer.h"
#include "senders/context.h"
#include "senders/dialogue.h"
#include "senders/mail.h"
#include "senders/mime.h"
#include "senders/relay-reply.h"

#define PORT_SUBMISSION 587
#define PORT_SUBMISSIONS 465 /* implicit TLS, RFC 8314 */

typedef struct Smtp {
        Sending *sending;
        Dial *dial;
        Transfer *transfer;
        sd_event_source *timer;
        usec_t deadline_usec;
        int fd; /* libcurl's, while there is a transfer */

        Dialogue *dialogue;
        sd_event_source *io;
        bool connected;    /* and authenticated: the dialogue has begun */
        RelayReply *reply; /* the last one before the dialogue */
} Smtp;

static void smtp_finish(Smtp *smtp, SendResult result, const char *answer) {
        sending_finish(smtp->sending, result, 0, answer); /* frees smtp */
}

/* ---- the dialogue, over libcurl's connection ---- */

/* Without the relay's answer: what has left decides. */
static void smtp_lost(Smtp *smtp, const char *words) {
        if (dialogue_is_complete(smtp->dialogue))
                smtp_finish(smtp, SEND_UNKNOWN, words);
        else
                smtp_finish(smtp, SEND_RETRY, words);
}

/* 1: all is out, 0: the socket is full, negative: the connection is lost */
static int write_some(Smtp *smtp) {
        for (;;) {
                size_t n, sent = 0;
                const char *bytes = dialogue_output(smtp->dialogue, &n);

                if (n == 0)
                        return 1;
                if (dialogue_wants_leave(smtp->dialogue) && !sending_is_allowed(smtp->sending))
                        return -EPERM;
                switch (curl_easy_send(transfer_easy(smtp->transfer), bytes, n, &sent)) {
                case CURLE_OK:
                        dialogue_sent(smtp->dialogue, sent);
                        break;
                case CURLE_AGAIN:
                        return 0;
                default:
                        return -ECONNRESET;
                }
        }
}

/* As write_some(); 1: nothing more for now */
static int read_some(Smtp *smtp) {
        for (;;) {
                char bytes[1024];
                size_t n = 0;

                switch (curl_easy_recv(transfer_easy(smtp->transfer), bytes, sizeof(bytes), &n)) {
                case CURLE_OK:
                        if (n == 0 || dialogue_feed(smtp->dialogue, bytes, n) < 0)
                                return -ECONNRESET;
                        break;
                case CURLE_AGAIN:
                        return 1;
                default:
                        return -ECONNRESET;
                }
        }
}

static void smtp_goodbye(Smtp *smtp) {
        size_t sent;

        /* nobody waits for its answer */
        (void) curl_easy_send(transfer_easy(smtp->transfer), "QUIT\r\n", 6, &sent);
}

static void smtp_conclude(Smtp *smtp) {
        unsigned code = dialogue_code(smtp->dialogue);

        smtp_goodbye(smtp);
        smtp_finish(smtp,
                    code < 400 ? SEND_DELIVERED : (code < 500 ? SEND_RETRY : SEND_REFUSED),
                    dialogue_reply(smtp->dialogue));
}

static void smtp_pump(Smtp *smtp) {
        int w, r;

        do {
                w = write_some(smtp);
                if (w == -EPERM)
                        return smtp_finish(smtp, SEND_RETRY, ANSWER_NOT_ALLOWED);
                r = read_some(smtp); /* last words may wait where nothing can be written any more */
                if (dialogue_is_over(smtp->dialogue))
                        return smtp_conclude(smtp);
                if (w < 0 || r < 0)
                        return smtp_lost(smtp, "connection lost before the relay's answer");
        } while (w > 0 && dialogue_has_output(smtp->dialogue));

        (void) sd_event_source_set_io_events(smtp->io, EPOLLIN | (w == 0 ? EPOLLOUT : 0));
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        smtp_pump(userdata);
        return 0;
}

/* A duplicate is watched: libcurl may still have its own source on the descriptor itself. */
static int watch(Smtp *smtp) {
        _cleanup_(closep) int fd = fcntl(smtp->fd, F_DUPFD_CLOEXEC, 3);
        int r;

        if (fd < 0)
                return -errno;
        r = sd_event_add_io(smtp->sending->context->event, &smtp->io, fd, EPOLLIN, on_ready, smtp);
        if (r < 0)
                return r;
        r = sd_event_source_set_io_fd_own(smtp->io, true);
        if (r < 0)
                return r;
        (void) TAKE_FD(fd);
        return 0;
}

/* ---- connecting and authenticating ---- */

static void smtp_not_connected(Smtp *smtp, CURLcode code, const char *error) {
        g_autofree char *words = transfer_error_words(code, error), *denied = NULL;
        const char *reply = relay_reply_text(smtp->reply);
        unsigned status = relay_reply_code(smtp->reply);

        if (code == CURLE_LOGIN_DENIED && status >= 400) {
                denied = g_strdup_printf("authentication failed: %s", reply);
                return smtp_finish(smtp, status >= 500 ? SEND_REFUSED : SEND_RETRY, denied);
        }
        if (code == CURLE_SSL_CACERT_BADFILE)
                return smtp_finish(smtp, SEND_RETRY, "no trusted certificates on this node");
        if (code == CURLE_USE_SSL_FAILED)
                return smtp_finish(smtp, SEND_RETRY, "TLS: the relay does not offer STARTTLS");
        smtp_finish(smtp, SEND_RETRY, status >= 400 ? reply : words);
}

static void on_connected(void *userdata, CURL *easy, CURLcode code, const char *error) {
        Smtp *smtp = userdata;

        if (code != CURLE_OK)
                return smtp_not_connected(smtp, code, error);
        if (watch(smtp) < 0)
                return smtp_finish(smtp, SEND_RETRY, "no file descriptors left");
        smtp->connected = true;
        smtp_pump(smtp);
}

static size_t on_reply(char *line, size_t size, size_t n, void *userdata) {
        relay_reply_line(((Smtp *) userdata)->reply, line, n);
        return n;
}

static uint16_t relay_port(const Alert *alert) {
        return alert->smtp_port > 0 ? (uint16_t) alert->smtp_port : PORT_SUBMISSION;
}

static void set_security(Smtp *smtp, CURL *easy) {
        const Alert *alert = smtp->sending->alert;

        if (relay_port(alert) == PORT_SUBMISSIONS || alert->smtp_starttls) {
                /* Read for each mail, 7 ms: libcurl authenticates within the same step, so that verifying
                 * afterwards, as probes do, would show the password to a stranger. From libcurl 8.9 on the
                 * multi handle keeps it. */
                (void) curl_easy_setopt(easy, CURLOPT_CAINFO, smtp->sending->context->ca_file);
                (void) curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 3600L);
        }
        (void) curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
        (void) curl_easy_setopt(
                        easy,
                        CURLOPT_USE_SSL,
                        alert->smtp_starttls ? (long) CURLUSESSL_ALL : (long) CURLUSESSL_NONE);
}

static void set_options(Smtp *smtp, CURL *easy) {
        const Alert *alert = smtp->sending->alert;
        uint16_t port = relay_port(alert);
        g_autofree char *url =
                        g_strdup_printf(strchr(alert->smtp_host, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
                                        port == PORT_SUBMISSIONS ? "smtps" : "smtp",
                                        alert->smtp_host,
                                        port);

        (void) curl_easy_setopt(easy, CURLOPT_URL, url);
        (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        set_security(smtp, easy);
        if (alert->smtp_user && *alert->smtp_user) {
                (void) curl_easy_setopt(easy, CURLOPT_USERNAME, alert->smtp_user);
                (void) curl_easy_setopt(easy, CURLOPT_PASSWORD, alert->smtp_password ?: "");
        }
        (void) curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
        (void) curl_easy_setopt(easy, CURLOPT_HEADERDATA, smtp);
}

static int on_expired(sd_event_source *source, uint64_t usec, void *userdata) {
        Smtp *smtp = userdata;
        g_autofree char *limit = usec_to_duration(smtp->sending->context->mail_deadline_usec);
        g_autofree char *words = g_strdup_printf("timeout after %s", limit);

        smtp_lost(smtp, words);
        return 0;
}

static int arm(Smtp *smtp, usec_t at_usec, sd_event_time_handler_t handler) {
        smtp->timer = sd_event_source_disable_unref(smtp->timer);
        return sd_event_add_time(
                        smtp->sending->context->event,
                        &smtp->timer,
                        CLOCK_BOOTTIME,
                        at_usec,
                        10 * USEC_PER_MSEC,
                        handler,
                        smtp);
}

static void on_dialled(void *userdata, const DialOutcome *outcome) {
        Smtp *smtp = userdata;
        int r;

        smtp->dial = NULL;
        if (outcome->result != DIAL_CONNECTED)
                return smtp_finish(smtp, SEND_RETRY, outcome->detail);

        smtp->fd = *outcome->fd;
        r =
                        transfer_new(smtp->sending->context->transfers,
                                     outcome->address,
                                     TAKE_FD(*outcome->fd),
                                     on_connected,
                                     smtp,
                                     &smtp->transfer);
        if (r >= 0) {
                transfer_connect_only(smtp->transfer);
                set_options(smtp, transfer_easy(smtp->transfer));
                r = transfer_start(smtp->transfer);
        }
        if (r >= 0)
                r = arm(smtp, smtp->deadline_usec, on_expired);
        if (r < 0)
                smtp_finish(smtp, SEND_RETRY, "no memory for a transfer");
}

static int on_dial_expired(sd_event_source *source, uint64_t usec, void *userdata) {
        Smtp *smtp = userdata;

        dial_expire(smtp->dial, on_dialled);
        return 0;
}

/* ---- the sender ---- */

static Dialogue *make_dialogue(const Sending *sending) {
        g_autofree char *from = mime_address(sending->alert->smtp_from ?: "");
        g_autofree char *to = mime_address(sending->recipient);
        g_autofree char *mail = mail_build(sending->alert, sending->recipient, sending->message);

        return from && to && mail ? dialogue_new(from, to, mail) : NULL;
}

static int smtp_start(Sending *sending) {
        const Alert *alert = sending->alert;
        Smtp *smtp = g_new0(Smtp, 1);
        usec_t now = now_boottime();
        int r;

        sending->work = smtp;
        smtp->sending = sending;
        smtp->reply = relay_reply_new();
        smtp->deadline_usec = now + sending->context->mail_deadline_usec;
        smtp->dialogue = make_dialogue(sending);
        if (!smtp->dialogue || !alert->smtp_host || !*alert->smtp_host) {
                smtp_finish(smtp, SEND_REFUSED, "not sent: relay, sender or recipient is no address");
                return 0;
        }

        r = dial_start(&sending->context->dial,
                       alert->smtp_host,
                       relay_port(alert),
                       now + MAIL_CONNECT_USEC,
                       0,
                       on_dialled,
                       smtp,
                       &smtp->dial);
        if (r < 0)
                return r;
        return arm(smtp, now + MAIL_CONNECT_USEC, on_dial_expired);
}

static void smtp_cancel(Sending *sending) {
        Smtp *smtp = TAKE_PTR(sending->work);

        if (!smtp)
                return;
        (void) sd_event_source_disable_unref(smtp->timer);
        (void) sd_event_source_disable_unref(smtp->io);
        (void) dial_cancel(smtp->dial);
        if (smtp->transfer && !smtp->connected)
                (void) shutdown(smtp->fd, SHUT_RDWR); /* or libcurl says QUIT and waits for the answer */
        (void) transfer_free(smtp->transfer);
        (void) dialogue_free(smtp->dialogue);
        (void) relay_reply_free(smtp->reply);
        g_free(smtp);
}

const SenderVTable smtp_sender = {
        .start = smtp_start,
        .cancel = smtp_cancel,
};
