/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/why-view.h"

#include <assert.h>

#include "ctl/why.h"
#include "tui/view.h"

typedef struct Why {
        Desk *desk;
        char *id;
        Explanation *explanation; /* NULL: not answered yet */
        char *problem;            /* of the last question, NULL: none */
        bool asking;
} Why;

/* ---- the question ---- */

static int fill_id(sd_bus_message *request, void *userdata) {
        return sd_bus_message_append_basic(request, 's', ((Why *) userdata)->id);
}

static void on_answer(const char *error, sd_bus_message *reply, void *userdata) {
        Why *why = userdata;
        Explanation *explanation = NULL;

        why->asking = false;
        g_clear_pointer(&why->problem, g_free);
        if (error)
                why->problem = g_strdup(error);
        else if (explanation_read(reply, &explanation) < 0)
                why->problem = g_strdup("the daemon's answer has another form than expected");
        else {
                (void) explanation_free(why->explanation);
                why->explanation = explanation;
        }
        why->desk->redraw(why->desk->userdata);
}

static void ask(Why *why) {
        if (why->asking)
                return;
        why->asking = true;
        feed_call(why->desk->feed, "ExplainCheck", CALL_READS, fill_id, why, on_answer, why);
}

/* ---- the answer ---- */

static GPtrArray *make(void *userdata, unsigned width) {
        const Why *why = userdata;
        g_autoptr(GPtrArray) lines = NULL;

        if (why->explanation)
                lines =
                                why_lines(why->explanation,
                                          &(WhyStyle){ .now_realtime = (usec_t) g_get_real_time(),
                                                       .width = width,
                                                       .is_whole = true,
                                                       .short_ids = true });
        else
                lines = lines_new();
        if (why->problem)
                line_add(lines_add(lines), COLOR_BAD, why->problem);
        else if (!why->explanation)
                line_add(lines_add(lines), COLOR_DIM, "asking all nodes …");
        return g_steal_pointer(&lines);
}

static bool on_key(void *userdata, gunichar character) {
        if (character != 'r')
                return false;
        ask(userdata);
        return true;
}

static void free_why(void *userdata) {
        Why *why = userdata;

        feed_forget(why->desk->feed, why);
        (void) explanation_free(why->explanation);
        g_free(why->problem);
        g_free(why->id);
        g_free(why);
}

void why_open(Desk *desk, Tab tab, const void *row) {
        static const ViewKind kind = {
                .make = make,
                .key = on_key,
                .free = free_why,
                .footer = "↑↓ PgUp PgDn scroll  r ask again  Esc close",
        };
        const CheckRow *check = row;
        g_autofree char *title = NULL;
        Why *why;

        assert(desk);
        assert(check);

        why = g_new0(Why, 1);
        why->desk = desk;
        why->id = g_strdup(check->id);
        title = g_strdup_printf("why %s", check->name);
        dialogs_push(desk->dialogs, view_new_made(title, &kind, why));
        ask(why);
}
