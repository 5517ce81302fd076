/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/list.h"

#include <assert.h>
#include <string.h>

#define TEXTS_MAX 16
#define GAP 2
#define COLUMNS_MAX 16
#define MEASURED_MAX 500
#define LAST_WANTED 36 /* columns of the screen for which others yield */
#define ARROW_WIDTH 2  /* beside the title of the column that rows are sorted by */

struct List {
        const ListModel *model;
        GPtrArray *rows;               /* NULL: none yet */
        GArray *shown;                 /* of unsigned: positions in rows, in the order of the screen */
        unsigned natural[COLUMNS_MAX]; /* widths that would show rows whole */
        unsigned measured;             /* how many rows there were when these were last taken */

        char *filter;
        size_t sort_column; /* n_columns: as the rows came */
        bool reverse;

        char *cursor_id; /* the row with the cursor; NULL: none */
        size_t cursor;   /* its place in shown, or where it was */
        size_t top;
        size_t page; /* rows that the screen had room for when it was last drawn */
};

List *list_new(const ListModel *model) {
        List *list = g_new0(List, 1);

        assert(model);
        assert(model->n_columns > 0 && model->n_columns <= COLUMNS_MAX);

        list->model = model;
        list->shown = g_array_new(FALSE, FALSE, sizeof(unsigned));
        list->filter = g_strdup("");
        list->sort_column = model->n_columns;
        list->page = 1;
        return list;
}

List *list_free(List *list) {
        if (!list)
                return NULL;
        g_array_unref(list->shown);
        g_clear_pointer(&list->rows, g_ptr_array_unref);
        g_free(list->filter);
        g_free(list->cursor_id);
        g_free(list);
        return NULL;
}

/* ---- which rows, in what order ---- */

static const void *row_at(const List *list, size_t place) {
        return g_ptr_array_index(list->rows, g_array_index(list->shown, unsigned, place));
}

typedef struct Needle {
        const char *word;
        bool is_ascii;
} Needle;

static bool text_has(const char *text, const Needle *needle) {
        g_autofree char *folded = NULL;

        if (needle->is_ascii)
                return strcasestr(text, needle->word);
        folded = g_utf8_casefold(text, -1);
        return strstr(folded, needle->word);
}

static bool row_has(const char *const *texts, size_t n, const Needle *needle) {
        for (size_t i = 0; i < n; i++)
                if (texts[i] && text_has(texts[i], needle))
                        return true;
        return false;
}

/* Ids are hexadecimal digits: somewhere in one of them stands "db", or any other short word. */
static bool id_begins(const char *id, const char *word) {
        return id && g_ascii_strncasecmp(id, word, strlen(word)) == 0;
}

static bool row_passes(const List *list, const void *row, const Needle *needles, size_t n_needles) {
        const char *texts[TEXTS_MAX], *id;
        size_t n;

        if (n_needles == 0)
                return true;
        n = list->model->texts(row, texts, TEXTS_MAX);
        id = list->model->id(row);
        for (size_t i = 0; i < n_needles; i++)
                if (!row_has(texts, n, needles + i) && !id_begins(id, needles[i].word))
                        return false;
        return true;
}

static int compare_places(const void *a, const void *b, void *userdata) {
        const List *list = userdata;
        const unsigned x = *(const unsigned *) a, y = *(const unsigned *) b;
        int order;

        order = list->model->compare(
                        g_ptr_array_index(list->rows, x),
                        g_ptr_array_index(list->rows, y),
                        list->sort_column);
        if (order == 0)
                return x < y ? -1 : x > y; /* as they came */
        return list->reverse ? -order : order;
}

static void choose_rows(List *list) {
        g_autofree char *folded = g_utf8_casefold(list->filter, -1);
        g_auto(GStrv) words = g_strsplit(folded, " ", -1);
        g_autofree Needle *needles = g_new0(Needle, g_strv_length(words) + 1);
        size_t n = 0;

        for (char **word = words; *word; word++)
                if (**word)
                        needles[n++] = (Needle){ *word, g_str_is_ascii(*word) };

        g_array_set_size(list->shown, 0);
        for (unsigned i = 0; list->rows && i < list->rows->len; i++)
                if (row_passes(list, g_ptr_array_index(list->rows, i), needles, n))
                        g_array_append_val(list->shown, i);
        if (list->sort_column < list->model->n_columns)
                g_array_sort_with_data(list->shown, compare_places, list);
}

/* ---- the cursor ---- */

