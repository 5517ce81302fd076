/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/trials.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

struct Trial {
        Trials *trials;
        char *node_id;
        deliveries_tested_t done;
        void *userdata;
};

struct Trials {
        GPtrArray *under_way; /* of Trial */
};

Trials *trials_new(void) {
        Trials *trials = g_new0(Trials, 1);

        trials->under_way = g_ptr_array_new();
        return trials;
}

Trials *trials_free(Trials *trials) {
        if (!trials)
                return NULL;

        assert(trials->under_way->len == 0);
        g_ptr_array_unref(trials->under_way);
        g_free(trials);
        return NULL;
}

static unsigned n_of_node(const Trials *trials, const char *node_id) {
        unsigned n = 0;

        for (unsigned i = 0; i < trials->under_way->len; i++)
                n += strcmp(((const Trial *) g_ptr_array_index(trials->under_way, i))->node_id, node_id) ==
                     0;
        return n;
}

Trial *
trial_begin(Trials *trials,
            const char *node_id,
            deliveries_tested_t done,
            void *userdata,
            char **reterr_text) {
        Trial *trial;

        assert(trials);
        assert(node_id);
        assert(done);
        assert(reterr_text);

        if (n_of_node(trials, node_id) >= TESTS_PER_NODE) {
                *reterr_text = g_strdup_printf(
                                "the node that asks has %d test messages under way already; wait until one "
                                "has been answered",
                                TESTS_PER_NODE);
                return NULL;
        }
        if (trials->under_way->len >= TESTS_AT_ONCE) {
                *reterr_text = g_strdup_printf(
                                "%d test messages are under way already; try again in a minute",
                                TESTS_AT_ONCE);
                return NULL;
        }

        trial = g_new0(Trial, 1);
        *trial = (Trial){ .trials = trials, .done = done, .userdata = userdata };
        trial->node_id = g_strdup(node_id);
        g_ptr_array_add(trials->under_way, trial);
        return trial;
}

void trial_done(void *userdata, bool delivered, const char *text) {
        _cleanup_(trial_freep) Trial *trial = userdata;

        trial->done(trial->userdata, delivered, text);
}

Trial *trial_free(Trial *trial) {
        if (!trial)
                return NULL;

        g_ptr_array_remove_fast(trial->trials->under_way, trial);
        g_free(trial->node_id);
        g_free(trial);
        return NULL;
}
