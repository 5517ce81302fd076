/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The names of an enumeration, in one table: DEFINE_STRTAB(check_state, CheckState, "unknown", "up", "down")
 * makes check_state_to_string(), check_state_from_string() (-EINVAL for a stranger),
 * check_state_table. */

#include <errno.h>
#include <stddef.h>
#include <string.h>

typedef struct StrTab {
        const char *const *names; /* by value, from 0 */
        size_t n;
} StrTab;

/* NULL out of range */
static inline const char *strtab_to_string(const StrTab *table, int value) {
        return value >= 0 && (size_t) value < table->n ? table->names[value] : NULL;
}

/* -EINVAL: no such name */
static inline int strtab_from_string(const StrTab *table, const char *name) {
        for (size_t i = 0; name && i < table->n; i++)
                if (strcmp(table->names[i], name) == 0)
                        return (int) i;
        return -EINVAL;
}

#define DECLARE_STRTAB(prefix, type)                                                                        \
        extern const StrTab prefix##_table;                                                                 \
        const char *prefix##_to_string(type value);                                                         \
        int prefix##_from_string(const char *name)

#define DEFINE_STRTAB(prefix, type, ...)                                                                    \
        static const char *const prefix##_names[] = { __VA_ARGS__ };                                        \
        const StrTab prefix##_table = { prefix##_names, sizeof(prefix##_names) / sizeof(*prefix##_names) }; \
        const char *prefix##_to_string(type value) {                                                        \
                return strtab_to_string(&prefix##_table, (int) value);                                      \
        }                                                                                                   \
        int prefix##_from_string(const char *name) {                                                        \
                return strtab_from_string(&prefix##_table, name);                                           \
        }                                                                                                   \
        struct _strtab_needs_semicolon_
