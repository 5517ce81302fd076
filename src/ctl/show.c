/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/show.h"

#include <assert.h>
#include <stdio.h>

#include "ctl/ids.h"
#include "ctl/table.h"
#include "ctl/text.h"

static void print_line(const char *label, const char *text, Color color) {
        g_autofree char *escaped = text_escape(text);
        bool wanted = color_wanted();

        (void) printf("%-11s %s%s%s\n",
                      label,
                      color_start(color, wanted),
                      escaped,
                      color_end(color, wanted));
}

static char *master_text(const NodeStatus *node) {
        if (!node->master || !*node->master)
                return g_strdup("none — no quorum or election");
        if (node->master_via && *node->master_via)
                return g_strdup_printf("%s via %s", node->master, node->master_via);
        return g_strdup(node->master);
}

void show_node(const NodeStatus *node) {
        g_autofree char *term = NULL, *master = NULL, *quorum = NULL, *version = NULL;

        assert(node);

        term = g_strdup_printf("%" G_GUINT64_FORMAT, node->term);
        master = master_text(node);
        quorum =
                        g_strdup_printf("%s (need %" G_GUINT64_FORMAT ")",
                                        node->quorum ? "true" : "false",
                                        node->quorum_need);
        version = g_strdup_printf("%" G_GUINT64_FORMAT, node->config_version);

        print_line("node", node->node_id, COLOR_NONE);
        print_line("term", term, COLOR_NONE);
        print_line("master", master, COLOR_NONE);
        print_line("quorum", quorum, node->quorum ? COLOR_GOOD : COLOR_BAD);
        print_line("config ver", version, COLOR_NONE);
        if (node->hint && *node->hint)
                print_line("hint", node->hint, COLOR_NOTICE);
}

static void print_legend(const Context *context, const char *legend) {
        bool wanted = color_wanted();

        if (!context->no_legend)
                (void) printf("%s%s%s\n",
                              color_start(COLOR_DIM, wanted),
                              legend,
                              color_end(COLOR_DIM, wanted));
}

void show_peers(const Context *context, const GPtrArray *peers) {
        static const char *const headers[] = { "", "NODE_ID", "ADVERTISE", "LIVE", "LAST_SEEN" };
        _cleanup_(table_freep) Table *table = table_new(headers, G_N_ELEMENTS(headers));
        const TableStyle style = table_style(context, /* may_cut= */ false);

        int shown;

        assert(peers);

        shown = ids_shown(context, peers, &peer_row_type);
        for (unsigned i = 0; i < peers->len; i++) {
                const PeerRow *peer = g_ptr_array_index(peers, i);
                g_autofree char *live = NULL, *last_seen = text_time(peer->last_seen);

                live = g_strdup_printf(
                                "%s%s", peer->live ? "true" : "false", peer->joining ? " (joining)" : "");
                table_add(table, peer->self ? "*" : "");
                table_add_start(table, peer->node_id, shown);
                table_add(table, peer->advertise);
                table_add_color(table, live, peer->live ? COLOR_NONE : COLOR_BAD);
                table_add(table, last_seen);
        }

        table_print(table, &style, stdout);
        print_legend(context, "(* = this node)");
}

char *check_alerts_text(const GPtrArray *alerts) {
        GString *s = g_string_new(NULL);

        for (unsigned i = 0; alerts && i < alerts->len; i++) {
                const EffectiveAlert *alert = g_ptr_array_index(alerts, i);

                g_string_append_printf(
                                s, "%s%s%s", i > 0 ? "," : "", alert->name, alert->is_default ? "*" : "");
        }
        if (s->len == 0)
                g_string_append_c(s, '-');
        return g_string_free(s, /* free_segment= */ FALSE);
}

char *check_state_text(const CheckRow *check, usec_t now_realtime) {
        g_autofree char *age = NULL;

        if (check->stale_since == 0)
                return g_strdup(check->state);
        age = text_age(usec_sub(now_realtime, check->stale_since));
        return g_strdup_printf("%s (stale %s)", check->state, age);
}

static Color state_color(const CheckRow *check) {
        if (check->stale_since > 0)
                return COLOR_DIM;
        if (g_strcmp0(check->state, "up") == 0)
                return COLOR_GOOD;
        return g_strcmp0(check->state, "down") == 0 ? COLOR_BAD : COLOR_DIM;
}

void show_checks(const Context *context, const GPtrArray *checks, usec_t now_realtime) {
        static const char *const headers[] = { "ID", "NAME", "STATE", "OK/TOTAL", "ALERTS", "DETAIL" };
        _cleanup_(table_freep) Table *table = table_new(headers, G_N_ELEMENTS(headers));
        const TableStyle style = table_style(context, /* may_cut= */ true);

        int shown;

        assert(checks);

        shown = ids_shown(context, checks, &check_row_type);
        for (unsigned i = 0; i < checks->len; i++) {
                const CheckRow *check = g_ptr_array_index(checks, i);
                g_autofree char *state = NULL, *alerts = NULL, *votes = NULL;

                state = check_state_text(check, now_realtime);
                alerts = check_alerts_text(check->alerts);
                votes = g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, check->ok, check->total);
                table_add_start(table, check->id, shown);
                table_add(table, check->name);
                table_add_color(table, state, state_color(check));
                table_add(table, votes);
                table_add(table, alerts);
                table_add(table, check->detail);
        }

        table_print(table, &style, stdout);
        print_legend(context, "(alerts marked * are attached as defaults)");
}
