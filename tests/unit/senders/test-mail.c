/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "senders/dialogue.h"
#include "senders/mail.h"
#include "senders/mime.h"
#include "senders/redact.h"
#include "senders/retry-after.h"

static void test_headers(void) {
        static const struct {
                const char *text;
                const char *line;
        } cases[] = {
                { "plain", "Subject: plain\r\n" },
                { "", "Subject:\r\n" },
                { "a\r\nBcc: x@y", "Subject: a  Bcc: x@y\r\n" },
                { "ä", "Subject: =?UTF-8?B?w6Q=?=\r\n" },
                { "=?x?", "Subject: =?UTF-8?B?PT94Pw==?=\r\n" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *line = mime_header("Subject", cases[i].text);

                g_assert_cmpstr(line, ==, cases[i].line);
        }
}

/* Whatever the text: no line over 76, each begins with a blank, and nothing is lost. */
static void test_folding(void) {
        static const char *const pieces[] = {
                "word ", "\xe2\x82\xac", "longwordwithoutanyblank", "\xf0\x9f\x94\xa5 "
        };

        for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
                for (size_t n = 1; n < 40; n++) {
                        g_autoptr(GString) text = g_string_new("x");
                        g_autofree char *header = NULL;
                        g_auto(GStrv) lines = NULL;

                        for (size_t j = 0; j < n; j++)
                                g_string_append(text, pieces[i]);
                        header = mime_header("Subject", text->str);
                        g_assert_true(g_str_has_suffix(header, "\r\n"));
                        lines = g_strsplit(header, "\r\n", -1);
                        for (char **line = lines; *line && **line; line++) {
                                g_assert_cmpuint(strlen(*line), <=, 76);
                                g_assert_true(line == lines || **line == ' ');
                        }
                }
}

static void test_mailboxes(void) {
        static const struct {
                const char *mailbox;
                const char *line;
                const char *address;
        } good[] = {
                { "a@b.test", "To: a@b.test\r\n", "a@b.test" },
                { "<a@b.test>", "To: a@b.test\r\n", "a@b.test" },
                { "Ops Team <a@b.test>", "To: Ops Team <a@b.test>\r\n", "a@b.test" },
                { "a@[192.0.2.1]", "To: a@[192.0.2.1]\r\n", "a@[192.0.2.1]" },
                { "Ops <a@[IPv6:2001:db8::1]>",
                  "To: Ops <a@[IPv6:2001:db8::1]>\r\n",
                  "a@[IPv6:2001:db8::1]" },
                { "\"Ops, Inc.\" <a@b.test>", "To: =?UTF-8?B?T3BzLCBJbmMu?= <a@b.test>\r\n", "a@b.test" },
        };
        static const char *const bad[] = { "",
                                           "a",
                                           "@b",
                                           "a@",
                                           "a b@c",
                                           "a@b\r\nX:",
                                           "a@b, c@d",
                                           "<a@b> c@d",
                                           "a@b\nx <c@d>",
                                           "<a@b",
                                           "<>",
                                           "a@b>c",
                                           "a@b\x7f",
                                           "<a@b><c@d>",
                                           "a@b\u00fc.test",
                                           "\u00fc <\u00fc@b.test>",
                                           "jürgen@b",
                                           "a@bücher.test",
                                           "a@[b c]",
                                           "a@[",
                                           "a@[]",
                                           "a[@b",
                                           "a@b[1]" };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *line = mime_mailbox_header("To", good[i].mailbox);
                g_autofree char *address = mime_address(good[i].mailbox);

                g_assert_cmpstr(line, ==, good[i].line);
                g_assert_cmpstr(address, ==, good[i].address);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_assert_null(mime_address(bad[i]));
                g_assert_null(mime_mailbox_header("To", bad[i]));
        }
}

