/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cluster in one process, in virtual time, from a seed: the pure rooms run as they are, the network, the
 * disks, the clocks and the users are played. The same seed tells the same story. */

#include "cluster/register.h"

#define NODES_MAX 6

/* One write on its way to a disk. */
typedef struct SimWrite {
        RegisterWrite *write;
        unsigned life; /* of the process that asked for it */
} SimWrite;

typedef struct SimDisk {
        uint64_t term;
        char *vote;
        uint64_t accepted_term, accepted_seq;
        Value *accepted;
        uint64_t committed_term, committed_seq;
        Value *committed;
        RegisterWrite *pending; /* not yet on the disk */
        usec_t slow_until;      /* of true time */
        usec_t broken_until;
} SimDisk;

typedef struct SimNode {
        int index;
        char *id;    /* a new one for every membership */
        bool member; /* has a disk that belongs to the cluster */
        bool up;
        bool told_removed;
        unsigned life; /* counts processes */
        usec_t paused_until;
        usec_t restart_at; /* 0: not planned */
        usec_t clock_base;
        int64_t clock_ppm;
        Register *reg;
        SimDisk disk;
        uint64_t shown_term, shown_seq; /* newest this process has shown */
} SimNode;

typedef enum SimEventKind { SIM_DELIVER, SIM_PERSISTED, SIM_CONNECTED } SimEventKind;

typedef struct SimEvent {
        usec_t at;
        uint64_t order;
        SimEventKind kind;
        int from, to;
        unsigned life; /* of the receiver, for SIM_PERSISTED */
        unsigned connection;
        char *from_id, *to_id;
        const char *method;
        char *params;
        uint64_t number;
} SimEvent;

/* A change somebody asked for. */
typedef struct SimAsked {
        char *id;
        ChangeKind kind;
        char *object; /* id of the check it adds, "" otherwise */
        int node;
        unsigned life;
        usec_t deadline; /* true time, generously */
        bool answered;
        ChangeOutcome outcome;
        uint64_t number;
} SimAsked;

typedef struct SimNet {
        bool streams; /* like TCP: in order, and a loss breaks the connection; else datagrams that do all
                         they can */
        usec_t delay_min, delay_max;
        unsigned loss_percent, double_percent;
        bool cut[NODES_MAX][NODES_MAX]; /* [from][to] */
        unsigned connection[NODES_MAX][NODES_MAX];
        usec_t down_until[NODES_MAX][NODES_MAX]; /* streams: until the next connection is up */
        usec_t last_delivery[NODES_MAX][NODES_MAX];
} SimNet;

typedef struct Sim {
        uint64_t seed, random;
        bool verbose;
        usec_t now; /* true time */
        uint64_t n_events, next_order;
        GPtrArray *heap; /* of SimEvent */
        unsigned n_nodes;
        SimNode nodes[NODES_MAX];
        SimNet net;
        ClusterTiming timing;
        bool faults;
        usec_t next_fault, next_ask;
        usec_t ask_every; /* a quiet cluster tries the rules that a busy one never needs */
        unsigned fault_every, crash_percent; /* crash at a write */
        unsigned follow_up;                  /* faults that belong to the last one */
        unsigned next_name;

        /* oracle */
        char *failure;
        GHashTable *leaders;   /* term -> NodeID */
        GHashTable *contents;  /* "term/seq" -> hash */
        GHashTable *holders;   /* "term/seq" -> set of NodeIDs that had it on disk */
        GHashTable *numbers;   /* number of a remembered change -> id */
        GHashTable *places;    /* id of a change -> its number */
        GHashTable *asked;     /* id -> SimAsked */
        GPtrArray *asked_list; /* of SimAsked, in order */
        uint64_t max_version;

        /* what happened, for people */
        struct {
                unsigned elections, commits, done, refused, unknown, crashes, writes, disk_failures, joins,
                                removals, acting;
        } count;
} Sim;

/* sim.c: time, nodes, the run */
uint64_t sim_random(Sim *sim, uint64_t below);
bool sim_chance(Sim *sim, unsigned percent);
void sim_say(Sim *sim, const SimNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);
void sim_fail(Sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
usec_t sim_clock(const Sim *sim, const SimNode *node); /* its CLOCK_BOOTTIME */
SimNode *sim_find(Sim *sim, const char *id);           /* NULL: nobody has this NodeID now */
void sim_push(Sim *sim, SimEvent *event);
void sim_run_until(Sim *sim, usec_t until, bool (*done)(Sim *sim));
void sim_start(Sim *sim, SimNode *node);
void sim_crash(Sim *sim, SimNode *node);
void sim_carry_out(Sim *sim, SimNode *node, RegisterEffects *effects);
bool sim_one(uint64_t seed, bool verbose, char **ret_summary); /* false: failed, the summary says why */

/* network.c */
void net_init(Sim *sim);
void net_send(Sim *sim, SimNode *from, const RegisterEffect *effect);
void net_deliver(Sim *sim, SimEvent *event);
void net_break(Sim *sim, int a, int b);
void net_heal(Sim *sim);
void net_connected(Sim *sim, SimEvent *event);

/* disk.c */
void disk_format(SimDisk *disk);
void disk_done(SimDisk *disk);
void disk_write(Sim *sim, SimNode *node, RegisterWrite *write_consumed);
void disk_finish(Sim *sim, SimEvent *event);
void disk_crash(Sim *sim, SimNode *node);

/* users.c */
void users_ask(Sim *sim);
void users_answered(Sim *sim, SimNode *node, const ChangeAnswer *answer);
void users_ask_one(Sim *sim, SimNode *node, ChangeKind kind, usec_t patience);
void users_join(Sim *sim);
void users_remove(Sim *sim);
void asked_free(void *data);

/* faults.c */
void faults_happen(Sim *sim);
void faults_end(Sim *sim);

/* oracle.c */
void oracle_init(Sim *sim);
void oracle_done(Sim *sim);
void oracle_on_disk(Sim *sim, const SimNode *node);
void oracle_proposed(Sim *sim, const SimNode *node, const Value *before, const Value *after);
void oracle_shown(Sim *sim, SimNode *node, const RegisterEffect *effect);
void oracle_after_step(Sim *sim, SimNode *node);
void oracle_at_end(Sim *sim);
bool oracle_converged(Sim *sim);
char *oracle_why_not(Sim *sim);
