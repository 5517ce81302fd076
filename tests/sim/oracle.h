/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the oracle remembers of the play. Only the oracle's own files read it. */

#include "sim.h"

struct Oracle {
        /* oracle.c */
        GHashTable *leaders;  /* term -> NodeID */
        GHashTable *contents; /* "term/seq" -> hash */
        GHashTable *holders;  /* "term/seq" -> set of NodeIDs that had it on disk */
        GHashTable *numbers;  /* number of a remembered change -> id */
        GHashTable *places;   /* id of a change -> its number */
        Value *newest;        /* committed, that any node has shown */
        uint64_t newest_term, newest_seq;

        /* oracle-verdicts.c */
        GHashTable *rounds;  /* check id -> GPtrArray of Round, in order */
        GHashTable *decided; /* "check/number/state/node/term" -> Value that it was decided on */

        /* oracle-notices.c */
        GHashTable *taken; /* "notice recipient" -> Taken */
        GHashTable *downs; /* "check alert recipient" -> DeliveryState of this outage's DOWN */
        GHashTable *lanes; /* "check alert recipient" -> sequence of the last message */
};

void verdicts_init(Oracle *oracle);
void verdicts_done(Oracle *oracle);
void notices_init(Oracle *oracle);
void notices_done(Oracle *oracle);
/* the value that the transition was decided on; NULL: nobody decided it */
const Value *oracle_base_of(const Oracle *oracle, const CheckStatus *status);
