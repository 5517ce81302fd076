/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/rehearsal.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "manager/internal.h"
#include "manager/messages.h"
#include "manager/trials.h"
#include "transport/transport.h"
#include "wire/codec.h"

#define REHEARSAL_DEADLINE_USEC (80 * USEC_PER_SEC) /* less than quctl waits */
#define CUT_SHORT "\n    and more, which is left out here"

typedef struct Rehearsal Rehearsal;

typedef struct Part {
        Rehearsal *rehearsal;
        char *alert_id;
        char *name;
        char *text; /* what came of it; NULL: nothing yet */
        bool failed;
} Part;

struct Rehearsal {
        Manager *manager;
        char *check_id;
        NoticeEvent event;
        GPtrArray *parts; /* of Part */
        unsigned n_started;
        unsigned n_running;
        deliveries_tested_t done;
        void *userdata;
};

static void part_free(void *p) {
        Part *part = p;

        g_free(part->alert_id);
        g_free(part->name);
        g_free(part->text);
        g_free(part);
}

static void rehearsal_free(Rehearsal *rehearsal) {
        g_ptr_array_unref(rehearsal->parts);
        g_free(rehearsal->check_id);
        g_free(rehearsal);
}

/* ---- what came of it ---- */

static bool append_part(GString *text, const Part *part) {
        g_auto(GStrv) lines = g_strsplit(part->text, "\n", -1);
        size_t before = text->len;

        for (size_t i = 0; lines[i]; i++)
                if (i == 0)
                        g_string_append_printf(text, "\n    %s: %s", part->name, lines[i]);
                else
                        g_string_append_printf(text, "\n    %s", lines[i]);
        if (text->len <= TEST_TEXT_MAX_BYTES - sizeof CUT_SHORT)
                return true;
        g_string_truncate(text, before);
        g_string_append(text, CUT_SHORT);
        return false;
}

static void settle(Rehearsal *rehearsal) {
        g_autoptr(GString) text = g_string_new(NULL);
        unsigned n = rehearsal->parts->len, n_failed = 0;

        for (unsigned i = 0; i < n; i++)
                n_failed += ((const Part *) g_ptr_array_index(rehearsal->parts, i))->failed;
        if (n_failed > 0)
                g_string_append_printf(text, "%u/%u alerts failed", n_failed, n);
        else
                g_string_append_printf(text, "%u alert%s delivered", n, n == 1 ? "" : "s");
        for (unsigned i = 0; i < n && append_part(text, g_ptr_array_index(rehearsal->parts, i)); i++)
                ;
        rehearsal->done(rehearsal->userdata, n_failed == 0, text->str);
        rehearsal_free(rehearsal);
}

static void go_on(Rehearsal *rehearsal);

static void on_part(void *userdata, bool delivered, const char *text) {
        Part *part = userdata;
        Rehearsal *rehearsal = part->rehearsal;

        part->failed = !delivered;
        part->text = g_strdup(text);
        rehearsal->n_running--;
        go_on(rehearsal);
}

static void start(Rehearsal *rehearsal, Part *part) {
        int r = deliveries_test(
                        rehearsal->manager->deliveries,
                        part->alert_id,
                        &(TestSubject){ .check_id = rehearsal->check_id, .event = rehearsal->event },
                        on_part,
                        part);

        if (r >= 0) {
                rehearsal->n_running++;
                return;
        }
        part->failed = true;
        part->text = g_strdup_printf(
                        "the message cannot be made: %s",
                        r == -ENOENT ? "the check, the alert or its recipients are gone" : g_strerror(-r));
}

static void go_on(Rehearsal *rehearsal) {
        while (rehearsal->n_running < TEST_ALERTS_AT_ONCE && rehearsal->n_started < rehearsal->parts->len)
                start(rehearsal, g_ptr_array_index(rehearsal->parts, rehearsal->n_started++));
        if (rehearsal->n_running == 0)
                settle(rehearsal);
}

/* ---- beginning ---- */

/* -ENOENT: no such check; -ENODATA: no alert hears of it */
static int
rehearse(Manager *m, const char *check_id, NoticeEvent event, deliveries_tested_t done, void *userdata) {
        const Check *check = value_object(m->value, RECORD_CHECK, check_id);
        g_autoptr(GPtrArray) alerts = NULL, effective = NULL;
        Rehearsal *rehearsal;

        if (!check)
                return -ENOENT;
        alerts = value_in_order(m->value, RECORD_ALERT);
        effective = effective_alerts(check, alerts);
        if (effective->len == 0)
                return -ENODATA;

        rehearsal = g_new0(Rehearsal, 1);
        *rehearsal = (Rehearsal){ .manager = m, .event = event, .done = done, .userdata = userdata };
        rehearsal->check_id = g_strdup(check_id);
        rehearsal->parts = g_ptr_array_new_with_free_func(part_free);
        for (guint i = 0; i < effective->len; i++) {
                const Alert *alert = g_ptr_array_index(effective, i);
                Part *part = g_new0(Part, 1);

                part->rehearsal = rehearsal;
                part->alert_id = g_strdup(alert->id);
                part->name = g_strdup(alert->name);
                g_ptr_array_add(rehearsal->parts, part);
        }
        go_on(rehearsal);
        return 0;
}

/* ---- for another node ---- */

