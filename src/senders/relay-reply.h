/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a mail relay said before the dialogue (greeting, EHLO, STARTTLS, AUTH), line by line as libcurl hands
 * it over: the last reply is kept, all its lines (RFC 5321 section 4.2.1). No I/O. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

typedef struct RelayReply RelayReply;

RelayReply *relay_reply_new(void);
RelayReply *relay_reply_free(RelayReply *reply);
DEFINE_CLEANUP(RelayReply, relay_reply_free);

/* steps: one line with its end; past RELAY_ANSWER_MAX_BYTES of one reply the rest is dropped */
void relay_reply_line(RelayReply *reply, const char *line, size_t n);

/* questions */
unsigned relay_reply_code(const RelayReply *reply);    /* three digits, or 0 */
const char *relay_reply_text(const RelayReply *reply); /* without the last line's end; borrowed */
