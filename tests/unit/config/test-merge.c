/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>

#include "config/merge.h"
#include "documents.h"

static const char base_text[] =
                "version: 3\n"
                "peers:\n"
                "  - {node_id: p1, advertise: 'a:1'}\n"
                "checks:\n"
                "  - {id: c1, name: homepage, type: http, target: 'https://u:p@h/', interval: 30s}\n"
                "  - {id: c2, name: db, type: tcp, target: 'db:5432', alert_ids: [ops]}\n"
                "alerts:\n"
                "  - {id: a1, name: ops, type: smtp, smtp_password: hush, smtp_to: [x@y]}\n";

/* base_text with one piece replaced by another */
static char *with(const char *old, const char *new) {
        g_auto(GStrv) parts = g_strsplit(base_text, old, 2);

        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        return g_strjoinv(new, parts);
}

static void assert_diff(const char *from, const char *to, const char *expected) {
        _cleanup_(document_freep) Document *a = document_from(from), *b = document_from(to);
        g_autoptr(GPtrArray) differences = document_diff(a, b);
        g_autofree char *text = document_diff_text(differences);

        g_assert_cmpstr(text, ==, expected);
}

static void assert_edit(const char *old, const char *new, const char *expected) {
        g_autofree char *text = with(old, new);

        assert_diff(base_text, text, expected);
}

static void test_diff(void) {
        g_autofree char *huge = g_strnfill(100, 'x');
        g_autofree char *long_match = g_strdup_printf("body_match: %s, interval: 30s", huge);
        g_autofree char *long_line =
                        g_strdup_printf("~ check \"homepage\": body_match: (none) -> \"%.60s…\"\n", huge);

        assert_edit("version: 3", "version: 9\nupdated_by: x", "");
        assert_edit("interval: 30s", "interval: 1m", "~ check \"homepage\": interval: 30s -> 1m0s\n");
        assert_edit("u:p@h/",
                    "u:q@h/",
                    "~ check \"homepage\": target: \"https://***@h/\" -> \"https://***@h/\"\n");
        assert_edit("hush", "hushhush", "~ alert \"ops\": smtp_password: *** -> ***\n");
        assert_edit(", smtp_password: hush", "", "~ alert \"ops\": smtp_password: *** -> (none)\n");
        assert_edit("[x@y]", "[x@y, z@y]", "~ alert \"ops\": smtp_to: [x@y] -> [x@y, z@y]\n");
        assert_edit("smtp_to:", "default: true, smtp_to:", "~ alert \"ops\": default: false -> true\n");
        assert_edit("smtp_to:", "smtp_port: 25, smtp_to:", "~ alert \"ops\": smtp_port: (none) -> 25\n");
        assert_edit("type: tcp", "type: icmp", "~ check \"db\": type: tcp -> icmp\n");
        assert_edit("name: db", "name: data", "~ check \"data\": name: \"db\" -> \"data\"\n");
        assert_edit("interval: 30s",
                    "interval: 30s, body_match: \"a\\n\\tb\"",
                    "~ check \"homepage\": body_match: (none) -> \"a\\n b\"\n");
        assert_edit("interval: 30s", long_match, long_line);
        assert_edit("interval: 30s",
                    "interval: 30s, tags: [1]",
                    "~ check \"homepage\": unknown fields: (none) -> [tags]\n");
        assert_edit("id: c2", "id: c3", "- check \"db\"\n+ check \"db\"\n");
        assert_edit("version: 3",
                    "version: 3\nelection_timeout: 2s",
                    "~ document: election_timeout: (none) -> 2s\n");
        assert_edit("a:1", "b:1", "~ peer \"p1\": advertise: \"a:1\" -> \"b:1\"\n");
        assert_diff("{}", "alerts: [{id: a, name: n, type: smtp}]", "+ alert \"n\"\n");
        assert_diff("alerts: [{id: a, name: n, type: smtp}]", "{}", "- alert \"n\"\n");
        /* order is no difference */
        assert_diff("checks: [{id: 1, type: tcp}, {id: 2, type: tcp}]",
                    "checks: [{id: 2, type: tcp}, {id: 1, type: tcp}]",
                    "");
        /* nor is the writing of an unknown field */
        assert_diff("zzzz: {a: 1, b: 2}", "zzzz: {b: 2, a: 1}", "");
}

