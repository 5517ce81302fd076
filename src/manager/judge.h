/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The court's hands (alerts/court.h): it feeds it with observations, messages and time, and carries out what
 * it wants at the end of the turn. */

#include "manager/manager.h"
#include "model/observation.h"
#include "verdict/verdict.h"

typedef struct Judge Judge;

int judge_new(Manager *manager, Judge **ret);
Judge *judge_free(Judge *judge);
DEFINE_CLEANUP(Judge, judge_free);

/* a value was committed */
void judge_configure(Judge *judge, const Value *value);
/* who leads changed, or this node gained or lost the lease */
void judge_leadership(Judge *judge);
/* the register named a leader: it wants our latest observations */
void judge_greet(Judge *judge);
/* a new connection to the node */
void judge_connected(Judge *judge, const char *node_id);
/* what this node saw; consumed */
void judge_seen(Judge *judge, Observation *observation);
/* a message about checks; as court_receive() */
int judge_receive(
                Judge *judge,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                char **reterr_text);
/* NULL: no such check; borrowed until the loop turns */
const CheckView *judge_view(Judge *judge, const char *check_id, bool with_votes);
/* what has come of rounds, and this node's own vote; -ENOENT: no such check */
int judge_judgement(Judge *judge, const char *check_id, Judgement *ret);
