/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Secrets are write-only: whoever reads an object sees a mark in their place, and writing the mark back
 * keeps the value. The mark is `{kept: true}` for fields with FIELD_SECRET and `***` for the user
 * information of a check's target; in a struct it is SECRET_KEPT (model/field.h), which no rule accepts as a
 * value. The name of a credential (model/credential.h) is no secret and is left as it is. A field that this
 * version does not know may be one: `{kept: true}`, too. */

#include <stdbool.h>

#include "model/alert.h"
#include "model/field.h"

/* Marks every secret that is set. */
void secret_mask(const ObjectType *type, void *object);
/* Puts base's secrets in the place of the marks. base may be NULL. -ENOKEY and the field when base has no
 * value there, or when user information would go along to another scheme, host or port, or a password to
 * another relay; the object then still holds the mark. */
int secret_resolve(const ObjectType *type, void *object, const void *base, const Field **reterr_field);
bool secret_is_mark(const char *value);
/* The one rule of targets, for whoever reads them elsewhere than in a document: `***` keeps base's user
 * information for the same scheme, host and port, else NULL. Caller frees. */
bool secret_target_is_masked(const char *target);
char *secret_keep_user(const char *target, const char *base);
/* The one rule of mail, likewise: a password that is kept goes to the same smtp_host and smtp_port as
 * before, and not without the smtp_starttls that it went with. A credential is none: whoever may change an
 * alert may name it. */
bool secret_password_strays(const Alert *base, const Alert *edited);
/* the sentence about that; static */
const char *secret_nothing_kept(const Field *field);
