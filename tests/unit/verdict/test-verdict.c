/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim.h"

#include "verdict/ballot.h"

#define CHECK "check-0000"
#define I (30 * SEC)

static Sim sim;

static void start(unsigned n, CheckState state, sim_world_t world) {
        sim_init(&sim, n, I, state, world);
}

static void run_for(usec_t usec) {
        sim_run(&sim, sim.now + usec);
}

static void finish(void) {
        sim_done(&sim);
}

static void test_majority_of_the_configured_voters(void) {
        static const size_t expected[] = { 1, 1, 2, 2, 3, 3, 4 };

        for (size_t n = 0; n < G_N_ELEMENTS(expected); n++)
                g_assert_cmpuint(majority_of(n), ==, expected[n]);
}

/* nothing flips without a majority */

static int world_two_of_five_fail(const Sim *s, unsigned k, usec_t at) {
        return k < 2 ? OBSERVATION_FAILED : OBSERVATION_OK;
}

static int world_two_of_four_fail(const Sim *s, unsigned k, usec_t at) {
        return k < 2 ? OBSERVATION_FAILED : OBSERVATION_OK;
}

static int world_one_speaks_of_three(const Sim *s, unsigned k, usec_t at) {
        return k == 0 ? (int) OBSERVATION_FAILED : SILENT;
}

static int world_one_fails_others_abstain(const Sim *s, unsigned k, usec_t at) {
        return k == 0 ? OBSERVATION_FAILED : OBSERVATION_ABSTAINED;
}

static int world_silence(const Sim *s, unsigned k, usec_t at) {
        return SILENT;
}

static void test_never_flips(void) {
        static const struct {
                unsigned n;
                sim_world_t world;
        } cases[] = {
                { 5, world_two_of_five_fail },
                { 4, world_two_of_four_fail },
                { 3, world_one_speaks_of_three },
                { 3, world_one_fails_others_abstain },
                { 3, world_silence },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                start(cases[i].n, CHECK_UP, cases[i].world);
                run_for(20 * I);
                g_assert_cmpuint(sim.n_transitions, ==, 0);
                g_assert_cmpint(sim_state(&sim), ==, CHECK_UP);
                finish();
        }
}

static int world_first_fails(const Sim *s, unsigned k, usec_t at) {
        return k == 0 ? OBSERVATION_FAILED : OBSERVATION_OK;
}

