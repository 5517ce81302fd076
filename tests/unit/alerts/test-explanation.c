/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/explanation.h"

#include <string.h>

#include "alerts/notices.h"
#include "base/limits.h"
#include "fixture.h"
#include "wire/codec.h"

static Notice notice_of(const char *id, uint64_t number) {
        return (Notice){
                .id = (char *) id,
                .check_id = (char *) CHECK,
                .alert_name = (char *) "ops",
                .sequence = number,
                .created = WALL,
        };
}

static Recipient recipient_of(DeliveryState state, uint64_t attempts, const char *answer) {
        return (Recipient){
                .address = (char *) "a@x", .state = state, .attempts = attempts, .answer = (char *) answer
        };
}

static void add(Told *told,
                const char *id,
                DeliveryState state,
                uint64_t attempts,
                const char *answer,
                const char *node) {
        Notice notice = notice_of(id, 1);
        Recipient recipient = recipient_of(state, attempts, answer);

        told_add(told, &notice, &recipient, node, WALL + attempts * SEC);
}

static void tellings_free(GPtrArray *tellings) {
        for (guint i = 0; i < tellings->len; i++)
                (void) telling_free(g_ptr_array_index(tellings, i));
        g_ptr_array_unref(tellings);
}

/* ---- what was told ---- */

static void test_told_keeps_the_words(void) {
        _cleanup_(told_freep) Told *told = told_new();
        GPtrArray *tellings = g_ptr_array_new();
        const Telling *telling;

        add(told, "n", DELIVERY_OWED, 1, "450 busy", "node-0");
        add(told, "n", DELIVERY_DELIVERED, 2, "250 ok\r\nqueued", "node-1");
        /* it left the register in the commit that says so */
        add(told, "n", DELIVERY_DELIVERED, 0, NULL, NULL);
        add(told, "n", DELIVERY_OWED, 1, "450 busy", "node-0"); /* late news */
        g_assert_cmpuint(told_length(told), ==, 1);
        told_list(told, CHECK, tellings);
        g_assert_cmpuint(tellings->len, ==, 1);
        telling = g_ptr_array_index(tellings, 0);
        g_assert_cmpstr(telling->result, ==, "delivered");
        g_assert_cmpstr(telling->answer, ==, "250 ok  queued");
        g_assert_cmpstr(telling->node_id, ==, "node-1");
        g_assert_cmpuint(telling->attempts, ==, 2);
        g_assert_cmpuint(telling->at, ==, WALL + 2 * SEC);
        told_list(told, "another", tellings);
        g_assert_cmpuint(tellings->len, ==, 1);
        tellings_free(tellings);
}

static void test_told_gives_up_after_a_retry(void) {
        _cleanup_(told_freep) Told *told = told_new();
        GPtrArray *tellings = g_ptr_array_new();

        add(told, "n", DELIVERY_OWED, 9, "450 busy", "node-0"); /* the attempt */
        add(told, "n", DELIVERY_GAVE_UP, 9, "450 busy", NULL);  /* what the commit made of it */
        told_list(told, CHECK, tellings);
        g_assert_cmpstr(((Telling *) g_ptr_array_index(tellings, 0))->result, ==, "gave-up");
        g_assert_cmpstr(((Telling *) g_ptr_array_index(tellings, 0))->node_id, ==, "node-0");
        tellings_free(tellings);
}

static void test_told_by_another(void) {
        _cleanup_(told_freep) Told *told = told_new();
        Telling *telling = telling_new();

        telling->notice = g_strdup("n");
        telling->event = g_strdup("DOWN");
        telling->alert = g_strdup("o\033[31mps");
        telling->recipient = g_strdup("a@x");
        telling->result = g_strdup("delivered");
        telling->answer = g_strdup("250\nok");
        telling->kept = true;
        told_hear(told, CHECK, telling_copy(telling));
        g_assert_cmpstr(told_find(told, "n", "a@x")->answer, ==, "250 ok");
        g_assert_cmpstr(told_find(told, "n", "a@x")->alert, ==, "o [31mps");
        g_assert_false(told_find(told, "n", "a@x")->kept);
        g_assert_null(told_find(told, "n", "b@x"));
        g_free(telling->result);
        telling->result = g_strdup("eaten");
        g_free(telling->recipient);
        telling->recipient = g_strdup("b@x");
        told_hear(told, CHECK, telling_copy(telling));
        g_free(telling->result);
        telling->result = g_strdup("owed");
        g_free(telling->event);
        telling->event = g_strdup("PARTY");
        told_hear(told, CHECK, telling);
        g_assert_cmpuint(told_length(told), ==, 1);
}

