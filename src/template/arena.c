/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

enum { CHUNK_BYTES = 4000, ALIGNMENT = alignof(max_align_t) };

typedef struct Chunk {
        struct Chunk *before;
        size_t size, used;
        alignas(max_align_t) char bytes[];
} Chunk;

struct Arena {
        Chunk *last;
        size_t size;
};

Arena *arena_new(void) {
        return g_new0(Arena, 1);
}

Arena *arena_free(Arena *arena) {
        if (!arena)
                return NULL;
        arena_release(arena, (ArenaMark){});
        g_free(arena);
        return NULL;
}

static Chunk *add_chunk(Arena *arena, size_t size) {
        Chunk *chunk = g_malloc(offsetof(Chunk, bytes) + size);

        chunk->before = arena->last;
        chunk->size = size;
        chunk->used = 0;
        arena->last = chunk;
        arena->size += size;
        return chunk;
}

void *arena_take(Arena *arena, size_t size) {
        Chunk *chunk;
        void *p;

        assert(arena);

        size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        chunk = arena->last;
        if (!chunk || chunk->size - chunk->used < size)
                chunk = add_chunk(arena, size > CHUNK_BYTES ? size : CHUNK_BYTES);
        p = chunk->bytes + chunk->used;
        chunk->used += size;
        return memset(p, 0, size);
}

char *arena_copy(Arena *arena, const char *bytes, size_t n) {
        char *copy = arena_take(arena, n + 1);

        if (n > 0)
                memcpy(copy, bytes, n);
        return copy;
}

size_t arena_size(const Arena *arena) {
        assert(arena);

        return arena->size;
}

ArenaMark arena_mark(const Arena *arena) {
        assert(arena);

        return (ArenaMark){ .chunk = arena->last, .used = arena->last ? arena->last->used : 0 };
}

void arena_release(Arena *arena, ArenaMark mark) {
        assert(arena);

        while (arena->last != mark.chunk) {
                Chunk *chunk = arena->last;

                assert(chunk);
                arena->last = chunk->before;
                arena->size -= chunk->size;
                g_free(chunk);
        }
        if (arena->last)
                arena->last->used = mark.used;
}