static void test_two_nodes_need_both(void) {
        start(2, CHECK_UP, world_first_fails);
        run_for(10 * I);
        g_assert_cmpuint(sim.n_transitions, ==, 0);
        sim.world = world_down;
        run_for(I + 5 * SEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
        sim.world = world_first_fails; /* nor does one alone bring it back */
        run_for(10 * I);
        g_assert_cmpuint(sim.n_transitions, ==, 1);
        finish();
}

static void test_one_node_obeys_the_same_rule(void) {
        start(1, CHECK_UP, world_down);
        run_for(3900 * MSEC);
        g_assert_cmpuint(sim.n_transitions, ==, 0);
        run_for(200 * MSEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
        g_assert_cmpuint(sim.n_rounds, ==, 2);
        finish();
}

static void test_unknown_needs_two_rounds_too(void) {
        for (unsigned n = 1; n <= 5; n++)
                for (unsigned down = 0; down <= 1; down++) {
                        start(n, CHECK_UNKNOWN, down ? world_down : world_up);
                        run_for(3900 * MSEC);
                        g_assert_cmpint(sim_state(&sim), ==, CHECK_UNKNOWN);
                        run_for(300 * MSEC);
                        g_assert_cmpint(sim_state(&sim), ==, down ? CHECK_DOWN : CHECK_UP);
                        g_assert_cmpuint(sim.n_rounds, ==, 2);
                        run_for(5 * I);
                        g_assert_cmpuint(sim.n_transitions, ==, 1);
                        finish();
                }
}

static int world_flips_between_rounds(const Sim *s, unsigned k, usec_t at) {
        return s->n_rounds % 2 ? OBSERVATION_OK : OBSERVATION_FAILED;
}

static void test_two_rounds_must_say_the_same(void) {
        start(3, CHECK_UNKNOWN, world_flips_between_rounds);
        run_for(4 * I);
        g_assert_cmpuint(sim.n_rounds, >, 10);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_UNKNOWN);
        finish();
}

/* how soon */

static void test_refused_at_once_is_known_in_time(void) {
        for (unsigned n = 1; n <= 5; n++)
                for (usec_t offset = 0; offset < I; offset += 1700 * MSEC) {
                        start(n, CHECK_UP, world_outage);
                        sim.outage = sim.now + 3 * I + offset;
                        sim.outage_ends = USEC_INFINITY;
                        sim_run(&sim, sim.outage + I / n + 4 * SEC + 100 * MSEC);
                        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
                        g_assert_cmpuint(sim.last_transition_at - sim.outage, >=, 4 * SEC);
                        g_assert_cmpuint(sim.last->not_ok, >=, majority_of(n));
                        g_assert_cmpuint(sim.last->total, ==, n);
                        g_assert_cmpstr(sim.last->detail, ==, "said so");
                        finish();
                }
}

static void test_never_later_than_an_interval_and_four_seconds(void) {
        for (usec_t offset = 0; offset < I; offset += 700 * MSEC) {
                start(3, CHECK_UP, world_outage_bad_uplink);
                sim.outage = sim.now + 3 * I + offset;
                sim.outage_ends = USEC_INFINITY;
                sim_run(&sim, sim.outage + I + 4 * SEC + 100 * MSEC);
                g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
                finish();
        }
}

static void test_a_black_hole_is_known_in_time(void) {
        usec_t timeout = 10 * SEC;

        for (unsigned n = 1; n <= 5; n += 2)
                for (usec_t offset = 0; offset < I; offset += 1300 * MSEC) {
                        start(n, CHECK_UP, world_outage);
                        sim.fails_after = timeout;
                        sim.outage = sim.now + 3 * I + offset;
                        sim.outage_ends = USEC_INFINITY;
                        sim_run(&sim, sim.outage + I / n + 3 * timeout + 6 * SEC);
                        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
                        finish();
                }
}

static void test_a_short_restart_pages_nobody(void) {
        for (unsigned n = 1; n <= 4; n++)
                for (usec_t offset = 0; offset < 2 * I; offset += 330 * MSEC) {
                        start(n, CHECK_UP, world_outage);
                        sim.outage = sim.now + 2 * I + offset;
                        sim.outage_ends = sim.outage + 3990 * MSEC;
                        run_for(6 * I);
                        g_assert_cmpuint(sim.n_transitions, ==, 0);
                        finish();
                }
}

/* The standing complaint of one node must not count as the first sight of an outage. */
static void test_a_short_restart_beside_a_bad_uplink(void) {
        for (unsigned n = 3; n <= 5; n += 2)
                for (usec_t offset = 0; offset < 2 * I; offset += 230 * MSEC) {
                        start(n, CHECK_UP, world_outage_bad_uplink);
                        sim.outage = sim.now + 3 * I + offset;
                        sim.outage_ends = sim.outage + 3900 * MSEC;
                        run_for(8 * I);
                        g_assert_cmpuint(sim.n_transitions, ==, 0);
                        finish();
                }
}

/* Nor must it cost a round: without the bad node the others' looks are two slots apart. */
static void test_a_black_hole_beside_a_bad_uplink(void) {
        usec_t timeout = 10 * SEC;

        for (unsigned n = 3; n <= 5; n += 2)
                for (usec_t offset = 0; offset < 2 * I; offset += 230 * MSEC) {
                        start(n, CHECK_UP, world_outage_bad_uplink);
                        sim.fails_after = timeout;
                        sim.outage = sim.now + 3 * I + offset;
                        sim.outage_ends = USEC_INFINITY;
                        sim_run(&sim, sim.outage + 2 * I / n + 3 * timeout + 4 * SEC + 100 * MSEC);
                        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
                        finish();
                }
}

static void test_recovery_is_the_mirror_of_it(void) {
        start(3, CHECK_DOWN, world_up);
        run_for(3900 * MSEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
        run_for(300 * MSEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_UP);
        g_assert_cmpstr(sim.last->detail, ==, "");
        g_assert_cmpuint(sim.last->ok, >=, 2);
        finish();
}

/* rounds */

static void test_a_minority_opens_one_round_an_interval(void) {
        start(5, CHECK_UP, world_outage_bad_uplink);
        sim.outage = sim.outage_ends = USEC_INFINITY;
        run_for(100 * I);
        g_assert_cmpuint(sim.n_rounds, >=, 90);
        g_assert_cmpuint(sim.n_rounds, <=, 101);
        g_assert_cmpuint(sim.n_transitions, ==, 0);
        finish();
}

static void test_suspicion_waits_for_the_delay(void) {
        start(3, CHECK_UP, world_silence);
        for (unsigned k = 0; k < 3; k++)
                sim_vote(&sim, k, OBSERVATION_FAILED, "no", 0);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 2 * SEC);
        run_for(1999 * MSEC);
        g_assert_cmpuint(sim.n_rounds, ==, 0);
        run_for(1 * MSEC);
        g_assert_cmpuint(sim.n_rounds, ==, 1);
        finish();
}

static void test_a_suspicion_that_passes_opens_none(void) {
        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 1, OBSERVATION_FAILED, "no", 0);
        run_for(1 * SEC);
        sim_vote(&sim, 1, OBSERVATION_OK, "", 0);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        sim_vote(&sim, 2, OBSERVATION_ABSTAINED, "no descriptors", 0);
        run_for(5 * SEC);
        g_assert_cmpuint(sim.n_rounds, ==, 0);
        finish();
}

