/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a newly committed value means for people: entries for the journal and calls of the observer. */

#include "manager/manager.h"

/* Before the manager shows `after`: removals, while what goes can still be looked up. */
void news_before(Manager *manager, const Delta *delta);
/* After: additions, changes, transitions, deliveries. */
void news_after(Manager *manager, const Delta *delta, const Value *before, const Value *after);