static void remember_cursor(List *list) {
        g_free(list->cursor_id);
        list->cursor_id =
                        list->shown->len > 0 ? g_strdup(list->model->id(row_at(list, list->cursor))) : NULL;
}

static void move_to(List *list, size_t place) {
        list->cursor = list->shown->len > 0 ? MIN(place, list->shown->len - 1) : 0;
        remember_cursor(list);
}

/* The row that had the cursor has it still; where that is gone, the one in its place. */
static void find_cursor(List *list) {
        for (size_t i = 0; list->cursor_id && i < list->shown->len; i++)
                if (g_strcmp0(list->model->id(row_at(list, i)), list->cursor_id) == 0) {
                        list->cursor = i;
                        return;
                }
        move_to(list, list->cursor);
}

static void keep_in_sight(List *list) {
        const size_t n = list->shown->len;

        if (list->cursor < list->top)
                list->top = list->cursor;
        if (list->cursor >= list->top + list->page)
                list->top = list->cursor - list->page + 1;
        if (list->top + list->page > n) /* no empty lines while there are rows above */
                list->top = n > list->page ? n - list->page : 0;
}

static void rearrange(List *list) {
        choose_rows(list);
        find_cursor(list);
}

bool list_key(List *list, const Key *key) {
        size_t n, place;

        assert(list);
        assert(key);

        n = list->shown->len;
        place = list->cursor;
        switch (key->kind) {
        case TYPED_UP:
                place = place > 0 ? place - 1 : 0;
                break;
        case TYPED_DOWN:
                place++;
                break;
        case TYPED_PAGE_UP:
                place = place > list->page ? place - list->page : 0;
                break;
        case TYPED_PAGE_DOWN:
                place += list->page;
                break;
        case TYPED_HOME:
                place = 0;
                break;
        case TYPED_END:
                place = n > 0 ? n - 1 : 0;
                break;
        default:
                return false;
        }
        move_to(list, place);
        return true;
}

/* ---- widths ---- */

static void measure_row(List *list, const void *row, usec_t now_realtime) {
        const size_t last = list->model->n_columns - 1;

        for (size_t column = 0; column <= last; column++) {
                Style style = STYLE_PLAIN;
                g_autofree char *text = list->model->cell(row, column, now_realtime, &style);

                list->natural[column] = MAX(list->natural[column], canvas_text_width(text));
        }
        /* what is told at length there shall not take the room of everything else */
        list->natural[last] = MIN(list->natural[last], LAST_WANTED);
}

/* Few rows are measured all, so that columns stay where they are; of many, those that have been seen. */
static void measure(List *list, usec_t now_realtime) {
        memset(list->natural, 0, sizeof(list->natural));
        for (unsigned i = 0; list->rows && i < list->rows->len && list->rows->len <= MEASURED_MAX; i++)
                measure_row(list, g_ptr_array_index(list->rows, i), now_realtime);
}

static void measure_visible(List *list, usec_t now_realtime) {
        for (size_t i = list->top; i < list->top + list->page && i < list->shown->len; i++)
                measure_row(list, row_at(list, i), now_realtime);
}

/* ---- steps ---- */

void list_set_rows(List *list, GPtrArray *rows, usec_t now_realtime) {
        assert(list);

        if (list->rows != rows) {
                g_clear_pointer(&list->rows, g_ptr_array_unref);
                list->rows = g_ptr_array_ref(rows);
        }
        if (rows->len <= MEASURED_MAX || rows->len < list->measured)
                measure(list, now_realtime);
        list->measured = rows->len;
        rearrange(list);
}

void list_set_filter(List *list, const char *filter) {
        assert(list);

        g_free(list->filter);
        list->filter = g_strdup(filter ?: "");
        rearrange(list);
}

void list_sort_next(List *list) {
        assert(list);

        list->sort_column = (list->sort_column + 1) % (list->model->n_columns + 1);
        list->reverse = false;
        rearrange(list);
}

void list_sort_reverse(List *list) {
        assert(list);

        list->reverse = list->sort_column < list->model->n_columns && !list->reverse;
        rearrange(list);
}

/* ---- drawing ---- */

static unsigned natural_width(const List *list, size_t column) {
        unsigned title = canvas_text_width(list->model->columns[column].title);

        if (column == list->sort_column)
                title += ARROW_WIDTH;
        return MAX(list->natural[column], title);
}

