/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "config/secret.h"
#include "config/yaml.h"
#include "model/credential.h"
#include "model/document.h"

static Document *parse_flags(const char *text, YamlFlags flags, GPtrArray *warnings) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        void *document = NULL;
        int r = yaml_parse(&document_type, text, strlen(text), flags, &document, warnings, &complaint);

        if (r < 0)
                g_error("%s\n%s", complaint_to_string(complaint, "text"), text);
        return document;
}

static Document *parse(const char *text) {
        return parse_flags(text, 0, NULL);
}

/* The complaint that a text meets, as people see it. */
static void
assert_refused_as(const ObjectType *type, const char *text, YamlFlags flags, const char *expected) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autofree char *got = NULL;
        void *object = NULL;

        g_assert_cmpint(yaml_parse(type, text, strlen(text), flags, &object, NULL, &complaint),
                        ==,
                        -EBADMSG);
        g_assert_null(object);
        got = complaint_to_string(complaint, "f");
        g_assert_cmpstr(got, ==, expected);
}

static void assert_refused(const char *text, const char *expected) {
        assert_refused_as(&document_type, text, 0, expected);
}

static const char full[] = "version: 7\n"
                           "updated_at: 2026-05-12T15:01:32.123457Z\n"
                           "updated_by: a7f3\n"
                           "election_timeout: 500ms\n"
                           "peers:\n"
                           "  - node_id: a7f3\n"
                           "    advertise: alpha.example.com:9901\n"
                           "    cert_pem: |\n"
                           "      -----BEGIN CERTIFICATE-----\n"
                           "      AAAA\n"
                           "      -----END CERTIFICATE-----\n"
                           "checks:\n"
                           "  - id: ddbd\n"
                           "    name: homepage\n"
                           "    type: http\n"
                           "    target: https://example.com/?q=1#top\n"
                           "    interval: 1m30s\n"
                           "    timeout: 2.5s\n"
                           "    expect_status: 204\n"
                           "    alert_ids:\n"
                           "      - oncall\n"
                           "      - '12'\n"
                           "  - id: '0006'\n"
                           "    name: 'the db: main'\n"
                           "    type: tcp\n"
                           "    target: db.internal:5432\n"
                           "alerts:\n"
                           "  - id: x1\n"
                           "    name: ops\n"
                           "    type: smtp\n"
                           "    default: true\n"
                           "    smtp_host: smtp.example.com\n"
                           "    smtp_port: 587\n"
                           "    smtp_password: '# \"quoted\" ''x'''\n"
                           "    smtp_to:\n"
                           "      - ops@example.com\n"
                           "    subject_template: '[{{printf \"%-9s\" .Verb}}] {{.Check.Name}}'\n"
                           "    body_template: |-\n"
                           "      {{if eq .Verb \"DOWN\"}}down\n"
                           "\n"
                           "        indented\n"
                           "      {{end}}\n"
                           "...\n";

static void test_full(void) {
        _cleanup_(document_freep) Document *document = parse(full);
        g_autofree char *again = yaml_emit(&document_type, document, NULL, YAML_END_MARK);
        Check *check = document->checks->pdata[0];
        Alert *alert = document->alerts->pdata[0];

        g_assert_cmpuint(document->version, ==, 7);
        g_assert_cmpuint(document->updated_at % USEC_PER_SEC, ==, 123457);
        g_assert_cmpuint(document->election_timeout, ==, 500 * USEC_PER_MSEC);
        g_assert_cmpuint(check->interval, ==, 90 * USEC_PER_SEC);
        g_assert_cmpstr(check->alert_ids[1], ==, "12");
        g_assert_cmpstr(alert->smtp_password, ==, "# \"quoted\" 'x'");
        g_assert_true(alert->is_default);
        g_assert_cmpstr(alert->body_template, ==, "{{if eq .Verb \"DOWN\"}}down\n\n  indented\n{{end}}");
        g_assert_cmpstr(again, ==, full);
}

