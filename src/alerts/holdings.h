/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which node holds which named credential, as each has said of itself, and which node is to send. Names
 * only; what is behind a name no node tells another. */

#include <stdbool.h>

#include <glib.h>

#include "base/cleanup.h"
#include "base/usec.h"

typedef struct Holdings Holdings;

/* lifecycle */
Holdings *holdings_new(void);
Holdings *holdings_free(Holdings *holdings);
DEFINE_CLEANUP(Holdings, holdings_free);

/* steps; names: copied, NULL for none; whether that was news */
bool holdings_set(Holdings *holdings, const char *node_id, char *const *names);
void holdings_forget(Holdings *holdings, const char *node_id);

/* questions */
bool holdings_has(const Holdings *holdings, const char *node_id, const char *name);
/* Who makes this attempt (from 1): the holders among `live` take turns, and self is the first of them, so
 * that neither a wrong value nor a closed path of one node keeps a message from leaving. Borrowed from live;
 * NULL: none of them holds it. live: NodeIDs in order. */
const char *
holdings_choose(const Holdings *holdings,
                const char *name,
                const char *self,
                char *const *live,
                uint64_t attempt);
/* holders among live */
unsigned holdings_count(const Holdings *holdings, const char *name, char *const *live);
/* those of live that do not hold it; the caller frees */
char **holdings_lacking(const Holdings *holdings, const char *name, char *const *live);
