/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/object-dialog.h"

#include <assert.h>
#include <string.h>

#include "tui/view.h"

typedef struct ObjectDialog {
        FormDialog base;
        const ObjectKind *kind;
        char *type;
        void *row; /* what it began from; NULL: a new one */
        bool collided;
        bool removed;
} ObjectDialog;

static const char *row_string(const ObjectDialog *self, const void *row, const char *name) {
        const Field *field = object_field(self->kind->row_type, name);

        return field ? *FIELD_AT(char *const, field, row) ?: "" : "";
}

static uint64_t row_revision(const ObjectDialog *self, const void *row) {
        const Field *field = object_field(self->kind->row_type, "revision");

        return row && field ? *FIELD_AT(const uint64_t, field, row) : 0;
}

static int fill(sd_bus_message *request, void *userdata) {
        const ObjectDialog *self = userdata;
        int r;

        if (self->row) {
                r = sd_bus_message_append_basic(request, 's', row_string(self, self->row, "id"));
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_open_container(request, 'a', "{sv}");
        if (r < 0)
                return r;
        if (!self->row) {
                r = sd_bus_message_append(request, "{sv}", "type", "s", self->type);
                if (r < 0)
                        return r;
        }
        r = object_form_append(
                        self->base.form,
                        self->kind,
                        /* is_new= */ !self->row,
                        row_revision(self, self->row),
                        request);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(request);
}

static void save(FormDialog *dialog) {
        ObjectDialog *self = (ObjectDialog *) dialog;
        g_autofree char *problem = NULL, *done = NULL;
        const char *name = NULL;

        for (unsigned i = 0; form_input_at(dialog->form, i) && !self->collided; i++)
                input_complain(form_input_at(dialog->form, i), NULL);
        form_complain(dialog->form, /* name= */ NULL, NULL);
        if (self->collided) {
                self->collided = false; /* once is enough: they know now */
                form_complain(dialog->form,
                              /* name= */ NULL,
                              "somebody else has changed the same meanwhile: save once more to overwrite "
                              "it");
                return;
        }
        problem = object_form_judge(dialog->form, self->kind, self->type, self->row, &name);
        if (problem) {
                form_complain(dialog->form, name, problem);
                return;
        }
        if (self->row && !form_is_changed(dialog->form)) {
                dialog->dialog.done = true;
                dialog->desk->say(dialog->desk->userdata, /* is_good= */ true, "nothing was changed");
                return;
        }

        done =
                        g_strdup_printf("%s %s %s",
                                        self->kind->noun,
                                        input_text(form_input(dialog->form, "name")),
                                        self->row ? "is changed" : "is added");
        form_dialog_call(
                        dialog,
                        self->row ? self->kind->edit_member : self->kind->add_member,
                        self->kind->bits,
                        fill,
                        self,
                        "saving …",
                        done,
                        /* answered= */ NULL);
}

static void left(FormDialog *dialog, Input *input) {
        ObjectDialog *self = (ObjectDialog *) dialog;
        g_autofree char *problem = NULL;
        const char *name = NULL;

        input_complain(input, NULL);
        problem = object_form_judge(dialog->form, self->kind, self->type, self->row, &name);
        if (problem && g_strcmp0(name, input_name(input)) == 0)
                input_complain(input, problem);
}

static const void *find_row(const ObjectDialog *self) {
        const GPtrArray *rows = self->kind->rows(self->base.desk->feed);
        const char *id = row_string(self, self->row, "id");

        for (unsigned i = 0; rows && i < rows->len; i++) {
                const void *row = g_ptr_array_index(rows, i);

                if (strcmp(row_string(self, row, "id"), id) == 0)
                        return row;
        }
        return NULL;
}

static void look(FormDialog *dialog) {
        ObjectDialog *self = (ObjectDialog *) dialog;
        const void *row;

        if (!self->row || feed_problem(dialog->desk->feed))
                return;
        row = find_row(self);
        if (!row) {
                if (!self->removed)
                        form_complain(dialog->form,
                                      /* name= */ NULL,
                                      "somebody has removed it meanwhile: there is nothing to change any "
                                      "more");
                self->removed = true;
                return;
        }
        if (row_revision(self, row) == row_revision(self, self->row))
                return;
        self->collided = object_form_rebase(dialog->form, self->kind, row) || self->collided;
        form_complain(dialog->form,
                      /* name= */ NULL,
                      "somebody else has changed it meanwhile; what you have not touched shows it");
        (void) object_free(self->kind->row_type, self->row);
        self->row = object_copy(self->kind->row_type, row);
}

static bool other_key(FormDialog *dialog, const Key *key) {
        ObjectDialog *self = (ObjectDialog *) dialog;
        void *object;
        char **lines;

        if (!self->kind->preview || key->kind != TYPED_CONTROL || key->character != 'p')
                return false;
        object = object_form_read(dialog->form, self->kind, self->type);
        lines = self->kind->preview(dialog->desk->feed, object);
        object_form_forget(self->kind, object);
        dialogs_push(dialog->desk->dialogs, view_new("What it would say", lines));
        return true;
}

static void done(FormDialog *dialog) {
        ObjectDialog *self = (ObjectDialog *) dialog;

        g_free(self->type);
        (void) object_free(self->kind->row_type, self->row);
}

Dialog *
object_dialog_new(Desk *desk, const ObjectKind *kind, const Verb *add, const char *type, const void *row) {
        static const FormDialogKind plain = {
                .footer = "Tab next  Ctrl-S save  Esc cancel",
                .save = save,
                .left = left,
                .look = look,
                .done = done,
        };
        static const FormDialogKind with_preview = {
                .footer = "Tab next  Ctrl-S save  Ctrl-P preview  Esc cancel",
                .save = save,
                .left = left,
                .look = look,
                .key = other_key,
                .done = done,
        };
        Form *form;
        ObjectDialog *self;

        assert(desk);
        assert(kind);

        form = object_form_make(kind, add, type, row, feed_alerts(desk->feed));
        self = form_dialog_new(sizeof(ObjectDialog), kind->preview ? &with_preview : &plain, desk, form);
        self->kind = kind;
        self->type = g_strdup(type);
        self->row = object_copy(kind->row_type, row);
        return &self->base.dialog;
}
