/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who acts. Every ping carries its send time and E; who answers promises to grant no vote for that E. So
 * long as a majority has answered pings sent less than 3/4 E ago, nobody else can have been elected, even
 * with clocks that run 10 % apart: the promise began after the ping was sent and lasts a third longer than
 * the lease.
 *
 * Pings and their answers speak only of what is on the disk, so they wait for no write: a slow disk delays
 * changes, not the lease.
 *
 * E is part of the value and may change. A lease counts with the smallest of three: the E that was answered,
 * our own present one, and (the answerer sees to it) the one on the answerer's disk, which is how long it
 * will be silent after a restart. That E may still become a smaller one, when an offer that was replaced
 * meanwhile comes late: until its disk is past the last of these, the lease counts with the least of
 * them. */

#include <string.h>

#include "cluster/register-state.h"

static void ping_peer(Register *r, const Peer *peer) {
        const Peering *peering = peering_get(r, peer->node_id);
        Ping ping = {
                .term = r->memory.term,
                .sent = r->now,
                .election_timeout = value_election_timeout(r, r->memory.accepted.value),
                .committed_term = r->known_committed.term,
                .committed_seq = r->known_committed.seq,
                .told_term = peering->durable.term,
                .told_seq = peering->durable.seq,
        };

        register_send(r,
                      peer->node_id,
                      REGISTER_METHOD_PING,
                      &ping_type,
                      &ping,
                      /* urgent= */ true,
                      /* immediate= */ true);
}

void lease_ping_all(Register *r) {
        r->ping_next = r->now + value_election_timeout(r, r->memory.accepted.value) / 10;
        if (!disk_has_term(r)) /* a sole voter elects itself before its term is on the disk */
                return;
        r->commit_told = true;
        register_each_peer(r, ping_peer);
}

/* the follower's side */

static usec_t clamp_election(const Register *r, usec_t election) {
        return CLAMP(election, r->timing.election_min, r->timing.election_max);
}

/* told on when the ping's own term is durable here; the silence was promised when the ping came */
void lease_pong(Register *r, const char *to, const Ping *ping, bool wants_whole) {
        Pong pong = {
                .term = r->memory.term,
                .durable_term = r->disk.accepted.at.term,
                .durable_seq = r->disk.accepted.at.seq,
                .held_term = r->memory.accepted.at.term,
                .held_seq = r->memory.accepted.at.seq,
                .wants_whole = wants_whole,
        };

        if (ping) {
                pong.sent = ping->sent;
                pong.election_timeout =
                                MIN(clamp_election(r, ping->election_timeout),
                                    value_election_timeout(r, r->disk.accepted.value));
                pong.told_term = ping->told_term;
                pong.told_seq = ping->told_seq;
        }
        register_send(r,
                      to,
                      REGISTER_METHOD_PONG,
                      &pong_type,
                      &pong,
                      /* urgent= */ true,
                      /* immediate= */ disk_has_term(r));
}

/* after a write: the leader's waiting ping, or at least what we hold now */
void lease_answer_waiting(Register *r) {
        if (r->role != ROLE_FOLLOWER || !*r->leader || !disk_has_term(r))
                return;
        lease_pong(r, r->leader, r->unanswered, false);
        g_clear_pointer(&r->unanswered, ping_free);
}

void lease_pinged(Register *r, const char *from, const Ping *ping) {
        Stamp committed = { ping->committed_term, ping->committed_seq };
        usec_t until = r->now + clamp_election(r, ping->election_timeout);

        if (r->disk_failed || r->removed)
                return;
        if (ping->term < r->memory.term) {
                lease_pong(r, from, NULL, false); /* our term tells it that it leads no more */
                return;
        }
        election_adopt_term(r, ping->term);
        if (r->role == ROLE_LEADER || (*r->leader && strcmp(r->leader, from) != 0))
                return; /* there is one leader in a term, and this is not it */

        r->silent_until = MAX(r->silent_until, until);
        r->silent_term = ping->term;
        election_follow(r, from);
        /* nothing is committed ahead of its term; believing it would hide all that is to come */
        if (committed.term <= ping->term && stamp_compare(committed, r->known_committed) > 0)
                r->known_committed = committed;

        if (disk_has_term(r)) {
                lease_pong(r, from, ping, false);
                return;
        }
        (void) ping_free(r->unanswered);
        r->unanswered = ping_copy(ping);
}

/* the leader's side */

