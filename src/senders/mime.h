/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The encodings of a mail: header words (RFC 2047), quoted-printable bodies (RFC 2045), dates (RFC 5322).
 * Pure; lines end with CRLF; whatever comes in, no header line can be added and no line is over 998 bytes.
 */

#include <stdbool.h>

#include "base/usec.h"

/* "Subject: text", folded, with the line's end. Plain ASCII stays as it is; all else becomes base64 words of
 * UTF-8, cut on code points. Control characters become blanks. Caller frees. */
char *mime_header(const char *name, const char *text);
/* "From: mailbox": `addr` or `Name <addr>`, the name encoded where needed. NULL: no single plausible
 * mailbox. */
char *mime_mailbox_header(const char *name, const char *mailbox);
/* the addr of a mailbox, without angle brackets; NULL as above */
char *mime_address(const char *mailbox);
/* LF becomes CRLF, RFC 2045 section 6.7 */
char *mime_quoted_printable(const char *text);
/* "Tue, 12 May 2026 15:01:32 +0000", whatever the locale */
char *mime_date(usec_t realtime_usec);