/* Takes the round's number from the one effect that is due. */
static uint64_t next_round(void) {
        g_autoptr(GPtrArray) effects = NULL;
        const VerdictEffect *effect;

        sim.now = verdict_next_deadline(sim.verdict);
        verdict_tick(sim.verdict, sim.now);
        effects = verdict_take_effects(sim.verdict);
        g_assert_cmpuint(effects->len, ==, 1);
        effect = g_ptr_array_index(effects, 0);
        g_assert_cmpint(effect->kind, ==, VERDICT_ASK_ROUND);
        g_assert_cmpstr(effect->check_id, ==, CHECK);
        g_assert_cmpuint(
                        effect->revision,
                        ==,
                        ((const Check *) value_object(sim.value, RECORD_CHECK, CHECK))->revision);
        return effect->round;
}

static void answer(unsigned k, uint64_t round, ObservationResult result) {
        g_autofree char *node_id = g_strdup_printf("node-%u", k);

        verdict_observe(sim.verdict, node_id, sim_observation(1, round, result, "why not"), sim.now);
}

static Transition *take_transition(void) {
        g_autoptr(GPtrArray) effects = verdict_take_effects(sim.verdict);
        VerdictEffect *effect;

        if (effects->len == 0)
                return NULL;
        effect = g_ptr_array_index(effects, 0);
        g_assert_cmpint(effect->kind, ==, VERDICT_TRANSITION);
        return TAKE_PTR(effect->transition);
}

static void test_only_answers_with_the_number_count(void) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        uint64_t first, second;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        first = next_round();
        answer(0, first, OBSERVATION_FAILED);
        answer(1, 0, OBSERVATION_FAILED);
        answer(2, first - 1, OBSERVATION_FAILED);
        answer(0, first, OBSERVATION_FAILED); /* twice is once */
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 11 * SEC);
        answer(1, first, OBSERVATION_FAILED);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 2 * SEC);

        second = next_round();
        g_assert_cmpuint(second, !=, first);
        answer(0, first, OBSERVATION_FAILED);
        answer(1, first, OBSERVATION_FAILED);
        answer(2, first, OBSERVATION_FAILED);
        g_assert_null(take_transition());
        answer(2, second, OBSERVATION_FAILED);
        answer(1, second, OBSERVATION_FAILED);
        transition = take_transition();
        g_assert_nonnull(transition);
        g_assert_cmpint(transition->from, ==, CHECK_UP);
        g_assert_cmpint(transition->to, ==, CHECK_DOWN);
        g_assert_cmpuint(transition->number, ==, 2);
        g_assert_cmpuint(transition->not_ok, ==, 2);
        g_assert_cmpstr(transition->check->id, ==, CHECK);
        g_assert_cmpstr(transition->detail, ==, "why not");
        /* proposed once, whatever is said meanwhile */
        answer(0, second, OBSERVATION_FAILED);
        g_assert_null(take_transition());
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        finish();
}

static void test_a_round_closes_when_the_majority_is_impossible(void) {
        uint64_t round;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        round = next_round();
        answer(1, round, OBSERVATION_ABSTAINED);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 11 * SEC);
        answer(2, round, OBSERVATION_ABSTAINED);
        /* closed: what is left is one voter's suspicion, which waits for the next interval */
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + I);
        finish();
}

static void test_a_round_closes_after_the_timeout_and_a_second(void) {
        uint64_t round;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        round = next_round();
        answer(0, round, OBSERVATION_FAILED);
        sim.now += 11 * SEC;
        verdict_tick(sim.verdict, sim.now);
        answer(1, round, OBSERVATION_FAILED); /* too late for the round, a vote all the same */
        g_assert_null(take_transition());
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 2 * SEC);
        finish();
}

static void test_the_second_round_must_agree(void) {
        uint64_t round;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        round = next_round();
        answer(0, round, OBSERVATION_FAILED);
        answer(1, round, OBSERVATION_FAILED);
        round = next_round();
        answer(0, round, OBSERVATION_OK);
        answer(1, round, OBSERVATION_OK);
        g_assert_null(take_transition());
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        /* and a new suspicion begins from nothing */
        sim.now += I;
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        round = next_round();
        answer(0, round, OBSERVATION_FAILED);
        answer(1, round, OBSERVATION_FAILED);
        g_assert_null(take_transition());
        finish();
}

