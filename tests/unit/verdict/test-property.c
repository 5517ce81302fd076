/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/verdict.h"

#include "../fixture.h"

/* Random voters who say anything at any time, to any round, lost leads, leases that lapse and come back
 * within their term, voters that come and go, edits and failing commits: whatever happens, a state flips
 * only when two consecutive numbered rounds had a majority of the configured voters that said so, and no
 * number is ever used twice. The books are kept here a second time, from what goes in and out. */

#define CHECK "check-0000"
#define SEC USEC_PER_SEC

enum { NODES = 7, ROUNDS_KEPT = 4096 };

typedef struct Book {
        uint64_t round;
        int8_t said[NODES]; /* first answer of each, -1: none */
        bool judged;        /* asked in the present state and lead */
} Book;

typedef struct World {
        GRand *rand;
        Value *value;
        Verdict *verdict;
        unsigned n;
        usec_t now;
        uint64_t term;
        uint64_t transitions;
        uint64_t revision;
        CheckState state;
        Book books[ROUNDS_KEPT];
        unsigned n_books;
        unsigned n_flips;
} World;

static unsigned pick(World *world, unsigned n) {
        return (unsigned) g_rand_int_range(world->rand, 0, (gint32) n);
}

static unsigned count(const Book *book, unsigned n, ObservationResult result) {
        unsigned found = 0;

        for (unsigned k = 0; k < n; k++)
                found += book->said[k] == (int8_t) result;
        return found;
}

static void check_transition(World *world, const Transition *transition) {
        ObservationResult result = transition->to == CHECK_UP ? OBSERVATION_OK : OBSERVATION_FAILED;

        g_assert_cmpint(transition->from, ==, world->state);
        g_assert_cmpint(transition->to, !=, world->state);
        g_assert_cmpint(transition->to, !=, CHECK_UNKNOWN);
        g_assert_cmpuint(world->n_books, >=, 2);
        for (unsigned i = 1; i <= 2; i++) {
                const Book *book = &world->books[world->n_books - i];

                g_assert_true(book->judged);
                g_assert_cmpuint(count(book, world->n, result), >=, world->n / 2 + 1);
        }
}

static void forget_rounds(World *world) {
        for (unsigned i = 0; i < world->n_books; i++)
                world->books[i].judged = false;
}

static void take_effects(World *world) {
        g_autoptr(GPtrArray) effects = verdict_take_effects(world->verdict);

        for (guint i = 0; i < effects->len; i++) {
                const VerdictEffect *effect = g_ptr_array_index(effects, i);

                if (effect->kind == VERDICT_ASK_ROUND) {
                        Book *book = &world->books[world->n_books++];

                        g_assert_cmpuint(world->n_books, <, ROUNDS_KEPT);
                        for (unsigned j = 0; j + 1 < world->n_books; j++)
                                g_assert_cmpuint(world->books[j].round, !=, effect->round);
                        *book = (Book){ .round = effect->round, .judged = true };
                        memset(book->said, -1, sizeof(book->said));
                        continue;
                }

                check_transition(world, effect->transition);
                forget_rounds(world);
                if (pick(world, 4) == 0) {
                        verdict_transition_failed(world->verdict, CHECK, world->now);
                        continue;
                }
                world->n_flips++;
                world->state = effect->transition->to;
                fixture_commit_status(&world->value, CHECK, world->state, ++world->transitions);
                verdict_configure(world->verdict, world->value, world->now);
        }
}

/* a mood per thousand steps, so that majorities do come about */
static ObservationResult say(World *world, unsigned step) {
        unsigned mood = step / 1000 % 3, die = pick(world, 10);

        if (mood == 0)
                return die < 8 ? OBSERVATION_FAILED : die < 9 ? OBSERVATION_OK : OBSERVATION_ABSTAINED;
        if (mood == 1)
                return die < 8 ? OBSERVATION_OK : die < 9 ? OBSERVATION_FAILED : OBSERVATION_ABSTAINED;
        return (ObservationResult) pick(world, 3);
}

/* What another revision says about it counts for nothing, only that it cannot answer. */
static void write_down(World *world, unsigned k, const Observation *observation) {
        if (k >= world->n ||
            (observation->revision != world->revision && observation->result != OBSERVATION_ABSTAINED))
                return;
        for (unsigned i = 0; i < world->n_books; i++)
                if (world->books[i].round == observation->round && world->books[i].said[k] < 0)
                        world->books[i].said[k] = (int8_t) observation->result;
}

