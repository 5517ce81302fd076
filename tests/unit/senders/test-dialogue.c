/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/dialogue.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static Dialogue *begin(void) {
        return dialogue_new("q@example.org", "ops@example.org", "Subject: x\r\n\r\n.body\r\n");
}

/* what goes out, all of it */
static char *sent(Dialogue *dialogue) {
        GString *all = g_string_new(NULL);

        while (dialogue_has_output(dialogue)) {
                size_t n;
                const char *out = dialogue_output(dialogue, &n);

                g_string_append_len(all, out, (gssize) n);
                dialogue_sent(dialogue, n);
        }
        return g_string_free(all, FALSE);
}

static void says(Dialogue *dialogue, const char *reply) {
        g_assert_cmpint(dialogue_feed(dialogue, reply, strlen(reply)), ==, 0);
}

static void expect(Dialogue *dialogue, const char *command) {
        g_autofree char *all = sent(dialogue);

        g_assert_cmpstr(all, ==, command);
}

static void test_taken(void) {
        _cleanup_(dialogue_freep) Dialogue *dialogue = begin();

        expect(dialogue, "MAIL FROM:<q@example.org>\r\n");
        says(dialogue, "250 ok\r\n");
        expect(dialogue, "RCPT TO:<ops@example.org>\r\n");
        says(dialogue, "250-first\r\n250 last\r\n");
        expect(dialogue, "DATA\r\n");
        says(dialogue, "354 go\r\n");
        expect(dialogue, "Subject: x\r\n\r\n..body\r\n.\r\n");
        says(dialogue, "250-2.0.0 Ok:\r\n250 2.0.0 queued\r\n");
        g_assert_true(dialogue_is_over(dialogue));
        g_assert_cmpuint(dialogue_code(dialogue), ==, 250);
        g_assert_cmpstr(dialogue_reply(dialogue), ==, "250-2.0.0 Ok:\n250 2.0.0 queued");
}

/* a relay that answers what it was not asked has delivered nothing */
static void test_answers_in_advance(void) {
        _cleanup_(dialogue_freep) Dialogue *dialogue = begin();

        g_free(sent(dialogue));
        says(dialogue, "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n");
        g_assert_true(dialogue_is_over(dialogue));
        g_assert_cmpuint(dialogue_code(dialogue), ==, 400);
}

static void test_refusal_in_advance(void) {
        _cleanup_(dialogue_freep) Dialogue *dialogue = begin();

        says(dialogue, "421 4.3.2 going down\r\n");
        g_assert_true(dialogue_is_over(dialogue));
        g_assert_cmpuint(dialogue_code(dialogue), ==, 421);
}

static void test_no_reply(void) {
        _cleanup_(dialogue_freep) Dialogue *dialogue = begin();

        g_assert_cmpint(dialogue_feed(dialogue, "HTTP/1.1 400\r\n", 14), ==, -EBADMSG);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dialogue/taken", test_taken);
        g_test_add_func("/dialogue/answers-in-advance", test_answers_in_advance);
        g_test_add_func("/dialogue/refusal-in-advance", test_refusal_in_advance);
        g_test_add_func("/dialogue/no-reply", test_no_reply);
        return g_test_run();
}
