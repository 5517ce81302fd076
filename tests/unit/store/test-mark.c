/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/mark.h"

#include <errno.h>

#include "fixture.h"

#define STATE_ID "8d3f0c5e"
#define WAIT_USEC (20 * USEC_PER_SEC)

static int check(const char *path, const char *state_id, uint64_t generation) {
        g_autofree char *text = NULL;
        int r = mark_check(path, "register.db", state_id, generation, &text);

        g_assert_cmpint(r < 0, ==, text != NULL);
        return r;
}

static void test_check(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "mark", NULL), *text = NULL;
        gsize size;

        g_assert_cmpint(check(path, STATE_ID, 0), ==, 0); /* a directory from before there were marks */
        g_assert_cmpint(mark_write(path, STATE_ID, 7), ==, 0);
        g_assert_cmpint(check(path, STATE_ID, 6), ==, -ESTALE);
        g_assert_cmpint(check(path, STATE_ID, 7), ==, 0);
        g_assert_cmpint(check(path, STATE_ID, 8), ==, 0);
        g_assert_cmpint(check(path, "another", 0), ==, 0);

        /* whichever byte is lost or another one, it is damaged, not a smaller number */
        g_assert_true(g_file_get_contents(path, &text, &size, NULL));
        for (gsize i = 0; i < size; i++) {
                text[i] ^= 1;
                g_assert_true(g_file_set_contents(path, text, (gssize) size, NULL));
                g_assert_cmpint(check(path, STATE_ID, 9), ==, -EBADMSG);
                text[i] ^= 1;
                g_assert_true(g_file_set_contents(path, text, (gssize) i, NULL));
                g_assert_cmpint(check(path, STATE_ID, 9), ==, -EBADMSG);
        }
}

static void on_done(void *userdata, int error) {
        *(int *) userdata = error;
}

/* The place of the mark cannot be written: the register works on, also in a state without term and vote. */
static void test_cannot_be_written(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "register.db", NULL);
        g_autofree char *mark = g_build_filename(directory, "gone", "mark", NULL);
        gint64 deadline = g_get_monotonic_time() + (gint64) WAIT_USEC;
        _cleanup_(durable_freep) Durable *durable = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        sd_event *event = NULL;
        int error = 1;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        g_assert_cmpint(store_open(event, path, STATE_ID, &store, &durable, NULL), >=, 0);
        store_keep_mark(store, mark);
        store_reset(store, "another", on_done, &error);
        while (error > 0) {
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);
                g_assert_cmpint(sd_event_run(event, USEC_PER_SEC), >=, 0);
        }
        g_assert_cmpint(error, ==, 0);
        store = store_free(store);
        (void) sd_event_unref(event);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/mark/check", test_check);
        g_test_add_func("/store/mark/cannot-be-written", test_cannot_be_written);
        return g_test_run();
}
