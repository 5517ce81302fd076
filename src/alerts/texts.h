/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The texts of a notice whose alert has no templates of its own, or one that failed. A test's say that they
 * are one, and show the invented outage. All free with g_free(). */

#include "model/notice.h"

/* begins the detail of a real check's invented transition, by which it is known for a test */
#define TEST_MARK "[test] "

char *text_subject(const Notice *notice); /* one line, no control characters */
char *text_body(const Notice *notice);    /* lines end with LF */
/* For Discord: its markup, at most DISCORD_MAX_CHARS code points; nothing that comes from data makes markup
 * or a mention. The last line carries the notice's id. */
char *text_discord(const Notice *notice);

/* at most n_chars code points, the last one "…" if something was cut */
char *text_shorten(const char *text, glong n_chars);
