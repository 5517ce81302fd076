/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault-vfs.h"
#include "fixture.h"

#define STATE_ID "8d3f0c5e"
#define WAIT_USEC (20 * USEC_PER_SEC)

typedef struct Answers {
        sd_event *event;
        GArray *errors; /* of int, in the order of the answers */
} Answers;

typedef struct World {
        char *directory;
        char *path;
        sd_event *event;
        Store *store;
        Answers answers;
} World;

static Store *open_store(sd_event *event, const char *path, Durable **ret) {
        Durable *durable = NULL;
        Store *store = NULL;
        char *text = NULL;

        if (store_open(event, path, STATE_ID, &store, &durable, &text) < 0)
                g_error("%s", text);
        if (ret)
                *ret = durable;
        else
                (void) durable_free(durable);
        return store;
}

static void world_init(World *world) {
        world->directory = fixture_directory_new();
        world->path = g_build_filename(world->directory, "register.db", NULL);
        g_assert_cmpint(sd_event_new(&world->event), >=, 0);
        world->store = open_store(world->event, world->path, NULL);
        world->answers.errors = g_array_new(FALSE, FALSE, sizeof(int));
}

static void world_done(World *world) {
        world->store = store_free(world->store);
        world->event = sd_event_unref(world->event);
        g_clear_pointer(&world->answers.errors, g_array_unref);
        g_clear_pointer(&world->path, g_free);
        g_clear_pointer(&world->directory, fixture_directory_free);
}
#define WORLD(name) _cleanup_(world_done) World name = {}

static void on_done(void *userdata, int error) {
        Answers *answers = userdata;

        g_array_append_val(answers->errors, error);
}

static int answer(const World *world, unsigned i) {
        return g_array_index(world->answers.errors, int, i);
}

static void wait_for(World *world, unsigned n) {
        gint64 deadline = g_get_monotonic_time() + (gint64) WAIT_USEC;

        while (world->answers.errors->len < n) {
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);
                g_assert_cmpint(sd_event_run(world->event, USEC_PER_SEC), >=, 0);
        }
}

static Durable *reopen(World *world) {
        Durable *durable;

        world->store = store_free(world->store);
        world->store = open_store(world->event, world->path, &durable);
        return durable;
}

static void test_in_order(void) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        WORLD(world);

        world_init(&world);
        for (uint64_t n = 1; n <= 200; n++)
                store_submit(world.store, fixture_batch(n), on_done, &world.answers);
        g_assert_cmpuint(world.answers.errors->len, ==, 0); /* never inside the call */
        wait_for(&world, 200);
        for (unsigned i = 0; i < 200; i++)
                g_assert_cmpint(answer(&world, i), ==, 0);

        durable = reopen(&world);
        g_assert_cmpuint(durable->accepted_seq, ==, 200);
        fixture_assert_story(durable);
}

static void test_free_waits(void) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        WORLD(world);

        world_init(&world);
        for (uint64_t n = 1; n <= 50; n++)
                store_submit(world.store, fixture_batch(n), on_done, &world.answers);
        durable = reopen(&world);
        g_assert_cmpuint(world.answers.errors->len, ==, 50);
        g_assert_cmpuint(durable->accepted_seq, ==, 50);
        fixture_assert_story(durable);
}

static void test_documents(void) {
        g_autofree char *text = NULL;
        WORLD(world);

        world_init(&world);
        store_put_document(world.store, 4, "version: 4\n", on_done, &world.answers);
        store_put_document(world.store, 5, "version: 5\n", NULL, NULL);
        g_assert_cmpint(store_get_document(world.store, 3, &text), ==, -ENOENT);
        g_assert_cmpint(store_get_document(world.store, 4, &text), ==, 0);
        g_assert_cmpstr(text, ==, "version: 4\n");
        wait_for(&world, 1);
        g_assert_cmpint(answer(&world, 0), ==, 0);
}

static void test_reset(void) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        g_autofree char *text = NULL;
        Store *refused;
        WORLD(world);

        world_init(&world);
        store_submit(world.store, fixture_batch(1), NULL, NULL);
        store_reset(world.store, "another", on_done, &world.answers);
        /* made for the old state by a register that does not know yet */
        store_submit(world.store, fixture_batch(2), on_done, &world.answers);
        store_put_document(world.store, 2, "version: 2\n", on_done, &world.answers);
        wait_for(&world, 3);
        g_assert_cmpint(answer(&world, 0), ==, 0);
        g_assert_cmpint(answer(&world, 1), ==, -ESTALE);
        g_assert_cmpint(answer(&world, 2), ==, -ESTALE);
        world.store = store_free(world.store);

        g_assert_cmpint(store_open(world.event, world.path, STATE_ID, &refused, &durable, &text),
                        ==,
                        -ESTALE);
        g_assert_nonnull(strstr(text, "another identity"));
        g_assert_cmpint(store_open(world.event, world.path, NULL, &world.store, &durable, NULL), ==, 0);
        g_assert_cmpstr(durable->state_id, ==, "another");
        g_assert_cmpuint(durable->accepted_seq, ==, 0);
}

