/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/router.h"
#include "manager/doctor.h"

#include <string.h>

#include "base/names.h"
#include "manager/credentials.h"
#include "manager/delegation.h"
#include "manager/explain.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/membership.h"
#include "manager/messages.h"
#include "manager/rehearsal.h"
#include "manager/replica.h"
#include "manager/trials.h"
#include "wire/codec.h"

#define METHOD_PREFIX_REGISTER "register."
#define TEST_DEADLINE_USEC (75 * USEC_PER_SEC)

/* ---- messages ---- */

static void on_message(void *userdata, const char *from, const char *method, const char *params) {
        Manager *m = userdata;
        g_autofree char *error = NULL;
        int r = 0;

        if (!m->replica)
                return;
        if (g_str_has_prefix(method, METHOD_PREFIX_REGISTER))
                r = replica_receive(m->replica, from, method, params, strlen(params), &error);
        else if (strcmp(method, METHOD_CREDENTIALS) == 0)
                r = credentials_receive(m->credentials, from, params, &error);
        else if (strcmp(method, METHOD_TOLD) == 0)
                r = explain_heard(m, from, params, &error);
        else
                r = judge_receive(m->judge, from, method, params, strlen(params), &error);
        if (r < 0)
                journal_debug("%s of %s was not understood: %s", method, from, error ?: g_strerror(-r));
}

/* ---- calls ---- */

static void on_tested(void *userdata, bool delivered, const char *text) {
        g_autofree char *result = codec_encode_text(
                        &test_alert_result_type,
                        &(TestAlertResult){ .delivered = delivered, .text = (char *) text });

        transport_call_reply(userdata, result);
}

static void test_call(Manager *m, const char *from, const char *params, TransportCall *call) {
        _cleanup_(test_alert_params_freep) TestAlertParams *test = NULL;
        _cleanup_(trial_freep) Trial *trial = NULL;
        g_autofree char *error = NULL;

        if (codec_decode(&test_alert_params_type, params, strlen(params), (void **) &test, &error) < 0) {
                transport_call_fail(call, error);
                return;
        }
        if (!manager_is_master(m)) {
                transport_call_fail(call, "this node is not the master any more; try again");
                return;
        }
        trial = trial_begin(m->trials, from, on_tested, call, &error);
        if (!trial)
                transport_call_fail(call, error);
        else if (deliveries_test(m->deliveries, test->alert, /* subject= */ NULL, trial_done, trial) < 0)
                transport_call_fail(call, "no such alert");
        else
                TAKE_PTR(trial);
}

static void
on_call(void *userdata, const char *from, const char *method, const char *params, TransportCall *call) {
        Manager *m = userdata;

        if (!m->replica)
                transport_call_fail(call, "this node is not initialized");
        else if (strcmp(method, METHOD_DELEGATE) == 0)
                errands_call(deliveries_errands(m->deliveries), from, params, call);
        else if (strcmp(method, METHOD_CLOCK) == 0)
                doctor_clock_call(call);
        else if (strcmp(method, METHOD_EXPLAIN) == 0)
                explain_call(m, params, call);
        else if (strcmp(method, METHOD_TEST_CHECK) == 0)
                rehearsal_call(m, from, params, call);
        else if (strcmp(method, METHOD_TEST_ALERT) == 0)
                test_call(m, from, params, call);
        else
                transport_call_fail(call, "no such method");
}

static void answer_test(Call *call, bool delivered, const char *text) {
        call_answer(call,
                    &(ManagerAnswer){ .outcome = delivered ? CHANGE_DONE : CHANGE_REFUSED, .text = text });
}

static void on_tested_here(void *userdata, bool delivered, const char *text) {
        answer_test(userdata, delivered, text);
}

static void test_here(Manager *m, const char *id_or_name, Call *call) {
        _cleanup_(trial_freep) Trial *trial = NULL;
        g_autofree char *error = NULL;
        int r;

        trial = trial_begin(m->trials, manager_node_id(m), on_tested_here, call, &error);
        if (!trial) {
                call_fail(call, CHANGE_REFUSED, "%s", error);
                return;
        }
        r = deliveries_test(m->deliveries, id_or_name, /* subject= */ NULL, trial_done, trial);
        if (r < 0)
                call_fail(call, CHANGE_REFUSED, "the test message cannot be made: %s", g_strerror(-r));
        else
                TAKE_PTR(trial);
}

static void on_tested_there(void *userdata, int error, const char *result, const char *text) {
        _cleanup_(test_alert_result_freep) TestAlertResult *decoded = NULL;
        Call *call = userdata;

        if (error < 0 ||
            codec_decode(&test_alert_result_type, result, strlen(result), (void **) &decoded, NULL) < 0)
                call_fail(call, CHANGE_REFUSED, "the master did not send it: %s", text ?: "no answer");
        else
                answer_test(call, decoded->delivered, decoded->text);
}

