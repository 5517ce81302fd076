/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "schedule/schedule.h"

#include "../fixture.h"

#define SEC USEC_PER_SEC
#define BOOT (1000 * SEC)            /* CLOCK_BOOTTIME when a test begins */
#define WALL (1700000000 * SEC + 77) /* CLOCK_REALTIME then */

static Schedule *make(const Value *value, const char *node_id) {
        Schedule *schedule = schedule_new(/* seed= */ 42);

        schedule_configure(schedule, value, node_id, BOOT, WALL);
        return schedule;
}

/* Runs from one deadline to the next until `end`; of the probes of `check_id` (NULL: all) appends the due
 * times. */
static size_t run(Schedule *schedule, usec_t end, const char *check_id, GArray *times) {
        g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        size_t n = 0;
        usec_t now;

        while ((now = schedule_next_deadline(schedule)) <= end) {
                g_assert_cmpuint(now % SCHEDULE_TICK_USEC, ==, 0);
                g_array_set_size(probes, 0);
                g_assert_cmpuint(schedule_take_due(schedule, now, probes), ==, 0);
                g_assert_cmpuint(probes->len, >, 0);
                for (guint i = 0; i < probes->len; i++) {
                        const DueProbe *probe = &g_array_index(probes, DueProbe, i);

                        g_assert_cmpuint(probe->due_usec, ==, now);
                        if (!check_id || strcmp(probe->check->id, check_id) == 0) {
                                n++;
                                if (times)
                                        g_array_append_val(times, probe->due_usec);
                        }
                }
        }
        return n;
}

static GArray *times_new(void) {
        return g_array_new(FALSE, FALSE, sizeof(usec_t));
}

#define AT(array, i) g_array_index(array, usec_t, i)

static void test_each_once_an_interval(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 50, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-1");

        (void) run(schedule, BOOT + 60 * SEC, NULL, NULL);
        for (unsigned i = 0; i < 50; i++) {
                _cleanup_(schedule_freep) Schedule *again = make(value, "node-1");
                g_autofree char *id = g_strdup_printf("check-%04u", i);
                g_autoptr(GArray) times = times_new();

                g_assert_cmpuint(run(again, BOOT + 300 * SEC, id, times), >=, 10);
                for (guint j = 2; j < times->len; j++) {
                        usec_t gap = AT(times, j) - AT(times, j - 1);

                        /* the jitter is at most 1 s, a tick 100 ms */
                        g_assert_cmpuint(gap, >=, 28 * SEC);
                        g_assert_cmpuint(gap, <=, 32 * SEC);
                }
        }
}

static void test_nodes_are_k_nth_apart(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 1, 30 * SEC);
        GArray *times[3] = { times_new(), times_new(), times_new() };

        /* each node has its own CLOCK_BOOTTIME; the wall clock is what they share, within 20 ms here */
        for (unsigned k = 0; k < 3; k++) {
                _cleanup_(schedule_freep) Schedule *schedule = schedule_new(k);
                g_autofree char *node_id = g_strdup_printf("node-%u", k);
                usec_t boot = (k + 1) * 5000 * SEC;

                schedule_configure(schedule, value, node_id, boot, WALL + k * 20 * USEC_PER_MSEC);
                (void) run(schedule, boot + 200 * SEC, "check-0000", times[k]);
                for (guint i = 0; i < times[k]->len; i++)
                        AT(times[k], i) = AT(times[k], i) - boot + WALL;
        }

        for (unsigned k = 0; k < 3; k++) {
                usec_t own = AT(times[k], 3) % (30 * SEC), next = AT(times[(k + 1) % 3], 3) % (30 * SEC);
                usec_t gap = (next + 30 * SEC - own) % (30 * SEC);

                g_assert_cmpuint(gap, >=, 8500 * USEC_PER_MSEC);
                g_assert_cmpuint(gap, <=, 11500 * USEC_PER_MSEC);
        }
        for (unsigned k = 0; k < 3; k++)
                g_array_unref(times[k]);
}

