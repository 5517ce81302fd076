/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/editing.h"

#include <assert.h>

#include "wire/codec.h"

#define TRIES_MAX 5 /* against a document that others change meanwhile */

struct Editing {
        char *text;
        size_t size;
        bool in_place;
        bool asked;
        bool adopt;
        uint64_t base_version;
        unsigned tries;
        char *removed_peer; /* to be removed after the document is committed */
};

void editing_step_done(EditingStep *step) {
        (void) change_free(step->change);
        g_free(step->differences);
        g_clear_pointer(&step->list, g_ptr_array_unref);
        g_free(step->removed_peer);
        g_free(step->reason);
        *step = (EditingStep){ 0 };
}

Editing *editing_new(const char *text, size_t size, bool in_place) {
        Editing *editing = g_new0(Editing, 1);

        assert(text);

        editing->text = g_strndup(text, size);
        editing->size = size;
        editing->in_place = in_place;
        return editing;
}

Editing *editing_new_asked(const char *text, size_t size, uint64_t base_version, bool adopt) {
        Editing *editing = editing_new(text, size, /* in_place= */ false);

        editing->asked = true;
        editing->base_version = base_version;
        editing->adopt = adopt;
        return editing;
}

Editing *editing_free(Editing *editing) {
        if (!editing)
                return NULL;

        g_free(editing->text);
        g_free(editing->removed_peer);
        g_free(editing);
        return NULL;
}

static EditingStep rejected(ChangeOutcome outcome, const char *reason) {
        return (EditingStep){ .kind = EDITING_REJECT, .outcome = outcome, .reason = g_strdup(reason) };
}

static EditingStep remove_peer(Editing *editing) {
        Change *change = change_new();

        change->kind = CHANGE_REMOVE;
        change->object_kind = g_strdup("peer");
        change->target = TAKE_PTR(editing->removed_peer);
        return (EditingStep){ .kind = EDITING_PROPOSE, .change = change };
}

static EditingStep propose(Editing *editing, HandEdit *edit, uint64_t version) {
        char *differences = document_diff_text(edit->differences);
        GPtrArray *list = g_ptr_array_ref(edit->differences);
        char *removed = g_strdup(edit->removed_peer);
        EditingStep step;
        Change *change;

        g_free(editing->removed_peer);
        editing->removed_peer = TAKE_PTR(edit->removed_peer);
        if (!edit->changes_document) {
                step = remove_peer(editing);
                step.differences = differences;
                step.list = list;
                step.removed_peer = removed;
                return step;
        }

        change = change_new();
        change->kind = CHANGE_DOCUMENT;
        change->base_version = version;
        change->body = codec_encode_text(&document_type, edit->merged);
        return (EditingStep){ .kind = EDITING_PROPOSE,
                              .change = change,
                              .differences = differences,
                              .list = list,
                              .removed_peer = removed };
}

static ChangeOutcome outcome_of(const HandEdit *edit) {
        return edit->why == HAND_EDIT_WRONG ? CHANGE_INVALID : CHANGE_CONFLICT;
}

void editing_judge(Editing *editing, const EditingInput *input, EditingStep *ret) {
        _cleanup_(document_freep) Document *current = value_document(input->value);
        _cleanup_(hand_edit_freep) HandEdit *edit = NULL;
        g_autofree char *refusal = NULL;

        assert(editing);
        assert(ret);

        edit = hand_edit_judge(&(HandEditInput){
                        .text = editing->text,
                        .size = editing->size,
                        .in_place = editing->in_place,
                        .asked = editing->asked,
                        .base_version = editing->base_version,
                        .adopt = editing->adopt,
                        .warnings = input->warnings,
                        .last_text = input->last_text,
                        .current = current,
                        .kept_text = input->kept_text,
                        .next_id = input->next_id,
                        .userdata = input->userdata,
        });
        switch (edit->verdict) {
        case HAND_EDIT_NOTHING:
                *ret = (EditingStep){ .kind = EDITING_DONE };
                break;
        case HAND_EDIT_REJECT:
        case HAND_EDIT_CUT_OFF:
                *ret = rejected(outcome_of(edit), edit->reason);
                break;
        case HAND_EDIT_PROPOSE:
                if (input->rule && edit->merged && !editing->adopt)
                        refusal = input->rule(edit->merged, current);
                if (refusal)
                        *ret = rejected(CHANGE_INVALID, refusal);
                else if (!input->has_leader)
                        *ret = rejected(CHANGE_NO_QUORUM,
                                        "there is no quorum, so the edit could not be replicated; nothing "
                                        "was changed");
                else
                        *ret = propose(editing, edit, current->version);
                break;
        }
}

void editing_answered(
                Editing *editing,
                ChangeOutcome outcome,
                const char *text,
                const EditingInput *input,
                EditingStep *ret) {
        assert(editing);
        assert(ret);

        if (outcome == CHANGE_CONFLICT && ++editing->tries < TRIES_MAX)
                editing_judge(editing, input, ret); /* others were faster: merge with what they did */
        else if (outcome != CHANGE_DONE)
                *ret = rejected(outcome, text ?: "");
        else if (editing->removed_peer)
                *ret = remove_peer(editing);
        else
                *ret = (EditingStep){ .kind = EDITING_DONE };
}

const char *editing_text(const Editing *editing) {
        assert(editing);
        return editing->text;
}
