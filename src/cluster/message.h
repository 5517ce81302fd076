/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What registers say to each other: notifications only, each an object of a table. Who sent one is known
 * from the connection; nothing here names its sender. Values are named by (term, seq); (0, 0) is no value.
 * Times are the sender's CLOCK_BOOTTIME and come back to it as an echo; nobody else compares them with
 * anything. */

#include "cluster/change.h"

#define REGISTER_METHOD_PING "register.ping"
#define REGISTER_METHOD_PONG "register.pong"
#define REGISTER_METHOD_VOTE "register.vote"
#define REGISTER_METHOD_VOTED "register.voted"
#define REGISTER_METHOD_OFFER "register.offer"
#define REGISTER_METHOD_HANDOVER "register.handover"
#define REGISTER_METHOD_CHANGE "register.change"
#define REGISTER_METHOD_ANSWER "register.answer"
#define REGISTER_METHOD_HEARTBEAT "register.heartbeat"
#define REGISTER_METHOD_FETCH "register.fetch"
#define REGISTER_METHOD_VALUE "register.value"
#define REGISTER_METHOD_REMOVED "register.removed"

/* Leader to every peer, E/10 apart. It speaks of nothing that is not on the leader's disk. */
typedef struct Ping {
        uint64_t term;
        usec_t sent;
        usec_t election_timeout; /* E: who answers grants no vote for so long */
        uint64_t committed_term;
        uint64_t committed_seq;
        uint64_t told_term; /* what the leader counts on: the newest value the receiver said it has on its
                               disk */
        uint64_t told_seq;
} Ping;
DECLARE_OBJECT(Ping, ping);

/* To the leader: an answer to a ping, or (with sent 0) to an offer. */
typedef struct Pong {
        uint64_t term;
        usec_t sent; /* the ping's; 0: this promises no silence */
        usec_t election_timeout;
        uint64_t told_term;
        uint64_t told_seq;
        uint64_t durable_term; /* accepted, and on the disk */
        uint64_t durable_seq;
        uint64_t held_term; /* accepted, on its way to the disk */
        uint64_t held_seq;
        bool wants_whole; /* the last offer did not fit what is held */
} Pong;
DECLARE_OBJECT(Pong, pong);

typedef struct VoteRequest {
        uint64_t term; /* of the election: with `trial`, the one that it would be */
        bool trial;    /* pre-vote: binds nobody */
        uint64_t accepted_term;
        uint64_t accepted_seq;
        uint64_t handover; /* term of the leader that handed over; 0: none */
} VoteRequest;
DECLARE_OBJECT(VoteRequest, vote_request);

typedef struct VoteAnswer {
        uint64_t term; /* of the election that was asked about */
        bool trial;
        bool granted;
        uint64_t own_term; /* of who answers */
} VoteAnswer;
DECLARE_OBJECT(VoteAnswer, vote_answer);

typedef struct WireRecord {
        RecordKind kind;
        char *id;
        char *body; /* exact bytes; "": deleted */
} WireRecord;
DECLARE_OBJECT(WireRecord, wire_record);

/* A value, as what must be put to and deleted from another one. */
typedef struct Offer {
        uint64_t term; /* of the leader; in a VALUE message 0 */
        uint64_t value_term;
        uint64_t value_seq;
        uint64_t base_term; /* (0, 0): the whole value */
        uint64_t base_seq;
        GPtrArray *records; /* of WireRecord */
        char *hash;         /* of the result */
} Offer;
DECLARE_OBJECT(Offer, offer);

/* From the leader of `term`, which will not act in it any more: stand at once. */
typedef struct Handover {
        uint64_t term;
} Handover;
DECLARE_OBJECT(Handover, handover);

typedef struct Forward {
        Change *change;
        uint64_t term; /* whose leader is asked: a copy that comes late must find no other one */
        bool relayed;  /* by a node that is not the one asked: goes to a leader or nowhere */
} Forward;
DECLARE_OBJECT(Forward, forward);

typedef struct ForwardAnswer {
        char *id;
        ChangeAnswer *answer; /* NULL: not taken by this node; ask again, or another */
        uint64_t value_term;  /* counts when this value, or a newer one, is seen to be committed */
        uint64_t value_seq;
} ForwardAnswer;
DECLARE_OBJECT(ForwardAnswer, forward_answer);

typedef struct Heartbeat {
        uint64_t incarnation; /* of the process */
        uint64_t term;
        char *leader; /* heard by the sender itself, or itself; "": none */
        uint64_t committed_term;
        uint64_t committed_seq;
        bool hears_majority;
} Heartbeat;
DECLARE_OBJECT(Heartbeat, heartbeat);

/* Asks for the committed value, when it is newer than this. */
typedef struct Fetch {
        uint64_t value_term;
        uint64_t value_seq;
} Fetch;
DECLARE_OBJECT(Fetch, fetch);

/* To a barred node, whatever it says. */
typedef struct Removed {
        uint64_t version; /* of the document that removed it */
} Removed;
DECLARE_OBJECT(Removed, removed);

/* records <-> deltas; decoding: -EBADMSG and a sentence */
GPtrArray *delta_to_wire(const Delta *delta);
int delta_from_wire(const GPtrArray *records, Delta **ret, char **reterr_text);
