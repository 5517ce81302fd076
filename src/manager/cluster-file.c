/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/cluster-file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alerts/templates.h"
#include "base/limits.h"
#include "base/names.h"
#include "cluster/editing.h"
#include "config/yaml.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/node.h"
#include "manager/replica.h"
#include "store/file.h"
#include "store/watch.h"
#include "transport/identity.h"

#define EDIT_DEADLINE_USEC (15 * USEC_PER_SEC) /* of one proposal */
#define WRITE_RETRY_USEC (10 * USEC_PER_SEC)
#define PRINTED_ON_LOOP_MAX_BYTES (64 * 1024)   /* a larger one would hold the loop for milliseconds */
#define START_PATIENCE_USEC (30 * USEC_PER_SEC) /* for a master, with an edit made while we were stopped */

static const char comment[] =
                "The cluster document: edit it on any node, or use quctl. version, updated_at and\n"
                "updated_by are kept by the cluster. Keep the last line when you save in place.";

/* One text on its way to the file: made on the storage thread, kept, and put there. */
typedef struct Writing {
        ClusterFile *file; /* NULL: gone */
        Value *value;
        uint64_t version;
        char *path;
        char *text;     /* NULL: it is being made */
        char *printed;  /* by the storage thread, like what follows */
        char *replaced; /* what stood there */
        size_t replaced_size;
        int error;
} Writing;

/* What the storage thread has to itself while it judges an edit: that of a large document would hold the
 * loop longer than the others wait for a master. */
typedef struct Judging {
        ClusterFile *file; /* NULL: gone */
        Store *store;
        Editing *editing; /* the file's, which leaves it here when it goes */
        Value *value;
        char *last_text;
        bool has_leader;
        bool answered; /* the proposal was, with this: */
        ChangeOutcome outcome;
        char *answer;
        char *kept; /* what kept_text() gave last */
        EditingStep step;
} Judging;

struct ClusterFile {
        Manager *manager;
        char *path;
        char *rejected_path;
        Watch *watch;
        char *last_text;  /* what we wrote last */
        Writing *writing; /* on the storage thread now */
        bool write_again;
        bool look_again;        /* what stands in the file can be told once the writing is through */
        int write_error;        /* of the last writing, told once; 0: it succeeded */
        sd_event_source *retry; /* of a writing that failed */
        Editing *edit;          /* a text that is being judged or proposed */
        Judging *judging;       /* on the storage thread now */
        /* the text of the edit that was judged last: no news when the exchange brings it back */
        char *judged;
        bool waits_for_master; /* the edit was made while the daemon was stopped */
        sd_event_source *patience;
};

static void write_file(ClusterFile *file);

static void writing_free(Writing *writing) {
        (void) value_unref(writing->value);
        g_free(writing->path);
        g_free(writing->text);
        g_free(writing->printed);
        g_free(writing->replaced);
        g_free(writing);
}

/* ---- rejecting ---- */

static char *as_comment(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autofree char *joined = g_strjoinv("\n# ", lines);

        return g_strdup_printf("# %s\n", joined);
}

static void forget_edit(ClusterFile *file) {
        file->edit = editing_free(file->edit);
        file->waits_for_master = false;
}

static void reject(ClusterFile *file, const char *reason) {
        g_autofree char *head = as_comment(reason);
        g_autofree char *text = NULL;
        int r;

        journal_event(EVENT_EDIT_REJECTED,
                      JOURNAL_FIELDS({ JOURNAL_DETAIL, reason }),
                      "manual-edit: %s: %s%s It is kept as %s; the running configuration stays. Correct it, "
                      "and `quctl config apply %s` takes it",
                      file->path,
                      reason,
                      g_str_has_suffix(reason, "?") ? "" : ".",
                      file->rejected_path,
                      file->rejected_path);
        text =
                        g_strdup_printf("%s# Correct it. What it would change, and having it done:\n"
                                        "# quctl config diff %s\n"
                                        "# quctl config apply %s\n%s",
                                        head,
                                        file->rejected_path,
                                        file->rejected_path,
                                        editing_text(file->edit));
        r = file_replace(file->rejected_path, text, strlen(text), 0600);
        if (r < 0)
                journal_event(EVENT_WARNING,
                              NULL,
                              "cannot write %s: %s",
                              file->rejected_path,
                              g_strerror(-r));
        forget_edit(file);
        write_file(file);
}

/* ---- judging ---- */

static char *next_id(void *userdata) {
        return random_id();
}

static const char *kept_text(uint64_t version, void *userdata) {
        Judging *judging = userdata;

        g_clear_pointer(&judging->kept, g_free);
        (void) store_get_document_in_work(judging->store, version, &judging->kept);
        return judging->kept;
}