static void on_rehearsed(void *userdata, bool delivered, const char *text) {
        g_autofree char *result = codec_encode_text(
                        &test_alert_result_type,
                        &(TestAlertResult){ .delivered = delivered, .text = (char *) text });

        transport_call_reply(userdata, result);
}

void rehearsal_call(Manager *m, const char *from, const char *params, TransportCall *call) {
        _cleanup_(test_check_params_freep) TestCheckParams *decoded = NULL;
        _cleanup_(trial_freep) Trial *trial = NULL;
        g_autofree char *error = NULL;

        if (codec_decode(&test_check_params_type, params, strlen(params), (void **) &decoded, &error) < 0) {
                transport_call_fail(call, error);
                return;
        }
        if (!manager_is_master(m)) {
                transport_call_fail(call, "this node is not the master any more; try again");
                return;
        }
        trial = trial_begin(m->trials, from, on_rehearsed, call, &error);
        if (!trial)
                transport_call_fail(call, error);
        else if (rehearse(m, decoded->check, (NoticeEvent) decoded->event, trial_done, trial) < 0)
                transport_call_fail(call, "no such check, or no alert hears of it");
        else
                TAKE_PTR(trial);
}

/* ---- the verb ---- */

static void answer(Call *call, bool delivered, const char *text) {
        call_answer(call,
                    &(ManagerAnswer){ .outcome = delivered ? CHANGE_DONE : CHANGE_REFUSED, .text = text });
}

static void on_rehearsed_here(void *userdata, bool delivered, const char *text) {
        answer(userdata, delivered, text);
}

static void on_rehearsed_there(void *userdata, int error, const char *result, const char *text) {
        _cleanup_(test_alert_result_freep) TestAlertResult *decoded = NULL;
        Call *call = userdata;

        if (error < 0 ||
            codec_decode(&test_alert_result_type, result, strlen(result), (void **) &decoded, NULL) < 0)
                call_fail(call, CHANGE_REFUSED, "the master did not send it: %s", text ?: "no answer");
        else
                answer(call, decoded->delivered, decoded->text);
}

static void rehearse_here(Manager *m, const char *check_id, NoticeEvent event, Call *call) {
        _cleanup_(trial_freep) Trial *trial = NULL;
        g_autofree char *error = NULL;
        int r;

        trial = trial_begin(m->trials, manager_node_id(m), on_rehearsed_here, call, &error);
        if (!trial) {
                call_fail(call, CHANGE_REFUSED, "%s", error);
                return;
        }
        r = rehearse(m, check_id, event, trial_done, trial);
        if (r < 0)
                call_fail(call, CHANGE_REFUSED, "it cannot be sent: %s", g_strerror(-r));
        else
                TAKE_PTR(trial);
}

static int event_from_state(const char *state) {
        static const struct {
                const char *state;
                NoticeEvent event;
        } table[] = { { "", NOTICE_DOWN },
                      { "down", NOTICE_DOWN },
                      { "recovered", NOTICE_RECOVERED },
                      { "up", NOTICE_UP } };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if (g_ascii_strcasecmp(table[i].state, state) == 0)
                        return (int) table[i].event;
        return -EINVAL;
}

static int rehearse_there(Manager *m, const char *master, const char *check_id, int event, Call *call) {
        g_autofree char *params = codec_encode_text(
                        &test_check_params_type,
                        &(TestCheckParams){ .check = (char *) check_id, .event = event });

        return transport_call(
                        m->transport,
                        master,
                        METHOD_TEST_CHECK,
                        params,
                        /* urgent= */ false,
                        now_boottime() + REHEARSAL_DEADLINE_USEC,
                        on_rehearsed_there,
                        call);
}

static bool hears_nobody(const Manager *m, const Check *check) {
        g_autoptr(GPtrArray) alerts = value_in_order(m->value, RECORD_ALERT), effective = NULL;

        effective = effective_alerts(check, alerts);
        return effective->len == 0;
}

void manager_check_test(
                Manager *m,
                const char *id_or_name,
                const char *state,
                manager_answer_t done,
                void *userdata) {
        Call *call = call_new(m->calls, done, userdata);
        const Check *check = value_check(m->value, id_or_name);
        const char *master = manager_master(m);
        int event = event_from_state(state);

        if (!m->replica)
                call_fail(call, CHANGE_REFUSED, "this node is not initialized: run `quctl init` first");
        else if (!check)
                call_fail(call, CHANGE_NOT_FOUND, "no check named \"%s\"", id_or_name);
        else if (event < 0)
                call_fail(call, CHANGE_INVALID, "state: \"%.64s\" is not one of down, recovered, up", state);
        else if (hears_nobody(m, check))
                call_fail(call,
                          CHANGE_REFUSED,
                          "no alert hears of %s: attach one (`quctl check edit %s --alerts=…`), or make one "
                          "a "
                          "default (`quctl alert default …`)",
                          check->name,
                          check->name);
        else if (!*master)
                call_fail(call, CHANGE_NO_QUORUM, "no quorum: there is no master that could send it");
        else if (manager_is_master(m))
                rehearse_here(m, check->id, (NoticeEvent) event, call);
        else if (rehearse_there(m, master, check->id, event, call) < 0)
                call_fail(call,
                          CHANGE_REFUSED,
                          "the master %s cannot be reached from here; type the command over there",
                          master);
}
