/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "manager/call.h"

typedef struct Seen {
        unsigned n;
        ChangeOutcome outcome;
        char *text;
        char *secret;
} Seen;

static void on_answer(void *userdata, const ManagerAnswer *answer) {
        Seen *seen = userdata;

        seen->n++;
        seen->outcome = answer->outcome;
        g_free(seen->text);
        seen->text = g_strdup(answer->text);
        g_free(seen->secret);
        seen->secret = g_strdup(answer->secret);
}

static void seen_done(Seen *seen) {
        g_free(seen->text);
        g_free(seen->secret);
}

static void turn(sd_event *event) {
        g_assert_cmpint(sd_event_run(event, 0), >=, 0);
}

static void test_answers_once_and_never_from_within(void) {
        sd_event *event = NULL;
        Seen seen = { 0 };
        Calls *calls;
        Call *call;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        calls = calls_new(event);
        call = call_new(calls, on_answer, &seen);
        {
                g_autofree char *text = g_strdup("gone after the call");

                call_answer(call, &(ManagerAnswer){ .outcome = CHANGE_DONE, .text = text, .secret = "s" });
        }
        g_assert_cmpuint(seen.n, ==, 0);
        turn(event);
        g_assert_cmpuint(seen.n, ==, 1);
        g_assert_cmpstr(seen.text, ==, "gone after the call");
        g_assert_cmpstr(seen.secret, ==, "s");
        turn(event);
        g_assert_cmpuint(seen.n, ==, 1);
        calls_free(calls);
        sd_event_unref(event);
        seen_done(&seen);
}

static void test_a_forgotten_caller_hears_nothing(void) {
        sd_event *event = NULL;
        Seen gone = { 0 }, here = { 0 };
        Calls *calls;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        calls = calls_new(event);
        call_fail(call_new(calls, on_answer, &gone), CHANGE_REFUSED, "to %s", "nobody");
        call_fail(call_new(calls, on_answer, &here), CHANGE_NO_QUORUM, "to %s", "somebody");
        calls_forget(calls, &gone);
        turn(event);
        g_assert_cmpuint(gone.n, ==, 0);
        g_assert_cmpuint(here.n, ==, 1);
        g_assert_cmpint(here.outcome, ==, CHANGE_NO_QUORUM);
        g_assert_cmpstr(here.text, ==, "to somebody");
        /* unanswered ones go with the list */
        (void) call_new(calls, on_answer, &here);
        calls_free(calls);
        sd_event_unref(event);
        seen_done(&here);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/call/answers-once-and-never-from-within",
                        test_answers_once_and_never_from_within);
        g_test_add_func("/manager/call/a-forgotten-caller-hears-nothing",
                        test_a_forgotten_caller_hears_nothing);
        return g_test_run();
}