static void observe(World *world, unsigned step) {
        unsigned k = pick(world, world->n + 1); /* the last one is no voter */
        g_autofree char *node_id = g_strdup_printf("node-%u", k);
        Observation *observation = observation_new();
        unsigned back = pick(world, 4) > 0 ? 1 : 1 + pick(world, 3);

        observation->check_id = g_strdup(CHECK);
        observation->revision = world->revision + (pick(world, 20) == 0) - (pick(world, 20) == 0);
        observation->result = say(world, step);
        observation->detail = g_strdup("x");
        observation->age = pick(world, 20) > 0 ? (usec_t) pick(world, 40) * SEC : (usec_t) INT64_MAX;
        if (pick(world, 50) == 0) /* guessed */
                observation->round = (world->term + pick(world, 2)) << 32 | pick(world, ROUNDS_KEPT);
        else if (pick(world, 3) > 0 && world->n_books >= back)
                observation->round = world->books[world->n_books - back].round;
        write_down(world, k, observation);
        verdict_observe(world->verdict, node_id, observation, world->now);
}

static void lose_the_lead(World *world) {
        verdict_follow(world->verdict, world->now);
        forget_rounds(world);
        for (unsigned i = pick(world, 3); i > 0; i--) { /* nothing may come of what happens meanwhile */
                g_autoptr(GPtrArray) effects = NULL;

                observe(world, i);
                world->now += (usec_t) pick(world, 3000) * USEC_PER_MSEC;
                verdict_tick(world->verdict, world->now);
                g_assert_cmpuint(verdict_next_deadline(world->verdict), ==, USEC_INFINITY);
                effects = verdict_take_effects(world->verdict);
                g_assert_cmpuint(effects->len, ==, 0);
        }
        /* only an election makes a new term; a lease may lapse and come back within one */
        world->term += pick(world, 2);
        verdict_lead(world->verdict, world->term, world->now);
}

static void change_members(World *world) {
        if (world->n > 1 && (world->n == NODES || pick(world, 2) == 0)) {
                g_autofree char *node_id = g_strdup_printf("node-%u", --world->n);

                fixture_delete(&world->value, RECORD_PEER, node_id);
        } else
                fixture_put(&world->value, RECORD_PEER, fixture_peer(world->n++));
        forget_rounds(world);
        verdict_configure(world->verdict, world->value, world->now);
}

static void edit(World *world) {
        Check *check = check_copy(value_object(world->value, RECORD_CHECK, CHECK));

        g_free(check->target);
        check->revision = ++world->revision;
        check->target = g_strdup_printf("192.0.2.1:%" G_GUINT64_FORMAT, check->revision);
        fixture_put(&world->value, RECORD_CHECK, check);
        forget_rounds(world);
        verdict_configure(world->verdict, world->value, world->now);
}

static void step_once(World *world, unsigned step) {
        unsigned die = pick(world, 1000);

        if (die < 4)
                lose_the_lead(world);
        else if (die < 6)
                change_members(world);
        else if (die < 8)
                edit(world);
        else if (die < 600)
                observe(world, step);
        else {
                world->now += (usec_t) pick(world, 1500) * USEC_PER_MSEC;
                verdict_tick(world->verdict, world->now);
                g_assert_cmpuint(verdict_next_deadline(world->verdict), >, world->now);
        }
        take_effects(world);
}

static unsigned run_seed(guint32 seed) {
        unsigned n_flips;
        World *world = g_new0(World, 1);

        world->rand = g_rand_new_with_seed(seed);
        world->n = 1 + seed % NODES;
        world->revision = 1;
        world->now = 100 * SEC;
        world->value = fixture_value(world->n, 1, 10 * SEC);
        world->verdict = verdict_new("node-0", &verdict_timing_default);
        verdict_configure(world->verdict, world->value, world->now);
        verdict_lead(world->verdict, ++world->term, world->now);
        for (unsigned step = 0; step < 6000; step++)
                step_once(world, step);
        n_flips = world->n_flips;

        (void) verdict_free(world->verdict);
        (void) value_unref(world->value);
        g_rand_free(world->rand);
        g_free(world);
        return n_flips;
}

static void test_flips_need_two_rounds(void) {
        unsigned n_flips[NODES] = {};

        for (guint32 seed = 0; seed < 210; seed++)
                n_flips[seed % NODES] += run_seed(seed);
        for (unsigned i = 0; i < NODES; i++)
                g_assert_cmpuint(n_flips[i], >=, 10); /* or the test tests nothing */
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/verdict/property/flips-need-two-rounds", test_flips_need_two_rounds);
        return g_test_run();
}
