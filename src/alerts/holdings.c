/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/holdings.h"

#include <assert.h>
#include <string.h>

struct Holdings {
        GHashTable *nodes; /* NodeID -> char **; only ever looked up */
};

static void free_names(void *names) {
        g_strfreev(names);
}

Holdings *holdings_new(void) {
        Holdings *holdings = g_new0(Holdings, 1);

        holdings->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_names);
        return holdings;
}

Holdings *holdings_free(Holdings *holdings) {
        if (!holdings)
                return NULL;

        g_hash_table_unref(holdings->nodes);
        g_free(holdings);
        return NULL;
}

static bool same(char *const *a, char *const *b) {
        static char *const none[] = { NULL };

        return g_strv_equal((const char *const *) (a ?: none), (const char *const *) (b ?: none));
}

bool holdings_set(Holdings *holdings, const char *node_id, char *const *names) {
        assert(holdings);
        assert(node_id);

        if (g_hash_table_contains(holdings->nodes, node_id) &&
            same(g_hash_table_lookup(holdings->nodes, node_id), names))
                return false;
        g_hash_table_replace(holdings->nodes, g_strdup(node_id), g_strdupv((char **) names));
        return true;
}

void holdings_forget(Holdings *holdings, const char *node_id) {
        assert(holdings);
        (void) g_hash_table_remove(holdings->nodes, node_id);
}

bool holdings_has(const Holdings *holdings, const char *node_id, const char *name) {
        char *const *names;

        assert(holdings);

        names = g_hash_table_lookup(holdings->nodes, node_id);
        return names && g_strv_contains((const char *const *) names, name);
}

const char *
holdings_choose(const Holdings *holdings,
                const char *name,
                const char *self,
                char *const *live,
                uint64_t attempt) {
        g_autoptr(GPtrArray) holders = g_ptr_array_new();

        assert(holdings);
        assert(attempt > 0);

        for (char *const *node = live; *node; node++)
                if (holdings_has(holdings, *node, name))
                        g_ptr_array_insert(holders, strcmp(*node, self) == 0 ? 0 : -1, *node);
        if (holders->len == 0)
                return NULL;
        return g_ptr_array_index(holders, (guint) ((attempt - 1) % holders->len));
}

unsigned holdings_count(const Holdings *holdings, const char *name, char *const *live) {
        unsigned n = 0;

        assert(holdings);

        for (char *const *node = live; *node; node++)
                n += holdings_has(holdings, *node, name);
        return n;
}

char **holdings_lacking(const Holdings *holdings, const char *name, char *const *live) {
        g_autoptr(GStrvBuilder) lacking = g_strv_builder_new();

        assert(holdings);

        for (char *const *node = live; *node; node++)
                if (!holdings_has(holdings, *node, name))
                        g_strv_builder_add(lacking, *node);
        return g_strv_builder_end(lacking);
}