static void test_told_is_bounded(void) {
        _cleanup_(told_freep) Told *told = told_new();
        GPtrArray *tellings = g_ptr_array_new();

        for (unsigned i = 0; i < TELLINGS_MAX + 10; i++) {
                g_autofree char *id = g_strdup_printf("%u", i);

                add(told, id, DELIVERY_DELIVERED, 1, "ok", "node-0");
                add(told, "often", DELIVERY_DELIVERED, 1, "ok", "node-0");
        }
        g_assert_cmpuint(told_length(told), ==, TELLINGS_MAX);
        told_list(told, CHECK, tellings);
        g_assert_cmpstr(((Telling *) g_ptr_array_index(tellings, tellings->len - 1))->notice, ==, "often");
        g_assert_cmpstr(((Telling *) g_ptr_array_index(tellings, 0))->notice, ==, "11");
        tellings_free(tellings);
}

/* ---- what one node knows ---- */

static Observation *observation(ObservationResult result, usec_t age) {
        Observation *o = observation_new();

        o->check_id = g_strdup(CHECK);
        o->revision = 1;
        o->result = result;
        o->detail = g_strdup(result == OBSERVATION_FAILED ? "timeout" : "");
        o->address = g_strdup("127.0.0.1");
        o->connect = 1234;
        o->age = age;
        return o;
}

/* node k of three, whose own vote is `own` old; master or not */
static Explanation *explain(const Value *value, unsigned k, bool leads, usec_t own, const Told *told) {
        g_autofree char *node_id = g_strdup_printf("node-%u", k);
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new(node_id, &verdict_timing_default);
        _cleanup_(check_view_freep) CheckView *view = NULL;
        usec_t now = 1000 * SEC;
        Judgement judgement;
        Explanation *e;

        verdict_configure(verdict, value, now);
        if (leads) {
                verdict_lead(verdict, 5, now);
                for (unsigned i = 0; i < 2; i++) {
                        g_autofree char *other = g_strdup_printf("node-%u", i);

                        verdict_observe(verdict, other, observation(OBSERVATION_FAILED, 7 * SEC), now);
                }
        } else
                verdict_observe(verdict, node_id, observation(OBSERVATION_FAILED, own), now);
        view = verdict_view(verdict, CHECK, /* with_votes= */ true, now);
        g_assert_cmpint(verdict_judgement(verdict, CHECK, now, &judgement), ==, 0);
        e = explanation_new_of(&(ExplanationSources){ .value = value,
                                                      .check = value_object(value, RECORD_CHECK, CHECK),
                                                      .view = view,
                                                      .judgement = &judgement,
                                                      .told = told,
                                                      .node_id = node_id,
                                                      .master = leads ? node_id : "",
                                                      .term = 5 });
        judgement_done(&judgement);
        return e;
}

static const ExplainedVote *vote(const Explanation *e, guint i) {
        return g_ptr_array_index(e->votes, i);
}

static Value *a_value(void) {
        Value *value = fixture_value(3, 1, 30 * SEC);

        fixture_put(&value, RECORD_ALERT, fixture_smtp("mail", "a@x,b@x", /* is_default= */ true));
        fixture_flip(&value, CHECK_UP, WALL);
        fixture_flip(&value, CHECK_DOWN, WALL + SEC);
        return value;
}

