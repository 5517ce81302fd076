/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/membership.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "manager/adoption.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/messages.h"
#include "manager/node.h"
#include "manager/replica.h"
#include "manager/timing.h"
#include "wire/codec.h"

#define PROBE_DEADLINE_USEC (15 * USEC_PER_SEC)
#define BUSY_RETRY_USEC (500 * USEC_PER_MSEC) /* while another node is joining */

/* How far an invitation has come; what is taken back when it fails depends on it. */
typedef enum InviteStage {
        INVITE_PROVING,
        INVITE_ADMITTING, /* asked for as joining: whether that is committed may never be known */
        INVITE_ADOPTING,  /* asked to adopt: from here on the invited may be one of us */
        INVITE_ADOPTED,
} InviteStage;

/* One `node add`. */
typedef struct Invite {
        Membership *membership;
        char *address;
        Fingerprint fingerprint;
        Call *call;      /* NULL: answered */
        usec_t deadline; /* 0: not begun */
        Invitation *invitation;
        char *node_id; /* of the invited, once it is proven */
        InviteStage stage;
        char *busy; /* why it waits, while another node is joining */
        sd_event_source *retry;
} Invite;

struct Membership {
        Manager *manager;
        GPtrArray *invites; /* of Invite, owned; the first is under way */
        sd_event_source *deadline;
        sd_event_source *next;
};

static void start_first(Membership *membership);

static void invite_free(void *p) {
        Invite *invite = p;
        Manager *m = invite->membership->manager;

        if (invite->call)
                call_fail(invite->call,
                          CHANGE_UNKNOWN_OUTCOME,
                          "this node stopped, joined another cluster or gave up its identity before %s was "
                          "a "
                          "member",
                          invite->address);
        manager_forget(m, invite);
        (void) invitation_free(invite->invitation);
        sd_event_source_disable_unref(invite->retry);
        g_free(invite->busy);
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
        Call *call = userdata; /* the manager's, which outlives the transport */
        g_autofree char *words = NULL;

        if (error < 0) {
                call_fail(call, CHANGE_REFUSED, "%s", text ?: g_strerror(-error));
                return;
        }
        words = describe(state);
        call_answer(call,
                    &(ManagerAnswer){
                                    .outcome = CHANGE_DONE,
                                    .text = words,
                                    .id = state->node_id,
                                    .fingerprint = fingerprint,
                    });
}

void membership_probe(Membership *membership, const char *address, Call *call) {
        assert(membership);

        if (address_split(address, NULL, NULL) < 0) {
                call_fail(call,
                          CHANGE_INVALID,
                          "%s: should be host:port, such as bravo.example.com:9901",
                          address);
                return;
        }
        transport_join_probe(
                        membership->manager->transport,
                        address,
                        now_boottime() + PROBE_DEADLINE_USEC,
                        on_probed,
                        call);
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

        change->id = random_id();
        change->kind = kind;
        change->object_kind = g_strdup("peer");
        change->target = g_strdup(node_id);
        change->body = peer ? codec_encode_text(&peer_type, peer) : NULL;
        change->cause = g_strdup("node add");
        change->asked_at = now_realtime();
        return change;
}

/* Takes the joining peer back, whoever leads by now. Once it has been asked to adopt, only its own refusal
 * tells that it did not; else its key is barred, so that the members do not have to know. */
static void take_back(Invite *invite) {
        bool may_have_adopted = invite->stage >= INVITE_ADOPTING;

        if (invite->stage == INVITE_PROVING)
                return;
        replica_submit(invite->membership->manager->replica,
                       peer_change(may_have_adopted ? CHANGE_REMOVE : CHANGE_WITHDRAW,
                                   invite->node_id,
                                   NULL),
                       now_boottime() + timing()->invite,
                       NULL);
}

static void invite_failed(Invite *invite, ChangeOutcome outcome, const char *text) {
        Membership *membership = invite->membership;

        journal_event(EVENT_JOIN_FAILED,
                      JOURNAL_FIELDS({ JOURNAL_ADDRESS, invite->address },
                                     { JOURNAL_NODE, invite->node_id }),
                      "inviting %s failed: %s",
                      invite->address,
                      text);
        call_fail(TAKE_PTR(invite->call), outcome, "%s", text);
        take_back(invite);
        end_first(membership);
}

static void lost_connection(Invite *invite) {
        invite_failed(invite, CHANGE_REFUSED, "the connection to the invited node was lost; try again");
}

