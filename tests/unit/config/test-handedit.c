/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "config/handedit.h"
#include "config/yaml.h"
#include "documents.h"

#define PEERS                                                                                               \
        "peers:\n"                                                                                          \
        "  - {node_id: p1, advertise: 'a:1', fingerprint: "                                                 \
        "'sha256:1111111111111111111111111111111111111111111111111111111111111111'}\n"                      \
        "  - {node_id: p2, advertise: 'b:1'}\n"                                                             \
        "  - {node_id: p3, advertise: 'c:1'}\n"
#define CHECKS                                                                                              \
        "checks:\n"                                                                                         \
        "  - {id: c1, name: homepage, type: http, target: 'https://h/', interval: 30s}\n"                   \
        "  - {id: c2, name: db, type: tcp, target: 'db:5432', alert_ids: [ops]}\n"
#define ALERTS                                                                                              \
        "alerts:\n"                                                                                         \
        "  - {id: a1, name: ops, type: discord, discord_webhook: 'https://d/secret'}\n"

/* A node that has written versions 1 to 5; the document changed from 4 to 5 in c1's interval. */
typedef struct Node {
        char *texts[6];
        Document *current;
        unsigned n_ids;
} Node;

static void node_init(Node *node) {
        for (unsigned version = 1; version <= 5; version++) {
                g_autofree char *text = g_strdup_printf("version: %u\n" PEERS CHECKS ALERTS, version);
                _cleanup_(document_freep) Document *document = document_from(text);
                Check *check = document->checks->pdata[0];

                if (version == 5)
                        check->interval = 60 * USEC_PER_SEC;
                node->texts[version] = document_to(document);
                if (version == 5)
                        node->current = TAKE_PTR(document);
        }
}

static void node_done(Node *node) {
        for (unsigned version = 1; version <= 5; version++)
                g_free(node->texts[version]);
        node->current = document_free(node->current);
}

static const char *kept_text(uint64_t version, void *userdata) {
        const Node *node = userdata;

        return version >= 2 && version <= 5 ? node->texts[version] : NULL; /* 1 is no more */
}

static char *next_id(void *userdata) {
        Node *node = userdata;

        return g_strdup_printf("id-%u", ++node->n_ids);
}

static HandEdit *judge(Node *node, const char *text, bool in_place) {
        const HandEditInput input = {
                .text = text,
                .size = strlen(text),
                .in_place = in_place,
                .last_text = node->texts[5],
                .current = node->current,
                .kept_text = kept_text,
                .next_id = next_id,
                .userdata = node,
        };

        return hand_edit_judge(&input);
}

static char *replace(const char *text, const char *old, const char *new) {
        g_auto(GStrv) parts = g_strsplit(text, old, 2);

        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        return g_strjoinv(new, parts);
}

/* The text of that version with one piece replaced. expected: the reason, or the lines of differences. */
static void
assert_verdict(unsigned version,
               const char *old,
               const char *new,
               HandEditVerdict verdict,
               const char *expected) {
        Node node = {};
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL;
        g_autofree char *text = NULL, *lines = NULL;

        node_init(&node);
        text = replace(node.texts[version], old, new);
        edit = judge(&node, text, /* in_place= */ true);
        if (edit->verdict != verdict && edit->reason)
                g_test_message("%s", edit->reason);
        g_assert_cmpint(edit->verdict, ==, verdict);
        if (verdict == HAND_EDIT_PROPOSE) {
                lines = document_diff_text(edit->differences);
                g_assert_cmpstr(lines, ==, expected);
                g_assert_nonnull(edit->merged);
                g_assert_null(edit->reason);
        } else {
                g_assert_cmpstr(edit->reason, ==, expected);
                g_assert_null(edit->merged);
                g_assert_null(edit->differences);
        }
        node_done(&node);
}

