/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What hands, copies and failing disks do to a node's files. Opened as the daemon opens them at its start,
 * each either has all that was acknowledged, or is refused in one sentence that names the file and the way
 * out; an older past is never taken for the present one. */

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "../store/fixture.h"
#include "base/names.h"
#include "manager/node.h"
#include "store/file.h"
#include "store/nodefile.h"

#define WAIT_USEC (20 * USEC_PER_SEC)
#define FLIPS 150

#define REGISTER "state/" FILE_REGISTER
#define LOG REGISTER "-wal"

typedef struct World {
        char *directory;
        sd_event *event;
        Node *node;
        Store *store;
        uint64_t seq;
} World;

static void count(void *userdata, int error) {
        g_assert_cmpint(error, ==, 0);
        ++*(unsigned *) userdata;
}

static void run(const char *const *command) {
        int status;

        g_assert_true(
                        g_spawn_sync(NULL,
                                     (char **) command,
                                     NULL,
                                     G_SPAWN_SEARCH_PATH,
                                     NULL,
                                     NULL,
                                     NULL,
                                     NULL,
                                     &status,
                                     NULL));
        g_assert_cmpint(status, ==, 0);
}

static char *fresh(void) {
        char *directory = g_dir_make_tmp("quptime-damage-XXXXXX", NULL);

        g_assert_nonnull(directory);
        return directory;
}

static void change(World *world) {
        StoreBatch *batch = fixture_batch(++world->seq);
        unsigned done = 0;

        batch->has_vote = true;
        batch->term = world->seq;
        batch->vote = g_strdup("node-b");
        store_submit(world->store, batch, count, &done);
        while (done == 0)
                g_assert_cmpint(sd_event_run(world->event, WAIT_USEC), >, 0);
}

static void world_init(World *world) {
        g_autofree char *error = NULL;
        NewNode *new_node = NULL;
        Durable *durable = NULL;

        world->directory = fresh();
        g_setenv(ENV_DIR, world->directory, TRUE);
        g_assert_cmpint(sd_event_new(&world->event), >=, 0);
        g_assert_cmpint(node_open(&world->node, &error), ==, 0);
        g_assert_cmpint(node_prepare_init(NULL, NULL, 0, NULL, NULL, &new_node, &error), ==, 0);
        g_assert_cmpint(directory_make(world->node->paths->state_dir, 0700), ==, 0);
        g_assert_cmpint(store_open(world->event,
                                   world->node->paths->register_db,
                                   new_node->config->state_id,
                                   &world->store,
                                   &durable,
                                   &error),
                        ==,
                        0);
        (void) durable_free(durable);
        g_assert_cmpint(node_commit_init(world->node, new_node, &error), ==, 0);
        node_keep_mark(world->node, world->store);
        g_assert_cmpint(trust_save(world->node->paths, world->node->trust), ==, 0);
        for (unsigned i = 0; i < 9; i++)
                change(world);
}

static void world_done(World *world) {
        world->store = store_free(world->store);
        world->node = node_close(world->node);
        world->event = sd_event_unref(world->event);
        g_clear_pointer(&world->directory, fixture_directory_free);
}
#define WORLD(name) _cleanup_(world_done) World name = {}

/* The directory as it is now; with a store that runs, as a kill -9 leaves it. */
static char *copy(const World *world) {
        g_autofree char *from = g_strconcat(world->directory, "/.", NULL);
        char *to = fresh();

        run((const char *[]){ "cp", "-a", from, to, NULL });
        return to;
}

static char *in(const char *directory, const char *name) {
        return g_build_filename(directory, name, NULL);
}

typedef struct Outcome {
        int error;
        char *text;
        uint64_t seq;
} Outcome;

static void outcome_done(Outcome *outcome) {
        g_free(outcome->text);
}

/* as quptimed starts */
static Outcome open_at(const World *world, const char *directory) {
        _cleanup_(node_closep) Node *node = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        Outcome outcome = {};

        g_setenv(ENV_DIR, directory, TRUE);
        outcome.error = node_open(&node, &outcome.text);
        if (outcome.error >= 0 && node_is_initialized(node))
                outcome.error = node_open_register(node, world->event, &store, &durable, &outcome.text);
        if (durable) {
                fixture_assert_story(durable);
                g_assert_cmpuint(durable->term, ==, durable->accepted_seq);
                outcome.seq = durable->accepted_seq;
        }
        return outcome;
}

