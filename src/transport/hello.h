/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The messages that this room itself speaks: hello, refused, join.probe and join.prove. docs/wire.md has
 * their meaning; the manager never sees them. */

#include "model/field.h"
#include "wire/envelope.h"

#define METHOD_HELLO "hello"
#define METHOD_REFUSED "refused"
#define METHOD_JOIN_PROBE "join.probe"
#define METHOD_JOIN_PROVE "join.prove"

typedef struct Hello {
        uint64_t protocol;
        char *node_id;
        char *cluster_id;
        uint64_t value_format;
        bool stranger; /* of the listener: your key is no member's, only joining is open to you */
} Hello;
DECLARE_OBJECT(Hello, hello);

typedef enum RefusalKind {
        REFUSAL_OTHER,
        REFUSAL_BARRED,
        REFUSAL_DUPLICATE, /* there is a connection between us already */
        REFUSAL_CLUSTER,   /* another cluster, or another NodeID than the key's */
        _REFUSAL_KIND_MAX
} RefusalKind;
DECLARE_STRTAB(refusal_kind, RefusalKind);

typedef struct Refusal {
        RefusalKind kind;
        char *reason; /* a sentence */
        char *cluster_id;
        uint64_t version; /* barred: since this version of the document */
} Refusal;
DECLARE_OBJECT(Refusal, refusal);

typedef struct Proof {
        char *cluster_id; /* the dialler's: into which it invites */
        char *proof;      /* 64 hex digits */
        bool wrong;       /* the listener's answer: the dialler's proof is not right */
} Proof;
DECLARE_OBJECT(Proof, proof);

/* The params of a message as an object of the type; NULL when they are none. */
void *message_params(const ObjectType *type, const Envelope *envelope);
