/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The power fails after every single operation on the disk of a node's life: its init, votes, changes, edits
 * of cluster.yaml, a restart, a join, a reset and another init. What the disk is left with is then opened as
 * the daemon opens it at its start. It must find a past that is as new as what was acknowledged, of one
 * piece; nothing that was never asked for; and it must not refuse, unless a reset was half done. */

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "../store/fixture.h"
#include "../store/recorder.h"
#include "base/names.h"
#include "cluster/record.h"
#include "manager/node.h"
#include "store/file.h"
#include "store/nodefile.h"

#define SEED 20240229
#define EVERY_NTH_WRITE 50 /* in the middle of long rows of writes; QUPTIME_LONG=1: every one */

/* What the node has promised, or is about to try, at one point of its life. */
typedef struct Truth {
        unsigned identity; /* 0: none yet; counts inits */
        bool resetting;    /* between the two a start may be refused */
        bool joining;
        uint64_t seq;
        uint64_t term;
        unsigned text;     /* number in cluster.yaml, 0: there is none */
        unsigned document; /* newest in the register, 0: none */
} Truth;

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED_IS_SLOWER 3
#else
#define SANITIZED_IS_SLOWER 1
#endif

typedef struct Note {
        bool done; /* acknowledged, not only asked for */
        Truth truth;
} Note;

typedef struct World {
        char *directory;
        sd_event *event;
        Node *node;
        Store *store;
        Truth truth;
        char *node_ids[4]; /* by identity */
        GPtrArray *notes;
} World;

static char *fresh(const char *below) {
        char *directory = g_build_filename(below, "quptime-power-XXXXXX", NULL);

        g_assert_nonnull(g_mkdtemp(directory));
        return directory;
}

static const char *fast_place(void) {
        return access("/dev/shm", W_OK) >= 0 ? "/dev/shm" : g_get_tmp_dir();
}

/* ---- a life ---- */

static void note(World *world, bool done) {
        Note *n = g_new0(Note, 1);

        n->done = done;
        n->truth = world->truth;
        g_ptr_array_add(world->notes, n);
        recorder_note(n);
}

static void asks(World *world) {
        note(world, false);
}

static void has(World *world) {
        note(world, true);
}

static void count(void *userdata, int error) {
        g_assert_cmpint(error, ==, 0);
        ++*(unsigned *) userdata;
}

static void wait_until(World *world, const unsigned *n, unsigned expected) {
        while (*n < expected)
                g_assert_cmpint(sd_event_run(world->event, 20 * USEC_PER_SEC), >, 0);
}

static char *vote_of(uint64_t term) {
        return g_strdup_printf("node-%u", (unsigned) (term % 3));
}

/* as manager/init.c begins: the register first, node.yaml last */
static void initialize(World *world) {
        const Paths *paths = world->node->paths;
        NewNode *new_node = NULL;
        Durable *durable = NULL;
        char *error = NULL;

        world->truth = (Truth){ .identity = world->truth.identity + 1 };
        g_assert_cmpint(node_prepare_init(NULL, NULL, 0, NULL, NULL, &new_node, &error), ==, 0);
        world->node_ids[world->truth.identity] = g_strdup(new_node->config->node_id);
        asks(world);
        g_assert_cmpint(store_set_aside(paths->register_db), ==, 0);
        g_assert_cmpint(directory_make(paths->state_dir, 0700), ==, 0);
        g_assert_cmpint(store_open(world->event,
                                   paths->register_db,
                                   new_node->config->state_id,
                                   &world->store,
                                   &durable,
                                   &error),
                        ==,
                        0);
        (void) durable_free(durable);
        g_assert_cmpint(node_commit_init(world->node, new_node, &error), ==, 0);
        node_keep_mark(world->node, world->store);
        has(world);
}

