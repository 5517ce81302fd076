/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Nodes with real TLS over loopback, all on one loop, and what they heard. Nothing sleeps: run_until() turns
 * the loop until a condition holds, and fails the test after a bound. */

#include <glib.h>
#include <systemd/sd-event.h>

#include "transport/join.h"
#include "transport/transport.h"

#define CLUSTER "11111111-2222-4333-8444-555555555555"
#define SECRET "correct horse battery staple"
#define BOUND_USEC (20 * USEC_PER_SEC)

typedef struct Node {
        Transport *transport;
        TransportIdentity *identity;
        const char *node_id;
        char *address; /* where it listens */
        GString *log;  /* "up b;down b;message b ping {};…" */
        unsigned n_up;
        unsigned n_down;
        unsigned n_messages;
        unsigned n_calls;
        unsigned n_events[_TRANSPORT_EVENT_KIND_MAX];
        char *last_event;
        char *last_method;
        char *last_params;
        char *last_joiner;
        uint64_t barred_version;
        JoinState join;        /* what it says to strangers; its strings are literals */
        GPtrArray *kept_calls; /* "wait": TransportCall that get no answer yet */
} Node;

typedef struct Answer {
        bool done;
        int error;
        char *result;
        char *text;
        char *fingerprint;
        JoinState *state;
        Invitation *invitation;
} Answer;

extern KeyType test_key_type; /* of nodes made from now on; each test runs with each */
extern sd_event *test_event;
extern TransportTimes test_times;

/* node "a", "b", …: their ids sort as their names. cluster NULL: none. Listens on host, a free port. */
Node *node_new(const char *name, const char *host, const char *cluster);
Node *
node_new_as(const char *name, const char *host, const char *cluster, TransportIdentity *identity_consumed);
TransportIdentity *identity_for(const char *name);
void node_free(Node *node);
char *node_id_of(const char *name); /* caller frees */

/* each knows all others; peer_of() for single ones */
void nodes_mesh(Node **nodes, size_t n);
void node_set_peers(Node *node, Node *const *peers, size_t n_peers, Node *const *barred, size_t n_barred);

typedef bool (*condition_t)(void *userdata);
void run_until(condition_t condition, void *userdata);
void run_for(usec_t usec); /* to see that nothing happens */
usec_t now_usec(void);

void on_answer(void *userdata, int error, const char *result, const char *text); /* userdata: Answer */
bool answered(void *userdata);
void answer_done(Answer *answer);

int raw_connect(const Node *node); /* a plain non-blocking socket, connecting */

/* main(): runs each test on both types of key */
void harness_add(const char *path, void (*test)(void));
int harness_run(int *argc, char ***argv, void (*add_tests)(void));
