/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading the register back at start: every record is decoded and must have its digest, every value its
 * hash. */

#include "store/meta.h"
#include "store/store.h"

/* -EBADMSG and what is wrong in reterr_why */
int load_durable(sqlite3 *db, const Meta *meta, Durable **ret, char **reterr_why);