static void test_master(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(explanation_freep) Explanation *e = explain(value, 0, true, 0, NULL), *again = NULL;
        g_autofree char *text = NULL;

        g_assert_cmpstr(e->source, ==, EXPLAINED_BY_MASTER);
        g_assert_cmpstr(e->state, ==, "down");
        g_assert_cmpuint(e->since, ==, WALL + SEC);
        g_assert_cmpuint(e->transitions, ==, 2);
        g_assert_cmpstr(e->decided_detail, ==, "connection refused");
        g_assert_cmpuint(e->majority, ==, 2);
        g_assert_cmpuint(e->rounds_needed, ==, 2);
        g_assert_cmpuint(e->fresh_for, ==, 90 * SEC);
        g_assert_cmpstr(e->phase, ==, "calm");
        g_assert_cmpstr(e->alerts[0], ==, "mail-name");
        g_assert_cmpuint(e->votes->len, ==, 3);
        g_assert_cmpstr(vote(e, 0)->result, ==, "failed");
        g_assert_cmpstr(vote(e, 0)->detail, ==, "timeout");
        g_assert_cmpuint(vote(e, 0)->connect, ==, 1234);
        g_assert_cmpuint(vote(e, 1)->age, ==, 7 * SEC);
        g_assert_true(vote(e, 1)->counts);
        g_assert_cmpstr(vote(e, 2)->result, ==, "silent");
        g_assert_cmpuint(e->deliveries->len, ==, 4); /* UP and DOWN to two */
        g_assert_cmpstr(((Telling *) g_ptr_array_index(e->deliveries, 0))->event, ==, "DOWN");
        g_assert_cmpstr(((Telling *) g_ptr_array_index(e->deliveries, 0))->recipient, ==, "a@x");
        g_assert_cmpstr(((Telling *) g_ptr_array_index(e->deliveries, 0))->result, ==, "owed");
        g_assert_true(((Telling *) g_ptr_array_index(e->deliveries, 0))->kept);

        /* over the wire */
        text = codec_encode_text(&explanation_type, e);
        g_assert_cmpint(codec_decode(&explanation_type, text, strlen(text), (void **) &again, NULL), ==, 0);
        g_assert_true(explanation_equal(e, again));
}

static void test_secrets_stay(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(explanation_freep) Explanation *e = NULL;
        Check *check = check_copy(value_object(value, RECORD_CHECK, CHECK));
        g_autofree char *text = NULL;

        check->type = CHECK_HTTP;
        g_free(check->target);
        check->target = g_strdup("https://user:hunter2@example.test/");
        fixture_put(&value, RECORD_CHECK, check);
        e = explain(value, 0, true, 0, NULL);
        text = codec_encode_text(&explanation_type, e);
        g_assert_null(strstr(text, "hunter2"));
        g_assert_nonnull(strstr(text, "https://***@example.test/"));
}

/* ---- what the others know ---- */

static void test_the_master_counts(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(explanation_freep) Explanation *e = explain(value, 1, false, 3 * SEC, NULL);

        g_assert_cmpstr(e->source, ==, EXPLAINED_BY_NODES);
        g_assert_null(e->phase);
        explanation_merge(e, explain(value, 0, true, 0, NULL));
        g_assert_cmpstr(e->source, ==, EXPLAINED_BY_MASTER);
        g_assert_cmpstr(e->node_id, ==, "node-1");
        g_assert_cmpstr(e->master, ==, "node-0");
        g_assert_cmpuint(vote(e, 1)->age, ==, 7 * SEC); /* what counts, not what we know better */
        g_assert_cmpuint(e->not_ok, ==, 2);
        g_assert_cmpstr(e->phase, ==, "calm");
        explanation_merge(e, explain(value, 2, false, 1 * SEC, NULL));
        g_assert_cmpstr(vote(e, 2)->result, ==, "silent");
}

static void test_without_a_master_each_speaks_for_itself(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(explanation_freep) Explanation *e = explain(value, 1, false, 3 * SEC, NULL);

        explanation_merge(e, explain(value, 2, false, 100 * SEC, NULL));
        g_assert_cmpstr(e->source, ==, EXPLAINED_BY_NODES);
        g_assert_cmpstr(vote(e, 0)->result, ==, "silent");
        g_assert_cmpuint(vote(e, 1)->age, ==, 3 * SEC);
        g_assert_cmpuint(vote(e, 2)->age, ==, 100 * SEC);
        g_assert_false(vote(e, 2)->counts);
}