static void test_forms(void) {
        /* the forms an administrator or another writer may use for the same thing */
        _cleanup_(document_freep) Document *document =
                        parse("\xEF\xBB\xBF%YAML 1.1\n---\n# comment\nversion: +3\npeers:\nchecks: "
                              "~\nupdated_by: \"\"\n"
                              "updated_at: 0001-01-01T00:00:00Z\n"
                              "alerts: [{type: discord, name: yes, default: On, \"discord_webhook\": "
                              "'https://x/'}]\n");
        Alert *alert = document->alerts->pdata[0];

        g_assert_cmpuint(document->version, ==, 3);
        g_assert_cmpuint(document->updated_at, ==, 0);
        g_assert_null(document->checks);
        g_assert_cmpstr(alert->name, ==, "yes");
        g_assert_true(alert->is_default);
}

static void test_empty(void) {
        static const char *const texts[] = { "", "# only a comment\n", "---\n", "~\n", "{}\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                _cleanup_(document_freep) Document *document = parse(texts[i]);

                g_assert_cmpuint(document->version, ==, 0);
                g_assert_null(document->checks);
        }
        assert_refused_as(&node_config_type, "", 0, "f:1:1: node_id: missing; every node needs it");
}

static void test_refused_syntax(void) {
        assert_refused("a: &x 1\n", "f:1:4: anchors (&name) are not allowed here; write the value out");
        assert_refused("a: &x [1]\n", "f:1:4: anchors (&name) are not allowed here; write the value out");
        assert_refused("a: &x {b: 1}\n", "f:1:4: anchors (&name) are not allowed here; write the value out");
        assert_refused("a: *x\n", "f:1:4: aliases (*name) are not allowed here; write the value out");
        assert_refused("a: !!str 1\n", "f:1:4: tags (!name) are not allowed here; leave it out");
        assert_refused("a: ! 1\n", "f:1:4: tags (!name) are not allowed here; leave it out");
        assert_refused("version: 1\n---\nversion: 2\n",
                       "f:2:1: a second document (---) begins here; one file is one document");
        assert_refused("version: 1\npeers: []\nversion: 2\n",
                       "f:3:1: \"version\" stands here twice, first in line 1; keep one of them");
        assert_refused("[a]: 1\n", "f:1:1: a key must be a plain word, not a list or a mapping");
        assert_refused("a: \"x\\0y\"\n", "f:1:4: a NUL character (\\0) is not allowed");
        assert_refused("ä: \xFF\n", "f:1:4: this byte is not UTF-8");
        assert_refused("a: [\n",
                       "f:2:1: not valid YAML: did not find expected node content while parsing a flow "
                       "node");
        assert_refused("a: b: c\n", "f:1:5: not valid YAML: mapping values are not allowed in this context");
        assert_refused("a:\n\t- b: 1\n",
                       "f:2:1: not valid YAML: a tab stands before it; indent with blanks");
        assert_refused("a:\n  b: 1\n \tc: 2\n",
                       "f:3:2: not valid YAML: a tab stands before it; indent with blanks");
        assert_refused("a: 1\n...\nb: 2\n",
                       "f:3:1: not valid YAML: the line \"...\" above ends the document; write this before "
                       "it");
        assert_refused("a: \x01\n", "f:1:4: not valid YAML: control characters are not allowed");
        assert_refused("a: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "f:1:19: nested deeper than 16 levels");
        assert_refused("- 1\n", "f:1:1: a list was found where the fields of one document belong");
}

static void test_refused_nul(void) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        void *object = NULL;

        g_assert_cmpint(yaml_parse(&document_type, "a\0b", 3, 0, &object, NULL, &complaint), ==, -EBADMSG);
        g_assert_cmpstr(complaint->text, ==, "a NUL character is not allowed");
}

static void test_refused_noncharacters(void) {
        static const char *const texts[] = { "checks: \xEF\xBF\xBF", "checks: \"\\uFDD0\"" };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                _cleanup_(complaint_freep) Complaint *complaint = NULL;
                void *object = NULL;

                g_assert_cmpint(yaml_parse(&document_type,
                                           texts[i],
                                           strlen(texts[i]),
                                           0,
                                           &object,
                                           NULL,
                                           &complaint),
                                ==,
                                -EBADMSG);
                g_assert_nonnull(strstr(complaint->text, "no character"));
        }
}