static void test_checks_spread_over_the_interval(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(1, 1000, 10 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        g_autoptr(GArray) times = times_new();
        unsigned per_second[10] = {};

        (void) run(schedule, BOOT + 20 * SEC, NULL, NULL);
        g_assert_cmpuint(run(schedule, BOOT + 30 * SEC, NULL, times), >, 900);
        for (guint i = 0; i < times->len; i++)
                per_second[(AT(times, i) - BOOT - 20 * SEC) / SEC % 10]++;
        for (unsigned i = 0; i < 10; i++) {
                g_assert_cmpuint(per_second[i], >, 50);
                g_assert_cmpuint(per_second[i], <, 160);
        }
}

static void test_a_new_check_is_due_at_once(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 5, 600 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        usec_t now = BOOT + 10 * SEC;

        g_assert_cmpuint(schedule_next_deadline(schedule), ==, BOOT);
        (void) run(schedule, now, NULL, NULL);
        fixture_put(&value, RECORD_CHECK, fixture_check(7, 600 * SEC));
        schedule_configure(schedule, value, "node-0", now, WALL + 10 * SEC);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 6);
        g_assert_cmpuint(schedule_next_deadline(schedule), ==, now);
        g_assert_cmpuint(run(schedule, now, "check-0007", NULL), ==, 1);
}

static void test_a_disabled_check_is_not_probed(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 5, 600 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        usec_t now = BOOT + 10 * SEC;

        (void) run(schedule, now, NULL, NULL);
        for (unsigned i = 0; i < 5; i += 2) { /* first, last, and between */
                Check *check = fixture_check(i, 600 * SEC);

                check->disabled = true;
                fixture_put(&value, RECORD_CHECK, check);
        }
        schedule_configure(schedule, value, "node-0", now, WALL + 10 * SEC);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 2);
        now += 1000 * SEC;
        g_assert_cmpuint(run(schedule, now, NULL, NULL), >=, 2);
        for (unsigned i = 0; i < 5; i += 2) {
                g_autofree char *id = g_strdup_printf("check-%04u", i);
                _cleanup_(schedule_freep) Schedule *anew = make(value, "node-0");

                g_assert_cmpuint(run(anew, BOOT + 2000 * SEC, id, NULL), ==, 0);
        }

        /* enabled, it is due at once */
        fixture_put(&value, RECORD_CHECK, fixture_check(2, 600 * SEC));
        schedule_configure(schedule, value, "node-0", now, WALL + 1010 * SEC);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 3);
        g_assert_cmpuint(schedule_next_deadline(schedule), <=, now + SCHEDULE_TICK_USEC);
        g_assert_cmpuint(run(schedule, now + SCHEDULE_TICK_USEC, "check-0002", NULL), ==, 1);
}

static void test_many_new_checks_do_not_start_together(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(1, 3000, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        size_t n = 0;
        usec_t now;

        while ((now = schedule_next_deadline(schedule)) <= BOOT + 30 * SEC) {
                g_array_set_size(probes, 0);
                (void) schedule_take_due(schedule, now, probes);
                g_assert_cmpuint(probes->len, <, 60);
                n += probes->len;
        }
        g_assert_cmpuint(n, >=, 3000);
}

static void test_an_unchanged_check_keeps_its_phase(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 20, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0"), *other = make(value, "node-0");
        g_autoptr(GArray) times = times_new(), expected = times_new();

        (void) run(other, BOOT + 300 * SEC, "check-0003", expected);
        (void) run(schedule, BOOT + 100 * SEC, "check-0003", times);
        Check *renamed = check_copy(value_object(value, RECORD_CHECK, "check-0003"));
        g_free(renamed->name);
        renamed->name = g_strdup("other");
        renamed->revision = 9;
        fixture_put(&value, RECORD_CHECK, renamed);
        fixture_delete(&value, RECORD_CHECK, "check-0004");
        schedule_configure(schedule, value, "node-0", BOOT + 100 * SEC, WALL + 100 * SEC);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 19);
        (void) run(schedule, BOOT + 300 * SEC, "check-0003", times);

        g_assert_cmpuint(times->len, ==, expected->len);
        for (guint i = 0; i < times->len; i++)
                g_assert_cmpuint(AT(times, i), ==, AT(expected, i));
}

