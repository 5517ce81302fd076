/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the managers of two nodes say to each other besides the register (cluster/message.h) and what is
 * about checks (verdict/messages.h): calls. */

#include "model/peer.h"

#define METHOD_TEST_ALERT "alert.test" /* call to the master: TestAlertParams -> TestAlertResult */
#define METHOD_JOIN_OFFER "join.offer" /* call of an inviter: JoinOffer -> {} : would you join? */
#define METHOD_JOIN_ADOPT "join.adopt" /* JoinOffer -> {} : do it */

typedef struct TestAlertParams {
        char *alert;
} TestAlertParams;
DECLARE_OBJECT(TestAlertParams, test_alert_params);

typedef struct TestAlertResult {
        bool delivered;
        char *text;
} TestAlertResult;
DECLARE_OBJECT(TestAlertResult, test_alert_result);

typedef struct JoinOffer {
        char *cluster_id;
        uint64_t version; /* of the document */
        GPtrArray *peers; /* of Peer: all members, and the invited itself as joining (adopt) */
} JoinOffer;
DECLARE_OBJECT(JoinOffer, join_offer);
