/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cluster/change.h"
#include "cluster/record.h"

static Check *some_check(const char *id, const char *name) {
        Check *check = check_new();

        check->id = g_strdup(id);
        check->name = g_strdup(name);
        check->type = CHECK_TCP;
        check->target = g_strdup("127.0.0.1:80");
        return check;
}

static void test_bytes_round_trip(void) {
        _cleanup_(record_unrefp) Record *made = record_new(RECORD_CHECK, some_check("c1", "homepage"));
        _cleanup_(record_unrefp) Record *read = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpstr(made->id, ==, "c1");
        g_assert_cmpint(record_decode(RECORD_CHECK, "c1", made->body, made->body_size, &read, &error),
                        ==,
                        0);
        g_assert_cmpmem(&made->digest, sizeof(made->digest), &read->digest, sizeof(read->digest));
        g_assert_true(check_equal(made->object, read->object));
        g_assert_cmpstr(made->body, ==, read->body);
}

/* a newer version's field stays in the bytes and in the digest */
static void test_received_bytes_are_kept(void) {
        const char *body = "{\"type\":\"tcp\",\"id\":\"c1\",\"name\":\"n\",\"colour\":\"red\"}";
        _cleanup_(record_unrefp) Record *read = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(record_decode(RECORD_CHECK, "c1", body, strlen(body), &read, &error), ==, 0);
        g_assert_cmpstr(read->body, ==, body);
        g_assert_cmpstr(((const Check *) read->object)->name, ==, "n");
}

static void test_wrong_records_are_refused(void) {
        static const struct {
                RecordKind kind;
                const char *id;
                const char *body;
        } cases[] = {
                { RECORD_CHECK, "c2", "{\"type\":\"tcp\",\"id\":\"c1\"}" },
                { RECORD_CHECK, "", "{\"type\":\"tcp\"}" },
                { RECORD_CHECK, "c1", "{\"type\":\"tcp\",\"id\":\"c1\"" },
                { RECORD_CHECK, "c1", "[]" },
                { RECORD_CHECK, "c1", "" },
                { RECORD_META, "x", "{\"cluster_id\":\"k\"}" },
                { RECORD_PEER, "p", "{}" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Record *read = NULL;
                g_autofree char *error = NULL;

                g_assert_cmpint(record_decode(cases[i].kind,
                                              cases[i].id,
                                              cases[i].body,
                                              strlen(cases[i].body),
                                              &read,
                                              &error),
                                ==,
                                -EBADMSG);
                g_assert_null(read);
                g_assert_nonnull(error);
        }
}

static void test_digest_covers_kind_and_id(void) {
        _cleanup_(record_unrefp) Record *a = record_new(RECORD_CHECK, some_check("c1", "n"));
        _cleanup_(record_unrefp) Record *b = record_new(RECORD_CHECK, some_check("c2", "n"));
        _cleanup_(record_unrefp) Record *again = record_new(RECORD_CHECK, some_check("c1", "n"));

        g_assert_true(memcmp(&a->digest, &b->digest, sizeof(a->digest)) != 0);
        g_assert_cmpmem(&a->digest, sizeof(a->digest), &again->digest, sizeof(again->digest));
}

static void test_every_kind_has_a_type(void) {
        for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++) {
                g_assert_nonnull(record_object_type(kind));
                g_assert_cmpint(record_kind_from_string(record_kind_to_string(kind)), ==, kind);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/record/bytes-round-trip", test_bytes_round_trip);
        g_test_add_func("/record/received-bytes-are-kept", test_received_bytes_are_kept);
        g_test_add_func("/record/wrong-records-are-refused", test_wrong_records_are_refused);
        g_test_add_func("/record/digest-covers-kind-and-id", test_digest_covers_kind_and_id);
        g_test_add_func("/record/every-kind-has-a-type", test_every_kind_has_a_type);
        return g_test_run();
}
