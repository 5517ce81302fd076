/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/notices.h"

#include <assert.h>

#include "applet/text.h"

struct Notices {
        usec_t shown[NOTICES_AT_ONCE]; /* when the last single ones were, a ring; 0: never */
        unsigned next;
        usec_t last_flip_usec;
        unsigned down, up; /* of this burst, in the one for all; both 0: no burst */
        usec_t deadline_usec;
};

void notice_done(Notice *notice) {
        g_free(notice->id);
        g_free(notice->title);
        g_free(notice->body);
        *notice = (Notice){};
}

Notices *notices_new(void) {
        Notices *notices = g_new0(Notices, 1);

        notices->deadline_usec = USEC_INFINITY;
        return notices;
}

Notices *notices_free(Notices *notices) {
        g_free(notices);
        return NULL;
}

static Notice single(const char *check_id, const char *name, RowState to, const char *detail) {
        g_autofree char *shown_name = shown_notice(name);

        return (Notice){
                .id = g_strconcat("check-", check_id, NULL),
                .title = g_strdup_printf("%s %s", shown_name, to == ROW_DOWN ? "is DOWN" : "is up again"),
                .body = to == ROW_DOWN ? shown_notice(detail) : g_strdup(""),
                .urgent = to == ROW_DOWN,
        };
}

static bool in_burst(const Notices *notices) {
        return notices->down + notices->up > 0;
}

static bool has_room(const Notices *notices, usec_t now_usec) {
        usec_t oldest = notices->shown[notices->next];

        return oldest == 0 || now_usec >= usec_add(oldest, NOTICES_WINDOW_USEC);
}

bool notices_take(
                Notices *notices,
                const char *check_id,
                const char *name,
                RowState from,
                RowState to,
                const char *detail,
                usec_t now_usec,
                Notice *ret) {

        assert(notices);

        if (to == from || to == ROW_UNKNOWN || (to == ROW_UP && from != ROW_DOWN))
                return false;
        if (notices->deadline_usec == USEC_INFINITY && /* what is counted has been told */
            now_usec >= usec_add(notices->last_flip_usec, NOTICES_WINDOW_USEC))
                notices->down = notices->up = 0;
        notices->last_flip_usec = now_usec;

        if (!in_burst(notices) && has_room(notices, now_usec)) {
                notices->shown[notices->next] = now_usec;
                notices->next = (notices->next + 1) % NOTICES_AT_ONCE;
                *ret = single(check_id, name, to, detail);
                return true;
        }
        if (to == ROW_DOWN)
                notices->down++;
        else
                notices->up++;
        if (notices->deadline_usec == USEC_INFINITY)
                notices->deadline_usec = usec_add(now_usec, NOTICES_TOGETHER_USEC);
        return false;
}

usec_t notices_deadline(const Notices *notices) {
        return notices->deadline_usec;
}

bool notices_due(Notices *notices, usec_t now_usec, Notice *ret) {
        if (now_usec < notices->deadline_usec || !in_burst(notices))
                return false;
        notices->deadline_usec = USEC_INFINITY;
        *ret = (Notice){
                .id = g_strdup("many"),
                .title = g_strdup("Many checks flip"),
                .body = g_strdup_printf(
                                "%u more went DOWN, %u more came up again", notices->down, notices->up),
                .urgent = notices->down > 0,
        };
        return true;
}
