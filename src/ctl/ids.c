/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ids.h"

#include <assert.h>
#include <string.h>

#include "ctl/text.h"

#define PREFIX_LEAST 4 /* fewer are rather a mistake */
#define UUID_LENGTH 36

static bool may_be_beginning(const char *typed) {
        size_t n = strlen(typed);

        return n >= PREFIX_LEAST && n < UUID_LENGTH && strspn(typed, "0123456789abcdefABCDEF-") == n;
}

static const char *text_of(const ObjectType *type, const char *field, const void *row) {
        const Field *found = object_field(type, field);

        return found ? *FIELD_AT(char *, found, (void *) row) : NULL;
}

static const char *id_of(const ObjectType *type, const void *row) {
        return text_of(type, "id", row) ?: text_of(type, "node_id", row) ?: "";
}

ExitStatus id_complete_in(const GPtrArray *rows, const ObjectType *type, const char *typed, char **ret) {
        const char *found = NULL;

        assert(rows);
        assert(typed);
        assert(ret);

        for (unsigned i = 0; i < rows->len; i++) {
                const void *row = g_ptr_array_index(rows, i);

                if (strcmp(id_of(type, row), typed) == 0 ||
                    g_strcmp0(text_of(type, "name", row), typed) == 0) {
                        *ret = g_strdup(typed);
                        return STATUS_DONE;
                }
        }
        for (unsigned i = 0; may_be_beginning(typed) && i < rows->len; i++) {
                const char *id = id_of(type, g_ptr_array_index(rows, i));

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

ExitStatus id_complete(Context *context, const char *member, const char *typed, char **ret) {
        static const struct {
                const char *member;
                const ObjectType *type;
        } lists[] = {
                { "ListChecks", &check_row_type },
                { "ListAlerts", &alert_row_type },
                { "ListPeers", &peer_row_type },
                { "ListTrust", &trust_row_type },
        };
        g_autoptr(GPtrArray) rows = NULL;
        const ObjectType *type = NULL;
        ExitStatus status;

        assert(typed);
        assert(ret);

        if (!may_be_beginning(typed)) {
                *ret = g_strdup(typed);
                return STATUS_DONE;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
                if (strcmp(lists[i].member, member) == 0)
                        type = lists[i].type;
        assert(type);

        status = type == &check_row_type ? manager_list_checks(context, &rows)
                                         : manager_list(context, member, type, &rows);
        return status == STATUS_DONE ? id_complete_in(rows, type, typed, ret) : status;
}
