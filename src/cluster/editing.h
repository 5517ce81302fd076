/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An edit of cluster.yaml on its way: what the text means (config/handedit.h) becomes a change of the
 * document, the removal of a peer, or both, one after the other. When others were faster it is merged with
 * what they did and proposed again. It ends with EDITING_DONE or EDITING_REJECT. */

#include "cluster/change.h"
#include "config/handedit.h"

typedef struct Editing Editing;

typedef enum EditingStepKind {
        EDITING_DONE,    /* the cluster has it, or it meant nothing: the file is written anew */
        EDITING_PROPOSE, /* submit change, then editing_answered() */
        EDITING_REJECT   /* keep the text aside, with the reason */
} EditingStepKind;

typedef struct EditingStep {
        EditingStepKind kind;
        Change *change;        /* PROPOSE: id, cause and asked_at are the caller's to fill */
        char *differences;     /* PROPOSE, of a document: a line for each, for people */
        GPtrArray *list;       /* PROPOSE, when it was judged: the same as Differences */
        char *removed_peer;    /* PROPOSE, when it was judged: the NodeID, or NULL */
        ChangeOutcome outcome; /* REJECT */
        char *reason;          /* REJECT: a sentence */
} EditingStep;
void editing_step_done(EditingStep *step);

/* A rule of a room that comes later, of what the edit makes of the document: NULL, or why it is refused,
 * which the caller frees. */
typedef char *(*document_rule_t)(const Document *edited, const Document *current);

typedef struct EditingInput {
        const char *last_text; /* what this node wrote last; NULL: nothing yet */
        const Value *value;    /* committed */
        bool has_leader;
        document_rule_t rule; /* NULL: none */
        kept_text_t kept_text;
        object_id_t next_id;
        void *userdata;      /* of both */
        GPtrArray *warnings; /* adopting: Complaints are added; may be NULL */
} EditingInput;

/* text: copied. in_place: as HandEditInput has it. */
Editing *editing_new(const char *text, size_t size, bool in_place);
/* A text that somebody sent, instead of a file that was saved; base_version, adopt: as HandEditInput has
 * them. Templates that do not parse are adopted as they are. */
Editing *editing_new_asked(const char *text, size_t size, uint64_t base_version, bool adopt);
Editing *editing_free(Editing *editing);
DEFINE_CLEANUP(Editing, editing_free);

/* steps; the caller frees what is in *ret */
void editing_judge(Editing *editing, const EditingInput *input, EditingStep *ret);
void editing_answered(
                Editing *editing,
                ChangeOutcome outcome,
                const char *text,
                const EditingInput *input,
                EditingStep *ret);

const char *editing_text(const Editing *editing); /* borrowed */
