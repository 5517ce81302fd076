/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "manager/adoption.h"
#include "transport/identity.h"

static NewIdentity identities[2];

static Peer *peer(unsigned i) {
        char text[FINGERPRINT_TEXT_SIZE];
        Peer *peer = peer_new();

        peer->node_id = g_strdup_printf("node-%u", i);
        peer->advertise = g_strdup_printf("127.0.0.1:%u", 9901 + i);
        peer->fingerprint = g_strdup(fingerprint_to_string(&identities[i].fingerprint, text));
        peer->cert_pem = g_strdup(identities[i].cert_pem);
        return peer;
}

/* node-0 invites node-1 */
static JoinOffer *offer(void) {
        JoinOffer *offer = join_offer_new();

        offer->cluster_id = g_strdup("k");
        offer->version = 7;
        offer->peers = object_list_new(&peer_type);
        g_ptr_array_add(offer->peers, peer(0));
        g_ptr_array_add(offer->peers, peer(1));
        return offer;
}

static Peer *member(const JoinOffer *offer, unsigned i) {
        return g_ptr_array_index(offer->peers, i);
}

static void refused(const JoinOffer *offer, const char *words) {
        char own[FINGERPRINT_TEXT_SIZE];
        g_autofree char *error = NULL;
        Value *value = NULL;

        (void) fingerprint_to_string(&identities[1].fingerprint, own);
        g_assert_cmpint(adoption_value(offer, "node-1", own, &value, &error), ==, -EBADMSG);
        g_assert_null(value);
        if (!strstr(error, words))
                g_error("\"%s\" is not in \"%s\"", words, error);
}

static void test_what_is_handed_over(void) {
        _cleanup_(join_offer_freep) JoinOffer *given = offer();
        _cleanup_(value_unrefp) Value *value = NULL;
        char own[FINGERPRINT_TEXT_SIZE];

        (void) fingerprint_to_string(&identities[1].fingerprint, own);
        g_assert_cmpint(adoption_value(given, "node-1", own, &value, NULL), ==, 0);
        g_assert_cmpstr(value_meta(value)->cluster_id, ==, "k");
        g_assert_cmpuint(value_meta(value)->version, ==, 7);
        g_assert_cmpuint(value_n_voters(value), ==, 1);
        g_assert_true(value_peer(value, "node-1")->joining);
}

static void test_what_a_liar_hands_over(void) {
        _cleanup_(join_offer_freep) JoinOffer *given = offer();

        member(given, 0)->joining = true;
        refused(given, "a voter");
        member(given, 0)->joining = false;

        g_free(member(given, 0)->node_id);
        member(given, 0)->node_id = g_strdup("");
        refused(given, "node_id");
        g_free(member(given, 0)->node_id);
        member(given, 0)->node_id = g_strdup("node-1");
        refused(given, "node-1");
        g_free(member(given, 0)->node_id);
        member(given, 0)->node_id = g_strdup("node-0");

        g_free(member(given, 0)->cert_pem);
        member(given, 0)->cert_pem = g_strdup(identities[1].cert_pem);
        refused(given, "certificate");
        g_clear_pointer(&member(given, 0)->cert_pem, g_free);
        refused(given, "certificate");
        member(given, 0)->cert_pem = g_strdup(identities[0].cert_pem);

        (void) peer_free(g_ptr_array_steal_index(given->peers, 1));
        refused(given, "this node");
        (void) peer_free(g_ptr_array_steal_index(given->peers, 0));
        refused(given, "this node");
        g_clear_pointer(&given->peers, g_ptr_array_unref);
        refused(given, "empty");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (unsigned i = 0; i < 2; i++)
                g_assert_cmpint(identity_generate(KEY_ED25519, "node", 1, &identities[i], NULL), ==, 0);
        g_test_add_func("/adoption/honest", test_what_is_handed_over);
        g_test_add_func("/adoption/liar", test_what_a_liar_hands_over);
        return g_test_run();
}
