/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the register: its state, and what its parts ask of each other. One file per meaning: disk (what
 * is durable), claim (what is believed of another's numbers), election (who may lead), lease (who acts),
 * offer (how a value spreads and is committed), batch (the leader's queue of changes), request (this node's
 * own changes), members (who comes and goes, handing over), view (what a node shows that does not hear the
 * leader). */

#include "cluster/liveness.h"
#include "cluster/message.h"
#include "cluster/register.h"

/* The name of a value: who stamped it, and the how-manieth it is. Greater is newer. */
typedef struct Stamp {
        uint64_t term;
        uint64_t seq;
} Stamp;

static inline int stamp_compare(Stamp a, Stamp b) {
        if (a.term != b.term)
                return a.term < b.term ? -1 : 1;
        return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static inline bool stamp_equal(Stamp a, Stamp b) {
        return stamp_compare(a, b) == 0;
}

typedef struct Stamped {
        Stamp at;
        Value *value; /* owned */
} Stamped;

/* What must be on the disk before anything that follows from it is said. */
typedef struct Hard {
        uint64_t term;
        char *vote; /* "" or NodeID */
        Stamped accepted;
} Hard;

typedef enum Role {
        ROLE_FOLLOWER,
        ROLE_TRIAL,     /* asks whether an election would be won */
        ROLE_CANDIDATE, /* asks for votes in its term */
        ROLE_LEADER
} Role;

/* Another node, as the protocol sees it. What is a leader's knowledge begins anew with each term. */
typedef struct Peering {
        char *node_id;
        bool granted;     /* its vote, or trial vote, in our present candidacy */
        bool known;       /* leader: it has said what it holds */
        bool forgetful;   /* leader: has lost what it had acknowledged */
        bool wants_whole; /* leader: the last offer did not fit */
        Stamp durable;    /* leader: newest it said to have on its disk */
        Stamp held;       /* leader: what it said last to hold */
        Stamp offered;    /* leader: what we sent it last */
        usec_t offered_at;
        bool offered_whole;
        usec_t echo;          /* leader: our send time of the newest ping it answered; 0: none */
        usec_t echo_election; /* the silence it promised then */
        Stamp echo_durable;   /* what it had on its disk then */
        usec_t handover_next; /* not handed over to before */
        unsigned handover_failures;
        usec_t served_at;      /* when it was last sent a value it fetched */
        usec_t implausible_at; /* when what it claims was last reported; 0: never */
} Peering;

/* A change at the leader. */
typedef struct Queued {
        Change *change;
        char *reply_to;       /* NodeID; NULL: this node */
        ChangeAnswer *answer; /* once planned */
} Queued;

/* A change of this node's own, until it is answered. */
typedef struct Request {
        Change *change;
        usec_t deadline;
        char *sent_to;         /* NodeID of the leader or of whom we reach it by; NULL: to nobody */
        uint64_t sent_term;    /* whose leader was asked */
        usec_t again_at;       /* when to send it again */
        bool maybe_done;       /* someone who could have proposed it has got it */
        ForwardAnswer *answer; /* waits until its value is seen here */
} Request;

/* A change passed on for another node. */
typedef struct Relay {
        char *id;
        char *from;
} Relay;

/* An effect that waits for a write. */
typedef struct HeldEffect {
        uint64_t number;
        RegisterEffect *effect;
} HeldEffect;

#define HISTORY_SIZE 8
#define RELAYS_MAX 256
#define HELD_MAX 4096

struct Register {
        register_follow_t follow;
        char *node_id;
        ClusterTiming timing;
        uint64_t random;
        uint64_t incarnation;
        usec_t started;
        usec_t now;               /* of the step */
        RegisterEffects *effects; /* of the step */
        GPtrArray *peerings;      /* of Peering, sorted by NodeID */
        Liveness liveness;

        /* disk */
        Hard memory;
        Hard disk;                  /* what the disk is known to hold */
        Hard flight;                /* what is being written */
        RegisterWrite flight_write; /* its number is 0 when there is none; no pointers */
        uint64_t last_number;
        Stamp disk_committed; /* what the disk has as committed */
        usec_t marker_at;     /* when the mark "committed" is written by itself; 0: need not */
        bool disk_failed;
        bool write_whole; /* nobody knows what the failed write left */
        unsigned disk_failures;
        usec_t disk_retry_at;
        GQueue step_effects; /* of RegisterEffect: those of this step that need its write */
        GQueue held_effects; /* of HeldEffect */

        usec_t leap_next; /* a long way ahead is not gone before */

        /* election */
        Role role;
        usec_t timer;
        char *leader;         /* heard by ourselves in memory.term; "": none */
        usec_t leader_since;  /* heard without a break */
        uint64_t handover;    /* the term whose leader asked us to stand; 0: none */
        usec_t silent_until;  /* promised */
        uint64_t silent_term; /* to the leader of it */
        Ping *unanswered;     /* a ping that waits until our term is on the disk */

        /* commit */
        Stamped shown; /* what people see */
        Stamp known_committed;
        Stamped history[HISTORY_SIZE]; /* values to make deltas from */
        unsigned history_next;

        /* leader */
        usec_t lead_since;
        Stamp short_at;        /* the newest value of this lead that a greater E replaced */
        usec_t short_election; /* the least E up to it */
        usec_t ping_next;
        bool commit_told;     /* the last ping had the newest commit */
        usec_t leaving_until; /* a change waits that removes us: hand over first */
        GQueue queue;         /* of Queued */
        GPtrArray *proposed;  /* of Queued, in the proposal under way */
        GQueue refused;       /* of ForwardAnswer: what this lead refused, oldest first */
        Stamp proposed_on;    /* what the newest proposal was made from */
        char *offer_text;     /* of this step, against offer_base (seq 0: whole); NULL: none yet */
        Stamp offer_base;

        /* requests */
        GPtrArray *requests; /* of Request, in order */
        GQueue relays;       /* of Relay, oldest first */

        /* view */
        usec_t heartbeat_next;
        usec_t fetch_next;
        char *fetch_from;
        char *view_leader;
        char *view_via;
        uint64_t view_term;
        bool view_acts;
        bool removed;
};

/* register.c: what every part uses */
Peering *peering_find(const Register *r, const char *node_id); /* NULL: unknown */
Peering *peering_get(Register *r, const char *node_id);
bool register_is_member(const Register *r, const char *node_id); /* of the accepted or the shown value */
bool register_is_voter(const Register *r);
usec_t register_random(Register *r, usec_t below);
usec_t value_election_timeout(const Register *r, const Value *value);
/* fn for every other peer of the accepted value, joining ones too */
void register_each_peer(Register *r, void (*fn)(Register *r, const Peer *peer));
RegisterEffect *register_effect_new(RegisterEffectKind kind);
/* immediate: says nothing that is not already durable here, or known to be committed */
void register_emit(Register *r, RegisterEffect *effect, bool immediate);
/* params: consumed */
void register_send_text(
                Register *r,
                const char *node,
                const char *method,
                char *params,
                bool urgent,
                bool immediate);
void register_send(
                Register *r,
                const char *node,
                const char *method,
                const ObjectType *type,
                const void *message,
                bool urgent,
                bool immediate);

/* register-disk.c */
void hard_done(Hard *hard);
void hard_copy(Hard *to, const Hard *from);
bool hard_equal(const Hard *a, const Hard *b);
void stamped_set(Stamped *stamped, Stamp at, Value *value); /* reffed */
void disk_step(Register *r); /* at the end of each step: starts a write, holds or lets go */
void disk_persisted(Register *r, uint64_t number, int error);
void disk_release(Register *r); /* frees what is held */
bool disk_has_term(const Register *r);
usec_t disk_deadline(const Register *r);

/* register-claim.c: whether a message is heard at all; reports what is not. binds: its numbers may become
 * ours. */
bool claim_is_believed(
                Register *r, const char *from, const ObjectType *type, const void *message, bool binds);

/* register-election.c */
void election_arm(Register *r);
void election_adopt_term(Register *r, uint64_t term);
void election_follow(Register *r, const char *leader);
void election_step_down(Register *r);
void election_forget_leader(Register *r);
void election_timeout(Register *r);
void election_stand(Register *r, uint64_t handover);
void election_requested(Register *r, const char *from, const VoteRequest *request);
void election_answered(Register *r, const char *from, const VoteAnswer *answer);
void election_handed_over(Register *r, const char *from, const Handover *handover);

/* register-lease.c */
void lease_ping_all(Register *r);
void lease_pinged(Register *r, const char *from, const Ping *ping);
void lease_ponged(Register *r, const char *from, const Pong *pong);
void lease_pong(Register *r,
                const char *to,
                const Ping *ping,
                bool wants_whole); /* ping: NULL answers an offer */
void lease_answer_waiting(Register *r);
void lease_step(Register *r);
bool lease_is_fresh(const Register *r, const char *node_id, usec_t within);
usec_t lease_quorum_at(const Register *r);

/* register-offer.c */
void offer_remember(Register *r, const Stamped *stamped);
const Value *offer_recall(const Register *r, Stamp at);
void offer_propose(Register *r, Value *value);
void offer_step(Register *r); /* leader: sends what a peer lacks */
void offer_received(Register *r, const char *from, const Offer *offer);
void offer_commit_step(Register *r);
bool offer_is_ready(const Register *r); /* leads, and all that was accepted is committed in its own term */
int offer_to_value(const Offer *offer, const Value *base, Value **ret);
Offer *offer_from_values(const Value *base, Stamp base_at, const Stamped *to);
void show(Register *r, const Stamped *stamped);

/* register-batch.c */
void queued_free(void *data);
void batch_enqueue(Register *r, const Change *change, const char *reply_to);
void batch_withdraw(Register *r, const char *id); /* nobody waits for it any more; not once it is proposed */
void batch_step(Register *r);
void batch_committed(Register *r);
void batch_abandon(Register *r);
void batch_forget_refusals(Register *r);

/* register-request.c */
void request_free(void *data);
void relay_free(void *data);
void request_step(Register *r);
void request_forwarded(Register *r, const char *from, const Forward *forward);
void request_answered(Register *r, const char *from, const ForwardAnswer *answer);
void request_answer_locally(Register *r, const char *id, const ChangeAnswer *answer, Stamp at);
void request_retry(Register *r, const char *id);
void request_proposed(Register *r, const char *id);
void request_connected(Register *r, const char *node);
usec_t request_deadline(const Register *r);

/* register-members.c */
void members_step(Register *r);
bool members_leave(Register *r); /* false: there is nobody to hand over to */
void members_shown(Register *r, const Value *previous);
void members_told_removed(Register *r, const char *from, const Removed *removed);
bool members_answer_barred(Register *r, const char *from);
const Barred *value_barred_node(const Value *value, const char *node_id);

/* register-view.c */
void view_step(Register *r);
bool view_hears_majority(const Register *r);
void view_heartbeat(Register *r, const char *from, Heartbeat *heartbeat_consumed);
void view_fetched(Register *r, const char *from, const Fetch *fetch);
void view_value(Register *r, const char *from, const Offer *offer);
