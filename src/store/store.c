/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "store/database.h"
#include "store/file.h"
#include "store/mark.h"

/* Two queues between two threads: `todo` to the storage thread, `finished` back to the loop, which an
 * eventfd wakes. Batches are made and freed on the loop; the thread only reads them. What waits together is
 * written in one transaction, and when that fails each on its own, so that every result is exact. */

#define GROUP_MAX 64 /* jobs in one transaction */
#define MARK_DELAY_USEC USEC_PER_SEC

typedef enum JobKind {
        JOB_BATCH,
        JOB_PUT_DOCUMENT,
        JOB_GET_DOCUMENT,
        JOB_KEEP_MARK,
        JOB_RUN,
        JOB_STOP
} JobKind;

typedef struct Job {
        JobKind kind;
        store_done_t done;
        void *userdata;
        int error;
        StoreBatch *batch;
        uint64_t epoch;   /* see Store.epoch */
        uint64_t version; /* of a document */
        char *text;       /* of a document, in or out; JOB_KEEP_MARK: the path */
        void (*work)(void *userdata);
        bool answered; /* JOB_GET_DOCUMENT: somebody waits for this */
} Job;

struct Store {
        sd_event_source *finished_source;
        int finished_fd;
        pthread_t thread;
        bool has_thread;

        /* over both queues and Job.answered; pthread's, because the thread sanitizer knows these */
        pthread_mutex_t mutex;
        pthread_cond_t todo_cond;
        pthread_cond_t answered_cond;
        GQueue todo;
        GQueue finished;

        /* An epoch ends when the loop hears of a failed batch. All batches of the epoch after the failed one
         * were made without knowing of it and fail too. */
        uint64_t epoch; /* the loop's */

        /* the storage thread's */
        Database *database;
        bool replaced;         /* a new state was written: what was made for the old one is refused */
        uint64_t failed_epoch; /* the last one with a failed batch; 0: none */
        int failed_error;

        char *mark_path; /* NULL: none is kept */
        Meta marked;     /* what it tells of */
        usec_t mark_due; /* CLOCK_MONOTONIC; 0: nothing to tell */
};

/* what goes in and out */

Durable *durable_free(Durable *durable) {
        if (!durable)
                return NULL;

        g_free(durable->state_id);
        g_free(durable->vote);
        (void) value_unref(durable->accepted);
        (void) value_unref(durable->committed);
        g_free(durable);
        return NULL;
}

StoreBatch *store_batch_free(StoreBatch *batch) {
        if (!batch)
                return NULL;

        g_free(batch->vote);
        (void) delta_free(batch->accepted_delta);
        g_free(batch->new_state_id);
        g_free(batch);
        return NULL;
}

static Job *job_new(JobKind kind, store_done_t done, void *userdata) {
        Job *job = g_new0(Job, 1);

        job->kind = kind;
        job->done = done;
        job->userdata = userdata;
        return job;
}

static void job_free(Job *job) {
        (void) store_batch_free(job->batch);
        g_free(job->text);
        g_free(job);
}

/* the storage thread */

static bool is_write(const Job *job) {
        return job->kind == JOB_BATCH || job->kind == JOB_PUT_DOCUMENT;
}

static bool is_new_state(const Job *job) {
        return job->kind == JOB_BATCH && job->batch->new_state_id;
}

static bool is_overtaken(const Store *store, const Job *job) {
        return job->kind == JOB_BATCH && job->epoch <= store->failed_epoch;
}

static int write_job(Store *store, const Job *job) {
        if (job->kind == JOB_BATCH)
                return database_write_batch(store->database, job->batch);
        return database_write_document(store->database, job->version, job->text);
}

static int write_together(Store *store, Job *const *jobs, size_t n) {
        int r;

        r = database_begin(store->database);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = write_job(store, jobs[i]);
                if (r < 0) {
                        database_rollback(store->database);
                        return r;
                }
        }
        return database_commit(store->database);
}

static void write_alone(Store *store, Job *job) {
        if (store->replaced) {
                job->error = -ESTALE;
                return;
        }
        if (is_overtaken(store, job)) {
                job->error = store->failed_error;
                return;
        }

        job->error = write_together(store, &job, 1);
        if (job->error < 0 && job->kind == JOB_BATCH) {
                store->failed_epoch = job->epoch;
                store->failed_error = job->error;
        }
        store->replaced = job->error >= 0 && is_new_state(job);
}

static void write_group(Store *store, Job *const *jobs, size_t n) {
        bool together = n > 1 && !store->replaced;

        for (size_t i = 0; i < n; i++)
                if (is_overtaken(store, jobs[i]) || is_new_state(jobs[i]))
                        together = false;
        if (together && write_together(store, jobs, n) >= 0)
                return;
        for (size_t i = 0; i < n; i++)
                write_alone(store, jobs[i]);
}

