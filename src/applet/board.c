/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/board.h"

#include <string.h>

#include "applet/text.h"
#include "base/cleanup.h"
#include "base/limits.h"

struct Board {
        const BoardObserver *observer;
        void *userdata;
        GListStore *rows;
        GHashTable *by_id; /* id -> Row, both the row's */
        GPtrArray *peers;
        Summary summary;
        unsigned pass;
        bool after_gap;
};

/* ---- lifecycle ---- */

static void peer_free(void *data) {
        Peer *peer = data;

        g_free(peer->id);
        g_free(peer->name);
        g_free(peer);
}

Board *board_new(const BoardObserver *observer, void *userdata) {
        Board *board = g_new0(Board, 1);

        board->observer = observer;
        board->userdata = userdata;
        board->rows = g_list_store_new(APPLET_TYPE_ROW);
        board->by_id = g_hash_table_new(g_str_hash, g_str_equal);
        board->peers = g_ptr_array_new_with_free_func(peer_free);
        board->summary = (Summary){ .node_id = g_strdup(""),
                                    .master = g_strdup(""),
                                    .hint = g_strdup(""),
                                    .version = g_strdup("") };
        return board;
}

Board *board_free(Board *board) {
        if (!board)
                return NULL;
        g_hash_table_unref(board->by_id);
        g_object_unref(board->rows);
        g_ptr_array_unref(board->peers);
        g_free(board->summary.node_id);
        g_free(board->summary.master);
        g_free(board->summary.hint);
        g_free(board->summary.version);
        g_free(board);
        return NULL;
}

/* ---- questions ---- */

GListModel *board_rows(Board *board) {
        return G_LIST_MODEL(board->rows);
}

Row *board_find(const Board *board, const char *id) {
        return g_hash_table_lookup(board->by_id, id);
}

unsigned board_count(Board *board, RowState state) {
        unsigned n = 0;
        GHashTableIter iter;
        Row *row;

        g_hash_table_iter_init(&iter, board->by_id);
        while (g_hash_table_iter_next(&iter, NULL, (void **) &row))
                n += row->state == state;
        return n;
}

const Summary *board_summary(const Board *board) {
        return &board->summary;
}

const GPtrArray *board_peers(const Board *board) {
        return board->peers;
}

/* its address says more than its id */
static const char *name_of(const Board *board, const char *node_id) {
        for (unsigned i = 0; i < board->peers->len; i++) {
                const Peer *peer = g_ptr_array_index(board->peers, i);

                if (strcmp(peer->id, node_id) == 0)
                        return peer->name;
        }
        return node_id;
}

char *board_line(const Board *board) {
        const Summary *s = &board->summary;

        if (!s->initialized)
                return g_strdup("this node has no identity yet: quctl init gives it one");
        return g_strdup_printf(
                        "master %s · quorum %s (%u of %u live, need %u) · term %" G_GUINT64_FORMAT,
                        *s->master ? name_of(board, s->master) : "none",
                        s->quorum ? "yes" : "NO",
                        s->live,
                        board->peers->len,
                        s->need,
                        s->term);
}

/* ---- rows ---- */

static void reordered(Board *board, RowChange change) {
        if (change & ROW_REORDERED)
                board->observer->reordered(board->userdata);
}

static RowChange take_listed(Board *board, Row *row, GVariant *fields) {
        RowState from = row->state;
        RowChange change = row_take(row, fields);

        row->pass = board->pass;
        if (board->after_gap && row->state != from)
                board->observer->missed(board->userdata, row, from);
        return change;
}

/* NULL: there are too many */
static Row *make(Board *board, const char *id, GVariant *fields) {
        Row *row;

        if (g_hash_table_size(board->by_id) >= CHECKS_MAX)
                return NULL;
        row = row_new(id);
        (void) row_take(row, fields);
        row->pass = board->pass;
        g_hash_table_insert(board->by_id, row->id, row);
        return row;
}

static const char *id_of(GVariant *fields) {
        const char *id = NULL;

        return g_variant_lookup(fields, "id", "&s", &id) && *id ? id : NULL;
}

void board_begin(Board *board, bool after_gap) {
        board->pass++;
        board->after_gap = after_gap;
}

void board_page(Board *board, GVariant *checks) {
        g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func(g_object_unref);
        RowChange change = ROW_SAME;
        GVariantIter iter;
        GVariant *fields;

        g_variant_iter_init(&iter, checks);
        while (g_variant_iter_loop(&iter, "@a{sv}", &fields)) {
                const char *id = id_of(fields);
                Row *row = id ? board_find(board, id) : NULL;

                if (row)
                        change |= take_listed(board, row, fields);
                else if (id && (row = make(board, id, fields)))
                        g_ptr_array_add(added, row);
        }
        /* all at once: a list of thousands is sorted in again for each announcement */
        if (added->len > 0) {
                change |= ROW_REORDERED;
                g_list_store_splice(
                                board->rows,
                                g_list_model_get_n_items(G_LIST_MODEL(board->rows)),
                                0,
                                added->pdata,
                                added->len);
        }
        reordered(board, change);
}

