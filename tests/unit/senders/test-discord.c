/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "fixture.h"

#ifndef SERVER
#error "the build names the server"
#endif

#define TOKEN "s3cr3t-t0ken"
#define CONTENT "{\"content\":\"h\u00e9llo\"}"

static Alert make_alert(const char *webhook) {
        return (Alert){
                .id = (char *) "a2",
                .name = (char *) "oncall",
                .type = ALERT_DISCORD,
                .discord_webhook = (char *) webhook,
        };
}

static char *webhook(const char *scheme, const char *host, const char *socket, const char *verb) {
        return g_strdup_printf(
                        "%s://%s:%u/hooks/%s/" TOKEN, scheme, host, helper_port(&server, socket), verb);
}

static const Message message = {
        .notice_id = (char *) "n1",
        .message_id = (char *) "",
        .content = (char *) CONTENT,
};

static void
expect_url(Fixture *f, const char *url, SendResult result, usec_t retry_after_usec, const char *answer) {
        Alert alert = make_alert(url);
        Sent sent = {};

        sent_start(f, &alert, "webhook", &message, &sent);
        turn_until(f, &sent.done);
        g_test_message("%s", sent.answer);
        if (answer)
                g_assert_cmpstr(sent.answer, ==, answer);
        g_assert_null(strstr(sent.answer, TOKEN));
        g_assert_cmpint(sent.result, ==, result);
        g_assert_cmpuint(sent.retry_after_usec, ==, retry_after_usec);
        sent_clear(&sent);
}

static void test_answers(void) {
        static const struct {
                const char *verb;
                SendResult result;
                usec_t retry_after_usec;
                const char *answer;
        } cases[] = {
                { "ok", SEND_DELIVERED, 0, "status 204 Reason" },
                { "wait", SEND_RETRY, 7 * USEC_PER_SEC, "status 429 Reason: You are being rate limited." },
                { "waitbody", SEND_RETRY, 2500 * USEC_PER_MSEC, "status 429 Reason" },
                { "waitforever", SEND_RETRY, RETRY_AFTER_MAX_USEC, NULL },
                { "gone", SEND_REFUSED, 0, "status 404 Reason: Unknown Webhook" },
                { "echo", SEND_REFUSED, 0, "status 400 Reason: bad token *** at ***" },
                { "timeout", SEND_RETRY, 0, NULL },
                { "early", SEND_RETRY, 0, NULL },
                { "broken", SEND_UNKNOWN, 0, "status 500 Reason" },
                { "busy", SEND_UNKNOWN, 3 * USEC_PER_SEC, NULL },
                { "moved", SEND_RETRY, 0, "status 302 Reason" },
                { "deep", SEND_REFUSED, 0, "status 400 Reason" },
                { "huge", SEND_REFUSED, 0, "status 400 Reason" },
                { "close", SEND_UNKNOWN, 0, NULL },
        };
        Fixture f;

        fixture_open(&f);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *url = webhook("http", "four.test", "http", cases[i].verb);

                expect_url(&f, url, cases[i].result, cases[i].retry_after_usec, cases[i].answer);
        }
        g_assert_cmpuint(f.dns.n_asked, >, 0); /* our resolver, not GLib's */
        fixture_close(&f);
}

static void test_posted(void) {
        g_autofree char *url = webhook("http", "127.0.0.1", "http", "ok");
        g_autofree char *text = NULL;
        g_autoptr(GDir) dir = NULL;
        const char *name;
        bool found = false;
        Fixture f;

        fixture_open(&f);
        expect_url(&f, url, SEND_DELIVERED, 0, NULL);
        fixture_close(&f);

        dir = g_dir_open(folder, 0, NULL);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = in_folder(name);

                if (!g_str_has_prefix(name, "post."))
                        continue;
                g_clear_pointer(&text, g_free);
                g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
                g_assert_true(g_str_has_suffix(text, CONTENT));
                g_assert_nonnull(strstr(text, "Content-Type: application/json\r\n"));
                g_assert_nonnull(strstr(text, "User-Agent: quptime/"));
                found = true;
        }
        g_assert_true(found);
}

static void test_tls(void) {
        g_autofree char *good = webhook("https", "four.test", "good", "ok");
        g_autofree char *other = webhook("https", "localhost", "good", "ok");
        g_autofree char *foreign = webhook("https", "four.test", "foreign", "ok");
        Fixture f;

        fixture_open(&f);
        expect_url(&f, good, SEND_DELIVERED, 0, NULL);
        expect_url(&f, other, SEND_RETRY, 0, NULL);
        expect_url(&f, foreign, SEND_RETRY, 0, NULL);
        fixture_close(&f);
}

