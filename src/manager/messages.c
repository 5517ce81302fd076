/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/messages.h"

#include "base/limits.h"
#include "model/notice.h"
#include "senders/sender.h"

static const Field test_alert_params_fields[] = {
        FIELD(TestAlertParams, alert, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
};
const ObjectType test_alert_params_type = OBJECT_TYPE(TestAlertParams, "test", test_alert_params_fields);

static const Field test_alert_result_fields[] = {
        FIELD(TestAlertResult, delivered, FIELD_BOOL, .flags = FIELD_KEEP_EMPTY),
        FIELD(TestAlertResult, text, FIELD_STRING, .max = TEST_TEXT_MAX_BYTES),
};
const ObjectType test_alert_result_type = OBJECT_TYPE(TestAlertResult, "test", test_alert_result_fields);

static const Field clock_result_fields[] = {
        FIELD(ClockResult, realtime, FIELD_USEC, .flags = FIELD_REQUIRED),
};
const ObjectType clock_result_type = OBJECT_TYPE(ClockResult, "clock", clock_result_fields);

static const Field explain_params_fields[] = {
        FIELD(ExplainParams, check, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
};
const ObjectType explain_params_type = OBJECT_TYPE(ExplainParams, "question", explain_params_fields);

static const Field told_params_fields[] = {
        FIELD(ToldParams, check, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(ToldParams, telling, FIELD_OBJECT, .object = &telling_type, .flags = FIELD_REQUIRED),
};
const ObjectType told_params_type = OBJECT_TYPE(ToldParams, "delivery", told_params_fields);

static const Field test_check_params_fields[] = {
        FIELD(TestCheckParams, check, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(TestCheckParams,
              event,
              FIELD_ENUM,
              .names = &notice_event_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
};
const ObjectType test_check_params_type = OBJECT_TYPE(TestCheckParams, "test", test_check_params_fields);

static const Field credentials_held_fields[] = {
        FIELD(CredentialsHeld, names, FIELD_STRV, .max = ALERTS_MAX),
};
const ObjectType credentials_held_type =
                OBJECT_TYPE(CredentialsHeld, "credentials", credentials_held_fields);

static const Field delegate_params_fields[] = {
        FIELD(DelegateParams, term, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(DelegateParams, notice, FIELD_STRING, .flags = FIELD_REQUIRED),
        FIELD(DelegateParams, recipient, FIELD_STRING, .flags = FIELD_REQUIRED),
        FIELD(DelegateParams, attempt, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(DelegateParams, within, FIELD_USEC, .flags = FIELD_REQUIRED),
        FIELD_AS("test", DelegateParams, is_test, FIELD_BOOL),
        FIELD(DelegateParams, alert, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(DelegateParams, check, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(DelegateParams, event, FIELD_ENUM, .names = &notice_event_table),
        FIELD(DelegateParams, when, FIELD_USEC),
};
const ObjectType delegate_params_type = OBJECT_TYPE(DelegateParams, "delivery", delegate_params_fields);

static const char *const result_names[] = {
        [SEND_DELIVERED] = "delivered",
        [SEND_RETRY] = "retry",
        [SEND_REFUSED] = "refused",
        [SEND_UNKNOWN] = "unknown",
};
static const StrTab result_table = { result_names, G_N_ELEMENTS(result_names) };

static const Field delegate_result_fields[] = {
        FIELD(DelegateResult,
              result,
              FIELD_ENUM,
              .names = &result_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(DelegateResult, retry_after, FIELD_USEC),
        FIELD(DelegateResult, answer, FIELD_STRING),
};
const ObjectType delegate_result_type = OBJECT_TYPE(DelegateResult, "delivery", delegate_result_fields);

static const Field join_offer_fields[] = {
        FIELD(JoinOffer, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(JoinOffer, version, FIELD_UINT),
        FIELD(JoinOffer, peers, FIELD_LIST, .object = &peer_type, .max = PEERS_MAX),
};
const ObjectType join_offer_type = OBJECT_TYPE(JoinOffer, "offer", join_offer_fields);
