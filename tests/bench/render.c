/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a message with a template of its own costs: the PagerDuty-style body of quptime-templates(7), parsed
 * and run, in CPU time of this process. render [BOUND]: exit 1 when a rendering costs more than so many
 * microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/sample.h"
#include "alerts/templates.h"
#include "template/template.h"

enum {
        ROUNDS = 20000,
        TRIES = 5 /* the best one counts: what else the machine does is no cost of ours */
};

static const char body[] =
                "{{/* Header line: .VerbLower lets it read naturally */ -}}\n"
                "{{.Check.Name}} ({{.Check.Target}}) is now {{.VerbLower}}.\n"
                "\n"
                "{{if eq .Verb \"DOWN\" -}}\n"
                "This is a real outage. Quorum: {{.Snapshot.NotOK}}/{{.Snapshot.Reports}} reporters see it "
                "failing.\n"
                "Detail from the first failing probe: {{.Snapshot.Detail}}\n"
                "Acknowledge in the runbook before paging on-call.\n"
                "{{- else if eq .Verb \"RECOVERED\" -}}\n"
                "Recovered after a {{.From}} period. No action needed; this is informational.\n"
                "{{- else -}}\n"
                "First successful probe after {{.From}}. Marking healthy.\n"
                "{{- end}}\n"
                "\n"
                "— {{.NodeID}} at {{.When}}\n";

static double cpu_usec(void) {
        struct timespec ts = { 0 };

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}

static void run_parsed(const Notice *notice) {
        static Template *template;
        static MessageContext *context;
        g_autoptr(GString) to = g_string_new(NULL);

        if (!template) {
                g_assert_cmpint(template_parse("body", body, strlen(body), &template, NULL), ==, 0);
                context = message_context_new(notice, /* breaks_mentions= */ false);
        }
        g_assert_cmpint(template_run(template, message_context_get(context), to, NULL), ==, 0);
}

static void run_whole(const Notice *notice) {
        _cleanup_(message_context_freep) MessageContext *context = message_context_new(notice, false);
        g_autofree char *text = NULL;

        g_assert_cmpint(template_render_body(body, context, &text, NULL), ==, 0);
}

static double measure(const char *what, void (*function)(const Notice *notice), const Notice *notice) {
        double best = 1e9;

        for (unsigned try = 0; try < TRIES; try++) {
                double before = cpu_usec(), each;

                for (unsigned i = 0; i < ROUNDS; i++)
                        function(notice);
                each = (cpu_usec() - before) / ROUNDS;
                if (each < best)
                        best = each;
        }
        (void) printf("%-36s %8.2f us %12.0f/s\n", what, best, 1e6 / best);
        return best;
}

int main(int argc, char *argv[]) {
        Transition *transition =
                        sample_transition(CHECK_HTTP, NOTICE_DOWN, "3b9e8c1d", 1778817930 * USEC_PER_SEC);
        Notice *notice = sample_notice(transition, NOTICE_DOWN, "bench");
        double bound = argc > 1 ? strtod(argv[1], NULL) : 0, whole;
        Template *template = NULL;

        g_assert_cmpint(template_parse("body", body, strlen(body), &template, NULL), ==, 0);
        (void) printf("template of %zu bytes, %zu bytes parsed\n", strlen(body), template_size(template));
        (void) template_free(template);
        (void) measure("run, parsed once", run_parsed, notice);
        whole = measure("context, parse, run: a rendering", run_whole, notice);
        (void) notice_free(notice);
        if (bound > 0 && whole > bound) {
                (void) printf("over %.0f us\n", bound);
                return 1;
        }
        return 0;
}