static void test_refused_large(void) {
        g_autofree char *text = g_malloc(DOCUMENT_MAX_BYTES + 1);
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        void *object = NULL;

        memset(text, '#', DOCUMENT_MAX_BYTES + 1);
        g_assert_cmpint(yaml_parse(&document_type, text, DOCUMENT_MAX_BYTES, 0, &object, NULL, &complaint),
                        ==,
                        0);
        object = object_free(&document_type, object);
        g_assert_cmpint(yaml_parse(&document_type,
                                   text,
                                   DOCUMENT_MAX_BYTES + 1,
                                   0,
                                   &object,
                                   NULL,
                                   &complaint),
                        ==,
                        -EBADMSG);
        g_assert_cmpstr(complaint->text, ==, "the text is larger than 16777216 bytes");
}

static void test_refused_fields(void) {
        assert_refused("verson: 1\n", "f:1:1: verson: no such field; is \"version\" meant?");
        assert_refused("zzzzzzzzz: 1\n", "f:1:1: zzzzzzzzz: no such field");
        assert_refused("checks:\n  - type: tcp\n    intervall: 5s\n",
                       "f:3:5: checks[0].intervall: no such field; is \"interval\" meant?");
        assert_refused("checks:\n  - type: tcp\n    revision: 5\n",
                       "f:3:5: checks[0].revision: no such field");
        assert_refused("peers: [{node_id: a, joining: true}]\n", "f:1:22: peers[0].joining: no such field");
        assert_refused("checks:\n  - type: tcp\n    interval: 30\n",
                       "f:3:15: checks[0].interval: \"30\" is not a duration; write a number with its unit, "
                       "such "
                       "as 30s, 1m30s or 250ms");
        assert_refused("election_timeout: -3s\n",
                       "f:1:19: election_timeout: \"-3s\" is negative; leave the field out for the default");
        assert_refused("election_timeout: 9999999h\n",
                       "f:1:19: election_timeout: \"9999999h\" is longer than 292 years");
        assert_refused("checks: [{type: dns}]\n",
                       "f:1:17: checks[0].type: \"dns\" is not one of http, tcp or icmp");
        assert_refused("checks: [{name: x}]\n",
                       "f:1:10: checks[0].type: missing; would be http, tcp or icmp");
        assert_refused("version: x\n", "f:1:10: version: \"x\" is not a whole number");
        assert_refused("version: -1\n", "f:1:10: version: -1 is negative; the default is meant by 0");
        assert_refused("version: [1]\n", "f:1:10: version: a list was found where a number belongs");
        assert_refused("updated_at: today\n",
                       "f:1:13: updated_at: \"today\" is not a time of RFC 3339 such as "
                       "2026-05-12T15:01:32Z");
        assert_refused("updated_at: {}\n", "f:1:13: updated_at: a mapping was found where a time belongs");
        assert_refused("election_timeout: []\n",
                       "f:1:19: election_timeout: a list was found where a duration such as 30s belongs");
        assert_refused("checks: {}\n", "f:1:9: checks: a mapping was found where a list belongs");
        assert_refused("checks: [1]\n",
                       "f:1:10: checks[0]: a plain value was found where the fields of one check belong");
        assert_refused("checks: [{type: tcp, alert_ids: x}]\n",
                       "f:1:33: checks[0].alert_ids: a plain value was found where a list belongs");
        assert_refused("checks: [{type: tcp, alert_ids: [a, [b]]}]\n",
                       "f:1:37: checks[0].alert_ids[1]: a list was found where a text belongs");
        assert_refused("checks: [{type: [tcp]}]\n",
                       "f:1:17: checks[0].type: a list was found where http, tcp or icmp belongs");
        assert_refused("alerts: [{type: smtp, default: maybe}]\n",
                       "f:1:32: alerts[0].default: \"maybe\" is neither true nor false");
        assert_refused("alerts: [{type: smtp, default: [x]}]\n",
                       "f:1:32: alerts[0].default: a list was found where true or false belongs");
        assert_refused("alerts: [{type: smtp, smtp_password: {kept: false}}]\n",
                       "f:1:38: alerts[0].smtp_password: a mapping was found where a text (or {credential: "
                       "NAME}, "
                       "{kept: true}) belongs");
}