static void on_adopted(void *userdata, int error, const char *result, const char *text) {
        Invite *invite = userdata;

        if (error == -ECANCELED)
                return;
        if (error == -EREMOTE) {
                invite->stage = INVITE_ADMITTING; /* its own word: it has not */
                invite_failed(invite, CHANGE_REFUSED, text);
                return;
        }
        /* with the answer lost it may have adopted: then it comes up as a peer, or the deadline passes */
        invite->stage = INVITE_ADOPTED;
        membership_committed(invite->membership, manager_value(invite->membership->manager));
}

static void admit(Invite *invite);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        admit(userdata);
        return 0;
}

static void wait_for_another(Invite *invite, const char *why) {
        invite->stage = INVITE_PROVING;
        g_free(invite->busy);
        invite->busy = g_strdup(why);
        (void) timer_arm(
                        invite->membership->manager->event,
                        &invite->retry,
                        now_boottime() + BUSY_RETRY_USEC,
                        TIMER_RELAXED,
                        on_retry,
                        invite);
}

static void adopt(Invite *invite) {
        Manager *m = invite->membership->manager;
        g_autofree char *params = NULL;
        g_autoptr(GPtrArray) peers = NULL;
        int r;

        peers = value_in_order(manager_value(m), RECORD_PEER);
        params = codec_encode_text(
                        &join_offer_type,
                        &(JoinOffer){
                                        .cluster_id = value_meta(manager_value(m))->cluster_id,
                                        .version = value_meta(manager_value(m))->version,
                                        .peers = peers,
                        });
        r = invitation_call(
                        invite->invitation, METHOD_JOIN_ADOPT, params, invite->deadline, on_adopted, invite);
        if (r < 0)
                lost_connection(invite);
        else
                invite->stage = INVITE_ADOPTING;
}

static void on_admitted(void *userdata, const ManagerAnswer *answer) {
        Invite *invite = userdata;

        if (answer->outcome == CHANGE_DONE)
                adopt(invite);
        else if (answer->outcome == CHANGE_REFUSED && *answer->id &&
                 strcmp(answer->id, invite->node_id) != 0)
                wait_for_another(invite, answer->text); /* whom the answer names is joining */
        else {
                if (answer->outcome != CHANGE_UNKNOWN_OUTCOME)
                        invite->stage = INVITE_PROVING; /* nothing was done */
                invite_failed(invite, answer->outcome, answer->text);
        }
}

static void admit(Invite *invite) {
        Manager *m = invite->membership->manager;
        Peer peer;

        peer = (Peer){
                .node_id = invite->node_id,
                .advertise = invite->address,
                .fingerprint = (char *) invitation_fingerprint(invite->invitation),
                .cert_pem = (char *) invitation_certificate(invite->invitation),
                .joining = true,
        };
        invite->stage = INVITE_ADMITTING;
        replica_submit(m->replica,
                       peer_change(CHANGE_ADD, invite->node_id, &peer),
                       invite->deadline,
                       call_new(m->calls, on_admitted, invite));
}

static void on_offered(void *userdata, int error, const char *result, const char *text) {
        if (error == -ECANCELED)
                return; /* the invite is gone */
        if (error < 0)
                invite_failed(userdata, CHANGE_REFUSED, text ?: g_strerror(-error));
        else
                admit(userdata);
}

static void on_invited(void *userdata, int error, Invitation *invitation, const char *text) {
        Invite *invite = userdata;
        Manager *m = invite->membership->manager;
        const Value *value = manager_value(m);
        g_autofree char *params = NULL;
        int r;

        if (error < 0) {
                invite->invitation = NULL; /* it goes by itself */
                invite_failed(invite, CHANGE_REFUSED, text ?: g_strerror(-error));
                return;
        }

        invite->node_id = g_strdup(invitation_node_id(invitation));
        params = codec_encode_text(
                        &join_offer_type,
                        &(JoinOffer){
                                        .cluster_id = value_meta(value)->cluster_id,
                                        .version = value_meta(value)->version,
                        });
        r = invitation_call(invitation, METHOD_JOIN_OFFER, params, invite->deadline, on_offered, invite);
        if (r < 0)
                lost_connection(invite);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Invite *invite = first(userdata);
        g_autofree char *text = NULL;

        if (!invite)
                return 0;
        text = invite->stage >= INVITE_ADOPTING
                               ? g_strdup("the new member did not come up and hold the cluster's value in "
                                          "time: can the members reach each other's advertised addresses? "
                                          "It "
                                          "was taken out again; give it a new identity (`quctl node reset`) "
                                          "and try again")
                               : g_strdup(invite->busy ?: "not done in time; try again");
        invite_failed(invite, CHANGE_REFUSED, text);
        return 0;
}

