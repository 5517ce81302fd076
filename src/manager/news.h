/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a newly committed value means for people: entries for the journal and calls of the observer. Entries
 * of a large commit are written in portions, between which the loop turns, and before those of the next
 * one. */

#include "manager/manager.h"

typedef struct News News;

News *news_new(Manager *manager);
/* what is left to tell is told */
News *news_free(News *news);

/* Before the manager shows `after`: removals, while what goes can still be looked up. */
void news_before(Manager *manager, const Delta *delta);
/* After: additions, changes, transitions, deliveries. */
void news_after(News *news, Delta *delta_consumed, const Value *before, const Value *after);