/* edited and current are base_text with one piece replaced each; expected: the diff current -> merged */
static void
assert_merge(const char *old_edited,
             const char *new_edited,
             const char *old_current,
             const char *new_current,
             int error,
             const char *expected) {
        g_autofree char *edited_text = with(old_edited, new_edited),
                        *current_text = with(old_current, new_current);
        _cleanup_(document_freep) Document *base = document_from(base_text),
                                           *edited = document_from(edited_text);
        _cleanup_(document_freep) Document *current = document_from(current_text), *merged = NULL;
        g_autofree char *problem = NULL, *text = NULL;
        g_autoptr(GPtrArray) differences = NULL;
        unsigned n_ids = 0;
        int r;

        current->version = 8;
        r = document_merge(base, edited, current, count_ids, &n_ids, &merged, &problem);
        if (r < 0) {
                g_assert_cmpint(r, ==, error);
                g_assert_cmpstr(problem, ==, expected);
                g_assert_cmpint(document_merge(base, edited, current, NULL, NULL, &merged, NULL), ==, error);
                return;
        }
        g_assert_cmpint(error, ==, 0);
        g_assert_cmpuint(merged->version, ==, 8);
        differences = document_diff(current, merged);
        text = document_diff_text(differences);
        g_assert_cmpstr(text, ==, expected);
}

#define SAME "version: 3", "version: 3"

static void test_merge_fields(void) {
        assert_merge(SAME, SAME, 0, "");
        assert_merge("interval: 30s",
                     "interval: 5s",
                     SAME,
                     0,
                     "~ check \"homepage\": interval: 30s -> 5s\n");
        assert_merge(SAME, "interval: 30s", "interval: 5s", 0, "");
        /* two fields of one object */
        assert_merge("interval: 30s",
                     "interval: 5s",
                     "name: homepage",
                     "name: home",
                     0,
                     "~ check \"home\": interval: 30s -> 5s\n");
        /* the same change on both sides */
        assert_merge("interval: 30s", "interval: 5s", "interval: 30s", "interval: 5s", 0, "");
        assert_merge("interval: 30s",
                     "interval: 5s",
                     "interval: 30s",
                     "interval: 6s",
                     -ESTALE,
                     "check \"homepage\": interval was changed here and in the cluster, to different "
                     "values");
        /* a list of strings is one field */
        assert_merge("[x@y]",
                     "[x@y, a@y]",
                     "[x@y]",
                     "[x@y, b@y]",
                     -ESTALE,
                     "alert \"ops\": smtp_to was changed here and in the cluster, to different values");
        assert_merge("version: 3",
                     "version: 3\nelection_timeout: 2s",
                     SAME,
                     0,
                     "~ document: election_timeout: (none) -> 2s\n");
        assert_merge("version: 3",
                     "version: 3\nelection_timeout: 2s",
                     "version: 3",
                     "version: 3\nelection_timeout: 3s",
                     -ESTALE,
                     "document: election_timeout was changed here and in the cluster, to different values");
        assert_merge("version: 3",
                     "version: 3\nzzzz: 1",
                     "version: 3",
                     "version: 3\nzzzz: 2",
                     -ESTALE,
                     "document: an unknown field was changed here and in the cluster, to different values");
        /* fields that are emptied */
        assert_merge(", alert_ids: [ops]", "", SAME, 0, "~ check \"db\": alert_ids: [ops] -> (none)\n");
}

#define DB "  - {id: c2, name: db, type: tcp, target: 'db:5432', alert_ids: [ops]}\n"
#define NEW "  - {name: new, type: icmp, target: h}\n"
#define NEW_ID "  - {id: c9, name: new, type: icmp, target: h}\n"
#define NEW_OTHER "  - {id: c9, name: new, type: icmp, target: other}\n"

