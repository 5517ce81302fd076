/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/call.h"
#include "ctl/ids.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

static void print_text(const Context *context, const GPtrArray *entries) {
        static const char *const headers[] = { "NODE_ID", "ADDRESS", "FINGERPRINT", "ADDED" };
        _cleanup_(table_freep) Table *table = table_new(headers, G_N_ELEMENTS(headers));
        const TableStyle style = table_style(context, /* may_cut= */ false);
        const int shown = ids_shown(context, entries, &trust_row_type);

        for (unsigned i = 0; i < entries->len; i++) {
                const TrustRow *entry = g_ptr_array_index(entries, i);
                g_autofree char *added = text_time(entry->added_at);

                table_add_start(table, entry->node_id, shown);
                table_add(table, entry->address);
                table_add(table, entry->fingerprint);
                table_add(table, added);
        }
        table_print(table, &style, stdout);
}

static ExitStatus run_list(Context *context, const Arguments *arguments) {
        g_autoptr(JsonBuilder) builder = NULL;
        g_autoptr(GPtrArray) entries = NULL;
        ExitStatus status;

        (void) arguments;

        status = manager_list(context, "ListTrust", &trust_row_type, &entries);
        if (status != STATUS_DONE)
                return status;

        pager_open(context);
        if (context->json == JSON_OFF) {
                print_text(context, entries);
                return STATUS_DONE;
        }
        builder = json_builder_new();
        json_add_objects(builder, &trust_row_type, entries, /* names= */ NULL);
        json_print(builder, context->json);
        return STATUS_DONE;
}

const Verb verb_trust_list = {
        .name = "trust list",
        .help = "show whose keys this node trusts",
        .run = run_list,
};

static ExitStatus run_remove(Context *context, const Arguments *arguments) {
        const char *id = arguments_word(arguments, 0);
        g_autofree char *escaped = text_escape(id);
        ExitStatus status;

        status = manager_call(context, "RemoveTrust", CALL_MAY_MISS, /* ret_reply= */ NULL, "s", id);
        if (status == STATUS_NOT_FOUND) {
                /* as the original: what was asked for is so */
                if (!context->quiet)
                        (void) printf("no entry for %s\n", escaped);
                return STATUS_DONE;
        }
        if (status == STATUS_DONE && !context->quiet)
                (void) printf("removed %s\n", escaped);
        return status;
}

const Verb verb_trust_remove = {
        .name = "trust remove",
        .args = "NODE-ID",
        .help = "forget the key of a node that is not in the cluster",
        .listed_by = "ListTrust",
        .run = run_remove,
};
