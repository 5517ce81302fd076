/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The register's database: SQLite in WAL mode with synchronous=FULL, in tables, one row per record: the
 * accepted value with its (term, seq), the last committed value beside it, term and vote, and what else must
 * survive. It runs on a thread of its own: a batch is durable as a whole or not there at all, batches take
 * effect in the order of submission, and each one's done function is called on the loop.
 *
 * When a batch fails, those submitted after it and before its done function was called fail with the same
 * error: they were meant for a state that never came. After that the store is usable again. */

#include <systemd/sd-event.h>

#include "cluster/value.h"

typedef struct Store Store;

/* All that the register needs to start again. */
typedef struct Durable {
        char *state_id;      /* must equal NodeConfig.state_id */
        uint64_t generation; /* +1 per transaction, under a new state id too */
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

/* What one step of the register makes durable, in this order but for new_state_id, which is first; parts
 * that do not change are left out. */
typedef struct StoreBatch {
        bool has_vote;
        uint64_t term;
        char *vote;
        bool commit_first; /* the accepted value, as it is on disk before this batch, is committed */
        bool has_accepted;
        uint64_t accepted_term;
        uint64_t accepted_seq;
        Delta *accepted_delta; /* against the accepted value on disk; NULL: only the stamp changes */
        bool accepted_whole;   /* accepted_delta holds the whole new value: everything else goes */
        bool has_committed;    /* the accepted value, as this batch leaves it, is committed */
        char *new_state_id;    /* joining or reset: everything else (documents too) is dropped first */
} StoreBatch;
StoreBatch *store_batch_free(StoreBatch *batch);
DEFINE_CLEANUP(StoreBatch, store_batch_free);

/* 0, or -errno: nobody may be told of it. -ENOSPC: no space; -EIO: the disk failed; after a failed fsync it
 * may have the batch all the same, so the next one carries the whole value and term and vote. Trying again
 * is all that is needed. -ENOTRECOVERABLE: the file is another one than was opened; the daemon must end and
 * start again. -ESTALE: a batch before it brought a new state, and this one was made for the old; the store
 * must be opened anew. */
typedef void (*store_done_t)(void *userdata, int error);

/* lifecycle */

/* Opens or creates (state_id NULL: must exist). Blocking, before the loop runs. Loads the durable state.
 * Failing, with a sentence in reterr_text that says what is wrong and what to do: -ENOENT: there is none (or
 * a creation that never came to its end); -EBUSY: another process has it; -EBADMSG: damaged; -ESTALE: it has
 * another state id than the one given; -ENOTSUP: written by a newer quptime. */
int store_open(sd_event *event,
               const char *path,
               const char *state_id,
               Store **ret,
               Durable **ret_durable,
               char **reterr_text);
/* Waits for what was submitted; done functions not called yet are called now, before it returns. */
Store *store_free(Store *store);
DEFINE_CLEANUP(Store, store_free);

/* Keeps a mark of how far the register has come (store/mark.h) from now on: before the answer to a batch
 * that changes term or vote, within MARK_DELAY_USEC for all else. A mark that cannot be written is tried
 * again and fails nothing. Call it at most once, before the first submission; path is copied. */
void store_keep_mark(Store *store, const char *path);

/* Renames a register that is no longer wanted (damaged, of another identity) to path + ".old"; it must not
 * be open. 0 when there is none. */
int store_set_aside(const char *path);

/* steps */

void store_submit(Store *store, StoreBatch *batch_consumed, store_done_t done, void *userdata);
/* drops everything and begins anew under another state id */
void store_reset(Store *store, const char *state_id, store_done_t done, void *userdata);

/* texts of cluster.yaml by version: the last DOCUMENTS_KEPT, at most DOCUMENTS_KEPT_BYTES when packed */
void store_put_document(Store *store, uint64_t version, const char *text, store_done_t done, void *userdata);
/* blocking until what was submitted before is done; -ENOENT */
int store_get_document(Store *store, uint64_t version, char **ret);
/* the same, for work() of store_run() alone */
int store_get_document_in_work(Store *store, uint64_t version, char **ret);

/* Runs work(userdata) on the storage thread, in its turn, then done(userdata, 0) on the loop: for what would
 * hold the loop too long, such as parsing a large document. work() touches nothing but what userdata alone
 * has. */
void store_run(Store *store, void (*work)(void *userdata), store_done_t done, void *userdata);