static void test_merge_objects(void) {
        assert_merge(DB, DB NEW, SAME, 0, "+ check \"new\"\n");
        assert_merge(DB, "", SAME, 0, "- check \"db\"\n");
        assert_merge(SAME, DB, "", 0, "");
        assert_merge(DB, "", DB, "", 0, "");
        assert_merge(DB,
                     "",
                     "db:5432",
                     "db:5433",
                     -ESTALE,
                     "check \"db\" was removed here, but changed in the cluster");
        assert_merge("db:5432",
                     "db:5433",
                     DB,
                     "",
                     -ESTALE,
                     "check \"db\" was changed here, but removed in the cluster");
        /* both added */
        assert_merge(DB, DB NEW, DB, DB NEW_ID, 0, "");
        assert_merge(DB, DB NEW_ID, DB, DB NEW_ID, 0, "");
        assert_merge(DB,
                     DB NEW,
                     DB,
                     DB NEW_OTHER,
                     -ESTALE,
                     "check \"new\" was added here and in the cluster, with different fields");
        assert_merge(DB,
                     DB NEW_ID,
                     DB,
                     DB NEW_OTHER,
                     -ESTALE,
                     "check \"new\" was added here and in the cluster, with different fields");
        /* an id that was lost on the way is found by the name */
        assert_merge("{id: c2, name: db, type: tcp, target: 'db:5432'",
                     "{name: db, type: tcp, target: 'db:5433'",
                     SAME,
                     0,
                     "~ check \"db\": target: \"db:5432\" -> \"db:5433\"\n");
}

static void test_merge_secrets(void) {
        static const char *const elsewhere[] = {
                "https://***@h2", "https://***@h:8443", "http://***@h", "https://***@h.evil", "https://***@",
        };

        assert_merge("hush", "{kept: true}", SAME, 0, "");
        assert_merge("u:p@h/",
                     "***@h/path",
                     SAME,
                     0,
                     "~ check \"homepage\": target: \"https://***@h/\" -> \"https://***@h/path\"\n");
        /* a password does not go along to another host, port or scheme, nor to one that the mark hides */
        for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++)
                assert_merge("https://u:p@h",
                             elsewhere[i],
                             SAME,
                             -ENOKEY,
                             "check \"homepage\": target: there is no user information to keep for this "
                             "scheme, host and port; give the user and password again");
        assert_merge("hush", "{kept: true}", "hush", "louder", 0, "");
        /* nor a mail's to another relay */
        assert_merge("smtp_password: hush",
                     "smtp_password: {kept: true}, smtp_host: evil",
                     SAME,
                     -ENOKEY,
                     "alert \"ops\": smtp_password: there is no password to keep for this smtp_host, "
                     "smtp_port and smtp_starttls; give it");
        assert_merge("smtp_password: hush",
                     "smtp_password: hush, smtp_host: relay",
                     SAME,
                     0,
                     "~ alert \"ops\": smtp_host: (none) -> \"relay\"\n");
        /* not the one either that the cluster got after the text from which the edit started */
        assert_merge("smtp_password: hush",
                     "smtp_password: hush, smtp_host: evil",
                     "smtp_password: hush",
                     "smtp_password: louder",
                     -ENOKEY,
                     "alert \"ops\": smtp_password: there is no password to keep for this smtp_host, "
                     "smtp_port and smtp_starttls; give it");
        assert_merge("smtp_password: hush",
                     "smtp_password: louder, smtp_host: relay",
                     "smtp_password: hush",
                     "smtp_password: louder",
                     0,
                     "~ alert \"ops\": smtp_host: (none) -> \"relay\"\n");
        assert_merge("alerts:\n",
                     "alerts:\n  - {name: d, type: discord, discord_webhook: {kept: true}}\n",
                     SAME,
                     -ENOKEY,
                     "alert \"d\": discord_webhook: there is no value to keep; give it");
}

