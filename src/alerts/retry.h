/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When a failed delivery is tried again: 5 s, 15 s, 30 s, 1 m, 2 m, 5 m, 10 m, then every 15 m, each up to a
 * tenth later by a jitter that the seed decides, so that a relay that comes back is not met by all at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"

/* attempts: how many have failed, at least 1. retry_after_usec: what the relay asked for (RFC 9110, section
 * 10.2.3; Discord's retry_after), 0 for none: never sooner than that, up to RETRY_AFTER_MAX_USEC; from the
 * fourth failure on also never sooner than the plan, so that a relay that always says "in a second" is not
 * asked so. */
usec_t retry_delay(uint64_t attempts, usec_t retry_after_usec, uint64_t seed);

/* The seed of one recipient's attempt: the same on every node. */
uint64_t retry_seed(const char *notice_id, const char *recipient, uint64_t attempts);

/* Whether an attempt that has just failed was the last: GIVE_UP_USEC have passed since the notice was made.
 * Both instants are wall clocks, maybe of two nodes, and those are set: nothing is given up before the plan
 * has been gone through once (20 minutes), nor tried oftener than fits into GIVE_UP_USEC. */
bool retry_gives_up(usec_t created_usec, usec_t now_usec, uint64_t attempts);
