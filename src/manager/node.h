/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This node's own files: who it is, whom it trusts, where things are. Holds the lock that keeps a second
 * daemon off the same directory. */

#include "model/document.h"
#include "store/paths.h"
#include "store/store.h"
#include "transport/identity.h"

typedef struct Node {
        Paths *paths;
        int lock_fd;
        NodeConfig *config;          /* NULL before init */
        TransportIdentity *identity; /* NULL before init */
        JoinKey join_key;
        TrustFile *trust; /* never NULL */
} Node;

/* Reads what is there. 0; -errno with a sentence: what cannot be read, or who is here already. */
int node_open(Node **ret, char **reterr_text);
Node *node_close(Node *node);
DEFINE_CLEANUP(Node, node_close);

/* questions */
bool node_is_initialized(const Node *node);
const char *node_bind_address(const Node *node);
uint16_t node_bind_port(const Node *node);

/* Opens this node's register: 0, or -errno with a sentence. Refused, because it could vote twice: a register
 * of another state id than node.yaml's (-ESTALE), one that is older than the mark beside node.yaml says
 * (-ESTALE), one that is not there (-ENOENT) or damaged (-EBADMSG). */
int node_open_register(
                const Node *node, sd_event *event, Store **ret, Durable **ret_durable, char **reterr_text);

void node_keep_mark(const Node *node, Store *store); /* which node_open_register() has done */

/* Makes an identity in memory; node_commit_init() writes it, node.yaml last: without that file nothing of it
 * counts. Either all of it is there or none. */
typedef struct NewNode {
        NodeConfig *config;
        NewIdentity keys;
        TransportIdentity *identity;
        JoinKey join_key;
        bool made_secret;
} NewNode;
int node_prepare_init(
                const char *advertise,
                const char *bind,
                uint16_t port,
                const char *secret,
                const char *key_type,
                NewNode **ret,
                char **reterr_text);
NewNode *new_node_free(NewNode *new_node);
DEFINE_CLEANUP(NewNode, new_node_free);
/* consumed on success; the register's database must be there by then */
int node_commit_init(Node *node, NewNode *new_node, char **reterr_text);

/* node.yaml of the original has no state id and no join key; writes those that are in memory by now. */
int node_adopt(Node *node, char **reterr_text);

/* Puts all that this node is (keys, files, register) aside, node.yaml first: without it nothing of the rest
 * counts. *ret_where: the folder below the configuration directory. The caller holds the lock. */
int node_set_aside(const Paths *paths, char **ret_where);
/* after node_set_aside(): nothing of it is in memory any more */
void node_forget(Node *node);

/* Makes trust.yaml say what the members are; true: it changed and the file is to be written. */
bool node_follow_members(Node *node, GPtrArray *peers, usec_t now_realtime_usec);
