/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/loop.h"

#include <glib.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"

typedef struct Told {
        Loop *loop;
        unsigned n_events;
        unsigned n_idle;
        sd_event_source *source;
} Told;

static int on_defer(sd_event_source *source, void *userdata) {
        Told *told = userdata;

        if (++told->n_events == 1000)
                loop_quit(told->loop, 7);
        return 0;
}

static gboolean on_idle(void *userdata) {
        Told *told = userdata;

        told->n_idle++;
        return G_SOURCE_CONTINUE;
}

/* A source of ours that is always ready does not starve GLib's. */
static void test_both(void) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        Told told = {};
        unsigned idle;

        g_assert_cmpint(loop_new(&loop), ==, 0);
        told.loop = loop;
        g_assert_cmpint(sd_event_add_defer(loop_event(loop), &told.source, on_defer, &told), >=, 0);
        g_assert_cmpint(sd_event_source_set_enabled(told.source, SD_EVENT_ON), >=, 0);
        idle = g_timeout_add_full(G_PRIORITY_HIGH, 0, on_idle, &told, NULL);

        g_assert_cmpint(loop_run(loop), ==, 7);
        g_assert_cmpuint(told.n_events, ==, 1000);
        g_assert_cmpuint(told.n_idle, >, 0);
        g_source_remove(idle);
        (void) sd_event_source_disable_unref(told.source);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Told *told = userdata;

        loop_quit(told->loop, 0);
        return 0;
}

static int on_slow(sd_event_source *source, void *userdata) {
        Told *told = userdata;

        g_usleep(LOOP_STALL_USEC + 20 * USEC_PER_MSEC);
        /* already seen from within the turn */
        g_assert_cmpuint(loop_stalled_usec(told->loop), >, 0);
        return 0;
}

static void test_timer_and_turns(void) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        Told told = {};

        g_assert_cmpint(loop_new(&loop), ==, 0);
        told.loop = loop;
        g_assert_cmpint(sd_event_add_time_relative(
                                        loop_event(loop),
                                        NULL,
                                        CLOCK_BOOTTIME,
                                        20 * USEC_PER_MSEC,
                                        1,
                                        on_time,
                                        &told),
                        >=,
                        0);
        g_assert_cmpuint(loop_stalled_usec(loop), ==, 0);
        g_assert_cmpint(sd_event_add_defer(loop_event(loop), NULL, on_slow, &told), >=, 0);
        g_assert_cmpint(loop_run(loop), ==, 0);
        g_assert_cmpuint(loop_longest_turn(loop, /* reset= */ true), >=, LOOP_STALL_USEC);
        g_assert_cmpuint(loop_longest_turn(loop, /* reset= */ true), <, LOOP_STALL_USEC);
        g_assert_cmpuint(loop_stalled_usec(loop), >, 0);
}

/* Waiting is not work. */
static void test_sleep_is_no_turn(void) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        Told told = {};

        g_assert_cmpint(loop_new(&loop), ==, 0);
        told.loop = loop;
        g_assert_cmpint(sd_event_add_time_relative(
                                        loop_event(loop),
                                        NULL,
                                        CLOCK_BOOTTIME,
                                        LOOP_STALL_USEC + 20 * USEC_PER_MSEC,
                                        1,
                                        on_time,
                                        &told),
                        >=,
                        0);
        g_assert_cmpint(loop_run(loop), ==, 0);
        g_assert_cmpuint(loop_stalled_usec(loop), ==, 0);
}

static void on_alive(void *userdata) {
        Told *told = userdata;

        if (++told->n_idle == 3)
                loop_quit(told->loop, 0);
}

static void test_alive(void) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        Told told = {};

        g_assert_cmpint(loop_new(&loop), ==, 0);
        told.loop = loop;
        g_assert_cmpint(loop_watch(loop, 5 * USEC_PER_MSEC, on_alive, &told), >=, 0);
        g_assert_cmpint(loop_run(loop), ==, 0);
        g_assert_cmpuint(told.n_idle, ==, 3);
}

static gboolean on_urgent(void *userdata) {
        return G_SOURCE_CONTINUE;
}

/* The timer goes off all the same; but GLib's other sources have no turn, and that is no life. */
static void test_starved_is_not_alive(void) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        Told told = {};
        unsigned urgent;

        g_assert_cmpint(loop_new(&loop), ==, 0);
        told.loop = loop;
        g_assert_cmpint(loop_watch(loop, USEC_PER_MSEC, on_alive, &told), >=, 0);
        g_assert_cmpint(sd_event_add_time_relative(
                                        loop_event(loop),
                                        NULL,
                                        CLOCK_BOOTTIME,
                                        100 * USEC_PER_MSEC,
                                        1,
                                        on_time,
                                        &told),
                        >=,
                        0);
        urgent = g_timeout_add_full(G_PRIORITY_HIGH, 0, on_urgent, NULL, NULL);
        g_assert_cmpint(loop_run(loop), ==, 0);
        g_assert_cmpuint(told.n_idle, ==, 0);
        g_source_remove(urgent);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/loop/both", test_both);
        g_test_add_func("/manager/loop/timer-and-turns", test_timer_and_turns);
        g_test_add_func("/manager/loop/sleep-is-no-turn", test_sleep_is_no_turn);
        g_test_add_func("/manager/loop/alive", test_alive);
        g_test_add_func("/manager/loop/starved-is-not-alive", test_starved_is_not_alive);
        return g_test_run();
}