static void test_the_failing_voter_with_the_smallest_id_is_quoted(void) {
        _cleanup_(transition_freep) Transition *transition = NULL;
        uint64_t round;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 2, OBSERVATION_FAILED, "no", 0);
        for (unsigned i = 0; i < 2; i++) {
                round = next_round();
                answer(0, round, OBSERVATION_OK);
                verdict_observe(sim.verdict,
                                "node-2",
                                sim_observation(1, round, OBSERVATION_FAILED, "two"),
                                sim.now);
                verdict_observe(sim.verdict,
                                "node-1",
                                sim_observation(1, round, OBSERVATION_FAILED, "one"),
                                sim.now);
        }
        transition = take_transition();
        g_assert_cmpstr(transition->detail, ==, "one");
        g_assert_cmpuint(transition->ok, ==, 1);
        g_assert_cmpuint(transition->total, ==, 3);
        finish();
}

static void test_a_failed_commit_is_judged_anew(void) {
        start(3, CHECK_UP, world_down);
        sim.refuses_commits = true;
        run_for(30 * SEC);
        g_assert_cmpuint(sim.n_rounds, >=, 8);
        sim.refuses_commits = false;
        run_for(10 * SEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
        verdict_transition_failed(sim.verdict, CHECK, sim.now); /* nothing is proposed: nothing happens */
        verdict_transition_failed(sim.verdict, "no-such-check", sim.now);
        run_for(I);
        g_assert_cmpuint(sim.n_transitions, ==, 1);
        finish();
}

/* votes */

static void test_a_vote_is_stale_after_three_intervals(void) {
        CheckView *view;

        start(3, CHECK_UP, world_silence);
        for (unsigned k = 0; k < 3; k++)
                sim_vote(&sim, k, OBSERVATION_OK, "", 0);
        run_for(90 * SEC);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->ok, ==, 3);
        (void) check_view_free(view);
        run_for(1);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->ok, ==, 0);
        g_assert_cmpint(view->state, ==, CHECK_UP);
        (void) check_view_free(view);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_UP);
        finish();
}

static void test_a_short_interval_is_stale_after_thirty_seconds(void) {
        CheckView *view;

        sim_init(&sim, 1, 2 * SEC, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_OK, "", 10 * SEC);
        run_for(20 * SEC);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->ok, ==, 1);
        (void) check_view_free(view);
        run_for(1 * SEC);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->ok, ==, 0);
        (void) check_view_free(view);
        finish();
}

static void test_a_stale_vote_is_no_suspicion(void) {
        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 89 * SEC);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 2 * SEC);
        run_for(10 * SEC); /* it goes stale before the round opens */
        g_assert_cmpuint(sim.n_rounds, ==, 0);
        sim_vote(&sim, 1, OBSERVATION_FAILED, "no", 91 * SEC);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        finish();
}

static void test_the_latest_vote_counts(void) {
        CheckView *view;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_OK, "", 5 * SEC);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "older", 9 * SEC);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->ok, ==, 1);
        g_assert_cmpuint(view->not_ok, ==, 0);
        (void) check_view_free(view);
        finish();
}

static void test_strangers_are_not_heard(void) {
        CheckView *view;
        Observation *observation;

        start(3, CHECK_UP, world_silence);
        verdict_observe(sim.verdict, "node-9", sim_observation(1, 0, OBSERVATION_FAILED, "no"), sim.now);
        observation = sim_observation(1, 0, OBSERVATION_FAILED, "no");
        g_free(observation->check_id);
        observation->check_id = g_strdup("check-9999");
        verdict_observe(sim.verdict, "node-1", observation, sim.now);
        view = verdict_view(sim.verdict, CHECK, true, sim.now);
        g_assert_cmpuint(view->votes->len, ==, 0);
        (void) check_view_free(view);
        g_assert_null(verdict_view(sim.verdict, "check-9999", true, sim.now));
        finish();
}

/* changes */

static void edit(const char *target, usec_t interval) {
        Check *check = check_copy(value_object(sim.value, RECORD_CHECK, CHECK));

        if (target) {
                g_free(check->target);
                check->target = g_strdup(target);
        }
        check->interval = interval;
        check->revision++;
        fixture_put(&sim.value, RECORD_CHECK, check);
        verdict_configure(sim.verdict, sim.value, sim.now);
}

static void test_an_edit_keeps_the_state_and_asks(void) {
        start(3, CHECK_UP, world_up);
        run_for(2 * I + 10 * SEC);
        g_assert_cmpuint(sim.n_rounds, ==, 0);
        edit("192.0.2.9:80", I);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_UP);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 2 * SEC);
        run_for(I);
        g_assert_cmpuint(sim.n_rounds, ==, 1);
        g_assert_cmpuint(sim.n_transitions, ==, 0);

        sim.world = world_down; /* what is asked about now is down */
        edit("192.0.2.10:80", I);
        run_for(4100 * MSEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
        finish();
}

