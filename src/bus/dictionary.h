/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Dictionaries of the bus (a{sv}) <-> objects, by the tables of model/field.h. Outside a duration is a text,
 * an enumeration its name, a list of texts `as`, a whole number `t`; read are all integer types. A secret
 * that is set reads as {kept: true} and, given so, is left as it is. What is not known is an error, with the
 * nearest name. */

#include <systemd/sd-bus.h>

#include "model/field.h"

typedef enum DictionaryFlags {
        DICTIONARY_EDIT = 1 << 0 /* secrets may be kept; `revision` is accepted */
} DictionaryFlags;

typedef struct Dictionary {
        const ObjectType *type;
        void *object;      /* with the fields that were given */
        GPtrArray *fields; /* their names, borrowed from the table; without secrets that are kept */
        uint64_t revision; /* 0: none given */
} Dictionary;

Dictionary *dictionary_free(Dictionary *dictionary);
DEFINE_CLEANUP(Dictionary, dictionary_free);

/* reading */

/* Reads one a{sv} at the message's place. A negative errno with reterr set: BUS_ERROR_INVALID for what the
 * caller got wrong. Never repeats a value of a secret. */
int dictionary_read(
                sd_bus_message *message,
                const ObjectType *type,
                unsigned flags,
                Dictionary **ret,
                sd_bus_error *reterr);
bool dictionary_has(const Dictionary *dictionary, const char *field);
/* forgets that the field was given */
void dictionary_drop(Dictionary *dictionary, const char *field);

/* writing: entries of an open a{sv} container, or (row) the whole a{sv}. A list of objects is aa{sv}. Always
 * there are bools, enumerations and lists; of the rest what is empty is left out. */
int dictionary_append(sd_bus_message *reply, const ObjectType *type, const void *object);
int dictionary_append_row(sd_bus_message *reply, const ObjectType *type, const void *object);
int dictionary_append_string(sd_bus_message *reply, const char *key, const char *value); /* NULL: "" */
int dictionary_append_uint(sd_bus_message *reply, const char *key, uint64_t value);      /* t */
int dictionary_append_u32(sd_bus_message *reply, const char *key, uint64_t value); /* u, cut at its end */
int dictionary_append_bool(sd_bus_message *reply, const char *key, bool value);
int dictionary_append_strv(sd_bus_message *reply, const char *key, char *const *value); /* NULL: empty */
int dictionary_append_duration(sd_bus_message *reply, const char *key, usec_t value);
/* an entry with whatever is appended between the two: one value of this type */
int dictionary_open(sd_bus_message *reply, const char *key, const char *type);
int dictionary_close(sd_bus_message *reply);
