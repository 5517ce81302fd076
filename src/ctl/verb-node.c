/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/call.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/show.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "model/fingerprint.h"

static const Flag node_add_flags[] = {
        { .name = "yes",
          .letter = 'y',
          .type = FLAG_BOOL,
          .help = "trust whoever answers, without a question" },
        { .name = "fingerprint",
          .type = FLAG_TEXT,
          .value = "sha256:…",
          .help = "trust this one and no other, without a question" },
        {},
};

static ExitStatus probe(Context *context, const char *address, NodeAnswer **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        void *row;
        int r;

        status = manager_call(context, "ProbeNode", CALL_LONG, &reply, "s", address);
        if (status != STATUS_DONE)
                return status;

        r = row_read(reply, &node_answer_type, &row);
        if (r < 0)
                return answer_not_understood(r);
        *ret = row;
        return STATUS_DONE;
}

static ExitStatus compare(const NodeAnswer *node, const char *address, const Fingerprint *expected) {
        char buffer[FINGERPRINT_TEXT_SIZE];
        Fingerprint seen;

        if (fingerprint_from_string(node->fingerprint ?: "", &seen) >= 0 &&
            fingerprint_equal(&seen, expected))
                return STATUS_DONE;
        return fail(STATUS_FAILED,
                    "%s has the fingerprint %s, not %s; nothing was changed: compare with \"quctl "
                    "fingerprint\" there",
                    address,
                    node->fingerprint ?: "-",
                    fingerprint_to_string(expected, buffer));
}

static ExitStatus confirm(const Context *context, const NodeAnswer *node, const char *address, bool yes) {
        g_autofree char *id = text_escape(node->node_id), *fingerprint = text_escape(node->fingerprint);
        g_autofree char *state = text_escape(node->state), *where = text_escape(address), *question = NULL;

        if (!yes || !context->quiet) {
                (void) printf("remote node  %s\nfingerprint  %s\n", id, fingerprint);
                if (*state)
                        (void) printf("state        %s\n", state);
        }
        if (yes)
                return STATUS_DONE;

        question = g_strdup_printf("Trust this fingerprint and add %s to the cluster?", where);
        return ask_yes(question) ? STATUS_DONE : fail(STATUS_FAILED, "aborted");
}

static ExitStatus add(Context *context, const char *address, const NodeAnswer *node) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *escaped = NULL;
        ExitStatus status;
        const char *id;
        uint64_t version;

        status = manager_call(context, "AddNode", CALL_LONG, &reply, "ss", address, node->fingerprint ?: "");
        if (status == STATUS_DONE)
                status = answer_read(reply, "st", &id, &version);
        if (status != STATUS_DONE)
                return status;

        escaped = text_escape(id);
        if (!context->quiet)
                (void) printf("added node %s (cluster version now %" G_GUINT64_FORMAT ")\n",
                              escaped,
                              version);
        return STATUS_DONE;
}

static ExitStatus run_add(Context *context, const Arguments *arguments) {
        _cleanup_(node_answer_freep) NodeAnswer *node = NULL;
        const char *address = arguments_word(arguments, 0),
                   *pinned = arguments_text(arguments, "fingerprint");
        Fingerprint expected;
        ExitStatus status;

        if (pinned && fingerprint_from_string(pinned, &expected) < 0)
                return fail(STATUS_USAGE,
                            "--fingerprint is \"sha256:\" and 64 hex digits, not \"%s\"",
                            pinned);

        status = probe(context, address, &node);
        if (status == STATUS_DONE && pinned)
                status = compare(node, address, &expected);
        if (status == STATUS_DONE)
                status = confirm(context, node, address, pinned || arguments_bool(arguments, "yes"));
        if (status == STATUS_DONE)
                status = add(context, address, node);
        return status;
}

const Verb verb_node_add = {
        .name = "node add",
        .args = "HOST:PORT",
        .help = "invite a node into the cluster, after a look at its fingerprint",
        .more = "Compare the fingerprint with what \"quctl fingerprint\" prints on that node. The command "
                "ends when the new\n"
                "node is a live member, so the next one may follow at once.\n",
        .flags = node_add_flags,
        .run = run_add,
};