static void judging_free(Judging *judging) {
        if (!judging->file)
                (void) editing_free(judging->editing);
        (void) value_unref(judging->value);
        g_free(judging->last_text);
        g_free(judging->answer);
        g_free(judging->kept);
        editing_step_done(&judging->step);
        g_free(judging);
}

static void judge(void *userdata) { /* on the storage thread */
        Judging *judging = userdata;
        const EditingInput input = {
                .last_text = judging->last_text,
                .value = judging->value,
                .has_leader = judging->has_leader,
                .rule = document_templates_rule,
                .kept_text = kept_text,
                .next_id = next_id,
                .userdata = judging,
        };

        if (judging->answered)
                editing_answered(
                                judging->editing, judging->outcome, judging->answer, &input, &judging->step);
        else
                editing_judge(judging->editing, &input, &judging->step);
}

static void on_proposed(void *userdata, const ManagerAnswer *answer);

static void propose(ClusterFile *file, EditingStep *step) {
        Change *change = TAKE_PTR(step->change);

        if (step->differences)
                journal_event(EVENT_MANUAL_EDIT,
                              JOURNAL_FIELDS({ JOURNAL_DETAIL, step->differences }),
                              "manual-edit: cluster.yaml changed externally — replicating via master");
        change->cause = g_strdup("hand edit");
        manager_change(file->manager, change, now_boottime() + EDIT_DEADLINE_USEC, on_proposed, file);
}

static void carry_out(ClusterFile *file, EditingStep *step) {
        switch (step->kind) {
        case EDITING_DONE:
                forget_edit(file);
                write_file(file);
                break;
        case EDITING_PROPOSE:
                propose(file, step);
                break;
        case EDITING_REJECT:
                reject(file, step->reason);
                break;
        }
        editing_step_done(step);
}

static void on_judged(void *userdata, int error) {
        Judging *judging = userdata;
        ClusterFile *file = judging->file;

        if (file) {
                file->judging = NULL;
                carry_out(file, &judging->step);
        }
        judging_free(judging);
}

/* answer: of what was proposed; NULL: nothing was yet */
static void judge_edit(ClusterFile *file, const ManagerAnswer *answer) {
        Manager *m = file->manager;
        Judging *judging = g_new0(Judging, 1);

        judging->file = file;
        judging->store = replica_store(m->replica);
        judging->editing = file->edit;
        judging->value = value_ref((Value *) manager_value(m));
        judging->last_text = g_strdup(file->last_text);
        judging->has_leader = *manager_master(m);
        if (answer) {
                judging->answered = true;
                judging->outcome = answer->outcome;
                judging->answer = g_strdup(answer->text);
        }
        file->judging = judging;
        store_run(judging->store, judge, on_judged, judging);
}

static void on_proposed(void *userdata, const ManagerAnswer *answer) {
        judge_edit(userdata, answer);
}

static void take_edit(ClusterFile *file, char *text_consumed, size_t size, bool in_place) {
        /* a newer edit while one is proposed: the file is read again when that one is through */
        if (file->edit) {
                g_free(text_consumed);
                file->write_again = true;
                return;
        }
        file->edit = editing_new(text_consumed, size, in_place);
        g_free(file->judged);
        file->judged = text_consumed;
        judge_edit(file, /* answer= */ NULL);
}

/* ---- reading ---- */

static char *describe_misfit(const char *path) {
        g_autofree char *owner = file_describe(path);
        struct stat st;
        const char *kind = lstat(path, &st) < 0  ? "a file"
                           : S_ISLNK(st.st_mode) ? "a symbolic link"
                           : S_ISDIR(st.st_mode) ? "a directory"
                           : S_ISREG(st.st_mode) ? "a file"
                                                 : "no regular file";

        return g_strdup_printf("%s (%s)", kind, owner);
}

/* It may hold secrets all the same, and what is put aside stays for long. The directory is ours alone, so
 * nobody exchanges the name meanwhile; a file of somebody else's stays as it is. */
static void close_to_others(const char *path) {
        struct stat st;

        if (lstat(path, &st) >= 0 && S_ISREG(st.st_mode) && (st.st_mode & 0077) != 0)
                (void) chmod(path, st.st_mode & 0700);
}