static void test_limits(void) {
        g_autofree char *name = g_strnfill(NAME_MAX_BYTES, 'n');
        g_autofree char *good = g_strdup_printf("checks: [{type: tcp, name: %s}]\n", name);
        g_autofree char *bad = g_strdup_printf("checks: [{type: tcp, name: é%s}]\n", name);
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        g_autoptr(GString) peers = g_string_new("peers:\n");
        _cleanup_(document_freep) Document *document = parse(good), *lax = NULL;
        const Check *check = document->checks->pdata[0];

        g_assert_cmpstr(check->name, ==, name);
        assert_refused(bad, "f:1:28: checks[0].name: 130 bytes long; at most 128 are allowed");
        lax = parse_flags(bad, YAML_LAX, warnings);
        check = lax->checks->pdata[0];
        g_assert_cmpuint(strlen(check->name), ==, NAME_MAX_BYTES);
        g_assert_cmpuint(warnings->len, ==, 1);

        for (unsigned i = 0; i <= PEERS_MAX; i++)
                g_string_append_printf(peers, "  - {node_id: n%u}\n", i);
        assert_refused(peers->str, "f:2:3: peers: 65 entries; at most 64 are allowed");
}

static void test_lax(void) {
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        _cleanup_(document_freep) Document *document =
                        parse_flags("updated_at: never\n"
                                    "resolvers: [a]\n"
                                    "checks:\n"
                                    "  - {name: a, type: dns, interval: -1s, expect_status: -2}\n"
                                    "  - {name: b, interval: 10ns}\n",
                                    YAML_LAX,
                                    warnings);
        Check *a = document->checks->pdata[0], *b = document->checks->pdata[1];
        g_autofree char *first = complaint_to_string(warnings->pdata[1], NULL);

        g_assert_cmpint((int) a->type, ==, -1);
        g_assert_cmpint((int) b->type, ==, -1);
        g_assert_cmpuint(a->interval, ==, 0);
        g_assert_cmpuint(a->expect_status, ==, 0);
        g_assert_cmpuint(b->interval, ==, 1);
        g_assert_cmpuint(warnings->len, ==, 4);
        g_assert_cmpstr(first, ==, "line 2:1: resolvers: no such field");

        /* nobody listens: still no refusal */
        _cleanup_(document_freep) Document *again = parse_flags("updated_at: never\n", YAML_LAX, NULL);
        g_assert_cmpuint(again->updated_at, ==, 0);
}

static void test_unknown_kept(void) {
        static const char text[] = "version: 1\n"
                                   "peers: []\n"
                                   "checks:\n"
                                   "  - type: tcp\n"
                                   "    dns:\n"
                                   "      record: txt\n"
                                   "      expect:\n"
                                   "        - 1\n"
                                   "        - 2.5\n"
                                   "        - 'true'\n"
                                   "        - true\n"
                                   "        - null\n"
                                   "        - []\n"
                                   "        - {}\n"
                                   "        - a: 1\n"
                                   "          b:\n"
                                   "            - x\n"
                                   "        - - nested\n"
                                   "      text: |\n"
                                   "        two\n"
                                   "        lines\n"
                                   "    disabled: true\n"
                                   "alerts: []\n"
                                   "resolvers:\n"
                                   "  - 10.0.0.1\n";
        _cleanup_(document_freep) Document *document = parse_flags(text, YAML_KEEP_UNKNOWN, NULL),
                                           *back = NULL;
        Check *check = document->checks->pdata[0];
        g_autofree char *again = NULL;

        g_assert_cmpstr(document->extra, ==, "{\"resolvers\":[\"10.0.0.1\"]}");
        g_assert_nonnull(strstr(
                        check->extra,
                        "\"expect\":[1,2.5,\"true\",true,null,[],{},{\"a\":1,\"b\":[\"x\"]},[\"nested\"]]"));
        again = yaml_emit(&document_type, document, NULL, 0);
        back = parse_flags(again, YAML_KEEP_UNKNOWN, NULL);
        g_assert_true(document_equal(document, back));
}

static void test_unknown_becomes_known(void) {
        /* kept by an older version, known to this one: written once */
        Check check = { .type = CHECK_TCP,
                        .name = (char *) "db",
                        .extra = (char *) "{\"name\":\"old\",\"new\":1}" };
        g_autofree char *text = yaml_emit(&check_type, &check, NULL, 0);

        g_assert_cmpstr(text, ==, "name: db\ntype: tcp\nnew: 1\n");

        check.extra = (char *) "not JSON";
        g_free(text);
        text = yaml_emit(&check_type, &check, NULL, 0);
        g_assert_cmpstr(text, ==, "name: db\ntype: tcp\n");
}