static void set_disabled(bool disabled) {
        Check *check = check_copy(value_object(sim.value, RECORD_CHECK, CHECK));

        check->disabled = disabled;
        check->revision++;
        fixture_put(&sim.value, RECORD_CHECK, check);
        verdict_configure(sim.verdict, sim.value, sim.now);
}

/* disabled is what comes last, also in the middle of a suspicion or a round; whoever leads then */
static void test_a_disabled_check_is_not_judged(void) {
        static const usec_t after[] = { 0, 1 * SEC, 3 * SEC };

        for (size_t i = 0; i < G_N_ELEMENTS(after); i++) {
                unsigned n_rounds;

                start(3, CHECK_UP, world_up);
                run_for(2 * I);
                sim.world = world_down;
                edit("192.0.2.9:80", I);
                run_for(after[i]);
                set_disabled(true);
                n_rounds = sim.n_rounds;
                run_for(5 * I);
                verdict_follow(sim.verdict, sim.now);
                verdict_lead(sim.verdict, 99, sim.now);
                run_for(5 * I);
                g_assert_cmpuint(sim.n_rounds, ==, n_rounds);
                g_assert_cmpuint(sim.n_transitions, ==, 0);
                g_assert_cmpint(sim_state(&sim), ==, CHECK_UP);

                /* and enabled it is asked about at once */
                set_disabled(false);
                g_assert_cmpuint(verdict_next_deadline(sim.verdict), <=, sim.now + 2 * SEC);
                run_for(5 * SEC);
                g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
                finish();
        }
}

static void test_an_edit_that_probes_the_same_changes_nothing(void) {
        CheckView *view;

        start(3, CHECK_UP, world_up);
        run_for(2 * I);
        edit(NULL, 2 * I);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->ok, ==, 3);
        (void) check_view_free(view);
        /* and what the older revision saw still counts */
        verdict_observe(sim.verdict, "node-1", sim_observation(1, 0, OBSERVATION_ABSTAINED, "x"), sim.now);
        view = verdict_view(sim.verdict, CHECK, false, sim.now);
        g_assert_cmpuint(view->abstained, ==, 1);
        (void) check_view_free(view);
        finish();
}

static void test_an_older_revision_that_probes_differently_does_not_count(void) {
        uint64_t round;
        CheckView *view;

        start(3, CHECK_UP, world_silence);
        edit("192.0.2.9:80", I);
        for (unsigned k = 0; k < 3; k++)
                answer(k, 0, OBSERVATION_FAILED); /* revision 1 */
        verdict_observe(sim.verdict, "node-0", sim_observation(99, 0, OBSERVATION_FAILED, "newer"), sim.now);
        view = verdict_view(sim.verdict, CHECK, true, sim.now);
        g_assert_cmpuint(view->not_ok, ==, 0);
        g_assert_cmpuint(view->votes->len, ==, 0);
        (void) check_view_free(view);

        round = next_round();
        for (unsigned k = 0; k < 3; k++)
                answer(k, round, OBSERVATION_FAILED);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 11 * SEC);
        /* but who holds the older one may say that it cannot answer */
        answer(0, round, OBSERVATION_ABSTAINED);
        answer(1, round, OBSERVATION_ABSTAINED);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        finish();
}

static void test_voters_come_and_go(void) {
        CheckView *view;

        start(3, CHECK_UP, world_one_speaks_of_three);
        run_for(5 * SEC);
        g_assert_cmpuint(sim.n_rounds, ==, 1);
        /* as the only voter it is the majority, but only fresh rounds of the new cluster decide */
        fixture_delete(&sim.value, RECORD_PEER, "node-1");
        fixture_delete(&sim.value, RECORD_PEER, "node-2");
        verdict_configure(sim.verdict, sim.value, sim.now);
        g_assert_cmpuint(sim.n_transitions, ==, 0);
        run_for(3900 * MSEC);
        g_assert_cmpuint(sim.n_transitions, ==, 0);
        run_for(300 * MSEC);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);

        fixture_put(&sim.value, RECORD_PEER, fixture_peer(1));
        fixture_put(&sim.value, RECORD_PEER, fixture_peer(2));
        verdict_configure(sim.verdict, sim.value, sim.now);
        view = verdict_view(sim.verdict, CHECK, true, sim.now);
        g_assert_cmpuint(view->total, ==, 3);
        g_assert_cmpuint(view->not_ok, ==, 1); /* node-0's vote was kept */
        g_assert_cmpuint(view->votes->len, ==, 1);
        (void) check_view_free(view);
        finish();
}

