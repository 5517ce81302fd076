/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of change_plan(): what the planners of the kinds share. A planner adds to the delta, or refuses;
 * after a refusal nothing of the delta counts. */

#include <json-glib/json-glib.h>

#include "cluster/change.h"

typedef struct Plan {
        const Value *value;
        const Change *change;
        const ClusterMeta *current; /* of the value */
        ClusterMeta *meta;          /* as it will be; version is the new one */
        Delta *delta;
        ChangeAnswer *answer;
        change_id_t next_id;
        void *userdata;
        bool keeps_password; /* the body says {kept: true} of an alert's smtp_password */
} Plan;

/* What the planners must know about each kind of object that a document lists. */
typedef struct ListedKind {
        const char *name; /* as in Change.object_kind */
        RecordKind record;
        const ObjectType *type;
        size_t id_offset;
        ptrdiff_t name_offset; /* -1: it has no name */
        size_t order_offset;
        size_t revision_offset;
        size_t max;
} ListedKind;

const ListedKind *listed_kind(RecordKind kind);              /* peer, check or alert */
const ListedKind *listed_kind_from_string(const char *name); /* NULL: no such kind */
char **listed_id(const ListedKind *kind, const void *object);
const char *listed_name(const ListedKind *kind, const void *object); /* of a peer: its NodeID */
uint64_t *listed_order(const ListedKind *kind, const void *object);
uint64_t *listed_revision(const ListedKind *kind, const void *object);
/* field rules of one object, the complaint as one sentence (caller frees) */
int listed_validate(const ListedKind *kind, const void *object, char **reterr_text);
const void *listed_find(const Value *value, const ListedKind *kind, const char *id_or_name);

/* The first refusal stands. Returns false, so that `return plan_refuse(…)` reads well. */
bool plan_refuse(Plan *plan, ChangeOutcome outcome, const char *format, ...) G_GNUC_PRINTF(3, 4);
void plan_name_object(Plan *plan, const ListedKind *kind, const void *object);
void plan_affects(Plan *plan, const char *name);
/* whether two objects differ in what people see of them */
bool plan_differs(const ObjectType *type, const void *a, const void *b);

/* planners: false when refused */
bool plan_add(Plan *plan);
bool plan_edit(Plan *plan);
bool plan_remove(Plan *plan);
bool plan_document(Plan *plan);
bool plan_promote(Plan *plan);
bool plan_withdraw(Plan *plan);
bool plan_records(Plan *plan);

/* parts that both a single change and a whole document need */
bool plan_may_be_named(Plan *plan, const ListedKind *kind, const void *object, const char *own_id);
bool plan_references(Plan *plan, const Check *check);
bool plan_add_peer(Plan *plan, Peer *peer_consumed);
bool plan_remove_peer(Plan *plan, const Peer *peer);
void plan_drop_notices(Plan *plan, const char *check_id, const char *alert_id); /* NULL: of any */
void plan_collect_templates(Plan *plan);

/* Reads a body into *ret_object (of type) after putting `base`'s own secrets where the body says {kept:
 * true} and
 * "***", and base's values where a required field is missing (base may be NULL: nothing to keep).
 * ret_members, when not NULL, gets the names the body has. Refuses the plan and returns false when it cannot
 * be read. */
bool plan_read_object(
                Plan *plan,
                const ObjectType *type,
                const char *body,
                const Record *base,
                void **ret_object,
                char ***ret_members);
/* Refuses what would have a password that is kept sent elsewhere: config/secret.h. */
bool plan_password_stays(Plan *plan, const Alert *base, const Alert *edited);
/* The same as plan_read_object() for a document; bases are found in the value by id, then by name. */
bool plan_read_document(Plan *plan, const char *body, Document **ret);
