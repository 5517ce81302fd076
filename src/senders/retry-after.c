/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/retry-after.h"

#include <assert.h>
#include <libsoup/soup.h>

#include "base/limits.h"

usec_t retry_after_from_seconds(double seconds) {
        if (!(seconds > 0)) /* and NaN */
                return 0;
        if (seconds >= (double) RETRY_AFTER_MAX_USEC / (double) USEC_PER_SEC)
                return RETRY_AFTER_MAX_USEC;
        return (usec_t) (seconds * (double) USEC_PER_SEC);
}

usec_t retry_after_from_header(const char *value, usec_t now_realtime_usec) {
        g_autoptr(GDateTime) date = NULL;
        char *end;
        double seconds;
        usec_t at;

        assert(value);

        seconds = g_ascii_strtod(value, &end);
        if (end != value && *end == 0)
                return retry_after_from_seconds(seconds);

        date = soup_date_time_new_from_http_string(value);
        if (!date || g_date_time_to_unix(date) < 0)
                return 0;
        at = (usec_t) g_date_time_to_unix(date) * USEC_PER_SEC;
        return MIN(usec_sub(at, now_realtime_usec), RETRY_AFTER_MAX_USEC);
}
