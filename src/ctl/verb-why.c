/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/explanation.h"
#include "ctl/call.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/verbs.h"
#include "ctl/why.h"

static void show(const Context *context, const Explanation *explanation) {
        unsigned width = context->full ? 0 : output_width();
        g_autoptr(GPtrArray) lines =
                        why_lines(explanation,
                                  &(WhyStyle){ .now_realtime = (usec_t) g_get_real_time(),
                                               .width = width,
                                               .short_ids = output_is_terminal() && !context->full,
                                               .no_headers = context->no_legend });

        lines_print(lines, color_wanted(), stdout);
}

static ExitStatus run_why(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(explanation_freep) Explanation *explanation = NULL;
        g_autoptr(JsonBuilder) builder = NULL;
        ExitStatus status;
        int r;

        status = manager_call(
                        context, "ExplainCheck", CALL_READS, &reply, "s", arguments_word(arguments, 0));
        if (status != STATUS_DONE)
                return status;
        r = explanation_read(reply, &explanation);
        if (r < 0)
                return answer_not_understood(r);

        pager_open(context);
        if (context->json == JSON_OFF) {
                show(context, explanation);
                return STATUS_DONE;
        }
        builder = json_builder_new();
        json_add_object(builder, &explanation_type, explanation, /* names= */ NULL);
        json_print(builder, context->json);
        return STATUS_DONE;
}

const Verb verb_why = {
        .name = "why",
        .args = "ID|NAME",
        .help = "show why a check is as it is: votes, rule, rounds, and who was told",
        .listed_by = "ListChecks",
        .run = run_why,
};
