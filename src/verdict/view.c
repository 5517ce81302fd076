/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/view.h"

#include <assert.h>

#include "base/limits.h"

static const Field check_view_fields[] = {
        FIELD(CheckView, check_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(CheckView,
              state,
              FIELD_ENUM,
              .names = &check_state_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(CheckView, live, FIELD_BOOL),
        FIELD(CheckView, suspect, FIELD_BOOL),
        FIELD(CheckView, total, FIELD_UINT),
        FIELD(CheckView, ok, FIELD_UINT),
        FIELD(CheckView, not_ok, FIELD_UINT),
        FIELD(CheckView, abstained, FIELD_UINT),
        FIELD(CheckView, stale, FIELD_BOOL),
        FIELD(CheckView, stale_for, FIELD_USEC),
        FIELD(CheckView, detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(CheckView, votes, FIELD_LIST, .object = &vote_type, .max = PEERS_MAX),
};
const ObjectType check_view_type = OBJECT_TYPE(CheckView, "view", check_view_fields);

static const Field round_view_fields[] = {
        FIELD(RoundView, number, FIELD_UINT), FIELD(RoundView, open, FIELD_BOOL),
        FIELD(RoundView, age, FIELD_USEC),    FIELD(RoundView, ok, FIELD_UINT),
        FIELD(RoundView, not_ok, FIELD_UINT), FIELD(RoundView, abstained, FIELD_UINT),
        FIELD(RoundView, silent, FIELD_UINT), FIELD(RoundView, said, FIELD_STRING, .max = NAME_MAX_BYTES),
};
const ObjectType round_view_type = OBJECT_TYPE(RoundView, "round", round_view_fields);

GPtrArray *check_view_list_new(void) {
        return g_ptr_array_new_with_free_func(check_view_free_item);
}

/* "45s", "4m", "3h", "2d": the largest unit is enough to know how far to trust it */
static char *short_age(usec_t age) {
        uint64_t seconds = age / USEC_PER_SEC;

        if (seconds < 60)
                return g_strdup_printf("%" G_GUINT64_FORMAT "s", seconds);
        if (seconds < 60 * 60)
                return g_strdup_printf("%" G_GUINT64_FORMAT "m", seconds / 60);
        if (seconds < 48 * 60 * 60)
                return g_strdup_printf("%" G_GUINT64_FORMAT "h", seconds / (60 * 60));
        return g_strdup_printf("%" G_GUINT64_FORMAT "d", seconds / (24 * 60 * 60));
}

char *check_view_state_text(const CheckView *view) {
        g_autofree char *age = NULL;

        assert(view);

        if (!view->stale || view->state == CHECK_UNKNOWN)
                return g_strdup(check_state_to_string(view->state));

        age = short_age(view->stale_for);
        return g_strdup_printf("%s (stale %s)", check_state_to_string(view->state), age);
}

void check_view_age(CheckView *view, usec_t usec) {
        assert(view);

        if (view->stale)
                view->stale_for = usec_add(view->stale_for, usec);
        for (guint i = 0; view->votes && i < view->votes->len; i++) {
                Vote *vote = g_ptr_array_index(view->votes, i);

                if (vote->observation)
                        vote->observation->age = usec_add(vote->observation->age, usec);
        }
}
