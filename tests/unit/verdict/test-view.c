/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim.h"

#include "base/limits.h"
#include "wire/codec.h"

#define CHECK "check-0000"
#define I (30 * SEC)

static Sim sim;

static CheckView *view_now(bool with_votes) {
        return verdict_view(sim.verdict, CHECK, with_votes, sim.now);
}

static int silence(const Sim *s, unsigned k, usec_t at) {
        return SILENT;
}

static void assert_detail(const char *expected) {
        _cleanup_(check_view_freep) CheckView *view = view_now(false);

        g_assert_cmpstr(view->detail, ==, expected);
}

static void test_detail(void) {
        sim_init(&sim, 5, I, CHECK_DOWN, silence);
        assert_detail("");
        sim_vote(&sim, 4, OBSERVATION_ABSTAINED, "no ICMP permission", 0);
        assert_detail("1 abstains: no ICMP permission");
        sim_vote(&sim, 3, OBSERVATION_ABSTAINED, "no ICMP permission", 0);
        assert_detail("2 abstain: no ICMP permission");
        sim_vote(&sim, 2, OBSERVATION_FAILED, "timeout", 0);
        sim_vote(&sim, 1, OBSERVATION_FAILED, "timeout", 0);
        assert_detail("timeout; 2 abstain: no ICMP permission");
        sim_vote(&sim, 0, OBSERVATION_FAILED, "status 503", 0);
        assert_detail("status 503 (1), timeout (2); 2 abstain: no ICMP permission");
        sim_vote(&sim, 0, OBSERVATION_FAILED, "", 0);
        sim_vote(&sim, 3, OBSERVATION_ABSTAINED, "", 0);
        assert_detail("failed (1), timeout (2); 1 abstains; 1 abstains: no ICMP permission");
        sim_done(&sim);
}

static void test_detail_is_cut_on_a_character(void) {
        g_autoptr(GString) text = g_string_new(NULL);
        _cleanup_(check_view_freep) CheckView *view = NULL;

        while (text->len < DETAIL_MAX_BYTES - 4)
                g_string_append(text, "é");
        sim_init(&sim, 3, I, CHECK_DOWN, silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, text->str, 0);
        g_string_prepend_c(text, 'x');
        sim_vote(&sim, 1, OBSERVATION_FAILED, text->str, 0);
        view = view_now(false);
        g_assert_cmpuint(strlen(view->detail), <=, DETAIL_MAX_BYTES);
        g_assert_cmpuint(strlen(view->detail), >=, DETAIL_MAX_BYTES - 1);
        g_assert_true(g_utf8_validate(view->detail, -1, NULL));
        sim_done(&sim);
}

static void test_counts_and_votes(void) {
        _cleanup_(check_view_freep) CheckView *view = NULL, *bare = NULL;
        const Vote *vote;

        sim_init(&sim, 5, I, CHECK_UP, silence);
        sim_vote(&sim, 3, OBSERVATION_OK, "", 7 * SEC);
        sim_vote(&sim, 1, OBSERVATION_FAILED, "no", 2 * SEC);
        sim_vote(&sim, 2, OBSERVATION_ABSTAINED, "cannot", 0);
        sim.now += 3 * SEC;
        view = view_now(true);
        g_assert_true(view->live);
        g_assert_true(view->suspect);
        g_assert_cmpint(view->state, ==, CHECK_UP);
        g_assert_cmpuint(view->total, ==, 5);
        g_assert_cmpuint(view->ok, ==, 1);
        g_assert_cmpuint(view->not_ok, ==, 1);
        g_assert_cmpuint(view->abstained, ==, 1);
        g_assert_cmpuint(view->votes->len, ==, 3);
        vote = g_ptr_array_index(view->votes, 0);
        g_assert_cmpstr(vote->node_id, ==, "node-1");
        g_assert_cmpuint(vote->observation->age, ==, 5 * SEC);
        vote = g_ptr_array_index(view->votes, 2);
        g_assert_cmpstr(vote->node_id, ==, "node-3");
        g_assert_cmpuint(vote->observation->age, ==, 10 * SEC);
        bare = view_now(false);
        g_assert_null(bare->votes);
        sim_done(&sim);
}

