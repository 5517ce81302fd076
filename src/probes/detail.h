/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Words of a stranger (a reason phrase, a TLS library's complaint, a relay's answer) made fit for logs,
 * tables and alerts: valid UTF-8, no control characters, no marks that turn the text around, at most
 * DETAIL_MAX_BYTES. */

#include <stddef.h>

/* What does not fit is written as \xNN or \uNNNN; cut on a code point. text may be NULL and hold NUL when n
 * says so; never NULL, caller frees with g_free(). */
char *detail_clean(const char *text, size_t n);
char *detail_clean_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* errno in lower-case words without a library's "Connection " habits: "connection refused", "no route to
 * host" */
char *detail_from_errno(int error);
