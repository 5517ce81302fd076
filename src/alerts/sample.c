/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/sample.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "wire/codec.h"

static const struct {
        const char *name, *target, *detail, *good;
} samples[_CHECK_KIND_MAX] = {
        [CHECK_HTTP] = { "homepage",
                         "https://example.com/",
                         "status 503 Service Unavailable",
                         "status as expected" },
        [CHECK_TCP] = { "database", "db.example.com:5432", "connection refused", "connected" },
        [CHECK_ICMP] = { "gateway", "gw.example.com", "no reply", "answered" },
};

enum { SAMPLE_NODES = 3 };

const char *sample_detail(CheckKind kind, NoticeEvent event) {
        assert((size_t) kind < _CHECK_KIND_MAX);

        return event == NOTICE_RECOVERED || event == NOTICE_UP ? samples[kind].good : samples[kind].detail;
}

Transition *sample_transition(CheckKind kind, NoticeEvent event, const char *node_id, usec_t when) {
        bool is_up = event == NOTICE_RECOVERED || event == NOTICE_UP;
        Transition *transition = transition_new();

        assert((size_t) kind < _CHECK_KIND_MAX);

        transition->check = check_new();
        transition->check->id = g_strdup("00000000-0000-4000-8000-000000000000");
        transition->check->name = g_strdup(samples[kind].name);
        transition->check->type = kind;
        transition->check->target = g_strdup(samples[kind].target);
        transition->from = !is_up ? CHECK_UP : event == NOTICE_UP ? CHECK_UNKNOWN : CHECK_DOWN;
        transition->to = is_up ? CHECK_UP : CHECK_DOWN;
        transition->number = 1;
        transition->total = SAMPLE_NODES;
        transition->ok = is_up ? SAMPLE_NODES : 0;
        transition->not_ok = is_up ? 0 : SAMPLE_NODES;
        transition->detail = g_strdup(is_up ? "" : samples[kind].detail);
        transition->node_id = g_strdup(node_id);
        transition->when = when;
        return transition;
}

Notice *sample_notice(Transition *transition_consumed, NoticeEvent event, const char *id) {
        Notice *notice = notice_new();

        notice->id = g_strdup(id);
        notice->event = event;
        notice->transition = transition_consumed;
        notice->created = transition_consumed->when;
        return notice;
}

/* ---- from a file ---- */

typedef struct SampleCheck {
        char *id, *name;
        CheckKind type;
        char *target;
        usec_t interval, timeout;
        uint64_t expect_status;
        char *body_match;
        char **alert_ids, **suppress_alert_ids;
} SampleCheck;

static const Field sample_check_fields[] = {
        FIELD_AS("ID", SampleCheck, id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD_AS("Name", SampleCheck, name, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD_AS("Type", SampleCheck, type, FIELD_ENUM, .names = &check_kind_table),
        FIELD_AS("Target", SampleCheck, target, FIELD_STRING, .max = TARGET_MAX_BYTES),
        FIELD_AS("Interval", SampleCheck, interval, FIELD_DURATION),
        FIELD_AS("Timeout", SampleCheck, timeout, FIELD_DURATION),
        FIELD_AS("ExpectStatus", SampleCheck, expect_status, FIELD_UINT),
        FIELD_AS("BodyMatch", SampleCheck, body_match, FIELD_STRING, .max = BODY_MATCH_MAX_BYTES),
        FIELD_AS("AlertIDs", SampleCheck, alert_ids, FIELD_STRV),
        FIELD_AS("SuppressAlertIDs", SampleCheck, suppress_alert_ids, FIELD_STRV),
};
static const ObjectType sample_check_type = OBJECT_TYPE(SampleCheck, "Check", sample_check_fields);

typedef struct SampleSnapshot {
        uint64_t reports, ok_count, not_ok;
        char *detail;
} SampleSnapshot;

static const Field sample_snapshot_fields[] = {
        FIELD_AS("Reports", SampleSnapshot, reports, FIELD_UINT),
        FIELD_AS("OKCount", SampleSnapshot, ok_count, FIELD_UINT),
        FIELD_AS("NotOK", SampleSnapshot, not_ok, FIELD_UINT),
        FIELD_AS("Detail", SampleSnapshot, detail, FIELD_STRING, .max = BODY_MATCH_MAX_BYTES),
};
static const ObjectType sample_snapshot_type =
                OBJECT_TYPE(SampleSnapshot, "Snapshot", sample_snapshot_fields);

typedef struct Sample {
        SampleCheck *check;
        CheckState from, to;
        char *verb;
        SampleSnapshot *snapshot;
        char *node_id;
        usec_t when;
} Sample;

static const Field sample_fields[] = {
        FIELD_AS("Check", Sample, check, FIELD_OBJECT, .object = &sample_check_type),
        FIELD_AS("From", Sample, from, FIELD_ENUM, .names = &check_state_table),
        FIELD_AS("To", Sample, to, FIELD_ENUM, .names = &check_state_table),
        FIELD_AS("Verb", Sample, verb, FIELD_STRING),
        FIELD_AS("Snapshot", Sample, snapshot, FIELD_OBJECT, .object = &sample_snapshot_type),
        FIELD_AS("NodeID", Sample, node_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD_AS("When", Sample, when, FIELD_TIME),
};
static const ObjectType sample_type = OBJECT_TYPE(Sample, "data", sample_fields);

static Check *to_check(SampleCheck *sample) {
        Check *check = check_new();

        if (!sample)
                return check;
        check->id = TAKE_PTR(sample->id);
        check->name = TAKE_PTR(sample->name);
        check->type = sample->type;
        check->target = TAKE_PTR(sample->target);
        check->interval = sample->interval;
        check->timeout = sample->timeout;
        check->expect_status = sample->expect_status;
        check->body_match = TAKE_PTR(sample->body_match);
        check->alert_ids = TAKE_PTR(sample->alert_ids);
        check->suppress_alert_ids = TAKE_PTR(sample->suppress_alert_ids);
        return check;
}

static Transition *to_transition(Sample *sample) {
        Transition *transition = transition_new();

        transition->check = to_check(sample->check);
        transition->from = sample->from;
        transition->to = sample->to;
        transition->node_id = TAKE_PTR(sample->node_id);
        transition->when = sample->when;
        if (sample->snapshot) {
                transition->ok = sample->snapshot->ok_count;
                transition->not_ok = sample->snapshot->not_ok;
                transition->total = transition->ok + transition->not_ok;
                transition->detail = TAKE_PTR(sample->snapshot->detail);
        }
        return transition;
}

static NoticeEvent event_of(const Sample *sample) {
        int event = notice_event_from_string(sample->verb);

        if (event >= 0 && event != NOTICE_TEST)
                return (NoticeEvent) event;
        if (sample->to == CHECK_UP)
                return sample->from == CHECK_DOWN ? NOTICE_RECOVERED : NOTICE_UP;
        return NOTICE_DOWN;
}

int sample_notice_from_json(const char *text, size_t n, int event, Notice **ret, char **reterr_text) {
        void *decoded = NULL;
        Sample *sample;
        int r;

        assert(text);
        assert(ret);

        r = codec_decode(&sample_type, text, n, &decoded, reterr_text);
        if (r < 0)
                return r;
        sample = decoded;
        *ret =
                        sample_notice(to_transition(sample),
                                      event >= 0 ? (NoticeEvent) event : event_of(sample),
                                      "sample");
        (void) object_free(&sample_type, sample);
        return 0;
}
