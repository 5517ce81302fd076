/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/desk.h"

#include <assert.h>
#include <string.h>

#include "alerts/templates.h"
#include "base/limits.h"
#include "cluster/editing.h"
#include "config/yaml.h"
#include "manager/internal.h"
#include "manager/replica.h"
#include "transport/identity.h"

#define APPLY_DEADLINE_USEC (20 * USEC_PER_SEC) /* of all proposals of one text */

static const char comment[] =
                "The cluster document, as \"quctl config show\" prints it; secrets are not shown, and kept\n"
                "where {kept: true} stands. \"quctl config apply\" takes it back, changed.";

/* The text that is made on the storage thread now, and who waits for it. */
typedef struct Printing {
        Desk *desk; /* NULL: gone */
        Value *value;
        char *text;
        uint64_t version;
} Printing;

/* One text that somebody sent. */
typedef struct Job {
        Desk *desk; /* NULL: gone */
        Call *call;
        Store *store;
        Editing *editing;
        bool check_only;
        char *remove_node;
        char *cause;
        usec_t deadline;
        bool on_thread;

        /* what the storage thread has to itself meanwhile */
        Value *value;
        bool has_leader;
        bool answered; /* the proposal was, with this: */
        ChangeOutcome outcome;
        char *answer;
        char *kept; /* what kept_text() gave last */
        GPtrArray *warnings;
        EditingStep step;
} Job;

struct Desk {
        Manager *manager;
        char *text; /* as it was handed out last; NULL: not since the last commit */
        uint64_t version;
        Printing *printing;
        GPtrArray *waiting; /* of Call: for it */
        GPtrArray *jobs;    /* of Job */
};

/* ---- handing out ---- */

static void printing_free(Printing *printing) {
        (void) value_unref(printing->value);
        g_free(printing->text);
        g_free(printing);
}

static void print(void *userdata) { /* on the storage thread */
        Printing *printing = userdata;
        _cleanup_(document_freep) Document *document = value_document(printing->value);

        printing->version = document->version;
        printing->text = yaml_emit(&document_type, document, comment, YAML_END_MARK | YAML_MASK_SECRETS);
}

static void hand_out(Desk *desk, const char *text, uint64_t version) {
        g_autoptr(GPtrArray) waiting = desk->waiting;

        desk->waiting = g_ptr_array_new();
        for (unsigned i = 0; i < waiting->len; i++)
                call_answer(g_ptr_array_index(waiting, i),
                            &(ManagerAnswer){ .outcome = CHANGE_DONE, .text = text, .version = version });
}

static void on_printed(void *userdata, int error) {
        Printing *printing = userdata;
        Desk *desk = printing->desk;

        if (desk) {
                const ClusterMeta *meta = value_meta(manager_value(desk->manager));

                desk->printing = NULL;
                hand_out(desk, printing->text, printing->version);
                if (meta && meta->version == printing->version) {
                        g_free(desk->text);
                        desk->text = g_steal_pointer(&printing->text);
                        desk->version = printing->version;
                }
        }
        printing_free(printing);
}

void desk_hand_out(Desk *desk, Call *call) {
        Manager *m = desk->manager;

        if (desk->text) {
                call_answer(call,
                            &(ManagerAnswer){ .outcome = CHANGE_DONE,
                                              .text = desk->text,
                                              .version = desk->version });
                return;
        }
        if (desk->waiting->len >= DOCUMENT_READERS_MAX) { /* each gets a copy, and everybody may ask */
                call_fail(call,
                          CHANGE_REFUSED,
                          "%d callers wait for the document already; try again in a moment",
                          DOCUMENT_READERS_MAX);
                return;
        }
        g_ptr_array_add(desk->waiting, call);
        if (desk->printing)
                return; /* whoever asks a moment later may get what was there a moment before */

        desk->printing = g_new0(Printing, 1);
        desk->printing->desk = desk;
        desk->printing->value = value_ref((Value *) manager_value(m));
        store_run(replica_store(m->replica), print, on_printed, desk->printing);
}

void desk_committed(Desk *desk) {
        assert(desk);
        g_clear_pointer(&desk->text, g_free);
}

/* ---- taking in ---- */

static void job_free(Job *job) {
        if (job->desk)
                g_ptr_array_remove_fast(job->desk->jobs, job);
        (void) editing_free(job->editing);
        (void) value_unref(job->value);
        g_free(job->remove_node);
        g_free(job->cause);
        g_free(job->answer);
        g_free(job->kept);
        g_clear_pointer(&job->warnings, g_ptr_array_unref);
        editing_step_done(&job->step);
        g_free(job);
}

static char *next_id(void *userdata) {
        return random_id();
}

static const char *kept_text(uint64_t version, void *userdata) {
        Job *job = userdata;

        g_clear_pointer(&job->kept, g_free);
        (void) store_get_document_in_work(job->store, version, &job->kept);
        return job->kept;
}

static void judge(void *userdata) { /* on the storage thread */
        Job *job = userdata;
        const EditingInput input = {
                .value = job->value,
                .has_leader = job->has_leader,
                .rule = document_templates_rule,
                .kept_text = kept_text,
                .next_id = next_id,
                .userdata = job,
                .warnings = job->warnings,
        };

        if (job->answered)
                editing_answered(job->editing, job->outcome, job->answer, &input, &job->step);
        else
                editing_judge(job->editing, &input, &job->step);
}

