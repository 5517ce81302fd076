/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "base/limits.h"
#include "model/document.h"

static char **words(const char *text) {
        return *text ? g_strsplit(text, " ", -1) : NULL;
}

/* alerts a1 "one" (default), a2 "two", a3 "three" (default), and a4 whose name is a2's id */
static GPtrArray *alerts(void) {
        static const struct {
                const char *id, *name;
                bool is_default;
        } rows[] = {
                { "a1", "one", true }, { "a4", "a2", false }, { "a2", "two", false }, { "a3", "three", true }
        };
        GPtrArray *list = object_list_new(&alert_type);

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                Alert *alert = alert_new();

                alert->id = g_strdup(rows[i].id);
                alert->name = g_strdup(rows[i].name);
                alert->is_default = rows[i].is_default;
                g_ptr_array_add(list, alert);
        }
        return list;
}

static void assert_effective(const char *ids, const char *suppressed, const char *expected) {
        _cleanup_(document_freep) Document *document = document_new();
        g_auto(GStrv) wanted = words(ids), unwanted = words(suppressed);
        Check check = { .alert_ids = wanted, .suppress_alert_ids = unwanted };
        g_autoptr(GString) got = g_string_new(NULL);
        g_autoptr(GPtrArray) list = NULL;

        document->alerts = alerts();
        list = effective_alerts(&check, document->alerts);
        for (unsigned i = 0; i < list->len; i++)
                g_string_append_printf(got, "%s%s", i > 0 ? " " : "", ((Alert *) list->pdata[i])->id);
        g_assert_cmpstr(got->str, ==, expected);
}

static void test_effective_alerts(void) {
        assert_effective("", "", "a1 a3");
        assert_effective("two", "", "a2 a1 a3");
        assert_effective("three two three a3", "", "a3 a2 a1");
        assert_effective("two", "three", "a2 a1");
        assert_effective("two", "two a1", "a3");
        assert_effective("gone", "gone", "a1 a3");
        /* an id goes before a name */
        assert_effective("a2", "", "a2 a1 a3");

        Check check = {};
        g_autoptr(GPtrArray) none = effective_alerts(&check, NULL);
        g_assert_cmpuint(none->len, ==, 0);
}

static void test_find(void) {
        _cleanup_(document_freep) Document *document = document_new();
        Check *check = check_new();
        Peer *peer = peer_new();

        g_assert_null(document_check(document, "c1"));
        g_assert_null(document_alert(document, "a1"));
        g_assert_null(document_peer(document, "p1"));

        check->id = g_strdup("c1");
        check->name = g_strdup("web");
        document->checks = object_list_new(&check_type);
        g_ptr_array_add(document->checks, check);
        peer->node_id = g_strdup("p1");
        document->peers = object_list_new(&peer_type);
        g_ptr_array_add(document->peers, peer);
        document->alerts = alerts();

        g_assert_true(document_check(document, "c1") == check);
        g_assert_true(document_check(document, "web") == check);
        g_assert_null(document_check(document, "db"));
        g_assert_true(document_peer(document, "p1") == peer);
        g_assert_null(document_peer(document, "p2"));
        g_assert_cmpstr(document_alert(document, "a2")->id, ==, "a2");
        g_assert_cmpstr(document_alert(document, "two")->id, ==, "a2");
}

static void assert_masked(const char *target, const char *expected) {
        Check check = { .target = (char *) target };
        g_autofree char *masked = check_target_masked(&check);

        g_assert_cmpstr(masked, ==, expected);
}

static void test_target_masked(void) {
        assert_masked(NULL, "");
        assert_masked("db:5432", "db:5432");
        assert_masked("https://h/a@b", "https://h/a@b");
        assert_masked("https://h?a@b", "https://h?a@b");
        assert_masked("https://h#a@b", "https://h#a@b");
        assert_masked("https://u:p@h/", "https://***@h/");
        assert_masked("https://u:p@ss@h:8443/x@y", "https://***@h:8443/x@y");
        assert_masked("https://@h", "https://***@h");
}

static void test_effective_values(void) {
        Check check = {};

        g_assert_cmpuint(check_interval(&check), ==, 30 * USEC_PER_SEC);
        g_assert_cmpuint(check_timeout(&check), ==, 10 * USEC_PER_SEC);
        g_assert_cmpuint(check_expect_status(&check), ==, 200);
        check.interval = 5 * USEC_PER_SEC;
        g_assert_cmpuint(check_timeout(&check), ==, 5 * USEC_PER_SEC);
        check.timeout = USEC_PER_SEC;
        g_assert_cmpuint(check_timeout(&check), ==, USEC_PER_SEC);
        check.expect_status = 404;
        g_assert_cmpuint(check_expect_status(&check), ==, 404);
}

static void test_probes_differently(void) {
        const Check a = { .target = (char *) "h", .name = (char *) "n" };
        Check b = a;

        b.name = (char *) "m";
        b.interval = 60 * USEC_PER_SEC;
        b.expect_status = 200; /* what 0 means */
        g_assert_false(check_probes_differently(&a, &b));
        b.expect_status = 204;
        g_assert_true(check_probes_differently(&a, &b));
        b = a;
        b.type = CHECK_TCP;
        g_assert_true(check_probes_differently(&a, &b));
        b = a;
        b.target = (char *) "i";
        g_assert_true(check_probes_differently(&a, &b));
        b = a;
        b.timeout = USEC_PER_SEC;
        g_assert_true(check_probes_differently(&a, &b));
        b = a;
        b.disabled = true;
        g_assert_true(check_probes_differently(&a, &b));
        b = a;
        b.body_match = (char *) "x";
        g_assert_true(check_probes_differently(&a, &b));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/document/effective-alerts", test_effective_alerts);
        g_test_add_func("/document/find", test_find);
        g_test_add_func("/check/target-masked", test_target_masked);
        g_test_add_func("/check/effective-values", test_effective_values);
        g_test_add_func("/check/probes-differently", test_probes_differently);
        return g_test_run();
}
