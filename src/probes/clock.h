/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The clock of probes and senders: CLOCK_BOOTTIME, read afresh. What the loop remembers of its last wake-up
 * is too coarse for phases. */

#include <time.h>

#include "base/usec.h"

static inline usec_t now_boottime(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}
