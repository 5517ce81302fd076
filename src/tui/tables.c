/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/tables.h"

#include <assert.h>
#include <string.h>

#include "ctl/rows.h"
#include "ctl/show.h"
#include "ctl/text.h"

#define ID_LEAST (SHORT_ID_CHARS + 1) /* with what says that there is more */

static int compare_text(const char *a, const char *b) {
        return g_strcmp0(a ?: "", b ?: "");
}

/* names without regard to case, as people read them, as far as they are ASCII */
static int compare_names(const char *a, const char *b) {
        int order = g_ascii_strcasecmp(a ?: "", b ?: "");

        return order ?: compare_text(a, b);
}

static int compare_numbers(uint64_t a, uint64_t b) {
        return a < b ? -1 : a > b;
}

static char *age_text(usec_t then, usec_t now_realtime) {
        g_autofree char *age = NULL;

        if (then == 0)
                return g_strdup("never");
        age = text_age(usec_sub(now_realtime, then));
        return g_strdup_printf("%s ago", age);
}

/* ---- peers ---- */

enum { PEER_ID, PEER_ADVERTISE, PEER_LIVE, PEER_SEEN, N_PEER_COLUMNS };

static const ListColumn peer_columns[N_PEER_COLUMNS] = {
        [PEER_ID] = { "NODE_ID", ID_LEAST, 1 },
        [PEER_ADVERTISE] = { "ADVERTISE", 12, 2 },
        [PEER_LIVE] = { "LIVE", 6, 3 },
        [PEER_SEEN] = { "LAST SEEN", 0, 0 },
};

static const char *peer_id(const void *row) {
        return ((const PeerRow *) row)->node_id;
}

static char *peer_cell(const void *row, size_t column, usec_t now_realtime, Style *ret_style) {
        const PeerRow *peer = row;

        switch (column) {
        case PEER_ID:
                return g_strdup(peer->node_id);
        case PEER_ADVERTISE:
                return g_strdup(peer->advertise);
        case PEER_LIVE:
                *ret_style = peer->live ? STYLE_GOOD : STYLE_BAD;
                return g_strdup_printf(
                                "%s%s", peer->live ? "● live" : "○ dead", peer->joining ? " (joining)" : "");
        default:
                if (peer->self)
                        return g_strdup("this node");
                *ret_style = peer->live ? STYLE_PLAIN : STYLE_BAD;
                return age_text(peer->last_seen, now_realtime);
        }
}

static int peer_compare(const void *a, const void *b, size_t column) {
        const PeerRow *x = a, *y = b;

        switch (column) {
        case PEER_ID:
                return compare_text(x->node_id, y->node_id);
        case PEER_ADVERTISE:
                return compare_text(x->advertise, y->advertise);
        case PEER_LIVE:
                return compare_numbers(x->live, y->live);
        default:
                return compare_numbers(
                                x->self ? UINT64_MAX : x->last_seen, y->self ? UINT64_MAX : y->last_seen);
        }
}

static size_t peer_texts(const void *row, const char **ret, size_t max) {
        const PeerRow *peer = row;

        assert(max >= 3);

        ret[0] = peer->advertise;
        ret[1] = peer->live ? "live" : "dead";
        ret[2] = peer->joining ? "joining" : "";
        return 3;
}

static const ListModel peer_model = {
        .columns = peer_columns,
        .n_columns = N_PEER_COLUMNS,
        .id = peer_id,
        .cell = peer_cell,
        .compare = peer_compare,
        .texts = peer_texts,
};

/* ---- checks ---- */

enum { CHECK_ID, CHECK_NAME, CHECK_STATE, CHECK_VOTES, CHECK_ALERTS, CHECK_DETAIL, N_CHECK_COLUMNS };

static const ListColumn check_columns[N_CHECK_COLUMNS] = {
        [CHECK_ID] = { "ID", ID_LEAST, 1, .spared = true },
        [CHECK_NAME] = { "NAME", 12, 2 },
        [CHECK_STATE] = { "STATE", 10, 4 },
        [CHECK_VOTES] = { "OK/TOTAL", 8, 0 },
        [CHECK_ALERTS] = { "ALERTS", 8, 3 },
        [CHECK_DETAIL] = { "DETAIL", 0, 0 },
};

