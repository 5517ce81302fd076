/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "config/text.h"
#include "config/validate.h"
#include "config/yaml.h"

/* A document with the given text is refused with that complaint; NULL: it is accepted. */
static void assert_document(const char *text, const char *expected) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(document_freep) Document *document = NULL;
        g_autofree char *got = NULL;
        void *parsed = NULL;

        g_assert_cmpint(yaml_parse(&document_type, text, strlen(text), 0, &parsed, NULL, &complaint), ==, 0);
        document = parsed;
        if (!expected) {
                if (document_validate(document, &complaint) < 0)
                        g_error("%s: %s", text, complaint_to_string(complaint, NULL));
                return;
        }
        g_assert_cmpint(document_validate(document, NULL), ==, -EINVAL);
        g_assert_cmpint(document_validate(document, &complaint), ==, -EINVAL);
        got = complaint_to_string(complaint, NULL);
        g_assert_cmpstr(got, ==, expected);
}

static void assert_check(const char *fields, const char *expected) {
        g_autofree char *text = g_strdup_printf("checks: [{id: c, name: n, %s}]\n", fields);
        g_autofree char *full = expected ? g_strconcat("checks[0].", expected, NULL) : NULL;

        assert_document(text, full);
}

static void assert_alert(const char *fields, const char *expected) {
        g_autofree char *text = g_strdup_printf("alerts: [{id: a, name: n, %s}]\n", fields);
        g_autofree char *full = expected ? g_strconcat("alerts[0].", expected, NULL) : NULL;

        assert_document(text, full);
}

static void test_times(void) {
        assert_check("type: icmp, target: h", NULL);
        assert_check("type: icmp, target: h, interval: 1s", NULL);
        assert_check("type: icmp, target: h, interval: 24h", NULL);
        assert_check("type: icmp, target: h, interval: 999ms", "interval: 999ms is too short; at least 1s");
        assert_check("type: icmp, target: h, interval: 24h0m0.1s",
                     "interval: 24h0m0.1s is too long; at most 24h0m0s");
        assert_check("type: icmp, target: h, timeout: 100ms", NULL);
        assert_check("type: icmp, target: h, timeout: 99ms", "timeout: 99ms is too short; at least 100ms");
        assert_check("type: icmp, target: h, interval: 5s, timeout: 5s", NULL);
        assert_check("type: icmp, target: h, interval: 5s, timeout: 5001ms",
                     "timeout: 5.001s is longer than the interval; at most 5s, or a longer interval");
        assert_check("type: icmp, target: h, timeout: 31s",
                     "timeout: 31s is longer than the interval; at most 30s, or a longer interval");
}

