/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/match.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

struct Match {
        char *needle;
        size_t n;
        size_t *borders; /* of each prefix: the longest that is both its begin and its end */
        size_t matched;
};

static size_t match_step(const Match *match, size_t matched, char c) {
        while (matched > 0 && match->needle[matched] != c)
                matched = match->borders[matched - 1];
        return match->needle[matched] == c ? matched + 1 : 0;
}

Match *match_new(const char *needle) {
        Match *match;

        assert(needle && *needle);

        match = g_new0(Match, 1);
        match->needle = g_strdup(needle);
        match->n = strlen(needle);
        match->borders = g_new0(size_t, match->n);
        for (size_t i = 1; i < match->n; i++)
                match->borders[i] = match_step(match, match->borders[i - 1], needle[i]);
        return match;
}

Match *match_free(Match *match) {
        if (!match)
                return NULL;

        g_free(match->needle);
        g_free(match->borders);
        g_free(match);
        return NULL;
}

bool match_feed(Match *match, const char *piece, size_t n) {
        assert(match);
        assert(piece || n == 0);

        for (size_t i = 0; i < n && match->matched < match->n; i++)
                match->matched = match_step(match, match->matched, piece[i]);
        return match->matched == match->n;
}