static void test_a_changed_check_is_due_at_once(void) {
        for (unsigned what = 0; what < 2; what++) {
                _cleanup_(value_unrefp) Value *value = fixture_value(3, 20, 60 * SEC);
                _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
                g_autoptr(GArray) times = times_new();
                usec_t now = BOOT + 105 * SEC;

                (void) run(schedule, now - 1, NULL, NULL);
                Check *check = check_copy(value_object(value, RECORD_CHECK, "check-0003"));
                if (what == 0)
                        check->interval = 20 * SEC;
                else {
                        g_free(check->target);
                        check->target = g_strdup("192.0.2.2:80");
                }
                check->revision = 2;
                fixture_put(&value, RECORD_CHECK, check);
                schedule_configure(schedule, value, "node-0", now, WALL + 105 * SEC);
                (void) run(schedule, now + 200 * SEC, "check-0003", times);
                g_assert_cmpuint(AT(times, 0), ==, now);
                /* then its regular place, not right behind and not much later than an interval */
                g_assert_cmpuint(AT(times, 1) - now, >=, check_interval(check) / 4);
                g_assert_cmpuint(
                                AT(times, 1) - now,
                                <=,
                                check_interval(check) * 5 / 4 + 1200 * USEC_PER_MSEC);
        }
}

static void test_missed_ticks_are_dropped(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(1, 500, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        usec_t now = BOOT + 3600 * SEC + 50;

        (void) run(schedule, BOOT + 60 * SEC, NULL, NULL);
        /* the machine slept an hour: nothing is caught up, everything goes on in its place */
        g_assert_cmpuint(schedule_take_due(schedule, now, probes), >, 450);
        g_assert_cmpuint(probes->len, <, 50);
        g_assert_cmpuint(schedule_next_deadline(schedule), >, now);
        g_assert_cmpuint(run(schedule, now + 31 * SEC, NULL, NULL), >=, 490);
}

static void test_never_two_dropped_in_a_row(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(1, 1, 10 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        size_t n_dropped = 0;

        /* every loop turn takes two seconds longer than it should */
        for (unsigned i = 0; i < 20; i++)
                n_dropped += schedule_take_due(schedule, schedule_next_deadline(schedule) + 2 * SEC, probes);
        g_assert_cmpuint(n_dropped, ==, 10);
        g_assert_cmpuint(probes->len, ==, 10);
}

static void test_a_step_of_the_wall_clock(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(2, 200, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");
        g_autoptr(GArray) times = times_new();
        usec_t now = BOOT + 90 * SEC + 7;

        (void) run(schedule, now, "check-0005", times);
        g_assert_false(schedule_set_clock(schedule, now, WALL + 90 * SEC + 200000));
        g_assert_true(schedule_set_clock(schedule, now, WALL + 90 * SEC - 13 * SEC));
        g_assert_false(schedule_set_clock(schedule, now, WALL + 90 * SEC - 13 * SEC));
        (void) run(schedule, now + 120 * SEC, "check-0005", times);
        for (guint i = 2; i < times->len; i++) {
                usec_t gap = AT(times, i) - AT(times, i - 1);

                g_assert_cmpuint(gap, >=, 30 * SEC / 4);
                g_assert_cmpuint(gap, <=, 39 * SEC);
        }
}

static void test_another_rank_moves_the_phase(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(2, 100, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-1");
        _cleanup_(schedule_freep) Schedule *fresh = NULL;
        g_autoptr(GArray) times = times_new(), expected = times_new();
        usec_t now = BOOT + 100 * SEC;

        (void) run(schedule, now, NULL, NULL);
        fixture_put(&value, RECORD_PEER, fixture_peer(2));
        schedule_configure(schedule, value, "node-1", now, WALL + 100 * SEC);
        (void) run(schedule, now + 60 * SEC, NULL, NULL);
        (void) run(schedule, now + 120 * SEC, "check-0042", times);

        fresh = schedule_new(42);
        schedule_configure(fresh, value, "node-1", now, WALL + 100 * SEC);
        (void) run(fresh, now + 60 * SEC, NULL, NULL);
        (void) run(fresh, now + 120 * SEC, "check-0042", expected);
        g_assert_cmpuint(times->len, ==, 2);
        g_assert_cmpuint(AT(times, 0), ==, AT(expected, 0));
}

static void test_who_is_no_voter_probes_nothing(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(2, 10, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "stranger");
        Peer *joining = fixture_peer(5);

        g_assert_cmpuint(schedule_next_deadline(schedule), ==, USEC_INFINITY);
        joining->joining = true;
        fixture_put(&value, RECORD_PEER, joining);
        schedule_configure(schedule, value, "node-5", BOOT, WALL);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 0);

        schedule_configure(schedule, value, "node-0", BOOT, WALL);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 10);
        fixture_delete(&value, RECORD_PEER, "node-0");
        schedule_configure(schedule, value, "node-0", BOOT, WALL);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 0);
        g_assert_null(schedule_free(NULL));
}

static void test_the_same_seed_tells_the_same_story(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 300, 7 * SEC);
        _cleanup_(schedule_freep) Schedule *a = make(value, "node-2"), *b = make(value, "node-2");
        g_autoptr(GArray) x = times_new(), y = times_new();

        (void) run(a, BOOT + 50 * SEC, NULL, x);
        (void) run(b, BOOT + 50 * SEC, NULL, y);
        g_assert_cmpmem(x->data, x->len * sizeof(usec_t), y->data, y->len * sizeof(usec_t));
}