static ExitStatus run_list(Context *context, const Arguments *arguments) {
        _cleanup_(node_status_freep) NodeStatus *node = NULL;
        g_autoptr(JsonBuilder) builder = NULL;
        g_autoptr(GPtrArray) peers = NULL;
        ExitStatus status;

        (void) arguments;

        status = manager_status(context, &node);
        if (status == STATUS_DONE && !node->initialized)
                return fail(STATUS_FAILED, "the daemon waits for \"quctl init\": there is no cluster yet");
        if (status == STATUS_DONE)
                status = manager_list(context, "ListPeers", &peer_row_type, &peers);
        if (status != STATUS_DONE)
                return status;

        pager_open(context);
        if (context->json == JSON_OFF) {
                show_node(node);
                (void) printf("\nPEERS\n");
                show_peers(context, peers);
                return STATUS_DONE;
        }
        builder = json_builder_new();
        json_add_objects(builder, &peer_row_type, peers, /* names= */ NULL);
        json_print(builder, context->json);
        return STATUS_DONE;
}

const Verb verb_node_list = {
        .name = "node list",
        .help = "show the nodes of the cluster and which are alive",
        .run = run_list,
};

static const Flag node_edit_flags[] = {
        { .name = "address",
          .type = FLAG_TEXT,
          .value = "HOST:PORT",
          .bits = FLAG_REQUIRED,
          .help = "where the other nodes reach it from now on" },
        {},
};

static ExitStatus run_edit(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id = arguments_word(arguments, 0), *address = arguments_text(arguments, "address");
        g_autofree char *escaped = text_escape(id), *where = text_escape(address);
        ExitStatus status;
        uint64_t version;

        status = manager_call(context, "EditNode", /* bits= */ 0, &reply, "ss", id, address);
        if (status == STATUS_DONE)
                status = answer_read(reply, "t", &version);
        if (status == STATUS_DONE && !context->quiet)
                (void) printf("updated node %s: %s (cluster version now %" G_GUINT64_FORMAT ")\n",
                              escaped,
                              where,
                              version);
        return status;
}

const Verb verb_node_edit = {
        .name = "node edit",
        .args = "NODE-ID",
        .help = "change the address under which the others reach a node",
        .flags = node_edit_flags,
        .listed_by = "ListPeers",
        .run = run_edit,
};

static ExitStatus run_remove(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *escaped = text_escape(arguments_word(arguments, 0));
        ExitStatus status;
        uint64_t version;

        status = manager_call(
                        context, "RemoveNode", /* bits= */ 0, &reply, "s", arguments_word(arguments, 0));
        if (status == STATUS_DONE)
                status = answer_read(reply, "t", &version);
        if (status == STATUS_DONE && !context->quiet)
                (void) printf("removed %s (cluster version now %" G_GUINT64_FORMAT ")\n", escaped, version);
        return status;
}

const Verb verb_node_remove = {
        .name = "node remove",
        .args = "NODE-ID",
        .help = "remove a node from the cluster and bar its key",
        .listed_by = "ListPeers",
        .run = run_remove,
};

static const Flag node_reset_flags[] = {
        { .name = "yes", .letter = 'y', .type = FLAG_BOOL, .help = "without a question" },
        {},
};

static ExitStatus run_reset(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(node_status_freep) NodeStatus *node = NULL;
        g_autofree char *question = NULL, *escaped = NULL;
        const char *text;
        ExitStatus status;

        status = manager_status(context, &node);
        if (status != STATUS_DONE)
                return status;
        if (!node->initialized)
                return fail(STATUS_FAILED,
                            "the daemon waits for \"quctl init\": it has no identity to give up");

        question = g_strdup_printf(
                        "Give up node %s, with its key, its register and its membership?", node->node_id);
        if (!arguments_bool(arguments, "yes") && !ask_yes(question))
                return fail(STATUS_FAILED, "aborted");

        status = manager_call(context, "ResetNode", /* bits= */ 0, &reply, "s", node->node_id);
        if (status == STATUS_DONE)
                status = answer_read(reply, "s", &text);
        if (status == STATUS_DONE && !context->quiet) {
                escaped = text_escape(text);
                (void) printf("node %s is given up: %s\n", node->node_id, escaped);
                (void) printf("If it was a member, run \"quctl node remove %s\" on another node.\n",
                              node->node_id);
        }
        return status;
}

const Verb verb_node_reset = {
        .name = "node reset",
        .help = "give up this host's identity and state, so that it can be initialized anew",
        .more = "The old files are put aside, not deleted. A daemon that refuses to start is reset with "
                "\"quptimed --reset\".\n",
        .flags = node_reset_flags,
        .run = run_reset,
};