static void test_checks_come_and_go(void) {
        start(3, CHECK_UP, world_up);
        for (unsigned i = 1; i <= 5; i++)
                fixture_put(&sim.value, RECORD_CHECK, fixture_check(i, I));
        verdict_configure(sim.verdict, sim.value, sim.now);
        fixture_delete(&sim.value, RECORD_CHECK, "check-0003");
        fixture_delete(&sim.value, RECORD_CHECK, "check-0005");
        fixture_put(&sim.value, RECORD_CHECK, fixture_check(9, I));
        verdict_configure(sim.verdict, sim.value, sim.now);
        for (unsigned i = 0; i <= 9; i++) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);
                CheckView *view = verdict_view(sim.verdict, id, false, sim.now);

                g_assert_cmpint(view != NULL, ==, i == 9 || (i <= 4 && i != 3));
                (void) check_view_free(view);
        }
        /* a removed check takes its rounds along */
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), !=, USEC_INFINITY);
        fixture_delete(&sim.value, RECORD_CHECK, CHECK);
        verdict_configure(sim.verdict, sim.value, sim.now);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        finish();
}

/* masters */

static void test_a_follower_judges_nothing(void) {
        start(3, CHECK_UP, world_down);
        g_assert_true(verdict_is_leading(sim.verdict));
        verdict_follow(sim.verdict, sim.now);
        g_assert_false(verdict_is_leading(sim.verdict));
        run_for(5 * I);
        g_assert_cmpuint(sim.n_rounds, ==, 0);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        finish();
}

static void test_losing_the_lead_ends_all_rounds(void) {
        start(3, CHECK_UP, world_down);
        run_for(2100 * MSEC);
        g_assert_cmpuint(sim.n_rounds, ==, 1);
        verdict_follow(sim.verdict, sim.now);
        verdict_follow(sim.verdict, sim.now);
        run_for(10 * SEC);
        g_assert_cmpuint(sim.n_transitions, ==, 0);
        finish();
}

static void test_a_new_master_continues(void) {
        _cleanup_(verdict_freep) Verdict *other = verdict_new("node-1", &verdict_timing_default);
        g_autoptr(GPtrArray) own = NULL, effects = NULL;
        Observation *observation;

        start(3, CHECK_DOWN, world_down);
        run_for(2 * I);
        g_assert_cmpuint(sim.n_transitions, ==, 0); /* it was known to be down */

        /* node-0 sends the new master what it saw last, with its age */
        own = verdict_own_observations(sim.verdict, sim.now);
        g_assert_cmpuint(own->len, ==, 1);
        observation = g_ptr_array_index(own, 0);
        g_assert_cmpstr(observation->check_id, ==, CHECK);
        g_assert_cmpuint(observation->age, >, 20 * SEC);
        g_assert_cmpuint(observation->age, <=, I);

        verdict_configure(other, sim.value, 5 * SEC); /* another clock */
        verdict_lead(other, 8, 5 * SEC);
        verdict_observe(other, "node-0", observation_copy(observation), 5 * SEC);
        g_assert_cmpuint(verdict_next_deadline(other), ==, USEC_INFINITY);
        effects = verdict_take_effects(other);
        g_assert_cmpuint(effects->len, ==, 0);
        finish();
}

static void test_votes_gathered_before_the_lead_count(void) {
        start(3, CHECK_UP, world_silence);
        verdict_follow(sim.verdict, sim.now);
        for (unsigned k = 0; k < 2; k++)
                sim_vote(&sim, k, OBSERVATION_FAILED, "no", 0);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY);
        verdict_lead(sim.verdict, 9, sim.now);
        verdict_lead(sim.verdict, 9, sim.now + 1); /* the same lead */
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 2 * SEC);
        finish();
}

static void test_round_numbers_differ_between_terms(void) {
        uint64_t first, second;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        first = next_round();
        verdict_follow(sim.verdict, sim.now);
        verdict_lead(sim.verdict, 8, sim.now);
        second = next_round();
        g_assert_cmpuint(first, !=, second);
        g_assert_cmpuint(second, <=, INT64_MAX);
        answer(0, first, OBSERVATION_FAILED);
        answer(1, first, OBSERVATION_FAILED);
        answer(2, first, OBSERVATION_FAILED);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, sim.now + 11 * SEC);
        finish();
}

/* The lease lapsed for a moment and came back without an election: what was asked before is not asked now.
 */
static void test_round_numbers_differ_within_a_term(void) {
        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "x", 0);
        run_for(2 * SEC);
        g_assert_cmpuint(sim.n_rounds, ==, 1);
        verdict_follow(sim.verdict, sim.now);
        verdict_lead(sim.verdict, 7, sim.now);
        run_for(2 * SEC);
        g_assert_cmpuint(sim.n_rounds, ==, 2);
        for (unsigned k = 0; k < 3; k++) { /* late answers to the first one */
                g_autofree char *node_id = g_strdup_printf("node-%u", k);

                verdict_observe(sim.verdict,
                                node_id,
                                sim_observation(1, UINT64_C(7) << 32 | 1, OBSERVATION_FAILED, "x"),
                                sim.now);
        }
        run_for(3 * SEC);
        g_assert_cmpuint(sim.n_rounds, ==, 2);
        finish();
}