static void test_targets(void) {
        static const char *const good[] = {
                "http, target: 'http://h'",
                "http, target: 'HTTPS://example.com:8443/a?b#c'",
                "http, target: 'https://u:p@h/'",
                "http, target: 'http://[::1]:80/'",
                "http, target: 'http://h?x=@'",
                "tcp, target: 'h:1'",
                "tcp, target: '[2001:db8::1]:5432'",
                "icmp, target: '2001:db8::1'",
                "icmp, target: 'fe80::1%eth0'",
                "icmp, target: bücher.example",
                "tcp, target: '0.255.10.1:1'",
                "icmp, target: '4711'",
                "http, target: 'http://10.0.0.3/1.2'",
                "icmp, target: 10.0.0.300.example.com",
        };
        static const struct {
                const char *fields, *expected;
        } bad[] = {
                { "http", "missing; a URL such as https://www.example.com/" },
                { "tcp", "missing; host:port" },
                { "icmp", "missing; a host name or address" },
                { "http, target: h",
                  "the URL does not begin with http:// or https://; write it like "
                  "https://www.example.com/path" },
                { "http, target: 'ftp://h'",
                  "the URL does not begin with http:// or https://; write it like "
                  "https://www.example.com/path" },
                { "http, target: 'http://h/a b'",
                  "the URL holds a blank or control character; write it as %20; write it like "
                  "https://www.example.com/path" },
                { "http, target: 'http:///x'",
                  "the URL has no host, or one with characters that no host name has; write it like "
                  "https://www.example.com/path" },
                { "http, target: 'http://a@/x'",
                  "the URL has no host, or one with characters that no host name has; write it like "
                  "https://www.example.com/path" },
                { "http, target: 'http://h:0/'",
                  "the URL has a port that is not 1 to 65535; write it like https://www.example.com/path" },
                { "http, target: 'http://[::1/'",
                  "the URL has in [ ] what is no IPv6 address; write it like "
                  "https://www.example.com/path" },
                { "http, target: 'http://[::1]x/'",
                  "the URL has a port that is not 1 to 65535; write it like https://www.example.com/path" },
                { "http, target: 'http://***@h/'",
                  "the URL has *** for its user and password, and there is none to keep; give them" },
                { "tcp, target: h",
                  "\"h\" is not host:port; for example db.example.com:5432 or [2001:db8::1]:5432" },
                { "icmp, target: 'http://h'",
                  "an icmp target is only a host, without a scheme; for example 192.0.2.1" },
                { "icmp, target: 'h:80'",
                  "an icmp target is only a host, without a port; for example 192.0.2.1" },
                { "tcp, target: 'https://user:pass@h/'",
                  "\"***@h/\" is not host:port; for example db.example.com:5432 or [2001:db8::1]:5432" },
                { "icmp, target: 'user:pass@h'", "\"***@h\" is not a host name or address" },
                { "icmp, target: 'a b'", "\"a b\" is not a host name or address" },
                { "icmp, target: '::'", NULL },
                { "icmp, target: 10.0.0.300",
                  "\"10.0.0.300\" is no IPv4 address, which is four numbers of 0 to 255, such as "
                  "192.0.2.1" },
                { "tcp, target: '10.0.01.3:80'",
                  "\"10.0.01.3\" is no IPv4 address, which is four numbers of 0 to 255, such as 192.0.2.1" },
                { "http, target: 'http://u:p@10.0.0:80/'",
                  "\"10.0.0\" is no IPv4 address, which is four numbers of 0 to 255, such as 192.0.2.1" },
                { "icmp, target: '1.2.3.4.5'",
                  "\"1.2.3.4.5\" is no IPv4 address, which is four numbers of 0 to 255, such as 192.0.2.1" },
                { "icmp, target: '-c'", "\"-c\" is not a host name or address" },
        };
        g_autofree char *text = NULL, *url = NULL, *fill = g_strnfill(TARGET_MAX_BYTES, 'x');

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *fields = g_strconcat("type: ", good[i], NULL);

                assert_check(fields, NULL);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *fields = g_strconcat("type: ", bad[i].fields, NULL);
                g_autofree char *expected =
                                bad[i].expected ? g_strconcat("target: ", bad[i].expected, NULL) : NULL;

                assert_check(fields, expected);
        }
        url = g_strconcat("http://h/", fill, NULL);
        g_assert_cmpint(target_validate(CHECK_HTTP, url, &text), ==, -EINVAL);
        g_assert_cmpstr(text, ==, "longer than 2048 bytes");
        g_assert_cmpint(target_validate(_CHECK_KIND_MAX, "h", NULL), ==, -EINVAL);
}

static void test_expectation(void) {
        assert_check("type: http, target: 'http://h', expect_status: 100, body_match: \"a\\n\\tb\"", NULL);
        assert_check("type: http, target: 'http://h', expect_status: 599", NULL);
        assert_check("type: http, target: 'http://h', expect_status: 99",
                     "expect_status: 99 is no HTTP status; 100 to 599, or nothing for 200");
        assert_check("type: http, target: 'http://h', expect_status: 600",
                     "expect_status: 600 is no HTTP status; 100 to 599, or nothing for 200");
        assert_check("type: tcp, target: 'h:1', expect_status: 200",
                     "expect_status: only http checks have a status; leave it out");
        assert_check("type: icmp, target: h, body_match: x",
                     "body_match: only http checks have a body; leave it out");
        assert_check("type: http, target: 'http://h', body_match: \"\\x01\"",
                     "body_match: holds a control character other than tab and line break; leave it out");
}

static void test_names(void) {
        g_autofree char *longest = g_strnfill(NAME_MAX_BYTES, 'n');
        g_autofree char *longer = g_strnfill(NAME_MAX_BYTES + 1, 'n');
        static const struct {
                const char *name, *expected;
        } bad[] = {
                { NULL, "missing; give it a name" },
                { "", "missing; give it a name" },
                { " a", "begins or ends with a blank; leave it out" },
                { "a ", "begins or ends with a blank; leave it out" },
                { "a\xC2\xA0", "begins or ends with a blank; leave it out" },
                { "a\nb", "holds a control character; leave it out" },
                { "a\x7F", "holds a control character; leave it out" },
                { "a\xC2\x80", "holds a control character; leave it out" },
                { "\xFF", "not UTF-8; write it in UTF-8" },
        };
        g_autofree char *text = NULL;

        g_assert_cmpint(name_validate("größe 3 (neu)", NULL), ==, 0);
        g_assert_cmpint(name_validate(longest, NULL), ==, 0);
        g_assert_cmpint(name_validate(longer, &text), ==, -EINVAL);
        g_assert_cmpstr(text, ==, "longer than 128 bytes; shorten it");
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *got = NULL;

                g_assert_cmpint(name_validate(bad[i].name, &got), ==, -EINVAL);
                g_assert_cmpstr(got, ==, bad[i].expected);
        }
}