static void test_network(void) {
        int closed = make_listener(AF_INET, SOCK_STREAM, -1);
        _cleanup_(closep) int silent = make_listener(AF_INET, SOCK_STREAM, 16);
        g_autofree char *refused = g_strdup_printf("http://127.0.0.1:%u/x/" TOKEN, port_of(closed));
        g_autofree char *hanging = g_strdup_printf("https://127.0.0.1:%u/x/" TOKEN, port_of(silent));
        g_autofree char *mute = webhook("http", "127.0.0.1", "http", "mute");
        Fixture f;

        fixture_open_with(&f, (SenderOptions){ .webhook_deadline_usec = 300 * USEC_PER_MSEC });
        expect_url(&f, refused, SEND_RETRY, 0, NULL);
        expect_url(&f, "http://nowhere.test/x", SEND_RETRY, 0, NULL);
        expect_url(&f, "no url at all", SEND_REFUSED, 0, "not sent: the webhook is no URL");
        expect_url(&f, hanging, SEND_RETRY, 0, "timeout after 300ms");
        expect_url(&f, mute, SEND_UNKNOWN, 0, "timeout after 300ms");
        fixture_close(&f);
        (void) close_fd(closed);
}

static void test_not_allowed(void) {
        g_autofree char *url = webhook("http", "127.0.0.1", "http", "ok");
        Alert alert = make_alert(url);
        Sent sent = { .refused_at = 1 };
        Fixture f;

        fixture_open(&f);
        sent_start(&f, &alert, "webhook", &message, &sent);
        turn_until(&f, &sent.done);
        g_assert_cmpint(sent.result, ==, SEND_RETRY);
        g_assert_cmpstr(sent.answer, ==, "not sent: no longer this node's to send");
        sent_clear(&sent);
        fixture_close(&f);
}

/* More than may go at once: the others wait, and all arrive. */
static void test_queue(void) {
        g_autofree char *url = webhook("http", "127.0.0.1", "http", "slow");
        Alert alert = make_alert(url);
        Sent sent[3 * WEBHOOKS_AT_ONCE] = {};
        unsigned most = 0;
        Fixture f;

        fixture_open(&f);
        for (size_t i = 0; i < G_N_ELEMENTS(sent); i++)
                sent_start(&f, &alert, "webhook", &message, sent + i);
        for (size_t i = 0; i < G_N_ELEMENTS(sent); i++) {
                turn_until(&f, &sent[i].done);
                g_assert_cmpint(sent[i].result, ==, SEND_DELIVERED);
                sent_clear(sent + i);
        }
        fixture_close(&f);

        for (unsigned n = 1; n < 200; n++) { /* each body begins with the most that the server saw at once */
                g_autofree char *name = g_strdup_printf("post.%u", n), *path = in_folder(name), *text = NULL;

                if (g_file_get_contents(path, &text, NULL, NULL) && strstr(text, "/slow/"))
                        most = MAX(most, (unsigned) atoi(text));
        }
        g_assert_cmpuint(most, <=, WEBHOOKS_AT_ONCE);
        g_assert_cmpuint(most, >, 1);
}

static void test_cancel(void) {
        g_autofree char *mute = webhook("https", "four.test", "good", "mute");
        Alert alert = make_alert(mute);

        for (unsigned turns = 0; turns < 24; turns += 2) {
                Sent sent[WEBHOOKS_AT_ONCE + 2] = {};
                Fixture f;

                fixture_open(&f);
                for (size_t i = 0; i < G_N_ELEMENTS(sent); i++)
                        sent_start(&f, &alert, "webhook", &message, sent + i);
                for (unsigned i = 0; i < turns; i++)
                        (void) loop_turn(f.loop, 2000);
                sent[0].sending = send_cancel(sent[0].sending);
                sent[WEBHOOKS_AT_ONCE].sending = send_cancel(sent[WEBHOOKS_AT_ONCE].sending);
                turn_for(&f, 2000);
                fixture_close(&f);
                for (size_t i = 0; i < G_N_ELEMENTS(sent); i++)
                        g_assert_false(sent[i].done);
        }
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        begin(SERVER);
        g_test_add_func("/senders/discord/queue", test_queue);
        g_test_add_func("/senders/discord/answers", test_answers);
        g_test_add_func("/senders/discord/posted", test_posted);
        g_test_add_func("/senders/discord/tls", test_tls);
        g_test_add_func("/senders/discord/network", test_network);
        g_test_add_func("/senders/discord/not-allowed", test_not_allowed);
        g_test_add_func("/senders/discord/cancel", test_cancel);
        r = g_test_run();
        end();
        return r;
}
