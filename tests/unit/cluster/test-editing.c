/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/editing.h"

#include "config/yaml.h"

#include "../fixture.h"

/* A value with three peers and two checks; its text, edited as a person would. */

static Value *value;
static char *last_text;
static EditingStep step;

static const char *kept_text(uint64_t version, void *userdata) {
        return version == 1 ? last_text : NULL;
}

static char *next_id(void *userdata) {
        return g_strdup("fresh");
}

static EditingInput input(bool has_leader) {
        return (EditingInput){ .last_text = last_text,
                               .value = value,
                               .has_leader = has_leader,
                               .kept_text = kept_text,
                               .next_id = next_id };
}

static void start(void) {
        _cleanup_(document_freep) Document *document = NULL;

        value = fixture_value(3, 2, 30 * USEC_PER_SEC);
        document = value_document(value);
        for (unsigned i = 0; i < document->peers->len; i++) {
                Peer *peer = g_ptr_array_index(document->peers, i);

                peer->advertise = g_strdup_printf("host-%u:9901", i);
                fixture_put(&value, RECORD_PEER, peer_copy(peer));
        }
        last_text = yaml_emit(&document_type, document, NULL, YAML_END_MARK);
}

static void finish(void) {
        editing_step_done(&step);
        value = value_unref(value);
        g_clear_pointer(&last_text, g_free);
}

static Document *edited(void) {
        _cleanup_(document_freep) Document *document = value_document(value);

        g_free(((Check *) g_ptr_array_index(document->checks, 0))->target);
        ((Check *) g_ptr_array_index(document->checks, 0))->target = g_strdup("192.0.2.9:81");
        return TAKE_PTR(document);
}

static Editing *judge(const Document *document, bool has_leader) {
        g_autofree char *text = yaml_emit(&document_type, document, NULL, YAML_END_MARK);
        Editing *editing = editing_new(text, strlen(text), /* in_place= */ true);
        EditingInput now = input(has_leader);

        editing_judge(editing, &now, &step);
        return editing;
}

static void answer(Editing *editing, ChangeOutcome outcome) {
        EditingInput now = input(true);

        editing_step_done(&step);
        editing_answered(editing, outcome, "a sentence", &now, &step);
}

static void test_conflicts(void) {
        _cleanup_(editing_freep) Editing *editing = NULL;
        _cleanup_(document_freep) Document *document = NULL;
        unsigned n = 0;

        start();
        document = edited();
        editing = judge(document, true);
        while (step.kind == EDITING_PROPOSE) {
                g_assert_cmpint(step.change->kind, ==, CHANGE_DOCUMENT);
                g_assert_cmpuint(step.change->base_version, ==, 1);
                g_assert_nonnull(step.differences);
                g_assert_cmpuint(++n, <, 10);
                answer(editing, CHANGE_CONFLICT);
        }
        g_assert_cmpint(step.kind, ==, EDITING_REJECT);
        g_assert_cmpstr(step.reason, ==, "a sentence");
        finish();
}

static void test_done(void) {
        _cleanup_(editing_freep) Editing *editing = NULL;
        _cleanup_(document_freep) Document *document = NULL;

        start();
        document = edited();
        editing = judge(document, true);
        answer(editing, CHANGE_DONE);
        g_assert_cmpint(step.kind, ==, EDITING_DONE);
        finish();
}

static void test_no_leader(void) {
        _cleanup_(editing_freep) Editing *editing = NULL;
        _cleanup_(document_freep) Document *document = NULL;

        start();
        document = edited();
        editing = judge(document, false);
        g_assert_cmpint(step.kind, ==, EDITING_REJECT);
        g_assert_nonnull(strstr(step.reason, "quorum"));
        finish();
}

/* a document and a removed peer: two changes, one after the other */
static void test_removed_peer(void) {
        _cleanup_(editing_freep) Editing *editing = NULL;
        _cleanup_(document_freep) Document *document = NULL;

        start();
        document = edited();
        (void) peer_free(g_ptr_array_steal_index(document->peers, 2));
        editing = judge(document, true);
        g_assert_cmpint(step.kind, ==, EDITING_PROPOSE);
        g_assert_cmpint(step.change->kind, ==, CHANGE_DOCUMENT);
        answer(editing, CHANGE_DONE);
        g_assert_cmpint(step.kind, ==, EDITING_PROPOSE);
        g_assert_cmpint(step.change->kind, ==, CHANGE_REMOVE);
        g_assert_cmpstr(step.change->target, ==, "node-2");
        answer(editing, CHANGE_DONE);
        g_assert_cmpint(step.kind, ==, EDITING_DONE);
        finish();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/editing/conflicts", test_conflicts);
        g_test_add_func("/editing/done", test_done);
        g_test_add_func("/editing/no-leader", test_no_leader);
        g_test_add_func("/editing/removed-peer", test_removed_peer);
        return g_test_run();
}
