/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of the store share: a directory that goes away, and small values to put into a register. */

#include <ftw.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "store/store.h"

static inline int fixture_remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static inline char *fixture_directory_new(void) {
        char *directory = g_dir_make_tmp("quptime-store-XXXXXX", NULL);

        g_assert_nonnull(directory);
        return directory;
}

static inline void fixture_directory_free(char *directory) {
        g_assert_cmpint(nftw(directory, fixture_remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
        g_free(directory);
}

static inline void fixture_directory_freep(char **directory) {
        if (*directory)
                fixture_directory_free(*directory);
}

static inline void fixture_put(Delta *delta, const char *id, const char *text) {
        TemplateText *template = template_text_new();

        template->hash = g_strdup(id);
        template->text = g_strdup(text);
        delta_put_object(delta, RECORD_TEMPLATE, template);
}

/* The n-th step of a story that puts, replaces and deletes. */
static inline Delta *fixture_delta(uint64_t n) {
        g_autofree char *put = g_strdup_printf("k%u", (unsigned) (n % 17));
        g_autofree char *also = g_strdup_printf("k%u", (unsigned) (n * 5 % 17));
        g_autofree char *gone = g_strdup_printf("k%u", (unsigned) (n * 7 % 17));
        g_autofree char *text = g_strdup_printf("step %u", (unsigned) n);
        Delta *delta = delta_new();

        fixture_put(delta, put, text);
        delta_delete(delta, RECORD_TEMPLATE, gone);
        fixture_put(delta, also, text);
        return delta;
}

static inline bool fixture_commits(uint64_t n) {
        return n % 3 == 0;
}

/* The same step as a batch: term 1, seq n, every third one commits. */
static inline StoreBatch *fixture_batch(uint64_t n) {
        StoreBatch *batch = g_new0(StoreBatch, 1);

        batch->has_accepted = true;
        batch->accepted_term = 1;
        batch->accepted_seq = n;
        batch->accepted_delta = fixture_delta(n);
        batch->has_committed = fixture_commits(n);
        return batch;
}

/* what the register holds after step n */
static inline Value *fixture_value(uint64_t n) {
        Value *value = value_new_empty();

        for (uint64_t i = 1; i <= n; i++) {
                _cleanup_(delta_freep) Delta *delta = fixture_delta(i);
                Value *next = value_apply(value, delta);

                (void) value_unref(value);
                value = next;
        }
        return value;
}

static inline void fixture_assert_value(const Value *value, const Value *expected) {
        g_assert_cmpmem(value_hash(value), sizeof(RecordDigest), value_hash(expected), sizeof(RecordDigest));
}

/* the durable state is that after some step, both values of it */
static inline void fixture_assert_story(const Durable *durable) {
        _cleanup_(value_unrefp) Value *accepted = fixture_value(durable->accepted_seq);
        _cleanup_(value_unrefp) Value *committed = fixture_value(durable->committed_seq);

        fixture_assert_value(durable->accepted, accepted);
        fixture_assert_value(durable->committed, committed);
        g_assert_cmpuint(durable->committed_seq, ==, durable->accepted_seq / 3 * 3);
}