static void test_quoted_printable(void) {
        static const struct {
                const char *text;
                const char *encoded;
        } cases[] = {
                { "", "" },
                { "a=b\n", "a=3Db\r\n" },
                { "end \n \nx\t", "end=20\r\n=20\r\nx=09" },
                { "\r\n", "=0D\r\n" },
                { "\xc3\xa4", "=C3=A4" },
        };
        g_autofree char *long_text = g_strnfill(200, 'x'), *encoded = mime_quoted_printable(long_text);
        g_auto(GStrv) lines = g_strsplit(encoded, "\r\n", -1);

        for (char **line = lines; *line; line++)
                g_assert_cmpuint(strlen(*line), <=, 76);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *out = mime_quoted_printable(cases[i].text);

                g_assert_cmpstr(out, ==, cases[i].encoded);
        }
}

/* ---- the dialogue ---- */

/* sends all that is due and returns it */
static char *drain(Dialogue *dialogue) {
        GString *out = g_string_new(NULL);
        size_t n;

        for (;;) {
                const char *bytes = dialogue_output(dialogue, &n);

                if (n == 0)
                        return g_string_free(out, FALSE);
                g_string_append_len(out, bytes, 1); /* in the smallest pieces */
                dialogue_sent(dialogue, 1);
        }
}

static void expect_out(Dialogue *dialogue, const char *text) {
        g_autofree char *out = drain(dialogue);

        g_assert_cmpstr(out, ==, text);
}

static void feed(Dialogue *dialogue, const char *text) {
        for (; *text; text++)
                g_assert_cmpint(dialogue_feed(dialogue, text, 1), ==, 0);
}

static void test_dialogue(void) {
        _cleanup_(dialogue_freep) Dialogue *dialogue =
                        dialogue_new("f@x", "t@y", "A: b\r\n\r\n.dot\r\n..\r\nend");

        expect_out(dialogue, "MAIL FROM:<f@x>\r\n");
        feed(dialogue, "250 ok\r\n");
        expect_out(dialogue, "RCPT TO:<t@y>\r\n");
        feed(dialogue, "250-first\r\n250 second\r\n");
        expect_out(dialogue, "DATA\r\n");
        g_assert_false(dialogue_wants_leave(dialogue));
        feed(dialogue, "354 go\r\n");
        g_assert_true(dialogue_wants_leave(dialogue));
        g_assert_false(dialogue_is_complete(dialogue));
        expect_out(dialogue, "A: b\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n");
        g_assert_true(dialogue_is_complete(dialogue));
        g_assert_false(dialogue_is_over(dialogue));
        feed(dialogue, "250-2.0.0\r\n250 queued\r\n");
        g_assert_true(dialogue_is_over(dialogue));
        g_assert_cmpuint(dialogue_code(dialogue), ==, 250);
        g_assert_cmpstr(dialogue_reply(dialogue), ==, "250-2.0.0\n250 queued");
}

/* A refusal at each step, also before we have said all of it; and what is no SMTP. */
static void test_dialogue_refused(void) {
        static const char *const replies[] = { "250 ok\r\n", "250 ok\r\n", "354 go\r\n" };

        for (unsigned step = 0; step <= G_N_ELEMENTS(replies); step++) {
                _cleanup_(dialogue_freep) Dialogue *dialogue = dialogue_new("f@x", "t@y", "m");

                for (unsigned i = 0; i < step; i++) {
                        g_free(drain(dialogue));
                        feed(dialogue, replies[i]);
                }
                feed(dialogue, "421 closing\r\n");
                g_assert_true(dialogue_is_over(dialogue));
                g_assert_cmpuint(dialogue_code(dialogue), ==, 421);
                g_assert_false(dialogue_has_output(dialogue));
        }
}

static void test_dialogue_nonsense(void) {
        static const char *const bad[] = { "hello\r\n", "25\r\n", "999 x\r\n",
                                           "250x\r\n",  "\r\n",   "150 x\r\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                _cleanup_(dialogue_freep) Dialogue *dialogue = dialogue_new("f@x", "t@y", "m");

                g_assert_cmpint(dialogue_feed(dialogue, bad[i], strlen(bad[i])), ==, -EBADMSG);
        }
}