static void test_nothing(void) {
        assert_verdict(5, "version: 5", "version: 5", HAND_EDIT_NOTHING, NULL);
        assert_verdict(5, "version: 5", "# a comment\nversion: 5", HAND_EDIT_NOTHING, NULL);
        assert_verdict(5,
                       "version: 5",
                       "updated_by: me\nversion: 5\nupdated_at: 2026-01-01T00:00:00Z",
                       HAND_EDIT_NOTHING,
                       NULL);
        /* an older text with only a comment changes nothing either */
        assert_verdict(4, "version: 4", "# a comment\nversion: 4", HAND_EDIT_NOTHING, NULL);
}

static void test_propose(void) {
        assert_verdict(5,
                       "interval: 1m0s",
                       "interval: 5s",
                       HAND_EDIT_PROPOSE,
                       "~ check \"homepage\": interval: 1m0s -> 5s\n");
        assert_verdict(5,
                       "type: tcp",
                       "type: tcp\n    interval: 5s",
                       HAND_EDIT_PROPOSE,
                       "~ check \"db\": interval: (none) -> 5s\n");
        assert_verdict(5,
                       "  - id: c1",
                       "  - name: new\n    type: icmp\n    target: h\n  - id: c1",
                       HAND_EDIT_PROPOSE,
                       "+ check \"new\"\n");
        assert_verdict(5, "a:1", "z:1", HAND_EDIT_PROPOSE, "~ peer \"p1\": advertise: \"a:1\" -> \"z:1\"\n");
        /* from an older text: what the cluster changed meanwhile stays */
        assert_verdict(4,
                       "name: homepage",
                       "name: home",
                       HAND_EDIT_PROPOSE,
                       "~ check \"home\": name: \"homepage\" -> \"home\"\n");
        /* a version that is obeyed nowhere, and nothing removed */
        assert_verdict(5,
                       "version: 5",
                       "version: 77\nelection_timeout: 2s",
                       HAND_EDIT_PROPOSE,
                       "~ document: election_timeout: (none) -> 2s\n");
        assert_verdict(5,
                       "version: 5\n",
                       "election_timeout: 2s\n",
                       HAND_EDIT_PROPOSE,
                       "~ document: election_timeout: (none) -> 2s\n");
        assert_verdict(5,
                       "discord_webhook: https://d/secret",
                       "discord_webhook: {kept: true}\n    default: true",
                       HAND_EDIT_PROPOSE,
                       "~ alert \"ops\": default: false -> true\n");
}

