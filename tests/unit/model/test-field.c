/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "base/strtab.h"
#include "model/document.h"
#include "model/field.h"

/* One object with a field of every type. */
typedef struct Part {
        char *word;
} Part;

static const Field part_fields[] = { FIELD(Part, word, FIELD_STRING) };
static const ObjectType part_type = OBJECT_TYPE(Part, "part", part_fields);

typedef struct Whole {
        char *string;
        bool boolean;
        uint64_t number;
        int64_t integer;
        usec_t duration;
        usec_t instant;
        usec_t date;
        int kind;
        char **strv;
        Part *part;
        GPtrArray *parts;
        char *json;
        char *extra;
} Whole;

static const Field whole_fields[] = {
        FIELD(Whole, string, FIELD_STRING),
        FIELD(Whole, boolean, FIELD_BOOL),
        FIELD(Whole, number, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Whole, integer, FIELD_INT),
        FIELD(Whole, duration, FIELD_DURATION),
        FIELD(Whole, instant, FIELD_USEC),
        FIELD(Whole, date, FIELD_TIME),
        FIELD_AS("type", Whole, kind, FIELD_ENUM, .names = &check_kind_table),
        FIELD(Whole, strv, FIELD_STRV),
        FIELD(Whole, part, FIELD_OBJECT, .object = &part_type),
        FIELD(Whole, parts, FIELD_LIST, .object = &part_type),
        FIELD(Whole, json, FIELD_JSON),
        FIELD(Whole, extra, FIELD_EXTRA),
};
static const ObjectType whole_type = OBJECT_TYPE(Whole, "whole", whole_fields);

static Part *part(const char *word) {
        Part *p = object_new(&part_type);

        p->word = g_strdup(word);
        return p;
}

static Whole *whole(void) {
        static const char *const words[] = { "a", "b", NULL };
        Whole *w = object_new(&whole_type);

        w->string = g_strdup("text");
        w->boolean = true;
        w->number = 1;
        w->integer = -1;
        w->duration = 2;
        w->instant = 3;
        w->date = 4;
        w->kind = CHECK_ICMP;
        w->strv = g_strdupv((char **) words);
        w->part = part("one");
        w->parts = object_list_new(&part_type);
        g_ptr_array_add(w->parts, part("two"));
        g_ptr_array_add(w->parts, part("three"));
        w->json = g_strdup("[1]");
        w->extra = g_strdup("{\"x\":1}");
        return w;
}

static void test_copy(void) {
        Whole *w = whole(), *copy = object_copy(&whole_type, w);

        g_assert_true(object_equal(&whole_type, w, copy));
        g_assert_true(w->part != copy->part && w->parts->pdata[0] != copy->parts->pdata[0]);
        g_assert_null(object_copy(&whole_type, NULL));
        /* onto itself nothing happens */
        for (size_t i = 0; i < whole_type.n_fields; i++)
                object_copy_field(&whole_type.fields[i], w, w);
        g_assert_true(object_equal(&whole_type, w, copy));
        w = object_free(&whole_type, w);
        copy = object_free(&whole_type, copy);
        g_assert_null(copy);
        g_assert_null(object_free(&whole_type, NULL));
}

/* each field alone makes two objects differ, and clearing it makes it empty */
static void test_every_field(void) {
        for (size_t i = 0; i < whole_type.n_fields; i++) {
                const Field *field = &whole_type.fields[i];
                Whole *w = whole(), *copy = object_copy(&whole_type, w);

                g_assert_false(object_field_is_empty(field, w));
                object_clear_field(field, w);
                g_assert_true(object_field_is_empty(field, w));
                g_assert_false(object_field_equal(field, w, copy));
                g_assert_false(object_equal(&whole_type, w, copy));
                object_clear_field(field, copy);
                g_assert_true(object_field_equal(field, w, copy));
                g_assert_true(object_equal(&whole_type, w, copy));
                (void) object_free(&whole_type, w);
                (void) object_free(&whole_type, copy);
        }
}

static void test_unequal_values(void) {
        Whole *w = whole(), *other = whole();

        other->boolean = false;
        g_assert_false(object_field_equal(&whole_fields[1], w, other));
        other->kind = CHECK_TCP;
        g_assert_false(object_field_equal(&whole_fields[7], w, other));
        g_free(other->strv[1]);
        other->strv[1] = g_strdup("c");
        g_assert_false(object_field_equal(&whole_fields[8], w, other));
        g_free(other->part->word);
        other->part->word = g_strdup("other");
        g_assert_false(object_field_equal(&whole_fields[9], w, other));
        g_ptr_array_add(other->parts, part("four"));
        g_assert_false(object_field_equal(&whole_fields[10], w, other));
        (void) object_free(&part_type, g_ptr_array_steal_index(other->parts, 2));
        (void) object_free(&part_type, g_ptr_array_steal_index(other->parts, 1));
        g_ptr_array_add(other->parts, part("four"));
        g_assert_false(object_field_equal(&whole_fields[10], w, other));
        (void) object_free(&whole_type, w);
        (void) object_free(&whole_type, other);
}

static void test_emptiness(void) {
        char *none[] = { NULL };
        g_autoptr(GPtrArray) nothing = g_ptr_array_new();
        Whole a = {}, b = { .string = (char *) "", .strv = none, .parts = nothing, .extra = (char *) "" };

        /* nothing and an empty something are the same */
        g_assert_true(object_equal(&whole_type, &a, &b));
        g_assert_true(object_equal(&whole_type, NULL, NULL));
        g_assert_false(object_equal(&whole_type, &a, NULL));
}

static void test_names(void) {
        g_assert_true(object_field(&whole_type, "type") == &whole_fields[7]);
        g_assert_null(object_field(&whole_type, "kind"));
        g_assert_null(object_field(&whole_type, "extra")); /* the place of the unknown has no name */
}

static void test_nearest(void) {
        g_autofree char *huge = g_strnfill(65, 'a');

        g_assert_cmpstr(object_nearest_field(&check_type, "intervall"), ==, "interval");
        g_assert_cmpstr(object_nearest_field(&check_type, "inteval"), ==, "interval");
        g_assert_cmpstr(object_nearest_field(&check_type, "expected_status"), ==, "expect_status");
        g_assert_cmpstr(object_nearest_field(&alert_type, "smtp_pasword"), ==, "smtp_password");
        g_assert_cmpstr(object_nearest_field(&document_type, "check"), ==, "checks");
        g_assert_null(object_nearest_field(&check_type, "zzzzzzzzz"));
        g_assert_null(object_nearest_field(&check_type, "revisio")); /* never one that is not for people */
        g_assert_null(object_nearest_field(&check_type, huge));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/field/copy", test_copy);
        g_test_add_func("/field/every-field", test_every_field);
        g_test_add_func("/field/unequal-values", test_unequal_values);
        g_test_add_func("/field/emptiness", test_emptiness);
        g_test_add_func("/field/names", test_names);
        g_test_add_func("/field/nearest", test_nearest);
        return g_test_run();
}
