/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The test messages that the master has under way, `alert test` and `check test` alike, and which node asked
 * for each. Every member may ask, and a relay that says nothing is waited for for a minute: so they are
 * limited, for each node that asks (TESTS_PER_NODE) and in all (TESTS_AT_ONCE). */

#include "base/cleanup.h"
#include "manager/deliveries.h"

typedef struct Trials Trials;
typedef struct Trial Trial;

Trials *trials_new(void);
/* none is under way any more */
Trials *trials_free(Trials *trials);

/* The node's test may begin, and counts until trial_done(). NULL: too many are under way, and a sentence
 * that says what to do, which the caller frees. done: see trial_done() */
Trial *
trial_begin(Trials *trials,
            const char *node_id,
            deliveries_tested_t done,
            void *userdata,
            char **reterr_text);
/* a deliveries_tested_t with the trial as its userdata: frees it and calls done */
void trial_done(void *userdata, bool delivered, const char *text);
/* It did not begin: done is not called. */
Trial *trial_free(Trial *trial);
DEFINE_CLEANUP(Trial, trial_free);
