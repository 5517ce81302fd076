/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cluster in one process, in virtual time, from a seed: the pure rooms run as they are; the network, the
 * disks, the clocks, the targets, the relays and the operators are played. The same seed tells the same
 * story. */

#include "alerts/court.h"
#include "alerts/ledger.h"
#include "alerts/outbox.h"
#include "cluster/editing.h"
#include "cluster/register.h"
#include "schedule/schedule.h"

#define NODES_MAX 7
#define TARGETS_MAX 4
#define RELAYS_MAX 3
#define BAD_NAME "never-to-be-seen" /* of what a bad edit of cluster.yaml would bring */
#define SIM_SILENT 0
#define SIM_ALL (-1)
#define WALL_USEC (UINT64_C(1778598000) * USEC_PER_SEC) /* when the play begins */

/* ---- the cast ---- */

typedef struct SimDisk {
        uint64_t term;
        char *vote;
        uint64_t accepted_term, accepted_seq;
        Value *accepted;
        uint64_t committed_term, committed_seq;
        Value *committed;
        RegisterWrite *pending; /* not yet on the disk */
        usec_t slow_until;      /* of true time */
        usec_t stuck_until;     /* nothing is written before, */
        bool stuck_values;      /* or no value, while terms and votes are */
        usec_t broken_until;
} SimDisk;

/* CLOCK_BOOTTIME runs from an anchor; the wall clock is off by as much as somebody set it. */
typedef struct SimClock {
        usec_t local, at; /* the anchor: what it said at that instant of true time */
        int64_t ppm;
        int64_t wall_error;
} SimClock;

/* cluster.yaml on a node's disk, and the texts that its daemon has kept */
typedef struct SimFile {
        char *text;
        char *last_text;
        GHashTable *kept; /* version -> text */
        uint64_t written_version;
} SimFile;

typedef struct SimNode {
        int index;
        char *id;    /* a new one for every membership */
        bool member; /* has a disk that belongs to the cluster */
        bool up;
        bool told_removed;
        unsigned life; /* counts processes */
        usec_t paused_until;
        usec_t restart_at; /* 0: not planned */
        SimClock clock;
        SimDisk disk;
        SimFile file;

        /* the process: NULL when it is down */
        Register *reg;
        Court *court;
        Schedule *schedule;
        Outbox *outbox;
        Ledger *ledger;
        Editing *editing;
        bool edit_waits; /* for a master: it was made while the daemon was stopped */
        RegisterEffects effects;
        usec_t deadline; /* CLOCK_BOOTTIME of the next tick, as its last step left it */
        bool has_lease;  /* by its last step: may act */
        bool carrying;
        GHashTable *changes;            /* id -> SimOwnChange: the daemon's own, not answered yet */
        GPtrArray *probes;              /* of SimProbe, in flight */
        GPtrArray *attempts;            /* of SimAttempt, in flight */
        uint64_t shown_term, shown_seq; /* newest this process has shown */

        /* its place in the world */
        usec_t uplink_bad_until; /* it sees every target down */
        usec_t blind_until;      /* it cannot probe, and knows */
} SimNode;

typedef enum SimTargetState { TARGET_UP, TARGET_REFUSES, TARGET_SILENT, TARGET_SLOW } SimTargetState;

typedef struct SimTarget {
        SimTargetState state;
        usec_t next_change;
        usec_t flaps_every; /* on average; 0: only when a fault says so */
} SimTarget;

/* What a node sees of a target: since when it has been ok, or not, without a break. */
typedef struct SimPath {
        ObservationResult sees;
        bool sure; /* not slow: the same for every probe */
        usec_t since;
} SimPath;

typedef enum SimRelayState {
        RELAY_TAKES,
        RELAY_BUSY,    /* not now */
        RELAY_REFUSES, /* for good */
        RELAY_MUTE,    /* takes it or not, and says nothing */
        RELAY_SLOW
} SimRelayState;

typedef struct SimRelay {
        SimRelayState state;
} SimRelay;

/* ---- what happens ---- */

typedef enum SimEventKind {
        SIM_DELIVER,
        SIM_PERSISTED,
        SIM_CONNECTED,
        SIM_PROBED,   /* number: of the probe */
        SIM_HANDED,   /* an attempt wants to send its last bytes; number */
        SIM_ATTEMPTED /* an attempt ends; number */
} SimEventKind;

typedef struct SimEvent {
        usec_t at;
        uint64_t order;
        SimEventKind kind;
        int from, to;
        unsigned life; /* of the receiver; 0: whichever */
        unsigned connection;
        char *from_id, *to_id;
        const char *method;
        char *params;
        uint64_t number;
} SimEvent;

typedef struct SimProbe {
        uint64_t number;
        Check *check; /* as it was when the probe began */
        uint64_t round;
        usec_t due, ends; /* true time */
        ObservationResult result;
        const char *detail;
} SimProbe;

