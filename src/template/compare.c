/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/compare.h"

#include <string.h>

/* Values of one family compare with each other, and integers with unsigned ones. */
typedef enum Family {
        FAMILY_NONE, /* no value, lists, structs, pointers */
        FAMILY_BOOL,
        FAMILY_INT,
        FAMILY_UINT,
        FAMILY_FLOAT,
        FAMILY_COMPLEX,
        FAMILY_STRING
} Family;

static Family family_of(const Datum *datum) {
        if (!datum->type)
                return FAMILY_NONE;
        switch (datum->type->kind) {
        case KIND_BOOL:
                return FAMILY_BOOL;
        case KIND_INT:
                return FAMILY_INT;
        case KIND_UINT:
                return FAMILY_UINT;
        case KIND_FLOAT:
                return FAMILY_FLOAT;
        case KIND_COMPLEX:
                return FAMILY_COMPLEX;
        case KIND_STRING:
                return FAMILY_STRING;
        default:
                return FAMILY_NONE;
        }
}

static int fail_types(Run *run) {
        return run_fail(run, "incompatible types for comparison");
}

/* 1: less, for a signed and an unsigned integer */
static int compare_integers(const Datum *a, const Datum *b) {
        bool a_below = datum_is(a, KIND_INT) && a->integer < 0;
        bool b_below = datum_is(b, KIND_INT) && b->integer < 0;

        if (a_below || b_below)
                return a_below && b_below ? (a->integer > b->integer) - (a->integer < b->integer)
                                          : b_below - a_below;
        return (a->natural > b->natural) - (a->natural < b->natural);
}

static int compare_texts(Bytes a, Bytes b) {
        size_t n = MIN(a.n, b.n);
        int order = n > 0 ? memcmp(a.bytes, b.bytes, n) : 0;

        return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static bool are_integers(Family a, Family b) {
        return (a == FAMILY_INT || a == FAMILY_UINT) && (b == FAMILY_INT || b == FAMILY_UINT);
}

/* ---- equality ---- */

static bool objects_equal(const Datum *a, const Datum *b);

static bool basics_equal(const Datum *a, const Datum *b, Family family) {
        switch (family) {
        case FAMILY_BOOL:
                return a->boolean == b->boolean;
        case FAMILY_INT:
        case FAMILY_UINT:
                return compare_integers(a, b) == 0;
        case FAMILY_FLOAT:
                return a->real == b->real;
        case FAMILY_COMPLEX:
                return a->real == b->real && a->imaginary == b->imaginary;
        case FAMILY_STRING:
                return bytes_equal(a->text, b->text);
        case FAMILY_NONE:
                break;
        }
        return objects_equal(a, b);
}

/* Go's == of two values of kinds that are no basic ones. */
static bool objects_equal(const Datum *a, const Datum *b) {
        if (a->type != b->type)
                return false;
        if (a->type->kind == KIND_POINTER)
                return a->object == b->object;
        for (size_t i = 0; i < a->type->n_fields; i++) {
                Datum x = datum_field(a, &a->type->fields[i]), y = datum_field(b, &b->type->fields[i]);

                if (!basics_equal(&x, &y, family_of(&x)))
                        return false;
        }
        return true;
}

static int others_equal(Run *run, const Datum *a, const Datum *b, bool *ret) {
        if (a->type && b->type && a->type->kind != b->type->kind)
                return run_fail(run,
                                "non-comparable types %s and %s",
                                datum_type_name(a),
                                datum_type_name(b));
        if (datum_is_nil(a) || datum_is_nil(b)) {
                *ret = datum_is_nil(a) && datum_is_nil(b);
                return 0;
        }
        if (b->type->kind == KIND_LIST || b->type == &type_check)
                return run_fail(run, "non-comparable type %s", b->type->name);
        *ret = objects_equal(a, b);
        return 0;
}

static int equal(Run *run, const Datum *a, const Datum *b, bool *ret) {
        Family family = family_of(a), other = family_of(b);

        if (family != other && !are_integers(family, other)) {
                if (a->type && b->type)
                        return fail_types(run);
                *ret = false; /* only nil equals nil */
                return 0;
        }
        if (family == FAMILY_NONE)
                return others_equal(run, a, b, ret);
        *ret = basics_equal(a, b, family);
        return family == FAMILY_STRING ? run_spend_bytes(run, MIN(a->text.n, b->text.n)) : 0;
}

int compare_equal(Run *run, const Datum *operands, size_t n, Datum *ret) {
        bool result = false;
        int r;

        if (n < 2)
                return run_fail(run, "missing argument for comparison");
        for (size_t i = 1; i < n && !result; i++) {
                r = equal(run, &operands[0], &operands[i], &result);
                if (r < 0)
                        return r;
        }
        *ret = datum_bool(result);
        return 0;
}

int compare_not_equal(Run *run, const Datum *operands, size_t n, Datum *ret) {
        int r;

        r = compare_equal(run, operands, n, ret);
        if (r >= 0)
                ret->boolean = !ret->boolean;
        return r;
}

/* ---- order ---- */

static int less(Run *run, const Datum *a, const Datum *b, bool *ret) {
        Family family = family_of(a), other = family_of(b);

        if (family == FAMILY_NONE || other == FAMILY_NONE)
                return run_fail(run, "invalid type for comparison");
        if (are_integers(family, other)) {
                *ret = compare_integers(a, b) < 0;
                return 0;
        }
        if (family != other)
                return fail_types(run);
        if (family == FAMILY_FLOAT) {
                *ret = a->real < b->real;
                return 0;
        }
        if (family == FAMILY_STRING) {
                *ret = compare_texts(a->text, b->text) < 0;
                return run_spend_bytes(run, MIN(a->text.n, b->text.n));
        }
        return run_fail(run, "invalid type for comparison");
}

int compare_less(Run *run, const Datum *operands, size_t n, Datum *ret) {
        bool result = false;
        int r;

        r = less(run, &operands[0], &operands[1], &result);
        if (r >= 0)
                *ret = datum_bool(result);
        return r;
}

int compare_less_or_equal(Run *run, const Datum *operands, size_t n, Datum *ret) {
        int r;

        r = compare_less(run, operands, n, ret);
        return r < 0 || ret->boolean ? r : compare_equal(run, operands, n, ret);
}

int compare_greater(Run *run, const Datum *operands, size_t n, Datum *ret) {
        int r;

        r = compare_less_or_equal(run, operands, n, ret);
        if (r >= 0)
                ret->boolean = !ret->boolean;
        return r;
}

int compare_greater_or_equal(Run *run, const Datum *operands, size_t n, Datum *ret) {
        int r;

        r = compare_less(run, operands, n, ret);
        if (r >= 0)
                ret->boolean = !ret->boolean;
        return r;
}
