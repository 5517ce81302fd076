/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known about a check right now, as people see it in `status`. The master makes it from the votes
 * and pushes it to the followers when it changed; there it is shown from the local copy, with every age
 * grown by the time that has passed. Ages, not instants, because the nodes share no clock. */

#include "model/check.h"
#include "model/observation.h"

typedef struct CheckView {
        char *check_id;
        CheckState state; /* committed */
        bool live;        /* votes are the master's; false: no master, only the committed state is known */
        bool suspect;     /* a fresh vote contradicts the state; rounds are on their way */
        uint64_t total;   /* configured voters */
        uint64_t ok;      /* fresh votes that say so */
        uint64_t not_ok;
        uint64_t abstained;
        bool stale;       /* no majority of fresh votes (ok or failed) */
        usec_t stale_for; /* age: since when that is so */
        char *detail;     /* of the failing voters and of the abstaining ones, at most DETAIL_MAX_BYTES */
        GPtrArray *votes; /* of Vote in the order of NodeIDs, each observation with its age; `at` is not
                             filled */
} CheckView;
DECLARE_OBJECT(CheckView, check_view);

/* One numbered round of a check, as the master remembers it. */
typedef struct RoundView {
        uint64_t number;
        bool open;   /* answers still count */
        usec_t age;  /* since it was opened */
        uint64_t ok; /* answers */
        uint64_t not_ok;
        uint64_t abstained;
        uint64_t silent; /* voters that have not answered */
        char *said;      /* "up" or "down": what a majority of the voters said; "" when none did */
} RoundView;
DECLARE_OBJECT(RoundView, round_view);

GPtrArray *check_view_list_new(void); /* frees its elements */
/* "up", "down (stale 4m)", "unknown"; caller frees. An unknown state cannot be stale. */
char *check_view_state_text(const CheckView *view);
/* the ages grow by usec */
void check_view_age(CheckView *view, usec_t usec);
