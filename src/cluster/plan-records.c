/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Planning the daemon's own records: statuses, notices and the texts of templates. Each op says what it
 * expects to replace, so a plan made against an older value can never undo a newer one. */

#include <string.h>

#include "base/limits.h"
#include "cluster/plan.h"

static bool is_expected(const Record *record, const char *expect) {
        char hex[RECORD_DIGEST_TEXT_SIZE];

        if (!expect || !*expect)
                return !record;
        if (strcmp(expect, "*") == 0)
                return true;
        return record && strcmp(expect, record_digest_to_string(&record->digest, hex)) == 0;
}

/* A status without its check, or a notice without its alert, was overtaken by a removal. */
static bool has_owner(Plan *plan, const Record *record) {
        if (record->kind == RECORD_STATUS)
                return value_find(plan->value, RECORD_CHECK, record->id);
        if (record->kind == RECORD_NOTICE)
                return value_find(plan->value, RECORD_ALERT, ((const Notice *) record->object)->alert_id);
        return true;
}

static bool plan_op(Plan *plan, const ChangeOp *op) {
        int kind = record_kind_from_string(op->kind);
        const char *id = op->id ?: "";
        g_autofree char *error = NULL;
        Record *record = NULL;

        if (kind != RECORD_STATUS && kind != RECORD_NOTICE && kind != RECORD_TEMPLATE)
                return plan_refuse(
                                plan,
                                CHANGE_INVALID,
                                "\"%s\" is no record of the daemon's own",
                                op->kind ?: "");
        if (!is_expected(value_find(plan->value, (RecordKind) kind, id), op->expect))
                return plan_refuse(plan, CHANGE_CONFLICT, "%s %s was changed meanwhile", op->kind, id);
        if (!op->body || !*op->body) {
                /* whether a text is used is seen here alone: plan_collect_templates() */
                if (kind != RECORD_TEMPLATE && value_find(plan->value, (RecordKind) kind, id))
                        delta_delete(plan->delta, (RecordKind) kind, id);
                return true;
        }

        if (record_decode((RecordKind) kind, id, op->body, strlen(op->body), &record, &error) < 0)
                return plan_refuse(
                                plan, CHANGE_INVALID, "%s %s: %s", op->kind, id, error ?: "cannot be read");
        if (!has_owner(plan, record)) {
                (void) record_unref(record);
                return plan_refuse(plan, CHANGE_CONFLICT, "what %s %s belongs to was removed", op->kind, id);
        }
        delta_put(plan->delta, record);
        return true;
}

static bool has_text(const Plan *plan, const char *hash) {
        bool found = !hash || !*hash || value_find(plan->value, RECORD_TEMPLATE, hash);

        for (unsigned i = 0; !found && i < plan->delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(plan->delta->ops, i);

                found = op->kind == RECORD_TEMPLATE && op->record && strcmp(op->id, hash) == 0;
        }
        return found;
}

/* Whoever made the change saw the template there and did not bring it; meanwhile it may have left with the
 * last notice that used it. */
static bool have_texts(Plan *plan) {
        for (unsigned i = 0; i < plan->delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(plan->delta->ops, i);
                const Notice *notice = op->kind == RECORD_NOTICE && op->record ? op->record->object : NULL;

                if (notice && notice_is_owed(notice) &&
                    (!has_text(plan, notice->subject_template_hash) ||
                     !has_text(plan, notice->body_template_hash)))
                        return plan_refuse(
                                        plan,
                                        CHANGE_CONFLICT,
                                        "the text of notice %s has left meanwhile",
                                        op->id);
        }
        return true;
}

bool plan_records(Plan *plan) {
        const GPtrArray *ops = plan->change->ops;

        for (unsigned i = 0; ops && i < ops->len; i++)
                if (!plan_op(plan, g_ptr_array_index(ops, i)))
                        return false;
        return have_texts(plan);
}

static void add_used(GHashTable *used, const Notice *notice) {
        if (notice->subject_template_hash)
                g_hash_table_add(used, notice->subject_template_hash);
        if (notice->body_template_hash)
                g_hash_table_add(used, notice->body_template_hash);
}

static bool touches_templates(const Delta *delta) {
        for (unsigned i = 0; i < delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(delta->ops, i);

                if (op->kind == RECORD_NOTICE || op->kind == RECORD_TEMPLATE)
                        return true;
        }
        return false;
}

/* A template's text lives as long as a notice is rendered from it. */
void plan_collect_templates(Plan *plan) {
        _cleanup_(value_unrefp) Value *next = NULL;
        g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
        Record *const *records;
        size_t n;

        if (!touches_templates(plan->delta))
                return;

        next = value_apply(plan->value, plan->delta);
        records = value_slice(next, RECORD_NOTICE, &n);
        for (size_t i = 0; i < n; i++)
                add_used(used, records[i]->object);
        records = value_slice(next, RECORD_TEMPLATE, &n);
        for (size_t i = 0; i < n; i++)
                if (!g_hash_table_contains(used, records[i]->id))
                        delta_delete(plan->delta, RECORD_TEMPLATE, records[i]->id);
}
