/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the managers of two nodes say to each other besides the register (cluster/message.h) and what is
 * about checks (verdict/messages.h): calls. */

#include "model/field.h"

#define METHOD_TEST_ALERT "alert.test" /* call to the master: TestAlertParams -> TestAlertResult */

typedef struct TestAlertParams {
        char *alert;
} TestAlertParams;
DECLARE_OBJECT(TestAlertParams, test_alert_params);

typedef struct TestAlertResult {
        bool delivered;
        char *text;
} TestAlertResult;
DECLARE_OBJECT(TestAlertResult, test_alert_result);
