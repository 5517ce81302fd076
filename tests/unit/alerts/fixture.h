/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Alerts, transitions and outcomes on a small value. */

#include "alerts/alerts.h"

#include "../fixture.h"

#define SEC USEC_PER_SEC
#define CHECK "check-0000"
#define TERM 4                  /* in which notices are made */
#define WALL (1778598092 * SEC) /* 2026-05-12T15:01:32Z */

static inline Alert *fixture_discord(const char *id, bool is_default) {
        Alert *alert = alert_new();

        alert->id = g_strdup(id);
        alert->name = g_strdup_printf("%s-name", id);
        alert->type = ALERT_DISCORD;
        alert->discord_webhook = g_strdup("https://discord.example/api/webhooks/1/secret");
        alert->is_default = is_default;
        return alert;
}

/* to: comma-separated */
static inline Alert *fixture_smtp(const char *id, const char *to, bool is_default) {
        Alert *alert = alert_new();

        alert->id = g_strdup(id);
        alert->name = g_strdup_printf("%s-name", id);
        alert->type = ALERT_SMTP;
        alert->smtp_host = g_strdup("mail.example");
        alert->smtp_to = g_strsplit(to, ",", -1);
        alert->is_default = is_default;
        return alert;
}

static inline Transition *
fixture_transition(const Value *value, const char *check_id, CheckState to, usec_t when) {
        const CheckStatus *status = value_object(value, RECORD_STATUS, check_id);
        Transition *transition = transition_new();

        transition->check = check_copy(value_object(value, RECORD_CHECK, check_id));
        transition->from = status ? status->state : CHECK_UNKNOWN;
        transition->to = to;
        transition->total = 3;
        transition->ok = to == CHECK_UP ? 3 : 1;
        transition->not_ok = to == CHECK_UP ? 0 : 2;
        transition->detail = g_strdup(to == CHECK_UP ? "" : "connection refused");
        transition->node_id = g_strdup("node-0");
        transition->term = TERM;
        transition->when = when;
        return transition;
}

static inline void fixture_flip_at(Value **value, const char *check_id, CheckState to, usec_t when) {
        _cleanup_(transition_freep) Transition *transition = fixture_transition(*value, check_id, to, when);
        Delta *delta = alerts_on_transition(*value, transition);

        g_assert_nonnull(delta);
        fixture_apply(value, delta);
}

static inline void fixture_flip(Value **value, CheckState to, usec_t when) {
        fixture_flip_at(value, CHECK, to, when);
}

static inline const Notice *fixture_notice(const Value *value, size_t i) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        g_assert_cmpuint(i, <, n);
        return records[i]->object;
}

static inline size_t fixture_n(const Value *value, RecordKind kind) {
        size_t n;

        (void) value_slice(value, kind, &n);
        return n;
}

/* the notice of this alert and event with the highest sequence; NULL: none */
static inline const Notice *fixture_find(const Value *value, const char *alert_id, NoticeEvent event) {
        const Notice *found = NULL;
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (g_strcmp0(notice->alert_id, alert_id) == 0 && notice->event == event &&
                    (!found || notice->sequence > found->sequence))
                        found = notice;
        }
        return found;
}

static inline DeliveryState
fixture_outcome(Value **value,
                const Notice *notice,
                const char *recipient,
                AttemptResult result,
                usec_t when) {
        AttemptOutcome outcome = { .result = result,
                                   .term = notice->transition->term,
                                   .answer = "relay says" };
        DeliveryState state;
        Delta *delta = alerts_on_outcome(*value, notice->id, recipient, &outcome, when, &state);

        g_assert_nonnull(delta);
        fixture_apply(value, delta);
        return state;
}