static void count(void *userdata) {
        ++*(unsigned *) userdata;
}

static void on_counted(void *userdata, int error) {
        g_assert_cmpint(error, ==, 0);
        ++*(unsigned *) userdata;
}

static void test_run(void) {
        unsigned n = 0;
        WORLD(world);

        world_init(&world);
        store_run(world.store, count, on_counted, &n);
        store_submit(world.store, fixture_batch(1), on_done, &world.answers);
        wait_for(&world, 1);
        g_assert_cmpuint(n, ==, 2);
}

/* The batches behind a failed one fail with it, those after its answer do not. */
static void test_failure_takes_the_rest(void) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        unsigned good = 0;
        WORLD(world);

        world_init(&world);
        store_submit(world.store, fixture_batch(1), on_done, &world.answers);
        wait_for(&world, 1);

        fault_vfs_arm(0, SQLITE_FULL, SQLITE_OK, FAULT_FROM);
        for (uint64_t n = 2; n <= 9; n++)
                store_submit(world.store, fixture_batch(n), on_done, &world.answers);
        store_put_document(world.store, 1, "version: 1\n", on_done, &world.answers);
        wait_for(&world, 10);
        g_assert_true(fault_vfs_disarm());
        for (unsigned i = 1; i < 10; i++)
                g_assert_cmpint(answer(&world, i), ==, -ENOSPC);

        for (uint64_t n = 2; n <= 9; n++)
                store_submit(world.store, fixture_batch(n), on_done, &world.answers);
        wait_for(&world, 18);
        for (unsigned i = 10; i < 18; i++)
                good += answer(&world, i) == 0;
        g_assert_cmpuint(good, ==, 8);

        durable = reopen(&world);
        g_assert_cmpuint(durable->accepted_seq, ==, 9);
        fixture_assert_story(durable);
}

/* The child keeps some batches under way and says which are done. */
typedef struct Child {
        Store *store;
        int fd;
        uint64_t submitted;
        uint64_t done;
} Child;

static void on_child_done(void *userdata, int error) {
        Child *child = userdata;

        g_assert_cmpint(error, ==, 0);
        child->done++;
        if (write(child->fd, &child->done, sizeof(child->done)) < 0)
                _exit(1);
        store_submit(child->store, fixture_batch(++child->submitted), on_child_done, child);
}

static void run_child(const char *path, int fd, uint64_t from) {
        Child child = { .fd = fd, .submitted = from, .done = from };
        sd_event *event;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        child.store = open_store(event, path, NULL);
        for (unsigned i = 0; i < 5; i++)
                store_submit(child.store, fixture_batch(++child.submitted), on_child_done, &child);
        (void) sd_event_loop(event);
        _exit(1);
}

/* Returns the last step that the child had reported when it was killed. */
static uint64_t kill_a_writer(const char *path, uint64_t from) {
        uint64_t done = from, until = from + (uint64_t) g_test_rand_int_range(1, 30);
        int fds[2], status;
        pid_t pid;

        g_assert_cmpint(pipe(fds), ==, 0);
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                close(fds[0]);
                run_child(path, fds[1], from);
        }
        close(fds[1]);
        while (done < until)
                g_assert_cmpint(read(fds[0], &done, sizeof(done)), ==, sizeof(done));
        g_usleep((gulong) g_test_rand_int_range(0, 3000)); /* anywhere within a step */
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status));
        while (read(fds[0], &done, sizeof(done)) == sizeof(done))
                ;
        close(fds[0]);
        return done;
}

static void test_killed(void) {
        _cleanup_(fixture_directory_freep) char *directory = fixture_directory_new();
        g_autofree char *path = g_build_filename(directory, "register.db", NULL);
        uint64_t from = 0;
        sd_event *event;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        for (int i = 0; i < 20; i++) {
                uint64_t reported = kill_a_writer(path, from);
                Durable *durable;

                (void) store_free(open_store(event, path, &durable));
                g_assert_cmpuint(durable->accepted_seq, >=, reported);
                g_assert_cmpuint(durable->accepted_seq, <=, reported + 5 + 1);
                fixture_assert_story(durable);
                from = durable->accepted_seq;
                (void) durable_free(durable);
        }
        sd_event_unref(event);
}

int main(int argc, char *argv[]) {
        fault_vfs_install();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/store/killed", test_killed);
        g_test_add_func("/store/store/in-order", test_in_order);
        g_test_add_func("/store/store/free-waits", test_free_waits);
        g_test_add_func("/store/store/documents", test_documents);
        g_test_add_func("/store/store/reset", test_reset);
        g_test_add_func("/store/store/run", test_run);
        g_test_add_func("/store/store/failure-takes-the-rest", test_failure_takes_the_rest);
        return g_test_run();
}
