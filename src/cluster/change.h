/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A change: what a client (or the manager itself) asks of the cluster. It travels to the leader, which plans
 * it against its newest value; planning is pure and gives either a Delta or a refusal that a person can act
 * on. A change of one object names that object's revision (0: whatever it is); an add names none: uniqueness
 * of id and name decides; only a whole-document change names the document's version. The id is made by the
 * client and remembered with its answer, so a retry of the same change gets the first one's answer. */

#include "cluster/value.h"
#include "model/field.h"

typedef enum ChangeKind {
        CHANGE_ADD,    /* object_kind, body: a new check, alert or peer (a peer joins as `joining`) */
        CHANGE_EDIT,   /* object_kind, target (id or name), base_revision, body, fields: only these change */
        CHANGE_REMOVE, /* object_kind, target (id or name; a peer: NodeID) */
        CHANGE_DOCUMENT, /* body: a whole Document; base_version */
        CHANGE_PROMOTE,  /* target: the NodeID of a joining peer that becomes a voter */
        CHANGE_WITHDRAW, /* target: the NodeID of a joining peer that surely has not adopted
                            the cluster: it goes without being barred */
        CHANGE_RECORDS,  /* ops: the daemon's own records (status, notices, templates), each with what it
                            expects */
        _CHANGE_KIND_MAX
} ChangeKind;
DECLARE_STRTAB(change_kind, ChangeKind);

/* One record of a CHANGE_RECORDS. */
typedef struct ChangeOp {
        char *kind; /* record_kind_to_string() */
        char *id;
        char *expect; /* hex of the digest that the record must have now; "" for absent, "*" for whatever */
        char *body;   /* the new record's JSON; "" deletes it */
} ChangeOp;
DECLARE_OBJECT(ChangeOp, change_op);

typedef struct Change {
        char *id; /* client-made, unique */
        ChangeKind kind;
        char *object_kind; /* "check", "alert", "peer" */
        char *target;
        uint64_t base_revision;
        uint64_t base_version;
        char *body;      /* JSON of the object or document */
        char **fields;   /* names of what CHANGE_EDIT sets */
        GPtrArray *ops;  /* of ChangeOp */
        char *origin;    /* NodeID where it was asked */
        char *cause;     /* for the journal: "quctl", "hand edit", uid … */
        usec_t asked_at; /* CLOCK_REALTIME where it was asked: the document's updated_at */
} Change;
DECLARE_OBJECT(Change, change);

typedef enum ChangeOutcome {
        CHANGE_DONE,
        CHANGE_INVALID, /* the change itself is wrong; text says what would be right */
        CHANGE_EXISTS,
        CHANGE_NOT_FOUND,
        CHANGE_CONFLICT, /* someone changed the object meanwhile */
        CHANGE_REFUSED,  /* right, but not now (another member is joining, the last voter, …) */
        CHANGE_NO_QUORUM,
        CHANGE_UNKNOWN_OUTCOME, /* the leader was lost on the way; asking again with the same id is safe */
        _CHANGE_OUTCOME_MAX
} ChangeOutcome;
DECLARE_STRTAB(change_outcome, ChangeOutcome);

typedef struct ChangeAnswer {
        char *id;        /* of the change */
        uint64_t number; /* when remembered: its place among the remembered */
        ChangeOutcome outcome;
        char *text;       /* a sentence when refused */
        uint64_t version; /* of the document after it */
        char *object_id;  /* of what was added, edited or removed */
        char *object_name;
        char **affected; /* e.g. the checks a removed alert was detached from */
} ChangeAnswer;
DECLARE_OBJECT(ChangeAnswer, change_answer);

/* Plans the change against a value. Always fills *ret_answer; *ret_delta is NULL unless the outcome is
 * CHANGE_DONE, and may be empty when nothing differs. The delta holds the new meta (version + 1 for a change
 * of the document) and the remembered answer. now_realtime_usec stamps updated_at; leader is the NodeID that
 * plans. next_id makes a fresh UUID for objects that carry none. */
typedef char *(*change_id_t)(void *userdata);
void change_plan(
                const Value *value,
                const Change *change,
                usec_t now_realtime_usec,
                const char *leader,
                change_id_t next_id,
                void *userdata,
                Delta **ret_delta,
                ChangeAnswer **ret_answer);

/* A CHANGE_RECORDS that makes the delta, each record against what `base` has; id, cause and asked_at are the
 * caller's to fill. Templates are named by their content, so whoever put one first, it is the same. */
Change *change_from_delta(const Value *base, const Delta *delta);
