/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/notices.h"
#include "base/cleanup.h"

DEFINE_CLEANUP(Notices, notices_free);
#define _notice_ _cleanup_(notice_done) Notice

static bool
flip(Notices *notices, const char *id, RowState from, RowState to, usec_t now_usec, Notice *ret) {
        return notices_take(notices, id, id, from, to, "<i>refused</i>", now_usec, ret);
}

static void test_single(void) {
        _cleanup_(notices_freep) Notices *notices = notices_new();
        _notice_ down = {}, up = {}, none = {};

        g_assert_true(flip(notices, "web", ROW_UP, ROW_DOWN, USEC_PER_SEC, &down));
        g_assert_cmpstr(down.title, ==, "web is DOWN");
        g_assert_cmpstr(down.body, ==, "\xe2\x80\xb9i\xe2\x80\xbarefused\xe2\x80\xb9/i\xe2\x80\xba");
        g_assert_true(down.urgent);
        g_assert_true(flip(notices, "web", ROW_DOWN, ROW_UP, 2 * USEC_PER_SEC, &up));
        g_assert_cmpstr(up.title, ==, "web is up again");
        g_assert_cmpstr(up.id, ==, down.id);
        g_assert_false(up.urgent);

        g_assert_false(flip(notices, "new", ROW_UNKNOWN, ROW_UP, 3 * USEC_PER_SEC, &none));
        g_assert_false(flip(notices, "web", ROW_UP, ROW_UNKNOWN, 3 * USEC_PER_SEC, &none));
        g_assert_false(flip(notices, "web", ROW_DOWN, ROW_DOWN, 3 * USEC_PER_SEC, &none));
        g_assert_true(notices_deadline(notices) == USEC_INFINITY);
        g_assert_true(flip(notices, "new", ROW_UNKNOWN, ROW_DOWN, 3 * USEC_PER_SEC, &none));
}

static void test_many(void) {
        _cleanup_(notices_freep) Notices *notices = notices_new();
        usec_t now_usec = USEC_PER_HOUR;
        _notice_ together = {}, later = {}, single = {};

        for (unsigned i = 0; i < NOTICES_AT_ONCE; i++) {
                _notice_ one = {};

                g_assert_true(flip(notices, "x", ROW_UP, ROW_DOWN, now_usec, &one));
        }
        for (unsigned i = 0; i < 100; i++)
                g_assert_false(flip(notices, "x", ROW_UP, ROW_DOWN, now_usec, &single));
        g_assert_false(notices_due(notices, now_usec, &together));
        g_assert_cmpuint(notices_deadline(notices), ==, now_usec + NOTICES_TOGETHER_USEC);
        now_usec = notices_deadline(notices);
        g_assert_true(notices_due(notices, now_usec, &together));
        g_assert_cmpstr(together.body, ==, "100 more went DOWN, 0 more came up again");
        g_assert_false(notices_due(notices, now_usec, &later));

        /* it goes on counting as long as it lasts */
        now_usec += NOTICES_WINDOW_USEC - 2 * USEC_PER_SEC;
        g_assert_false(flip(notices, "x", ROW_DOWN, ROW_UP, now_usec, &single));
        g_assert_true(notices_due(notices, now_usec + NOTICES_TOGETHER_USEC, &later));
        g_assert_cmpstr(later.body, ==, "100 more went DOWN, 1 more came up again");
        g_assert_cmpstr(later.id, ==, together.id);

        /* a count that nobody has been told yet is not forgotten, however late it is told */
        g_assert_false(flip(notices, "x", ROW_DOWN, ROW_UP, now_usec, &single));
        now_usec += 2 * NOTICES_WINDOW_USEC;
        g_assert_false(flip(notices, "x", ROW_DOWN, ROW_UP, now_usec, &single));
        notice_done(&later);
        g_assert_true(notices_due(notices, now_usec, &later));
        g_assert_cmpstr(later.body, ==, "100 more went DOWN, 3 more came up again");

        /* and then every one is told again */
        now_usec += NOTICES_WINDOW_USEC;
        g_assert_true(flip(notices, "x", ROW_UP, ROW_DOWN, now_usec, &single));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/notices/single", test_single);
        g_test_add_func("/notices/many", test_many);
        return g_test_run();
}
