/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A table: columns padded to their widest cell by display width and two spaces apart, headers in capitals,
 * no blanks at the end of a line. Cells are escaped when they are added, so nothing in a table can break it.
 */

#include <stdio.h>

#include "base/cleanup.h"
#include "ctl/lines.h"
#include "ctl/text.h"

typedef struct Table Table;

/* headers: n_columns of them, borrowed for ever (literals) */
Table *table_new(const char *const *headers, size_t n_columns);
Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free);

/* The next cell, row after row; text copied. */
void table_add(Table *table, const char *text);
void table_add_start(Table *table, const char *text, int n_bytes); /* no more than these */
void table_add_color(Table *table, const char *text, Color color);

typedef struct TableStyle {
        bool no_header;
        bool color;
        unsigned width; /* of the terminal: the last column is cut to fit; 0: nothing is cut */
} TableStyle;
/* appends its lines, the header first */
void table_add_to(const Table *table, const TableStyle *style, GPtrArray *lines);
void table_print(const Table *table, const TableStyle *style, FILE *file);

/* What standard output and the options ask for; may_cut: the last column is one that can do without its end.
 */
TableStyle table_style(const Context *context, bool may_cut);
