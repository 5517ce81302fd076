/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The secrets that alerts name and that stay on their nodes: what this node holds of them, what the others
 * say that they hold, and the value itself in the moment of sending. */

#include "manager/manager.h"

typedef struct Credentials Credentials;

Credentials *credentials_new(Manager *manager);
Credentials *credentials_free(Credentials *credentials);
DEFINE_CLEANUP(Credentials, credentials_free);

/* steps */
void credentials_configure(Credentials *credentials, const Value *value);
void credentials_connected(Credentials *credentials, const char *node_id);
void credentials_disconnected(Credentials *credentials, const char *node_id);
int credentials_receive(Credentials *credentials, const char *from, const char *params, char **reterr_text);

/* A copy of the alert with its secret in it, read now; without a credential just a copy. Negative, and a
 * sentence without the secret: this node cannot send it. */
int credentials_resolve(Credentials *credentials, const Alert *alert, Alert **ret, char **reterr_text);

/* questions */
/* Who makes this attempt (from 1): a NodeID, borrowed until the next call; NULL: no live node has it. */
const char *credentials_choose(Credentials *credentials, const Alert *alert, uint64_t attempt);
/* How many take turns; 0: the alert names no credential. */
unsigned credentials_n_holders(Credentials *credentials, const Alert *alert);
char **credentials_lacking(Credentials *credentials, const Alert *alert); /* live nodes; caller frees */
/* Which alerts lack theirs where, for `status`, after another hint; "" for none. Borrowed until the
 * loop turns. */
const char *credentials_hint(Credentials *credentials, const char *other);