void manager_alert_test(Manager *m, const char *id_or_name, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);
        const char *master = manager_master(m);
        g_autofree char *params = NULL;
        int r;

        if (!m->replica)
                call_fail(call, CHANGE_REFUSED, "this node is not initialized: run `quctl init` first");
        else if (!value_alert(m->value, id_or_name))
                call_fail(call, CHANGE_NOT_FOUND, "no alert named \"%s\"", id_or_name);
        else if (!*master)
                call_fail(call, CHANGE_NO_QUORUM, "no quorum: there is no master that could send it");
        else if (manager_is_master(m))
                test_here(m, id_or_name, call);
        else {
                params = codec_encode_text(
                                &test_alert_params_type, &(TestAlertParams){ (char *) id_or_name });
                r =
                                transport_call(m->transport,
                                               master,
                                               METHOD_TEST_ALERT,
                                               params,
                                               /* urgent= */ false,
                                               now_boottime() + TEST_DEADLINE_USEC,
                                               on_tested_there,
                                               call);
                if (r < 0)
                        call_fail(call,
                                  CHANGE_REFUSED,
                                  "the master %s cannot be reached from here; type the command over there",
                                  master);
        }
}

/* ---- events ---- */

static void on_peer_up(void *userdata, const TransportPeerInfo *info) {
        Manager *m = userdata;

        journal_event(EVENT_PEER_UP,
                      JOURNAL_FIELDS({ JOURNAL_NODE, info->node_id }, { JOURNAL_ADDRESS, info->address }),
                      "connected to peer %s (%s)",
                      info->node_id,
                      info->address);
        if (!m->replica)
                return;
        replica_connected(m->replica, info->node_id);
        judge_connected(m->judge, info->node_id);
        credentials_connected(m->credentials, info->node_id);
}

static void on_peer_down(void *userdata, const char *node_id, const char *reason) {
        Manager *m = userdata;

        journal_event(EVENT_PEER_DOWN,
                      JOURNAL_FIELDS({ JOURNAL_NODE, node_id }, { JOURNAL_DETAIL, reason }),
                      "lost the connection to peer %s: %s",
                      node_id,
                      reason);
        if (m->replica)
                credentials_disconnected(m->credentials, node_id);
}

static void on_barred(void *userdata, const char *node_id, const char *cluster_id, uint64_t version) {
        Manager *m = userdata;
        const ClusterMeta *meta = value_meta(m->value);

        if (meta && strcmp(meta->cluster_id, cluster_id) == 0)
                manager_on_removed(m, node_id, version);
}

static void on_event(void *userdata, const TransportEvent *event) {
        static const Event events[_TRANSPORT_EVENT_KIND_MAX] = {
                [TRANSPORT_EVENT_STRANGER] = EVENT_STRANGER,
                [TRANSPORT_EVENT_FLOOD] = EVENT_STRANGER,
                [TRANSPORT_EVENT_JOIN_FAILED] = EVENT_JOIN_FAILED,
                [TRANSPORT_EVENT_JOIN_PROVEN] = EVENT_JOIN,
                [TRANSPORT_EVENT_BARRED] = EVENT_STRANGER,
                [TRANSPORT_EVENT_WRONG_KEY] = EVENT_WARNING,
                [TRANSPORT_EVENT_REFUSED] = EVENT_WARNING,
                [TRANSPORT_EVENT_UNREACHABLE] = EVENT_PEER_DOWN,
                [TRANSPORT_EVENT_PROTOCOL] = EVENT_WARNING,
        };
        g_autofree char *more =
                        event->suppressed > 0 ? g_strdup_printf(" (and %u more like it)", event->suppressed)
                                              : NULL;

        journal_event(events[event->kind],
                      JOURNAL_FIELDS({ JOURNAL_ADDRESS, event->address },
                                     { JOURNAL_NODE, *event->node_id ? event->node_id : NULL }),
                      "%s: %s%s",
                      event->address,
                      event->text,
                      more ?: "");
}

static void on_join_state(void *userdata, JoinState *state) {
        Manager *m = userdata;

        if (m->membership)
                membership_join_state(m->membership, state);
}

static void
on_join_call(void *userdata,
             const Joiner *joiner,
             const char *method,
             const char *params,
             TransportCall *call) {
        Manager *m = userdata;

        if (m->membership)
                membership_join_call(m->membership, joiner, method, params, call);
        else
                transport_call_fail(call, "not initialized");
}

const TransportCallbacks router_callbacks = {
        .peer_up = on_peer_up,
        .peer_down = on_peer_down,
        .message = on_message,
        .call = on_call,
        .barred = on_barred,
        .event = on_event,
        .join_state = on_join_state,
        .join_call = on_join_call,
};
