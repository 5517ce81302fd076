/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Code points as Go sees them: a byte that starts no valid UTF-8 sequence is U+FFFD of width 1, and the
 * classes are those of Unicode 15, whatever version GLib has. */

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#define RUNE_ERROR ((gunichar) 0xFFFD)
#define RUNE_MAX ((gunichar) 0x10FFFF)

/* width of the first code point of s[0..n), 0 when n is 0 */
size_t rune_decode(const char *s, size_t n, gunichar *ret);
size_t rune_count(const char *s, size_t n);
/* writes at most 4 bytes; what is no Unicode scalar value becomes U+FFFD */
size_t rune_encode(gunichar rune, char *buffer);
bool rune_is_valid(gunichar rune);

/* classes */
bool rune_is_printable(gunichar rune); /* letters, marks, numbers, punctuation, symbols, and U+0020 */
bool rune_is_word(gunichar rune);      /* of an identifier: letter, decimal digit or "_" */
bool rune_is_space(gunichar rune);     /* White_Space */
