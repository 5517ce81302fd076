/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/membership.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/node.h"
#include "manager/random.h"
#include "manager/replica.h"
#include "wire/codec.h"

#define METHOD_OFFER "join.offer" /* OfferParams -> {} : would you join? */
#define METHOD_ADOPT "join.adopt" /* OfferParams -> {} : do it */
#define PROBE_DEADLINE_USEC (15 * USEC_PER_SEC)
#define INVITE_DEADLINE_USEC (60 * USEC_PER_SEC)

typedef struct OfferParams {
        char *cluster_id;
        uint64_t version; /* of the document */
        GPtrArray *peers; /* of Peer: all members, and the invited itself as joining (adopt) */
} OfferParams;
DECLARE_OBJECT(OfferParams, offer_params);

static const Field offer_fields[] = {
        FIELD(OfferParams, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(OfferParams, version, FIELD_UINT),
        FIELD(OfferParams, peers, FIELD_LIST, .object = &peer_type, .max = PEERS_MAX),
};
const ObjectType offer_params_type = OBJECT_TYPE(OfferParams, "offer", offer_fields);

/* One `node add`. */
typedef struct Invite {
        Membership *membership;
        char *address;
        Fingerprint fingerprint;
        Call *call;
        usec_t deadline;
        Invitation *invitation;
        char *node_id; /* of the invited, once it is proven */
        bool admitted; /* committed as joining */
        bool adopted;
} Invite;

typedef struct Asking {
        Membership *membership;
        Call *call;
} Asking;

struct Membership {
        Manager *manager;
        GPtrArray *invites; /* of Invite, owned; the first is under way */
        sd_event_source *deadline;
        sd_event_source *next;
};

static void start_first(Membership *membership);

static void invite_free(void *p) {
        Invite *invite = p;

        (void) invitation_free(invite->invitation);
        g_free(invite->address);
        g_free(invite->node_id);
        g_free(invite);
}

Membership *membership_new(Manager *manager) {
        Membership *membership = g_new0(Membership, 1);

        assert(manager);

        membership->manager = manager;
        membership->invites = g_ptr_array_new_with_free_func(invite_free);
        return membership;
}

Membership *membership_free(Membership *membership) {
        if (!membership)
                return NULL;

        manager_forget(membership->manager, membership);
        sd_event_source_disable_unref(membership->deadline);
        sd_event_source_disable_unref(membership->next);
        g_ptr_array_unref(membership->invites);
        g_free(membership);
        return NULL;
}

/* ---- probing ---- */

static char *describe(const JoinState *state) {
        if (!state->node_id || !*state->node_id)
                return g_strdup("not initialized: run `quctl init` there first");
        if (state->is_free)
                return g_strdup("alone and empty: may be invited");
        return g_strdup_printf(
                        "member of cluster %s with %" G_GUINT64_FORMAT " peers and %" G_GUINT64_FORMAT
                        " checks: only a node that is alone and empty may be invited. Type the command over "
                        "there, "
                        "or give it a new identity (`quctl node reset`)",
                        state->cluster_id ?: "?",
                        state->n_peers,
                        state->n_checks);
}

static void
on_probed(void *userdata, int error, const char *fingerprint, const JoinState *state, const char *text) {
        Asking *asking = userdata;
        g_autofree char *words = NULL;

        if (error < 0)
                call_fail(asking->call, CHANGE_REFUSED, "%s", text ?: g_strerror(-error));
        else {
                words = describe(state);
                call_answer(asking->call,
                            &(ManagerAnswer){
                                            .outcome = CHANGE_DONE,
                                            .text = words,
                                            .id = state->node_id,
                                            .fingerprint = fingerprint,
                            });
        }
        g_free(asking);
}

void membership_probe(Membership *membership, const char *address, Call *call) {
        Asking *asking;

        assert(membership);

        if (address_split(address, NULL, NULL) < 0) {
                call_fail(call,
                          CHANGE_INVALID,
                          "%s: should be host:port, such as bravo.example.com:9901",
                          address);
                return;
        }
        asking = g_new0(Asking, 1);
        asking->membership = membership;
        asking->call = call;
        transport_join_probe(
                        membership->manager->transport,
                        address,
                        now_boottime() + PROBE_DEADLINE_USEC,
                        on_probed,
                        asking);
}

/* ---- inviting ---- */

static Invite *first(Membership *membership) {
        return membership->invites->len > 0 ? g_ptr_array_index(membership->invites, 0) : NULL;
}

static int on_next(sd_event_source *source, void *userdata) {
        start_first(userdata);
        return 0;
}

/* not from within a call-back of the invitation that it frees */
static void end_first(Membership *membership) {
        (void) timer_arm(
                        membership->manager->event,
                        &membership->deadline,
                        USEC_INFINITY,
                        TIMER_EXACT,
                        NULL,
                        NULL);
        g_ptr_array_remove_index(membership->invites, 0);
        (void) end_of_turn(membership->manager->event, &membership->next, on_next, membership);
}

static Change *peer_change(ChangeKind kind, const char *node_id, const Peer *peer) {
        Change *change = change_new();

        change->id = random_uuid();
        change->kind = kind;
        change->object_kind = g_strdup("peer");
        change->target = g_strdup(node_id);
        change->body = peer ? codec_encode_text(&peer_type, peer) : NULL;
        change->cause = g_strdup("node add");
        change->asked_at = now_realtime();
        return change;
}

static void invite_failed(Invite *invite, ChangeOutcome outcome, const char *text) {
        Membership *membership = invite->membership;
        Manager *m = membership->manager;

        journal_event(EVENT_JOIN_FAILED,
                      JOURNAL_FIELDS({ JOURNAL_ADDRESS, invite->address },
                                     { JOURNAL_NODE, invite->node_id }),
                      "inviting %s failed: %s",
                      invite->address,
                      text);
        call_fail(invite->call, outcome, "%s", text);
        if (invite->admitted) /* take the joining peer back, whoever leads by now */
                replica_submit(m->replica,
                               peer_change(CHANGE_REMOVE, invite->node_id, NULL),
                               now_boottime() + INVITE_DEADLINE_USEC,
                               NULL);
        end_first(membership);
}

static void on_adopted(void *userdata, int error, const char *result, const char *text) {
        Invite *invite = userdata;

        if (error == -ECANCELED)
                return;
        if (error == -EREMOTE) {
                invite_failed(invite, CHANGE_REFUSED, text);
                return;
        }
        /* with the answer lost it may have adopted: then it comes up as a peer, or the deadline passes */
        invite->adopted = true;
        membership_committed(invite->membership, manager_value(invite->membership->manager));
}

static void on_admitted(void *userdata, const ManagerAnswer *answer) {
        Membership *membership = userdata;
        Manager *m = membership->manager;
        Invite *invite = first(membership);
        g_autofree char *params = NULL;
        g_autoptr(GPtrArray) peers = NULL;
        int r;

        if (!invite)
                return;
        if (answer->outcome != CHANGE_DONE) {
                invite_failed(invite, answer->outcome, answer->text);
                return;
        }
        invite->admitted = true;

        peers = value_in_order(manager_value(m), RECORD_PEER);
        params = codec_encode_text(
                        &offer_params_type,
                        &(OfferParams){
                                        .cluster_id = value_meta(manager_value(m))->cluster_id,
                                        .version = value_meta(manager_value(m))->version,
                                        .peers = peers,
                        });
        r = invitation_call(invite->invitation, METHOD_ADOPT, params, invite->deadline, on_adopted, invite);
        if (r < 0)
                invite_failed(invite,
                              CHANGE_REFUSED,
                              "the connection to the invited node was lost; try again");
}

static void on_offered(void *userdata, int error, const char *result, const char *text) {
        Invite *invite = userdata;
        Manager *m = invite->membership->manager;
        Peer peer;

        if (error == -ECANCELED)
                return;
        if (error < 0) {
                invite_failed(invite, CHANGE_REFUSED, text ?: g_strerror(-error));
                return;
        }

        peer = (Peer){
                .node_id = invite->node_id,
                .advertise = invite->address,
                .fingerprint = (char *) invitation_fingerprint(invite->invitation),
                .cert_pem = (char *) invitation_certificate(invite->invitation),
                .joining = true,
        };
        replica_submit(m->replica,
                       peer_change(CHANGE_ADD, invite->node_id, &peer),
                       invite->deadline,
                       call_new(m->calls, on_admitted, invite->membership));
}

static void on_invited(void *userdata, int error, Invitation *invitation, const char *text) {
        Invite *invite = userdata;
        Manager *m = invite->membership->manager;
        const Value *value = manager_value(m);
        g_autofree char *params = NULL;
        int r;

        if (error == -ECANCELED)
                return;
        if (error < 0) {
                invite_failed(invite, CHANGE_REFUSED, text ?: g_strerror(-error));
                return;
        }

        invite->invitation = invitation;
        invite->node_id = g_strdup(invitation_node_id(invitation));
        params = codec_encode_text(
                        &offer_params_type,
                        &(OfferParams){
                                        .cluster_id = value_meta(value)->cluster_id,
                                        .version = value_meta(value)->version,
                        });
        r = invitation_call(invitation, METHOD_OFFER, params, invite->deadline, on_offered, invite);
        if (r < 0)
                invite_failed(invite,
                              CHANGE_REFUSED,
                              "the connection to the invited node was lost; try again");
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Membership *membership = userdata;
        Invite *invite = first(membership);

        if (invite)
                invite_failed(invite,
                              CHANGE_REFUSED,
                              invite->adopted ? "the new member did not come up and hold the cluster's "
                                                "value in "
                                                "time: can the members reach each other's advertised "
                                                "addresses? "
                                                "It was taken out again; give it a new identity (`quctl "
                                                "node "
                                                "reset`) and try again"
                                              : "not done in time; try again");
        return 0;
}

static void start_first(Membership *membership) {
        Manager *m = membership->manager;
        Invite *invite = first(membership);

        if (!invite)
                return;

        invite->deadline = now_boottime() + INVITE_DEADLINE_USEC;
        (void) timer_arm(
                        m->event,
                        &membership->deadline,
                        invite->deadline,
                        TIMER_RELAXED,
                        on_deadline,
                        membership);
        if (!*manager_master(m)) {
                invite_failed(invite,
                              CHANGE_NO_QUORUM,
                              "no quorum: nobody leads the cluster, so nobody can be added. `quctl status` "
                              "shows "
                              "who is missing");
                return;
        }
        transport_invite(
                        m->transport,
                        invite->address,
                        &invite->fingerprint,
                        value_meta(manager_value(m))->cluster_id,
                        &m->node->join_key,
                        invite->deadline,
                        on_invited,
                        invite);
}

void membership_add(Membership *membership, const char *address, const char *fingerprint, Call *call) {
        Invite *invite;
        Fingerprint expected;

        assert(membership);

        if (address_split(address, NULL, NULL) < 0) {
                call_fail(call,
                          CHANGE_INVALID,
                          "%s: should be host:port, such as bravo.example.com:9901",
                          address);
                return;
        }
        if (fingerprint_from_string(fingerprint, &expected) < 0) {
                call_fail(call,
                          CHANGE_INVALID,
                          "%s: a fingerprint is sha256: and 64 hex digits, as `quctl fingerprint` prints it "
                          "there",
                          fingerprint);
                return;
        }

        invite = g_new0(Invite, 1);
        invite->membership = membership;
        invite->address = g_strdup(address);
        invite->fingerprint = expected;
        invite->call = call;
        g_ptr_array_add(membership->invites, invite);
        if (membership->invites->len == 1)
                start_first(membership);
}

void membership_committed(Membership *membership, const Value *value) {
        Invite *invite = first(membership);
        const Peer *peer;

        if (!invite || !invite->adopted)
                return;

        peer = value_peer(value, invite->node_id);
        if (!peer || peer->joining)
                return;
        journal_event(EVENT_JOIN,
                      JOURNAL_FIELDS({ JOURNAL_NODE, invite->node_id },
                                     { JOURNAL_ADDRESS, invite->address }),
                      "node %s at %s joined the cluster",
                      invite->node_id,
                      invite->address);
        call_answer(invite->call,
                    &(ManagerAnswer){
                                    .outcome = CHANGE_DONE,
                                    .version = value_meta(value)->version,
                                    .id = invite->node_id,
                                    .fingerprint = peer->fingerprint,
                    });
        end_first(membership);
}

/* ---- being invited ---- */

void membership_join_state(Membership *membership, JoinState *state) {
        Manager *m = membership->manager;
        const Value *value = manager_value(m);
        size_t n_peers, n_checks, n_alerts;

        (void) value_slice(value, RECORD_PEER, &n_peers);
        (void) value_slice(value, RECORD_CHECK, &n_checks);
        (void) value_slice(value, RECORD_ALERT, &n_alerts);
        g_free(state->node_id);
        state->node_id = g_strdup(manager_node_id(m));
        state->advertise = g_strdup(m->node->config->advertise);
        g_free(state->cluster_id);
        state->cluster_id = g_strdup(value_meta(value) ? value_meta(value)->cluster_id : "");
        state->n_peers = n_peers;
        state->n_checks = n_checks;
        state->n_alerts = n_alerts;
        state->is_free = n_peers == 1 && value_n_voters(value) == 1 &&
                         value_voter_rank(value, manager_node_id(m)) == 0 && n_checks == 0 && n_alerts == 0;
}

static void
refuse(Membership *membership, const Joiner *joiner, TransportCall *call, const JoinState *state) {
        g_autofree char *words = describe(state);
        g_autofree char *text = g_strdup_printf("this node is %s", words);

        journal_event(EVENT_JOIN_FAILED,
                      JOURNAL_FIELDS({ JOURNAL_ADDRESS, joiner->address },
                                     { JOURNAL_NODE, joiner->node_id }),
                      "refused an invitation by %s from %s: %s",
                      joiner->node_id,
                      joiner->address,
                      text);
        transport_call_fail(call, text);
}

void membership_join_call(
                Membership *membership,
                const Joiner *joiner,
                const char *method,
                const char *params,
                TransportCall *call) {
        Manager *m = membership->manager;
        _cleanup_(offer_params_freep) OfferParams *offer = NULL;
        _cleanup_(join_state_freep) JoinState *state = join_state_new();
        g_autofree char *error = NULL;
        int r;

        membership_join_state(membership, state);
        r = codec_decode(&offer_params_type, params, strlen(params), (void **) &offer, &error);
        if (r < 0)
                transport_call_fail(call, error);
        else if (strcmp(offer->cluster_id, joiner->cluster_id) != 0)
                transport_call_fail(call, "the proof was for another cluster");
        else if (!state->is_free)
                refuse(membership, joiner, call, state);
        else if (strcmp(method, METHOD_OFFER) == 0)
                transport_call_reply(call, "{}");
        else if (strcmp(method, METHOD_ADOPT) == 0) {
                journal_event(EVENT_JOIN,
                              JOURNAL_FIELDS({ JOURNAL_NODE, joiner->node_id },
                                             { JOURNAL_ADDRESS, joiner->address }),
                              "joining cluster %s by invitation of %s from %s",
                              offer->cluster_id,
                              joiner->node_id,
                              joiner->address);
                manager_adopt(m, offer->cluster_id, offer->version, offer->peers, call);
        } else
                transport_call_fail(call, "no such method");
}
