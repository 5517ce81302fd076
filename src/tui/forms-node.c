/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/forms-node.h"

#include <assert.h>

#include "base/limits.h"
#include "config/validate.h"
#include "ctl/text.h"
#include "model/peer.h"
#include "tui/form-dialog.h"
#include "tui/popup.h"

typedef struct NodeForm {
        FormDialog base;
        char *node_id;     /* of the node that is edited; NULL: one is added */
        char *fingerprint; /* what the node that is added showed */
        char *address;     /* where it was asked for that */
} NodeForm;

static const char *address_of(const FormDialog *dialog) {
        return input_text(form_input(dialog->form, "address"));
}

/* The rules of a peer's address. */
static char *judge(const FormDialog *dialog) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        Peer peer = { .node_id = (char *) "new", .advertise = (char *) address_of(dialog) };

        if (!*address_of(dialog))
                return g_strdup("missing; host:port, for example alpha.example.com:9901");
        return peer_validate(&peer, &complaint) < 0 ? g_strdup(complaint->text) : NULL;
}

static void left(FormDialog *dialog, Input *input) {
        g_autofree char *problem = judge(dialog);

        input_complain(input, problem);
}

static bool is_right(FormDialog *dialog) {
        g_autofree char *problem = judge(dialog);

        form_complain(dialog->form, /* name= */ NULL, NULL);
        form_complain(dialog->form, "address", problem);
        return !problem;
}

static void done(FormDialog *dialog) {
        NodeForm *self = (NodeForm *) dialog;

        g_free(self->node_id);
        g_free(self->fingerprint);
        g_free(self->address);
}

static NodeForm *make(Desk *desk, const FormDialogKind *kind, const char *title, const char *address) {
        Form *form = form_new(title);

        form_add(form,
                 input_new(&(InputSpec){ .name = "address",
                                         .max = ADVERTISE_MAX_BYTES,
                                         .standard = "HOST:PORT",
                                         .help = "where the other nodes reach it" },
                           address));
        return form_dialog_new(sizeof(NodeForm), kind, desk, form);
}

/* ---- adding one ---- */

static int fill_address(sd_bus_message *request, void *userdata) {
        return sd_bus_message_append_basic(request, 's', ((NodeForm *) userdata)->address);
}

static int fill_trusted(sd_bus_message *request, void *userdata) {
        const NodeForm *self = userdata;

        return sd_bus_message_append(request, "ss", self->address, self->fingerprint);
}

static void on_added(Desk *desk, FormDialog *dialog, const char *error, sd_bus_message *reply) {
        g_autofree char *text = NULL;
        const char *id = "";

        if (!error && sd_bus_message_read_basic(reply, 's', &id) < 0)
                id = "";
        if (dialog && error) {
                form_complain(dialog->form, /* name= */ NULL, error);
                return;
        }
        if (dialog)
                dialog->dialog.done = true;
        text = error ? g_strdup(error) : g_strdup_printf("node %s is added", id);
        desk->say(desk->userdata, !error, text);
}

static void on_compared(bool yes, void *userdata) {
        NodeForm *self = userdata;

        if (!yes) {
                form_complain(self->base.form, /* name= */ NULL, "aborted: nothing was changed");
                return;
        }
        form_dialog_call(
                        &self->base,
                        "AddNode",
                        CALL_LONG,
                        fill_trusted,
                        self,
                        "adding it: this ends when it is a live member, which may take a minute …",
                        /* done_text= */ NULL,
                        on_added);
}

static void ask(NodeForm *self, const NodeAnswer *node) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *question = NULL;

        g_string_append_printf(
                        text,
                        "remote node  %s\nfingerprint\n%s\n",
                        node->node_id ?: "-",
                        node->fingerprint ?: "-");
        if (node->state && *node->state)
                g_string_append_printf(text, "state        %s\n", node->state);
        g_string_append(text, "\nCompare it with what \"quctl fingerprint\" prints on that node.");
        question = g_strdup_printf("Trust this fingerprint and add %s to the cluster?", self->address);
        dialogs_push(self->base.desk->dialogs,
                     question_new("Add a node",
                                  text->str,
                                  question,
                                  on_compared,
                                  self,
                                  /* free_userdata= */ NULL));
}

/* One that nobody waits for any more was asked in vain: nothing was trusted. */
static void on_probed(Desk *desk, FormDialog *dialog, const char *error, sd_bus_message *reply) {
        NodeForm *self = (NodeForm *) dialog;
        NodeAnswer *node;
        void *row;

        (void) desk;

        if (!dialog)
                return;
        if (error) {
                form_complain(dialog->form, /* name= */ NULL, error);
                return;
        }
        if (row_read(reply, &node_answer_type, &row) < 0) {
                form_complain(dialog->form,
                              /* name= */ NULL,
                              "the daemon's answer has another form than expected: is it of another "
                              "version?");
                return;
        }
        node = row;
        g_free(self->fingerprint);
        self->fingerprint = g_strdup(node->fingerprint ?: "");
        ask(self, node);
        (void) node_answer_free(node);
}

static void save_new(FormDialog *dialog) {
        NodeForm *self = (NodeForm *) dialog;
        g_autofree char *busy = NULL;

        if (!is_right(dialog))
                return;
        g_free(self->address);
        self->address = g_strdup(address_of(dialog));
        busy = g_strdup_printf("asking %s who it is …", self->address);
        form_dialog_call(
                        dialog,
                        "ProbeNode",
                        CALL_LONG,
                        fill_address,
                        self,
                        busy,
                        /* done_text= */ NULL,
                        on_probed);
}

Dialog *node_form_add(Desk *desk) {
        static const FormDialogKind kind = {
                .footer = "Enter, Ctrl-S ask it who it is  Esc cancel",
                .save = save_new,
                .left = left,
                .done = done,
        };

        return &make(desk, &kind, "Add a node", /* address= */ NULL)->base.dialog;
}

/* ---- editing one ---- */

static int fill_moved(sd_bus_message *request, void *userdata) {
        const NodeForm *self = userdata;

        return sd_bus_message_append(request, "ss", self->node_id, address_of(&self->base));
}

static void save_moved(FormDialog *dialog) {
        NodeForm *self = (NodeForm *) dialog;
        g_autofree char *text = NULL;

        if (!is_right(dialog))
                return;
        text = g_strdup_printf("the others reach node %s at %s", self->node_id, address_of(dialog));
        form_dialog_call(
                        dialog,
                        "EditNode",
                        /* bits= */ 0,
                        fill_moved,
                        self,
                        "saving …",
                        text,
                        /* answered= */ NULL);
}

Dialog *node_form_edit(Desk *desk, const PeerRow *row) {
        static const FormDialogKind kind = {
                .footer = "Ctrl-S save  Esc cancel",
                .save = save_moved,
                .left = left,
                .done = done,
        };
        NodeForm *self;

        assert(row);

        self = make(desk, &kind, "Edit a node", row->advertise);
        self->node_id = g_strdup(row->node_id);
        return &self->base.dialog;
}
