/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/change.h"

#include "base/limits.h"

DEFINE_STRTAB(change_kind, ChangeKind, "add", "edit", "remove", "document", "promote", "records");
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
        FIELD(ChangeAnswer, affected, FIELD_STRV, .max = CHECKS_MAX),
};
const ObjectType change_answer_type = OBJECT_TYPE(ChangeAnswer, "answer", change_answer_fields);
