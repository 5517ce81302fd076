/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/call.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/show.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

static void add_quorum(JsonBuilder *builder, const NodeStatus *node) {
        json_builder_set_member_name(builder, "quorum");
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "met");
        json_builder_add_boolean_value(builder, node->quorum);
        json_builder_set_member_name(builder, "live");
        json_builder_add_int_value(builder, (gint64) node->quorum_live);
        json_builder_set_member_name(builder, "need");
        json_builder_add_int_value(builder, (gint64) node->quorum_need);
        json_builder_end_object(builder);
}

/* These keys are a promise to scripts (quctl(1), JSON OUTPUT); more of them stand in the lists. */
static void add_head(JsonBuilder *builder, const NodeStatus *node, const GPtrArray *peers) {
        static const char *const names[] = { "node_id", "advertise", "live", "last_seen", NULL };

        json_builder_set_member_name(builder, "node");
        json_builder_add_string_value(builder, node->node_id ?: "");
        json_builder_set_member_name(builder, "term");
        json_builder_add_int_value(builder, (gint64) node->term);
        json_builder_set_member_name(builder, "master");
        json_builder_add_string_value(builder, node->master ?: "");
        add_quorum(builder, node);
        json_builder_set_member_name(builder, "version");
        json_builder_add_int_value(builder, (gint64) node->config_version);
        json_builder_set_member_name(builder, "peers");
        json_add_objects(builder, &peer_row_type, peers, names);
}

static void add_checks(GPtrArray *checks, void *userdata) {
        static const char *const names[] = { "id", "name",  "type",   "target", "state",
                                             "ok", "total", "alerts", "detail", NULL };

        json_list_add(userdata, &check_row_type, checks, names);
        g_ptr_array_unref(checks);
}

static ExitStatus print_json(Context *context, const NodeStatus *node, const GPtrArray *peers) {
        g_autoptr(JsonBuilder) head = json_builder_new();
        ExitStatus status;
        JsonList list;

        json_builder_begin_object(head);
        add_head(head, node, peers);
        json_builder_end_object(head);

        json_list_begin(&list, context->json, head, "checks");
        status = manager_each_check_page(context, add_checks, &list);
        if (status == STATUS_DONE)
                json_list_end(&list);
        return status;
}

static ExitStatus print_text(Context *context, const NodeStatus *node, const GPtrArray *peers) {
        g_autoptr(GPtrArray) checks = NULL;
        ExitStatus status;

        show_node(node);
        (void) printf("\nPEERS\n");
        show_peers(context, peers);
        (void) fflush(stdout); /* with thousands of checks the rest takes its time */

        status = manager_list_checks(context, &checks);
        if (status != STATUS_DONE)
                return status;
        (void) printf("\nCHECKS\n");
        show_checks(context, checks, (usec_t) g_get_real_time());
        return STATUS_DONE;
}

static ExitStatus print(Context *context, const NodeStatus *node) {
        g_autoptr(GPtrArray) peers = NULL;
        ExitStatus status;

        status = manager_list(context, "ListPeers", &peer_row_type, &peers);
        if (status != STATUS_DONE)
                return status;

        pager_open(context);
        return context->json != JSON_OFF ? print_json(context, node, peers)
                                         : print_text(context, node, peers);
}

static ExitStatus run_status(Context *context, const Arguments *arguments) {
        _cleanup_(node_status_freep) NodeStatus *node = NULL;
        ExitStatus status;

        (void) arguments;

        status = manager_status(context, &node);
        if (status == STATUS_DONE && !node->initialized)
                return fail(STATUS_FAILED,
                            "the daemon waits for \"quctl init\": this node has no identity yet");
        if (status == STATUS_DONE && (!context->quiet || context->json != JSON_OFF))
                status = print(context, node);
        if (status != STATUS_DONE)
                return status;
        return node->quorum ? STATUS_DONE : STATUS_NO_QUORUM;
}

const Verb verb_status = {
        .name = "status",
        .help = "show quorum, master, peers and the state of all checks",
        .more = "Exits with 0 when the cluster is healthy, 3 without a daemon, 4 without quorum; -q prints "
                "nothing.\n",
        .run = run_status,
};
