/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/evaluate.h"

#include <assert.h>
#include <errno.h>

#include "base/limits.h"
#include "template/function.h"

enum {
        STEP_VARIABLES = 16 /* that are looked at count as one step */
};

/* What an operand is called with: the operands behind it, and the value that the pipe brings. */
typedef struct Call {
        const Node *arguments;
        size_t n_arguments;
        const Datum *final; /* NULL: none */
} Call;

static const Call no_call;

static int
evaluate_argument(Run *run, const Datum *dot, const Node *node, const DatumType *wanted, Datum *ret);

/* ---- variables ---- */

void variable_push(Run *run, Bytes name, const Datum *value) {
        Variable variable = { name, *value };

        g_array_append_val(run->variables, variable);
}

Datum *variable_find(Run *run, Bytes name) {
        for (unsigned i = run->variables->len; i > run->first_variable; i--) {
                Variable *variable = &g_array_index(run->variables, Variable, i - 1);

                if (bytes_equal(variable->name, name))
                        return &variable->value;
        }
        return NULL;
}

/* ---- types ---- */

static Datum constant(const Node *node) {
        const Number *number = &node->number;

        switch (node->kind) {
        case NODE_BOOL:
                return datum_bool(node->boolean);
        case NODE_STRING:
                return datum_string(node->text.bytes, node->text.n);
        default:
                break;
        }
        if (number->kind == NUMBER_COMPLEX)
                return (Datum){ .type = &type_complex128,
                                .real = number->real,
                                .imaginary = number->imaginary };
        return number->kind == NUMBER_FLOAT ? datum_float(number->real) : datum_int(number->integer);
}

/* A value for a parameter of a type. */
static int check_type(Run *run, const DatumType *wanted, const Datum *value) {
        if (value->type == wanted)
                return 0;
        if (!value->type)
                return run_fail(run, "invalid value; expected %s", wanted->name);
        return run_fail(run, "wrong type for value; expected %s; got %s", wanted->name, value->type->name);
}

/* A constant for a parameter of a type: 1e3 will do for an integer. */
static int convert_constant(Run *run, const Node *node, const DatumType *wanted, Datum *ret) {
        if (wanted->kind == KIND_STRING && node->kind == NODE_STRING)
                *ret = constant(node);
        else if (wanted->kind == KIND_INT && node->kind == NODE_NUMBER && node->number.is_int)
                *ret = datum_of(wanted, node->number.integer);
        else
                return run_fail(run, "wrong type of constant; expected %s", wanted->name);
        return 0;
}

/* ---- calls ---- */

static bool has_arguments(const Call *call) {
        return call->n_arguments > 0 || call->final;
}

static int no_function(Run *run, const Call *call, const Node *node) {
        if (!has_arguments(call))
                return 0;
        return run_fail(run,
                        "can't give argument to non-function %.*s",
                        (int) node->n,
                        run->template->text + node->start);
}

/* They return the argument that decides, and look at none behind it. */
static int call_and_or(Run *run, const Datum *dot, const Function *function, const Call *call, Datum *ret) {
        const Node *node = call->arguments;
        int r;

        for (size_t i = 0; i < call->n_arguments; i++, node = node->next) {
                r = evaluate_argument(run, dot, node, NULL, ret);
                if (r < 0 || datum_is_true(ret) == (function->kind == FUNCTION_OR))
                        return r;
        }
        if (call->final)
                *ret = *call->final;
        return 0;
}

static int check_count(Run *run, const Function *function, size_t n) {
        if (n == function->n_fixed || (n > function->n_fixed && function->is_variadic))
                return 0;
        return run_fail(run,
                        "wrong number of args for %s: want %s%u got %zu",
                        function->name,
                        function->is_variadic ? "at least " : "",
                        function->n_fixed,
                        n);
}

static int
call_function(Run *run,
              const Datum *dot,
              const Node *at,
              const Function *function,
              const Call *call,
              Datum *ret) {
        size_t n = call->n_arguments + !!call->final;
        const Node *node = call->arguments;
        Datum *arguments;
        int r;

        run->at = at;
        r = check_count(run, function, n);
        if (r < 0)
                return r;
        if (function->kind != FUNCTION_PLAIN)
                return call_and_or(run, dot, function, call, ret);

        arguments = arena_take(run->arena, (n + 1) * sizeof(Datum));
        for (size_t i = 0; i < call->n_arguments; i++, node = node->next) {
                const DatumType *wanted = i == 0 && function->takes_format ? &type_string : NULL;

                r = evaluate_argument(run, dot, node, wanted, &arguments[i]);
                if (r < 0)
                        return r;
        }
        run->at = at;
        if (call->final) {
                arguments[n - 1] = *call->final;
                if (n == 1 && function->takes_format) {
                        r = check_type(run, &type_string, call->final);
                        if (r < 0)
                                return r;
                }
        }
        return function->call(run, arguments, n, ret);
}

