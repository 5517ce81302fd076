/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a text that someone saved as cluster.yaml means: nothing, a proposal, a refusal, or half a file. The
 * base of an edit is the text this node wrote under the `version:` that stands in the file; from there it is
 * merged with what the cluster changed meanwhile. Whether there is a quorum is not asked here. */

#include "config/complaint.h"
#include "config/merge.h"
#include "model/document.h"

typedef enum HandEditVerdict {
        HAND_EDIT_NOTHING, /* the same, or only comments, order and the daemon's own fields differ: rewrite
                              the file */
        HAND_EDIT_PROPOSE, /* replicate `merged`, and the removal of `removed_peer` */
        HAND_EDIT_REJECT,  /* keep the text as cluster.yaml.rejected, with the reason */
        HAND_EDIT_CUT_OFF  /* saved in place without its last line "...": maybe half of it; as REJECT */
} HandEditVerdict;

/* why it is refused */
typedef enum HandEditReason {
        HAND_EDIT_WRONG,    /* the text itself: whatever the cluster has, it would be refused */
        HAND_EDIT_CONFLICT, /* with what the cluster changed meanwhile */
        HAND_EDIT_OLD,      /* an older text as it was, or one whose beginning is not known and that lacks
                               something */
} HandEditReason;

typedef struct HandEdit {
        HandEditVerdict verdict;
        HandEditReason why; /* REJECT, CUT_OFF */
        Document *merged; /* PROPOSE: the whole document as it would be; a removed peer still stands in it */
        GPtrArray *differences; /* PROPOSE: of Difference, current -> proposed, the removed peer included */
        bool changes_document;  /* PROPOSE: merged differs from current, so there is more than a removed peer
                                 */
        char *removed_peer;     /* PROPOSE: NodeID to remove as `node remove` would, or NULL */
        Complaint *complaint;   /* REJECT: where in the text it is wrong, if it is the text that is wrong */
        char *reason;           /* REJECT, CUT_OFF: a sentence; of a complaint, complaint_to_string() */
} HandEdit;
HandEdit *hand_edit_free(HandEdit *edit);
DEFINE_CLEANUP(HandEdit, hand_edit_free);

/* The text that this node wrote as that version, or NULL when it is not kept; borrowed until
 * hand_edit_judge() returns. */
typedef const char *(*kept_text_t)(uint64_t version, void *userdata);

typedef struct HandEditInput {
        const char *text;
        size_t size;
        bool in_place; /* IN_CLOSE_WRITE; false: it came by rename, whole */
        bool asked;    /* no file was saved: somebody sent the text, perhaps what a reader got */
        /* asked: instead of the `version:` in the text; 0: that */
        uint64_t base_version;
        /* asked: a cluster.yaml of the original. Its checks and alerts are added or replace those of the
         * same id; peers stay as they are, nothing is removed. */
        bool adopt;
        GPtrArray *warnings;     /* adopt: Complaints are added; may be NULL */
        const char *last_text;   /* what this node wrote last; NULL: nothing yet */
        const Document *current; /* the committed document */
        kept_text_t kept_text;
        object_id_t next_id; /* for added objects without an id */
        void *userdata;      /* of both callbacks */
} HandEditInput;

/* Never fails: whatever the text is, there is a verdict. */
HandEdit *hand_edit_judge(const HandEditInput *input);
