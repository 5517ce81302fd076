/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/messages.h"

#include "base/limits.h"

static const Field test_alert_params_fields[] = {
        FIELD(TestAlertParams, alert, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
};
const ObjectType test_alert_params_type = OBJECT_TYPE(TestAlertParams, "test", test_alert_params_fields);

static const Field test_alert_result_fields[] = {
        FIELD(TestAlertResult, delivered, FIELD_BOOL, .flags = FIELD_KEEP_EMPTY),
        FIELD(TestAlertResult, text, FIELD_STRING, .max = 2 * RECIPIENTS_MAX * DETAIL_MAX_BYTES),
};
const ObjectType test_alert_result_type = OBJECT_TYPE(TestAlertResult, "test", test_alert_result_fields);

static const Field join_offer_fields[] = {
        FIELD(JoinOffer, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(JoinOffer, version, FIELD_UINT),
        FIELD(JoinOffer, peers, FIELD_LIST, .object = &peer_type, .max = PEERS_MAX),
};
const ObjectType join_offer_type = OBJECT_TYPE(JoinOffer, "offer", join_offer_fields);
