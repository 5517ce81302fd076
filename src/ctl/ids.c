/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ids.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

#define PREFIX_LEAST 4 /* fewer are rather a mistake */
#define UUID_LENGTH 36
#define ID_SHOWN_LEAST 8

static bool may_be_beginning(const char *typed) {
        size_t n = strlen(typed);

        return n >= PREFIX_LEAST && n < UUID_LENGTH && strspn(typed, "0123456789abcdefABCDEF-") == n;
}

const char *row_text(const ObjectType *type, const char *field, const void *row) {
        const Field *found = object_field(type, field);

        return found ? *FIELD_AT(char *, found, (void *) row) : NULL;
}

const char *row_id(const ObjectType *type, const void *row) {
        return row_text(type, "id", row) ?: row_text(type, "node_id", row) ?: "";
}

const void *row_find(const GPtrArray *rows, const ObjectType *type, const char *id_or_name) {
        const void *named = NULL;

        assert(rows);
        assert(id_or_name);

        for (unsigned i = 0; i < rows->len; i++) {
                const void *row = g_ptr_array_index(rows, i);

                if (strcmp(row_id(type, row), id_or_name) == 0)
                        return row;
                if (g_strcmp0(row_text(type, "name", row), id_or_name) == 0)
                        named = row;
        }
        return named;
}

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

int ids_shown(const Context *context, const GPtrArray *rows, const ObjectType *type) {
        g_autofree const char **ids = NULL;
        size_t needed = ID_SHOWN_LEAST;

        assert(context);
        assert(rows);

        if (context->full || !output_is_terminal())
                return INT_MAX;

        ids = g_new0(const char *, rows->len + 1);
        for (unsigned i = 0; i < rows->len; i++)
                ids[i] = row_id(type, g_ptr_array_index(rows, i));
        qsort(ids, rows->len, sizeof *ids, compare_texts);
        for (unsigned i = 1; i < rows->len; i++) {
                size_t common = 0;

                while (ids[i][common] && ids[i][common] == ids[i - 1][common])
                        common++;
                needed = MAX(needed, common + 1);
        }
        return (int) MIN(needed, (size_t) INT_MAX);
}

ExitStatus id_complete_in(const GPtrArray *rows, const ObjectType *type, const char *typed, char **ret) {
        const char *found = NULL;

        assert(rows);
        assert(typed);
        assert(ret);

        for (unsigned i = 0; i < rows->len; i++) {
                const void *row = g_ptr_array_index(rows, i);

                if (strcmp(row_id(type, row), typed) == 0 ||
                    g_strcmp0(row_text(type, "name", row), typed) == 0) {
                        *ret = g_strdup(typed);
                        return STATUS_DONE;
                }
        }
        for (unsigned i = 0; may_be_beginning(typed) && i < rows->len; i++) {
                const char *id = row_id(type, g_ptr_array_index(rows, i));

                if (g_ascii_strncasecmp(id, typed, strlen(typed)) != 0)
                        continue;
                if (found)
                        return fail(STATUS_USAGE,
                                    "\"%s\" is the beginning of several ids, %s and %s among them: give "
                                    "more of it",
                                    typed,
                                    found,
                                    id);
                found = id;
        }
        *ret = g_strdup(found ?: typed);
        return STATUS_DONE;
}

ExitStatus objects_list(Context *context, const char *member, const ObjectType **ret_type, GPtrArray **ret) {
        static const struct {
                const char *member;
                const ObjectType *type;
        } lists[] = {
                { "ListChecks", &check_row_type },
                { "ListAlerts", &alert_row_type },
                { "ListPeers", &peer_row_type },
                { "ListTrust", &trust_row_type },
        };
        const ObjectType *type = NULL;

        assert(ret_type);
        assert(ret);

        for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
                if (strcmp(lists[i].member, member) == 0)
                        type = lists[i].type;
        assert(type);

        *ret_type = type;
        return type == &check_row_type ? manager_list_checks(context, ret)
                                       : manager_list(context, member, type, ret);
}

ExitStatus id_complete(Context *context, const char *member, const char *typed, char **ret) {
        g_autoptr(GPtrArray) rows = NULL;
        const ObjectType *type;
        ExitStatus status;

        assert(typed);
        assert(ret);

        if (!may_be_beginning(typed)) {
                *ret = g_strdup(typed);
                return STATUS_DONE;
        }
        status = objects_list(context, member, &type, &rows);
        return status == STATUS_DONE ? id_complete_in(rows, type, typed, ret) : status;
}