static void forget(Register *r, Peering *peering) {
        RegisterEffect *effect;

        if (peering->forgetful)
                return;
        peering->forgetful = true;
        effect = register_effect_new(REGISTER_FORGETFUL);
        effect->node = g_strdup(peering->node_id);
        effect->term = r->memory.term;
        register_emit(r, effect, /* immediate= */ true);
}

static void take_echo(Register *r, Peering *peering, const Pong *pong) {
        Stamp told = { pong->told_term, pong->told_seq },
              durable = { pong->durable_term, pong->durable_seq };

        /* the ping was sent after the peer had acknowledged `told`, so what it says now cannot be older */
        if (stamp_compare(durable, told) < 0 && stamp_compare(told, peering->durable) <= 0)
                forget(r, peering);
        if (pong->sent < r->lead_since || pong->sent > r->now || pong->sent <= peering->echo)
                return;
        peering->echo = pong->sent;
        peering->echo_election = clamp_election(r, pong->election_timeout);
        peering->echo_durable = durable;
}

void lease_ponged(Register *r, const char *from, const Pong *pong) {
        Stamp durable = { pong->durable_term, pong->durable_seq },
              held = { pong->held_term, pong->held_seq };
        Peering *peering;

        if (r->disk_failed)
                return;
        if (pong->term > r->memory.term) {
                election_adopt_term(r, pong->term);
                return;
        }
        if (r->role != ROLE_LEADER || pong->term != r->memory.term ||
            !value_peer(r->memory.accepted.value, from) || stamp_compare(durable, r->memory.accepted.at) > 0)
                return;

        peering = peering_get(r, from);
        if (pong->sent > 0)
                take_echo(r, peering, pong);
        if (stamp_compare(durable, peering->durable) > 0)
                peering->durable = durable;
        peering->known = true;
        peering->held = held;
        if (pong->wants_whole && !stamp_equal(held, r->memory.accepted.at))
                peering->wants_whole = true;
}

/* Of the instants one per voter (our own is the farthest): the one that a majority reaches. */
static usec_t majority_of(const Register *r, usec_t (*instant)(const Register *r, const Peering *peering)) {
        const Value *value = r->memory.accepted.value;
        size_t n = value_n_voters(value), n_at_least;
        usec_t best = 0;

        for (size_t i = 0; i < n; i++) {
                usec_t candidate = strcmp(value_voter(value, i), r->node_id) == 0
                                                   ? USEC_INFINITY
                                                   : instant(r, peering_find(r, value_voter(value, i)));

                if (candidate <= best)
                        continue;
                n_at_least = 0;
                for (size_t j = 0; j < n; j++)
                        n_at_least += strcmp(value_voter(value, j), r->node_id) == 0 ||
                                      instant(r, peering_find(r, value_voter(value, j))) >= candidate;
                if (n_at_least * 2 > n)
                        best = candidate;
        }
        return best;
}

static usec_t echo_at(const Register *r, const Peering *peering) {
        if (!peering || peering->forgetful)
                return 0;
        return MAX(peering->echo, r->lead_since);
}

static usec_t lease_end(const Register *r, const Peering *peering) {
        usec_t election;

        if (!peering || peering->forgetful || peering->echo == 0)
                return 0;
        election = MIN(peering->echo_election, value_election_timeout(r, r->memory.accepted.value));
        if (stamp_compare(peering->echo_durable, r->short_at) <= 0)
                election = MIN(election, r->short_election);
        return peering->echo + election * 3 / 4;
}

/* the newest send time that a majority has answered */
usec_t lease_quorum_at(const Register *r) {
        return majority_of(r, echo_at);
}

bool lease_is_fresh(const Register *r, const char *node_id, usec_t within) {
        const Peering *peering = peering_find(r, node_id);

        return peering && peering->echo > 0 && r->now - peering->echo < within;
}

usec_t register_acts_until(const Register *r) {
        if (r->role != ROLE_LEADER || r->disk_failed || !disk_has_term(r) ||
            r->shown.at.term != r->memory.term)
                return 0;
        return majority_of(r, lease_end);
}

bool register_acts(const Register *r, usec_t now) {
        return now < register_acts_until(r);
}

void lease_step(Register *r) {
        if (r->role != ROLE_LEADER)
                return;
        if (r->now >= usec_add(lease_quorum_at(r), value_election_timeout(r, r->memory.accepted.value))) {
                election_step_down(r);
                return;
        }
        if (r->now >= r->ping_next || !r->commit_told)
                lease_ping_all(r);
}