static int
call_method(Run *run,
            const Datum *dot,
            const Node *at,
            const DatumMethod *method,
            const Datum *receiver,
            const Call *call,
            Datum *ret) {
        size_t n = call->n_arguments + !!call->final, n_wanted = 0;
        Datum arguments[METHOD_PARAMETERS] = { 0 };
        const Node *node = call->arguments;
        int r;

        while (n_wanted < METHOD_PARAMETERS && method->parameters[n_wanted])
                n_wanted++;
        if (n != n_wanted)
                return run_fail(run,
                                "wrong number of args for %s: want %zu got %zu",
                                method->name,
                                n_wanted,
                                n);
        for (size_t i = 0; i < call->n_arguments; i++, node = node->next) {
                r = evaluate_argument(run, dot, node, method->parameters[i], &arguments[i]);
                if (r < 0)
                        return r;
        }
        run->at = at;
        if (call->final) {
                r = check_type(run, method->parameters[n - 1], call->final);
                if (r < 0)
                        return r;
                arguments[n - 1] = *call->final;
        }
        return method->call(run, receiver, arguments, ret);
}

/* ---- fields ---- */

static int
evaluate_field(Run *run,
               const Datum *dot,
               const Node *at,
               Bytes name,
               const Datum *receiver,
               const Call *call,
               Datum *ret) {
        const DatumMethod *method;
        const DatumField *field;
        Datum object;

        if (!receiver->type) {
                *ret = (Datum){ 0 };
                return 0;
        }
        object = datum_follow(receiver);
        method = datum_find_method(object.type, name);
        if (method)
                return call_method(run, dot, at, method, &object, call, ret);

        field = datum_find_field(object.type, name);
        if (field && field->is_private)
                return run_fail(run, "%s is an unexported field", field->name);
        if (field && has_arguments(call))
                return run_fail(run, "%s has arguments but cannot be invoked as function", field->name);
        if (field) {
                *ret = datum_field(&object, field);
                return 0;
        }
        if (datum_is_nil(&object) && object.type->kind == KIND_POINTER && object.type->element &&
            datum_find_field(object.type->element, name))
                return run_fail(run,
                                "nil pointer evaluating %s.%.*s",
                                object.type->name,
                                (int) name.n,
                                name.bytes);
        return run_fail(run,
                        "can't evaluate field %.*s in type %s",
                        (int) name.n,
                        name.bytes,
                        receiver->type->name);
}

/* A chain of fields; what the last one is called with. */
static int
evaluate_fields(Run *run,
                const Datum *dot,
                const Node *at,
                const Bytes *names,
                size_t n,
                const Datum *receiver,
                const Call *call,
                Datum *ret) {
        Datum value = *receiver;
        int r;

        for (size_t i = 0; i < n; i++) {
                Datum next = { 0 };

                run->at = at;
                r = run_spend(run, 1);
                if (r >= 0)
                        r = evaluate_field(
                                        run, dot, at, names[i], &value, i == n - 1 ? call : &no_call, &next);
                if (r < 0)
                        return r;
                value = next;
        }
        *ret = value;
        return 0;
}

static int evaluate_variable(Run *run, const Datum *dot, const Node *node, const Call *call, Datum *ret) {
        const Datum *found = variable_find(run, node->path.names[0]);
        Datum value;
        int r;

        r = run_spend(run, (run->variables->len - run->first_variable) / STEP_VARIABLES);
        if (r < 0)
                return r;
        if (!found)
                return run_fail(run,
                                "undefined variable: %.*s",
                                (int) node->path.names[0].n,
                                node->path.names[0].bytes);
        value = *found; /* what comes may move the variables */
        if (node->path.n_names > 1)
                return evaluate_fields(
                                run,
                                dot,
                                node,
                                node->path.names + 1,
                                node->path.n_names - 1,
                                &value,
                                call,
                                ret);
        r = no_function(run, call, node);
        if (r >= 0)
                *ret = value;
        return r;
}

