/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Notice -> message. Pure: the same notice gives the same bytes on every node and at every try, so a repeat
 * can be told from a second message by its Message-ID (mail) or its notice id (webhook). */

#include "cluster/value.h"
#include "model/notice.h"

typedef enum MessageFlags {
        MESSAGE_SUBJECT_FELL_BACK =
                        1 << 0, /* the alert has a template of its own, the default text was used */
        MESSAGE_BODY_FELL_BACK = 1 << 1
} MessageFlags;

/* The alert's kind decides the form: a mail has subject and body; a webhook's `content` is the JSON to POST:
 *   content           at most DISCORD_MAX_CHARS code points
 *   allowed_mentions  {"parse": []}: nothing that came from a target or relay can ping anybody
 *   nonce             25 characters made from the notice id, with enforce_nonce, so a repeat shows
 * Custom templates are not rendered yet: the texts are kept with the notice, the default is sent, and
 * *ret_flags says so, for the manager to log. -ENOENT: the alert is gone. */
int message_render(const Value *value, const Notice *notice, Message **ret, unsigned *ret_flags);
