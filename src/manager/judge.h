/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verdict room's hands: votes in, rounds and transitions out, and the views that a master pushes to the
 * followers at most once a second. */

#include "manager/manager.h"
#include "model/observation.h"

typedef struct Judge Judge;

int judge_new(Manager *manager, Judge **ret);
Judge *judge_free(Judge *judge);
DEFINE_CLEANUP(Judge, judge_free);

/* a value was committed */
void judge_configure(Judge *judge, const Value *value);
/* who leads changed, or this node gained or lost the lease */
void judge_leadership(Judge *judge);
/* consumed; node_id: whose connection carried it, or our own */
void judge_observe(Judge *judge, const char *node_id, Observation *observation);
/* the master's push; params as they came. -EBADMSG. */
int judge_views(Judge *judge, const char *node_id, const char *params, size_t size);
/* its connection is new: it is told everything again */
void judge_peer_up(Judge *judge, const char *node_id);
/* our latest observations, of Observation; the caller's */
GPtrArray *judge_own_observations(Judge *judge);
/* NULL: no such check; borrowed until the loop turns */
const CheckView *judge_view(Judge *judge, const char *check_id, bool with_votes);
