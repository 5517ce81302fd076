/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a template sees: `{{.Check.Name}}` and so on, with the names and Go types of the original's
 * TemplateContext, so that printing a whole struct or a type gives the same text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any bytes, n of them; NULL for none. */
typedef struct TemplateString {
        const char *bytes;
        size_t n;
} TemplateString;

/* items NULL is Go's nil slice, which differs from an empty one in `eq … nil` and under %#v. */
typedef struct TemplateList {
        const TemplateString *items;
        size_t n, capacity;
} TemplateList;

/* Go's time.Time in UTC, without a monotonic reading */
typedef struct TemplateTime {
        uint64_t nanoseconds;
        int64_t seconds; /* since year 1 */
        const void *location;
} TemplateTime;
TemplateTime template_time(int64_t unix_seconds, unsigned nanoseconds);

typedef struct TemplateCheck {
        TemplateString id, name, type, target;
        int64_t interval_nsec, timeout_nsec;
        int64_t expect_status;
        TemplateString body_match;
        TemplateList alert_ids, suppress_alert_ids;

        /* Fields of later versions of the original: they can be named, and are empty here. */
        int64_t tls_warn_days;
        TemplateString tls_server_name, dns_record, dns_resolver, dns_expect;
        bool disabled;
        TemplateList resolvers;
} TemplateCheck;

typedef struct TemplateSnapshot {
        TemplateString check_id, state;
        int64_t reports, ok_count, not_ok;
        TemplateString detail;
        TemplateTime update_at;
} TemplateSnapshot;

typedef struct TemplateContext {
        const TemplateCheck *check;
        TemplateString from, to, verb, verb_lower;
        TemplateSnapshot snapshot;
        TemplateString node_id, when;
} TemplateContext;

/* the text of a C string; NULL is empty */
TemplateString template_string(const char *text);