static void test_a_state_committed_by_another_master(void) {
        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        (void) next_round();
        fixture_commit_status(&sim.value, CHECK, CHECK_DOWN, 2);
        verdict_configure(sim.verdict, sim.value, sim.now);
        g_assert_cmpuint(verdict_next_deadline(sim.verdict), ==, USEC_INFINITY); /* the vote agrees now */
        finish();
}

static void test_ten_thousand_checks(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(5, 10000, I);
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new("node-0", &verdict_timing_default);
        g_autoptr(GPtrArray) effects = NULL;
        usec_t now = 100 * SEC;

        verdict_configure(verdict, value, now);
        verdict_lead(verdict, 1, now);
        for (unsigned k = 0; k < 5; k++) {
                g_autofree char *node_id = g_strdup_printf("node-%u", k);

                for (unsigned i = 0; i < 10000; i++) {
                        Observation *observation = sim_observation(1, 0, OBSERVATION_OK, "");

                        g_free(observation->check_id);
                        observation->check_id = g_strdup_printf("check-%04u", i);
                        verdict_observe(verdict, node_id, observation, now);
                }
        }
        for (unsigned i = 0; i < 100; i++)
                verdict_configure(verdict, value, now);
        verdict_tick(verdict, now + 2 * SEC);
        effects = verdict_take_effects(verdict);
        g_assert_cmpuint(effects->len, ==, 10000);
}

/* why */

static void test_judgement_tells_the_rounds(void) {
        const RoundView *round;
        Judgement judgement;

        start(3, CHECK_UP, world_down);
        run_for(I);
        g_assert_cmpint(sim_state(&sim), ==, CHECK_DOWN);
        g_assert_cmpint(verdict_judgement(sim.verdict, CHECK, sim.now, &judgement), ==, 0);
        g_assert_true(judgement.leading);
        g_assert_cmpstr(judgement.phase, ==, "calm");
        g_assert_cmpuint(judgement.due_in, ==, USEC_INFINITY);
        g_assert_cmpuint(judgement.needed, ==, 2);
        g_assert_cmpuint(judgement.fresh_for, ==, 3 * I);
        g_assert_nonnull(judgement.own);
        g_assert_cmpuint(judgement.rounds->len, ==, 2);
        round = g_ptr_array_index(judgement.rounds, 0);
        g_assert_cmpstr(round->said, ==, "down");
        g_assert_false(round->open);
        g_assert_cmpuint(round->ok, ==, 0);
        g_assert_cmpuint(round->not_ok + round->silent, ==, 3);
        g_assert_cmpuint(round->not_ok, >=, 2);
        g_assert_cmpuint(round->number, >, ((RoundView *) g_ptr_array_index(judgement.rounds, 1))->number);
        judgement_done(&judgement);
        g_assert_cmpint(verdict_judgement(sim.verdict, "check-9999", sim.now, &judgement), ==, -ENOENT);
        finish();
}