static bool is_state(const CheckRow *check, const char *state) {
        return g_strcmp0(check->state, state) == 0;
}

static Style state_style(const CheckRow *check) {
        if (check->stale_since > 0)
                return STYLE_DIM;
        return is_state(check, "up") ? STYLE_GOOD : is_state(check, "down") ? STYLE_BAD : STYLE_DIM;
}

static const char *check_id(const void *row) {
        return ((const CheckRow *) row)->id;
}

static char *check_cell(const void *row, size_t column, usec_t now_realtime, Style *ret_style) {
        const CheckRow *check = row;
        g_autofree char *state = NULL;

        switch (column) {
        case CHECK_ID:
                return g_strdup(check->id);
        case CHECK_NAME:
                return g_strdup(check->name);
        case CHECK_STATE:
                *ret_style = state_style(check);
                state = check_state_text(check, now_realtime);
                return g_strdup_printf(
                                "%s %s",
                                is_state(check, "up") || is_state(check, "down") ? "●" : "○",
                                state);
        case CHECK_VOTES:
                return g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, check->ok, check->total);
        case CHECK_ALERTS:
                return check_alerts_text(check->alerts);
        default:
                return g_strdup(check->detail);
        }
}

/* what needs a person comes first */
static unsigned severity(const CheckRow *check) {
        if (check->disabled)
                return 4;
        if (is_state(check, "down"))
                return check->stale_since > 0 ? 1 : 0;
        if (is_state(check, "up"))
                return check->stale_since > 0 ? 2 : 3;
        return 2;
}

static const char *first_alert(const CheckRow *check) {
        return check->alerts && check->alerts->len > 0
                               ? ((const EffectiveAlert *) g_ptr_array_index(check->alerts, 0))->name
                               : "";
}

static int check_compare(const void *a, const void *b, size_t column) {
        const CheckRow *x = a, *y = b;
        int order;

        switch (column) {
        case CHECK_ID:
                return compare_text(x->id, y->id);
        case CHECK_NAME:
                return compare_names(x->name, y->name);
        case CHECK_STATE:
                order = compare_numbers(severity(x), severity(y));
                /* the latest first: that is the news */
                return order ?: compare_numbers(y->since, x->since);
        case CHECK_VOTES:
                /* as fractions: how many are missing to all */
                order = compare_numbers(x->ok * MAX(y->total, 1), y->ok * MAX(x->total, 1));
                return order ?: compare_numbers(x->total, y->total);
        case CHECK_ALERTS:
                return compare_names(first_alert(x), first_alert(y));
        default:
                return compare_text(x->detail, y->detail);
        }
}

static size_t check_texts(const void *row, const char **ret, size_t max) {
        const CheckRow *check = row;
        size_t n = 0;

        assert(max >= 6);

        ret[n++] = check->name;
        ret[n++] = check->state;
        ret[n++] = check->target;
        ret[n++] = check->type;
        ret[n++] = check->detail;
        ret[n++] = check->stale_since > 0 ? "stale" : "";
        for (unsigned i = 0; check->alerts && i < check->alerts->len && n < max; i++)
                ret[n++] = ((const EffectiveAlert *) g_ptr_array_index(check->alerts, i))->name;
        return n;
}

static const ListModel check_model = {
        .columns = check_columns,
        .n_columns = N_CHECK_COLUMNS,
        .id = check_id,
        .cell = check_cell,
        .compare = check_compare,
        .texts = check_texts,
};

/* ---- alerts ---- */

enum {
        ALERT_ID,
        ALERT_NAME,
        ALERT_TYPE,
        ALERT_DEFAULT,
        ALERT_ON,
        ALERT_CUSTOM,
        ALERT_OWED,
        ALERT_ENDPOINT,
        N_ALERT_COLUMNS
};

