/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>

#include "base/limits.h"
#include "config/adopt.h"
#include "config/validate.h"
#include "documents.h"

/* Adopts the text, which must be accepted; the warnings, one a line. */
static char *adopt(const char *text, Document **ret) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        g_autoptr(GString) lines = g_string_new(NULL);
        unsigned n_ids = 0;

        if (document_adopt_text(text, strlen(text), count_ids, &n_ids, ret, warnings, &complaint) < 0)
                g_error("%s", complaint_to_string(complaint, NULL));
        for (unsigned i = 0; i < warnings->len; i++) {
                g_autofree char *line = complaint_to_string(warnings->pdata[i], "f");

                g_string_append_printf(lines, "%s\n", line);
        }
        return g_string_free(g_steal_pointer(&lines), FALSE);
}

static void assert_adopted(const char *text, const char *expected_warnings, const char *expected_document) {
        _cleanup_(document_freep) Document *document = NULL;
        g_autofree char *warnings = adopt(text, &document), *got = document_to(document);
        g_autofree char *expected = g_strconcat("version: 0\n", expected_document, "...\n", NULL);

        g_assert_cmpint(document_validate(document, NULL), ==, 0);
        g_assert_cmpstr(warnings, ==, expected_warnings);
        if (expected_document)
                g_assert_cmpstr(got, ==, expected);
}

/* as the original writes it */
static void test_untouched(void) {
        static const char text[] = "version: 12\n"
                                   "updated_at: 2026-05-12T15:01:32.123456789+02:00\n"
                                   "updated_by: a7f3\n"
                                   "peers:\n"
                                   "    - node_id: a7f3\n"
                                   "      advertise: alpha.example.com:9901\n"
                                   "checks:\n"
                                   "    - id: ddbd\n"
                                   "      name: homepage\n"
                                   "      type: http\n"
                                   "      target: https://example.com\n"
                                   "      interval: 30s\n"
                                   "      timeout: 10s\n"
                                   "      expect_status: 200\n"
                                   "      alert_ids:\n"
                                   "        - oncall\n"
                                   "alerts:\n"
                                   "    - id: x1\n"
                                   "      name: oncall\n"
                                   "      type: discord\n"
                                   "      default: true\n"
                                   "      discord_webhook: https://discord.com/api/webhooks/1/x\n"
                                   "      body_template: |-\n"
                                   "        {{if eq .Verb \"DOWN\"-}}\n"
                                   "        x{{end}}\n";
        _cleanup_(document_freep) Document *document = NULL;
        g_autofree char *warnings = adopt(text, &document);

        g_assert_cmpstr(warnings, ==, "");
        g_assert_cmpuint(document->version, ==, 12);
        g_assert_cmpuint(document->checks->len, ==, 1);
        g_assert_cmpuint(document->alerts->len, ==, 1);
}

static void test_times(void) {
        assert_adopted("checks:\n"
                       "- {id: 1, name: a, type: icmp, target: h, interval: 5s, timeout: 10s}\n"
                       "- {id: 2, name: b, type: icmp, target: h, interval: 1ns}\n"
                       "- {id: 3, name: c, type: icmp, target: h, interval: 48h, timeout: 1ms}\n"
                       "- {id: 4, name: d, type: icmp, target: h, interval: -5s}\n"
                       "election_timeout: 1ms\n",
                       "f:5:53: checks[3].interval: \"-5s\" is negative; leave the field out for the "
                       "default\n"
                       "f:6:19: election_timeout: out of 300ms to 10s; put to the nearer end\n"
                       "f:2:66: checks[0].timeout: 10s is longer than the interval; cut to 5s\n"
                       "f:3:53: checks[1].interval: 1µs is too short; raised to 1s\n"
                       "f:4:53: checks[2].interval: 48h0m0s is too long; cut to 24h\n"
                       "f:4:67: checks[2].timeout: 1ms is too short; raised to 100ms\n",
                       NULL);
}

static void test_checks(void) {
        assert_adopted("checks:\n"
                       "- {id: 1, name: a, type: dns, target: h}\n"
                       "- {id: 2, name: b, target: h}\n"
                       "- {id: 3, name: c, type: http, target: example.com}\n"
                       "- {id: 4, name: \"d\\ne\", type: icmp, target: h, expect_status: 200, body_match: "
                       "x}\n"
                       "- {id: 5, name: f, type: http, target: 'http://h', expect_status: 999}\n"
                       "- {type: icmp, target: h}\n"
                       "- {id: 5, name: f, type: icmp, target: h, alert_ids: [gone, '']}\n"
                       "tokens: []\n",
                       "f:9:1: tokens: no such field\n"
                       "f:2:26: checks[0].type: missing or unknown (http, tcp or icmp); check \"a\" is left "
                       "out\n"
                       "f:3:3: checks[1].type: missing or unknown (http, tcp or icmp); check \"b\" is left "
                       "out\n"
                       "f:4:40: checks[2].target: the URL does not begin with http:// or https://; write it "
                       "like "
                       "https://www.example.com/path; check \"c\" is left out\n"
                       "f:5:17: checks[3].name: control characters are taken out\n"
                       "f:5:63: checks[3].expect_status: only http checks have a status; taken out\n"
                       "f:5:80: checks[3].body_match: only http checks have a body; taken out\n"
                       "f:6:67: checks[4].expect_status: 999 is no HTTP status; 200 is expected from now "
                       "on\n"
                       "f:7:3: checks[5].id: missing; it gets id-1\n"
                       "f:8:8: checks[6].id: stands twice; it gets id-2\n"
                       "f:7:3: checks[5].name: missing; it is called \"check 6\" from now on\n"
                       "f:8:17: checks[6].name: \"f\" is taken; it is called \"f (2)\" from now on\n"
                       "f:8:54: checks[6].alert_ids: there is no alert \"gone\"; taken out\n"
                       "f:8:54: checks[6].alert_ids: there is no alert \"\"; taken out\n",
                       "peers: []\n"
                       "checks:\n"
                       "  - id: '4'\n    name: d e\n    type: icmp\n    target: h\n"
                       "  - id: '5'\n    name: f\n    type: http\n    target: http://h\n"
                       "  - id: id-1\n    name: check 6\n    type: icmp\n    target: h\n"
                       "  - id: id-2\n    name: f (2)\n    type: icmp\n    target: h\n"
                       "alerts: []\n");
}

