/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the daemon's dictionaries hold, as plain objects with tables of fields (model/field.h): one reader
 * for all of them, and one writer to JSON. A key that this version does not know, or whose type is another
 * one, is skipped; one that is missing stays empty: an older or newer daemon is still readable. */

#include <systemd/sd-bus.h>

#include "model/field.h"

/* the Manager's properties */
typedef struct NodeStatus {
        bool initialized;
        char *version; /* of the daemon */
        char *directory;
        char *node_id;
        char *fingerprint;
        char *master;
        char *master_via;
        uint64_t term;
        bool quorum;
        uint64_t quorum_live;
        uint64_t quorum_need;
        uint64_t config_version;
        char *hint;
} NodeStatus;
DECLARE_OBJECT(NodeStatus, node_status);

typedef struct PeerRow {
        char *node_id;
        char *advertise;
        char *fingerprint;
        bool live;
        usec_t last_seen; /* CLOCK_REALTIME, 0: never, like all instants here */
        bool self;
        bool joining;
} PeerRow;
DECLARE_OBJECT(PeerRow, peer_row);

typedef struct EffectiveAlert {
        char *name;
        bool is_default;
} EffectiveAlert;
DECLARE_OBJECT(EffectiveAlert, effective_alert);

typedef struct CheckRow {
        char *id;
        char *name;
        char *type;
        char *target;
        char *state;
        uint64_t ok;
        uint64_t total;
        GPtrArray *alerts; /* of EffectiveAlert */
        char *detail;
        char *interval;
        char *timeout;
        uint64_t expect_status;
        char *body_match;
        char **alert_ids;
        char **suppress_alert_ids;
        bool disabled; /* then state says so, too */
        uint64_t revision;
        usec_t since;
        usec_t stale_since;
} CheckRow;
DECLARE_OBJECT(CheckRow, check_row);
/* Nobody looks at a disabled check, so its last state is no news: then the state is "disabled". */
void check_row_mark_disabled(CheckRow *check);

typedef struct AlertRow {
        char *id;
        char *name;
        char *type;
        bool is_default;
        bool disabled;
        char *smtp_host;
        uint64_t smtp_port;
        char *smtp_user;
        /* JSON: {"kept":true} where one is set, {"credential":NAME} where one is named */
        char *smtp_password;
        char *smtp_from;
        char **smtp_to;
        bool smtp_starttls;
        char *discord_webhook; /* JSON, the same */
        char *subject_template;
        char *body_template;
        uint64_t owed;
        char **lacking; /* live nodes without its credential */
        char *endpoint;
        uint64_t revision;
} AlertRow;
DECLARE_OBJECT(AlertRow, alert_row);

typedef struct TrustRow {
        char *node_id;
        char *address;
        char *fingerprint;
        usec_t added_at;
} TrustRow;
DECLARE_OBJECT(TrustRow, trust_row);

/* the answer of Init and of ProbeNode */
typedef struct NodeAnswer {
        char *node_id;
        char *fingerprint;
        char *directory;
        char *advertise;
        char *secret; /* only when it was generated */
        char *state;
} NodeAnswer;
DECLARE_OBJECT(NodeAnswer, node_answer);

/* Reads one a{sv} into a new object. 0, or what sd-bus says of a message that has another form. */
int row_read(sd_bus_message *message, const ObjectType *type, void **ret);
/* Reads one a{sv} into an object that is there: what is not in it stays. After an error some of it may be
 * read. */
int row_update(sd_bus_message *message, const ObjectType *type, void *object);
/* An empty list that frees its rows; of peers, checks, alerts or trust entries. */
GPtrArray *rows_new(const ObjectType *type);
/* Reads an aa{sv}, appending to rows. */
int rows_read(sd_bus_message *message, const ObjectType *type, GPtrArray *rows);
