/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "fixture.h"

#ifndef SERVER
#error "the build names the server"
#endif

static unsigned n_mails; /* that the relay has taken in all */

static Alert make_alert(const char *host, const char *socket) {
        return (Alert){
                .id = (char *) "a1",
                .name = (char *) "ops",
                .type = ALERT_SMTP,
                .smtp_host = (char *) host,
                .smtp_port = helper_port(&server, socket),
                .smtp_from = (char *) "Wächter <monitor@four.test>",
        };
}

static Message make_message(void) {
        return (Message){
                .notice_id = (char *) "n1",
                .message_id = (char *) "7.a1@quptime",
                .subject = (char *) "[quptime] héllo DOWN — https://x.test\r\nBcc: all@x.test",
                .body = (char *) "first = line\n.\n.two dots\ntrailing blank \nünïcode\n",
                .date = UINT64_C(1778598092) * USEC_PER_SEC,
        };
}

static void
expect_message(Fixture *f, const Alert *alert, const char *to, SendResult result, const char *answer) {
        Message message = make_message();
        Sent sent = {};

        sent_start(f, alert, to, &message, &sent);
        turn_until(f, &sent.done);
        g_test_message("%s: %s", to, sent.answer);
        g_assert_cmpint(sent.result, ==, result);
        if (answer)
                g_assert_cmpstr(sent.answer, ==, answer);
        if (result == SEND_DELIVERED)
                n_mails++;
        sent_clear(&sent);
}

static char *last_mail(void) {
        g_autofree char *name = g_strdup_printf("mail.%u", n_mails), *path = in_folder(name);
        char *text;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        return text;
}

static void test_delivered(void) {
        Alert alert = make_alert("four.test", "plain");
        g_autofree char *mail = NULL, *answer = g_strdup_printf("250 2.0.0 queued as %u", n_mails + 1);
        Fixture f;

        fixture_open(&f);
        expect_message(&f, &alert, "Ops Team <ops@four.test>", SEND_DELIVERED, answer);
        mail = last_mail();
        g_assert_cmpstr(mail,
                        ==,
                        "monitor@four.test ops@four.test\n"
                        "From: =?UTF-8?B?V8OkY2h0ZXI=?= <monitor@four.test>\r\n"
                        "To: Ops Team <ops@four.test>\r\n"
                        "Subject: =?UTF-8?B?W3F1cHRpbWVdIGjDqWxsbyBET1dOIOKAlCBodHRwczovL3gudGVz?=\r\n"
                        " =?UTF-8?B?dCAgQmNjOiBhbGxAeC50ZXN0?=\r\n"
                        "Date: Tue, 12 May 2026 15:01:32 +0000\r\n"
                        "Message-ID: <7.a1@quptime>\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "\r\n"
                        "first =3D line\r\n"
                        ".\r\n"
                        ".two dots\r\n"
                        "trailing blank=20\r\n"
                        "=C3=BCn=C3=AFcode\r\n"
                        "\r\n");
        fixture_close(&f);
}

static void test_security(void) {
        Alert starttls = make_alert("four.test", "starttls"), foreign = make_alert("four.test", "foreign");
        Alert name = make_alert("localhost", "starttls"), plain = make_alert("four.test", "plain");
        Alert open = make_alert("four.test", "starttls");
        Fixture f;

        starttls.smtp_starttls = foreign.smtp_starttls = name.smtp_starttls = plain.smtp_starttls = true;
        starttls.smtp_user = name.smtp_user = (char *) "mailbot";
        starttls.smtp_password = name.smtp_password = (char *) "hunter22secret";

        fixture_open(&f);
        expect_message(&f, &starttls, "ops@four.test", SEND_DELIVERED, NULL);
        expect_message(&f, &foreign, "ops@four.test", SEND_RETRY, NULL);
        expect_message(&f, &name, "ops@four.test", SEND_RETRY, NULL);
        expect_message(&f, &plain, "ops@four.test", SEND_RETRY, "TLS: the relay does not offer STARTTLS");
        expect_message(&f, &open, "ops@four.test", SEND_REFUSED, NULL); /* the relay insists */
        starttls.smtp_password = (char *) "wrong-password";
        expect_message(&f,
                       &starttls,
                       "ops@four.test",
                       SEND_REFUSED,
                       "authentication failed: 535 5.7.8 Authentication credentials invalid");
        fixture_close(&f);

        fixture_open_with(&f, (SenderOptions){ .ca_file = "/nonexistent/ca.pem" });
        expect_message(&f, &starttls, "ops@four.test", SEND_RETRY, "no trusted certificates on this node");
        fixture_close(&f);
}

/* Port 465 is TLS from the first byte; where the tests may not listen there is nothing to see. */
static void test_implicit_tls(void) {
        Alert alert = make_alert("four.test", "implicit");
        Fixture f;

        if (alert.smtp_port != 465) {
                g_test_skip("port 465 is not ours to listen on");
                return;
        }
        alert.smtp_user = (char *) "mailbot";
        alert.smtp_password = (char *) "hunter22secret";
        fixture_open(&f);
        expect_message(&f, &alert, "ops@four.test", SEND_DELIVERED, NULL);
        alert.smtp_starttls = true; /* says nothing more */
        expect_message(&f, &alert, "ops@four.test", SEND_DELIVERED, NULL);
        alert.smtp_host = (char *) "localhost";
        expect_message(&f, &alert, "ops@four.test", SEND_RETRY, NULL);
        fixture_close(&f);
}

