/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/backlog.h"

#include <assert.h>

void backlog_init(Backlog *backlog) {
        assert(backlog);

        g_queue_init(&backlog->ids);
        backlog->links = g_hash_table_new(g_str_hash, g_str_equal);
}

void backlog_done(Backlog *backlog) {
        assert(backlog);

        g_clear_pointer(&backlog->links, g_hash_table_unref);
        g_queue_clear_full(&backlog->ids, g_free);
}

void backlog_add(Backlog *backlog, const char *id) {
        assert(backlog);
        assert(id);

        if (g_hash_table_contains(backlog->links, id))
                return;
        g_queue_push_tail(&backlog->ids, g_strdup(id));
        g_hash_table_insert(backlog->links, backlog->ids.tail->data, backlog->ids.tail);
}

static char *steal(Backlog *backlog, GList *link) {
        char *id = link->data;

        g_hash_table_remove(backlog->links, id);
        g_queue_delete_link(&backlog->ids, link);
        return id;
}

bool backlog_drop(Backlog *backlog, const char *id) {
        GList *link;

        assert(backlog);
        assert(id);

        link = g_hash_table_lookup(backlog->links, id);
        if (!link)
                return false;
        g_free(steal(backlog, link));
        return true;
}

char *backlog_take(Backlog *backlog) {
        assert(backlog);

        return backlog->ids.head ? steal(backlog, backlog->ids.head) : NULL;
}
