/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/help.h"

#include "tui/actions.h"
#include "tui/view.h"
#include "tui/wrap.h"

#define KEY_COLUMNS 10 /* of the list, for the keys */

typedef struct HelpKey {
        const char *key;
        const char *label; /* in the footer; NULL: not there */
        const char *brief; /* there, where there is little room; NULL: only where there is much */
        const char *help;
} HelpKey;

/* before and after those of the actions */
static const HelpKey first_keys[] = {
        { "/", "filter", "find", "show only rows with the words typed; Enter keeps, Esc clears it" },
        { "s", "sort", "sort", "sort by the next column; S the other way round" },
        { "r", "refresh", "read", "read everything again, now" },
        { "Tab", "next", NULL, "the next tab, as →; Shift-Tab or ← the one before" },
        { "1 2 3", NULL, NULL, "Peers, Checks, Alerts" },
        { "↑↓", "move", NULL, "move the cursor; PgUp, PgDn, Home and End, too" },
};
static const HelpKey last_keys[] = {
        { "?", "help", "help", "this list" },
        { "q", "quit", "quit", "quit, as Ctrl-C, which also leaves a form" },
};

static char *key_name(gunichar key) {
        char text[7] = {};

        if (key == '\r')
                return g_strdup("Enter");
        (void) g_unichar_to_utf8(key, text);
        return g_strdup(text);
}

/* ---- the list ---- */

static void add_help(GPtrArray *lines, unsigned width, const char *key, const char *help) {
        g_auto(GStrv) parts = wrap_text(help, MAX(width, 2 * KEY_COLUMNS) - KEY_COLUMNS);

        for (char **part = parts; *part; part++) {
                const char *name = part == parts ? key : "";
                Line *line = lines_add(lines);
                g_autofree char *rest = NULL;

                rest = g_strdup_printf(
                                "%*s%s",
                                (int) (KEY_COLUMNS - MIN(canvas_text_width(name), KEY_COLUMNS - 1)),
                                "",
                                *part);
                line_add(line, COLOR_NOTICE, name);
                line_add(line, COLOR_NONE, rest);
        }
}

static GPtrArray *make_list(void *userdata, unsigned width) {
        GPtrArray *lines = lines_new();

        (void) userdata;

        for (size_t i = 0; i < G_N_ELEMENTS(first_keys); i++)
                add_help(lines, width, first_keys[i].key, first_keys[i].help);
        for (const Action *action = actions; action->key; action++) {
                g_autofree char *key = key_name(action->key);

                add_help(lines, width, key, action->help);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(last_keys); i++)
                add_help(lines, width, last_keys[i].key, last_keys[i].help);
        return lines;
}

static void free_nothing(void *userdata) {
        (void) userdata;
}

Dialog *help_new(void) {
        static const ViewKind kind = {
                .make = make_list,
                .free = free_nothing,
                .footer = "↑↓ PgUp PgDn scroll  Esc close",
        };

        return view_new_made("Keys", &kind, /* userdata_consumed= */ NULL);
}

/* ---- the footer ---- */

#define ITEMS_MAX 32

/* Who gets room first. */
typedef enum Rank { RANK_LAST_KEY, RANK_ACTION, RANK_FIRST_KEY, RANK_LUXURY, _RANK_MAX } Rank;

typedef struct Item {
        char *key;
        const char *label, *brief;
        Rank rank;
        bool shown;
} Item;

typedef struct Footer {
        Item items[ITEMS_MAX];
        size_t n;
        bool is_brief;
} Footer;

static void footer_add(Footer *footer, const char *key, const char *label, const char *brief, Rank rank) {
        if (label && footer->n < ITEMS_MAX)
                footer->items[footer->n++] = (Item){ g_strdup(key), label, brief, rank, true };
}

static void footer_init(Footer *footer, Tab tab) {
        *footer = (Footer){};
        for (size_t i = 0; i < G_N_ELEMENTS(first_keys); i++)
                footer_add(footer,
                           first_keys[i].key,
                           first_keys[i].label,
                           first_keys[i].brief,
                           first_keys[i].brief ? RANK_FIRST_KEY : RANK_LUXURY);
        for (const Action *action = actions; action->key; action++) {
                g_autofree char *key = key_name(action->key);

                if (action->tabs & 1u << tab)
                        footer_add(footer, key, action->label, action->brief ?: action->label, RANK_ACTION);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(last_keys); i++)
                footer_add(footer, last_keys[i].key, last_keys[i].label, last_keys[i].brief, RANK_LAST_KEY);
}

static void footer_done(Footer *footer) {
        for (size_t i = 0; i < footer->n; i++)
                g_free(footer->items[i].key);
}

static unsigned gap_of(const Footer *footer) {
        return footer->is_brief ? 1 : 2;
}

static const char *text_of(const Footer *footer, const Item *item) {
        return footer->is_brief && item->brief ? item->brief : item->label;
}

static unsigned item_width(const Footer *footer, const Item *item) {
        return canvas_text_width(item->key) + 1 + canvas_text_width(text_of(footer, item)) + gap_of(footer);
}

/* of all items to that rank */
static unsigned width_to(const Footer *footer, Rank rank) {
        unsigned width = 0;

        for (size_t i = 0; i < footer->n; i++)
                if (footer->items[i].rank <= rank)
                        width += item_width(footer, &footer->items[i]);
        return width;
}

static void choose_items(Footer *footer, unsigned width) {
        const unsigned room = width + 2; /* the last one needs no gap */
        unsigned left;

        footer->is_brief = width_to(footer, RANK_FIRST_KEY) > room;
        left = width + gap_of(footer);
        for (Rank rank = 0; rank < _RANK_MAX; rank++)
                for (size_t i = 0; i < footer->n; i++) {
                        Item *item = &footer->items[i];

                        if (item->rank != rank)
                                continue;
                        item->shown = item_width(footer, item) <= left;
                        left -= item->shown ? item_width(footer, item) : 0;
                }
}

void help_draw_footer(Canvas *canvas, int y, Tab tab) {
        Footer footer;
        int x = 0;

        footer_init(&footer, tab);
        choose_items(&footer, canvas_width(canvas));
        for (size_t i = 0; i < footer.n; i++) {
                const Item *item = &footer.items[i];
                const char *text = text_of(&footer, item);

                if (!item->shown)
                        continue;
                x += (int) canvas_text(canvas, y, x, canvas_text_width(item->key), STYLE_KEY, item->key) + 1;
                x += (int) canvas_text(canvas, y, x, canvas_text_width(text), STYLE_PLAIN, text) +
                     (int) gap_of(&footer);
        }
        footer_done(&footer);
}
