/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A relay may repeat what it was told, the password's base64 included: none of an alert's secrets is in the
 * text that comes out. */

#include "model/alert.h"

/* callers free */
char *redact_alert(const Alert *alert, const char *text);
/* and made fit to be shown (probes/detail.h) */
char *redact_answer(const Alert *alert, const char *text);