/* Where both changed the same, what was edited counts, and each such place is told. */
static void test_merge_mine(void) {
        static const char text[] =
                        "checks:\n"
                        "  - {id: 1, name: a, type: tcp, target: 'a:1', interval: 10s, timeout: 5s}\n"
                        "  - {id: 2, name: b, type: tcp, target: 'b:1'}\n"
                        "  - {id: 3, name: c, type: tcp, target: 'c:1'}\n"
                        "alerts:\n"
                        "  - {id: 4, name: d, type: discord, discord_webhook: {kept: true}}\n";
        static const char here[] =
                        "checks:\n"
                        "  - {id: 1, name: a, type: tcp, target: 'a:1', interval: 20s, timeout: 5s}\n"
                        "  - {id: 2, name: b, type: tcp, target: 'b:2'}\n"
                        "  - {name: new, type: icmp, target: n}\n"
                        "alerts:\n"
                        "  - {id: 4, name: e, type: discord, discord_webhook: {kept: true}}\n";
        static const char there[] =
                        "version: 9\n"
                        "checks:\n"
                        "  - {id: 1, name: a, type: tcp, target: 'a:1', interval: 30s, timeout: 6s}\n"
                        "  - {id: 3, name: c, type: tcp, target: 'c:2'}\n"
                        "  - {id: 5, name: new, type: icmp, target: m}\n"
                        "alerts:\n"
                        "  - {id: 4, name: d, type: discord, discord_webhook: {kept: true}}\n";
        static const char *const told[] = {
                "check \"a\": interval was changed here and in the cluster, to different values",
                "check \"b\" was changed here, but removed in the cluster",
                "check \"new\" was added here and in the cluster, with different fields",
                "check \"c\" was removed here, but changed in the cluster",
        };
        _cleanup_(document_freep) Document *base = document_from(text), *edited = document_from(here),
                                           *current = document_from(there), *merged = NULL;
        g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
        const Check *check;

        g_assert_cmpint(document_merge_mine(base, edited, current, conflicts, &merged, NULL), ==, 0);
        g_assert_cmpuint(conflicts->len, ==, G_N_ELEMENTS(told));
        for (unsigned i = 0; i < conflicts->len; i++)
                g_assert_cmpstr(conflicts->pdata[i], ==, told[i]);
        g_assert_cmpuint(merged->version, ==, 9);
        g_assert_cmpuint(merged->checks->len, ==, 3);
        check = document_check(merged, "a");
        g_assert_cmpuint(check->interval, ==, 20 * USEC_PER_SEC);
        g_assert_cmpuint(check->timeout, ==, 6 * USEC_PER_SEC);
        g_assert_cmpstr(document_check(merged, "b")->target, ==, "b:2");
        g_assert_cmpstr(document_check(merged, "new")->target, ==, "n");
        g_assert_cmpstr(document_check(merged, "new")->id, ==, "5");
        g_assert_null(document_check(merged, "c"));
        g_assert_cmpstr(document_alert(merged, "e")->discord_webhook, ==, SECRET_KEPT);
}

static void test_merge_places(void) {
        /* what is new stands last, with an order of its own; what was there keeps its internal fields */
        _cleanup_(document_freep) Document *base = document_from("checks: [{id: 1, name: a, type: tcp}]"),
                                           *merged = NULL;
        _cleanup_(document_freep) Document *edited =
                        document_from("checks: [{name: b, type: tcp}, {name: c, type: tcp}, {id: 1, "
                                      "name: a, type: icmp}]");
        _cleanup_(document_freep) Document *current = document_copy(base);
        Check *check = current->checks->pdata[0];
        unsigned n_ids = 0;

        check->order = 7;
        check->revision = 5;
        g_assert_cmpint(document_merge(base, edited, current, count_ids, &n_ids, &merged, NULL), ==, 0);
        g_assert_cmpuint(merged->checks->len, ==, 3);
        check = merged->checks->pdata[0];
        g_assert_cmpuint(check->order, ==, 7);
        g_assert_cmpuint(check->revision, ==, 5);
        g_assert_cmpint((int) check->type, ==, CHECK_ICMP);
        check = merged->checks->pdata[1];
        g_assert_cmpstr(check->name, ==, "b");
        g_assert_cmpstr(check->id, ==, "id-1");
        g_assert_cmpuint(check->order, ==, 8);
        check = merged->checks->pdata[2];
        g_assert_cmpuint(check->order, ==, 9);

        /* into a list that is not there yet */
        _cleanup_(document_freep) Document *empty = document_new(), *grown = NULL;
        g_assert_cmpint(document_merge(empty, edited, empty, count_ids, &n_ids, &grown, NULL), ==, 0);
        g_assert_cmpuint(grown->checks->len, ==, 3);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/merge/diff", test_diff);
        g_test_add_func("/merge/fields", test_merge_fields);
        g_test_add_func("/merge/objects", test_merge_objects);
        g_test_add_func("/merge/secrets", test_merge_secrets);
        g_test_add_func("/merge/places", test_merge_places);
        g_test_add_func("/merge/mine", test_merge_mine);
        return g_test_run();
}
