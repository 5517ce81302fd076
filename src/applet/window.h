/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The window: a board and the health of its feed, shown. It asks nothing and changes nothing. */

#include <gtk/gtk.h>

#include "applet/board.h"

typedef struct Window Window;

typedef struct WindowObserver {
        void (*visible)(void *userdata, bool visible); /* somebody can see it, or no more */
        void (*shown)(void *userdata);                 /* window_describe() may be another */
        void (*closed)(void *userdata);                /* the user did; the window hides and lives on */
} WindowObserver;

/* application, board: borrowed, must live as long */
Window *
window_new(GtkApplication *application, Board *board, const WindowObserver *observer, void *userdata);
Window *window_free(Window *window);

void window_present(Window *window);
void window_set_problem(Window *window, const char *problem); /* copied; NULL: all is well */
void window_reordered(Window *window);                        /* as BoardObserver has it */
void window_summarized(Window *window);

/* What is shown, as text: problem, summary, then a line for each of the first rows in their order. Caller
 * frees. */
char *window_describe(Window *window);
