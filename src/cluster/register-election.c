/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may lead. A node that misses the leader first asks whether it would win (a trial binds nobody and
 * raises no term), then stands in a new term; one vote per term, on the disk before it is told, only for a
 * candidate whose value is not older. The smaller a NodeID among the voters, the sooner it stands. Who
 * answered a ping of the leader grants nothing for as long as that ping said: the leader's lease rests on
 * this. */

#include <string.h>

#include "cluster/register-state.h"

void election_arm(Register *r) {
        usec_t election = value_election_timeout(r, r->memory.accepted.value);
        int rank = value_voter_rank(r->memory.accepted.value, r->node_id);

        r->timer = r->now + election + (usec_t) CLAMP(rank, 0, 6) * election / 4 +
                   register_random(r, election / 8 + 1);
        if (r->timer < r->silent_until)
                r->timer = r->silent_until;
}

static void set_leader(Register *r, const char *leader) {
        if (strcmp(r->leader, leader) == 0)
                return;
        g_free(r->leader);
        r->leader = g_strdup(leader);
        r->leader_since = r->now;
}

void election_forget_leader(Register *r) {
        set_leader(r, "");
}

void election_step_down(Register *r) {
        bool led = r->role == ROLE_LEADER;

        r->role = ROLE_FOLLOWER;
        r->handover = 0;
        r->leaving_until = 0;
        if (!led)
                return;
        set_leader(r, "");
        batch_abandon(r);
        election_arm(r);
}

void election_adopt_term(Register *r, uint64_t term) {
        if (term <= r->memory.term)
                return;
        r->memory.term = term;
        g_free(r->memory.vote);
        r->memory.vote = g_strdup("");
        if (r->role != ROLE_FOLLOWER)
                election_arm(r);
        election_step_down(r);
        set_leader(r, "");
        g_clear_pointer(&r->unanswered, ping_free);
}

void election_follow(Register *r, const char *leader) {
        election_step_down(r);
        set_leader(r, leader);
        election_arm(r);

        /* it has led long enough: handing over to it worked */
        if (r->now - r->leader_since > 3 * value_election_timeout(r, r->memory.accepted.value))
                peering_get(r, leader)->handover_failures = 0;
}

static bool has_majority_of_votes(const Register *r) {
        const Value *value = r->memory.accepted.value;
        size_t n = 0;

        for (size_t i = 0; i < value_n_voters(value); i++) {
                const Peering *peering = peering_find(r, value_voter(value, i));

                n += strcmp(value_voter(value, i), r->node_id) == 0 || (peering && peering->granted);
        }
        return n * 2 > value_n_voters(value);
}

static void become_leader(Register *r) {
        _cleanup_(value_unrefp) Value *value = value_ref(r->memory.accepted.value);

        r->role = ROLE_LEADER;
        batch_forget_refusals(r);
        r->handover = 0;
        r->leaving_until = 0;
        set_leader(r, r->node_id);
        r->lead_since = r->now;
        r->short_at = (Stamp){};
        r->short_election = USEC_INFINITY;
        r->ping_next = r->now;
        for (unsigned i = 0; i < r->peerings->len; i++) {
                Peering *peering = g_ptr_array_index(r->peerings, i);

                peering->known = peering->forgetful = peering->wants_whole = false;
                peering->durable = peering->held = peering->offered = (Stamp){};
                peering->echo = 0;
        }
        /* our own stamp on what we hold is committed before anything else: what was acknowledged in earlier
         * terms is committed with it, and no change of voters rests on a value that may still be lost */
        offer_propose(r, value);
}

static void ask_for_vote(Register *r, const Peer *peer) {
        VoteRequest request = {
                .term = r->memory.term + (r->role == ROLE_TRIAL),
                .trial = r->role == ROLE_TRIAL,
                .accepted_term = r->memory.accepted.at.term,
                .accepted_seq = r->memory.accepted.at.seq,
                .handover = r->handover,
        };

        if (!peer->joining)
                register_send(r,
                              peer->node_id,
                              REGISTER_METHOD_VOTE,
                              &vote_request_type,
                              &request,
                              /* urgent= */ true,
                              /* immediate= */ false);
}

