/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Looks for a text in a stream that comes in pieces, without keeping the stream: the automaton of Knuth,
 * Morris and Pratt. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

typedef struct Match Match;

Match *match_new(const char *needle); /* copied, not empty */
Match *match_free(Match *match);
DEFINE_CLEANUP(Match, match_free);

/* whether it has been found, in this piece or before */
bool match_feed(Match *match, const char *piece, size_t n);
