/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/function.h"

#include <string.h>

#include "base/limits.h"
#include "template/compare.h"
#include "template/escape.h"
#include "template/printer.h"
#include "template/run.h"

enum {
        ESCAPED_BYTES = 8, /* count as one step */
        ESCAPE_GROWTH = 6  /* times as long as it was a text may become */
};

/* ---- len, index, slice, not, call ---- */

static int call_len(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        Datum item = datum_follow(&arguments[0]);

        if (datum_is(&item, KIND_STRING))
                *ret = datum_int((int64_t) item.text.n);
        else if (datum_is(&item, KIND_LIST))
                *ret = datum_int((int64_t) item.list.n);
        else
                return run_fail(run, "error calling len: len of type %s", datum_type_name(&item));
        return 0;
}

/* An index between 0 and limit. */
static int read_index(Run *run, const char *function, const Datum *index, size_t limit, size_t *ret) {
        if (!datum_is(index, KIND_INT) && !datum_is(index, KIND_UINT))
                return run_fail(run,
                                "error calling %s: cannot index slice/array with type %s",
                                function,
                                datum_type_name(index));
        if (index->integer < 0 || index->natural > limit)
                return run_fail(run,
                                "error calling %s: index out of range: %" G_GINT64_FORMAT,
                                function,
                                index->integer);
        *ret = (size_t) index->integer;
        return 0;
}

static int index_one(Run *run, Datum *item, const Datum *index) {
        size_t n, at;
        int r;

        *item = datum_follow(item);
        if (!datum_is(item, KIND_STRING) && !datum_is(item, KIND_LIST))
                return run_fail(run,
                                "error calling index: can't index item of type %s",
                                datum_type_name(item));
        n = item->type->kind == KIND_STRING ? item->text.n : item->list.n;
        r = read_index(run, "index", index, n, &at);
        if (r < 0)
                return r;
        if (at == n)
                return run_fail(run, "error calling index: index out of range: %zu", at);

        if (item->type->kind == KIND_STRING)
                *item = datum_of(&type_uint8, (unsigned char) item->text.bytes[at]);
        else
                *item = datum_string(item->list.items[at].bytes, item->list.items[at].n);
        return 0;
}

static int call_index(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        Datum item = arguments[0];
        int r;

        if (!item.type)
                return run_fail(run, "error calling index: index of untyped nil");
        for (size_t i = 1; i < n; i++) {
                r = index_one(run, &item, &arguments[i]);
                if (r < 0)
                        return r;
        }
        *ret = item;
        return 0;
}

static int call_slice(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        Datum item = arguments[0];
        bool is_string = datum_is(&item, KIND_STRING);
        size_t limit, bounds[3];
        int r;

        if (!is_string && !datum_is(&item, KIND_LIST))
                return run_fail(run,
                                "error calling slice: can't slice item of type %s",
                                datum_type_name(&item));
        if (n > 4 || (is_string && n == 4))
                return run_fail(run, "error calling slice: too many slice indexes: %zu", n - 1);

        limit = is_string ? item.text.n : item.list.capacity;
        bounds[0] = 0;
        bounds[1] = is_string ? item.text.n : item.list.n;
        bounds[2] = limit;
        for (size_t i = 1; i < n; i++) {
                r = read_index(run, "slice", &arguments[i], limit, &bounds[i - 1]);
                if (r < 0)
                        return r;
        }
        if (bounds[0] > bounds[1] || bounds[1] > bounds[2])
                return run_fail(run, "error calling slice: invalid slice index");

        if (is_string) {
                if (item.text.bytes)
                        item.text.bytes += bounds[0];
                item.text.n = bounds[1] - bounds[0];
        } else if (item.list.items) {
                item.list.items += bounds[0];
                item.list.n = bounds[1] - bounds[0];
                item.list.capacity = bounds[2] - bounds[0];
        }
        *ret = item;
        return 0;
}

static int call_not(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        *ret = datum_bool(!datum_is_true(&arguments[0]));
        return 0;
}

/* Nothing in the context is a function. */
static int call_call(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        return run_fail(run, "error calling call: non-function of type %s", datum_type_name(&arguments[0]));
}