static void assert_state_text(const char *expected) {
        _cleanup_(check_view_freep) CheckView *view = view_now(false);
        g_autofree char *text = check_view_state_text(view);

        g_assert_cmpstr(text, ==, expected);
}

static void test_stale(void) {
        sim_init(&sim, 3, I, CHECK_UP, silence);
        assert_state_text("up"); /* it has just begun to listen */
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0);
        sim_vote(&sim, 1, OBSERVATION_OK, "", 0);
        sim.now += 90 * SEC;
        sim_vote(&sim, 2, OBSERVATION_ABSTAINED, "says nothing about it", 0);
        assert_state_text("up");
        sim.now += 45 * SEC;
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0);
        assert_state_text("up (stale 45s)"); /* one of three is no majority */
        sim.now += 200 * SEC;
        assert_state_text("up (stale 4m)");
        sim.now += 7200 * SEC;
        assert_state_text("up (stale 2h)");
        sim.now += 3 * 86400 * SEC;
        assert_state_text("up (stale 3d)");
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0);
        sim_vote(&sim, 2, OBSERVATION_FAILED, "no", 0);
        assert_state_text("up");
        sim_done(&sim);
}

static void test_unknown_is_not_stale(void) {
        sim_init(&sim, 3, I, CHECK_UNKNOWN, silence);
        sim.now += 3600 * SEC;
        assert_state_text("unknown");
        sim_done(&sim);
}

/* What changed, as the master sends it. */
static GPtrArray *changed(uint64_t *since, size_t max) {
        GPtrArray *views = check_view_list_new();

        *since = verdict_changed_views(sim.verdict, *since, max, sim.now, views);
        return views;
}

static unsigned n_changed(uint64_t *since) {
        g_autoptr(GPtrArray) views = changed(since, 100);

        return views->len;
}

static void test_only_what_changed_is_pushed(void) {
        uint64_t since = 0, other = 0;

        sim_init(&sim, 3, I, CHECK_UP, silence);
        g_assert_cmpuint(n_changed(&since), ==, 1);
        g_assert_cmpuint(n_changed(&since), ==, 0);
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0);
        g_assert_cmpuint(n_changed(&since), ==, 1);
        sim.now += I;
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0); /* the same again */
        g_assert_cmpuint(n_changed(&since), ==, 0);
        sim.now += I;
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0); /* but its age is shown wrong after a minute */
        g_assert_cmpuint(n_changed(&since), ==, 1);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "no", 0);
        g_assert_cmpuint(n_changed(&since), ==, 1);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "still no", 0);
        g_assert_cmpuint(n_changed(&since), ==, 1);
        sim.now += 91 * SEC; /* a vote went stale, without any event */
        g_assert_cmpuint(n_changed(&since), ==, 1);
        g_assert_cmpuint(n_changed(&since), ==, 0);
        g_assert_cmpuint(n_changed(&other), ==, 1); /* a follower that has just come gets all */

        verdict_follow(sim.verdict, sim.now);
        sim_vote(&sim, 0, OBSERVATION_OK, "", 0);
        g_assert_cmpuint(n_changed(&since), ==, 0); /* a follower pushes nothing */
        sim_done(&sim);
}

static void test_a_long_list_is_pushed_in_parts(void) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        uint64_t since = 0;
        unsigned n_parts = 0;

        sim_init(&sim, 3, I, CHECK_UP, silence);
        for (unsigned i = 1; i < 25; i++)
                fixture_put(&sim.value, RECORD_CHECK, fixture_check(i, I));
        verdict_configure(sim.verdict, sim.value, sim.now);
        for (;;) {
                g_autoptr(GPtrArray) views = changed(&since, 10);

                if (views->len == 0)
                        break;
                n_parts++;
                g_assert_cmpuint(views->len, <=, 10);
                for (guint i = 0; i < views->len; i++)
                        g_hash_table_add(
                                        seen,
                                        g_strdup(((CheckView *) g_ptr_array_index(views, i))->check_id));
        }
        g_assert_cmpuint(n_parts, ==, 3);
        g_assert_cmpuint(g_hash_table_size(seen), ==, 25);
        sim_done(&sim);
}

