/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cluster/value.h"

static Check *some_check(const char *id, const char *name, uint64_t order) {
        Check *check = check_new();

        check->id = g_strdup(id);
        check->name = g_strdup(name);
        check->type = CHECK_TCP;
        check->order = order;
        return check;
}

static Peer *some_peer(const char *id, bool joining) {
        Peer *peer = peer_new();

        peer->node_id = g_strdup(id);
        peer->fingerprint = g_strdup_printf("sha256:%s", id);
        peer->joining = joining;
        return peer;
}

static Value *some_value(void) {
        _cleanup_(value_unrefp) Value *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_new();

        delta_put_object(delta, RECORD_CHECK, some_check("c2", "two", 2));
        delta_put_object(delta, RECORD_CHECK, some_check("c1", "one", 3));
        delta_put_object(delta, RECORD_PEER, some_peer("pb", false));
        delta_put_object(delta, RECORD_PEER, some_peer("pa", false));
        delta_put_object(delta, RECORD_PEER, some_peer("pc", true));
        return value_apply(empty, delta);
}

static void test_find(void) {
        _cleanup_(value_unrefp) Value *value = some_value();
        size_t n;

        g_assert_cmpstr(value_check(value, "c1")->name, ==, "one");
        g_assert_cmpstr(value_check(value, "two")->id, ==, "c2");
        g_assert_null(value_check(value, "three"));
        g_assert_null(value_alert(value, "c1"));
        g_assert_cmpstr(value_peer_by_fingerprint(value, "sha256:pb")->node_id, ==, "pb");
        g_assert_nonnull(value_records(value, &n));
        g_assert_cmpuint(n, ==, 5);
        g_assert_null(value_meta(value));
}

static void test_voters_are_sorted_and_do_not_join(void) {
        _cleanup_(value_unrefp) Value *value = some_value();

        g_assert_cmpuint(value_n_voters(value), ==, 2);
        g_assert_cmpstr(value_voter(value, 0), ==, "pa");
        g_assert_cmpint(value_voter_rank(value, "pb"), ==, 1);
        g_assert_cmpint(value_voter_rank(value, "pc"), ==, -ENOENT);
}

static void test_apply_shares_what_it_leaves(void) {
        _cleanup_(value_unrefp) Value *value = some_value(), *next = NULL;
        _cleanup_(delta_freep) Delta *delta = delta_new();
        size_t n, m;

        delta_delete(delta, RECORD_CHECK, "c1");
        delta_delete(delta, RECORD_CHECK, "absent");
        next = value_apply(value, delta);

        g_assert_null(value_check(next, "c1"));
        g_assert_nonnull(value_check(value, "c1"));
        g_assert_true(value_slice(value, RECORD_PEER, &n) == value_slice(next, RECORD_PEER, &m));
        g_assert_cmpuint(n, ==, m);
}

static void test_the_last_op_of_a_key_wins(void) {
        _cleanup_(value_unrefp) Value *value = some_value(), *next = NULL;
        _cleanup_(delta_freep) Delta *delta = delta_new();

        delta_delete(delta, RECORD_CHECK, "c1");
        delta_put_object(delta, RECORD_CHECK, some_check("c1", "uno", 1));
        delta_put_object(delta, RECORD_CHECK, some_check("c3", "three", 1));
        delta_delete(delta, RECORD_CHECK, "c3");
        next = value_apply(value, delta);

        g_assert_cmpstr(value_check(next, "c1")->name, ==, "uno");
        g_assert_null(value_check(next, "c3"));
}

/* whatever way a value came about, its hash is that of its records; the difference leads from one to the
 * other */
static void test_hash_and_difference(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(7);
        _cleanup_(value_unrefp) Value *value = some_value(), *first = some_value();

        for (unsigned round = 0; round < 200; round++) {
                _cleanup_(delta_freep) Delta *delta = delta_new(), *back = NULL;
                _cleanup_(value_unrefp) Value *next = NULL, *anew = NULL, *again = NULL;
                Record *const *records;
                size_t n;

                for (int i = g_rand_int_range(rand, 0, 5); i > 0; i--) {
                        g_autofree char *id = g_strdup_printf("c%d", g_rand_int_range(rand, 0, 20));

                        if (g_rand_boolean(rand))
                                delta_delete(delta, RECORD_CHECK, id);
                        else
                                delta_put_object(
                                                delta,
                                                RECORD_CHECK,
                                                some_check(id, id, g_rand_int(rand) % 3));
                }
                next = value_apply(value, delta);

                records = value_records(next, &n);
                anew = value_new(records, n);
                g_assert_cmpmem(value_hash(anew),
                                sizeof(RecordDigest),
                                value_hash(next),
                                sizeof(RecordDigest));

                back = delta_between(first, next);
                again = value_apply(first, back);
                g_assert_cmpmem(value_hash(again),
                                sizeof(RecordDigest),
                                value_hash(next),
                                sizeof(RecordDigest));

                (void) value_unref(value);
                value = g_steal_pointer(&next);
        }
}

static void test_document_is_in_order(void) {
        _cleanup_(value_unrefp) Value *value = some_value();
        _cleanup_(document_freep) Document *document = value_document(value);

        g_assert_cmpuint(document->checks->len, ==, 2);
        g_assert_cmpstr(((Check *) document->checks->pdata[0])->id, ==, "c2");
        g_assert_cmpuint(document->peers->len, ==, 3);
        g_assert_cmpuint(document->alerts->len, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/value/find", test_find);
        g_test_add_func("/value/voters", test_voters_are_sorted_and_do_not_join);
        g_test_add_func("/value/apply-shares", test_apply_shares_what_it_leaves);
        g_test_add_func("/value/last-op-wins", test_the_last_op_of_a_key_wins);
        g_test_add_func("/value/hash-and-difference", test_hash_and_difference);
        g_test_add_func("/value/document-in-order", test_document_is_in_order);
        return g_test_run();
}
