/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register: one value that a majority of voters agrees on, and one leader who may change it. It is Raft
 * with a single entry: a value is named by (term, seq), the newer one overwrites the older, a leader first
 * stamps what it holds with its own term, then commits one proposal at a time. README.md beside this has the
 * reasons of every rule.
 *
 * How to drive it. The register is a pure step machine. It is told what happened by the step functions
 * below, each with `now` (CLOCK_BOOTTIME in microseconds, never going back), and appends to `effects` what
 * is to be done:
 *
 *     register_new(&setup, now)             from what the store loaded; then call register_tick() at once
 *     register_tick(r, now, &effects)       at register_deadline(r), with an accuracy of 1 ms, or earlier
 *     register_receive(r, now, from, …)     a notification whose method starts with "register."; `from` is
 * the NodeID of the connection's pinned key, never what a payload claims register_persisted(r, now, n,
 * error)  the write with this number is durable (0), or was not made (-errno) register_connected(r, now,
 * node, …)   a new connection to the node is up: what was sent before may be lost register_submit(r, now,
 * change, …)    someone on this node asks for a change
 *
 * After every step take the effects and carry them out in order (cluster/effect.h), then arm the timer anew.
 * Nothing of what the register holds back is the caller's business: a message or answer that depends on a
 * write appears among the effects of the register_persisted() that reports it done.
 *
 * A change is answered exactly once, within its deadline: DONE only after this very node has seen the
 * commit. It is forwarded and repeated until then; the cluster's memory of change ids makes it count once.
 * What was refused is asked again under a new id: the old one may get the old answer. */

#include "cluster/effect.h"
#include "cluster/timing.h"

typedef struct Register Register;

/* What a change of the document brings with it, committed with it as one: the leader calls it for every
 * change but CHANGE_RECORDS. Pure. The caller frees the delta; it may be empty. */
typedef Delta *(*register_follow_t)(
                const Value *before,
                const Value *after,
                const char *leader,
                uint64_t term,
                usec_t realtime_usec);

typedef struct RegisterSetup {
        const char *node_id;
        uint64_t seed;               /* random, for jitter */
        uint64_t incarnation;        /* of this process, never the same twice (a random number will
                                        do; 1..INT64_MAX) */
        const ClusterTiming *timing; /* copied; NULL: CLUSTER_TIMING_DEFAULT */

        register_follow_t follow; /* NULL: nothing */

        /* what is durable; values are reffed, an empty one has (0, 0) */
        uint64_t term;
        const char *vote; /* "" or NULL: none */
        uint64_t accepted_term;
        uint64_t accepted_seq;
        Value *accepted;
        uint64_t committed_term;
        uint64_t committed_seq;
        Value *committed;
} RegisterSetup;

/* lifecycle */
Register *register_new(const RegisterSetup *setup, usec_t now);
Register *register_free(Register *r); /* changes not yet answered are not answered any more */
DEFINE_CLEANUP(Register, register_free);
/* The value of a new cluster with one voter, to be stored as accepted and committed (term 1, seq 1). */
Value *register_first_value(const char *cluster_id, const Peer *self, usec_t now_realtime);

/* steps */
void register_tick(Register *r, usec_t now, RegisterEffects *effects);
/* 0; -EOPNOTSUPP: no such method; -EBADMSG: not what the method takes, nothing happened, reterr_text says
 * why */
int register_receive(
                Register *r,
                usec_t now,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                RegisterEffects *effects,
                char **reterr_text);
void register_persisted(Register *r, usec_t now, uint64_t number, int error, RegisterEffects *effects);
void register_connected(Register *r, usec_t now, const char *node, RegisterEffects *effects);
/* change: copied; must have an id. deadline: CLOCK_BOOTTIME. The answer may be among the effects already. */
void register_submit(
                Register *r, usec_t now, const Change *change, usec_t deadline, RegisterEffects *effects);

/* questions; what they return is borrowed until the next step */
usec_t register_deadline(const Register *r);
/* Whether this node is master at this instant. now: read afresh, before each effect in the master's name. */
bool register_acts(const Register *r, usec_t now);
usec_t register_acts_until(const Register *r); /* when the lease ends unless it is renewed; 0: no lease */
uint64_t register_term(const Register *r);
const char *register_leader(const Register *r); /* NodeID of who leads, as seen from here; "": none known */
const char *register_via(const Register *r);    /* the peer we heard it from; "": from the leader itself */
Value *register_committed(const Register *r);   /* what is shown; never NULL */
uint64_t register_committed_term(const Register *r);
uint64_t register_committed_seq(const Register *r);
usec_t register_election_timeout(const Register *r); /* E in force */
bool register_disk_failed(const Register *r);

/* What this node knows about another one's life. */
typedef struct PeerLife {
        bool live;           /* heard within dead_after; always of ourselves */
        usec_t last_heard;   /* CLOCK_BOOTTIME; 0: never */
        usec_t alive_since;  /* start of its unbroken life, 0: dead */
        bool hears_majority; /* as it said itself */
        bool forgetful;      /* leader only: not counted */
        bool current;        /* leader only: has the accepted value on its disk */
} PeerLife;
void register_peer_life(const Register *r, usec_t now, const char *node, PeerLife *ret);