static void test_the_follower_shows_the_same(void) {
        _cleanup_(verdict_freep) Verdict *follower = verdict_new("node-1", &verdict_timing_default);
        _cleanup_(check_view_freep) CheckView *shown = NULL, *own = NULL, *bare = NULL, *committed = NULL;
        g_autoptr(GPtrArray) views = NULL;
        g_autofree char *json = NULL;
        CheckView *pushed = NULL;
        uint64_t since = 0;

        sim_init(&sim, 3, I, CHECK_DOWN, silence);
        sim_vote(&sim, 0, OBSERVATION_FAILED, "timeout", 3 * SEC);
        sim_vote(&sim, 2, OBSERVATION_ABSTAINED, "no ICMP permission", 0);
        verdict_configure(follower, sim.value, 50 * SEC);

        /* over the wire */
        views = changed(&since, 10);
        json = codec_encode_text(&check_view_type, g_ptr_array_index(views, 0));
        g_assert_cmpint(codec_decode(&check_view_type, json, strlen(json), (void **) &pushed, NULL), ==, 0);
        g_assert_true(check_view_equal(pushed, g_ptr_array_index(views, 0)));
        verdict_merge_view(follower, pushed, 50 * SEC);

        own = verdict_view(sim.verdict, CHECK, true, sim.now + 7 * SEC);
        shown = verdict_view(follower, CHECK, true, 57 * SEC);
        g_assert_true(check_view_equal(own, shown));
        bare = verdict_view(follower, CHECK, false, 57 * SEC);
        g_assert_null(bare->votes);
        g_assert_cmpstr(bare->detail, ==, "timeout; 1 abstains: no ICMP permission");

        /* without a master: what is committed, and it says so */
        verdict_forget_views(follower, 58 * SEC);
        committed = verdict_view(follower, CHECK, true, 58 * SEC);
        g_assert_false(committed->live);
        g_assert_cmpint(committed->state, ==, CHECK_DOWN);
        g_assert_cmpuint(committed->total, ==, 3);
        g_assert_cmpuint(committed->ok + committed->not_ok, ==, 0);
        g_assert_false(committed->stale); /* a change of the master is soon over */
        (void) check_view_free(committed);
        committed = verdict_view(follower, CHECK, true, 68 * SEC);
        g_assert_true(committed->stale);
        g_assert_cmpuint(committed->stale_for, ==, 10 * SEC);
        sim_done(&sim);
}

static void test_stale_grows_on_the_follower(void) {
        _cleanup_(verdict_freep) Verdict *follower = verdict_new("node-1", &verdict_timing_default);
        _cleanup_(check_view_freep) CheckView *shown = NULL;
        g_autofree char *text = NULL;
        CheckView *view = check_view_new();

        sim_init(&sim, 3, I, CHECK_UP, silence);
        verdict_configure(follower, sim.value, 50 * SEC);
        view->check_id = g_strdup(CHECK);
        view->state = CHECK_DOWN; /* the local copy knows better */
        view->stale = true;
        view->stale_for = 60 * SEC;
        verdict_merge_view(follower, view, 50 * SEC);
        shown = verdict_view(follower, CHECK, true, 170 * SEC);
        text = check_view_state_text(shown);
        g_assert_cmpstr(text, ==, "up (stale 3m)");
        sim_done(&sim);
}

