/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A value while a template runs, with its Go type, and the types there are. */

#include <glib.h>

#include "template/context.h"
#include "template/tree.h"

typedef struct Run Run;
typedef struct DatumType DatumType;

typedef enum DatumKind {
        KIND_BOOL,
        KIND_INT,
        KIND_UINT,
        KIND_FLOAT,
        KIND_COMPLEX,
        KIND_STRING,
        KIND_LIST,
        KIND_STRUCT,
        KIND_POINTER
} DatumKind;

/* type NULL is no value at all, and nil. Borrowed from the context, the tree, or the run's arena. */
typedef struct Datum {
        const DatumType *type;
        union {
                bool boolean;
                int64_t integer;
                uint64_t natural;
                struct {
                        double real, imaginary;
                };
                Bytes text;
                TemplateList list;
                const void *object; /* KIND_STRUCT, KIND_POINTER: the C struct */
        };
} Datum;

enum { METHOD_PARAMETERS = 3 };

typedef struct DatumMethod {
        const char *name;
        const DatumType *parameters[METHOD_PARAMETERS]; /* up to the first NULL */
        int (*call)(Run *run, const Datum *receiver, const Datum *arguments, Datum *ret);
} DatumMethod;

typedef struct DatumField {
        const char *name;
        const DatumType *type;
        size_t offset;
        bool is_private; /* printed, and nothing else */
        bool is_silent;  /* can be named, and is not printed */
} DatumField;

struct DatumType {
        const char *name; /* as %T prints it */
        DatumKind kind;
        const DatumType *element; /* of a pointer */
        const DatumField *fields;
        size_t n_fields;
        const DatumMethod *methods;
        size_t n_methods;
        void (*to_string)(const Datum *datum, GString *to);    /* Stringer; NULL: it is none */
        void (*to_go_string)(const Datum *datum, GString *to); /* GoStringer */
};

extern const DatumType type_bool, type_int, type_int64, type_uint8, type_uint64, type_float64,
                type_complex128, type_string, type_strings, type_check_type, type_state, type_duration,
                type_time, type_month, type_weekday, type_location, type_check, type_check_pointer,
                type_snapshot, type_context;

/* making */
Datum datum_bool(bool value);
Datum datum_int(int64_t value);
Datum datum_of(const DatumType *type, int64_t value); /* KIND_INT and KIND_UINT */
Datum datum_float(double value);
Datum datum_string(const char *bytes, size_t n); /* borrowed */
Datum datum_struct(const DatumType *type, const void *object);

/* questions */
bool datum_is(const Datum *datum, DatumKind kind); /* no value is of no kind */
bool datum_is_nil(const Datum *datum);             /* no value, nil pointer, nil slice */
bool datum_is_true(const Datum *datum);            /* not the zero value, as `if` sees it */
const char *datum_type_name(const Datum *datum);
/* what a pointer points to, the pointer itself where it is nil; else the datum */
Datum datum_follow(const Datum *datum);
Datum datum_field(const Datum *object, const DatumField *field);
const DatumField *datum_find_field(const DatumType *type, Bytes name);
const DatumMethod *datum_find_method(const DatumType *type, Bytes name);