static void test_dialogue_limit(void) {
        _cleanup_(dialogue_freep) Dialogue *line = dialogue_new("f@x", "t@y", "m");
        _cleanup_(dialogue_freep) Dialogue *lines = dialogue_new("f@x", "t@y", "m");
        g_autofree char *filler = g_strnfill(1000, 'x');
        int r = 0;

        for (unsigned i = 0; r == 0 && i < 100; i++)
                r = dialogue_feed(line, filler, 1000);
        g_assert_cmpint(r, ==, -EBADMSG);
        for (r = 0; r == 0;)
                r = dialogue_feed(lines, "250-and so on\r\n", 15);
        g_assert_cmpint(r, ==, -EBADMSG);
}

/* ---- the rest ---- */

static void test_mail(void) {
        Alert alert = { .smtp_from = (char *) "a@b" };
        Message message = {
                .subject = (char *) "s", .message_id = (char *) "x y\r\nz@q", .body = (char *) "b", .date = 0
        };
        g_autofree char *mail = mail_build(&alert, "c@d", &message),
                        *again = mail_build(&alert, "c@d", &message);

        g_assert_cmpstr(mail, ==, again);
        g_assert_nonnull(strstr(mail, "Message-ID: <x_y__z@q>\r\n"));
        g_assert_nonnull(strstr(mail, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"));
        g_assert_null(mail_build(&alert, "nobody", &message));
        alert.smtp_from = NULL;
        g_assert_null(mail_build(&alert, "c@d", &message));
}

static void test_redact(void) {
        Alert alert = {
                .smtp_user = (char *) "u",
                .smtp_password = (char *) "hunter22",
                .discord_webhook = (char *) "https://host/api/webhooks/12/tokentoken",
        };
        static const char *const texts[] = {
                "hunter22",
                "aHVudGVyMjI=",
                "AHUAaHVudGVyMjI=",
                "https://host/api/webhooks/12/tokentoken",
                "/api/webhooks/12/tokentoken",
                "tokentoken",
        };
        Alert none = {};
        g_autofree char *same = redact_alert(&none, "text");

        g_assert_cmpstr(same, ==, "text");
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autofree char *out = redact_alert(&alert, texts[i]);

                g_assert_cmpstr(out, ==, "***");
        }
}

static void test_retry_after(void) {
        usec_t now = UINT64_C(1778598092) * USEC_PER_SEC; /* Tue, 12 May 2026 15:01:32 GMT */

        g_assert_cmpuint(retry_after_from_header("7", now), ==, 7 * USEC_PER_SEC);
        g_assert_cmpuint(retry_after_from_header("1e99", now), ==, RETRY_AFTER_MAX_USEC);
        g_assert_cmpuint(retry_after_from_header("-1", now), ==, 0);
        g_assert_cmpuint(retry_after_from_header("nan", now), ==, 0);
        g_assert_cmpuint(retry_after_from_header("soon", now), ==, 0);
        g_assert_cmpuint(retry_after_from_header("Tue, 12 May 2026 15:02:32 GMT", now), ==, USEC_PER_MINUTE);
        g_assert_cmpuint(retry_after_from_header("Tue, 12 May 2026 15:00:32 GMT", now), ==, 0);
        g_assert_cmpuint(
                        retry_after_from_header("Fri, 12 May 2090 15:00:32 GMT", now),
                        ==,
                        RETRY_AFTER_MAX_USEC);
        g_assert_cmpuint(retry_after_from_seconds(0.5), ==, 500 * USEC_PER_MSEC);
        g_assert_cmpuint(retry_after_from_seconds(INFINITY), ==, RETRY_AFTER_MAX_USEC);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/senders/mail/headers", test_headers);
        g_test_add_func("/senders/mail/folding", test_folding);
        g_test_add_func("/senders/mail/mailboxes", test_mailboxes);
        g_test_add_func("/senders/mail/quoted-printable", test_quoted_printable);
        g_test_add_func("/senders/mail/dialogue", test_dialogue);
        g_test_add_func("/senders/mail/dialogue-refused", test_dialogue_refused);
        g_test_add_func("/senders/mail/dialogue-nonsense", test_dialogue_nonsense);
        g_test_add_func("/senders/mail/dialogue-limit", test_dialogue_limit);
        g_test_add_func("/senders/mail/mail", test_mail);
        g_test_add_func("/senders/mail/redact", test_redact);
        g_test_add_func("/senders/mail/retry-after", test_retry_after);
        return g_test_run();
}
