/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The credentials that systemd gave this service: a file each in $CREDENTIALS_DIRECTORY (systemd.exec(5),
 * "CREDENTIALS"). They are read when they are needed and kept nowhere. */

#include "base/secret.h"

/* directory: NULL where there is none. One line end after the value is no part of it. -ENOENT: not there;
 * -EFBIG: over SECRET_FIELD_MAX_BYTES; -EBADMSG: empty, not UTF-8 or with control characters; or what
 * reading brought. The sentence names the credential and never its value; the caller frees it
 * with secret_free(). */
int credential_read(const char *directory, const char *name, char **ret, char **reterr_text);