/* Takes room from the columns whose turn it is, until no more is needed than there is. */
static void yield(const List *list, unsigned turn, unsigned width, unsigned *needed, unsigned *widths) {
        for (size_t column = 0; column + 1 < list->model->n_columns && *needed > width; column++) {
                const ListColumn *yielding = list->model->columns + column;
                unsigned give;

                if (yielding->yields != turn || widths[column] <= yielding->least)
                        continue;
                give = MIN(widths[column] - yielding->least, *needed - width);
                widths[column] -= give;
                *needed -= give;
        }
}

/* The last column gets what is left. The others yield in turns until it has what it wants; those of the last
 * turn only until it has its title's width. False: it has not even that. */
static bool fit_columns(const List *list, unsigned width, bool spare, unsigned *widths) {
        const size_t last = list->model->n_columns - 1;
        const unsigned wanted = natural_width(list, last);
        const unsigned least = MIN(wanted, canvas_text_width(list->model->columns[last].title));
        unsigned taken = 0, needed;

        for (size_t column = 0; column < last; column++) {
                widths[column] = spare && list->model->columns[column].spared ? 0
                                                                              : natural_width(list, column);
                taken += widths[column] > 0 ? widths[column] + GAP : 0;
        }
        needed = taken + wanted;
        for (unsigned turn = 1; turn < LIST_LAST_TURN; turn++)
                yield(list, turn, width, &needed, widths);
        needed -= wanted - least;
        yield(list, LIST_LAST_TURN, width, &needed, widths);
        taken = needed - least;
        widths[last] = width > taken ? width - taken : 0;
        return widths[last] >= least;
}

static void fit(const List *list, unsigned width, unsigned *widths) {
        if (!fit_columns(list, width, /* spare= */ false, widths))
                (void) fit_columns(list, width, /* spare= */ true, widths);
}

static void draw_headers(const List *list, Canvas *canvas, const unsigned *widths) {
        int x = 0;

        canvas_fill(canvas, 0, 0, canvas_width(canvas), 1, STYLE_HEADER);
        for (size_t column = 0; column < list->model->n_columns; column++) {
                const bool sorted = column == list->sort_column;

                if (widths[column] == 0)
                        continue;
                (void) canvas_printf(
                                canvas,
                                0,
                                x,
                                widths[column],
                                sorted ? STYLE_NOTICE : STYLE_HEADER,
                                "%s%s",
                                list->model->columns[column].title,
                                !sorted         ? ""
                                : list->reverse ? " ▼"
                                                : " ▲");
                x += (int) widths[column] + GAP;
        }
}

static void
draw_row(const List *list,
         Canvas *canvas,
         int y,
         size_t place,
         const unsigned *widths,
         usec_t now_realtime) {
        const Style bit = place == list->cursor ? STYLE_SELECTED : 0;
        int x = 0;

        canvas_fill(canvas, y, 0, canvas_width(canvas), 1, STYLE_PLAIN | bit);
        for (size_t column = 0; column < list->model->n_columns; column++) {
                Style style = STYLE_PLAIN;
                g_autofree char *text = NULL;

                if (widths[column] == 0)
                        continue;
                text = list->model->cell(row_at(list, place), column, now_realtime, &style);
                (void) canvas_text(canvas, y, x, widths[column], style | bit, text);
                x += (int) widths[column] + GAP;
        }
}

void list_draw(List *list, Canvas *canvas, usec_t now_realtime) {
        unsigned widths[COLUMNS_MAX];

        assert(list);
        assert(canvas);

        list->page = canvas_height(canvas) > 1 ? canvas_height(canvas) - 1 : 1;
        keep_in_sight(list);
        measure_visible(list, now_realtime);
        fit(list, canvas_width(canvas), widths);
        draw_headers(list, canvas, widths);
        for (size_t i = 0; i < list->page && list->top + i < list->shown->len; i++)
                draw_row(list, canvas, (int) i + 1, list->top + i, widths, now_realtime);
}

/* ---- questions ---- */

const void *list_selected(const List *list) {
        return list->cursor < list->shown->len ? row_at(list, list->cursor) : NULL;
}

const char *list_filter(const List *list) {
        return list->filter;
}

size_t list_n_rows(const List *list) {
        return list->rows ? list->rows->len : 0;
}

size_t list_n_shown(const List *list) {
        return list->shown->len;
}

bool list_where(const List *list, size_t *ret_first, size_t *ret_last) {
        if (list->shown->len == 0)
                return false;
        *ret_first = list->top + 1;
        *ret_last = MIN(list->top + list->page, list->shown->len);
        return true;
}
