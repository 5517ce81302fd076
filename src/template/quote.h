/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Go's quoted strings and characters, to and fro (Go specification, "Rune literals" and "String literals";
 * package strconv, Quote and Unquote). */

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "template/arena.h"

/* ---- writing ---- */

/* in quotes, what does not print as escapes; ascii_only: nothing but ASCII comes out */
void quote_append(GString *to, const char *bytes, size_t n, bool ascii_only);
void quote_append_rune(GString *to, gunichar rune, bool ascii_only);
bool quote_can_be_raw(const char *bytes, size_t n); /* whether `…` can hold it unchanged */
char *quote_text(const char *bytes, size_t n);      /* caller frees with g_free() */
char *rune_name(gunichar rune);                     /* "U+00E9 'é'"; caller frees with g_free() */

/* ---- reading ---- */

/* A whole literal with its quotes, "…" or `…`; *ret lives in the arena. -EINVAL: it is none. */
int unquote(Arena *arena, const char *literal, size_t n, const char **ret, size_t *ret_n);
/* The first character after a quote; -EINVAL: an escape that is none, or the quote itself. *ret_is_byte: it
 * stands for one byte of a string, not for a code point (\x and octal escapes, ASCII). */
int unquote_rune(const char *s, size_t n, char quote, gunichar *ret, size_t *ret_width, bool *ret_is_byte);
