/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alert templates: parse, and run on a whole context and on an empty one. What is refused says where and
 * why; what runs gives the same bytes twice and stays within its limits. */
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "promise.h"
#include "template/template.h"

static const TemplateString alert_ids[] = { { "oncall", 6 }, { "ops\xff", 4 } };

static const TemplateCheck check = {
        .id = { "6f1c2a34", 8 },
        .name = { "h\0me \"p\" \xe2\x80\xa8", 12 },
        .type = { "http", 4 },
        .target = { "https://example.com/?a=<1>&b='2'", 32 },
        .interval_nsec = 30000000001,
        .timeout_nsec = -1,
        .expect_status = 200,
        .alert_ids = { alert_ids, 2, 2 },
};

static const TemplateContext full = {
        .check = &check,
        .from = { "up", 2 },
        .to = { "down", 4 },
        .verb = { "DOWN", 4 },
        .verb_lower = { "down", 4 },
        .snapshot = {
                .check_id = { "6f1c2a34", 8 },
                .state = { "down", 4 },
                .reports = 3,
                .ok_count = INT64_MIN,
                .not_ok = INT64_MAX,
                .detail = { "dial tcp: \xe6\x97\xa5\xe6\x9c\xac refused\n", 25 },
                .update_at = { .nanoseconds = 123456789, .seconds = INT64_C(63914414729) },
        },
        .node_id = { "3b9e8c1d", 8 },
        .when = { "2026-05-15T04:05:30Z", 20 },
};

static const TemplateContext empty;

static void check_error(const TemplateError *error) {
        const char *newline;

        PROMISE(error && error->line > 0 && error->column > 0);
        promise_sentence(error->text, ERROR_MAX_BYTES);
        promise_sentence(error->excerpt, ERROR_MAX_BYTES);
        newline = strchr(error->excerpt, '\n');
        PROMISE(newline && strchr(newline, '^'));
}

static GString *run(const Template *template, const TemplateContext *context, int *ret_result) {
        _cleanup_(template_error_freep) TemplateError *error = NULL;
        GString *to = g_string_new(NULL);

        *ret_result = template_run(template, context, to, &error);
        if (*ret_result < 0)
                check_error(error);
        PROMISE((*ret_result < 0) == !!error);
        PROMISE(to->len <= TEMPLATE_OUTPUT_MAX_BYTES);
        return to;
}

static void run_twice(const Template *template, const TemplateContext *context) {
        int first_result, second_result;
        g_autoptr(GString) first = run(template, context, &first_result);
        g_autoptr(GString) second = run(template, context, &second_result);

        PROMISE(first_result == second_result && g_string_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(template_freep) Template *template = NULL;
        _cleanup_(template_error_freep) TemplateError *error = NULL;

        if (template_parse("body", (const char *) data, size, &template, &error) < 0) {
                check_error(error);
                return 0;
        }
        PROMISE(!error);
        run_twice(template, &full);
        run_twice(template, &empty);
        return 0;
}
