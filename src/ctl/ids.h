/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ids by their beginnings. An id or name counts as it is; what looks like the beginning of a UUID, four
 * characters at least, stands for the one object whose id begins so, if nothing has exactly that id or
 * name. */

#include "ctl/call.h"

/* What "ListChecks", "ListAlerts", "ListPeers" or "ListTrust" lists. */
ExitStatus objects_list(Context *context, const char *member, const ObjectType **ret_type, GPtrArray **ret);
/* a row's field as text, NULL where it has none of that name; its id */
const char *row_text(const ObjectType *type, const char *field, const void *row);
const char *row_id(const ObjectType *type, const void *row);
/* an id beats a name, as in the daemon; NULL: none */
const void *row_find(const GPtrArray *rows, const ObjectType *type, const char *id_or_name);

/* How many characters of the rows' ids are shown: on a terminal, which is narrow, eight or as many as tell
 * them apart, unless --full wants all; elsewhere all of them. */
int ids_shown(const Context *context, const GPtrArray *rows, const ObjectType *type);

/* One of these members is asked only where typed may be a beginning. *ret
 * is what to send, also where nothing was found: the daemon says that better. Caller frees. STATUS_USAGE:
 * several begin so. */
ExitStatus id_complete(Context *context, const char *member, const char *typed, char **ret);
/* The same in a list that is there already. */
ExitStatus id_complete_in(const GPtrArray *rows, const ObjectType *type, const char *typed, char **ret);