static void test_deliveries_are_merged(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(told_freep) Told *told = told_new();
        _cleanup_(explanation_freep) Explanation *e = NULL;
        const Notice *down = fixture_find(value, "mail", NOTICE_DOWN);
        Recipient sent = recipient_of(DELIVERY_DELIVERED, 1, "250 ok");
        const Telling *telling;

        told_add(told, down, &sent, "node-0", WALL + 2 * SEC);
        e = explain(value, 1, false, 0, NULL);
        explanation_merge(e, explain(value, 0, true, 0, told));
        g_assert_cmpuint(e->deliveries->len, ==, 4);
        telling = g_ptr_array_index(e->deliveries, 0);
        g_assert_cmpstr(telling->recipient, ==, "a@x");
        g_assert_cmpstr(telling->result, ==, "delivered");
        g_assert_cmpstr(telling->answer, ==, "250 ok");
        g_assert_cmpstr(telling->node_id, ==, "node-0");
        g_assert_true(telling->kept);
        telling = g_ptr_array_index(e->deliveries, 1);
        g_assert_cmpstr(telling->result, ==, "owed");
}

static void test_deliveries_are_cut(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(told_freep) Told *told = told_new();
        _cleanup_(explanation_freep) Explanation *e = NULL;
        Recipient sent = recipient_of(DELIVERY_DELIVERED, 1, "250 ok");

        for (unsigned i = 0; i < EXPLAINED_TELLINGS_MAX; i++) {
                g_autofree char *id = g_strdup_printf("%u", i);
                Notice notice = notice_of(id, 100 + i);

                told_add(told, &notice, &sent, "node-0", WALL);
        }
        e = explain(value, 1, false, 0, told);
        g_assert_cmpuint(e->deliveries->len, ==, EXPLAINED_TELLINGS_MAX);
        g_assert_cmpuint(
                        ((Telling *) g_ptr_array_index(e->deliveries, 0))->number,
                        ==,
                        100 + EXPLAINED_TELLINGS_MAX - 1);
}

/* A memory full of one check, by chance or by a lying leader, and everybody may ask: it is not a matter of
 * seconds. What the register keeps and what is remembered is told once. */
static void test_a_full_memory(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(told_freep) Told *told = told_new();
        const Notice *down = fixture_find(value, "mail", NOTICE_DOWN);
        Recipient sent = recipient_of(DELIVERY_DELIVERED, 1, "250 ok");
        _cleanup_(explanation_freep) Explanation *e = NULL;
        unsigned n_same = 0;

        for (unsigned i = 1; i < TELLINGS_MAX; i++) {
                g_autofree char *id = g_strdup_printf("%u", i);
                Notice notice = notice_of(id, 0);

                told_add(told, &notice, &sent, "node-0", WALL);
        }
        told_add(told, down, &sent, "node-0", WALL + 2 * SEC);
        g_assert_cmpuint(told_length(told), ==, TELLINGS_MAX);
        e = explain(value, 1, false, 0, told);
        explanation_merge(e, explain(value, 2, false, 0, told));
        g_assert_cmpuint(e->deliveries->len, ==, EXPLAINED_TELLINGS_MAX);
        for (guint i = 0; i < e->deliveries->len; i++) {
                const Telling *telling = g_ptr_array_index(e->deliveries, i);

                if (g_strcmp0(telling->notice, down->id) != 0 || g_strcmp0(telling->recipient, "a@x") != 0)
                        continue;
                n_same++;
                g_assert_true(telling->kept);
                g_assert_cmpstr(telling->result, ==, "delivered");
        }
        g_assert_cmpuint(n_same, ==, 1);
}

static void test_another_check_is_not_merged(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(explanation_freep) Explanation *e = explain(value, 1, false, 0, NULL);
        Explanation *other = explain(value, 0, true, 0, NULL);

        g_free(other->id);
        other->id = g_strdup("another");
        explanation_merge(e, other);
        g_assert_cmpstr(e->source, ==, EXPLAINED_BY_NODES);
}

