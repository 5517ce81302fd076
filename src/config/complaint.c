/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/complaint.h"

#include <assert.h>

Complaint *complaint_new(unsigned line, unsigned column, const char *field, char *text_consumed) {
        Complaint *complaint = g_new0(Complaint, 1);

        complaint->line = line;
        complaint->column = column;
        complaint->field = field && *field ? g_strdup(field) : NULL;
        complaint->text = text_consumed;
        if (text_consumed && !g_utf8_validate(text_consumed, -1, NULL)) {
                /* a value that it repeats was cut within a character */
                complaint->text = g_utf8_make_valid(text_consumed, -1);
                g_free(text_consumed);
        }
        return complaint;
}

Complaint *complaint_free(Complaint *complaint) {
        if (!complaint)
                return NULL;
        g_free(complaint->field);
        g_free(complaint->text);
        g_free(complaint);
        return NULL;
}

GPtrArray *complaint_list_new(void) {
        return g_ptr_array_new_with_free_func(complaint_free_item);
}

char *complaint_to_string(const Complaint *complaint, const char *file) {
        g_autoptr(GString) s = g_string_new(file);

        assert(complaint);

        if (complaint->line > 0)
                g_string_append_printf(
                                s, "%s%u:%u", file ? ":" : "line ", complaint->line, complaint->column);
        if (s->len > 0)
                g_string_append(s, ": ");
        if (complaint->field)
                g_string_append_printf(s, "%s: ", complaint->field);
        g_string_append(s, complaint->text ?: "not valid");
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}

void complaint_prefix(Complaint *complaint, const char *prefix, size_t index) {
        char *field;

        assert(complaint);
        assert(prefix);

        field = g_strdup_printf(
                        "%s[%zu]%s%s", prefix, index, complaint->field ? "." : "", complaint->field ?: "");
        g_free(complaint->field);
        complaint->field = field;
}
