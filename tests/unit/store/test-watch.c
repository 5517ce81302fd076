/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/watch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "store/file.h"

#define WAIT_USEC (20 * USEC_PER_SEC)

typedef struct World {
        char *root;
        char *directory;
        char *path;
        sd_event *event;
        Watch *watch;
        unsigned n_saved;
        unsigned n_renamed;
        bool free_in_call;
} World;

static void on_changed(void *userdata, bool by_rename) {
        World *world = userdata;

        if (by_rename)
                world->n_renamed++;
        else
                world->n_saved++;
        if (world->free_in_call)
                world->watch = watch_free(world->watch);
}

static void world_init(World *world) {
        world->root = fixture_directory_new();
        world->directory = g_build_filename(world->root, "etc", NULL);
        world->path = g_build_filename(world->directory, "cluster.yaml", NULL);
        g_assert_cmpint(mkdir(world->directory, 0700), ==, 0);
        g_assert_cmpint(sd_event_new(&world->event), >=, 0);
        g_assert_cmpint(watch_new(world->event, world->path, on_changed, world, &world->watch), ==, 0);
}

static void world_done(World *world) {
        world->watch = watch_free(world->watch);
        world->event = sd_event_unref(world->event);
        g_clear_pointer(&world->path, g_free);
        g_clear_pointer(&world->directory, g_free);
        g_clear_pointer(&world->root, fixture_directory_free);
}
#define WORLD(name) _cleanup_(world_done) World name = {}

static void save(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        g_assert_nonnull(f);
        g_assert_cmpint(fputs(text, f), >=, 0);
        g_assert_cmpint(fclose(f), ==, 0);
}

static void drain(World *world) {
        while (sd_event_run(world->event, 0) > 0)
                ;
}

static void wait_until(World *world, const unsigned *counter, unsigned value) {
        gint64 deadline = g_get_monotonic_time() + (gint64) WAIT_USEC;

        while (*counter < value) {
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);
                g_assert_cmpint(sd_event_run(world->event, USEC_PER_SEC), >=, 0);
        }
}

static void test_save_and_rename(void) {
        g_autofree char *other = NULL;
        WORLD(world);

        world_init(&world);
        save(world.path, "version: 1\n");
        wait_until(&world, &world.n_saved, 1);
        g_assert_cmpuint(world.n_renamed, ==, 0);

        g_assert_cmpint(file_replace(world.path, "version: 2\n", 11, 0600), ==, 0);
        wait_until(&world, &world.n_renamed, 1);
        g_assert_cmpuint(world.n_saved, ==, 1);

        other = g_build_filename(world.directory, "node.yaml", NULL);
        save(other, "x");
        drain(&world);
        g_assert_cmpuint(world.n_saved, ==, 1);
}

/* nothing is read while somebody is still writing */
static void test_not_before_close(void) {
        WORLD(world);
        FILE *f;

        world_init(&world);
        f = fopen(world.path, "w");
        g_assert_nonnull(f);
        g_assert_cmpint(fputs("half", f), >=, 0);
        g_assert_cmpint(fflush(f), ==, 0);
        drain(&world);
        g_assert_cmpuint(world.n_saved, ==, 0);
        fclose(f);
        wait_until(&world, &world.n_saved, 1);
}

static void test_exchange_is_a_rename(void) {
        g_autofree char *old = NULL;
        WORLD(world);
        size_t size;

        world_init(&world);
        save(world.path, "one");
        wait_until(&world, &world.n_saved, 1);
        g_assert_cmpint(file_exchange(world.path, "two", 3, 0600, 100, &old, &size), ==, 0);
        wait_until(&world, &world.n_renamed, 1);
}

static void test_replaced_directory(void) {
        g_autofree char *away = NULL, *fresh = NULL, *in_fresh = NULL;
        WORLD(world);

        world_init(&world);
        away = g_build_filename(world.root, "away", NULL);
        fresh = g_build_filename(world.root, "fresh", NULL);
        in_fresh = g_build_filename(fresh, "cluster.yaml", NULL);
        g_assert_cmpint(mkdir(fresh, 0700), ==, 0);
        save(in_fresh, "version: 3\n");

        g_assert_cmpint(rename(world.directory, away), ==, 0);
        g_assert_cmpint(rename(fresh, world.directory), ==, 0);
        wait_until(&world, &world.n_renamed, 1);

        save(world.path, "version: 4\n");
        wait_until(&world, &world.n_saved, 1);
}

static void test_removed_directory(void) {
        WORLD(world);

        world_init(&world);
        g_assert_cmpint(rmdir(world.directory), ==, 0);
        drain(&world);
        g_assert_cmpint(mkdir(world.directory, 0700), ==, 0);
        save(world.path, "version: 5\n");
        /* seen when the directory is looked for again, or saved after that */
        wait_until(&world, &world.n_renamed, 1);
        save(world.path, "version: 6\n");
        wait_until(&world, &world.n_saved, 1);
}

static void test_free_in_call(void) {
        WORLD(world);

        world_init(&world);
        world.free_in_call = true;
        save(world.path, "one");
        save(world.path, "two");
        wait_until(&world, &world.n_saved, 1);
        drain(&world);
        g_assert_cmpuint(world.n_saved, ==, 1);
}

static void test_no_directory(void) {
        sd_event *event;
        Watch *watch;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        g_assert_cmpint(watch_new(event, "/nonexistent/cluster.yaml", on_changed, NULL, &watch),
                        ==,
                        -ENOENT);
        sd_event_unref(event);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/watch/save-and-rename", test_save_and_rename);
        g_test_add_func("/store/watch/not-before-close", test_not_before_close);
        g_test_add_func("/store/watch/exchange-is-a-rename", test_exchange_is_a_rename);
        g_test_add_func("/store/watch/replaced-directory", test_replaced_directory);
        g_test_add_func("/store/watch/removed-directory", test_removed_directory);
        g_test_add_func("/store/watch/free-in-call", test_free_in_call);
        g_test_add_func("/store/watch/no-directory", test_no_directory);
        return g_test_run();
}
