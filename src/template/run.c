/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/run.h"

#include <assert.h>
#include <errno.h>

#include "base/limits.h"
#include "template/error.h"
#include "template/evaluate.h"
#include "template/printer.h"

enum {
        STEP_BYTES = 64 /* of text that count as one step */
};

/* How a list ended; errors are negative. */
typedef enum Walk { WALK_ON, WALK_BREAK, WALK_CONTINUE } Walk;

static int walk_list(Run *run, const Datum *dot, const Node *list);

/* ---- errors and limits ---- */

static int fail(Run *run, TemplateFault fault, char *text_consumed) {
        const Node *at = run->at;

        if (run->error)
                g_free(text_consumed);
        else
                run->error = error_new(
                                run->template, fault, at ? at->start : 0, at ? at->n : 0, text_consumed);
        return fault == TEMPLATE_LIMIT ? -E2BIG : -EINVAL;
}

int run_fail(Run *run, const char *format, ...) {
        va_list arguments;
        char *text;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return fail(run, TEMPLATE_EXECUTION, text);
}

int run_exceed(Run *run) {
        return fail(run,
                    TEMPLATE_LIMIT,
                    g_strdup_printf("renders more than %d bytes, or needs a value of more than %d",
                                    TEMPLATE_OUTPUT_MAX_BYTES,
                                    TEMPLATE_VALUE_MAX_BYTES));
}

int run_spend(Run *run, size_t n_steps) {
        if (n_steps <= TEMPLATE_STEPS_MAX - run->n_steps) {
                run->n_steps += n_steps;
                return 0;
        }
        return fail(run, TEMPLATE_LIMIT, g_strdup_printf("takes more than %d steps", TEMPLATE_STEPS_MAX));
}

int run_spend_bytes(Run *run, size_t n) {
        return run_spend(run, n / STEP_BYTES);
}

int run_enter(Run *run) {
        if (++run->depth <= TEMPLATE_RUN_DEPTH_MAX)
                return 0;
        return fail(run,
                    TEMPLATE_LIMIT,
                    g_strdup_printf("exceeded maximum template depth (%d)", TEMPLATE_RUN_DEPTH_MAX));
}

int run_take_scratch(Run *run, Datum *ret) {
        size_t n = run->scratch->len;
        const char *copy;

        if (arena_size(run->arena) + n > TEMPLATE_VALUE_MAX_BYTES)
                return run_exceed(run);
        copy = arena_copy(run->arena, run->scratch->str, n);
        *ret = datum_string(copy, n);
        g_string_truncate(run->scratch, 0);
        return 0;
}

/* ---- actions ---- */

static int write_text(Run *run, Bytes text) {
        if (text.n > run->to_max - run->to->len)
                return run_exceed(run);
        g_string_append_len(run->to, text.bytes, (gssize) text.n);
        return run_spend_bytes(run, text.n);
}

static int walk_action(Run *run, const Datum *dot, const Node *node) {
        Datum value;
        int r;

        r = evaluate_pipe(run, dot, node->control.pipe, &value);
        if (r < 0 || node->control.pipe->pipe.variables)
                return r;

        run->at = node->control.pipe;
        if (value.type == &type_string)
                return write_text(run, value.text);
        if (!value.type)
                return write_text(run, (Bytes){ "<no value>", sizeof("<no value>") - 1 });
        value = datum_follow(&value);
        return print_operands(run, &value, 1, run->to, run->to_max);
}

static int walk_condition(Run *run, const Datum *dot, const Node *node) {
        for (;;) {
                Datum value;
                int r;

                r = evaluate_pipe(run, dot, node->control.pipe, &value);
                if (r < 0)
                        return r;
                if (datum_is_true(&value))
                        return walk_list(run, node->kind == NODE_WITH ? &value : dot, node->control.list);
                if (!node->control.else_list)
                        return WALK_ON;
                if (!node->control.is_chained)
                        return walk_list(run, dot, node->control.else_list);
                node = node->control.else_list;
        }
}

static void pop_variables(Run *run, unsigned n) {
        g_array_set_size(run->variables, n);
}

/* What an iteration made is let go of, unless it went into a variable that stays. */
static int walk_iteration(Run *run, const Node *node, const Datum *index, const Datum *item) {
        const Node *variables = node->control.pipe->pipe.variables;
        unsigned n_variables = run->variables->len, n = node->control.pipe->pipe.n_variables;
        const Datum *values[] = { n > 1 ? index : item, item };
        int r;

        r = run_spend(run, 1);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < n; i++, variables = variables->next)
                if (node->control.pipe->pipe.assigns)
                        *variable_find(run, variables->path.names[0]) = *values[i];
                else
                        g_array_index(run->variables, Variable, n_variables - n + i).value = *values[i];
        r = walk_list(run, item, node->control.list);
        pop_variables(run, n_variables);
        return r;
}