static usec_t now_monotonic(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

static void write_mark(Store *store) {
        const Meta *meta = database_meta(store->database);

        store->mark_due = 0;
        if (mark_write(store->mark_path, meta->state_id, meta->generation) >= 0)
                meta_copy(&store->marked, meta);
        else
                store->mark_due = now_monotonic() + MARK_DELAY_USEC;
}

/* After a transaction, before its answers: a vote is told to nobody whom a copy put back could
 * contradict. */
static void follow_mark(Store *store) {
        const Meta *meta = database_meta(store->database);

        if (!store->mark_path || meta->generation == store->marked.generation)
                return;
        /* what is marked is empty where none could be written yet */
        if (meta->term != store->marked.term || g_strcmp0(meta->vote, store->marked.vote) != 0 ||
            g_strcmp0(meta->state_id, store->marked.state_id) != 0)
                write_mark(store);
        else if (store->mark_due == 0)
                store->mark_due = now_monotonic() + MARK_DELAY_USEC;
}

static void keep_mark(Store *store, Job *job) {
        store->mark_path = TAKE_PTR(job->text);
        job_free(job);
        write_mark(store); /* the one that is there may be behind */
}

static bool mark_is_due(const Store *store) {
        return store->mark_due > 0 && now_monotonic() >= store->mark_due;
}

/* Waits for a job, not past mark_due. */
static void wait_for_jobs(Store *store) {
        struct timespec until = {
                .tv_sec = (time_t) (store->mark_due / USEC_PER_SEC),
                .tv_nsec = (long) (store->mark_due % USEC_PER_SEC * 1000),
        };

        if (store->mark_due == 0)
                (void) pthread_cond_wait(&store->todo_cond, &store->mutex);
        else
                (void) pthread_cond_timedwait(&store->todo_cond, &store->mutex, &until);
}

/* The writes at the head of what waits, or one other job. Blocks until there is something; 0: the mark is
 * due. */
static size_t take_jobs(Store *store, Job **jobs) {
        size_t n = 0;

        (void) pthread_mutex_lock(&store->mutex);
        while (g_queue_is_empty(&store->todo) && !mark_is_due(store))
                wait_for_jobs(store);
        while (n < GROUP_MAX && !g_queue_is_empty(&store->todo) &&
               (n == 0 || (is_write(jobs[n - 1]) && is_write(g_queue_peek_head(&store->todo)))))
                jobs[n++] = g_queue_pop_head(&store->todo);
        (void) pthread_mutex_unlock(&store->mutex);
        return n;
}

static void give_back(Store *store, Job *const *jobs, size_t n) {
        uint64_t one = 1;

        (void) pthread_mutex_lock(&store->mutex);
        for (size_t i = 0; i < n; i++)
                g_queue_push_tail(&store->finished, jobs[i]);
        (void) pthread_mutex_unlock(&store->mutex);

        /* only fails when it has been written 2^64 - 2 times unread */
        (void) !write(store->finished_fd, &one, sizeof(one));
}

static void answer(Store *store, Job *job) {
        int r;

        r = database_read_document(store->database, job->version, &job->text);
        (void) pthread_mutex_lock(&store->mutex);
        job->error = r;
        job->answered = true;
        (void) pthread_cond_signal(&store->answered_cond);
        (void) pthread_mutex_unlock(&store->mutex);
}

static void *storage_thread(void *userdata) {
        Store *store = userdata;

        for (;;) {
                Job *jobs[GROUP_MAX];
                size_t n = take_jobs(store, jobs);

                if (mark_is_due(store))
                        write_mark(store);
                if (n == 0)
                        continue;
                switch (jobs[0]->kind) {
                case JOB_BATCH:
                case JOB_PUT_DOCUMENT:
                        write_group(store, jobs, n);
                        follow_mark(store);
                        break;
                case JOB_GET_DOCUMENT:
                        answer(store, jobs[0]);
                        continue;
                case JOB_KEEP_MARK:
                        keep_mark(store, jobs[0]);
                        continue;
                case JOB_RUN:
                        jobs[0]->work(jobs[0]->userdata);
                        break;
                case JOB_STOP:
                        if (store->mark_due > 0)
                                write_mark(store);
                        job_free(jobs[0]);
                        return NULL;
                }
                give_back(store, jobs, n);
        }
}

/* signals are the loop's: it reads them from a signalfd, which only works when every thread blocks them */
static int start_thread(Store *store) {
        sigset_t all, before;
        int r;

        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        r = -pthread_create(&store->thread, NULL, storage_thread, store);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        store->has_thread = r >= 0;
        return r;
}

/* the loop's side */

static void push(Store *store, Job *job) {
        (void) pthread_mutex_lock(&store->mutex);
        g_queue_push_tail(&store->todo, job);
        (void) pthread_cond_signal(&store->todo_cond);
        (void) pthread_mutex_unlock(&store->mutex);
}

static Job *pop_finished(Store *store) {
        Job *job;

        (void) pthread_mutex_lock(&store->mutex);
        job = g_queue_pop_head(&store->finished);
        (void) pthread_mutex_unlock(&store->mutex);
        return job;
}

static void dispatch_finished(Store *store) {
        Job *job;

        while ((job = pop_finished(store))) {
                if (job->kind == JOB_BATCH && job->error < 0 && job->epoch == store->epoch)
                        store->epoch++;
                if (job->done)
                        job->done(job->userdata, job->error);
                job_free(job);
        }
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        uint64_t n;

        (void) !read(fd, &n, sizeof(n));
        dispatch_finished(userdata);
        return 0;
}

int store_open(sd_event *event,
               const char *path,
               const char *state_id,
               Store **ret,
               Durable **ret_durable,
               char **reterr_text) {

        _cleanup_(durable_freep) Durable *durable = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        pthread_condattr_t monotonic;
        int r;

        assert(event);
        assert(path);
        assert(ret);
        assert(ret_durable);

        store = g_new0(Store, 1);
        (void) pthread_mutex_init(&store->mutex, NULL);
        (void) pthread_condattr_init(&monotonic);
        (void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&store->todo_cond, &monotonic);
        (void) pthread_condattr_destroy(&monotonic);
        (void) pthread_cond_init(&store->answered_cond, NULL);
        store->epoch = 1;
        store->finished_fd = -1;

        r = database_open(path, state_id, &store->database, &durable, reterr_text);
        if (r < 0)
                return r;

        store->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = store->finished_fd < 0 ? -errno
                                   : sd_event_add_io(event,
                                                     &store->finished_source,
                                                     store->finished_fd,
                                                     EPOLLIN,
                                                     on_finished,
                                                     store);
        if (r >= 0)
                r = start_thread(store);
        if (r < 0) {
                if (reterr_text)
                        *reterr_text = g_strdup_printf(
                                        "cannot start the storage thread: %s", g_strerror(-r));
                return r;
        }
        (void) sd_event_source_set_description(store->finished_source, "store-finished");

        *ret_durable = TAKE_PTR(durable);
        *ret = TAKE_PTR(store);
        return 0;
}

Store *store_free(Store *store) {
        if (!store)
                return NULL;

        if (store->has_thread) {
                push(store, job_new(JOB_STOP, NULL, NULL));
                (void) pthread_join(store->thread, NULL);
                dispatch_finished(store);
        }
        (void) database_free(store->database);
        meta_done(&store->marked);
        g_free(store->mark_path);
        (void) sd_event_source_disable_unref(store->finished_source);
        (void) close_fd(store->finished_fd);
        /* what a done function submitted while the store was closing */
        g_queue_clear_full(&store->todo, (GDestroyNotify) job_free);
        (void) pthread_mutex_destroy(&store->mutex);
        (void) pthread_cond_destroy(&store->todo_cond);
        (void) pthread_cond_destroy(&store->answered_cond);
        g_free(store);
        return NULL;
}

void store_keep_mark(Store *store, const char *path) {
        Job *job;

        assert(store);
        assert(path);

        job = job_new(JOB_KEEP_MARK, NULL, NULL);
        job->text = g_strdup(path);
        push(store, job);
}

int store_set_aside(const char *path) {
        static const char *const endings[] = { "-wal", "-shm", "-journal" };
        g_autofree char *moved_to = NULL;
        int r;

        assert(path);

        r = file_move_aside(path, ".old", &moved_to);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;

        /* its log goes with it; one left here would be taken for the next register's */
        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
                g_autofree char *from = g_strconcat(path, endings[i], NULL);
                g_autofree char *to = g_strconcat(moved_to, endings[i], NULL);

                if (rename(from, to) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

void store_submit(Store *store, StoreBatch *batch_consumed, store_done_t done, void *userdata) {
        Job *job;

        assert(store);
        assert(batch_consumed);

        job = job_new(JOB_BATCH, done, userdata);
        job->batch = batch_consumed;
        job->epoch = store->epoch;
        push(store, job);
}

void store_reset(Store *store, const char *state_id, store_done_t done, void *userdata) {
        StoreBatch *batch;

        assert(state_id);

        batch = g_new0(StoreBatch, 1);
        batch->new_state_id = g_strdup(state_id);
        store_submit(store, batch, done, userdata);
}

void store_put_document(
                Store *store, uint64_t version, const char *text, store_done_t done, void *userdata) {
        Job *job;

        assert(store);
        assert(text);

        job = job_new(JOB_PUT_DOCUMENT, done, userdata);
        job->version = version;
        job->text = g_strdup(text);
        push(store, job);
}

int store_get_document(Store *store, uint64_t version, char **ret) {
        Job *job;
        int r;

        assert(store);
        assert(ret);

        job = job_new(JOB_GET_DOCUMENT, NULL, NULL);
        job->version = version;
        push(store, job);

        (void) pthread_mutex_lock(&store->mutex);
        while (!job->answered)
                (void) pthread_cond_wait(&store->answered_cond, &store->mutex);
        (void) pthread_mutex_unlock(&store->mutex);

        r = job->error;
        if (r >= 0)
                *ret = g_steal_pointer(&job->text);
        job_free(job);
        return r;
}

int store_get_document_in_work(Store *store, uint64_t version, char **ret) {
        assert(store);
        assert(ret);
        return database_read_document(store->database, version, ret);
}

void store_run(Store *store, void (*work)(void *userdata), store_done_t done, void *userdata) {
        Job *job;

        assert(store);
        assert(work);

        job = job_new(JOB_RUN, done, userdata);
        job->work = work;
        push(store, job);
}