static void test_ten_thousand_checks(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(5, 10000, 30 * SEC);
        _cleanup_(schedule_freep) Schedule *schedule = make(value, "node-0");

        g_assert_cmpuint(run(schedule, BOOT + 90 * SEC, NULL, NULL), >=, 20000);
        for (unsigned i = 0; i < 50; i++)
                schedule_configure(schedule, value, "node-0", BOOT + 90 * SEC, WALL + 90 * SEC);
        g_assert_cmpuint(schedule_n_checks(schedule), ==, 10000);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/schedule/each-once-an-interval", test_each_once_an_interval);
        g_test_add_func("/schedule/nodes-are-k-nth-apart", test_nodes_are_k_nth_apart);
        g_test_add_func("/schedule/checks-spread-over-the-interval", test_checks_spread_over_the_interval);
        g_test_add_func("/schedule/a-new-check-is-due-at-once", test_a_new_check_is_due_at_once);
        g_test_add_func("/schedule/a-disabled-check-is-not-probed", test_a_disabled_check_is_not_probed);
        g_test_add_func("/schedule/many-new-checks-do-not-start-together",
                        test_many_new_checks_do_not_start_together);
        g_test_add_func("/schedule/an-unchanged-check-keeps-its-phase",
                        test_an_unchanged_check_keeps_its_phase);
        g_test_add_func("/schedule/a-changed-check-is-due-at-once", test_a_changed_check_is_due_at_once);
        g_test_add_func("/schedule/missed-ticks-are-dropped", test_missed_ticks_are_dropped);
        g_test_add_func("/schedule/never-two-dropped-in-a-row", test_never_two_dropped_in_a_row);
        g_test_add_func("/schedule/a-step-of-the-wall-clock", test_a_step_of_the_wall_clock);
        g_test_add_func("/schedule/another-rank-moves-the-phase", test_another_rank_moves_the_phase);
        g_test_add_func("/schedule/who-is-no-voter-probes-nothing", test_who_is_no_voter_probes_nothing);
        g_test_add_func("/schedule/same-seed-same-story", test_the_same_seed_tells_the_same_story);
        g_test_add_func("/schedule/ten-thousand-checks", test_ten_thousand_checks);
        return g_test_run();
}
