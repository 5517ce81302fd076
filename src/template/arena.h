/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Memory that is let go of all at once, or back to a mark: a tree's nodes, and the values that come and go
 * while a template runs. Nothing in it has a destructor. */

#include <stddef.h>

#include "base/cleanup.h"

typedef struct Arena Arena;

/* Where an arena stood: all that was taken since is let go of by arena_release(). */
typedef struct ArenaMark {
        void *chunk;
        size_t used;
} ArenaMark;

Arena *arena_new(void);
Arena *arena_free(Arena *arena);
DEFINE_CLEANUP(Arena, arena_free);

void *arena_take(Arena *arena, size_t size); /* zeroed, aligned for anything */
char *arena_copy(Arena *arena, const char *bytes, size_t n);
size_t arena_size(const Arena *arena); /* bytes it holds */

ArenaMark arena_mark(const Arena *arena);
void arena_release(Arena *arena, ArenaMark mark);