/* What is no file of ours, or cannot be read, is named and moved aside, not overwritten. */
static void put_aside(ClusterFile *file, const char *why) {
        g_autofree char *what = describe_misfit(file->path), *where = NULL;
        int r = 0;

        close_to_others(file->path);
        if (rename(file->path, file->rejected_path) < 0) /* a directory does not go over a file */
                r = file_move_aside(file->path, ".rejected", &where);
        if (r < 0) {
                journal_event(EVENT_EDIT_REJECTED,
                              NULL,
                              "manual-edit: %s is %s, so it is not taken as an edit%s%s, and cannot be "
                              "moved "
                              "aside: %s",
                              file->path,
                              what,
                              why ? ": " : "",
                              why ?: "",
                              g_strerror(-r));
                return;
        }
        journal_event(EVENT_EDIT_REJECTED,
                      NULL,
                      "manual-edit: %s is %s, so it is not taken as an edit%s%s; moved to %s. It should be "
                      "a "
                      "file of this daemon's user with mode 0600 and at most 16 MiB",
                      file->path,
                      what,
                      why ? ": " : "",
                      why ?: "",
                      where ?: file->rejected_path);
        write_file(file);
}

static bool is_ours(ClusterFile *file) {
        struct stat st;

        return lstat(file->path, &st) < 0 || (S_ISREG(st.st_mode) && st.st_uid == geteuid());
}

/* The exchange on the storage thread wakes the watch before its answer is here: what we are writing now is
 * as much our own text as what we wrote last. But where that one still stands, or again, nobody knows yet
 * whether it was put back over the new one. */
static bool wrote(ClusterFile *file, const char *text) {
        bool new_one = file->writing && g_strcmp0(text, file->writing->text) == 0;
        bool last_one = g_strcmp0(text, file->last_text) == 0;

        file->look_again = file->writing && last_one && !new_one;
        return new_one || last_one;
}

static void read_file(ClusterFile *file, bool in_place) {
        g_autofree char *text = NULL;
        size_t size;
        int r;

        if (!is_ours(file)) {
                put_aside(file, NULL);
                return;
        }
        r = file_read(file->path, DOCUMENT_MAX_BYTES, &text, &size);
        if (r == -ENOENT) {
                write_file(file);
                return;
        }
        if (r < 0) {
                put_aside(file, g_strerror(-r));
                return;
        }
        if (!wrote(file, text))
                take_edit(file, TAKE_PTR(text), size, in_place);
}

static void on_changed(void *userdata, bool by_rename) {
        read_file(userdata, /* in_place= */ !by_rename);
}

void cluster_file_reload(ClusterFile *file) {
        assert(file);
        read_file(file, /* in_place= */ true);
}

/* ---- writing ---- */

static void work(void *userdata) { /* on the storage thread */
        Writing *writing = userdata;

        writing->error =
                        file_exchange(writing->path,
                                      writing->text,
                                      strlen(writing->text),
                                      0600,
                                      DOCUMENT_MAX_BYTES,
                                      &writing->replaced,
                                      &writing->replaced_size);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        write_file(userdata);
        return 0;
}

/* What stands in the file is still our text before this one. */
static void write_failed(ClusterFile *file, int error) {
        if (error != file->write_error)
                journal_event(EVENT_WARNING,
                              NULL,
                              "cannot write %s: %s; the register has it, the file does not show it",
                              file->path,
                              g_strerror(-error));
        file->write_error = error;
        (void) timer_arm(
                        file->manager->event,
                        &file->retry,
                        now_boottime() + WRITE_RETRY_USEC,
                        TIMER_RELAXED,
                        on_retry,
                        file);
}

static void was_written(ClusterFile *file, Writing *writing) {
        g_autofree char *before = file->last_text;

        file->write_error = 0;
        file->last_text = TAKE_PTR(writing->text);
        /* what was replaced should be our own last text; if not, an edit slipped in between */
        if (writing->replaced && before && strcmp(writing->replaced, before) != 0 &&
            strcmp(writing->replaced, file->last_text) != 0 &&
            g_strcmp0(writing->replaced, file->judged) != 0)
                take_edit(file,
                          TAKE_PTR(writing->replaced),
                          writing->replaced_size,
                          /* in_place= */ true);
}

static void on_written(void *userdata, int error) {
        Writing *writing = userdata;
        ClusterFile *file = writing->file;

        if (file)
                file->writing = NULL;
        if (!file || error < 0) {
                writing_free(writing);
                return;
        }

        if (writing->error < 0)
                write_failed(file, writing->error);
        else
                was_written(file, writing);
        writing_free(writing);
        if (file->look_again) {
                file->look_again = false;
                read_file(file, /* in_place= */ true);
        }
        if (file->write_again) {
                file->write_again = false;
                write_file(file);
        }
}

static void print(void *userdata) { /* on the storage thread when it is large */
        Writing *writing = userdata;
        _cleanup_(document_freep) Document *document = value_document(writing->value);

        writing->version = document->version;
        writing->printed = yaml_emit(&document_type, document, comment, /* with_end_mark= */ true);
}

