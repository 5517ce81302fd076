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

typedef struct HandEdit {
        HandEditVerdict verdict;
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
        bool in_place;           /* IN_CLOSE_WRITE; false: it came by rename, whole */
        const char *last_text;   /* what this node wrote last; NULL: nothing yet */
        const Document *current; /* the committed document */
        kept_text_t kept_text;
        object_id_t next_id; /* for added objects without an id */
        void *userdata;      /* of both callbacks */
} HandEditInput;

/* Never fails: whatever the text is, there is a verdict. */
HandEdit *hand_edit_judge(const HandEditInput *input);
