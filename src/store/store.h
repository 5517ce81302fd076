/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register's database: SQLite in WAL mode with synchronous=FULL, in tables, one row per record: the accepted
 * value with its (term, seq), the last committed value beside it, term and vote, and what else must survive.
 * It runs on a thread of its own: a batch is one transaction, done in the order of submission, and its done
 * function is called on the loop. Nothing is half written: a batch is durable or it is not there. */

#include <systemd/sd-event.h>

#include "cluster/value.h"

typedef struct Store Store;

/* All that the register needs to start again. */
typedef struct Durable {
        char *state_id; /* must equal NodeConfig.state_id */
        uint64_t term;
        char *vote; /* NodeID or "" */
        uint64_t accepted_term;
        uint64_t accepted_seq;
        Value *accepted; /* never NULL */
        uint64_t committed_term;
        uint64_t committed_seq;
        Value *committed; /* never NULL */
} Durable;
Durable *durable_free(Durable *durable);
DEFINE_CLEANUP(Durable, durable_free);

/* What one step of the register makes durable; parts that do not change are left out. */
typedef struct StoreBatch {
        bool has_vote;
        uint64_t term;
        char *vote;
        bool has_accepted;
        uint64_t accepted_term;
        uint64_t accepted_seq;
        Delta *accepted_delta; /* against the accepted value on disk */
        bool accepted_whole;   /* accepted_delta holds the whole new value: everything else goes */
        bool has_committed;    /* the accepted value, as this batch leaves it, is committed */
        char *new_state_id;    /* joining or reset: everything else is dropped first */
} StoreBatch;
StoreBatch *store_batch_free(StoreBatch *batch);
DEFINE_CLEANUP(StoreBatch, store_batch_free);

typedef void (*store_done_t)(void *userdata, int error); /* 0, or -errno: nothing of the batch was written */

/* Opens or creates (state_id NULL: must exist). Blocking, before the loop runs. -ENOENT: there is none;
 * -EBADMSG: damaged, with a sentence in reterr_text that says what and what to do; -EBUSY: another process has
 * it. Loads the durable state. */
int store_open(sd_event *event, const char *path, const char *state_id, Store **ret, Durable **ret_durable, char **reterr_text);
Store *store_free(Store *store); /* waits for what was submitted */
DEFINE_CLEANUP(Store, store_free);
void store_submit(Store *store, StoreBatch *batch_consumed, store_done_t done, void *userdata);

/* small keyed texts beside the register (documents written to cluster.yaml, by version; the last DOCUMENTS_KEPT) */
void store_put_document(Store *store, uint64_t version, const char *text, store_done_t done, void *userdata);
int store_get_document(Store *store, uint64_t version, char **ret); /* blocking, small; -ENOENT */