static void test_unknown_large(void) {
        g_autofree char *value = g_strnfill(EXTRA_FIELDS_MAX_BYTES, 'v');
        g_autofree char *text = g_strdup_printf("zzzz: %s\n", value);
        g_autofree char *key = g_strnfill(1500, 'k');
        g_autofree char *keyed = g_strdup_printf("{\"%s\":{\"%s\":1}}", key, key);
        Document document = { .extra = keyed };
        _cleanup_(document_freep) Document *back = NULL;
        g_autofree char *again = NULL;

        assert_refused_as(
                        &document_type,
                        text,
                        YAML_KEEP_UNKNOWN,
                        "f:1:1: unknown fields of more than 65536 bytes");
        again = yaml_emit(&document_type, &document, NULL, 0);
        back = parse_flags(again, YAML_KEEP_UNKNOWN, NULL);
        g_assert_cmpstr(back->extra, ==, keyed);
}

static void test_credentials(void) {
        _cleanup_(document_freep) Document *document =
                        parse("alerts:\n  - {type: smtp, id: a, smtp_password: {credential: smtp-ops}}\n"
                              "  - {type: discord, id: b, discord_webhook: {credential: '{\"x\\, y'}}\n");
        g_autofree char *text = yaml_emit(&document_type, document, NULL, YAML_MASK_SECRETS);
        _cleanup_(document_freep) Document *back = parse(text);
        const Alert *mail = back->alerts->pdata[0], *webhook = back->alerts->pdata[1];

        g_assert_nonnull(strstr(text, "smtp_password: {credential: smtp-ops}\n"));
        g_assert_nonnull(strstr(text, "discord_webhook: {credential: \"{\\\"x\\\\, y\"}\n"));
        g_assert_cmpstr(alert_credential(mail), ==, "smtp-ops");
        g_assert_cmpstr(alert_credential(webhook), ==, "{\"x\\, y");
        g_assert_true(document_equal(document, back));

        assert_refused("alerts: [{type: smtp, smtp_password: {credential: a/b}}]\n",
                       "f:1:51: alerts[0].smtp_password: no name of a credential; 1 to 255 printable ASCII "
                       "characters without : and /");
        assert_refused("alerts: [{type: smtp, smtp_user: {credential: a}}]\n",
                       "f:1:34: alerts[0].smtp_user: a mapping was found where a text belongs");
}

static void test_secrets(void) {
        _cleanup_(document_freep) Document *document =
                        parse("checks: [{type: http, id: c, target: 'https://u:p@h/'}]\n"
                              "alerts: [{type: smtp, id: a, smtp_password: hush}]\n");
        g_autofree char *masked = yaml_emit(&document_type, document, NULL, YAML_MASK_SECRETS);
        _cleanup_(document_freep) Document *back = parse(masked);
        Alert *alert = back->alerts->pdata[0];
        Check *check = back->checks->pdata[0];
        const Field *missing = NULL;

        g_assert_null(strstr(masked, "hush"));
        g_assert_null(strstr(masked, "u:p"));
        g_assert_nonnull(strstr(masked, "smtp_password: {kept: true}\n"));
        g_assert_true(secret_is_mark(alert->smtp_password));
        g_assert_cmpstr(check->target, ==, "https://***@h/");

        g_assert_cmpint(secret_resolve(&alert_type, alert, NULL, &missing), ==, -ENOKEY);
        g_assert_cmpstr(missing->name, ==, "smtp_password");
        g_assert_cmpint(secret_resolve(&check_type, check, NULL, &missing), ==, -ENOKEY);
        g_assert_cmpstr(missing->name, ==, "target");

        g_assert_cmpint(secret_resolve(&alert_type, alert, document->alerts->pdata[0], NULL), ==, 0);
        g_assert_cmpint(secret_resolve(&check_type, check, document->checks->pdata[0], NULL), ==, 0);
        g_assert_cmpstr(alert->smtp_password, ==, "hush");
        g_assert_cmpstr(check->target, ==, "https://u:p@h/");
}