static void
assert_refused(const World *world, const char *directory, const char *file, int error, const char *way_out) {
        _cleanup_(outcome_done) Outcome outcome = open_at(world, directory);
        g_autofree char *path = in(directory, file);

        g_assert_cmpint(outcome.error, ==, error);
        if (!strstr(outcome.text, path) || !strstr(outcome.text, way_out ?: "quptimed --reset"))
                g_error("'%s' does not name %s and the way out", outcome.text, path);
}

static void assert_complete(const World *world, const char *directory) {
        _cleanup_(outcome_done) Outcome outcome = open_at(world, directory);

        if (outcome.error < 0)
                g_error("%s", outcome.text);
        g_assert_cmpuint(outcome.seq, ==, world->seq);
}

/* ---- one file that is gone, cut off or something else ---- */

static void damage_remove(const char *path) {
        g_assert_cmpint(unlink(path), ==, 0);
}

static void damage_empty(const char *path) {
        g_assert_cmpint(truncate(path, 0), ==, 0);
}

static void damage_cut(const char *path) {
        GStatBuf st;

        g_assert_cmpint(g_stat(path, &st), ==, 0);
        g_assert_cmpint(truncate(path, st.st_size / 2), ==, 0);
}

static void damage_noise(const char *path) {
        g_autofree char *noise = g_strnfill(9000, '~');
        _cleanup_(closep) int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, noise, 9000), ==, 9000);
}

static void test_files(void) {
        static const struct {
                const char *file;
                void (*damage)(const char *path);
                int error;           /* 0: starts, with all of it */
                const char *way_out; /* NULL: a new identity */
        } cases[] = {
                { REGISTER, damage_remove, -ENOENT },
                { REGISTER, damage_empty, -ENOENT },
                { REGISTER, damage_cut, -EBADMSG },
                { REGISTER, damage_noise, -EBADMSG },
                { FILE_MARK, damage_remove, 0 },
                { FILE_MARK, damage_empty, -EBADMSG },
                { FILE_MARK, damage_cut, -EBADMSG },
                { FILE_MARK, damage_noise, -EBADMSG },
                { FILE_NODE, damage_empty, -EBADMSG },
                { FILE_NODE, damage_cut, -EBADMSG },
                { FILE_NODE, damage_noise, -EBADMSG },
                { FILE_PRIVATE_KEY, damage_remove, -ENOENT },
                { FILE_PRIVATE_KEY, damage_empty, -EINVAL },
                { FILE_PRIVATE_KEY, damage_cut, -EINVAL },
                { FILE_CERTIFICATE, damage_remove, -ENOENT },
                { FILE_CERTIFICATE, damage_empty, -EINVAL },
                { FILE_CERTIFICATE, damage_cut, -EINVAL },
                /* what it says stands in the register too */
                { FILE_TRUST, damage_remove, 0 },
                { FILE_TRUST, damage_noise, -EBADMSG, "Delete it" },
                { FILE_PUBLIC_KEY, damage_remove, 0 },
        };
        WORLD(world);

        world_init(&world);
        world.store = store_free(world.store);
        world.node = node_close(world.node);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *directory = copy(&world), *path = in(directory, cases[i].file);

                g_test_message("case %zu: %s", i, cases[i].file);
                cases[i].damage(path);
                if (cases[i].error < 0)
                        assert_refused(&world, directory, cases[i].file, cases[i].error, cases[i].way_out);
                else
                        assert_complete(&world, directory);
                fixture_directory_free(g_steal_pointer(&directory));
        }
}

/* Without node.yaml a node waits for init; not where it was one already. */
static void test_lost_node_file(void) {
        g_autofree char *directory = NULL, *path = NULL, *cluster = NULL;
        _cleanup_(outcome_done) Outcome outcome = {};
        WORLD(world);

        world_init(&world);
        world.store = store_free(world.store);
        world.node = node_close(world.node);
        directory = copy(&world);
        path = in(directory, FILE_NODE);
        cluster = in(directory, FILE_CLUSTER);
        damage_remove(path);
        outcome = open_at(&world, directory); /* as an interrupted init */
        g_assert_cmpint(outcome.error, ==, 0);
        g_assert_cmpuint(outcome.seq, ==, 0);

        g_assert_true(g_file_set_contents(cluster, "version: 1\n...\n", -1, NULL));
        assert_refused(&world, directory, FILE_NODE, -ENOENT, NULL);
        fixture_directory_free(g_steal_pointer(&directory));
}