static int range_list(Run *run, const Datum *list, const Node *node, bool *ret_any) {
        int r = WALK_ON;

        for (size_t i = 0; i < list->list.n && r >= 0 && r != WALK_BREAK; i++) {
                Datum index = datum_int((int64_t) i);
                Datum item = datum_string(list->list.items[i].bytes, list->list.items[i].n);

                *ret_any = true;
                r = walk_iteration(run, node, &index, &item);
        }
        return r;
}

static int range_integer(Run *run, const Datum *n, const Node *node, bool *ret_any) {
        int r = WALK_ON;

        if (node->control.pipe->pipe.n_variables > 1)
                return run_fail(run, "can't use an integer to iterate over more than one variable");
        for (int64_t i = 0; i < n->integer && r >= 0 && r != WALK_BREAK; i++) {
                Datum item = datum_of(n->type, i);

                *ret_any = true;
                r = walk_iteration(run, node, &item, &item);
        }
        return r;
}

static int walk_range(Run *run, const Datum *dot, const Node *node) {
        bool any = false;
        Datum value;
        int r;

        r = evaluate_pipe(run, dot, node->control.pipe, &value);
        if (r < 0)
                return r;
        run->at = node->control.pipe;
        value = datum_follow(&value);
        if (datum_is(&value, KIND_LIST))
                r = range_list(run, &value, node, &any);
        else if (datum_is(&value, KIND_INT) || datum_is(&value, KIND_UINT))
                r = range_integer(run, &value, node, &any);
        else if (value.type)
                r = run_fail(run, "range can't iterate over a value of type %s", value.type->name);
        if (r < 0 || any)
                return MIN(r, WALK_ON);
        r = node->control.else_list ? walk_list(run, dot, node->control.else_list) : WALK_ON;
        /* there, too, it leaves this range; {{continue}} the outer one */
        return r == WALK_BREAK ? WALK_ON : r;
}

/* A template sees nothing of its caller's variables; its "$" is the value it is called with. */
static int walk_template(Run *run, const Datum *dot, const Node *node) {
        const Definition *definition = node->invocation.definition;
        unsigned first_variable = run->first_variable, n_variables;
        Datum value;
        int r;

        if (!definition)
                return run_fail(run,
                                "template \"%.*s\" not defined",
                                (int) node->invocation.name.n,
                                node->invocation.name.bytes);
        r = evaluate_pipe(run, dot, node->invocation.pipe, &value);
        if (r < 0)
                return r;

        n_variables = run->variables->len;
        run->first_variable = n_variables;
        variable_push(run, (Bytes){ "$", 1 }, &value);
        r = walk_list(run, &value, definition->root);
        pop_variables(run, n_variables);
        run->first_variable = first_variable;
        return r;
}

/* ---- lists ---- */

static int walk_control(Run *run, const Datum *dot, const Node *node) {
        unsigned n_variables = run->variables->len;
        int r = node->kind == NODE_RANGE ? walk_range(run, dot, node) : walk_condition(run, dot, node);

        pop_variables(run, n_variables);
        return r;
}

static int walk_node(Run *run, const Datum *dot, const Node *node) {
        int r;

        run->at = node;
        r = run_spend(run, 1);
        if (r < 0)
                return r;
        switch (node->kind) {
        case NODE_TEXT:
                return write_text(run, node->text);
        case NODE_ACTION:
                return walk_action(run, dot, node);
        case NODE_BREAK:
                return WALK_BREAK;
        case NODE_CONTINUE:
                return WALK_CONTINUE;
        case NODE_TEMPLATE:
                return walk_template(run, dot, node);
        default:
                return walk_control(run, dot, node);
        }
}

static int walk_list(Run *run, const Datum *dot, const Node *list) {
        const Node *node;
        int r;

        r = run_enter(run);
        for (node = list->list.first; node && r == WALK_ON; node = node->next) {
                ArenaMark mark = arena_mark(run->arena);
                unsigned n_variables = run->variables->len, n_assigned = run->n_assigned;

                r = walk_node(run, dot, node);
                if (run->variables->len == n_variables && run->n_assigned == n_assigned)
                        arena_release(run->arena, mark);
        }
        run->depth--;
        return r;
}

/* ---- the whole ---- */

int template_run(
                const Template *template,
                const TemplateContext *context,
                GString *to,
                TemplateError **reterr) {
        Run run = { .template = template, .to = to };
        Datum dot;
        int r;

        assert(template);
        assert(context);
        assert(to);

        run.to_max = to->len + TEMPLATE_OUTPUT_MAX_BYTES;
        run.arena = arena_new();
        run.scratch = g_string_new(NULL);
        run.variables = g_array_new(FALSE, FALSE, sizeof(Variable));
        dot = datum_struct(&type_context, context);
        variable_push(&run, (Bytes){ "$", 1 }, &dot);
        r = walk_list(&run, &dot, template_find(template, template->name)->root);

        g_array_unref(run.variables);
        g_string_free(run.scratch, /* free_segment= */ TRUE);
        (void) arena_free(run.arena);
        if (r < 0 && reterr)
                *reterr = run.error;
        else
                (void) template_error_free(run.error);
        return MIN(r, 0);
}
