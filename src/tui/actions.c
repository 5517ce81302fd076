/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/actions.h"

#include <assert.h>
#include <string.h>

#include "tui/edits.h"
#include "tui/popup.h"
#include "tui/why-view.h"

#define ON_PEERS (1u << TAB_PEERS)
#define ON_CHECKS (1u << TAB_CHECKS)
#define ON_ALERTS (1u << TAB_ALERTS)

/* ---- an answer ---- */

/* What is said when the daemon has done it. */
typedef struct Errand {
        Desk *desk;
        char *done_text;
} Errand;

G_GNUC_PRINTF(2, 3)
static Errand *errand_new(Desk *desk, const char *format, ...) {
        Errand *errand = g_new0(Errand, 1);
        va_list ap;

        errand->desk = desk;
        va_start(ap, format);
        errand->done_text = g_strdup_vprintf(format, ap);
        va_end(ap);
        return errand;
}

static Errand *errand_free(Errand *errand) {
        g_free(errand->done_text);
        g_free(errand);
        return NULL;
}

static void on_done(const char *error, sd_bus_message *reply, void *userdata) {
        Errand *errand = userdata;

        errand->desk->say(errand->desk->userdata, !error, error ?: errand->done_text);
        (void) errand_free(errand);
}

static int fill_text(sd_bus_message *request, void *userdata) {
        return sd_bus_message_append_basic(request, 's', userdata);
}

/* ---- enable, disable ---- */

static void switch_row(Desk *desk, Tab tab, const void *row) {
        const bool is_check = tab == TAB_CHECKS;
        const bool disabled =
                        is_check ? ((const CheckRow *) row)->disabled : ((const AlertRow *) row)->disabled;
        const char *id = is_check ? ((const CheckRow *) row)->id : ((const AlertRow *) row)->id;
        const char *name = is_check ? ((const CheckRow *) row)->name : ((const AlertRow *) row)->name;

        feed_call(desk->feed,
                  is_check ? (disabled ? "EnableCheck" : "DisableCheck")
                           : (disabled ? "EnableAlert" : "DisableAlert"),
                  /* bits= */ 0,
                  fill_text,
                  (void *) id,
                  on_done,
                  errand_new(desk,
                             "%s %s is %s",
                             is_check ? "check" : "alert",
                             name,
                             disabled ? "enabled" : "disabled"));
}

/* ---- the default flag ---- */

static int fill_default(sd_bus_message *request, void *userdata) {
        const AlertRow *alert = userdata;

        return sd_bus_message_append(
                        request,
                        "sa{sv}",
                        alert->id,
                        2,
                        "default",
                        "b",
                        (int) !alert->is_default,
                        "revision",
                        "t",
                        alert->revision);
}

static void toggle_default(Desk *desk, Tab tab, const void *row) {
        const AlertRow *alert = row;

        feed_call(desk->feed,
                  "EditAlert",
                  /* bits= */ 0,
                  fill_default,
                  (void *) alert,
                  on_done,
                  errand_new(desk,
                             alert->is_default ? "alert %s is no default any more"
                                               : "alert %s is a default now",
                             alert->name));
}

/* ---- a test message ---- */

static void on_tested(const char *error, sd_bus_message *reply, void *userdata) {
        Errand *errand = userdata;
        g_autofree char *text = NULL;
        const char *answer;

        if (!error && sd_bus_message_read_basic(reply, 's', &answer) >= 0 && *answer)
                text = g_strdup_printf(
                                "%s:%s%s", errand->done_text, strchr(answer, '\n') ? "\n" : " ", answer);
        errand->desk->say(errand->desk->userdata, !error, error ?: text ?: errand->done_text);
        (void) errand_free(errand);
}

static void test_alert(Desk *desk, Tab tab, const void *row) {
        const AlertRow *alert = row;
        g_autofree char *begun = g_strdup_printf("sending a test message by %s …", alert->name);

        desk->say(desk->userdata, /* is_good= */ true, begun);
        feed_call(desk->feed,
                  "TestAlert",
                  CALL_LONG,
                  fill_text,
                  alert->id,
                  on_tested,
                  errand_new(desk, "test message sent by %s", alert->name));
}

/* ---- an invented transition ---- */

static const char *const test_states[] = { "down", "recovered", "up", NULL };

typedef struct CheckTest {
        Desk *desk;
        char *id;
        char *name;
        const char *state;
} CheckTest;

static void check_test_free(void *userdata) {
        CheckTest *test = userdata;

        g_free(test->id);
        g_free(test->name);
        g_free(test);
}

static int fill_test(sd_bus_message *request, void *userdata) {
        const CheckTest *test = userdata;

        return sd_bus_message_append(request, "ss", test->id, test->state);
}

static void on_state(unsigned i, void *userdata) {
        CheckTest *test = userdata;
        Desk *desk = test->desk;
        g_autofree char *begun = NULL;

        test->state = test_states[i];
        begun = g_strdup_printf("telling the alerts of %s that it is %s …", test->name, test->state);
        desk->say(desk->userdata, /* is_good= */ true, begun);
        feed_call(desk->feed,
                  "TestCheck",
                  CALL_LONG,
                  fill_test,
                  test,
                  on_tested,
                  errand_new(desk, "test of %s sent", test->name));
}

static void test_check(Desk *desk, Tab tab, const void *row) {
        const CheckRow *check = row;
        CheckTest *test = g_new0(CheckTest, 1);

        test->desk = desk;
        test->id = g_strdup(check->id);
        test->name = g_strdup(check->name);
        dialogs_push(desk->dialogs,
                     picker_new("Tell its alerts, as a test, that it is",
                                test_states,
                                on_state,
                                test,
                                check_test_free));
}

/* ---- the table ---- */

const Action actions[] = {
        { '\r', ON_CHECKS, true, "why", NULL, "checks: why it is as it is", why_open },
        { 'a',
          ON_PEERS | ON_CHECKS | ON_ALERTS,
          false,
          "add",
          NULL,
          "add a node, check or alert",
          edit_add },
        { 'e', ON_PEERS | ON_CHECKS | ON_ALERTS, true, "edit", NULL, "edit what is selected", edit_change },
        { 'd',
          ON_PEERS | ON_CHECKS | ON_ALERTS,
          true,
          "remove",
          "del",
          "remove what is selected, after a question",
          edit_remove },
        { 't',
          ON_CHECKS,
          true,
          "test",
          NULL,
          "checks: tell its alerts, as a test, that it is down or up",
          test_check },
        { 't', ON_ALERTS, true, "test", NULL, "alerts: send a test message", test_alert },
        { 'D',
          ON_ALERTS,
          true,
          "default",
          NULL,
          "alerts: make it a default one, or no more",
          toggle_default },
        { 'x',
          ON_CHECKS | ON_ALERTS,
          true,
          "on/off",
          NULL,
          "checks, alerts: disable, or enable",
          switch_row },
        {},
};

const Action *action_find(Tab tab, gunichar key) {
        for (const Action *action = actions; action->key; action++)
                if (action->key == key && action->tabs & 1u << tab)
                        return action;
        return NULL;
}