static void test_judgement_of_an_open_round(void) {
        const RoundView *round;
        Judgement judgement;

        start(3, CHECK_UP, world_silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        g_assert_cmpint(verdict_judgement(sim.verdict, CHECK, sim.now, &judgement), ==, 0);
        g_assert_cmpstr(judgement.phase, ==, "suspect");
        g_assert_cmpuint(judgement.due_in, ==, 2 * SEC);
        g_assert_cmpuint(judgement.rounds->len, ==, 0);
        judgement_done(&judgement);
        run_for(2 * SEC);
        run_for(1 * SEC);
        g_assert_cmpint(verdict_judgement(sim.verdict, CHECK, sim.now, &judgement), ==, 0);
        g_assert_cmpstr(judgement.phase, ==, "round");
        round = g_ptr_array_index(judgement.rounds, 0);
        g_assert_true(round->open);
        g_assert_cmpstr(round->said, ==, "");
        g_assert_cmpuint(round->silent, ==, 3);
        g_assert_cmpuint(round->age, ==, 1 * SEC);
        judgement_done(&judgement);
        finish();
}

static void test_no_more_rounds_are_kept(void) {
        Judgement judgement;

        start(3, CHECK_UP, world_outage_bad_uplink); /* the outage never begins */
        sim.outage = sim.outage_ends = USEC_INFINITY;
        run_for(40 * I);
        g_assert_cmpuint(sim.n_rounds, >, 10);
        g_assert_cmpint(verdict_judgement(sim.verdict, CHECK, sim.now, &judgement), ==, 0);
        g_assert_cmpuint(judgement.rounds->len, <=, 9);
        g_assert_cmpuint(judgement.rounds->len, >=, 8);
        judgement_done(&judgement);
        finish();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/verdict/majority", test_majority_of_the_configured_voters);
        g_test_add_func("/verdict/never-flips-without-a-majority", test_never_flips);
        g_test_add_func("/verdict/two-nodes-need-both", test_two_nodes_need_both);
        g_test_add_func("/verdict/one-node-obeys-the-same-rule", test_one_node_obeys_the_same_rule);
        g_test_add_func("/verdict/unknown-needs-two-rounds-too", test_unknown_needs_two_rounds_too);
        g_test_add_func("/verdict/two-rounds-must-say-the-same", test_two_rounds_must_say_the_same);
        g_test_add_func("/verdict/bound/refused-at-once", test_refused_at_once_is_known_in_time);
        g_test_add_func("/verdict/bound/interval-and-4s",
                        test_never_later_than_an_interval_and_four_seconds);
        g_test_add_func("/verdict/bound/black-hole", test_a_black_hole_is_known_in_time);
        g_test_add_func("/verdict/bound/short-restart", test_a_short_restart_pages_nobody);
        g_test_add_func("/verdict/bound/short-restart-bad-uplink", test_a_short_restart_beside_a_bad_uplink);
        g_test_add_func("/verdict/bound/black-hole-bad-uplink", test_a_black_hole_beside_a_bad_uplink);
        g_test_add_func("/verdict/bound/recovery", test_recovery_is_the_mirror_of_it);
        g_test_add_func("/verdict/round/minority-once-an-interval",
                        test_a_minority_opens_one_round_an_interval);
        g_test_add_func("/verdict/round/confirm-delay", test_suspicion_waits_for_the_delay);
        g_test_add_func("/verdict/round/suspicion-passes", test_a_suspicion_that_passes_opens_none);
        g_test_add_func("/verdict/round/only-its-number-counts", test_only_answers_with_the_number_count);
        g_test_add_func("/verdict/round/closes-when-impossible",
                        test_a_round_closes_when_the_majority_is_impossible);
        g_test_add_func("/verdict/round/closes-after-timeout",
                        test_a_round_closes_after_the_timeout_and_a_second);
        g_test_add_func("/verdict/round/second-must-agree", test_the_second_round_must_agree);
        g_test_add_func("/verdict/round/smallest-failing-id-is-quoted",
                        test_the_failing_voter_with_the_smallest_id_is_quoted);
        g_test_add_func("/verdict/round/failed-commit", test_a_failed_commit_is_judged_anew);
        g_test_add_func("/verdict/vote/stale-after-three-intervals",
                        test_a_vote_is_stale_after_three_intervals);
        g_test_add_func("/verdict/vote/stale-after-30s",
                        test_a_short_interval_is_stale_after_thirty_seconds);
        g_test_add_func("/verdict/vote/stale-is-no-suspicion", test_a_stale_vote_is_no_suspicion);
        g_test_add_func("/verdict/vote/latest", test_the_latest_vote_counts);
        g_test_add_func("/verdict/vote/strangers", test_strangers_are_not_heard);
        g_test_add_func("/verdict/change/edit-keeps-state", test_an_edit_keeps_the_state_and_asks);
        g_test_add_func("/verdict/change/disabled", test_a_disabled_check_is_not_judged);
        g_test_add_func("/verdict/change/edit-without-effect",
                        test_an_edit_that_probes_the_same_changes_nothing);
        g_test_add_func("/verdict/change/older-revision",
                        test_an_older_revision_that_probes_differently_does_not_count);
        g_test_add_func("/verdict/change/voters", test_voters_come_and_go);
        g_test_add_func("/verdict/change/checks", test_checks_come_and_go);
        g_test_add_func("/verdict/master/follower-judges-nothing", test_a_follower_judges_nothing);
        g_test_add_func("/verdict/master/losing-the-lead", test_losing_the_lead_ends_all_rounds);
        g_test_add_func("/verdict/master/continues", test_a_new_master_continues);
        g_test_add_func("/verdict/master/votes-from-before", test_votes_gathered_before_the_lead_count);
        g_test_add_func("/verdict/master/round-numbers", test_round_numbers_differ_between_terms);
        g_test_add_func("/verdict/master/round-numbers-of-a-term", test_round_numbers_differ_within_a_term);
        g_test_add_func("/verdict/master/committed-elsewhere", test_a_state_committed_by_another_master);
        g_test_add_func("/verdict/why/rounds", test_judgement_tells_the_rounds);
        g_test_add_func("/verdict/why/open-round", test_judgement_of_an_open_round);
        g_test_add_func("/verdict/why/rounds-are-bounded", test_no_more_rounds_are_kept);
        g_test_add_func("/verdict/ten-thousand-checks", test_ten_thousand_checks);
        return g_test_run();
}