static void assert_round_trip(const char *text) {
        Check check = {
                .type = CHECK_TCP,
                .name = (char *) text,
                .body_match = (char *) text,
                .alert_ids = (char *[]){ (char *) text, (char *) "end", NULL },
        };
        GPtrArray *checks = g_ptr_array_new();
        Document document = { .updated_by = (char *) text, .checks = checks };
        _cleanup_(document_freep) Document *back = NULL;
        g_autofree char *yaml = NULL;
        const Check *got;

        g_ptr_array_add(checks, &check);
        yaml = yaml_emit(&document_type, &document, "a comment\n\nof lines\n", YAML_END_MARK);
        back = parse(yaml);
        got = back->checks->pdata[0];
        g_assert_cmpstr(back->updated_by ?: "", ==, text);
        g_assert_cmpstr(got->name ?: "", ==, text);
        g_assert_cmpstr(got->body_match ?: "", ==, text);
        g_assert_cmpstr(got->alert_ids[0], ==, text);
        g_assert_cmpstr(got->alert_ids[1], ==, "end");
        g_ptr_array_unref(checks);
}

static void test_round_trip(void) {
        static const char *const texts[] = {
                "",
                " ",
                "~",
                "null",
                "Null",
                "true",
                "no",
                "y",
                "1",
                "-1",
                "1e5",
                "0x10",
                "0o7",
                "1_000",
                "12:30:45",
                "2026-01-01",
                ".inf",
                "-",
                "- a",
                "? x",
                ": x",
                "a: b",
                "a:",
                "a #b",
                "#a",
                "&a",
                "*a",
                "!a",
                "|",
                ">",
                "%a",
                "@a",
                "`a",
                "{a}",
                "[a]",
                "a]",
                "'",
                "\"",
                "it's",
                "\\",
                "\\n",
                "---",
                "...",
                "--- a",
                "a\n",
                "a\nb",
                "a\nb\n",
                "a\n\n",
                "\na",
                "\n\na\n",
                "\n",
                "\n\n",
                " a\nb",
                "a\n b",
                "  \na",
                "a\n  ",
                "a\n   \nb",
                "a\n\tb",
                "\ta\nb",
                "\t",
                "a\tb",
                "a \nb ",
                "...\n---\n",
                "a\n...\n",
                "\r",
                "a\r\nb",
                "a\rb",
                "\xC2\x85",
                ("a\n\xC2\x85"
                 "b"), /* in two, or the b is a digit */
                "\xE2\x80\xA8",
                "\xEF\xBB\xBF",
                "a\n\xEF\xBB\xBF",
                "\xC2\xA0",
                "ä",
                "ÿ\nü",
                "€ 5",
                "\xF0\x9F\x98\x80",
                "\xF0\x9F\x98\x80\n!",
                "\x01",
                "\x7F",
                "\x1B[0m",
                "\xEF\xBF\xBD",
                "a, b",
                "a b  c",
                "<<",
                "=",
                "x: |\n  y",
                "key: value\nother: 1\n",
                " \n ",
                "a\n ",
                "\n a",
                "\n\ta",
                "#\n#",
                "'\n'",
                "1.2.3.4",
                "30s",
                "250µs",
                "e1",
                "0",
                "+1",
                "1.",
                ".5",
                "0b1",
                "12e",
                "Infinity",
                "a\n\n\nb\n\n\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_round_trip(texts[i]);
}

/* any text at all, from pieces that YAML has an opinion about */
static void test_round_trip_random(void) {
        static const char *const pieces[] = { " ",
                                              " ",
                                              "\n",
                                              "\n",
                                              "a",
                                              "b",
                                              ":",
                                              "#",
                                              "-",
                                              "'",
                                              "\"",
                                              "\\",
                                              "\t",
                                              "|",
                                              ">",
                                              "{",
                                              "}",
                                              "[",
                                              "]",
                                              ",",
                                              "&",
                                              "*",
                                              "!",
                                              "%",
                                              "?",
                                              "0",
                                              "1",
                                              ".",
                                              "ä",
                                              "\r",
                                              "\xC2\x85",
                                              "\xE2\x80\xA9",
                                              "\xEF\xBB\xBF",
                                              "\x02",
                                              "~",
                                              "e" };
        g_autoptr(GRand) rand = g_rand_new_with_seed(20261122);

        for (unsigned i = 0; i < 20000; i++) {
                g_autoptr(GString) text = g_string_new(NULL);
                int n = g_rand_int_range(rand, 1, 12);

                while (n-- > 0)
                        g_string_append(text, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
                assert_round_trip(text->str);
        }
}

static void test_numbers_round_trip(void) {
        static const char *const values[] = {
                "0", "-5", "0.1", "1e+22", "123456789012345678", "1.5", "-0.25"
        };

        for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
                g_autofree char *text = g_strdup_printf("zzzz: %s\n", values[i]), *again = NULL;
                _cleanup_(document_freep) Document *document = parse_flags(text, YAML_KEEP_UNKNOWN, NULL),
                                                   *back = NULL;

                again = yaml_emit(&document_type, document, NULL, 0);
                back = parse_flags(again, YAML_KEEP_UNKNOWN, NULL);
                g_assert_cmpstr(back->extra, ==, document->extra);
        }
}

static void test_node(void) {
        static const char text[] = "node_id: n1\nbind_port: 9901\ncluster_secret: '0123'\nfuture: 1\n";
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        g_autofree char *again = NULL;
        void *object = NULL;

        assert_refused_as(&node_config_type, text, 0, "f:4:1: future: no such field");
        g_assert_cmpint(yaml_parse(&node_config_type, text, strlen(text), YAML_LAX, &object, warnings, NULL),
                        ==,
                        0);
        g_assert_cmpuint(warnings->len, ==, 1);
        again = yaml_emit(&node_config_type, object, "quptime: this node", 0);
        g_assert_cmpstr(again,
                        ==,
                        "# quptime: this node\nnode_id: n1\nbind_port: 9901\ncluster_secret: '0123'\n");
        object = object_free(&node_config_type, object);
        assert_refused_as(
                        &node_config_type,
                        "bind_port: 1\n",
                        YAML_LAX,
                        "f:1:1: node_id: missing; every node needs it");
}

static void test_trust(void) {
        static const char text[] = "entries:\n"
                                   "    - node_id: b21c\n"
                                   "      address: bravo:9901\n"
                                   "      fingerprint: sha256:00\n"
                                   "      public_key_pem: \"\"\n"
                                   "      cert_pem: |\n"
                                   "        PEM\n"
                                   "      added_at: 2026-05-12T15:01:32.5+02:00\n";
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        g_autofree char *again = NULL;
        void *object = NULL;

        g_assert_cmpint(yaml_parse(&trust_file_type, text, strlen(text), YAML_LAX, &object, warnings, NULL),
                        ==,
                        0);
        g_assert_cmpuint(warnings->len, ==, 1);
        again = yaml_emit(&trust_file_type, object, NULL, 0);
        g_assert_cmpstr(again,
                        ==,
                        "entries:\n  - node_id: b21c\n    address: bravo:9901\n    fingerprint: sha256:00\n"
                        "    cert_pem: |\n      PEM\n    added_at: 2026-05-12T13:01:32.500000Z\n");
        object = object_free(&trust_file_type, object);
}

static void test_locate(void) {
        static const char text[] = "checks:\n  - type: tcp\n  - type: http\n    interval: 5s\n";
        g_autoptr(GPtrArray) complaints = complaint_list_new();
        Complaint *a = complaint_new(0, 0, "checks[1].interval", g_strdup("a"));
        Complaint *b = complaint_new(0, 0, "checks[1].target", g_strdup("b"));
        Complaint *c = complaint_new(0, 0, NULL, g_strdup("c"));
        Complaint *d = complaint_new(9, 9, "checks", g_strdup("d"));
        Complaint *e = complaint_new(0, 0, "checks[7].name", g_strdup("e"));

        yaml_locate(complaints, text, strlen(text));
        g_ptr_array_add(complaints, a);
        g_ptr_array_add(complaints, b);
        g_ptr_array_add(complaints, c);
        g_ptr_array_add(complaints, d);
        g_ptr_array_add(complaints, e);
        yaml_locate(complaints, "a: [", 4);
        g_assert_cmpuint(a->line, ==, 0);
        yaml_locate(complaints, text, strlen(text));
        g_assert_cmpuint(a->line, ==, 4);
        g_assert_cmpuint(a->column, ==, 15);
        g_assert_cmpuint(b->line, ==, 3);
        g_assert_cmpuint(c->line, ==, 0);
        g_assert_cmpuint(d->line, ==, 9);
        g_assert_cmpuint(e->line, ==, 2);

        Complaint *f = complaint_new(0, 0, "checks", g_strdup("f"));
        yaml_locate_one(f, text, strlen(text));
        g_assert_cmpuint(f->line, ==, 2);
        complaint_prefix(f, "x", 3);
        g_assert_cmpstr(f->field, ==, "x[3].checks");
        f = complaint_free(f);
}

/* every type of field, also those that the files of today do not use */
typedef struct Thing {
        int64_t number;
        usec_t age;
        char *json;
        struct Thing *child;
} Thing;

static const ObjectType thing_type;
static const Field thing_fields[] = {
        FIELD(Thing, number, FIELD_INT),
        FIELD(Thing, age, FIELD_USEC),
        FIELD(Thing, json, FIELD_JSON, .flags = FIELD_KEEP_EMPTY),
        FIELD(Thing, child, FIELD_OBJECT, .object = &thing_type),
};
static const ObjectType thing_type = OBJECT_TYPE(Thing, "thing", thing_fields);

static void test_other_types(void) {
        static const char text[] =
                        "number: -3\nage: 12\njson:\n  a: [1]\nchild:\n  number: 4\n  child: {}\n";
        static const char canonical[] =
                        "number: -3\nage: 12\njson:\n  a:\n    - 1\nchild:\n  number: 4\n  child:\n    {}\n";
        g_autofree char *again = NULL, *once_more = NULL;
        void *object = NULL;

        g_assert_cmpint(yaml_parse(&thing_type, text, strlen(text), 0, &object, NULL, NULL), ==, 0);
        again = yaml_emit(&thing_type, object, NULL, 0);
        g_assert_cmpstr(again, ==, canonical);
        object = object_free(&thing_type, object);
        g_assert_cmpint(yaml_parse(&thing_type, again, strlen(again), 0, &object, NULL, NULL), ==, 0);
        once_more = yaml_emit(&thing_type, object, NULL, 0);
        g_assert_cmpstr(once_more, ==, canonical);
        object = object_free(&thing_type, object);

        Thing bad = { .json = (char *) "{" };
        g_autofree char *null = yaml_emit(&thing_type, &bad, NULL, 0);
        g_assert_cmpstr(null, ==, "json: null\n");
        g_assert_null(complaint_free(NULL));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/yaml/full", test_full);
        g_test_add_func("/yaml/forms", test_forms);
        g_test_add_func("/yaml/empty", test_empty);
        g_test_add_func("/yaml/refused/syntax", test_refused_syntax);
        g_test_add_func("/yaml/refused/nul", test_refused_nul);
        g_test_add_func("/yaml/refused/noncharacters", test_refused_noncharacters);
        g_test_add_func("/yaml/refused/large", test_refused_large);
        g_test_add_func("/yaml/refused/fields", test_refused_fields);
        g_test_add_func("/yaml/limits", test_limits);
        g_test_add_func("/yaml/lax", test_lax);
        g_test_add_func("/yaml/credentials", test_credentials);
        g_test_add_func("/yaml/unknown/kept", test_unknown_kept);
        g_test_add_func("/yaml/unknown/becomes-known", test_unknown_becomes_known);
        g_test_add_func("/yaml/unknown/large", test_unknown_large);
        g_test_add_func("/yaml/secrets", test_secrets);
        g_test_add_func("/yaml/round-trip", test_round_trip);
        g_test_add_func("/yaml/round-trip/random", test_round_trip_random);
        g_test_add_func("/yaml/round-trip/numbers", test_numbers_round_trip);
        g_test_add_func("/yaml/node", test_node);
        g_test_add_func("/yaml/trust", test_trust);
        g_test_add_func("/yaml/locate", test_locate);
        g_test_add_func("/yaml/other-types", test_other_types);
        return g_test_run();
}