/* ---- printing ---- */

static int call_print(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        int r;

        r = print_operands(run, arguments, n, run->scratch, TEMPLATE_VALUE_MAX_BYTES);
        return r < 0 ? r : run_take_scratch(run, ret);
}

static int call_println(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        int r;

        r = print_line(run, arguments, n, run->scratch, TEMPLATE_VALUE_MAX_BYTES);
        return r < 0 ? r : run_take_scratch(run, ret);
}

static int call_printf(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        int r;

        r =
                        print_format(run,
                                     arguments[0].text,
                                     arguments + 1,
                                     n - 1,
                                     run->scratch,
                                     TEMPLATE_VALUE_MAX_BYTES);
        return r < 0 ? r : run_take_scratch(run, ret);
}

/* ---- escaping ---- */

/* The arguments as `print` has them, but that pointers are followed and nil is "<no value>". */
static int join(Run *run, const Datum *arguments, size_t n, Bytes *ret) {
        Datum *shown, joined;
        int r;

        if (n == 1 && arguments[0].type == &type_string) {
                *ret = arguments[0].text;
                return run_spend_bytes(run, ret->n);
        }
        shown = arena_take(run->arena, n * sizeof(Datum));
        for (size_t i = 0; i < n; i++)
                shown[i] = arguments[i].type ? datum_follow(&arguments[i])
                                             : datum_string("<no value>", strlen("<no value>"));
        r = call_print(run, shown, n, &joined);
        if (r >= 0)
                *ret = joined.text;
        return r;
}

static int
escape(Run *run, const Datum *arguments, size_t n, void (*function)(Bytes text, GString *to), Datum *ret) {
        Bytes joined;
        int r;

        r = join(run, arguments, n, &joined);
        if (r >= 0)
                r = run_spend(run, joined.n / ESCAPED_BYTES);
        if (r < 0)
                return r;
        if (joined.n > TEMPLATE_VALUE_MAX_BYTES / ESCAPE_GROWTH)
                return run_exceed(run);
        function(joined, run->scratch);
        return run_take_scratch(run, ret);
}

static int call_html(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        return escape(run, arguments, n, escape_html, ret);
}

static int call_js(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        return escape(run, arguments, n, escape_js, ret);
}

static int call_urlquery(Run *run, const Datum *arguments, size_t n, Datum *ret) {
        return escape(run, arguments, n, escape_urlquery, ret);
}

/* ---- the table ---- */

static const Function functions[] = {
        { "and", FUNCTION_AND, .n_fixed = 1, .is_variadic = true },
        { "call", .n_fixed = 1, .is_variadic = true, .call = call_call },
        { "eq", .n_fixed = 1, .is_variadic = true, .call = compare_equal },
        { "ge", .n_fixed = 2, .call = compare_greater_or_equal },
        { "gt", .n_fixed = 2, .call = compare_greater },
        { "html", .is_variadic = true, .call = call_html },
        { "index", .n_fixed = 1, .is_variadic = true, .call = call_index },
        { "js", .is_variadic = true, .call = call_js },
        { "le", .n_fixed = 2, .call = compare_less_or_equal },
        { "len", .n_fixed = 1, .call = call_len },
        { "lt", .n_fixed = 2, .call = compare_less },
        { "ne", .n_fixed = 2, .call = compare_not_equal },
        { "not", .n_fixed = 1, .call = call_not },
        { "or", FUNCTION_OR, .n_fixed = 1, .is_variadic = true },
        { "print", .is_variadic = true, .call = call_print },
        { "printf", .n_fixed = 1, .is_variadic = true, .takes_format = true, .call = call_printf },
        { "println", .is_variadic = true, .call = call_println },
        { "slice", .n_fixed = 1, .is_variadic = true, .call = call_slice },
        { "urlquery", .is_variadic = true, .call = call_urlquery },
};

const Function *function_find(const char *name, size_t n) {
        for (size_t i = 0; i < G_N_ELEMENTS(functions); i++)
                if (bytes_equal((Bytes){ name, n }, (Bytes){ functions[i].name, strlen(functions[i].name) }))
                        return &functions[i];
        return NULL;
}
