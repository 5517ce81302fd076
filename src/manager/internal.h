/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the parts of the manager reach each other: each is a noun with its own file; the Manager is only their
 * owner and the one who passes news on. Nothing outside src/manager/ includes this. */

#include "alerts/told.h"
#include "manager/call.h"
#include "manager/deliveries.h"
#include "manager/judge.h"
#include "manager/loop.h"
#include "manager/manager.h"
#include "manager/timer.h"
#include "manager/watcher.h"

typedef struct Replica Replica;         /* manager/replica.h */
typedef struct Node Node;               /* manager/node.h */
typedef struct Membership Membership;   /* manager/membership.h */
typedef struct Credentials Credentials; /* manager/credentials.h */
typedef struct ClusterFile ClusterFile; /* manager/cluster-file.h */
typedef struct Desk Desk;               /* manager/desk.h */
typedef struct News News;               /* manager/news.h */
typedef struct Doctor Doctor;           /* manager/doctor.h */
typedef struct Trials Trials;           /* manager/trials.h */
typedef struct Transport Transport;
typedef struct TransportCall TransportCall;

struct Manager {
        Loop *loop;
        sd_event *event;
        Node *node;           /* files and identity */
        Transport *transport; /* NULL before init */
        Replica *replica;     /* NULL before init, like all below */
        Watcher *watcher;
        Judge *judge;
        Credentials *credentials;
        Deliveries *deliveries;
        Membership *membership;
        unsigned n_inquiries; /* see explain.c */
        Told *told;           /* what was delivered to whom, for people */
        News *news;
        ClusterFile *file;
        Desk *desk;
        const ManagerObserver *observer;
        void *observer_userdata;
        Doctor *doctor; /* never NULL */
        Calls *calls;   /* verbs not answered yet */
        Trials *trials; /* test messages under way; never NULL */
        int *peer_fds;
        GPtrArray *turned_away; /* before init: see handed.h */
        size_t n_peer_fds;
        char *ca_file;
        Value *value;         /* committed; never NULL */
        bool removed;         /* from the cluster; told once */
        GPtrArray *adoptions; /* being invited, in the next turn; see init.c */
        sd_event_source *adopt_source;
        sd_event_source *status_source; /* end of turn: STATUS= and node_changed */
};

/* ---- what the parts ask of each other ---- */

const char *manager_node_id(const Manager *manager);
/* the leader by the register, "" for none; whether its words come from it directly */
const char *manager_master(const Manager *manager);
/* the master is this node, its lease checked on the clock read afresh */
bool manager_is_master(const Manager *manager);
uint64_t manager_term(const Manager *manager);
void manager_send_text(
                Manager *manager, const char *node_id, const char *method, const char *params, bool urgent);
/* sends params (an object of type) to a peer; our own id is an error of the programmer */
void manager_send(
                Manager *manager,
                const char *node_id,
                const char *method,
                const ObjectType *type,
                const void *params);
/* Commits a change of the daemon's own records (change_from_delta()), which is consumed. answered: as
 * manager_answer_t. */
void manager_commit(
                Manager *manager,
                Change *change,
                const char *cause,
                manager_answer_t answered,
                void *userdata);

/* ---- news, passed on to the parts and the observer ---- */

void manager_on_committed(Manager *manager, const Value *before, const Value *after);
void manager_on_leader(Manager *manager, uint64_t term, const char *node_id, const char *via);
void manager_on_lease(Manager *manager, bool gained);
void manager_on_removed(Manager *manager, const char *told_by, uint64_t version);
/* Replaces this node's state by the one of the cluster that invited it, in a turn of its own, and answers
 * the call: with an error only if the node surely is as it was. peers: all members, with this node. */
void manager_adopt(Manager *m, Value *value, TransportCall *call);
/* something of ManagerStatus may have changed: told at the end of the turn */
void manager_touch_status(Manager *manager);
