/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/change.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/plan.h"

DEFINE_STRTAB(change_kind,
              ChangeKind,
              "add",
              "edit",
              "remove",
              "document",
              "promote",
              "withdraw",
              "records");
DEFINE_STRTAB(change_outcome,
              ChangeOutcome,
              "done",
              "invalid",
              "exists",
              "not-found",
              "conflict",
              "refused",
              "no-quorum",
              "unknown-outcome");

static const Field change_op_fields[] = {
        FIELD(ChangeOp, kind, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(ChangeOp, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(ChangeOp, expect, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ChangeOp, body, FIELD_STRING, .max = RECORD_BODY_MAX_BYTES),
};
const ObjectType change_op_type = OBJECT_TYPE(ChangeOp, "record", change_op_fields);

static const Field change_fields[] = {
        FIELD(Change, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Change,
              kind,
              FIELD_ENUM,
              .names = &change_kind_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(Change, object_kind, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Change, target, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Change, base_revision, FIELD_UINT),
        FIELD(Change, base_version, FIELD_UINT),
        FIELD(Change, body, FIELD_STRING, .max = DOCUMENT_MAX_BYTES),
        FIELD(Change, fields, FIELD_STRV, .max = CHANGE_FIELDS_MAX),
        FIELD(Change, ops, FIELD_LIST, .object = &change_op_type, .max = CHANGE_OPS_MAX),
        FIELD(Change, origin, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Change, cause, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Change, asked_at, FIELD_USEC),
};
const ObjectType change_type = OBJECT_TYPE(Change, "change", change_fields);

static const Field change_answer_fields[] = {
        FIELD(ChangeAnswer, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(ChangeAnswer, number, FIELD_UINT),
        FIELD(ChangeAnswer,
              outcome,
              FIELD_ENUM,
              .names = &change_outcome_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(ChangeAnswer, text, FIELD_STRING, .max = CHANGE_TEXT_MAX_BYTES),
        FIELD(ChangeAnswer, version, FIELD_UINT),
        FIELD(ChangeAnswer, object_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ChangeAnswer, object_name, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(ChangeAnswer, affected, FIELD_STRV, .max = CHANGE_AFFECTED_MAX),
};
const ObjectType change_answer_type = OBJECT_TYPE(ChangeAnswer, "answer", change_answer_fields);

/* the frame of every plan */

bool plan_refuse(Plan *plan, ChangeOutcome outcome, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        if (plan->answer->outcome != CHANGE_DONE)
                return false;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        plan->answer->outcome = outcome;
        plan->answer->text = g_utf8_make_valid(text, (gssize) MIN(strlen(text), CHANGE_TEXT_MAX_BYTES / 4));
        return false;
}

void plan_name_object(Plan *plan, const ListedKind *kind, const void *object) {
        plan->answer->object_id = g_strdup(*listed_id(kind, object));
        plan->answer->object_name = g_strdup(listed_name(kind, object));
}

void plan_affects(Plan *plan, const char *name) {
        unsigned n = plan->answer->affected ? g_strv_length(plan->answer->affected) : 0;

        if (n >= CHANGE_AFFECTED_MAX)
                return;
        plan->answer->affected = g_renew(char *, plan->answer->affected, n + 2);
        plan->answer->affected[n] = g_strdup(name);
        plan->answer->affected[n + 1] = NULL;
}

bool plan_differs(const ObjectType *type, const void *a, const void *b) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (!(type->fields[i].flags & FIELD_INTERNAL) && !object_field_equal(&type->fields[i], a, b))
                        return true;
        return false;
}

/* The newest CHANGES_REMEMBERED answers stay; their numbers have no gaps. */
static void remember(Plan *plan) {
        size_t n;
        Record *const *records = value_slice(plan->value, RECORD_CHANGE, &n);
        uint64_t number = plan->current->next_change;

        plan->answer->number = number;
        plan->meta->next_change = number + 1;
        for (size_t i = 0; i < n; i++) {
                const ChangeAnswer *old = records[i]->object;

                if (old->number + CHANGES_REMEMBERED <= number)
                        delta_delete(plan->delta, RECORD_CHANGE, old->id);
        }
        delta_put_object(plan->delta, RECORD_CHANGE, change_answer_copy(plan->answer));
}

/* A change of the document raises its version by one and is remembered; the daemon's own records are neither
 * part of the document nor asked for by people: what they expect of the records makes a repeat harmless. */
static void complete(Plan *plan, usec_t now_realtime_usec, const char *leader) {
        plan_collect_templates(plan);
        if (plan->change->kind == CHANGE_RECORDS || delta_is_empty(plan->delta)) {
                plan->answer->version = plan->current->version;
                return;
        }

        plan->meta->updated_at = now_realtime_usec;
        g_free(plan->meta->updated_by);
        plan->meta->updated_by = g_strdup(leader);
        plan->answer->version = plan->meta->version;
        remember(plan);
        delta_put_object(plan->delta, RECORD_META, cluster_meta_copy(plan->meta));
}

static bool plan_kind(Plan *plan) {
        switch (plan->change->kind) {
        case CHANGE_ADD:
                return plan_add(plan);
        case CHANGE_EDIT:
                return plan_edit(plan);
        case CHANGE_REMOVE:
                return plan_remove(plan);
        case CHANGE_DOCUMENT:
                return plan_document(plan);
        case CHANGE_PROMOTE:
                return plan_promote(plan);
        case CHANGE_WITHDRAW:
                return plan_withdraw(plan);
        case CHANGE_RECORDS:
                return plan_records(plan);
        default:
                return plan_refuse(plan, CHANGE_INVALID, "no such kind of change");
        }
}

void change_plan(
                const Value *value,
                const Change *change,
                usec_t now_realtime_usec,
                const char *leader,
                change_id_t next_id,
                void *userdata,
                Delta **ret_delta,
                ChangeAnswer **ret_answer) {
        _cleanup_(cluster_meta_freep) ClusterMeta *meta = NULL;
        _cleanup_(change_answer_freep) ChangeAnswer *answer = change_answer_new();
        _cleanup_(delta_freep) Delta *delta = delta_new();
        const ChangeAnswer *remembered;
        Plan plan;

        assert(value);
        assert(change);
        assert(ret_delta);
        assert(ret_answer);

        *ret_delta = NULL;
        remembered = value_object(value, RECORD_CHANGE, change->id ?: "");
        if (remembered) {
                *ret_delta = TAKE_PTR(delta);
                *ret_answer = change_answer_copy(remembered);
                return;
        }

        answer->id = g_strdup(change->id ?: "");
        meta = cluster_meta_copy(value_meta(value));
        plan = (Plan){
                .value = value,
                .change = change,
                .current = value_meta(value),
                .meta = meta,
                .delta = delta,
                .answer = answer,
                .next_id = next_id,
                .userdata = userdata,
        };

        if (!meta) {
                (void) plan_refuse(&plan, CHANGE_REFUSED, "this node is not part of a cluster yet");
        } else {
                meta->version++;
                if (plan_kind(&plan)) {
                        complete(&plan, now_realtime_usec, leader);
                        *ret_delta = TAKE_PTR(delta);
                } else {
                        answer->version = plan.current->version;
                }
        }
        *ret_answer = TAKE_PTR(answer);
}

static ChangeOp *op_of(const Value *base, const DeltaOp *delta_op) {
        const Record *now = value_find(base, delta_op->kind, delta_op->id);
        char digest[RECORD_DIGEST_TEXT_SIZE];
        ChangeOp *op = change_op_new();

        op->kind = g_strdup(record_kind_to_string(delta_op->kind));
        op->id = g_strdup(delta_op->id);
        op->expect = delta_op->kind == RECORD_TEMPLATE ? g_strdup("*")
                     : now ? g_strdup(record_digest_to_string(&now->digest, digest))
                           : g_strdup("");
        op->body = g_strdup(delta_op->record ? delta_op->record->body : "");
        return op;
}

Change *change_from_delta(const Value *base, const Delta *delta) {
        Change *change = change_new();

        assert(base);
        assert(delta);

        change->kind = CHANGE_RECORDS;
        change->ops = object_list_new(&change_op_type);
        for (unsigned i = 0; i < delta->ops->len; i++)
                g_ptr_array_add(change->ops, op_of(base, g_ptr_array_index(delta->ops, i)));
        return change;
}