static void test_merge_refuses_what_it_cannot_use(void) {
        CheckView *view = check_view_new();

        sim_init(&sim, 3, I, CHECK_UP, silence);
        view->check_id = g_strdup("check-9999");
        verdict_merge_view(sim.verdict, view, sim.now);
        view = check_view_new();
        view->check_id = g_strdup(CHECK);
        view->total = 99;
        verdict_merge_view(sim.verdict, view, sim.now); /* the master knows itself */
        view = view_now(false);
        g_assert_cmpuint(view->total, ==, 3);
        (void) check_view_free(view);
        sim_done(&sim);
}

static void test_own_observations(void) {
        g_autoptr(GPtrArray) none = NULL, one = NULL;

        sim_init(&sim, 3, I, CHECK_UP, silence);
        sim_vote(&sim, 1, OBSERVATION_OK, "", 0); /* another's is never relayed */
        none = verdict_own_observations(sim.verdict, sim.now);
        g_assert_cmpuint(none->len, ==, 0);
        sim_vote(&sim, 0, OBSERVATION_OK, "", 4 * SEC);
        one = verdict_own_observations(sim.verdict, sim.now + SEC);
        g_assert_cmpuint(one->len, ==, 1);
        g_assert_cmpuint(((const Observation *) g_ptr_array_index(one, 0))->age, ==, 5 * SEC);
        sim_done(&sim);
        g_assert_null(verdict_free(NULL));
        g_assert_null(verdict_effect_free(NULL));
}

/* A host that has just started is told of votes that are older than its clock. */
static void test_a_vote_older_than_the_clock(void) {
        _cleanup_(value_unrefp) Value *value = fixture_value(3, 1, 30 * SEC);
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new("node-0", &verdict_timing_default);
        static const usec_t ages[] = { 80 * SEC, 100 * SEC, INT64_MAX };

        fixture_commit_status(&value, "check-0000", CHECK_UP, 1);
        verdict_configure(verdict, value, 5 * SEC);
        verdict_lead(verdict, 1, 5 * SEC);
        for (unsigned k = 0; k < 3; k++) {
                Observation *observation = sim_observation(1, /* round= */ 0, OBSERVATION_FAILED, "x");
                g_autofree char *node_id = g_strdup_printf("node-%u", k);

                observation->age = ages[k];
                verdict_observe(verdict, node_id, observation, 5 * SEC);
        }
        for (usec_t now = 5 * SEC; now < 40 * SEC; now += SEC) {
                _cleanup_(check_view_freep) CheckView *view = NULL;

                view = verdict_view(verdict, "check-0000", /* with_votes= */ true, now);
                g_assert_cmpuint(view->not_ok, ==, now <= 15 * SEC ? 1 : 0);
                g_assert_cmpuint(
                                ((const Vote *) g_ptr_array_index(view->votes, 0))->observation->age,
                                ==,
                                80 * SEC + now - 5 * SEC);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/verdict/view/detail", test_detail);
        g_test_add_func("/verdict/view/detail-is-cut", test_detail_is_cut_on_a_character);
        g_test_add_func("/verdict/view/counts-and-votes", test_counts_and_votes);
        g_test_add_func("/verdict/view/stale", test_stale);
        g_test_add_func("/verdict/view/unknown-is-not-stale", test_unknown_is_not_stale);
        g_test_add_func("/verdict/view/only-what-changed-is-pushed", test_only_what_changed_is_pushed);
        g_test_add_func("/verdict/view/long-list-in-parts", test_a_long_list_is_pushed_in_parts);
        g_test_add_func("/verdict/view/follower-shows-the-same", test_the_follower_shows_the_same);
        g_test_add_func("/verdict/view/stale-grows-on-the-follower", test_stale_grows_on_the_follower);
        g_test_add_func("/verdict/view/merge-refuses", test_merge_refuses_what_it_cannot_use);
        g_test_add_func("/verdict/view/own-observations", test_own_observations);
        g_test_add_func("/verdict/view/older-than-the-clock", test_a_vote_older_than_the_clock);
        return g_test_run();
}