/* ---- copies that are put back ---- */

static void put_back(const char *from_directory, const char *to_directory, const char *name) {
        g_autofree char *from = in(from_directory, name), *to = in(to_directory, name);

        if (access(from, F_OK) >= 0)
                run((const char *[]){ "cp", "-a", from, to, NULL });
        else
                (void) unlink(to);
}

static void test_older_register(void) {
        g_autofree char *older = NULL, *newer = NULL;
        WORLD(world);

        world_init(&world);
        older = copy(&world); /* while it runs: database and log */
        change(&world);
        world.store = store_free(world.store);
        newer = copy(&world);
        world.node = node_close(world.node);
        assert_complete(&world, newer);

        put_back(older, newer, REGISTER);
        put_back(older, newer, LOG);
        assert_refused(&world, newer, REGISTER, -ESTALE, NULL);

        /* node.yaml and mark of an older time, and the register of now: that is nothing to fear */
        put_back(world.directory, older, REGISTER);
        put_back(world.directory, older, LOG);
        assert_complete(&world, older);
        fixture_directory_free(g_steal_pointer(&older));
        fixture_directory_free(g_steal_pointer(&newer));
}

static void test_another_identity(void) {
        g_autofree char *one = NULL, *two = NULL;
        WORLD(world);
        WORLD(other);

        world_init(&world);
        world.store = store_free(world.store);
        world.node = node_close(world.node);
        world_init(&other);
        other.store = store_free(other.store);
        other.node = node_close(other.node);
        one = copy(&world);
        two = copy(&other);
        put_back(two, one, REGISTER);
        assert_refused(&world, one, REGISTER, -ESTALE, NULL);
        fixture_directory_free(g_steal_pointer(&one));
        fixture_directory_free(g_steal_pointer(&two));
}

/* ---- bits that flip ---- */

static bool mark_is_current(const World *world) {
        g_autofree char *directory = copy(world), *log = in(directory, LOG);
        _cleanup_(outcome_done) Outcome outcome = {};

        /* without its log it is an older register: whoever knows that has the mark of now */
        damage_remove(log);
        outcome = open_at(world, directory);
        fixture_directory_free(g_steal_pointer(&directory));
        return outcome.error < 0;
}

/* SQLite ends its log where a checksum is wrong, silently: what came after it is lost. */
static void test_log(void) {
        g_autofree char *directory = NULL, *path = NULL, *bytes = NULL;
        unsigned n_complete = 0, n_refused = 0;
        gint64 deadline;
        gsize size;
        WORLD(world);

        world_init(&world);
        deadline = g_get_monotonic_time() + (gint64) WAIT_USEC;
        while (!mark_is_current(&world)) /* it tells of a vote at once */
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);

        for (unsigned i = 0; i < FLIPS; i++) {
                _cleanup_(outcome_done) Outcome outcome = {};
                size_t at;

                directory = copy(&world);
                path = in(directory, LOG);
                g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
                at = i < 64 ? i : (size_t) g_test_rand_int_range(0, (gint32) size);
                bytes[at] = (char) (bytes[at] ^ (1 << i % 8));
                g_assert_true(g_file_set_contents(path, bytes, (gssize) size, NULL));
                outcome = open_at(&world, directory);
                if (outcome.error >= 0) {
                        g_assert_cmpuint(outcome.seq, ==, world.seq);
                        n_complete++;
                } else {
                        g_assert_nonnull(strstr(outcome.text, REGISTER));
                        g_assert_nonnull(strstr(outcome.text, "quptimed --reset"));
                        n_refused++;
                }
                fixture_directory_free(g_steal_pointer(&directory));
                g_clear_pointer(&path, g_free);
                g_clear_pointer(&bytes, g_free);
        }
        g_test_message("%u bits of the log flipped: %u complete, %u refused", FLIPS, n_complete, n_refused);
        g_assert_cmpuint(n_refused, >, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/damage/files", test_files);
        g_test_add_func("/manager/damage/lost-node-file", test_lost_node_file);
        g_test_add_func("/manager/damage/older-register", test_older_register);
        g_test_add_func("/manager/damage/another-identity", test_another_identity);
        g_test_add_func("/manager/damage/log", test_log);
        return g_test_run();
}