static void change(World *world, unsigned n) {
        unsigned done = 0;
        Truth before = world->truth;

        world->truth.seq += n;
        asks(world);
        for (uint64_t seq = before.seq + 1; seq <= world->truth.seq; seq++)
                store_submit(world->store, fixture_batch(seq), count, &done);
        wait_until(world, &done, n);
        has(world);
}

/* enough that SQLite brings its log into the database in the middle of a life */
static void change_much(World *world) {
        for (unsigned i = 0; i < 3; i++) {
                StoreBatch *batch = fixture_batch(++world->truth.seq);
                unsigned done = 0;

                asks(world);
                for (unsigned k = 0; k < 40; k++) {
                        g_autofree char *id = g_strdup_printf("large%u", k);
                        g_autofree char *text = g_strnfill(i == 2 ? 10 : 60000, (char) ('a' + i));

                        fixture_put(batch->accepted_delta, id, text);
                }
                store_submit(world->store, batch, count, &done);
                wait_until(world, &done, 1);
                has(world);
        }
}

static void vote(World *world) {
        StoreBatch *batch = g_new0(StoreBatch, 1);
        unsigned done = 0;

        batch->has_vote = true;
        batch->term = ++world->truth.term;
        batch->vote = vote_of(batch->term);
        asks(world);
        store_submit(world->store, batch, count, &done);
        wait_until(world, &done, 1);
        has(world);
}

static char *text_of(unsigned n) {
        g_autofree char *long_line = g_strnfill(3000 + n * 700, 'x');

        return g_strdup_printf("version: %u\n# %s\n...\n", n, long_line);
}

static void save_text(World *world) {
        g_autofree char *path = paths_config(world->node->paths, FILE_CLUSTER), *text = NULL, *old = NULL;

        world->truth.text++;
        asks(world);
        text = text_of(world->truth.text);
        if (world->truth.text % 2)
                g_assert_cmpint(file_exchange(path, text, strlen(text), 0600, 65536, &old, NULL), ==, 0);
        else
                g_assert_cmpint(file_replace(path, text, strlen(text), 0600), ==, 0);
        has(world);
}

static void save_document(World *world) {
        g_autofree char *text = NULL;
        unsigned done = 0;

        world->truth.document++;
        asks(world);
        text = text_of(world->truth.document);
        store_put_document(world->store, world->truth.document, text, count, &done);
        wait_until(world, &done, 1);
        has(world);
}

static void save_trust(World *world) {
        g_assert_cmpint(trust_save(world->node->paths, world->node->trust), ==, 0);
}

static void start(World *world) {
        _cleanup_(durable_freep) Durable *durable = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(node_open(&world->node, &error), ==, 0);
        if (node_is_initialized(world->node))
                g_assert_cmpint(node_open_register(
                                                world->node, world->event, &world->store, &durable, &error),
                                ==,
                                0);
}

static void stop(World *world) {
        world->store = store_free(world->store);
        world->node = node_close(world->node);
}

/* as manager/init.c adopts */
static void join(World *world) {
        StoreBatch *batch = g_new0(StoreBatch, 1);
        unsigned done = 0;
        Truth after = world->truth;

        after.seq = after.term = after.document = 0;
        world->truth.joining = true;
        asks(world);
        batch->new_state_id = g_strdup(world->node->config->state_id);
        store_submit(world->store, batch, count, &done);
        wait_until(world, &done, 1);
        stop(world);
        start(world);
        world->truth = after;
        has(world);
}

static void reset(World *world) {
        g_autofree char *where = NULL;

        world->truth.resetting = true;
        asks(world);
        world->store = store_free(world->store);
        g_assert_cmpint(node_set_aside(world->node->paths, &where), ==, 0);
        node_forget(world->node);
        has(world);
}

static void live_large(World *world) {
        start(world);
        initialize(world);
        change_much(world);
        change(world, 2);
        stop(world);
        start(world);
        change(world, 1);
        stop(world);
}