static void on_judged(void *userdata, int error);

static void start(Job *job) {
        Manager *m = job->desk->manager;

        editing_step_done(&job->step);
        (void) value_unref(job->value);
        job->value = value_ref((Value *) manager_value(m));
        /* what would come of it can be said without a quorum */
        job->has_leader = job->check_only || *manager_master(m);
        job->on_thread = true;
        store_run(job->store, judge, on_judged, job);
}

static void finish(Job *job, const ManagerAnswer *answer) {
        call_answer(job->call, answer);
        job_free(job);
}

static void on_proposed(void *userdata, const ManagerAnswer *answer) {
        Job *job = userdata;

        job->answered = true;
        job->outcome = answer->outcome;
        g_free(job->answer);
        job->answer = g_strdup(answer->text);
        start(job);
}

static void propose(Job *job) {
        Change *change = TAKE_PTR(job->step.change);

        change->cause = g_strdup(job->cause);
        manager_change(job->desk->manager, change, job->deadline, on_proposed, job);
}

/* Taking a node out is more than a change of what is watched: whoever may do that says so. */
static bool removes_unasked(const Job *job) {
        return job->step.kind == EDITING_PROPOSE && job->step.removed_peer &&
               g_strcmp0(job->step.removed_peer, job->remove_node) != 0;
}

static void carry_out(Job *job) {
        const ClusterMeta *meta = value_meta(manager_value(job->desk->manager));
        ManagerAnswer answer = { .outcome = CHANGE_DONE, .version = meta ? meta->version : 0 };
        g_autofree char *text = NULL;

        if (job->step.kind == EDITING_REJECT) {
                answer.outcome = job->step.outcome;
                answer.text = job->step.reason;
        } else if (job->check_only) {
                answer.differences = job->step.list;
                answer.warnings = job->warnings;
        } else if (removes_unasked(job)) {
                answer.outcome = CHANGE_REFUSED;
                answer.text = text = g_strdup_printf(
                                "the text leaves out peer %s; use \"quctl node remove %s\", or name it as "
                                "remove_node",
                                job->step.removed_peer,
                                job->step.removed_peer);
        } else if (job->step.kind == EDITING_PROPOSE) {
                propose(job);
                return;
        }
        finish(job, &answer);
}

static void on_judged(void *userdata, int error) {
        Job *job = userdata;

        job->on_thread = false;
        if (job->desk)
                carry_out(job);
        else
                job_free(job);
}

static void take_in(Desk *desk, const DocumentRequest *request, bool check_only, Call *call) {
        Job *job;

        if (desk->jobs->len >= DOCUMENTS_AT_ONCE) {
                call_fail(call,
                          CHANGE_REFUSED,
                          "%d documents are being looked at already; try again in a moment",
                          DOCUMENTS_AT_ONCE);
                return;
        }
        job = g_new0(Job, 1);
        job->desk = desk;
        job->call = call;
        job->store = replica_store(desk->manager->replica);
        job->editing = editing_new_asked(
                        request->text, strlen(request->text), request->base_version, request->adopt);
        job->check_only = check_only;
        job->remove_node = g_strdup(request->remove_node);
        job->cause = g_strdup(request->cause);
        job->deadline = now_boottime() + APPLY_DEADLINE_USEC;
        job->warnings = check_only ? complaint_list_new() : NULL;
        g_ptr_array_add(desk->jobs, job);
        start(job);
}

void desk_check(Desk *desk, const DocumentRequest *request, Call *call) {
        assert(desk);
        assert(request);
        take_in(desk, request, /* check_only= */ true, call);
}

void desk_apply(Desk *desk, const DocumentRequest *request, Call *call) {
        assert(desk);
        assert(request);
        take_in(desk, request, /* check_only= */ false, call);
}

/* ---- lifecycle ---- */

Desk *desk_new(Manager *manager) {
        Desk *desk = g_new0(Desk, 1);

        assert(manager);

        desk->manager = manager;
        desk->waiting = g_ptr_array_new();
        desk->jobs = g_ptr_array_new();
        return desk;
}

static void refuse(Call *call, ChangeOutcome outcome) {
        call_fail(call, outcome, "the daemon gave up its state, or is ending, meanwhile");
}

Desk *desk_free(Desk *desk) {
        if (!desk)
                return NULL;

        for (unsigned i = 0; i < desk->waiting->len; i++)
                refuse(g_ptr_array_index(desk->waiting, i), CHANGE_REFUSED);
        if (desk->printing)
                desk->printing->desk = NULL;
        for (unsigned i = 0; i < desk->jobs->len; i++) {
                Job *job = g_ptr_array_index(desk->jobs, i);

                refuse(job->call, job->check_only ? CHANGE_REFUSED : CHANGE_UNKNOWN_OUTCOME);
                manager_forget(desk->manager, job);
                job->desk = NULL;
                if (!job->on_thread)
                        job_free(job);
        }
        g_ptr_array_unref(desk->waiting);
        g_ptr_array_unref(desk->jobs);
        g_free(desk->text);
        g_free(desk);
        return NULL;
}
