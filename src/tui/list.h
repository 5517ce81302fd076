/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A table that one can walk through: rows of somebody else's, filtered, sorted, with a cursor that stays
 * with its row whatever happens around it. Made for tens of thousands of rows: what is not on the screen is
 * looked at only when rows, filter or sorting change. */

#include "base/usec.h"
#include "tui/canvas.h"
#include "tui/key.h"

#define LIST_FILTER_MAX_BYTES 256
#define LIST_LAST_TURN 4

typedef struct ListColumn {
        const char *title;
        unsigned least;  /* columns of the screen it may be cut to */
        unsigned yields; /* in which turn it gives room to the last one, to LIST_LAST_TURN; 0: never */
        bool spared;     /* left out where, for all that, the last one would not have its title's width */
} ListColumn;

typedef struct ListModel {
        const ListColumn *columns; /* what the last one shows may be cut to nothing */
        size_t n_columns;
        const char *(*id)(const void *row);
        /* what stands there; caller frees */
        char *(*cell)(const void *row, size_t column, usec_t now_realtime, Style *ret_style);
        int (*compare)(const void *a, const void *b, size_t column); /* as qsort(3) */
        /* the texts in which a filter looks for its words, borrowed, at most max of them; returns how
         * many */
        size_t (*texts)(const void *row, const char **ret, size_t max);
} ListModel;

typedef struct List List;

/* ---- lifecycle ---- */

List *list_new(const ListModel *model); /* borrowed for ever */
List *list_free(List *list);
DEFINE_CLEANUP(List, list_free);

/* ---- steps ---- */

/* Takes a reference to rows; what they say may change in place, and this is how to make it known. */
void list_set_rows(List *list, GPtrArray *rows, usec_t now_realtime);
/* The rows in which each word of the filter stands, in one case or another, or whose id begins with it; ""
 * or NULL: all. */
void list_set_filter(List *list, const char *filter);
void list_sort_next(List *list);    /* by the next column, after the last one as the rows came */
void list_sort_reverse(List *list); /* nothing where they stand as they came */
/* a key that moves the cursor; false: it is none of these */
bool list_key(List *list, const Key *key);
/* Headers and as many rows as there is room for; this decides what a page is. */
void list_draw(List *list, Canvas *canvas, usec_t now_realtime);

/* ---- questions ---- */

const void *list_selected(const List *list); /* the row, NULL: none */
const char *list_filter(const List *list);   /* "": none */
size_t list_n_rows(const List *list);
size_t list_n_shown(const List *list); /* that pass the filter */
/* the first and the last one on the screen, from 1; false: none */
bool list_where(const List *list, size_t *ret_first, size_t *ret_last);