static void live(World *world) {
        start(world);
        initialize(world);
        vote(world);
        for (unsigned i = 0; i < 6; i++) {
                change(world, 1);
                save_document(world);
                save_text(world);
        }
        change(world, 5);
        vote(world);
        save_trust(world);
        stop(world);
        start(world);
        change(world, 2);
        vote(world);
        join(world);
        vote(world);
        change(world, 4);
        reset(world);
        initialize(world);
        change(world, 3);
        vote(world);
        stop(world);
}

/* ---- what is left of it ---- */

/* Where the life stood after n operations: the last thing that was acknowledged, and the last one asked
 * for. */
static void stood_at(size_t n, Truth *ret_done, Truth *ret_asked) {
        *ret_done = *ret_asked = (Truth){};
        for (size_t i = 0; i < n; i++) {
                const Note *at = recorder_note_at(i);

                if (at)
                        *ret_asked = at->truth;
                if (at && at->done)
                        *ret_done = at->truth;
        }
}

static void check_durable(const Durable *durable, const Truth *done, const Truth *asked) {
        if (asked->joining && durable->accepted_seq == 0) /* it has joined already */
                return;
        g_assert_cmpuint(durable->accepted_seq, >=, done->seq);
        g_assert_cmpuint(durable->accepted_seq, <=, asked->seq);
        g_assert_cmpuint(durable->committed_seq, ==, durable->accepted_seq / 3 * 3);
        g_assert_cmpuint(durable->term, >=, done->term);
        g_assert_cmpuint(durable->term, <=, asked->term);
        if (durable->term > 0) {
                g_autofree char *expected = vote_of(durable->term);

                g_assert_cmpstr(durable->vote, ==, expected);
        } else
                g_assert_cmpstr(durable->vote, ==, "");
}

static void check_document(Store *store, const Truth *done, const Truth *asked) {
        g_autofree char *text = NULL, *expected = text_of(done->document);

        if (done->document == 0 || asked->joining)
                return;
        g_assert_cmpint(store_get_document(store, done->document, &text), ==, 0);
        g_assert_cmpstr(text, ==, expected);
}