static void test_alerts(void) {
        assert_adopted("checks: [{id: 1, name: a, type: icmp, target: h, alert_ids: [ops, lost], "
                       "suppress_alert_ids: [lost]}]\n"
                       "alerts:\n"
                       "- {id: 1, name: ops, type: smtp, smtp_host: mx, smtp_from: a@b, smtp_to: [c@d, "
                       "nobody], smtp_port: 99999, discord_webhook: x}\n"
                       "- {id: 2, name: lost, type: smtp}\n"
                       "- {id: 3, name: pager, type: pager}\n"
                       "- {id: 4, type: discord, discord_webhook: 'https://h', body_template: "
                       "\"a\\x01b\\n\"}\n",
                       "f:3:124: alerts[0].discord_webhook: no field of smtp alerts; taken out\n"
                       "f:3:74: alerts[0].smtp_to: \"nobody\" is not a mail address such as "
                       "ops@example.com; this recipient is taken out\n"
                       "f:3:100: alerts[0].smtp_port: no port; 587 from now on\n"
                       "f:4:3: alerts[1].smtp_host: missing; the name or address of the mail server; alert "
                       "\"lost\" is left out\n"
                       "f:5:30: alerts[2].type: missing or unknown (smtp or discord); alert \"pager\" is "
                       "left out\n"
                       "f:6:71: alerts[3].body_template: control characters are taken out\n"
                       "f:6:3: alerts[3].name: missing; it is called \"alert 4\" from now on\n"
                       "f:1:61: checks[0].alert_ids: there is no alert \"lost\"; taken out\n"
                       "f:1:94: checks[0].suppress_alert_ids: there is no alert \"lost\"; taken out\n",
                       NULL);
}

static void test_peers(void) {
        static const char pin[] = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
        g_autofree char *text =
                        g_strdup_printf("peers:\n"
                                        "- {node_id: a, advertise: nowhere, fingerprint: x}\n"
                                        "- {node_id: a}\n"
                                        "- {node_id: b, fingerprint: '%s'}\n"
                                        "- {node_id: c, fingerprint: '%s'}\n"
                                        "- {node_id: \"\\x01\"}\n",
                                        pin,
                                        pin);

        assert_adopted(text,
                       "f:2:27: peers[0].advertise: \"nowhere\" is not host:port; taken out\n"
                       "f:2:49: peers[0].fingerprint: not a fingerprint; taken out\n"
                       "f:6:13: peers[4].node_id: control characters are taken out\n"
                       "f:6:13: peers[4].node_id: missing; the peer is left out\n"
                       "f:3:13: peers[1].node_id: stands twice; the second peer is left out\n"
                       "f:5:29: peers[3].fingerprint: stands twice; the second peer is left out\n",
                       NULL);
}

static void test_long_names(void) {
        g_autofree char *name = g_strnfill(NAME_MAX_BYTES + 5, 'n');
        g_autofree char *text =
                        g_strdup_printf("checks:\n- {id: 1, name: %s, type: icmp, target: h}\n- {id: 2, "
                                        "name: %s, type: icmp, target: h}\n",
                                        name,
                                        name);
        _cleanup_(document_freep) Document *document = NULL;
        g_autofree char *warnings = adopt(text, &document);
        const Check *check = document->checks->pdata[1];

        g_assert_nonnull(strstr(warnings, "133 bytes long; at most 128 are allowed"));
        g_assert_cmpuint(strlen(check->name), ==, NAME_MAX_BYTES);
        g_assert_true(g_str_has_suffix(check->name, "n (2)"));
}

static void test_refused(void) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL, *second = NULL;
        static const char no_ids[] = "checks: [{name: a, type: icmp, target: h}]\n";
        Document *document = NULL;

        g_assert_cmpint(document_adopt_text("a: [", 4, NULL, NULL, &document, NULL, &complaint),
                        ==,
                        -EBADMSG);
        g_assert_nonnull(complaint);
        g_assert_cmpint(document_adopt_text("a: [", 4, NULL, NULL, &document, NULL, NULL), ==, -EBADMSG);
        /* nobody gives ids */
        g_assert_cmpint(document_adopt_text(no_ids, strlen(no_ids), NULL, NULL, &document, NULL, &second),
                        ==,
                        -EBADMSG);
        g_assert_cmpstr(second->text, ==, "missing; it needs one");
        g_assert_null(document);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/adopt/untouched", test_untouched);
        g_test_add_func("/adopt/times", test_times);
        g_test_add_func("/adopt/checks", test_checks);
        g_test_add_func("/adopt/alerts", test_alerts);
        g_test_add_func("/adopt/peers", test_peers);
        g_test_add_func("/adopt/long-names", test_long_names);
        g_test_add_func("/adopt/refused", test_refused);
        return g_test_run();
}
