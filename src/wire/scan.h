/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one walker over JSON bytes (RFC 8259, and nothing more) that both json_guard() and codec_decode() use,
 * so that what is guarded and what is decoded cannot differ. It allocates only for the names of members,
 * which it keeps to find duplicates. A function returns 0, or -EBADMSG with scan->error and scan->p where it
 * stopped. Belongs to wire/ alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string as it stands between its quotes. */
typedef struct ScanText {
        const char *text;
        size_t size;
        bool escaped; /* holds at least one backslash */
} ScanText;

typedef struct Scan {
        const char *start;
        const char *p;
        const char *end;
        unsigned depth;
        const char *error;
        ScanText *names; /* of the members of all objects that are open; escaped ones are owned copies */
        size_t n_names;
        size_t n_names_allocated;
} Scan;

/* Checks that all of it is UTF-8 without NUL. The bytes are borrowed. */
int scan_init(Scan *scan, const char *bytes, size_t size);
void scan_done(Scan *scan);

/* values; each skips white space before it */
char scan_peek(Scan *scan); /* the next byte that is not white space, 0 at the end */
int scan_string(Scan *scan, ScanText *ret);
int scan_integer(Scan *scan, int64_t *ret); /* -EBADMSG also for a fraction or exponent */
int scan_literal(Scan *scan, const char *literal);
int scan_skip(Scan *scan); /* one whole value of any kind */
int scan_end(Scan *scan);  /* nothing but white space follows */

/* Walking an object or array: enter it, then as long as scan_next() says 1 there is an element (or member,
 * whose name and colon scan_name() takes). It says 0 after having taken the closing bracket. */
int scan_enter(Scan *scan, char bracket);
int scan_next(Scan *scan, char closing, bool *first);
int scan_name(Scan *scan, ScanText *ret);

/* Members' names: remember each, and at the end of the object find whether two were equal. mark is n_names
 * from before the first. */
void scan_remember(Scan *scan, const ScanText *name);
int scan_forget(Scan *scan, size_t mark);

/* The string's value; the caller frees it. ret_size may be NULL. */
char *scan_text_value(const ScanText *text, size_t *ret_size);
