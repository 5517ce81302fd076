/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/check.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

DEFINE_STRTAB(check_kind, CheckKind, "http", "tcp", "icmp");
DEFINE_STRTAB(check_state, CheckState, "unknown", "up", "down");

static const Field check_fields[] = {
        FIELD(Check, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_FIXED),
        FIELD(Check, name, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Check,
              type,
              FIELD_ENUM,
              .names = &check_kind_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY | FIELD_FIXED),
        FIELD(Check, target, FIELD_STRING, .max = TARGET_MAX_BYTES),
        FIELD(Check, interval, FIELD_DURATION),
        FIELD(Check, timeout, FIELD_DURATION),
        FIELD(Check, expect_status, FIELD_UINT),
        FIELD(Check, body_match, FIELD_STRING, .max = BODY_MATCH_MAX_BYTES),
        FIELD(Check, alert_ids, FIELD_STRV, .max = REFERENCES_MAX),
        FIELD(Check, suppress_alert_ids, FIELD_STRV, .max = REFERENCES_MAX),
        FIELD(Check, disabled, FIELD_BOOL),
        FIELD(Check, order, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Check, revision, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Check, extra, FIELD_EXTRA, .max = EXTRA_FIELDS_MAX_BYTES),
};
const ObjectType check_type = OBJECT_TYPE(Check, "check", check_fields);

static const Field check_status_fields[] = {
        FIELD(CheckStatus, check_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(CheckStatus,
              state,
              FIELD_ENUM,
              .names = &check_state_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(CheckStatus, since, FIELD_USEC),
        FIELD(CheckStatus, transitions, FIELD_UINT),
        FIELD(CheckStatus, was_up, FIELD_BOOL),
        FIELD(CheckStatus, ok, FIELD_UINT),
        FIELD(CheckStatus, not_ok, FIELD_UINT),
        FIELD(CheckStatus, detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(CheckStatus, decided_by, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(CheckStatus, decided_term, FIELD_UINT),
};
const ObjectType check_status_type = OBJECT_TYPE(CheckStatus, "state", check_status_fields);

usec_t check_interval(const Check *check) {
        assert(check);
        return check->interval > 0 ? check->interval : INTERVAL_DEFAULT_USEC;
}

usec_t check_timeout(const Check *check) {
        assert(check);
        return check->timeout > 0 ? check->timeout : MIN(TIMEOUT_DEFAULT_USEC, check_interval(check));
}

uint64_t check_expect_status(const Check *check) {
        assert(check);
        return check->expect_status > 0 ? check->expect_status : 200;
}

bool check_probes_differently(const Check *a, const Check *b) {
        assert(a);
        assert(b);

        return a->disabled != b->disabled || a->type != b->type || g_strcmp0(a->target, b->target) != 0 ||
               check_timeout(a) != check_timeout(b) || check_expect_status(a) != check_expect_status(b) ||
               g_strcmp0(a->body_match, b->body_match) != 0;
}

char *check_target_masked(const Check *check) {
        const char *authority, *at = NULL;

        assert(check);

        if (!check->target)
                return g_strdup("");

        authority = strstr(check->target, "://");
        if (!authority)
                return g_strdup(check->target);
        authority += strlen("://");
        for (const char *p = authority; *p && !strchr("/?#", *p); p++)
                if (*p == '@')
                        at = p;
        if (!at)
                return g_strdup(check->target);
        return g_strdup_printf("%.*s***%s", (int) (authority - check->target), check->target, at);
}
