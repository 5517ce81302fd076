/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/timing.h"

#include <errno.h>
#include <glib.h>

static Timing current;
static bool is_set;

static const struct {
        const char *word;
        usec_t *value;
} words[] = {
        { "election", &current.cluster.election_default },
        { "election-min", &current.cluster.election_min },
        { "heartbeat", &current.cluster.heartbeat },
        { "dead-after", &current.cluster.dead_after },
        { "settle", &current.cluster.settle },
        { "confirm-delay", &current.verdict.confirm_delay },
        { "round-slack", &current.verdict.round_slack },
        { "stale-min", &current.verdict.stale_min },
        { "invite", &current.invite },
};

const Timing *timing(void) {
        if (!is_set) {
                current = (Timing){
                        .cluster = CLUSTER_TIMING_DEFAULT,
                        .verdict = verdict_timing_default,
                        .invite = USEC_PER_MINUTE,
                };
                is_set = true;
        }
        return &current;
}

static usec_t *find(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                if (g_str_equal(words[i].word, word))
                        return words[i].value;
        return NULL;
}

int timing_set(const char *text, char **reterr_text) {
        g_auto(GStrv) parts = NULL;

        (void) timing();
        if (!text)
                return 0;

        parts = g_strsplit(text, ",", -1);
        for (char **p = parts; *p; p++) {
                g_auto(GStrv) pair = g_strsplit(*p, "=", 2);
                usec_t *value = pair[0] ? find(pair[0]) : NULL;

                if (!value || !pair[1] || usec_from_duration(pair[1], value) < 0) {
                        *reterr_text = g_strdup_printf(
                                        "QUPTIME_TIMING: \"%s\" is no word=duration known here", *p);
                        return -EINVAL;
                }
        }
        return 0;
}
