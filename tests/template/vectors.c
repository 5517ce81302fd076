/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs templates whose outcome in Go is known: template-vectors CASES.jsonl DATA.json. The files are
 * described in tests/data/template/README.md. A case fails unless it comes to the same end (text, refused
 * when parsed, failed when run) and its text is the same, byte for byte. Skipped is only what has a reason
 * to differ: a case that names Go's types, one that nests thousands deep, and one that parses here thanks to
 * `"…"-}}`. */
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "template/template.h"

typedef enum Outcome { OUTCOME_TEXT, OUTCOME_PARSE_ERROR, OUTCOME_EXEC_ERROR } Outcome;

static const char *const outcome_names[] = { "out", "parse_error", "exec_error" };

typedef struct Result {
        Outcome outcome;
        GString *text; /* the rendered one, or the error's */
        bool used_superset;
} Result;

typedef struct Totals {
        unsigned n_passed, n_failed, n_skipped;
} Totals;

static Result run(const char *name, const GString *template_string, const TemplateContext *context) {
        _cleanup_(template_freep) Template *template = NULL;
        _cleanup_(template_error_freep) TemplateError *error = NULL;
        Result result = { .text = g_string_new(NULL) };
        g_autofree char *sentence = NULL;

        if (template_parse(name, template_string->str, template_string->len, &template, &error) < 0)
                result.outcome = OUTCOME_PARSE_ERROR;
        else if (template_run(template, context, result.text, &error) < 0)
                result.outcome = OUTCOME_EXEC_ERROR;
        result.used_superset = template && template_used_superset(template);
        if (error) {
                sentence = template_error_to_string(error);
                g_string_assign(result.text, sentence);
        }
        return result;
}

static bool is_set(const Json *json, const char *name) {
        const Json *member = json_member(json, name);

        return member && member->boolean;
}

static bool may_differ(const Json *json, const Result *result) {
        const Json *category = json_member(json, "category");

        return is_set(json, "type_names") || strcmp(category->string->str, "nesting_extreme") == 0 ||
               (result->used_superset && json_member(json, "parse_error"));
}

static char *escaped(const GString *text) {
        GString *to = g_string_new(NULL);

        for (gsize i = 0; i < text->len; i++)
                if ((unsigned char) text->str[i] < ' ' && text->str[i] != '\n')
                        g_string_append_printf(to, "\\x%02x", (unsigned char) text->str[i]);
                else
                        g_string_append_c(to, text->str[i]);
        return g_string_free(to, FALSE);
}

static void run_case(const Json *json, const Json *all_data, Totals *totals) {
        g_autoptr(GString) template_string = json_bytes(json, "template");
        g_autoptr(GString) expected = NULL;
        const Json *name = json_member(json, "tmpl_name"), *variant;
        TestData *data;
        Result result;
        Outcome outcome = OUTCOME_TEXT;

        for (; outcome <= OUTCOME_EXEC_ERROR; outcome++) {
                expected = json_bytes(json, outcome_names[outcome]);
                if (expected)
                        break;
        }
        variant = json_member(all_data, json_member(json, "data")->string->str);
        if (!template_string || !expected || !variant)
                g_error("a case without template, outcome or data");

        data = test_data_new(variant);
        result = run(name ? name->string->str : "body", template_string, test_data_context(data));
        if (result.outcome == outcome && (outcome != OUTCOME_TEXT || g_string_equal(result.text, expected)))
                totals->n_passed++;
        else if (may_differ(json, &result))
                totals->n_skipped++;
        else {
                g_autofree char *wanted = escaped(expected), *got = escaped(result.text);

                totals->n_failed++;
                g_print("%s: %s\n  expected %s: %s\n  got %s: %s\n",
                        json_member(json, "name")->string->str,
                        template_string->str,
                        outcome_names[outcome],
                        wanted,
                        outcome_names[result.outcome],
                        got);
        }
        g_string_free(result.text, TRUE);
        test_data_free(data);
}

static void run_lines(const char *text, gsize n, const Json *data, Totals *totals) {
        const char *end = text + n;

        while (text < end) {
                const char *newline = memchr(text, '\n', (size_t) (end - text)) ?: end;

                if (newline > text) {
                        Json *json = json_read(text, (size_t) (newline - text));

                        run_case(json, data, totals);
                        json_free(json);
                }
                text = newline + 1;
        }
}

static char *load(const char *path, gsize *ret_n) {
        g_autoptr(GError) error = NULL;
        char *text = NULL;

        if (!g_file_get_contents(path, &text, ret_n, &error)) {
                g_printerr("%s\n", error->message);
                exit(2);
        }
        return text;
}

int main(int argc, char *argv[]) {
        g_autofree char *cases = NULL, *data_text = NULL;
        Totals totals = { 0 };
        gsize n_cases, n_data;
        Json *data;

        if (argc != 3) {
                g_printerr("usage: %s CASES.jsonl DATA.json\n", argv[0]);
                return 2;
        }
        cases = load(argv[1], &n_cases);
        data_text = load(argv[2], &n_data);
        data = json_read(data_text, n_data);
        run_lines(cases, n_cases, data, &totals);
        json_free(data);
        g_print("%u passed, %u failed, %u skipped\n", totals.n_passed, totals.n_failed, totals.n_skipped);
        return totals.n_failed > 0;
}
