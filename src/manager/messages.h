/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the managers of two nodes say to each other besides the register (cluster/message.h) and what is
 * about checks (verdict/messages.h): calls. */

#include "alerts/told.h"
#include "model/peer.h"

#define METHOD_TEST_ALERT "alert.test"         /* call to the master: TestAlertParams -> TestAlertResult */
#define METHOD_CREDENTIALS "alert.credentials" /* message to all: CredentialsHeld */
#define METHOD_DELEGATE "alert.deliver"        /* call of the master: DelegateParams -> DelegateResult */
#define METHOD_EXPLAIN "check.explain"         /* call to any member: ExplainParams -> Explanation */
#define METHOD_TOLD "check.told"               /* message to all, of who sent: ToldParams */
#define METHOD_TEST_CHECK "check.test"         /* call to the master: TestCheckParams -> TestAlertResult */
#define METHOD_CLOCK "node.clock"              /* call to any member: {} -> ClockResult */
#define METHOD_JOIN_OFFER "join.offer"         /* call of an inviter: JoinOffer -> {} : would you join? */
#define METHOD_JOIN_ADOPT "join.adopt"         /* JoinOffer -> {} : do it */

typedef struct TestAlertParams {
        char *alert;
} TestAlertParams;
DECLARE_OBJECT(TestAlertParams, test_alert_params);

typedef struct TestAlertResult {
        bool delivered;
        char *text;
} TestAlertResult;
DECLARE_OBJECT(TestAlertResult, test_alert_result);

/* What the receiver knows about a check by itself: alerts/explanation.h. */
typedef struct ExplainParams {
        char *check; /* its id */
} ExplainParams;
DECLARE_OBJECT(ExplainParams, explain_params);

/* What came of an attempt: alerts/told.h. */
typedef struct ToldParams {
        char *check; /* its id */
        Telling *telling;
} ToldParams;
DECLARE_OBJECT(ToldParams, told_params);

typedef struct TestCheckParams {
        char *check;
        int event; /* NoticeEvent */
} TestCheckParams;
DECLARE_OBJECT(TestCheckParams, test_check_params);

/* What time it is where the call came to; how long that took is the caller's to measure. */
typedef struct ClockResult {
        usec_t realtime;
} ClockResult;
DECLARE_OBJECT(ClockResult, clock_result);

/* Which of the credentials that alerts name the sender holds: names only. */
typedef struct CredentialsHeld {
        char **names;
} CredentialsHeld;
DECLARE_OBJECT(CredentialsHeld, credentials_held);

/* An attempt that the receiver is to make; see delegation.h. */
typedef struct DelegateParams {
        uint64_t term;
        char *notice; /* its id; of a test the id it is to have */
        char *recipient;
        uint64_t attempt; /* from 1 */
        usec_t within;    /* from now on, for the last bytes to leave */
        bool is_test;
        char *alert; /* of a test, its id */
        char *check; /* of a test about a real check, its id; else the invented one */
        int event;   /* of such a test: NoticeEvent */
        usec_t when; /* of a test */
} DelegateParams;
DECLARE_OBJECT(DelegateParams, delegate_params);

typedef struct DelegateResult {
        int result; /* SendResult */
        usec_t retry_after;
        char *answer; /* secrets removed */
} DelegateResult;
DECLARE_OBJECT(DelegateResult, delegate_result);

typedef struct JoinOffer {
        char *cluster_id;
        uint64_t version; /* of the document */
        GPtrArray *peers; /* of Peer: all members, and the invited itself as joining (adopt) */
} JoinOffer;
DECLARE_OBJECT(JoinOffer, join_offer);