static void test_alerts(void) {
        static const char smtp[] = "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: [c@d]";
        static const struct {
                const char *fields, *expected;
        } cases[] = {
                { smtp, NULL },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: [c@d], smtp_port: 65535", NULL },
                { "type: smtp, smtp_host: '::1', smtp_from: a@b, smtp_to: ['c@[192.0.2.1]']", NULL },
                { "type: smtp", "smtp_host: missing; the name or address of the mail server" },
                { "type: smtp, smtp_host: 'mx:25'",
                  "smtp_host: not a host name or address; the port belongs to smtp_port" },
                { "type: smtp, smtp_host: mx, smtp_port: 65536",
                  "smtp_port: 65536 is no port; 1 to 65535, or nothing for 587" },
                { "type: smtp, smtp_host: mx", "smtp_from: missing; an address such as ops@example.com" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b", "smtp_to: missing; at least one address" },
                { "type: smtp, smtp_host: mx, smtp_from: 'A <a@b>', smtp_to: [c@d]",
                  "smtp_from: not a bare mail address; write only ops@example.com, without a name, blanks "
                  "or brackets" },
                { "type: smtp, smtp_host: mx, smtp_from: root, smtp_to: [c@d]",
                  "smtp_from: \"root\" is not a mail address such as ops@example.com" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: [jürgen@c]",
                  "smtp_to: letters beyond ASCII need SMTPUTF8 of every mail server; write the domain as "
                  "xn--…, or take another address" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: ['a:b@c']",
                  "smtp_to: \"a:b@c\" is not a mail address such as ops@example.com" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: ['a@[::1', 'a@b']",
                  "smtp_to: \"a@[::1\" has no mail domain after the @" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: ['a@b@c']",
                  "smtp_to: \"a@b@c\" is not a mail address such as ops@example.com" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: ['a@b:25']",
                  "smtp_to: \"a@b:25\" has no mail domain after the @" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: [\"a@b\\r\\nX\"]",
                  "smtp_to: holds a control character; leave it out" },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: ['']",
                  "smtp_to: holds an empty entry; leave it out" },
                { "type: smtp, smtp_password: {kept: true}",
                  "smtp_password: there is no value to keep; give it" },
                { "type: smtp, discord_webhook: x",
                  "discord_webhook: no field of smtp alerts; leave it out" },
                { "type: discord, smtp_starttls: true",
                  "smtp_starttls: no field of discord alerts; leave it out" },
                { "type: discord", "discord_webhook: missing; the URL of the webhook" },
                { "type: discord, discord_webhook: {credential: hook}", NULL },
                { "type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: [c@d], smtp_password: {credential: "
                  "x}",
                  NULL },
                { "type: smtp, smtp_password: \"\\x01credential a/b\"",
                  "smtp_password: no name of a credential; 1 to 255 printable ASCII characters without : "
                  "and "
                  "/" },
                { "type: discord, discord_webhook: 'https://h/x'", NULL },
                { "type: discord, discord_webhook: 'http://127.0.0.1:8080/x'", NULL },
                { "type: discord, discord_webhook: 'http://[::1]/x'", NULL },
                { "type: discord, discord_webhook: 'http://localhost/x'", NULL },
                { "type: discord, discord_webhook: 'http://127.example.com/x'",
                  "discord_webhook: http:// would send the secret in clear; use https:// (http:// only to "
                  "this host)" },
                { "type: discord, discord_webhook: 'x://secret'",
                  "discord_webhook: the URL does not begin with http:// or https://" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_alert(cases[i].fields, cases[i].expected);
}

static void test_peers(void) {
        assert_document("peers: [{node_id: a}, {node_id: b, advertise: 'h:1'}]\n", NULL);
        assert_document("peers: [{node_id: a}, {node_id: a}]\n",
                        "peers[1].node_id: \"a\" stands twice in the list; each needs its own");
        assert_document("peers: [{node_id: ' a'}]\n",
                        "peers[0].node_id: begins or ends with a blank; leave it out");
        assert_document("peers: [{node_id: a, advertise: h}]\n",
                        "peers[0].advertise: \"h\" is not host:port; for example alpha.example.com:9901 or "
                        "[2001:db8::1]:9901");
        assert_document("peers: [{node_id: a, fingerprint: 'sha256:00'}]\n",
                        "peers[0].fingerprint: not a fingerprint; sha256: and 64 hexadecimal digits");
        assert_document("peers:\n"
                        "  - {node_id: a, fingerprint: "
                        "'sha256:0000000000000000000000000000000000000000000000000000000000000000'}\n"
                        "  - {node_id: b, fingerprint: "
                        "'sha256:0000000000000000000000000000000000000000000000000000000000000000'}\n",
                        "peers[1].fingerprint: another peer has the same; two nodes never share a key");
        assert_document("peers: [{node_id: a, cert_pem: \"x\\ny\"}]\n", NULL);

        Peer nobody = {};
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_assert_cmpint(peer_validate(&nobody, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->text, ==, "missing; every peer needs it");
}

static void test_document(void) {
        assert_document("election_timeout: 300ms\n", NULL);
        assert_document("election_timeout: 10s\n", NULL);
        assert_document("election_timeout: 299ms\n",
                        "election_timeout: 299ms is out of range; 300ms to 10s, or nothing for 1s");
        assert_document("election_timeout: 10.1s\n",
                        "election_timeout: 10.1s is out of range; 300ms to 10s, or nothing for 1s");
        assert_document("checks: [{name: a, type: icmp, target: h}]\n",
                        "checks[0].id: missing; it needs one");
        assert_document("checks:\n- {id: 1, name: a, type: icmp, target: h}\n- {id: 1, name: b, type: icmp, "
                        "target: h}\n",
                        "checks[1].id: \"1\" stands twice in the list; each needs its own");
        assert_document("checks:\n- {id: 1, name: a, type: icmp, target: h}\n- {id: 2, name: a, type: icmp, "
                        "target: h}\n",
                        "checks[1].name: \"a\" is taken by another one; choose another name");
        assert_document("checks:\n- {id: 1, name: 2, type: icmp, target: h}\n- {id: 2, name: a, type: icmp, "
                        "target: h}\n",
                        "checks[0].name: \"2\" is the id of another one; choose another name");
        assert_document("checks: [{id: 1, name: 1, type: icmp, target: h}]\n", NULL);
        assert_document("checks: [{id: 1, name: a, type: icmp, target: h, alert_ids: [x]}]\n",
                        "checks[0].alert_ids: there is no alert \"x\"; add it first, or take it out of the "
                        "list");
        assert_document("checks: [{id: 1, name: a, type: icmp, target: h, suppress_alert_ids: [x]}]\n",
                        "checks[0].suppress_alert_ids: there is no alert \"x\"; add it first, or take it "
                        "out of the list");
        assert_document("checks: [{id: 1, name: a, type: icmp, target: h, alert_ids: [ops], "
                        "suppress_alert_ids: [9]}]\n"
                        "alerts: [{id: 9, name: ops, type: discord, discord_webhook: 'https://h'}]\n",
                        NULL);
}

static void test_counts(void) {
        _cleanup_(document_freep) Document *document = document_new();
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        Check check = {
                .id = (char *) "i", .name = (char *) "n", .target = (char *) "h", .type = CHECK_ICMP
        };

        document->peers = object_list_new(&peer_type);
        for (unsigned i = 0; i <= PEERS_MAX; i++)
                g_ptr_array_add(document->peers, peer_new());
        g_assert_cmpint(document_validate(document, NULL), ==, -EINVAL);
        g_assert_cmpint(document_validate(document, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->text, ==, "65 entries; at most 64 are allowed");

        /* objects that did not come from a text */
        check.type = (CheckKind) -1;
        complaint = complaint_free(complaint);
        g_assert_cmpint(check_validate(&check, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->text, ==, "unknown; http, tcp or icmp");

        g_auto(GStrv) many = g_new0(char *, REFERENCES_MAX + 2);
        for (unsigned i = 0; i <= REFERENCES_MAX; i++)
                many[i] = g_strdup("x");
        check.alert_ids = many;
        complaint = complaint_free(complaint);
        g_assert_cmpint(check_validate(&check, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->text, ==, "65 entries; at most 64 are allowed");

        check.alert_ids = NULL;
        check.id = (char *) "\xFF";
        complaint = complaint_free(complaint);
        g_assert_cmpint(check_validate(&check, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->text, ==, "not UTF-8; write it in UTF-8");

        g_autofree char *id = g_strnfill(NAME_MAX_BYTES + 1, 'x');
        check.id = id;
        complaint = complaint_free(complaint);
        g_assert_cmpint(check_validate(&check, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->text, ==, "129 bytes long; at most 128 are allowed");

        Alert alert = { .name = (char *) "n", .type = (AlertKind) 9 };
        complaint = complaint_free(complaint);
        g_assert_cmpint(alert_validate(&alert, &complaint), ==, -EINVAL);
        g_assert_cmpstr(complaint->field, ==, "type");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/validate/times", test_times);
        g_test_add_func("/validate/targets", test_targets);
        g_test_add_func("/validate/expectation", test_expectation);
        g_test_add_func("/validate/names", test_names);
        g_test_add_func("/validate/alerts", test_alerts);
        g_test_add_func("/validate/peers", test_peers);
        g_test_add_func("/validate/document", test_document);
        g_test_add_func("/validate/counts", test_counts);
        return g_test_run();
}
