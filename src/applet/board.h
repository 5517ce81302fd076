/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the daemon has said, as the window shows it: the rows of the checks, and a summary of the cluster.
 * Without widgets and without a bus: fed with the values of answers and signals. */

#include <stdbool.h>

#include <gio/gio.h>

#include "applet/row.h"

typedef struct Peer {
        char *id;   /* the NodeID */
        char *name; /* its advertised address, or the id; ready to be shown */
        bool live;
        bool self;
        bool joining;
} Peer;

typedef struct Summary {
        bool initialized;
        char *node_id;
        char *master; /* "" for none */
        char *hint;
        char *version;
        bool quorum;
        uint64_t term;
        uint32_t live;
        uint32_t need;
} Summary;

typedef struct BoardObserver {
        /* rows may stand in the wrong place now, or the counts be others */
        void (*reordered)(void *userdata);
        void (*summarized)(void *userdata);
        /* a state that is another after a time without contact: nobody has signalled it */
        void (*missed)(void *userdata, const Row *row, RowState from);
} BoardObserver;

typedef struct Board Board;

Board *board_new(const BoardObserver *observer, void *userdata);
Board *board_free(Board *board);

/* questions */
GListModel *board_rows(Board *board); /* of Row, in no order; borrowed */
Row *board_find(const Board *board, const char *id);
unsigned board_count(Board *board, RowState state);
const Summary *board_summary(const Board *board);
const GPtrArray *board_peers(const Board *board); /* of Peer */
char *board_line(const Board *board); /* the summary in a line: master, quorum, term, peers; caller frees */

/* A pass over all checks: begin, pages of Manager.ListChecks() (aa{sv}), end, which drops what no page and
 * no signal has named meanwhile. after_gap: the first pass after a loss of contact, which tells of
 * missed(). */
void board_begin(Board *board, bool after_gap);
void board_page(Board *board, GVariant *checks);
void board_end(Board *board);

/* signals; fields: a{sv}. A row past CHECKS_MAX is not taken. */
void board_update(Board *board, const char *id, GVariant *fields);
void board_add(Board *board, const char *id, GVariant *fields);
void board_remove(Board *board, const char *id);

void board_summarize(Board *board, GVariant *properties); /* a{sv}: all or some of org.quptime1.Manager */
void board_set_peers(Board *board, GVariant *peers);      /* aa{sv}: Manager.ListPeers() */
