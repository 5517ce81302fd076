/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the register wants done: values, in the order in which they are to be carried out. */

#include "cluster/change.h"
#include "cluster/value.h"

/* What one write makes durable, in one transaction, in this order. The manager makes it a StoreBatch. */
typedef struct RegisterWrite {
        uint64_t number;   /* to be named in register_persisted() */
        bool commit_first; /* the accepted value that is on disk now becomes the committed one */
        uint64_t term;     /* always: who was voted for in which term */
        char *vote;        /* NodeID, or "" */
        bool has_accepted;
        bool whole; /* delta is the whole value: every other accepted record goes */
        uint64_t accepted_term;
        uint64_t accepted_seq;
        Delta *delta; /* against the accepted value on disk, or against nothing when whole */
        bool commit;  /* the accepted value, as this write leaves it, becomes the committed one */
} RegisterWrite;

typedef enum RegisterEffectKind {
        REGISTER_PERSIST,   /* write: start it, and call register_persisted() when it is done. At most one is
                             * under way at any time. */
        REGISTER_SEND,      /* node, method, params, urgent: a notification. It may be lost, doubled, late.
                             * Without      a connection it is dropped, never queued. */
        REGISTER_ANSWER,    /* answer: what came of a change submitted on this node */
        REGISTER_COMMITTED, /* value, previous, term, seq: the cluster has agreed on this; show it */
        REGISTER_LEADER, /* term, node ("": none), via ("": heard from itself): who leads, as seen from here
                          */
        REGISTER_LEASE,  /* gained: this node is master from now on, or no longer. Before anything is done in
                          * the  master's name register_acts() is asked again. */
        REGISTER_REMOVED,   /* node, seq: `node` says that the document's version `seq` barred us
                             */
        REGISTER_FORGETFUL, /* node has less on its disk than it once acknowledged: no longer counted */
        REGISTER_DISK, /* gained: writing works again, or has failed: the node takes no part until it does */
        REGISTER_IMPLAUSIBLE, /* node names a term or seq further ahead than an honest one can be; term,
                               * seq: the greatest of its message, which was not heard */
        _REGISTER_EFFECT_MAX
} RegisterEffectKind;
DECLARE_STRTAB(register_effect, RegisterEffectKind);

typedef struct RegisterEffect {
        RegisterEffectKind kind;
        char *node;
        char *via;
        const char *method; /* static */
        char *params;       /* JSON object */
        bool urgent;        /* may pass what is not, between the pieces of a long message */
        bool gained;
        uint64_t term;
        uint64_t seq;
        RegisterWrite *write;
        ChangeAnswer *answer;
        Value *value;
        Value *previous;
} RegisterEffect;

/* A queue of them; take from the front until it is empty. */
typedef struct RegisterEffects {
        GQueue queue; /* of RegisterEffect */
} RegisterEffects;

#define REGISTER_EFFECTS_INIT                                                                               \
        { G_QUEUE_INIT }

RegisterEffect *register_effects_take(RegisterEffects *effects); /* NULL: none left; the caller frees it */
void register_effects_done(RegisterEffects *effects);            /* frees what was not taken */
RegisterEffect *register_effect_free(RegisterEffect *effect);
DEFINE_CLEANUP(RegisterEffect, register_effect_free);
RegisterWrite *register_write_free(RegisterWrite *write);
DEFINE_CLEANUP(RegisterWrite, register_write_free);
