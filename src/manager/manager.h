/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hands: the manager owns everything that is not pure, feeds events to the pure rooms and carries out
 * their effects. This header is what the two mains and the bus may use of it: questions answered at once
 * from the local copy, verbs that answer later, and an observer that hears what changed. The manager knows
 * nothing of the bus.
 *
 * Lifetimes: what a question returns is borrowed until the loop turns again. A verb's call-back is called
 * exactly once, from the loop, never from within the verb itself, unless the verb was cancelled by
 * manager_forget(). */

#include <systemd/sd-event.h>

#include "alerts/explanation.h"
#include "cluster/change.h"
#include "cluster/value.h"
#include "model/document.h"
#include "verdict/view.h"

typedef struct Loop Loop; /* manager/loop.h */
typedef struct Manager Manager;

typedef struct ManagerOptions {
        int *peer_fds; /* listening sockets handed over, consumed; NULL: our own */
        size_t n_peer_fds;
        const char *ca_file; /* for HTTPS targets and relays; NULL: the system's */
} ManagerOptions;

/* ---- lifecycle ---- */

/* Reads the configuration and the register, starts nothing yet. 0, or -errno with a sentence that says what
 * to do: files that cannot be read, a damaged or foreign state, a second daemon on the same directory. */
int manager_new(Loop *loop, const ManagerOptions *options, Manager **ret, char **reterr_text);
/* Listens and starts working; without configuration it waits for manager_init(). */
int manager_start(Manager *manager, char **reterr_text);
/* Looks again at what is read from files: cluster.yaml, the authorities' certificates, resolv.conf and
 * hosts. All of them are watched anyway; this is for who does not want to wait, or to trust in that.
 * node.yaml is only compared. */
void manager_reload(Manager *manager);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free);

/* ---- the observer: what the bus hears ---- */

typedef struct ManagerObserver {
        void (*node_changed)(void *userdata); /* anything of ManagerStatus but the live values */
        void (*object_added)(void *userdata, RecordKind kind, const char *id); /* check, alert or peer */
        /* called while the object can still be looked up */
        void (*object_removed)(void *userdata, RecordKind kind, const char *id);
        /* its configuration; kind RECORD_STATUS: the state of the check with this id */
        void (*object_changed)(void *userdata, RecordKind kind, const char *id);
        void (*transition)(void *userdata, const Transition *transition);
        /* result: delivery_state_to_string() */
        void (*delivery)(void *userdata, const Notice *notice, const Recipient *recipient);
} ManagerObserver;
void manager_set_observer(Manager *manager, const ManagerObserver *observer, void *userdata);

/* ---- questions ---- */

typedef struct ManagerStatus {
        bool initialized;
        const char *node_id; /* "" before init, like all below */
        const char *cluster_id;
        const char *fingerprint;
        const char *directory; /* of the configuration; always */
        const char *advertise;
        uint64_t term;
        const char *master;     /* the leader with a lease as far as this node knows, "" for none */
        const char *master_via; /* NodeID through which we hear of it, "" when directly */
        bool quorum;            /* live voters >= need, and a master */
        unsigned live;          /* voters, this node included */
        unsigned need;
        unsigned n_voters;
        uint64_t version; /* of the document */
        const char *hint; /* "two nodes: neither may die; add a third", or "" */
} ManagerStatus;
void manager_status(Manager *manager, ManagerStatus *ret);

typedef struct PeerView {
        const Peer *peer;
        bool self;
        bool live;
        usec_t last_seen; /* CLOCK_REALTIME, 0: never */
} PeerView;
/* the committed value: checks, alerts, peers, statuses */
const Value *manager_value(Manager *manager);
/* -ENOENT: no such id */
int manager_peer_view(Manager *manager, const char *node_id, PeerView *ret);
/* The live share of a check: votes and details as the master last pushed them, or the committed state alone
 * with stale_since set. -ENOENT: no such id. Borrowed. */
int manager_check_view(Manager *manager, const char *check_id, const CheckView **ret);
/* Live nodes without the credential that this alert names; the caller frees. */
char **manager_alert_lacking(Manager *manager, const char *alert_id);
/* trust.yaml as it is; entries borrowed */
const TrustFile *manager_trust(Manager *manager);

/* ---- verbs ---- */

/* Something that a node needs, and whether it has it. */
typedef struct Finding {
        char *name;    /* "clock", "peer 0a1b2c3d", … */
        char *verdict; /* "ok", "warn" or "fail" */
        char *detail;
        char *remedy; /* "" where there is nothing to do */
} Finding;
DECLARE_OBJECT(Finding, finding);

