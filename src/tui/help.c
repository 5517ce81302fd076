/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/help.h"

#include "tui/actions.h"
#include "tui/view.h"

typedef struct HelpKey {
        const char *key;
        const char *label; /* in the footer; NULL: not there */
        const char *help;
} HelpKey;

/* before and after those of the actions */
/* the first of them stays longest in the footer */
static const HelpKey first_keys[] = {
        { "/", "filter", "show only rows that have the typed words; Enter keeps, Esc ends it" },
        { "s", "sort", "sort by the next column; S the other way round" },
        { "r", "refresh", "read everything again, now" },
        { "Tab", "next", "the next tab, as →; Shift-Tab or ← the one before" },
        { "1 2 3", NULL, "Peers, Checks, Alerts" },
        { "↑↓", "move", "move the cursor; PgUp, PgDn, Home and End, too" },
};
static const HelpKey last_keys[] = {
        { "?", "help", "this list" },
        { "q", "quit", "quit, as Ctrl-C" },
};

static char *key_name(gunichar key) {
        char text[7] = {};

        if (key == '\r')
                return g_strdup("Enter");
        (void) g_unichar_to_utf8(key, text);
        return g_strdup(text);
}

/* ---- the list ---- */

static char *line_of(const char *key, const char *help) {
        return g_strdup_printf("%s%*s%s", key, (int) (10 - MIN(canvas_text_width(key), 9)), "", help);
}

static void add_keys(GPtrArray *lines, const HelpKey *keys, size_t n) {
        for (size_t i = 0; i < n; i++)
                g_ptr_array_add(lines, line_of(keys[i].key, keys[i].help));
}

Dialog *help_new(void) {
        g_autoptr(GPtrArray) lines = g_ptr_array_new();

        add_keys(lines, first_keys, G_N_ELEMENTS(first_keys));
        for (const Action *action = actions; action->key; action++) {
                g_autofree char *key = key_name(action->key);

                g_ptr_array_add(lines, line_of(key, action->help));
        }
        add_keys(lines, last_keys, G_N_ELEMENTS(last_keys));
        g_ptr_array_add(lines, NULL);
        return view_new("Keys", (char **) g_ptr_array_free(g_steal_pointer(&lines), /* free_seg= */ FALSE));
}

/* ---- the footer ---- */

static unsigned item_width(const char *key, const char *label) {
        return canvas_text_width(key) + 1 + canvas_text_width(label) + 2;
}

static int draw_item(Canvas *canvas, int y, int x, const char *key, const char *label) {
        x += (int) canvas_text(canvas, y, x, canvas_text_width(key), STYLE_KEY, key) + 1;
        return x + (int) canvas_text(canvas, y, x, canvas_text_width(label), STYLE_PLAIN, label) + 2;
}

static unsigned keys_width(const HelpKey *keys, size_t n) {
        unsigned width = 0;

        for (size_t i = 0; i < n; i++)
                width += keys[i].label ? item_width(keys[i].key, keys[i].label) : 0;
        return width;
}

static unsigned actions_width(Tab tab) {
        unsigned width = 0;

        for (const Action *action = actions; action->key; action++)
                if (action->tabs & 1u << tab) {
                        g_autofree char *key = key_name(action->key);

                        width += item_width(key, action->label);
                }
        return width;
}

static int draw_keys(Canvas *canvas, int y, int x, const HelpKey *keys, size_t n, int end) {
        for (size_t i = 0; i < n; i++)
                if (keys[i].label && x + (int) item_width(keys[i].key, keys[i].label) <= end)
                        x = draw_item(canvas, y, x, keys[i].key, keys[i].label);
        return x;
}

void help_draw_footer(Canvas *canvas, int y, Tab tab) {
        const int width = (int) canvas_width(canvas) + 2; /* the last one needs no gap */
        const int last = width - (int) keys_width(last_keys, G_N_ELEMENTS(last_keys));
        const int for_actions = last - (int) actions_width(tab);
        int x = 0;

        x = draw_keys(canvas, y, x, first_keys, G_N_ELEMENTS(first_keys), for_actions);
        for (const Action *action = actions; action->key; action++) {
                g_autofree char *key = key_name(action->key);

                if (action->tabs & 1u << tab && x + (int) item_width(key, action->label) <= last)
                        x = draw_item(canvas, y, x, key, action->label);
        }
        (void) draw_keys(canvas, y, x, last_keys, G_N_ELEMENTS(last_keys), width);
}
