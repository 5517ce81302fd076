/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes <-> objects, by the tables of model/field.h. JSON as RFC 8259 says and nothing more: before
 * json-glib sees bytes they are walked once by json_guard(), because json-glib accepts far more than JSON
 * and crashes on deep nesting. Decoding is all or nothing. */

#include <glib.h>

#include "model/field.h"

/* Walks size bytes: one JSON value, UTF-8, depth <= DEPTH_MAX_JSON, no duplicate keys in an object, no NUL
 * (neither raw nor \u0000), no lone surrogates, integers within int64. -EBADMSG, and a sentence in reterr.
 */
int json_guard(const char *bytes, size_t size, char **reterr_text);

/* Canonical: fields in the order of the table, empty ones left out unless FIELD_KEEP_EMPTY, the members of
 * FIELD_EXTRA last, no white space. The same object gives the same bytes everywhere. */
void codec_encode(const ObjectType *type, const void *object, GString *s);
char *codec_encode_text(const ObjectType *type, const void *object); /* caller frees */

/* Guards, parses and checks types, limits (field->max), names of enumerations and FIELD_REQUIRED. Members
 * that the table does not know go to its FIELD_EXTRA, or are ignored. -EBADMSG and a sentence that names the
 * field
 * ("check.interval: not a duration") in reterr_text, which the caller frees. */
int codec_decode(const ObjectType *type, const char *bytes, size_t size, void **ret, char **reterr_text);
