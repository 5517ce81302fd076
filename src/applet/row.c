/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/row.h"

#include <assert.h>
#include <string.h>

#include "applet/text.h"
#include "base/cleanup.h"

G_DEFINE_FINAL_TYPE(Row, row, G_TYPE_OBJECT)

static guint changed_signal;

/* ---- states ---- */

static const char *const state_names[] = { [ROW_DOWN] = "down", [ROW_UNKNOWN] = "unknown", [ROW_UP] = "up" };

const char *row_state_to_string(RowState state) {
        return state_names[state];
}

RowState row_state_from_string(const char *text) {
        for (unsigned i = 0; i < G_N_ELEMENTS(state_names); i++)
                if (g_strcmp0(text, state_names[i]) == 0)
                        return (RowState) i;
        return ROW_UNKNOWN;
}

/* ---- fields, by both their names ---- */

typedef RowChange (*take_t)(Row *row, size_t offset, GVariant *value);

typedef struct Field {
        const char *in_list;
        const char *in_object;
        const char *type;
        take_t take;
        size_t offset;
} Field;

static RowChange take_text(Row *row, size_t offset, GVariant *value) {
        char **member = G_STRUCT_MEMBER_P(row, offset);
        g_autofree char *text = shown_text(g_variant_get_string(value, NULL));

        if (strcmp(*member, text) == 0)
                return ROW_SAME;
        g_free(*member);
        *member = TAKE_PTR(text);
        return ROW_CHANGED | ROW_REORDERED;
}

static RowChange take_state(Row *row, size_t offset, GVariant *value) {
        RowState state = row_state_from_string(g_variant_get_string(value, NULL));

        if (row->state == state)
                return ROW_SAME;
        row->state = state;
        return ROW_CHANGED | ROW_REORDERED;
}

static RowChange take_usec(Row *row, size_t offset, GVariant *value) {
        usec_t *member = G_STRUCT_MEMBER_P(row, offset), usec = g_variant_get_uint64(value);

        if (*member == usec)
                return ROW_SAME;
        *member = usec;
        return ROW_CHANGED;
}

static RowChange take_count(Row *row, size_t offset, GVariant *value) {
        uint32_t *member = G_STRUCT_MEMBER_P(row, offset), count = g_variant_get_uint32(value);

        if (*member == count)
                return ROW_SAME;
        *member = count;
        return ROW_CHANGED;
}

static const Field fields[] = {
        { "name", "Name", "s", take_text, offsetof(Row, name) },
        { "type", "Type", "s", take_text, offsetof(Row, type) },
        { "target", "Target", "s", take_text, offsetof(Row, target) },
        { "detail", "Detail", "s", take_text, offsetof(Row, detail) },
        { "state", "State", "s", take_state, offsetof(Row, state) },
        { "since", "Since", "t", take_usec, offsetof(Row, since_usec) },
        { "stale_since", "StaleSince", "t", take_usec, offsetof(Row, stale_since_usec) },
        { "ok", "Ok", "u", take_count, offsetof(Row, ok) },
        { "total", "Total", "u", take_count, offsetof(Row, total) },
};

static RowChange take_one(Row *row, const char *key, GVariant *value) {
        for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
                if (strcmp(key, fields[i].in_list) == 0 || strcmp(key, fields[i].in_object) == 0)
                        return g_variant_is_of_type(value, G_VARIANT_TYPE(fields[i].type))
                                               ? fields[i].take(row, fields[i].offset, value)
                                               : ROW_SAME;
        return ROW_SAME;
}

RowChange row_take(Row *row, GVariant *dictionary) {
        RowChange change = ROW_SAME;
        GVariantIter iter;
        const char *key;
        GVariant *value;

        assert(g_variant_is_of_type(dictionary, G_VARIANT_TYPE_VARDICT));

        g_variant_iter_init(&iter, dictionary);
        while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
                change |= take_one(row, key, value);
        if (change != ROW_SAME)
                g_signal_emit(row, changed_signal, 0);
        return change;
}

/* ---- search and order ---- */

char **row_fold(const char *search) {
        g_autofree char *text = shown_text(search), *folded = g_utf8_casefold(text, -1);
        char **words = g_strsplit(folded, " ", /* max_tokens= */ -1);

        return words;
}

static bool has_word(const Row *row, const char *word) {
        const char *const texts[] = {
                row->name, row->type, row->target, row->detail, row_state_to_string(row->state)
        };

        for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autofree char *folded = g_utf8_casefold(texts[i], -1);

                if (strstr(folded, word))
                        return true;
        }
        return false;
}

bool row_matches(const Row *row, char *const *words) {
        for (; words && *words; words++)
                if (!has_word(row, *words))
                        return false;
        return true;
}

int row_compare_name(const Row *a, const Row *b) {
        int r = g_utf8_collate(a->name, b->name);

        return r != 0 ? r : strcmp(a->id, b->id);
}

int row_compare_state(const Row *a, const Row *b) {
        if (a->state != b->state)
                return a->state < b->state ? -1 : 1;
        return row_compare_name(a, b);
}

char *row_state_text(const Row *row) {
        return g_strconcat(
                        row_state_to_string(row->state), row->stale_since_usec != 0 ? " (stale)" : "", NULL);
}

/* ---- lifecycle ---- */

static void row_finalize(GObject *object) {
        Row *row = APPLET_ROW(object);

        g_free(row->id);
        g_free(row->name);
        g_free(row->type);
        g_free(row->target);
        g_free(row->detail);
        G_OBJECT_CLASS(row_parent_class)->finalize(object);
}

static void row_class_init(RowClass *class) {
        G_OBJECT_CLASS(class)->finalize = row_finalize;
        changed_signal = g_signal_new(
                        "changed", APPLET_TYPE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void row_init(Row *row) {
        row->name = g_strdup("");
        row->type = g_strdup("");
        row->target = g_strdup("");
        row->detail = g_strdup("");
        row->state = ROW_UNKNOWN;
}

Row *row_new(const char *id) {
        Row *row = g_object_new(APPLET_TYPE_ROW, NULL);

        row->id = g_strdup(id);
        return row;
}
