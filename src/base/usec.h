/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Time as microseconds. Monotonic instants are CLOCK_BOOTTIME, wall instants CLOCK_REALTIME; names say
 * which. Text forms are those of Go's time.Duration ("1m30s", "250ms") and RFC 3339 in UTC. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_INFINITY ((usec_t) UINT64_MAX)
#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC ((usec_t) 1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)

/* a + b and a - b that stop at the ends instead of wrapping; infinity stays infinity */
usec_t usec_add(usec_t a, usec_t b);
usec_t usec_sub(usec_t a, usec_t b);

/* Parses a Go duration (units ns us µs ms s m h, decimals allowed, no sign but "+"; "0" needs no unit).
 * -EINVAL: not a duration; -ERANGE: negative or over INT64_MAX nanoseconds. Fractions of a microsecond are
 * cut. */
int usec_from_duration(const char *text, usec_t *ret);

/* The text Go's Duration.String() prints: "30s", "1m30s", "1.5s", "0s". Caller frees with g_free(). */
char *usec_to_duration(usec_t usec);

/* Wall clock microseconds since the epoch <-> "2026-05-12T15:01:32Z" (whole seconds when without_fraction,
 * else up to six digits). RFC 3339 has no time after the year 9999: whatever is later is written as its last
 * instant. The parser takes any RFC 3339 offset; -EINVAL otherwise. */
#define RFC3339_LAST_USEC ((usec_t) 253402300799999999)
char *usec_to_rfc3339(usec_t realtime_usec, bool without_fraction);
int usec_from_rfc3339(const char *text, usec_t *ret);
