/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/credential.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

#define MARK "\001credential "

bool credential_name_is_valid(const char *name) {
        size_t n = name ? strlen(name) : 0;

        if (n == 0 || n > CREDENTIAL_NAME_MAX_BYTES || strspn(name, ".") == n)
                return false;
        for (const char *p = name; *p; p++)
                if (!g_ascii_isprint(*p) || *p == ':' || *p == '/')
                        return false;
        return true;
}

char *credential_mark(const char *name) {
        assert(name);
        return g_strconcat(MARK, name, NULL);
}

const char *credential_of(const char *value) {
        return value && g_str_has_prefix(value, MARK) ? value + strlen(MARK) : NULL;
}

const Field *alert_credential_field(const Alert *alert) {
        assert(alert);

        for (size_t i = 0; i < alert_type.n_fields; i++) {
                const Field *field = &alert_type.fields[i];

                if (field->flags & FIELD_CREDENTIAL && credential_of(*FIELD_AT(char *const, field, alert)))
                        return field;
        }
        return NULL;
}

const char *alert_credential(const Alert *alert) {
        const Field *field = alert_credential_field(alert);

        return field ? credential_of(*FIELD_AT(char *const, field, alert)) : NULL;
}
