/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/edits.h"

#include <assert.h>

#include "tui/forms-alert.h"
#include "tui/forms-check.h"
#include "tui/forms-node.h"
#include "tui/popup.h"

/* ---- adding ---- */

/* in the order of check_form_types and alert_form_types, each beginning with the type: that is its key */
static const char *const check_choices[] = {
        "http  a web page answers as it should",
        "tcp   a port takes connections",
        "icmp  a host answers pings",
        NULL,
};
static const char *const alert_choices[] = {
        "smtp     a mail",
        "discord  a message in a Discord channel",
        NULL,
};

static void on_check_type(unsigned i, void *userdata) {
        Desk *desk = userdata;

        dialogs_push(desk->dialogs, check_form_add(desk, check_form_types[i]));
}

static void on_alert_type(unsigned i, void *userdata) {
        Desk *desk = userdata;

        dialogs_push(desk->dialogs, alert_form_add(desk, alert_form_types[i]));
}

void edit_add(Desk *desk, Tab tab, const void *row) {
        Dialog *dialog = NULL;

        (void) row;

        switch (tab) {
        case TAB_PEERS:
                dialog = node_form_add(desk);
                break;
        case TAB_CHECKS:
                dialog = picker_new("Add a check", check_choices, on_check_type, desk, NULL);
                break;
        case TAB_ALERTS:
                dialog = picker_new("Add an alert", alert_choices, on_alert_type, desk, NULL);
                break;
        case _TAB_MAX:
                break;
        }
        assert(dialog);
        dialogs_push(desk->dialogs, dialog);
}

/* ---- editing ---- */

void edit_change(Desk *desk, Tab tab, const void *row) {
        Dialog *dialog = tab == TAB_PEERS    ? node_form_edit(desk, row)
                         : tab == TAB_CHECKS ? check_form_edit(desk, row)
                                             : alert_form_edit(desk, row);

        if (dialog)
                dialogs_push(desk->dialogs, dialog);
        else
                desk->say(desk->userdata,
                          /* is_good= */ false,
                          "its type is one that only a newer version knows: there is no form for it here");
}

/* ---- removing ---- */

/* What is asked about, and then done. */
typedef struct Removal {
        Desk *desk;
        const char *member;
        char *id;
        char *done_text;
} Removal;

static void free_removal(void *userdata) {
        Removal *removal = userdata;

        g_free(removal->id);
        g_free(removal->done_text);
        g_free(removal);
}

/* Where an alert was removed: the checks that had it, as the answer has them; caller frees. */
static char *detached(sd_bus_message *reply) {
        g_auto(GStrv) names = NULL;
        g_autofree char *joined = NULL;
        uint64_t version;

        if (sd_bus_message_read_basic(reply, 't', &version) < 0 ||
            sd_bus_message_read_strv(reply, &names) < 0 || !names || !names[0])
                return g_strdup("");
        joined = g_strjoinv(", ", names);
        return g_strdup_printf("; detached from: %s", joined);
}

static void on_removed(const char *error, sd_bus_message *reply, void *userdata) {
        Removal *removal = userdata;

        if (reply && !error) {
                g_autofree char *from = detached(reply), *text = g_strconcat(removal->done_text, from, NULL);

                removal->desk->say(removal->desk->userdata, /* is_good= */ true, text);
        } else if (error)
                removal->desk->say(removal->desk->userdata, /* is_good= */ false, error);
        free_removal(removal);
}

static int fill_id(sd_bus_message *request, void *userdata) {
        return sd_bus_message_append_basic(request, 's', userdata);
}

static void on_answered(bool yes, void *userdata) {
        Removal *removal = userdata, *errand;

        if (!yes)
                return;
        errand = g_new0(Removal, 1);
        errand->desk = removal->desk;
        errand->done_text = g_strdup(removal->done_text);
        feed_call(removal->desk->feed,
                  removal->member,
                  /* bits= */ 0,
                  fill_id,
                  removal->id,
                  on_removed,
                  errand);
}

static void
ask(Desk *desk, const char *member, const char *noun, const char *id, const char *name, const char *text) {
        Removal *removal = g_new0(Removal, 1);
        g_autofree char *title = g_strdup_printf("Remove the %s", noun);
        g_autofree char *question = g_strdup_printf("Remove the %s %s?", noun, name);

        removal->desk = desk;
        removal->member = member;
        removal->id = g_strdup(id);
        removal->done_text = g_strdup_printf("%s %s is removed", noun, name);
        dialogs_push(desk->dialogs, question_new(title, text, question, on_answered, removal, free_removal));
}

void edit_remove(Desk *desk, Tab tab, const void *row) {
        const PeerRow *peer = row;
        const CheckRow *check = row;
        const AlertRow *alert = row;

        switch (tab) {
        case TAB_PEERS:
                ask(desk,
                    "RemoveNode",
                    "node",
                    peer->node_id,
                    peer->node_id,
                    peer->self ? "It is this node itself. Its key is barred for good: it can only come back "
                                 "with a new identity."
                               : "Its key is barred for good: it can only come back with a new identity.");
                break;
        case TAB_CHECKS:
                ask(desk, "RemoveCheck", "check", check->id, check->name, "Its state is forgotten, too.");
                break;
        case TAB_ALERTS:
                ask(desk,
                    "RemoveAlert",
                    "alert",
                    alert->id,
                    alert->name,
                    alert->owed > 0 ? "It is detached from all checks, and what it has not delivered is "
                                      "dropped."
                                    : "It is detached from all checks.");
                break;
        case _TAB_MAX:
                break;
        }
}