typedef struct ManagerAnswer {
        ChangeOutcome outcome;
        const char *text; /* a sentence when not CHANGE_DONE */
        uint64_t version; /* of the document after it */
        const char *id;   /* of what was added, edited, removed; the NodeID for node verbs */
        const char *name;
        char *const *affected;          /* checks that a removed alert was detached from; may be NULL */
        const char *fingerprint;        /* node verbs */
        const char *secret;             /* init, only when it was generated */
        const Explanation *explanation; /* manager_check_explain() */
        /* of Difference (config/merge.h): what a document would change; or NULL */
        GPtrArray *differences;
        GPtrArray *warnings; /* of Complaint (config/complaint.h), or NULL */
        GPtrArray *findings; /* of Finding, or NULL */
} ManagerAnswer;
typedef void (*manager_answer_t)(void *userdata, const ManagerAnswer *answer);

/* Takes every call-back with this userdata back: its caller is gone. What was asked still happens. */
void manager_forget(Manager *manager, void *userdata);

typedef struct InitOptions {
        const char *advertise; /* "" or NULL: bind:port */
        const char *bind;      /* NULL: 0.0.0.0 */
        uint16_t port;         /* 0: PORT_DEFAULT */
        const char *secret;    /* NULL: generated */
        const char *key_type;  /* NULL: "ed25519"; or "rsa3072" */
} InitOptions;
void manager_init(Manager *manager, const InitOptions *options, manager_answer_t done, void *userdata);

/* Gives up this node's identity and state: all is put aside below the configuration directory, and the node
 * waits for init. node_id must be its own, so that nobody resets the wrong host. text: where the old files
 * are. */
void manager_node_reset(Manager *manager, const char *node_id, manager_answer_t done, void *userdata);

/* Any change of checks, alerts or whole documents; consumed. deadline: CLOCK_BOOTTIME, 0: 10 s from now. */
void manager_change(
                Manager *manager,
                Change *change,
                usec_t deadline_usec,
                manager_answer_t done,
                void *userdata);

/* What might keep this node from its work: findings. Also before init. */
void manager_diagnose(Manager *manager, manager_answer_t done, void *userdata);

/* The document as YAML without its secrets, as text, and its version. */
void manager_document_read(Manager *manager, manager_answer_t done, void *userdata);

/* The whole document as somebody edited it: a text with kept secrets or with real ones. Its base is that of
 * its `version:`, and it is merged with what changed meanwhile, as an edited cluster.yaml is. */
typedef struct DocumentRequest {
        const char *text;        /* at most DOCUMENT_MAX_BYTES */
        uint64_t base_version;   /* instead of the one in the text; 0: none */
        bool adopt;              /* a cluster.yaml of the original */
        const char *remove_node; /* the peer that may be removed by it, or NULL */
        const char *cause;       /* for the journal */
} DocumentRequest;
/* What applying it would change: differences and warnings, or why it would be refused. */
void manager_document_check(
                Manager *manager, const DocumentRequest *request, manager_answer_t done, void *userdata);
void manager_document_apply(
                Manager *manager, const DocumentRequest *request, manager_answer_t done, void *userdata);

/* Who answers there: NodeID and fingerprint, nothing trusted yet. text says what it is ("alone and empty",
 * …). */
void manager_node_probe(Manager *manager, const char *address, manager_answer_t done, void *userdata);
/* Invites it, if its fingerprint is this one, and answers when it is a live voter. */
void manager_node_add(
                Manager *manager,
                const char *address,
                const char *fingerprint,
                manager_answer_t done,
                void *userdata);
void manager_node_remove(Manager *manager, const char *node_id, manager_answer_t done, void *userdata);
/* Sends a synthetic DOWN through the master; text is the relay's answer. */
void manager_alert_test(Manager *manager, const char *id_or_name, manager_answer_t done, void *userdata);
/* Sends an invented transition of a real check through all alerts that hear of it, by the master; state:
 * "down", "recovered", "up". text: what came of each; CHANGE_REFUSED: there are none, or one failed. */
void manager_check_test(
                Manager *manager,
                const char *id_or_name,
                const char *state,
                manager_answer_t done,
                void *userdata);
/* All that is known about a check, at once or after the other nodes have been asked, which takes at most
 * EXPLAIN_ASK_USEC; also where nobody leads. */
void manager_check_explain(Manager *manager, const char *id_or_name, manager_answer_t done, void *userdata);
/* CHANGE_NOT_FOUND: no entry; CHANGE_REFUSED: it is a member ("quctl node remove"). */
void manager_trust_remove(Manager *manager, const char *node_id, manager_answer_t done, void *userdata);
