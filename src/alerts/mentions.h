/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who a Discord message pings: @everyone and @here, <@user> and <@!user>, <@&role>
 * (https://docs.discord.com/developers/reference#message-formatting). Only what stands literally in a
 * template may; what comes from data is broken. */

#include <stdbool.h>

#include <glib.h>

#include "base/cleanup.h"

typedef struct Mentions {
        bool everyone;    /* also @here */
        GPtrArray *users; /* ids, at most DISCORD_MENTIONS_MAX; roles, too */
        GPtrArray *roles;
} Mentions;

Mentions *mentions_find(const char *text);
Mentions *mentions_free(Mentions *mentions);
DEFINE_CLEANUP(Mentions, mentions_free);

bool mentions_any(const Mentions *mentions);
/* takes out what `others` does not have */
void mentions_intersect(Mentions *mentions, const Mentions *others);

/* the text with a zero-width space in each mention; caller frees */
char *mentions_break(const char *text);