static void set(char **text, const char *to) {
        g_free(*text);
        *text = g_strdup(to);
}

/* A member that claims to lead may say what it likes, but in our words, and of our voters only. */
static void test_lies_are_made_fit_to_be_shown(void) {
        _cleanup_(value_unrefp) Value *value = a_value();
        _cleanup_(explanation_freep) Explanation *e = explain(value, 1, false, 3 * SEC, NULL);
        Explanation *liar = explain(value, 0, true, 0, NULL);
        ExplainedVote **votes = (ExplainedVote **) liar->votes->pdata;
        unsigned n_voters = e->votes->len, n_told = e->deliveries->len;
        g_autofree char *advertise = g_strdup(vote(e, 0)->advertise);
        RoundView *round = round_view_new();
        Telling *telling = telling_new();
        ExplainedVote *twin;

        liar->term = UINT64_C(1) << 62;
        set(&liar->phase, "\033]0;party\007");
        set(&liar->candidate, "sideways");
        set(&liar->detail, "two\nlines\xe2\x80\xae");
        set(&votes[0]->result, "\033[2J");
        set(&votes[0]->advertise, "evil\n:1");
        set(&votes[1]->detail, "a\tb");
        set(&votes[1]->address, "\033[1m");
        set(&votes[2]->node_id, "nobody");
        twin = explained_vote_copy(vote(liar, 1));
        set(&twin->detail, "twin");
        g_ptr_array_add(liar->votes, twin);
        round->said = g_strdup("\033");
        g_ptr_array_add(liar->rounds, round);
        telling->notice = g_strdup("x");
        telling->event = g_strdup("DOWN");
        telling->result = g_strdup("eaten");
        g_ptr_array_add(liar->deliveries, telling);
        explanation_merge(e, liar);

        g_assert_cmpstr(e->source, ==, EXPLAINED_BY_MASTER);
        g_assert_null(e->phase);
        g_assert_null(e->candidate);
        g_assert_cmpstr(e->detail, ==, "two lines   ");
        g_assert_cmpuint(e->votes->len, ==, n_voters);
        g_assert_cmpstr(vote(e, 0)->result, ==, "silent");
        g_assert_cmpstr(vote(e, 0)->advertise, ==, advertise);
        g_assert_cmpstr(vote(e, 1)->detail, ==, "a b");
        g_assert_cmpstr(vote(e, 1)->address, ==, " [1m");
        g_assert_cmpstr(vote(e, 2)->node_id, ==, "node-2");
        g_assert_cmpstr(vote(e, 2)->result, ==, "silent");
        g_assert_null(((RoundView *) g_ptr_array_index(e->rounds, e->rounds->len - 1))->said);
        g_assert_cmpuint(e->deliveries->len, ==, n_told);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/explanation/told/keeps-the-words", test_told_keeps_the_words);
        g_test_add_func("/explanation/told/gives-up-after-a-retry", test_told_gives_up_after_a_retry);
        g_test_add_func("/explanation/told/by-another", test_told_by_another);
        g_test_add_func("/explanation/told/is-bounded", test_told_is_bounded);
        g_test_add_func("/explanation/master", test_master);
        g_test_add_func("/explanation/secrets-stay", test_secrets_stay);
        g_test_add_func("/explanation/merge/the-master-counts", test_the_master_counts);
        g_test_add_func("/explanation/merge/without-a-master", test_without_a_master_each_speaks_for_itself);
        g_test_add_func("/explanation/merge/deliveries", test_deliveries_are_merged);
        g_test_add_func("/explanation/merge/deliveries-are-cut", test_deliveries_are_cut);
        g_test_add_func("/explanation/merge/a-full-memory", test_a_full_memory);
        g_test_add_func("/explanation/merge/lies", test_lies_are_made_fit_to_be_shown);
        g_test_add_func("/explanation/merge/another-check", test_another_check_is_not_merged);
        return g_test_run();
}
