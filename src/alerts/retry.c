/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/retry.h"

#include <assert.h>
#include <glib.h>

#include "base/limits.h"

static const usec_t plan[] = {
        5 * USEC_PER_SEC,    15 * USEC_PER_SEC,   30 * USEC_PER_SEC,    1 * USEC_PER_MINUTE,
        2 * USEC_PER_MINUTE, 5 * USEC_PER_MINUTE, 10 * USEC_PER_MINUTE, 15 * USEC_PER_MINUTE,
};

enum {
        ATTEMPTS_MAX = G_N_ELEMENTS(plan) + GIVE_UP_USEC / (15 * USEC_PER_MINUTE),
        PLAN_BEATS_RELAY = 4 /* failures, from which on the relay's wish cannot shorten the plan */
};

usec_t retry_delay(uint64_t attempts, usec_t retry_after_usec, uint64_t seed) {
        usec_t planned = plan[MIN(MAX(attempts, 1), G_N_ELEMENTS(plan)) - 1];
        usec_t wished = MIN(retry_after_usec, RETRY_AFTER_MAX_USEC);
        usec_t delay;

        if (wished == 0)
                delay = planned;
        else if (attempts < PLAN_BEATS_RELAY)
                delay = MAX(wished, USEC_PER_SEC);
        else
                delay = MAX(wished, planned);
        return delay + seed % (delay / 10);
}

uint64_t retry_seed(const char *notice_id, const char *recipient, uint64_t attempts) {
        g_autofree char *text = NULL, *hash = NULL;

        assert(notice_id);
        assert(recipient);

        text = g_strdup_printf("%s\n%s\n%" G_GUINT64_FORMAT, notice_id, recipient, attempts);
        hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
        hash[16] = '\0';
        return g_ascii_strtoull(hash, /* endptr= */ NULL, /* base= */ 16);
}

bool retry_gives_up(usec_t created_usec, usec_t now_usec, uint64_t attempts) {
        if (attempts < G_N_ELEMENTS(plan))
                return false;
        return now_usec >= usec_add(created_usec, GIVE_UP_USEC) || attempts >= ATTEMPTS_MAX;
}