static bool is_gone(Board *board, unsigned i) {
        g_autoptr(Row) row = g_list_model_get_item(G_LIST_MODEL(board->rows), i);

        if (row->pass == board->pass)
                return false;
        g_hash_table_remove(board->by_id, row->id);
        return true;
}

void board_end(Board *board) {
        bool some = false;

        for (unsigned end = g_list_model_get_n_items(G_LIST_MODEL(board->rows)); end > 0;) {
                unsigned begin = end;

                while (begin > 0 && is_gone(board, begin - 1))
                        begin--;
                if (begin < end) {
                        g_list_store_splice(board->rows, begin, end - begin, NULL, 0);
                        some = true;
                }
                end = begin > 0 ? begin - 1 : 0; /* the one before stays */
        }
        board->after_gap = false;
        reordered(board, some ? ROW_REORDERED : ROW_SAME);
}

void board_update(Board *board, const char *id, GVariant *fields) {
        Row *row = board_find(board, id);

        if (row) /* a state that comes this way has a CheckTransition of its own */
                reordered(board, row_take(row, fields));
}

void board_add(Board *board, const char *id, GVariant *fields) {
        g_autoptr(Row) row = NULL;

        row = board_find(board, id);
        if (row) {
                g_object_ref(row)->pass = board->pass;
                board_update(board, id, fields);
                return;
        }
        row = make(board, id, fields);
        if (!row)
                return;
        g_list_store_append(board->rows, row);
        reordered(board, ROW_REORDERED);
}

void board_remove(Board *board, const char *id) {
        Row *row = board_find(board, id);
        unsigned position;

        if (!row || !g_list_store_find(board->rows, row, &position))
                return;
        g_hash_table_remove(board->by_id, id);
        g_list_store_remove(board->rows, position);
        reordered(board, ROW_REORDERED);
}

/* ---- the summary ---- */

static void set_text(char **text, const char *value) {
        g_free(*text);
        *text = shown_text(value);
}

static void summarize_text(Summary *s, const char *key, const char *value) {
        if (strcmp(key, "NodeID") == 0)
                set_text(&s->node_id, value);
        else if (strcmp(key, "Master") == 0)
                set_text(&s->master, value);
        else if (strcmp(key, "Hint") == 0)
                set_text(&s->hint, value);
        else if (strcmp(key, "Version") == 0)
                set_text(&s->version, value);
}

static void summarize_one(Summary *s, const char *key, GVariant *value) {
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
                summarize_text(s, key, g_variant_get_string(value, NULL));
        else if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) {
                if (strcmp(key, "Initialized") == 0)
                        s->initialized = g_variant_get_boolean(value);
                else if (strcmp(key, "Quorum") == 0)
                        s->quorum = g_variant_get_boolean(value);
        } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32)) {
                if (strcmp(key, "QuorumLive") == 0)
                        s->live = g_variant_get_uint32(value);
                else if (strcmp(key, "QuorumNeed") == 0)
                        s->need = g_variant_get_uint32(value);
        } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64) && strcmp(key, "Term") == 0)
                s->term = g_variant_get_uint64(value);
}

void board_summarize(Board *board, GVariant *properties) {
        GVariantIter iter;
        const char *key;
        GVariant *value;

        g_variant_iter_init(&iter, properties);
        while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
                summarize_one(&board->summary, key, value);
        board->observer->summarized(board->userdata);
}

static Peer *read_peer(GVariant *fields) {
        Peer *peer = g_new0(Peer, 1);
        const char *id = "", *name = NULL;
        gboolean live = FALSE, self = FALSE, joining = FALSE;

        (void) g_variant_lookup(fields, "node_id", "&s", &id);
        if (!g_variant_lookup(fields, "advertise", "&s", &name) || !*name)
                name = id;
        (void) g_variant_lookup(fields, "live", "b", &live);
        (void) g_variant_lookup(fields, "self", "b", &self);
        (void) g_variant_lookup(fields, "joining", "b", &joining);
        *peer = (Peer){ .id = shown_text(id),
                        .name = shown_text(name),
                        .live = live,
                        .self = self,
                        .joining = joining };
        return peer;
}

void board_set_peers(Board *board, GVariant *peers) {
        GVariantIter iter;
        GVariant *fields;

        g_ptr_array_set_size(board->peers, 0);
        g_variant_iter_init(&iter, peers);
        while (board->peers->len < PEERS_MAX && (fields = g_variant_iter_next_value(&iter))) {
                g_ptr_array_add(board->peers, read_peer(fields));
                g_variant_unref(fields);
        }
        board->observer->summarized(board->userdata);
}
