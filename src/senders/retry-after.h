/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When a server wants to be asked again; never later than RETRY_AFTER_MAX_USEC from now, 0 for nonsense.
 * Pure. */

#include "base/usec.h"

/* seconds or an HTTP date, RFC 9110 section 10.2.3 */
usec_t retry_after_from_header(const char *value, usec_t now_realtime_usec);
usec_t retry_after_from_seconds(double seconds);
