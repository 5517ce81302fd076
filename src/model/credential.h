/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A secret may stand for a systemd credential (systemd.exec(5), "CREDENTIALS"): the document then has only
 * its name, and each node reads the value from its own $CREDENTIALS_DIRECTORY. Fields with FIELD_CREDENTIAL
 * may be such. Outside it is {credential: NAME}; in a struct it is one string that no secret can be, because
 * it begins with a control character. The name itself is not secret. */

#include <stdbool.h>

#include "model/alert.h"

/* systemd's rule: printable ASCII without ':' and '/', at most CREDENTIAL_NAME_MAX_BYTES; and not dots
 * alone */
bool credential_name_is_valid(const char *name);
char *credential_mark(const char *name); /* as it stands in a struct; the caller frees */
/* the name, borrowed from value; NULL: the value is the secret itself, or unset */
const char *credential_of(const char *value);

/* The field that names a credential, NULL for none. An alert has one secret, so there is one at most. */
const Field *alert_credential_field(const Alert *alert);
const char *alert_credential(const Alert *alert); /* its name, borrowed; NULL: none */
