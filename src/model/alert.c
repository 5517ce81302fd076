/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/alert.h"

#include "base/limits.h"

DEFINE_STRTAB(alert_kind, AlertKind, "smtp", "discord");

static const Field alert_fields[] = {
        FIELD(Alert, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_FIXED),
        FIELD(Alert, name, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Alert,
              type,
              FIELD_ENUM,
              .names = &alert_kind_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY | FIELD_FIXED),
        FIELD_AS("default", Alert, is_default, FIELD_BOOL),
        FIELD(Alert, disabled, FIELD_BOOL),
        FIELD(Alert, smtp_host, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(Alert, smtp_port, FIELD_UINT),
        FIELD(Alert, smtp_user, FIELD_STRING, .max = SECRET_FIELD_MAX_BYTES),
        FIELD(Alert,
              smtp_password,
              FIELD_STRING,
              .max = SECRET_FIELD_MAX_BYTES,
              .flags = FIELD_SECRET | FIELD_CREDENTIAL),
        FIELD(Alert, smtp_from, FIELD_STRING, .max = ADVERTISE_MAX_BYTES + NAME_MAX_BYTES),
        FIELD(Alert, smtp_to, FIELD_STRV, .max = RECIPIENTS_MAX),
        FIELD(Alert, smtp_starttls, FIELD_BOOL),
        FIELD(Alert,
              discord_webhook,
              FIELD_STRING,
              .max = SECRET_FIELD_MAX_BYTES,
              .flags = FIELD_SECRET | FIELD_CREDENTIAL),
        FIELD(Alert, subject_template, FIELD_STRING, .max = TEMPLATE_MAX_BYTES),
        FIELD(Alert, body_template, FIELD_STRING, .max = TEMPLATE_MAX_BYTES),
        FIELD(Alert, order, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Alert, revision, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Alert, extra, FIELD_EXTRA, .max = EXTRA_FIELDS_MAX_BYTES),
};
const ObjectType alert_type = OBJECT_TYPE(Alert, "alert", alert_fields);
