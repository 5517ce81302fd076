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
static void
print_json(const Context *context, const NodeStatus *node, const GPtrArray *peers, const GPtrArray *checks) {
        static const char *const peer_names[] = { "node_id", "advertise", "live", "last_seen", NULL };
        static const char *const check_names[] = { "id", "name",  "type",   "target", "state",
                                                   "ok", "total", "alerts", "detail", NULL };
        g_autoptr(JsonBuilder) builder = json_builder_new();

        json_builder_begin_object(builder);
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
        json_add_objects(builder, &peer_row_type, peers, peer_names);
        json_builder_set_member_name(builder, "checks");
        json_add_objects(builder, &check_row_type, checks, check_names);
        json_builder_end_object(builder);
        json_print(builder, context->json);
}

static void
print_text(const Context *context, const NodeStatus *node, const GPtrArray *peers, const GPtrArray *checks) {
        show_node(node);
        (void) printf("\nPEERS\n");
        show_peers(context, peers);
        (void) printf("\nCHECKS\n");
        show_checks(context, checks, (usec_t) g_get_real_time());
}

static ExitStatus run_status(Context *context, const Arguments *arguments) {
        _cleanup_(node_status_freep) NodeStatus *node = NULL;
        g_autoptr(GPtrArray) peers = NULL, checks = NULL;
        ExitStatus status;

        (void) arguments;

        status = manager_status(context, &node);
        if (status == STATUS_DONE && !node->initialized)
                return fail(STATUS_FAILED,
                            "the daemon waits for \"quctl init\": this node has no identity yet");
        if (status == STATUS_DONE)
                status = manager_list(context, "ListPeers", &peer_row_type, &peers);
        if (status == STATUS_DONE)
                status = manager_list_checks(context, &checks);
        if (status != STATUS_DONE)
                return status;

        pager_open(context);
        if (context->json != JSON_OFF)
                print_json(context, node, peers, checks);
        else if (!context->quiet)
                print_text(context, node, peers, checks);
        return node->quorum ? STATUS_DONE : STATUS_NO_QUORUM;
}

const Verb verb_status = {
        .name = "status",
        .help = "show quorum, master, peers and the state of all checks",
        .more = "Exits with 0 when the cluster is healthy, 3 without a daemon, 4 without quorum; -q prints "
                "nothing.\n",
        .run = run_status,
};
