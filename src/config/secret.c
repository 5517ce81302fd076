/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/secret.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "config/unknown.h"
#include "model/alert.h"
#include "model/check.h"
#include "model/credential.h"

bool secret_is_mark(const char *value) {
        return value && strcmp(value, SECRET_KEPT) == 0;
}

static bool is_secret(const Field *field) {
        return field->type == FIELD_STRING && field->flags & FIELD_SECRET;
}

static void set_text(char **where, char *text_consumed) {
        g_free(*where);
        *where = text_consumed;
}

/* A URL's user information: "https://[user:password]@host"; false when there is none. */
static bool user_information(const char *target, size_t *ret_begin, size_t *ret_length) {
        const char *scheme = target ? strstr(target, "://") : NULL;
        const char *at = NULL;
        size_t begin;

        if (!scheme)
                return false;
        begin = (size_t) (scheme - target) + strlen("://");
        for (const char *p = target + begin; *p && !strchr("/?#", *p); p++)
                if (*p == '@')
                        at = p;
        if (!at)
                return false;

        *ret_begin = begin;
        *ret_length = (size_t) (at - target) - begin;
        return true;
}

static bool target_has_mark(const char *target, size_t *ret_begin) {
        size_t length;

        return user_information(target, ret_begin, &length) && length == 3 &&
               memcmp(target + *ret_begin, "***", 3) == 0;
}

void secret_mask(const ObjectType *type, void *object) {
        assert(type);
        assert(object);

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (is_secret(field) && !object_field_is_empty(field, object) &&
                    !credential_of(*FIELD_AT(char *, field, object)))
                        set_text(FIELD_AT(char *, field, object), g_strdup(SECRET_KEPT));
                if (field->type == FIELD_EXTRA)
                        set_text(FIELD_AT(char *, field, object),
                                 unknown_mask(*FIELD_AT(char *, field, object)));
        }
        if (type == &check_type) {
                Check *check = object;

                if (check->target)
                        set_text(&check->target, check_target_masked(check));
        }
}

/* Of the two targets: scheme, host and port. Whoever may change a target, but not read its password, must
 * not have it sent to a host of his own, or in plain. */
static bool
goes_to_same_place(const char *a, size_t a_begin, size_t a_length, const char *b, size_t b_begin) {
        const char *a_host = a + a_begin + a_length, *b_host = b + b_begin + strlen("***");
        size_t length = strcspn(a_host, "/?#");

        return a_begin == b_begin && memcmp(a, b, a_begin) == 0 && length == strcspn(b_host, "/?#") &&
               memcmp(a_host, b_host, length) == 0;
}

bool secret_target_is_masked(const char *target) {
        size_t begin;

        return target_has_mark(target, &begin);
}

char *secret_keep_user(const char *target, const char *base) {
        size_t begin, base_begin, base_length;

        if (!target_has_mark(target, &begin) || !user_information(base, &base_begin, &base_length) ||
            !goes_to_same_place(base, base_begin, base_length, target, begin))
                return NULL;
        return g_strdup_printf(
                        "%.*s%.*s%s",
                        (int) begin,
                        target,
                        (int) base_length,
                        base + base_begin,
                        target + begin + strlen("***"));
}

static int resolve_target(Check *check, const Check *base) {
        char *target;

        if (!secret_target_is_masked(check->target))
                return 0;
        target = secret_keep_user(check->target, base ? base->target : NULL);
        if (!target)
                return -ENOKEY;

        set_text(&check->target, target);
        return 0;
}

static uint64_t relay_port(const Alert *alert) {
        return alert->smtp_port > 0 ? alert->smtp_port : SMTP_PORT_DEFAULT;
}

bool secret_password_strays(const Alert *base, const Alert *edited) {
        assert(base);
        assert(edited);

        if (!base->smtp_password || !*base->smtp_password || credential_of(base->smtp_password))
                return false;
        return g_ascii_strcasecmp(base->smtp_host ?: "", edited->smtp_host ?: "") != 0 ||
               relay_port(base) != relay_port(edited) || (base->smtp_starttls && !edited->smtp_starttls);
}

static bool is_password(const ObjectType *type, const Field *field) {
        return type == &alert_type && field->offset == offsetof(Alert, smtp_password);
}

int secret_resolve(const ObjectType *type, void *object, const void *base, const Field **reterr_field) {
        assert(type);
        assert(object);

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (field->type == FIELD_EXTRA &&
                    unknown_resolve(FIELD_AT(char *, field, object),
                                    base ? *FIELD_AT(char *const, field, base) : NULL) < 0) {
                        if (reterr_field)
                                *reterr_field = field;
                        return -ENOKEY;
                }
                if (!is_secret(field) || !secret_is_mark(*FIELD_AT(char *, field, object)))
                        continue;
                if (!base || object_field_is_empty(field, base) ||
                    (is_password(type, field) && secret_password_strays(base, object))) {
                        if (reterr_field)
                                *reterr_field = field;
                        return -ENOKEY;
                }
                object_copy_field(field, object, base);
        }
        if (type == &check_type && resolve_target(object, base) < 0) {
                if (reterr_field)
                        *reterr_field = object_field(type, "target");
                return -ENOKEY;
        }
        return 0;
}

const char *secret_nothing_kept(const Field *field) {
        assert(field);

        if (strcmp(field->name, "smtp_password") == 0)
                return "there is no password to keep for this smtp_host, smtp_port and smtp_starttls; give "
                       "it";
        if (field->flags & FIELD_SECRET || field->type == FIELD_EXTRA)
                return "there is no value to keep; give it";
        return "there is no user information to keep for this scheme, host and port; give the user and "
               "password again";
}