static void put_out(Writing *writing) {
        Store *store = replica_store(writing->file->manager->replica);

        writing->text = TAKE_PTR(writing->printed);
        store_put_document(store, writing->version, writing->text, NULL, NULL);
        store_run(store, work, on_written, writing);
}

static void on_printed(void *userdata, int error) {
        Writing *writing = userdata;
        ClusterFile *file = writing->file;

        if (file && error >= 0 && !file->edit) {
                put_out(writing);
                return;
        }
        if (file) /* an edit came meanwhile: its own end writes */
                file->writing = NULL;
        writing_free(writing);
}

static bool is_large(const Value *value) {
        static const RecordKind kinds[] = { RECORD_PEER, RECORD_CHECK, RECORD_ALERT };
        size_t size = 0;

        for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
                size_t n;
                Record *const *records = value_slice(value, kinds[k], &n);

                for (size_t i = 0; i < n; i++)
                        size += records[i]->body_size;
        }
        return size > PRINTED_ON_LOOP_MAX_BYTES;
}

static void write_file(ClusterFile *file) {
        Manager *m = file->manager;
        Writing *writing;

        if (file->edit || !value_meta(manager_value(m)))
                return; /* the edit's own end writes */
        if (file->writing) {
                file->write_again = true;
                return;
        }

        writing = g_new0(Writing, 1);
        writing->file = file;
        writing->path = g_strdup(file->path);
        writing->value = value_ref((Value *) manager_value(m));
        file->writing = writing;
        if (is_large(writing->value)) {
                store_run(replica_store(m->replica), print, on_printed, writing);
                return;
        }
        print(writing);
        put_out(writing);
}

void cluster_file_committed(ClusterFile *file) {
        assert(file);
        write_file(file);
}

/* ---- start ---- */

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        ClusterFile *file = userdata;

        if (file->waits_for_master) {
                file->waits_for_master = false;
                judge_edit(file, /* answer= */ NULL);
        }
        return 0;
}

void cluster_file_leadership(ClusterFile *file) {
        assert(file);

        if (file->waits_for_master && *manager_master(file->manager)) {
                file->waits_for_master = false;
                judge_edit(file, /* answer= */ NULL);
        }
}

/* What stands in the file before anything was written by this process: our own text of some version, or an
 * edit made while the daemon was stopped, which waits for a master. */
static void look_at_start(ClusterFile *file) {
        const ClusterMeta *meta = value_meta(manager_value(file->manager));
        g_autofree char *text = NULL;
        size_t size;
        int r;

        if (meta)
                (void) store_get_document(
                                replica_store(file->manager->replica), meta->version, &file->last_text);
        if (!is_ours(file)) {
                put_aside(file, NULL);
                return;
        }
        r = file_read(file->path, DOCUMENT_MAX_BYTES, &text, &size);
        if (r < 0 && r != -ENOENT) {
                put_aside(file, g_strerror(-r));
                return;
        }
        if (r < 0 || !file->last_text || strcmp(text, file->last_text) == 0) {
                write_file(file);
                return;
        }
        file->edit = editing_new(text, size, /* in_place= */ true);
        file->waits_for_master = true;
        (void) timer_arm(
                        file->manager->event,
                        &file->patience,
                        now_boottime() + START_PATIENCE_USEC,
                        TIMER_RELAXED,
                        on_patience,
                        file);
        cluster_file_leadership(file);
}

int cluster_file_new(Manager *manager, ClusterFile **ret) {
        _cleanup_(cluster_file_freep) ClusterFile *file = NULL;
        int r;

        assert(manager);

        file = g_new0(ClusterFile, 1);
        file->manager = manager;
        file->path = paths_config(manager->node->paths, FILE_CLUSTER);
        file->rejected_path = paths_config(manager->node->paths, FILE_CLUSTER_REJECTED);
        r = watch_new(manager->event, file->path, on_changed, file, &file->watch);
        if (r < 0)
                return r;
        look_at_start(file);

        *ret = TAKE_PTR(file);
        return 0;
}

ClusterFile *cluster_file_free(ClusterFile *file) {
        if (!file)
                return NULL;

        manager_forget(file->manager, file);
        if (file->writing)
                file->writing->file = NULL;
        if (file->judging) {
                file->judging->file = NULL;
                file->edit = NULL;
        }
        (void) watch_free(file->watch);
        sd_event_source_disable_unref(file->patience);
        sd_event_source_disable_unref(file->retry);
        g_free(file->path);
        g_free(file->rejected_path);
        g_free(file->last_text);
        g_free(file->judged);
        forget_edit(file);
        g_free(file);
        return NULL;
}
