/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What keys of the dashboard do to what is selected: one table, from which dispatch, footer and help are
 * made. An action is a line here and a function; it asks through the desk's feed and says what came of
 * it. */

#include "tui/dialog.h"
#include "tui/feed.h"
#include "tui/tables.h"

/* what an action has to work with; lives as long as the dashboard */
typedef struct Desk {
        Feed *feed;
        Dialogs *dialogs;
        /* A sentence for the person, copied: in the footer, or a dialog where it is long. */
        void (*say)(void *userdata, bool is_good, const char *sentence);
        /* dialogs or what they show have changed outside of a key: draw */
        void (*redraw)(void *userdata);
        void *userdata;
} Desk;

typedef struct Action {
        gunichar key;      /* TYPED_ENTER: '\r' */
        unsigned tabs;     /* 1 << Tab, of those where it is to be had */
        bool needs_row;    /* nothing happens where no row is selected */
        const char *label; /* in the footer */
        const char *brief; /* where there is little room; NULL: the label */
        const char *help;  /* in the help, a sentence without its end */
        /* row: of the tab's type, or NULL; borrowed for this call alone */
        void (*run)(Desk *desk, Tab tab, const void *row);
} Action;

extern const Action actions[]; /* ends with one without a key */

const Action *action_find(Tab tab, gunichar key); /* NULL: none */