static int evaluate_chain(Run *run, const Datum *dot, const Node *node, const Call *call, Datum *ret) {
        Datum base;
        int r;

        r = evaluate_argument(run, dot, node->path.base, NULL, &base);
        if (r < 0)
                return r;
        return evaluate_fields(run, dot, node, node->path.names, node->path.n_names, &base, call, ret);
}

/* ---- operands ---- */

static int evaluate_constant(Run *run, const Node *node, Datum *ret) {
        if (node->kind == NODE_NUMBER && node->number.kind == NUMBER_TOO_BIG)
                return run_fail(run, "%.*s overflows int", (int) node->n, run->template->text + node->start);
        *ret = constant(node);
        return 0;
}

/* The first word of a command, or an argument without any of its own. function_at: where a function's
 * errors belong. */
static int evaluate_operand(
                Run *run,
                const Datum *dot,
                const Node *node,
                const Node *function_at,
                const Call *call,
                Datum *ret) {
        int r;

        run->at = node;
        switch (node->kind) {
        case NODE_FIELD:
                return evaluate_fields(run, dot, node, node->path.names, node->path.n_names, dot, call, ret);
        case NODE_VARIABLE:
                return evaluate_variable(run, dot, node, call, ret);
        case NODE_CHAIN:
                return evaluate_chain(run, dot, node, call, ret);
        case NODE_FUNCTION:
                return call_function(run, dot, function_at, node->function, call, ret);
        default:
                break;
        }

        r = no_function(run, call, node);
        if (r < 0)
                return r;
        switch (node->kind) {
        case NODE_PIPE:
                return evaluate_pipe(run, dot, node, ret);
        case NODE_DOT:
                *ret = *dot;
                return 0;
        case NODE_NIL:
                return run_fail(run, "nil is not a command");
        default:
                return evaluate_constant(run, node, ret);
        }
}

/* wanted: the parameter's type; NULL takes everything, nil included */
static int
evaluate_argument(Run *run, const Datum *dot, const Node *node, const DatumType *wanted, Datum *ret) {
        int r;

        run->at = node;
        r = run_spend(run, 1);
        if (r < 0)
                return r;
        switch (node->kind) {
        case NODE_NIL:
                if (wanted)
                        return run_fail(run, "cannot assign nil to %s", wanted->name);
                *ret = (Datum){ 0 };
                return 0;
        case NODE_BOOL:
        case NODE_NUMBER:
        case NODE_STRING:
                return wanted ? convert_constant(run, node, wanted, ret) : evaluate_constant(run, node, ret);
        default:
                break;
        }
        r = evaluate_operand(run, dot, node, node, &no_call, ret);
        if (r < 0 || !wanted)
                return r;
        run->at = node;
        return check_type(run, wanted, ret);
}

/* ---- pipelines ---- */

static int
evaluate_command(Run *run, const Datum *dot, const Node *command, const Datum *final, Datum *ret) {
        const Node *word = command->command.arguments;
        const Call call = { word->next, command->command.n_arguments - 1, final };
        int r;

        run->at = word;
        r = run_spend(run, 1);
        if (r < 0)
                return r;
        return evaluate_operand(run, dot, word, command, &call, ret);
}

static int declare(Run *run, const Node *pipe, const Datum *value) {
        for (const Node *node = pipe->pipe.variables; node; node = node->next) {
                Bytes name = node->path.names[0];
                Datum *variable;

                if (!pipe->pipe.assigns) {
                        variable_push(run, name, value);
                        continue;
                }
                variable = variable_find(run, name);
                if (!variable)
                        return run_fail(run, "undefined variable: %.*s", (int) name.n, name.bytes);
                *variable = *value;
                run->n_assigned++;
        }
        return 0;
}

int evaluate_pipe(Run *run, const Datum *dot, const Node *pipe, Datum *ret) {
        Datum value = { 0 }, before = { 0 };
        const Node *command;
        int r;

        *ret = value;
        if (!pipe)
                return 0;
        run->at = pipe;
        r = run_enter(run);
        for (command = pipe->pipe.commands; command && r >= 0; command = command->next) {
                before = value;
                r = evaluate_command(
                                run, dot, command, command == pipe->pipe.commands ? NULL : &before, &value);
        }
        run->depth--;
        if (r >= 0)
                r = declare(run, pipe, &value);
        if (r >= 0)
                *ret = value;
        return r;
}