static void stand(Register *r, bool trial) {
        r->role = trial ? ROLE_TRIAL : ROLE_CANDIDATE;
        set_leader(r, "");
        g_clear_pointer(&r->unanswered,
                        ping_free); /* the next leader must not get it for an echo of its own */
        if (!trial) {
                r->memory.term++; /* at every election, also of a cluster of one */
                g_free(r->memory.vote);
                r->memory.vote = g_strdup(r->node_id);
        }
        election_arm(r);
        for (unsigned i = 0; i < r->peerings->len; i++)
                ((Peering *) g_ptr_array_index(r->peerings, i))->granted = false;
        register_each_peer(r, ask_for_vote);

        if (!has_majority_of_votes(r))
                return;
        if (trial)
                stand(r, false);
        else
                become_leader(r);
}

void election_stand(Register *r, uint64_t handover) {
        r->handover = handover;
        stand(r, handover == 0);
}

/* In the first E of a process nobody knows what the one before it promised. A sole voter promised nothing.
 */
static bool is_newborn(const Register *r) {
        return value_n_voters(r->disk.accepted.value) > 1 &&
               r->now - r->started < value_election_timeout(r, r->disk.accepted.value);
}

void election_timeout(Register *r) {
        if (r->role == ROLE_LEADER || r->now < r->timer)
                return;

        set_leader(r, "");
        /* nobody stands on what is not yet written: neither on a vote nor on a value */
        if (register_is_voter(r) && !r->disk_failed && !r->removed && !is_newborn(r) &&
            hard_equal(&r->memory, &r->disk))
                election_stand(r, 0);
        else
                election_arm(r);
}

/* What silences us, and that a leader who handed over lifts it for its own term alone. */
static bool is_silent(const Register *r, const VoteRequest *request) {
        if (r->disk_failed || r->removed || r->role == ROLE_LEADER)
                return true;
        if (r->now - r->started < value_election_timeout(r, r->disk.accepted.value))
                return true;
        return r->now < r->silent_until && (request->handover == 0 || request->handover != r->silent_term);
}

static bool may_grant(const Register *r, const char *from, const VoteRequest *request) {
        Stamp candidate = { request->accepted_term, request->accepted_seq };

        if (stamp_compare(candidate, r->memory.accepted.at) < 0)
                return false;
        if (request->trial)
                return request->term > r->memory.term;
        return request->term == r->memory.term && (!*r->memory.vote || strcmp(r->memory.vote, from) == 0);
}

void election_requested(Register *r, const char *from, const VoteRequest *request) {
        VoteAnswer answer = { .term = request->term, .trial = request->trial };

        /* without a word: a refusal with our term would only disturb who must not win now */
        if (is_silent(r, request))
                return;

        if (!request->trial)
                election_adopt_term(r, request->term);
        answer.granted = may_grant(r, from, request);
        answer.own_term = r->memory.term;
        if (answer.granted && !request->trial) {
                g_free(r->memory.vote);
                r->memory.vote = g_strdup(from);
                election_arm(r);
        }
        register_send(r,
                      from,
                      REGISTER_METHOD_VOTED,
                      &vote_answer_type,
                      &answer,
                      /* urgent= */ true,
                      /* immediate= */ false);
}

void election_answered(Register *r, const char *from, const VoteAnswer *answer) {
        if (r->disk_failed)
                return;
        if (!answer->granted) {
                election_adopt_term(r, answer->own_term);
                return;
        }
        if (answer->trial ? r->role != ROLE_TRIAL || answer->term != r->memory.term + 1
                          : r->role != ROLE_CANDIDATE || answer->term != r->memory.term)
                return;

        peering_get(r, from)->granted = true;
        if (!has_majority_of_votes(r))
                return;
        if (answer->trial)
                stand(r, false);
        else
                become_leader(r);
}

void election_handed_over(Register *r, const char *from, const Handover *handover) {
        if (r->role == ROLE_LEADER || r->disk_failed || r->removed || is_newborn(r) ||
            !register_is_voter(r) || handover->term == 0 || handover->term != r->memory.term ||
            strcmp(r->leader, from) != 0 || !hard_equal(&r->memory, &r->disk))
                return;
        election_stand(r, handover->term);
}