static const ListColumn alert_columns[N_ALERT_COLUMNS] = {
        [ALERT_ID] = { "ID", ID_LEAST, 1, .spared = true },
        [ALERT_NAME] = { "NAME", 12, 2 },
        [ALERT_TYPE] = { "TYPE", 7, 3 },
        [ALERT_DEFAULT] = { "DEFAULT", 7, 3 },
        [ALERT_ON] = { "ON", 3, 3 },
        [ALERT_CUSTOM] = { "CUSTOM-MSG", 10, 3 },
        [ALERT_OWED] = { "OWED", 4, 3 },
        [ALERT_ENDPOINT] = { "ENDPOINT", 0, 0 },
};

static bool has_text(const char *text) {
        return text && *text;
}

static const char *custom_text(const AlertRow *alert) {
        if (has_text(alert->subject_template) && has_text(alert->body_template))
                return "both";
        return has_text(alert->subject_template) ? "subject" : has_text(alert->body_template) ? "body" : "-";
}

static const char *alert_id(const void *row) {
        return ((const AlertRow *) row)->id;
}

static char *endpoint_cell(const AlertRow *alert, Style *ret_style) {
        const unsigned lacking = alert->lacking ? g_strv_length(alert->lacking) : 0;

        if (lacking == 0)
                return g_strdup(alert->endpoint);
        *ret_style = STYLE_BAD;
        return g_strdup_printf(
                        "credential missing on %u node%s: %s",
                        lacking,
                        lacking == 1 ? "" : "s",
                        alert->endpoint);
}

static char *alert_cell(const void *row, size_t column, usec_t now_realtime, Style *ret_style) {
        const AlertRow *alert = row;

        switch (column) {
        case ALERT_ID:
                return g_strdup(alert->id);
        case ALERT_NAME:
                return g_strdup(alert->name);
        case ALERT_TYPE:
                return g_strdup(alert->type);
        case ALERT_DEFAULT:
                return g_strdup(alert->is_default ? "yes" : "-");
        case ALERT_ON:
                *ret_style = alert->disabled ? STYLE_DIM : STYLE_GOOD;
                return g_strdup(alert->disabled ? "off" : "on");
        case ALERT_CUSTOM:
                return g_strdup(custom_text(alert));
        case ALERT_OWED:
                *ret_style = alert->owed > 0 ? STYLE_NOTICE : STYLE_PLAIN;
                return g_strdup_printf("%" G_GUINT64_FORMAT, alert->owed);
        default:
                return endpoint_cell(alert, ret_style);
        }
}

static int alert_compare(const void *a, const void *b, size_t column) {
        const AlertRow *x = a, *y = b;

        switch (column) {
        case ALERT_ID:
                return compare_text(x->id, y->id);
        case ALERT_NAME:
                return compare_names(x->name, y->name);
        case ALERT_TYPE:
                return compare_text(x->type, y->type);
        case ALERT_DEFAULT:
                return compare_numbers(!x->is_default, !y->is_default);
        case ALERT_ON:
                return compare_numbers(x->disabled, y->disabled);
        case ALERT_CUSTOM:
                return compare_text(custom_text(x), custom_text(y));
        case ALERT_OWED:
                return compare_numbers(y->owed, x->owed);
        default:
                return compare_text(x->endpoint, y->endpoint);
        }
}

static size_t alert_texts(const void *row, const char **ret, size_t max) {
        const AlertRow *alert = row;

        assert(max >= 5);

        ret[0] = alert->name;
        ret[1] = alert->type;
        ret[2] = alert->endpoint;
        ret[3] = alert->is_default ? "default" : "";
        ret[4] = alert->disabled ? "off" : "on";
        return 5;
}

static const ListModel alert_model = {
        .columns = alert_columns,
        .n_columns = N_ALERT_COLUMNS,
        .id = alert_id,
        .cell = alert_cell,
        .compare = alert_compare,
        .texts = alert_texts,
};

const ListModel *const tab_models[_TAB_MAX] = {
        [TAB_PEERS] = &peer_model,
        [TAB_CHECKS] = &check_model,
        [TAB_ALERTS] = &alert_model,
};