static void start_first(Membership *membership) {
        Manager *m = membership->manager;
        Invite *invite = first(membership);

        if (!invite || invite->deadline > 0) /* none, or one that came while the next was to be started */
                return;

        invite->deadline = now_boottime() + timing()->invite;
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
        invite->invitation = transport_invite(
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

        if (!invite || invite->stage != INVITE_ADOPTED)
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
        call_answer(TAKE_PTR(invite->call),
                    &(ManagerAnswer){
                                    .outcome = CHANGE_DONE,
                                    .version = value_meta(value)->version,
                                    .id = invite->node_id,
                                    .fingerprint = peer->fingerprint,
                    });
        end_first(membership);
}

/* ---- being invited ---- */

bool membership_is_free(const Membership *membership) {
        const Manager *m = membership->manager;
        size_t n_peers, n_checks, n_alerts;

        (void) value_slice(m->value, RECORD_PEER, &n_peers);
        (void) value_slice(m->value, RECORD_CHECK, &n_checks);
        (void) value_slice(m->value, RECORD_ALERT, &n_alerts);
        return n_peers == 1 && value_n_voters(m->value) == 1 &&
               value_voter_rank(m->value, manager_node_id(m)) == 0 && n_checks == 0 && n_alerts == 0;
}

void membership_join_state(Membership *membership, JoinState *state) {
        Manager *m = membership->manager;
        const Value *value = manager_value(m);
        size_t n_peers, n_checks, n_alerts;

        (void) value_slice(value, RECORD_PEER, &n_peers);
        (void) value_slice(value, RECORD_CHECK, &n_checks);
        (void) value_slice(value, RECORD_ALERT, &n_alerts);
        state->advertise = g_strdup(m->node->config->advertise);
        state->n_peers = n_peers;
        state->n_checks = n_checks;
        state->n_alerts = n_alerts;
        state->is_free = membership_is_free(membership);
}

static void refuse(Membership *membership, const Joiner *joiner, TransportCall *call) {
        _cleanup_(join_state_freep) JoinState *state = join_state_new();
        const Manager *m = membership->manager;
        g_autofree char *words = NULL, *text = NULL;

        state->node_id = g_strdup(manager_node_id(m));
        state->cluster_id = g_strdup(value_meta(m->value) ? value_meta(m->value)->cluster_id : "");
        membership_join_state(membership, state);
        words = describe(state);
        text = g_strdup_printf("this node is %s", words);

        journal_event(EVENT_JOIN_FAILED,
                      JOURNAL_FIELDS({ JOURNAL_ADDRESS, joiner->address },
                                     { JOURNAL_NODE, joiner->node_id }),
                      "refused an invitation by %s from %s: %s",
                      joiner->node_id,
                      joiner->address,
                      text);
        transport_call_fail(call, text);
}

/* two members have invited us at once, and this one comes second: an error would have us taken out again */
static bool is_member_of(const Manager *m, const char *cluster_id) {
        return value_meta(m->value) && strcmp(value_meta(m->value)->cluster_id, cluster_id) == 0;
}

void membership_join_call(
                Membership *membership,
                const Joiner *joiner,
                const char *method,
                const char *params,
                TransportCall *call) {
        Manager *m = membership->manager;
        _cleanup_(join_offer_freep) JoinOffer *offer = NULL;
        _cleanup_(value_unrefp) Value *value = NULL;
        g_autofree char *error = NULL;
        int r;

        r = codec_decode(&join_offer_type, params, strlen(params), (void **) &offer, &error);
        if (r < 0)
                transport_call_fail(call, error);
        else if (strcmp(offer->cluster_id, joiner->cluster_id) != 0)
                transport_call_fail(call, "the proof was for another cluster");
        else if (!membership_is_free(membership) &&
                 !(strcmp(method, METHOD_JOIN_ADOPT) == 0 && is_member_of(m, offer->cluster_id)))
                refuse(membership, joiner, call);
        else if (strcmp(method, METHOD_JOIN_OFFER) == 0)
                transport_call_reply(call, "{}");
        else if (strcmp(method, METHOD_JOIN_ADOPT) == 0 &&
                 adoption_value(offer,
                                manager_node_id(m),
                                identity_fingerprint_text(m->node->identity),
                                &value,
                                &error) < 0)
                transport_call_fail(call, error);
        else if (strcmp(method, METHOD_JOIN_ADOPT) == 0) {
                journal_event(EVENT_JOIN,
                              JOURNAL_FIELDS({ JOURNAL_NODE, joiner->node_id },
                                             { JOURNAL_ADDRESS, joiner->address }),
                              "joining cluster %s by invitation of %s from %s",
                              offer->cluster_id,
                              joiner->node_id,
                              joiner->address);
                manager_adopt(m, value, call);
        } else
                transport_call_fail(call, "no such method");
}
