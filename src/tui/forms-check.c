/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/forms-check.h"

#include <assert.h>
#include <string.h>

#include "config/validate.h"
#include "model/check.h"
#include "tui/object-dialog.h"

#define USER_KEPT "://***@"

const char *const check_form_types[] = { "http", "tcp", "icmp", NULL };

/* The user of a URL reads as ***, and written back like that it is kept; only the daemon knows it. */
static int judge(const void *object, const void *row, Complaint **reterr) {
        _cleanup_(check_freep) Check *check = check_copy(object);
        const char *at = check->target ? strstr(check->target, USER_KEPT) : NULL;

        if (row && at) {
                char *target =
                                g_strdup_printf("%.*s://kept@%s",
                                                (int) (at - check->target),
                                                check->target,
                                                at + strlen(USER_KEPT));

                g_free(check->target);
                check->target = target;
        }
        return check_validate(check, reterr);
}

const ObjectKind check_form_kind = {
        .noun = "check",
        .type = &check_type,
        .row_type = &check_row_type,
        .add_member = "AddCheck",
        .edit_member = "EditCheck",
        .edit = &verb_check_edit,
        .rows = feed_checks,
        .judge = judge,
};

const Verb *check_form_verb(const char *type) {
        static const Verb *const added[] = { &verb_check_add_http,
                                             &verb_check_add_tcp,
                                             &verb_check_add_icmp };

        for (size_t i = 0; check_form_types[i]; i++)
                if (g_strcmp0(check_form_types[i], type) == 0)
                        return added[i];
        return NULL;
}

Dialog *check_form_add(Desk *desk, const char *type) {
        return object_dialog_new(desk, &check_form_kind, check_form_verb(type), type, /* row= */ NULL);
}

Dialog *check_form_edit(Desk *desk, const CheckRow *row) {
        const Verb *verb = check_form_verb(row->type);

        /* of a type that only a newer version knows there is no form */
        return verb ? object_dialog_new(desk, &check_form_kind, verb, row->type, row) : NULL;
}
