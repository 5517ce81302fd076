/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include <assert.h>

#define GAP 2                /* blanks between columns */
#define LAST_COLUMN_LEAST 10 /* a column cut below this says nothing; let the terminal wrap it */

typedef struct Cell {
        char *text; /* escaped */
        unsigned width;
        Color color;
} Cell;

struct Table {
        const char *const *headers;
        size_t n_columns;
        unsigned *widths;
        GArray *cells;
};

static void cell_clear(void *p) {
        Cell *cell = p;

        g_free(cell->text);
}

Table *table_new(const char *const *headers, size_t n_columns) {
        Table *table = g_new0(Table, 1);

        assert(headers);
        assert(n_columns > 0);

        table->headers = headers;
        table->n_columns = n_columns;
        table->widths = g_new0(unsigned, n_columns);
        table->cells = g_array_new(/* zero_terminated= */ FALSE, /* clear= */ FALSE, sizeof(Cell));
        g_array_set_clear_func(table->cells, cell_clear);
        return table;
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;

        g_array_unref(table->cells);
        g_free(table->widths);
        g_free(table);
        return NULL;
}

void table_add_color(Table *table, const char *text, Color color) {
        Cell cell = { .text = text_escape(text), .color = color };
        size_t column;

        assert(table);

        column = table->cells->len % table->n_columns;
        cell.width = text_width(cell.text);
        table->widths[column] = MAX(table->widths[column], cell.width);
        g_array_append_val(table->cells, cell);
}

void table_add(Table *table, const char *text) {
        table_add_color(table, text, COLOR_NONE);
}

void table_add_start(Table *table, const char *text, int n_bytes) {
        g_autofree char *start = g_strdup_printf("%.*s", n_bytes, text ?: "");

        table_add(table, start);
}

/* what is left for the last column; UINT_MAX: as much as it likes */
static unsigned last_column_limit(const unsigned *widths, size_t n_columns, unsigned terminal_width) {
        unsigned used = 0;

        if (terminal_width == 0)
                return G_MAXUINT;
        for (size_t i = 0; i + 1 < n_columns; i++)
                used += widths[i] + GAP;
        if (terminal_width < used + LAST_COLUMN_LEAST)
                return G_MAXUINT;
        return terminal_width - used;
}

static void
add_row(const Table *table, const Cell *cells, const unsigned *widths, unsigned limit, Line *line) {
        unsigned pending = 0; /* blanks that are only written when something follows */

        for (size_t i = 0; i < table->n_columns; i++) {
                const Cell *cell = &cells[i];

                if (cell->width > 0) {
                        bool cut = i + 1 == table->n_columns && cell->width > limit;

                        line_printf(line, COLOR_NONE, "%*s", (int) pending, "");
                        line_take(line,
                                  cell->color,
                                  cut ? text_cut(cell->text, limit) : g_strdup(cell->text));
                        pending = 0;
                }
                pending += widths[i] - cell->width + GAP;
        }
}

void table_add_to(const Table *table, const TableStyle *style, GPtrArray *lines) {
        g_autofree unsigned *widths = NULL;
        unsigned limit;

        assert(table);
        assert(style);
        assert(table->cells->len % table->n_columns == 0);

        widths = g_memdup2(table->widths, table->n_columns * sizeof *widths);
        for (size_t i = 0; i < table->n_columns && !style->no_header; i++)
                widths[i] = MAX(widths[i], text_width(table->headers[i]));
        limit = last_column_limit(widths, table->n_columns, style->width);

        if (!style->no_header) {
                g_autofree Cell *header = g_new0(Cell, table->n_columns);

                for (size_t i = 0; i < table->n_columns; i++)
                        header[i] = (Cell){ (char *) table->headers[i],
                                            text_width(table->headers[i]),
                                            COLOR_HEADER };
                add_row(table, header, widths, limit, lines_add(lines));
        }
        for (size_t i = 0; i < table->cells->len; i += table->n_columns)
                add_row(table, &g_array_index(table->cells, Cell, i), widths, limit, lines_add(lines));
}

void table_print(const Table *table, const TableStyle *style, FILE *file) {
        g_autoptr(GPtrArray) lines = lines_new();

        table_add_to(table, style, lines);
        lines_print(lines, style->color, file);
}

TableStyle table_style(const Context *context, bool may_cut) {
        assert(context);

        return (TableStyle){
                .no_header = context->no_legend,
                .color = color_wanted(),
                .width = may_cut && !context->full ? output_width() : 0,
        };
}
