/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A loop of both kinds, a sender context with a fake DNS server, certificates, and sendings run to their
 * end. */

#include <glib/gstdio.h>

#include "../probes/certs.h"
#include "../probes/helper.h"
#include "../probes/support.h"
#include "manager/loop.h"
#include "senders/sender.h"

static Helper server;
static char *folder;
static char *ca_file;

static inline char *in_folder(const char *name) {
        return g_build_filename(folder, name, NULL);
}

static inline void begin(const char *script) {
        static const char *const names[] = { "four.test", NULL };
        Authority ca = authority_new("test authority"), stranger = authority_new("stranger");
        g_autofree char *good = NULL, *foreign = NULL;

        folder = g_dir_make_tmp("senders-XXXXXX", NULL);
        ca_file = in_folder("ca.pem");
        good = in_folder("good.pem");
        foreign = in_folder("foreign.pem");
        authority_save(&ca, ca_file);
        authority_issue(&ca, good, names, TRUE, time(NULL) + 3600);
        authority_issue(&stranger, foreign, names, TRUE, time(NULL) + 3600);
        authority_done(&ca);
        authority_done(&stranger);
        helper_start(&server, (const char *const[]){ "/usr/bin/python3", script, folder, NULL });
}

static inline void end(void) {
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        helper_stop(&server);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = in_folder(name);
                (void) g_unlink(path);
        }
        (void) g_rmdir(folder);
        g_free(folder);
        g_free(ca_file);
}

typedef struct Fixture {
        Loop *loop;
        FakeDns dns;
        SenderContext *context;
} Fixture;

static inline void fixture_open_with(Fixture *f, SenderOptions options) {
        *f = (Fixture){};
        g_assert_cmpint(loop_new(&f->loop), ==, 0);
        fake_dns_start(&f->dns, loop_event(f->loop));
        options.ca_file = options.ca_file ?: ca_file;
        options.dns_servers = f->dns.servers;
        g_assert_cmpint(sender_context_new(loop_event(f->loop), &options, &f->context), ==, 0);
}

static inline void fixture_open(Fixture *f) {
        fixture_open_with(f, (SenderOptions){});
}

static inline void fixture_close(Fixture *f) {
        f->context = sender_context_free(f->context);
        fake_dns_stop(&f->dns);
        f->loop = loop_free(f->loop);
}

typedef struct Sent {
        bool done;
        SendResult result;
        usec_t retry_after_usec;
        char *answer;
        unsigned n_asked;
        unsigned refused_at; /* the asking from which on the answer is no; 0: never */
        Sending *sending;
} Sent;

static inline bool sent_allowed(void *userdata) {
        Sent *sent = userdata;

        sent->n_asked++;
        return sent->refused_at == 0 || sent->n_asked < sent->refused_at;
}

static inline void sent_done(void *userdata, const SendOutcome *outcome) {
        Sent *sent = userdata;

        g_assert_false(sent->done);
        sent->done = true;
        sent->sending = NULL;
        sent->result = outcome->result;
        sent->retry_after_usec = outcome->retry_after_usec;
        sent->answer = g_strdup(outcome->answer);
}

static inline void sent_clear(Sent *sent) {
        g_free(sent->answer);
        *sent = (Sent){};
}

static inline void
sent_start(Fixture *f, const Alert *alert, const char *to, const Message *message, Sent *sent) {
        g_assert_cmpint(send_start(f->context,
                                   alert,
                                   to,
                                   message,
                                   sent_allowed,
                                   sent_done,
                                   sent,
                                   &sent->sending),
                        ==,
                        0);
        g_assert_false(sent->done);
}

static inline void turn_until(Fixture *f, const bool *flag) {
        usec_t limit = now_boottime() + BOUND_USEC;

        while (!*flag) {
                g_assert_cmpuint(now_boottime(), <, limit);
                g_assert_cmpint(loop_turn(f->loop, 200 * USEC_PER_MSEC), >=, 0);
        }
}

static inline void turn_for(Fixture *f, usec_t usec) {
        usec_t limit = now_boottime() + usec;

        while (now_boottime() < limit)
                g_assert_cmpint(loop_turn(f->loop, 10 * USEC_PER_MSEC), >=, 0);
}
