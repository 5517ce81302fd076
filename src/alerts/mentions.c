/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/mentions.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

#define ZERO_WIDTH_SPACE "\u200b"

Mentions *mentions_free(Mentions *mentions) {
        if (!mentions)
                return NULL;
        g_ptr_array_unref(mentions->users);
        g_ptr_array_unref(mentions->roles);
        g_free(mentions);
        return NULL;
}

static bool pings_everyone(const char *at) {
        return g_str_has_prefix(at, "@everyone") || g_str_has_prefix(at, "@here");
}

static bool has(const GPtrArray *ids, const char *id) {
        return g_ptr_array_find_with_equal_func((GPtrArray *) ids, id, g_str_equal, NULL);
}

/* what follows "<@": "!1234>", "&1234>", "1234>" */
static void add_id(Mentions *mentions, const char *p) {
        GPtrArray *ids = *p == '&' ? mentions->roles : mentions->users;
        g_autofree char *id = NULL;
        size_t n;

        p += *p == '&' || *p == '!';
        n = strspn(p, "0123456789");
        if (n == 0 || n > DISCORD_ID_MAX_CHARS || p[n] != '>' || ids->len >= DISCORD_MENTIONS_MAX)
                return;
        id = g_strndup(p, n);
        if (!has(ids, id))
                g_ptr_array_add(ids, g_steal_pointer(&id));
}

Mentions *mentions_find(const char *text) {
        Mentions *mentions = g_new0(Mentions, 1);

        assert(text);

        mentions->users = g_ptr_array_new_with_free_func(g_free);
        mentions->roles = g_ptr_array_new_with_free_func(g_free);
        for (const char *at = strchr(text, '@'); at; at = strchr(at + 1, '@')) {
                if (pings_everyone(at))
                        mentions->everyone = true;
                if (at > text && at[-1] == '<')
                        add_id(mentions, at + 1);
        }
        return mentions;
}

bool mentions_any(const Mentions *mentions) {
        return mentions->everyone || mentions->users->len > 0 || mentions->roles->len > 0;
}

static void keep_common(GPtrArray *ids, const GPtrArray *others) {
        for (guint i = ids->len; i > 0; i--)
                if (!has(others, g_ptr_array_index(ids, i - 1)))
                        g_ptr_array_remove_index(ids, i - 1);
}

void mentions_intersect(Mentions *mentions, const Mentions *others) {
        mentions->everyone = mentions->everyone && others->everyone;
        keep_common(mentions->users, others->users);
        keep_common(mentions->roles, others->roles);
}

char *mentions_break(const char *text) {
        GString *to = g_string_new(NULL);

        assert(text);

        for (const char *p = text; *p; p++) {
                g_string_append_c(to, *p);
                if (*p == '@' && (pings_everyone(p) || (p > text && p[-1] == '<')))
                        g_string_append(to, ZERO_WIDTH_SPACE);
        }
        return g_string_free(to, /* free_segment= */ FALSE);
}
