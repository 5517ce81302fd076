/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A check as the applet knows it: one row of the table. An object, because lists of GTK hold objects; it
 * emits "changed" when something of it has changed. Its texts are ready to be shown (applet/text.h). */

#include <stdbool.h>

#include <gio/gio.h>

#include "base/usec.h"

/* in the order in which they matter */
typedef enum RowState { ROW_DOWN, ROW_UNKNOWN, ROW_UP } RowState;

const char *row_state_to_string(RowState state);
RowState row_state_from_string(const char *text); /* what is not known is ROW_UNKNOWN */

typedef enum RowChange {
        ROW_SAME = 0,
        ROW_CHANGED = 1 << 0,
        ROW_REORDERED = 1 << 1, /* by which rows are sorted or found: name, state … */
} RowChange;

#define APPLET_TYPE_ROW (row_get_type())
G_DECLARE_FINAL_TYPE(Row, row, APPLET, ROW, GObject)

struct _Row {
        GObject parent;

        char *id;   /* as the daemon names it, never shown */
        char *name; /* never NULL, nor the others */
        char *type;
        char *target;
        char *detail;
        RowState state;
        usec_t since_usec;       /* wall clock, 0: never */
        usec_t stale_since_usec; /* wall clock, 0: not stale */
        uint32_t ok;
        uint32_t total;

        unsigned pass; /* of the board: the last one that has seen it */
};

Row *row_new(const char *id);

/* Takes what it knows from an a{sv}, with the names of Manager.ListChecks() or with those of the properties
 * of org.quptime1.Check; values of another type are passed over. Emits "changed" unless ROW_SAME. */
RowChange row_take(Row *row, GVariant *fields);

/* whether all words, folded by row_fold(), stand somewhere in the row; NULL or none: yes */
bool row_matches(const Row *row, char *const *words);
char **row_fold(const char *search); /* caller frees with g_strfreev() */

/* for sorting: by name, ties by id */
int row_compare_name(const Row *a, const Row *b);
int row_compare_state(const Row *a, const Row *b); /* down first; of the same state by name */

/* "up", "down (stale)"; caller frees */
char *row_state_text(const Row *row);