typedef struct SimAttempt {
        uint64_t number; /* of the event */
        char *notice_id;
        char *recipient;
        char *name; /* for people */
        uint64_t attempt;
        unsigned relay;
        char *bytes;
        AttemptOutcome outcome;
        bool handed;
} SimAttempt;

/* A change that the daemon itself asked for. */
typedef enum SimOwner { OWNER_COURT, OWNER_LEDGER, OWNER_EDITING } SimOwner;
typedef struct SimOwnChange {
        SimOwner owner;
        uint64_t number;
} SimOwnChange;

/* A change somebody asked for. */
typedef struct SimAsked {
        char *id;
        ChangeKind kind;
        char *object; /* NodeID of the peer it adds, "" otherwise */
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

typedef struct Oracle Oracle;

typedef struct Sim {
        uint64_t seed, random;
        int tell;     /* SIM_SILENT, SIM_ALL, or how many of the last lines */
        GQueue lines; /* the last ones */
        usec_t now;   /* true time */
        uint64_t n_events, next_order;
        GPtrArray *heap; /* of SimEvent */
        unsigned n_nodes, n_targets, n_relays;
        SimNode nodes[NODES_MAX];
        SimTarget targets[TARGETS_MAX];
        SimPath paths[NODES_MAX][TARGETS_MAX];
        SimRelay relays[RELAYS_MAX];
        SimNet net;
        ClusterTiming timing;
        bool faults;
        usec_t next_fault, next_ask;
        usec_t ask_every; /* a quiet cluster tries the rules that a busy one never needs */
        unsigned fault_every, crash_percent; /* crash at a write */
        unsigned follow_up;                  /* faults that belong to the last one */
        unsigned plot, plot_step;            /* 0: none; see plots.c */
        unsigned plot_tries;
        int plot_nodes[3];
        SimNet plot_network; /* as it was before */
        unsigned next_name;
        uint64_t next_number;

        char *failure;
        Oracle *oracle;
        GHashTable *asked;     /* id -> SimAsked */
        GPtrArray *asked_list; /* of SimAsked, in order */

        /* what happened, for people */
        struct {
                unsigned elections, commits, done, refused, unknown, crashes, writes, disk_failures, joins,
                                removals, probes, transitions, messages, repeats, edits, bad_edits;
        } count;
} Sim;

/* stage.c: time, chance, events, what is told */
uint64_t sim_random(Sim *sim, uint64_t below);
bool sim_chance(Sim *sim, unsigned percent);
void sim_say(Sim *sim, const SimNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);
void sim_tell_rest(Sim *sim); /* the last lines, at the end */
void sim_fail(Sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
void sim_push(Sim *sim, SimEvent *event);
SimEvent *sim_pop(Sim *sim);
SimEvent *sim_later(Sim *sim, SimEventKind kind, SimNode *to, usec_t after); /* pushed; of this life */
void sim_event_free(SimEvent *event);
SimNode *sim_find(Sim *sim, const char *id); /* NULL: nobody has this NodeID now */

/* play.c: the run */
void play_until(Sim *sim, usec_t until, bool (*done)(Sim *sim));
bool sim_one(uint64_t seed, int tell, char **ret_summary); /* false: failed, the summary says why */

/* clocks.c */
void clock_boot(Sim *sim, SimNode *node);
void clock_drift(Sim *sim, SimNode *node, int64_t ppm);
usec_t sim_clock(const Sim *sim, const SimNode *node); /* its CLOCK_BOOTTIME */
usec_t sim_wall(const Sim *sim, const SimNode *node);  /* its CLOCK_REALTIME */
usec_t sim_true_time(const Sim *sim, const SimNode *node, usec_t local);

/* node.c: the daemon's hands */
void node_start(Sim *sim, SimNode *node);
void node_crash(Sim *sim, SimNode *node);
void node_forget(SimNode *node); /* frees what the process holds */
void node_tick(Sim *sim, SimNode *node);
void node_receive(Sim *sim, SimNode *node, const SimEvent *event);
void node_connected(Sim *sim, SimNode *node, const char *from);
void node_persisted(Sim *sim, SimNode *node, uint64_t number, int error);
void node_seen(Sim *sim, SimNode *node, Observation *observation);
void node_finished(Sim *sim, SimNode *node, const SimAttempt *attempt);
void node_submit(Sim *sim, SimNode *node, Change *change, usec_t deadline);
void node_submit_own(
                Sim *sim, SimNode *node, Change *change, const char *cause, SimOwner owner, uint64_t number);
bool node_acts(const Sim *sim, const SimNode *node);
bool node_runs(const Sim *sim, const SimNode *node); /* up and not stopped */

/* network.c */
void net_init(Sim *sim);
void net_send(Sim *sim, SimNode *from, const char *to, const char *method, const char *params);
void net_deliver(Sim *sim, SimEvent *event);
void net_connected(Sim *sim, SimEvent *event);
void net_break(Sim *sim, int a, int b);
void net_heal(Sim *sim);

/* disk.c */
void disk_format(SimDisk *disk);
void disk_done(SimDisk *disk);
void disk_write(Sim *sim, SimNode *node, RegisterWrite *write_consumed);
void disk_finish(Sim *sim, SimEvent *event);
void disk_crash(Sim *sim, SimNode *node);

/* targets.c */
void targets_init(Sim *sim);
void targets_change(Sim *sim); /* those whose time has come */
usec_t targets_next(const Sim *sim);
void targets_look(Sim *sim); /* something about uplinks or targets may have changed */
void targets_heal(Sim *sim);
void targets_flip(Sim *sim, unsigned target);
void targets_all(Sim *sim, SimTargetState state);
unsigned target_of(const Sim *sim, const Check *check);
void target_probe(Sim *sim, SimNode *node, const Check *check, uint64_t round, usec_t due);
void target_probed(Sim *sim, SimEvent *event);
void probe_free(void *probe);

/* relays.c */
void relays_heal(Sim *sim);
void relay_start(Sim *sim, SimNode *node, const OutboxEffect *effect);
void relay_cancel(Sim *sim, SimNode *node, const OutboxEffect *effect);
void relay_handed(Sim *sim, SimEvent *event);
void relay_attempted(Sim *sim, SimEvent *event);
void attempt_free(void *attempt);

/* operators.c */
void operators_ask(Sim *sim);
void operators_answered(Sim *sim, SimNode *node, const ChangeAnswer *answer);
void operators_ask_one(Sim *sim, SimNode *node, ChangeKind kind, usec_t patience);
void operators_set_election(Sim *sim, SimNode *node, usec_t election);
void operators_join(Sim *sim);
void operators_remove(Sim *sim);
SimNode *operators_someone(Sim *sim);
Check *operators_check(Sim *sim);
Alert *operators_alert(Sim *sim);
Change *operators_change(Sim *sim, ChangeKind kind, const char *object_kind);
void asked_free(void *data);

/* editors.c: who edits cluster.yaml by hand */
void editors_edit(Sim *sim, SimNode *node);
void editors_write(Sim *sim, SimNode *node); /* a document was committed, or an edit is over */
void editors_answered(Sim *sim, SimNode *node, const ChangeAnswer *answer);
void editors_look(Sim *sim, SimNode *node); /* at start */
void editors_leadership(Sim *sim, SimNode *node);
void file_format(SimFile *file);
void file_done(SimFile *file);

/* faults.c, plots.c */
void faults_happen(Sim *sim);
void faults_end(Sim *sim);
SimNode *faults_leader(Sim *sim); /* who acts; NULL: nobody */
void faults_restart(Sim *sim, SimNode *node, usec_t after);
void faults_isolate(Sim *sim, const SimNode *node);
void plots_begin(Sim *sim);
bool plots_go_on(Sim *sim); /* false: no plot under way */

/* oracle.c: the register's promises */
void oracle_init(Sim *sim);
void oracle_done(Sim *sim);
void oracle_on_disk(Sim *sim, const SimNode *node);
void oracle_proposed(Sim *sim, const SimNode *node, const Value *before, const Value *after);
void oracle_shown(Sim *sim, SimNode *node, const RegisterEffect *effect);
void oracle_after_step(Sim *sim, SimNode *node);

/* oracle-verdicts.c, oracle-notices.c */
void oracle_asked_round(Sim *sim, const char *check_id, uint64_t round);
void oracle_probed(Sim *sim, const SimNode *node, const Observation *observation);
void oracle_decides(Sim *sim, const SimNode *node, const Change *change);
void oracle_verdicts(Sim *sim, const Value *before, const Value *after);
char *oracle_name(const Notice *notice, const char *recipient);              /* for people */
bool oracle_takes(Sim *sim, const SimNode *node, const SimAttempt *attempt); /* the relay has it */
void oracle_starts(Sim *sim, const SimNode *node, const SimAttempt *attempt);
void oracle_refuses(Sim *sim, const SimAttempt *attempt);
void oracle_told(Sim *sim, const SimNode *node, const SimAttempt *attempt);
void oracle_notices(Sim *sim, const Value *before, const Value *after, bool next); /* none between them */

/* oracle-end.c: the cluster at rest */
bool oracle_converged(Sim *sim);
bool oracle_settled(Sim *sim);
char *oracle_why_not(Sim *sim); /* NULL: the register is at rest */
char *oracle_why_not_watching(Sim *sim);
char *oracle_why_still_owed(Sim *sim);
void oracle_at_end(Sim *sim);
