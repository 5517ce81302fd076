/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Notice -> message. Pure: the same notice gives the same bytes on every node and at every try, so a repeat
 * can be told from a second message by its Message-ID (mail) or its notice id (webhook). */

#include "cluster/value.h"
#include "model/notice.h"

typedef enum MessageFlags {
        MESSAGE_SUBJECT_FELL_BACK = 1 << 0, /* the template of its own failed, the default text was used */
        MESSAGE_BODY_FELL_BACK = 1 << 1
} MessageFlags;

/* The alert's kind decides the form: a mail has subject and body; a webhook's `content` is the JSON to POST:
 * content           at most DISCORD_MAX_CHARS code points; the rendered body template alone, or the default
 * allowed_mentions  whom it pings: what stands literally in the body template and comes out. Nothing that
 * came from a target or relay can ping anybody nonce             25 characters made from the notice id, with
 * enforce_nonce, so a repeat shows A template that fails gives way to the default text, for its field alone;
 * *ret_flags says so, and faults (of Complaint, may be NULL) get why, with the template's field, line and
 * column. -ENOENT: the alert is gone. */
int message_render(
                const Value *value,
                const Notice *notice,
                Message **ret,
                unsigned *ret_flags,
                GPtrArray *faults);

/* The same where there is no register: templates as given, NULL or "" for the default text. */
Message *
message_make(AlertKind type,
             const Notice *notice,
             const char *cluster_id,
             const char *subject_template,
             const char *body_template,
             unsigned *ret_flags,
             GPtrArray *faults);
