/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The SMTP commands that carry one mail over an authenticated session (RFC 5321 section 4.1), as a function
 * from the relay's bytes to ours: MAIL, RCPT, DATA, the message, its dot. No I/O. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

typedef struct Dialogue Dialogue;

/* lifecycle; addresses without angle brackets; mail: lines end with CRLF. All copied. */
Dialogue *dialogue_new(const char *from, const char *to, const char *mail);
Dialogue *dialogue_free(Dialogue *dialogue);
DEFINE_CLEANUP(Dialogue, dialogue_free);

/* steps */
/* what is to be sent now; borrowed until the next step */
const char *dialogue_output(const Dialogue *dialogue, size_t *ret_n);
bool dialogue_has_output(const Dialogue *dialogue);
void dialogue_sent(Dialogue *dialogue, size_t n);
/* -EBADMSG: no SMTP replies, or one over RELAY_ANSWER_MAX_BYTES */
int dialogue_feed(Dialogue *dialogue, const char *bytes, size_t n);

/* questions */
/* whether the output is the begin of the message or its dot: the moments to ask whether it may still leave
 */
bool dialogue_wants_leave(const Dialogue *dialogue);
bool dialogue_is_complete(const Dialogue *dialogue); /* the dot is out, at least in part */
bool dialogue_is_over(const Dialogue *dialogue);     /* the reply that decides is there */
unsigned dialogue_code(const Dialogue *dialogue);    /* of that reply */
const char *
dialogue_reply(const Dialogue *dialogue); /* borrowed; all its lines, without the last line end */
