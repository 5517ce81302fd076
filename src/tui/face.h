/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The dashboard's picture: what it shows and how that is laid out, on any canvas. It knows neither the
 * terminal nor the bus.
 *
 *   ┌─ node … master … quorum … ─┐   who we are
 *   │ [1] Peers  [2] Checks …    │   tabs, and the filter
 *   ├─ what is wrong ────────────┤
 *   │ rows                       │
 *   └─ the last event ──── 1-9/9 ┘
 *   keys, a sentence, or the filter being typed */

#include "ctl/rows.h"
#include "tui/dialog.h"
#include "tui/list.h"
#include "tui/tables.h"

typedef struct Face {
        Tab tab;
        List *lists[_TAB_MAX];
        usec_t now_realtime;

        const NodeStatus *node; /* borrowed; NULL: not known yet */
        const char *problem;    /* borrowed; NULL: none */
        usec_t read_at;         /* when what is shown was read; 0: never */
        size_t totals[_TAB_MAX];
        size_t n_dead, n_down, n_unknown, n_owed;

        char *event; /* the last one */
        bool event_is_good;
        char *said; /* an answer to what the person did; NULL: none */
        bool said_is_good;
        GString *typing; /* the filter while it is typed; NULL: it is not */
} Face;

void face_init(Face *face);
void face_done(Face *face);

void face_count(Face *face, const GPtrArray *peers, const GPtrArray *checks, const GPtrArray *alerts);
void face_set_event(Face *face, bool is_good, const char *text, usec_t when);
void face_begin_filter(Face *face);
bool face_filter_key(Face *face, const Key *key); /* false: no filter is being typed */
void face_draw(Face *face, Canvas *canvas, Dialogs *dialogs);
