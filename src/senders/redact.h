/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A relay may repeat what it was told, the password's base64 included: none of an alert's secrets is in the
 * text that comes out. */

#include "model/alert.h"

/* caller frees */
char *redact_alert(const Alert *alert, const char *text);
