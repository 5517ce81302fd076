/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The columns of the table: what of a Row stands in each, and how it sorts. */

#include <gtk/gtk.h>

/* Appends all columns and sorts by state, down first. */
void columns_append(GtkColumnView *view);

/* Rows may stand in the wrong place: sorts again. */
void columns_resort(GtkColumnView *view);

/* one line, cells parted by tabs, as they are shown; caller frees */
char *columns_describe(gpointer row);
