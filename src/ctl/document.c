/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/document.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "ctl/text.h"

static const Field difference_row_fields[] = {
        FIELD(DifferenceRow, kind, FIELD_STRING),  FIELD(DifferenceRow, object, FIELD_STRING),
        FIELD(DifferenceRow, id, FIELD_STRING),    FIELD(DifferenceRow, name, FIELD_STRING),
        FIELD(DifferenceRow, field, FIELD_STRING), FIELD(DifferenceRow, from, FIELD_STRING),
        FIELD(DifferenceRow, to, FIELD_STRING),
};
const ObjectType difference_row_type = OBJECT_TYPE(DifferenceRow, "difference", difference_row_fields);

static const Field warning_row_fields[] = {
        FIELD(WarningRow, line, FIELD_UINT),
        FIELD(WarningRow, column, FIELD_UINT),
        FIELD(WarningRow, field, FIELD_STRING),
        FIELD(WarningRow, text, FIELD_STRING),
};
const ObjectType warning_row_type = OBJECT_TYPE(WarningRow, "warning", warning_row_fields);

/* ---- calls ---- */

ExitStatus draft_get(Context *context, char **ret_text, uint64_t *ret_version) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        const char *text;

        assert(ret_text);
        assert(ret_version);

        status = manager_call(context, "GetDocument", CALL_READS, &reply, "");
        if (status == STATUS_DONE)
                status = answer_read(reply, "st", &text, ret_version);
        if (status == STATUS_DONE)
                *ret_text = g_strdup(text);
        return status;
}

static ExitStatus
call_with(Context *context,
          const char *member,
          const Draft *draft,
          sd_bus_message **ret_reply,
          CallError *reterr) {
        return manager_try(
                        context,
                        member,
                        CALL_SENSITIVE,
                        ret_reply,
                        reterr,
                        "sa{sv}",
                        draft->text,
                        2,
                        "adopt",
                        "b",
                        (int) draft->adopt,
                        "remove_node",
                        "s",
                        draft->remove_node ?: "");
}

ExitStatus
draft_check(Context *context,
            const Draft *draft,
            GPtrArray **ret_differences,
            GPtrArray **ret_warnings,
            CallError *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(GPtrArray) differences = g_ptr_array_new_with_free_func(difference_row_free_item);
        g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(warning_row_free_item);
        ExitStatus status;
        int r;

        assert(draft);
        assert(ret_differences);
        assert(ret_warnings);

        status = call_with(context, "CheckDocument", draft, &reply, reterr);
        if (status != STATUS_DONE)
                return status;
        r = rows_read(reply, &difference_row_type, differences);
        if (r >= 0)
                r = rows_read(reply, &warning_row_type, warnings);
        if (r < 0)
                return answer_not_understood(r);

        *ret_differences = g_steal_pointer(&differences);
        *ret_warnings = g_steal_pointer(&warnings);
        return STATUS_DONE;
}

ExitStatus draft_apply(Context *context, const Draft *draft, uint64_t *ret_version, CallError *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;

        assert(draft);
        assert(ret_version);

        status = call_with(context, "ApplyDocument", draft, &reply, reterr);
        return status == STATUS_DONE ? answer_read(reply, "t", ret_version) : status;
}

ExitStatus draft_fail(ExitStatus status, const Draft *draft, const CallError *error) {
        unsigned line, column;
        int used = 0;

        assert(draft);
        assert(error);

        if (!error->name)
                return status; /* printed already */
        if (sscanf(error->text, "line %u:%u: %n", &line, &column, &used) == 2 && used > 0)
                return fail(status, "%s:%u:%u: %s", draft->label, line, column, error->text + used);
        if (strcmp(error->name, BUS_ERROR_CONFLICT) == 0 && !strstr(error->text, "config show"))
                return fail(status,
                            "%s: %s; \"quctl config show\" prints the present document",
                            draft->label,
                            error->text);
        if (strcmp(error->name, BUS_ERROR_CONFLICT) == 0 || strcmp(error->name, BUS_ERROR_INVALID) == 0)
                return fail(status, "%s: %s", draft->label, error->text);
        return fail(status, "%s", error->text);
}

/* ---- what would change ---- */

const char *differences_removed_peer(const GPtrArray *differences) {
        for (unsigned i = 0; i < differences->len; i++) {
                const DifferenceRow *row = g_ptr_array_index(differences, i);

                if (g_strcmp0(row->kind, "removed") == 0 && g_strcmp0(row->object, "peer") == 0)
                        return row->id;
        }
        return NULL;
}

static unsigned count_removed(const GPtrArray *differences, const char *object) {
        unsigned n = 0;

        for (unsigned i = 0; i < differences->len; i++) {
                const DifferenceRow *row = g_ptr_array_index(differences, i);

                n += g_strcmp0(row->kind, "removed") == 0 && g_strcmp0(row->object, object) == 0;
        }
        return n;
}

char *differences_removed(const GPtrArray *differences) {
        static const char *const objects[] = { "peer", "check", "alert" };
        g_autoptr(GString) s = g_string_new(NULL);

        assert(differences);

        for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
                unsigned n = count_removed(differences, objects[i]);

                if (n > 0)
                        g_string_append_printf(
                                        s,
                                        "%s%u %s%s",
                                        s->len > 0 ? " and " : "",
                                        n,
                                        objects[i],
                                        n == 1 ? "" : "s");
        }
        return s->len > 0 ? g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE) : NULL;
}

static Color color_of(const DifferenceRow *row) {
        return g_strcmp0(row->kind, "added") == 0     ? COLOR_GOOD
               : g_strcmp0(row->kind, "removed") == 0 ? COLOR_BAD
                                                      : COLOR_NOTICE;
}

static void show_one(const DifferenceRow *row, bool color) {
        g_autofree char *kind = text_escape(row->kind), *object = text_escape(row->object);
        g_autofree char *name = text_escape(row->name), *field = text_escape(row->field);
        g_autofree char *from = text_escape(row->from), *to = text_escape(row->to);
        bool hidden = g_str_equal(from, "***") && g_str_equal(to, "***");

        (void) printf("%s%-7s%s  %s",
                      color_start(color_of(row), color),
                      kind,
                      color_end(color_of(row), color),
                      object);
        if (*name)
                (void) printf(" \"%s\"", name);
        if (*field && (hidden || g_str_equal(from, to)))
                (void) printf(": %s: another value, which is not shown", field);
        else if (*field)
                (void) printf(": %s: %s -> %s", field, from, to);
        (void) printf("\n");
}

void differences_show(const Context *context, const GPtrArray *differences) {
        bool color = color_wanted();

        assert(context);
        assert(differences);

        for (unsigned i = 0; i < differences->len; i++)
                show_one(g_ptr_array_index(differences, i), color);
}

void warnings_show(const GPtrArray *warnings, const char *label) {
        assert(warnings);

        for (unsigned i = 0; i < warnings->len; i++) {
                const WarningRow *row = g_ptr_array_index(warnings, i);

                warn("%s:%u:%u: %s%s%s",
                     label,
                     (unsigned) row->line,
                     (unsigned) row->column,
                     row->field ?: "",
                     row->field && *row->field ? ": " : "",
                     row->text);
        }
}
