/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cluster document, as people see it in cluster.yaml: peers, checks, alerts, and what the cluster itself
 * keeps about them. The register holds the same objects one record each (cluster/value.h); this struct is
 * the form that is read, written, compared and merged as a whole. */

#include "model/alert.h"
#include "model/check.h"
#include "model/peer.h"

typedef struct Document {
        uint64_t version;        /* +1 per change; put right, not obeyed, in an edited file */
        usec_t updated_at;       /* CLOCK_REALTIME */
        char *updated_by;        /* NodeID */
        usec_t election_timeout; /* E; 0: ELECTION_DEFAULT_USEC. Pings go out every E/10 */
        GPtrArray *peers;        /* of Peer */
        GPtrArray *checks;       /* of Check */
        GPtrArray *alerts;       /* of Alert */
        char *extra;
} Document;
DECLARE_OBJECT(Document, document);

/* questions; what they return is borrowed from the document, NULL: none */
Check *document_check(const Document *document, const char *id_or_name);
Alert *document_alert(const Document *document, const char *id_or_name);
Peer *document_peer(const Document *document, const char *node_id);

/* The alerts that hear of a check: its alert_ids in their order (first match by id, then by name), then
 * every default one in the order of the list, minus suppress_alert_ids, each once. alerts: of Alert. The
 * caller frees the array; the elements are borrowed. */
GPtrArray *effective_alerts(const Check *check, const GPtrArray *alerts);

/* node.yaml: this node's own identity, never replicated. */
typedef struct NodeConfig {
        char *node_id;
        char *bind_addr;    /* "": 0.0.0.0 */
        uint64_t bind_port; /* 0: PORT_DEFAULT */
        char *advertise;    /* "": bind:port, with 127.0.0.1 for an unspecified address */
        char *cluster_secret;
        char *join_key; /* hex of PBKDF2(cluster_secret): what the join proof uses */
        char *state_id; /* random, the same as in the register's database */
} NodeConfig;
DECLARE_OBJECT(NodeConfig, node_config);

/* trust.yaml: the pins this node has stored. */
typedef struct TrustEntry {
        char *node_id;
        char *address;
        char *fingerprint;
        char *cert_pem;
        usec_t added_at; /* CLOCK_REALTIME */
} TrustEntry;
DECLARE_OBJECT(TrustEntry, trust_entry);

typedef struct TrustFile {
        GPtrArray *entries; /* of TrustEntry, sorted by node_id */
} TrustFile;
DECLARE_OBJECT(TrustFile, trust_file);