static void test_reject(void) {
        assert_verdict(5,
                       "interval: 1m0s",
                       "interval: 60",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:15:15: checks[0].interval: \"60\" is not a duration; write a number "
                       "with its unit, such as 30s, 1m30s or 250ms");
        assert_verdict(5,
                       "interval: 1m0s",
                       "interval: 10ms",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:15:15: checks[0].interval: 10ms is too short; at least 1s");
        assert_verdict(5,
                       "interval: 1m0s",
                       "intervall: 10s",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:15:16: checks[0].intervall: no such field; is \"interval\" "
                       "meant?");
        assert_verdict(5,
                       "interval: 1m0s",
                       "qqqqqqqqqq: 10s",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:15:17: checks[0].qqqqqqqqqq: no such field");
        assert_verdict(5,
                       "version: 5",
                       "version: 5\nresolver: x",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:2:11: resolver: no such field");
        assert_verdict(4,
                       "interval: 30s",
                       "interval: 5s",
                       HAND_EDIT_REJECT,
                       "check \"homepage\": interval was changed here and in the cluster, to different "
                       "values");
        assert_verdict(4,
                       "version: 4",
                       "version: 4",
                       HAND_EDIT_REJECT,
                       "this is the text of version 4, put back; the cluster is at version 5, and going "
                       "back would "
                       "undo what was changed since; if that is wanted, write \"version: 5\" into it");
        assert_verdict(5,
                       "name: ops",
                       "name: oncall",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:21:7: checks[1].alert_ids: there is no alert \"ops\"; add it first, or "
                       "take it out of the list");
        assert_verdict(5,
                       "alerts:\n",
                       "alerts:\n  - {name: d, type: discord, discord_webhook: {kept: true}}\n",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:23:47: alerts[0].discord_webhook: there is no value to keep; give it");
}

static void test_removals(void) {
        static const char db[] = "  - id: c2\n    name: db\n    type: tcp\n    target: db:5432\n    "
                                 "alert_ids:\n      - ops\n";
        Node node = {};
        g_autofree char *without = NULL, *unversioned = NULL;
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL, *again = NULL, *empty = NULL;

        assert_verdict(5, db, "", HAND_EDIT_PROPOSE, "- check \"db\"\n");
        assert_verdict(4, db, "", HAND_EDIT_PROPOSE, "- check \"db\"\n");

        node_init(&node);
        without = replace(node.texts[5], db, "");
        unversioned = replace(without, "version: 5\n", "");
        edit = judge(&node, unversioned, /* in_place= */ true);
        g_assert_cmpint(edit->verdict, ==, HAND_EDIT_REJECT);
        g_assert_cmpstr(edit->reason,
                        ==,
                        "the text has no \"version:\" that this node knows, and check \"db\" is missing "
                        "from "
                        "it; start "
                        "from the present cluster.yaml to remove something");
        g_free(unversioned);
        unversioned = replace(without, "version: 5", "version: 1");
        again = judge(&node, unversioned, /* in_place= */ true);
        g_assert_cmpint(again->verdict, ==, HAND_EDIT_REJECT);
        empty = judge(&node, "", /* in_place= */ false);
        g_assert_cmpint(empty->verdict, ==, HAND_EDIT_REJECT);
        node_done(&node);
}

static void test_peers(void) {
        static const char p2[] = "  - node_id: p2\n    advertise: b:1\n",
                          p3[] = "  - node_id: p3\n    advertise: c:1\n";
        Node node = {};
        g_autofree char *one = NULL, *two = NULL, *both = NULL;
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL, *more = NULL, *too_much = NULL, *changed = NULL,
                                            *gone = NULL;

        assert_verdict(5,
                       p2,
                       "  - node_id: p2\n    advertise: b:1\n  - node_id: p4\n",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:8:14: peers[2].node_id: a peer is not added by editing; use quctl node "
                       "add HOST:PORT");
        assert_verdict(5,
                       "sha256:1111",
                       "sha256:2111",
                       HAND_EDIT_REJECT,
                       "cluster.yaml:5:18: peers[0].fingerprint: belongs to the peer's identity and is not "
                       "edited; put it back");

        node_init(&node);
        one = replace(node.texts[5], p2, "");
        edit = judge(&node, one, true);
        g_assert_cmpint(edit->verdict, ==, HAND_EDIT_PROPOSE);
        g_assert_cmpstr(edit->removed_peer, ==, "p2");
        g_assert_false(edit->changes_document);
        g_assert_cmpuint(edit->merged->peers->len, ==, 3);
        g_assert_cmpuint(edit->differences->len, ==, 1);

        both = replace(one, "interval: 1m0s", "interval: 5s");
        more = judge(&node, both, true);
        g_assert_cmpstr(more->removed_peer, ==, "p2");
        g_assert_true(more->changes_document);
        g_assert_cmpuint(more->differences->len, ==, 2);

        two = replace(one, p3, "");
        too_much = judge(&node, two, true);
        g_assert_cmpint(too_much->verdict, ==, HAND_EDIT_REJECT);
        g_assert_cmpstr(too_much->reason,
                        ==,
                        "peers p2 and p3 are removed at once; remove one at a time, as quctl node remove "
                        "does");
        g_assert_null(too_much->removed_peer);

        /* the cluster changed it, or removed it too */
        Peer *peer = node.current->peers->pdata[1];
        g_free(peer->advertise);
        peer->advertise = g_strdup("new:1");
        changed = judge(&node, one, true);
        g_assert_cmpstr(changed->reason, ==, "peer \"p2\" was removed here, but changed in the cluster");
        (void) peer_free(g_ptr_array_steal_index(node.current->peers, 1));
        gone = judge(&node, one, true);
        g_assert_cmpint(gone->verdict, ==, HAND_EDIT_NOTHING);
        node_done(&node);
}

static void test_cut_off(void) {
        Node node = {};
        g_autofree char *half = NULL, *blank = NULL;
        _cleanup_(hand_edit_freep) HandEdit *in_place = NULL, *renamed = NULL, *blanks = NULL;

        node_init(&node);
        half = replace(node.texts[5], "...\n", "");
        in_place = judge(&node, half, /* in_place= */ true);
        g_assert_cmpint(in_place->verdict, ==, HAND_EDIT_CUT_OFF);
        g_assert_nonnull(strstr(in_place->reason, "\"...\""));
        renamed = judge(&node, half, /* in_place= */ false);
        g_assert_cmpint(renamed->verdict, ==, HAND_EDIT_NOTHING);
        blank = g_strconcat(node.texts[5], "\r\n\n", NULL);
        blanks = judge(&node, blank, /* in_place= */ true);
        g_assert_cmpint(blanks->verdict, ==, HAND_EDIT_NOTHING);
        node_done(&node);
}

static void test_unknown_fields(void) {
        /* a newer version's field survives, may be changed and copied, and is still an error elsewhere */
        Node node = {};
        Check *check;
        g_autofree char *edited = NULL, *elsewhere = NULL;
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL, *refused = NULL;

        node_init(&node);
        check = node.current->checks->pdata[0];
        check->extra = g_strdup("{\"muted\":true}");
        node.current->extra = g_strdup("{\"resolvers\":[]}");
        g_free(node.texts[5]);
        node.texts[5] = document_to(node.current);
        edited = replace(node.texts[5], "type: tcp", "type: tcp\n    muted: true");
        edit = judge(&node, edited, true);
        g_assert_cmpint(edit->verdict, ==, HAND_EDIT_PROPOSE);
        g_assert_cmpuint(edit->differences->len, ==, 1);
        check = edit->merged->checks->pdata[1];
        g_assert_cmpstr(check->extra, ==, "{\"muted\":true}");

        elsewhere = replace(node.texts[5], "name: ops", "name: ops\n    muted: true");
        refused = judge(&node, elsewhere, true);
        g_assert_cmpint(refused->verdict, ==, HAND_EDIT_REJECT);
        g_assert_nonnull(strstr(refused->reason, "alerts[0].muted: no such field"));
        node_done(&node);
}

static void test_meanwhile(void) {
        /* each side is right alone, both together are not */
        Node node = {};
        Check *check;
        g_autofree char *text = NULL;
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL;

        node_init(&node);
        check = node.current->checks->pdata[1];
        g_free(check->name);
        check->name = g_strdup("front");
        text = replace(node.texts[5], "name: homepage", "name: front");
        edit = judge(&node, text, true);
        g_assert_cmpint(edit->verdict, ==, HAND_EDIT_REJECT);
        g_assert_cmpstr(edit->reason,
                        ==,
                        "together with what the cluster changed meanwhile: checks[1].name: \"front\" is "
                        "taken by another "
                        "one; choose another name");
        node_done(&node);
}

static void test_first_start(void) {
        /* nothing was ever written: the committed document itself is the base */
        Node node = {};
        g_autofree char *text = NULL;
        HandEditInput input = {};
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL, *same = NULL;

        node_init(&node);
        text = replace(node.texts[5], "interval: 1m0s", "interval: 5s");
        input = (HandEditInput){ .text = text, .size = strlen(text), .current = node.current };
        edit = hand_edit_judge(&input);
        g_assert_cmpint(edit->verdict, ==, HAND_EDIT_PROPOSE);
        g_assert_cmpuint(edit->differences->len, ==, 1);

        input = (HandEditInput){
                .text = node.texts[5],
                .size = strlen(node.texts[5]),
                .current = node.current,
                .kept_text = kept_text,
                .userdata = &node,
        };
        same = hand_edit_judge(&input);
        g_assert_cmpint(same->verdict, ==, HAND_EDIT_NOTHING);
        node_done(&node);
        g_assert_null(hand_edit_free(NULL));
}

/* After a kill the register may not know yet that version 5, already in the file, is committed. */
static void test_own_text_ahead_of_the_register(void) {
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL;
        _cleanup_(document_freep) Document *before = NULL;
        Node node = {};

        node_init(&node);
        before = document_from(node.texts[4]);
        edit = hand_edit_judge(&(HandEditInput){
                        .text = node.texts[5],
                        .size = strlen(node.texts[5]),
                        .in_place = true,
                        .last_text = node.texts[4],
                        .current = before,
                        .kept_text = kept_text,
                        .next_id = next_id,
                        .userdata = &node,
        });
        g_assert_cmpint(edit->verdict, ==, HAND_EDIT_NOTHING);
        node_done(&node);
}

/* ---- a text that somebody sent ---- */

static HandEdit *
judge_asked(Node *node, const char *text, uint64_t base_version, bool adopt, GPtrArray *warnings) {
        return hand_edit_judge(&(HandEditInput){
                        .text = text,
                        .size = strlen(text),
                        .asked = true,
                        .base_version = base_version,
                        .adopt = adopt,
                        .warnings = warnings,
                        .current = node->current,
                        .kept_text = kept_text,
                        .next_id = next_id,
                        .userdata = node,
        });
}

static void
assert_asked(Node *node, const char *text, uint64_t base, HandEditReason why, const char *expected) {
        _cleanup_(hand_edit_freep) HandEdit *edit = judge_asked(node, text, base, false, NULL);
        g_autofree char *lines = edit->differences ? document_diff_text(edit->differences) : NULL;

        g_assert_cmpstr(lines ?: edit->reason, ==, expected);
        if (edit->reason)
                g_assert_cmpint(edit->why, ==, why);
}

static void test_asked(void) {
        g_autofree char *shown = NULL, *old = NULL, *changed = NULL, *nowhere = NULL, *both = NULL,
                        *typo = NULL;
        _cleanup_(document_freep) Document *before = NULL;
        Node node = {};

        node_init(&node);
        shown = yaml_emit(&document_type, node.current, "a comment", YAML_END_MARK | YAML_MASK_SECRETS);
        g_assert_null(strstr(shown, "secret"));
        assert_asked(&node, shown, 0, 0, NULL);

        /* what is kept is kept, and what is given anew is not shown */
        changed = replace(shown, "name: ops", "name: team");
        assert_asked(&node,
                     changed,
                     0,
                     HAND_EDIT_WRONG,
                     "line 22:7: checks[1].alert_ids: there is no alert \"ops\"; add it first, or take it "
                     "out of the list");
        g_free(changed);
        changed = replace(shown, "{kept: true}", "https://d/other");
        assert_asked(&node, changed, 0, 0, "~ alert \"ops\": discord_webhook: *** -> ***\n");

        /* an older one as it was is told by what it says */
        before = document_from(node.texts[4]);
        old = yaml_emit(&document_type, before, NULL, YAML_MASK_SECRETS);
        assert_asked(&node,
                     old,
                     0,
                     HAND_EDIT_OLD,
                     "this is the text of version 4, put back; the cluster is at version 5, and going back "
                     "would undo what was changed since; if that is wanted, write \"version: 5\" into it");
        both = replace(old, "interval: 30s", "interval: 5s");
        assert_asked(&node,
                     both,
                     0,
                     HAND_EDIT_CONFLICT,
                     "check \"homepage\": interval was changed here and in the cluster, to different "
                     "values");
        assert_asked(&node, both, 5, 0, "~ check \"homepage\": interval: 1m0s -> 5s\n");

        nowhere = g_strdup("checks: []\n");
        assert_asked(&node,
                     nowhere,
                     0,
                     HAND_EDIT_OLD,
                     "the text has no \"version:\" that this node knows, and peer \"p1\" is missing from "
                     "it; "
                     "start from what \"quctl config show\" prints to remove something");
        typo = replace(shown, "interval:", "intervall:");
        assert_asked(&node,
                     typo,
                     0,
                     HAND_EDIT_WRONG,
                     "line 16:16: checks[0].intervall: no such field; is \"interval\" meant?");
        node_done(&node);
}

/* A field of a newer version may be a secret. */
static void test_unknown_fields_are_kept(void) {
        g_autofree char *shown = NULL, *changed = NULL, *nothing = NULL;
        Node node = {};
        Alert *alert;

        node_init(&node);
        alert = node.current->alerts->pdata[0];
        alert->extra = g_strdup("{\"token\":\"hunter2\"}");
        node.current->extra = g_strdup("{\"later\":[\"hunter3\"]}");
        g_free(node.texts[5]);
        node.texts[5] = document_to(node.current);
        g_assert_nonnull(strstr(node.texts[5], "hunter2"));

        shown = yaml_emit(&document_type, node.current, NULL, YAML_MASK_SECRETS);
        g_assert_null(strstr(shown, "hunter"));
        g_assert_nonnull(strstr(shown, "token:"));
        assert_asked(&node, shown, 0, 0, NULL);
        changed = replace(shown, "name: homepage", "name: home");
        assert_asked(&node, changed, 0, 0, "~ check \"home\": name: \"homepage\" -> \"home\"\n");
        nothing = replace(shown, "token:", "tokens:");
        assert_asked(&node, nothing, 0, HAND_EDIT_WRONG, "line 28:7: alerts[0].tokens: no such field");
        node_done(&node);
}

static void test_adopted(void) {
        static const char text[] = "version: 5\n"
                                   "peers:\n"
                                   "  - {node_id: elsewhere, advertise: 'z:1'}\n"
                                   "checks:\n"
                                   "  - {name: cache, type: tcp, target: 'c:1', interval: 1s, timeout: 5s}\n"
                                   "  - {id: c1, name: homepage, type: http, target: 'https://new/'}\n";
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL;
        g_autofree char *lines = NULL;
        Node node = {};

        node_init(&node);
        edit = judge_asked(&node, text, 0, true, warnings);
        g_assert_cmpstr(edit->reason, ==, NULL);
        lines = document_diff_text(edit->differences);
        /* nothing is removed, and the peers are the cluster's */
        g_assert_cmpstr(lines,
                        ==,
                        "~ check \"homepage\": target: \"https://h/\" -> \"https://new/\"\n"
                        "~ check \"homepage\": interval: 1m0s -> (none)\n"
                        "+ check \"cache\"\n");
        g_assert_null(edit->removed_peer);
        g_assert_cmpuint(warnings->len, ==, 2);
        g_assert_cmpuint(((Complaint *) warnings->pdata[0])->line, ==, 5);
        node_done(&node);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/hand-edit/nothing", test_nothing);
        g_test_add_func("/hand-edit/propose", test_propose);
        g_test_add_func("/hand-edit/reject", test_reject);
        g_test_add_func("/hand-edit/removals", test_removals);
        g_test_add_func("/hand-edit/peers", test_peers);
        g_test_add_func("/hand-edit/cut-off", test_cut_off);
        g_test_add_func("/hand-edit/unknown-fields", test_unknown_fields);
        g_test_add_func("/hand-edit/meanwhile", test_meanwhile);
        g_test_add_func("/hand-edit/first-start", test_first_start);
        g_test_add_func("/hand-edit/ahead", test_own_text_ahead_of_the_register);
        g_test_add_func("/hand-edit/asked", test_asked);
        g_test_add_func("/hand-edit/unknown-kept", test_unknown_fields_are_kept);
        g_test_add_func("/hand-edit/adopted", test_adopted);
        return g_test_run();
}