static void check_text(const Node *node, const Truth *done, const Truth *asked) {
        g_autofree char *path = paths_config(node->paths, FILE_CLUSTER), *text = NULL;
        int r;

        r = file_read(path, 1024 * 1024, &text, NULL);
        if (r == -ENOENT) {
                g_assert_cmpuint(done->text, ==, 0);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        for (unsigned n = done->text; n <= asked->text; n++) {
                g_autofree char *expected = text_of(n);

                if (n > 0 && strcmp(text, expected) == 0)
                        return;
        }
        g_error("cluster.yaml is none that was written: %.60s…", text);
}

typedef struct Counts {
        unsigned points, waiting, running, refused;
} Counts;

/* A start may be refused in the middle of a reset alone, and says what is wrong and the way out. */
static void check_refusal(const char *text, const Truth *asked, const char *directory, Counts *counts) {
        if (!asked->resetting)
                g_error("refused: %s", text);
        g_assert_nonnull(strstr(text, directory));
        g_assert_nonnull(strstr(text, "quptimed --reset"));
        counts->refused++;
}

static void
check_start(const World *world,
            const char *directory,
            const Truth *done,
            const Truth *asked,
            Counts *counts) {
        _cleanup_(node_closep) Node *node = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        g_autofree char *error = NULL;
        const Truth nothing = {};

        counts->points++;
        if (node_open(&node, &error) < 0) {
                check_refusal(error, asked, directory, counts);
                return;
        }
        if (!node_is_initialized(node)) {
                /* nothing was acknowledged, or given up */
                g_assert_true(done->identity == 0 || asked->resetting || done->resetting);
                counts->waiting++;
                return;
        }
        if (done->resetting) /* what was given up does not come back */
                g_assert_cmpstr(node->config->node_id, ==, world->node_ids[asked->identity]);
        else
                g_assert_cmpstr(node->config->node_id, ==, world->node_ids[MAX(asked->identity, 1)]);
        if (node_open_register(node, world->event, &store, &durable, &error) < 0) {
                check_refusal(error, asked, directory, counts);
                return;
        }
        if (done->identity != asked->identity) /* nothing is promised of the new one yet */
                done = &nothing;
        check_durable(durable, done, asked);
        check_document(store, done, asked);
        if (!asked->resetting)
                check_text(node, done, asked);
        counts->running++;
}

static void lose_power(const World *world, size_t n, Survival survival, Counts *counts) {
        g_autofree char *directory = fresh(fast_place());
        Truth done, asked;

        stood_at(n, &done, &asked);
        recorder_materialize(n, survival, SEED + (uint32_t) n, directory);
        g_setenv(ENV_DIR, directory, TRUE);
        check_start(world, directory, &done, &asked, counts);
        g_assert_cmpint(nftw(directory, fixture_remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

/* Nothing escaped the recorder: what it has seen makes the directory that is there. */
static void check_recording(const World *world) {
        g_autofree char *directory = fresh(fast_place()), *difference = NULL;
        const char *const command[] = { "diff", "-r", world->directory, directory, NULL };
        int status;

        recorder_materialize(recorder_n_operations(), SURVIVES_ALL, 0, directory);
        g_assert_true(
                        g_spawn_sync(NULL,
                                     (char **) command,
                                     NULL,
                                     G_SPAWN_SEARCH_PATH,
                                     NULL,
                                     NULL,
                                     &difference,
                                     NULL,
                                     &status,
                                     NULL));
        g_assert_cmpstr(difference, ==, "");
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpint(nftw(directory, fixture_remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

static void world_init(World *world, void (*life)(World *world)) {
        world->directory = fresh(fast_place());
        world->notes = g_ptr_array_new_with_free_func(g_free);
        g_assert_cmpint(sd_event_new(&world->event), >=, 0);
        g_setenv(ENV_DIR, world->directory, TRUE);
        recorder_start(world->directory);
        life(world);
        recorder_stop();
}

static void world_done(World *world) {
        recorder_done();
        g_assert_cmpint(nftw(world->directory, fixture_remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(world->node_ids); i++)
                g_free(world->node_ids[i]);
        g_free(world->directory);
        g_ptr_array_unref(world->notes);
        sd_event_unref(world->event);
}

/* one_in: of the ways in which the unsynced may survive, at each point; over the points all come up */
static void lose_power_everywhere(void (*life)(World *world), unsigned one_in) {
        bool everything = g_getenv("QUPTIME_LONG");
        Counts counts = {};
        World world = {};

        world_init(&world, life);
        check_recording(&world);
        recorder_skip_fsync(true);
        for (size_t n = 0; n <= recorder_n_operations(); n++) {
                if (!everything && recorder_is_within_writes(n) && n % EVERY_NTH_WRITE != 0)
                        continue;
                for (Survival survival = 0; survival < _SURVIVAL_MAX; survival++)
                        if (everything || (n + survival) % one_in == 0)
                                lose_power(&world, n, survival, &counts);
        }
        recorder_skip_fsync(false);
        g_test_message("%zu operations, %u crash points: %u started, %u waited for init, %u refused",
                       recorder_n_operations(),
                       counts.points,
                       counts.running,
                       counts.waiting,
                       counts.refused);
        world_done(&world);
}

static void test_life(void) {
        lose_power_everywhere(live, 1 * SANITIZED_IS_SLOWER);
}

/* SQLite brings its log into the database, and begins it anew */
static void test_large(void) {
        lose_power_everywhere(live_large, 3 * SANITIZED_IS_SLOWER);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/power-loss/life", test_life);
        g_test_add_func("/manager/power-loss/large", test_large);
        return g_test_run();
}