static void test_refusals(void) {
        Alert alert = make_alert("127.0.0.1", "plain");
        Fixture f;

        fixture_open(&f);
        expect_message(&f, &alert, "refuse@four.test", SEND_REFUSED, "550 5.1.1 no such user");
        expect_message(&f, &alert, "later@four.test", SEND_RETRY, "450 4.2.0 come back");
        expect_message(&f, &alert, "data550@four.test", SEND_REFUSED, "554 5.7.1 spam");
        expect_message(&f, &alert, "data450@four.test", SEND_RETRY, "451 4.3.0 disk full");
        expect_message(&f, &alert, "drop@four.test", SEND_UNKNOWN, NULL);
        expect_message(&f, &alert, "no address", SEND_REFUSED, NULL);
        expect_message(&f, &alert, "a@b\r\nRCPT TO:<c@d>", SEND_REFUSED, NULL);

        alert.smtp_password = (char *) "hunter22secret"; /* what the relay repeats of it is blotted out */
        expect_message(&f, &alert, "echo@four.test", SEND_REFUSED, "550 you said *** or ***\\x1b[31m");
        fixture_close(&f);
}

static void test_network(void) {
        int closed = make_listener(AF_INET, SOCK_STREAM, -1);
        _cleanup_(closep) int silent = make_listener(AF_INET, SOCK_STREAM, 16);
        Alert alert = make_alert("127.0.0.1", "plain");
        Fixture f;

        fixture_open_with(&f, (SenderOptions){ .mail_deadline_usec = 300 * USEC_PER_MSEC });
        alert.smtp_port = port_of(closed);
        expect_message(&f, &alert, "ops@four.test", SEND_RETRY, "connection refused");
        alert.smtp_port = port_of(silent);
        expect_message(&f, &alert, "ops@four.test", SEND_RETRY, "timeout after 300ms");
        alert.smtp_host = (char *) "nowhere.test";
        expect_message(&f, &alert, "ops@four.test", SEND_RETRY, "resolve: no such host");
        alert = make_alert("127.0.0.1", "plain");
        expect_message(&f, &alert, "hang@four.test", SEND_UNKNOWN, "timeout after 300ms");
        fixture_close(&f);
        (void) close_fd(closed);
}

/* The lead is lost before the message, or before its end: the relay gets none. */
static void test_not_allowed(void) {
        Alert alert = make_alert("127.0.0.1", "plain");
        Message message = make_message();
        g_autofree char *answer = NULL;
        Fixture f;

        fixture_open(&f);
        for (unsigned at = 1; at <= 2; at++) {
                Sent sent = { .refused_at = at };

                sent_start(&f, &alert, "ops@four.test", &message, &sent);
                turn_until(&f, &sent.done);
                g_assert_cmpint(sent.result, ==, SEND_RETRY);
                g_assert_cmpstr(sent.answer, ==, "not sent: no longer this node's to send");
                g_assert_cmpuint(sent.n_asked, ==, at);
                sent_clear(&sent);
        }
        /* the next one to arrive is the next one sent, so none of those did */
        answer = g_strdup_printf("250 2.0.0 queued as %u", n_mails + 1);
        expect_message(&f, &alert, "ops@four.test", SEND_DELIVERED, answer);
        fixture_close(&f);
}

/* A relay that never answers QUIT does not stop the loop. */
static void test_no_goodbye(void) {
        static const char *const recipients[] = { "ops@four.test", "refuse@four.test", "data550@four.test" };
        Alert alert = make_alert("127.0.0.1", "nogoodbye");
        Fixture f;

        fixture_open(&f);
        for (size_t i = 0; i < G_N_ELEMENTS(recipients); i++) {
                (void) loop_longest_turn(f.loop, /* reset= */ true);
                expect_message(&f, &alert, recipients[i], i == 0 ? SEND_DELIVERED : SEND_REFUSED, NULL);
                g_assert_cmpuint(loop_longest_turn(f.loop, /* reset= */ true), <, LOOP_STALL_USEC);
        }
        fixture_close(&f);
}

static void test_cancel(void) {
        Alert alert = make_alert("four.test", "starttls");
        Message message = make_message();
        Fixture f;

        alert.smtp_starttls = true;
        alert.smtp_user = (char *) "mailbot";
        alert.smtp_password = (char *) "hunter22secret";
        for (unsigned turns = 0; turns < 30; turns += 3) {
                Sent sent = {};

                fixture_open(&f);
                sent_start(&f, &alert, "hang@four.test", &message, &sent);
                for (unsigned i = 0; i < turns; i++)
                        (void) loop_turn(f.loop, 2000);
                if (turns % 2)
                        sent.sending = send_cancel(sent.sending);
                fixture_close(&f);
                g_assert_false(sent.done);
        }
        g_assert_null(send_cancel(NULL));
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        begin(SERVER);
        g_test_add_func("/senders/smtp/delivered", test_delivered);
        g_test_add_func("/senders/smtp/security", test_security);
        g_test_add_func("/senders/smtp/implicit-tls", test_implicit_tls);
        g_test_add_func("/senders/smtp/refusals", test_refusals);
        g_test_add_func("/senders/smtp/network", test_network);
        g_test_add_func("/senders/smtp/not-allowed", test_not_allowed);
        g_test_add_func("/senders/smtp/no-goodbye", test_no_goodbye);
        g_test_add_func("/senders/smtp/cancel", test_cancel);
        r = g_test_run();
        end();
        return r;
}
