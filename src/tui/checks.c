/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/checks.h"

#include <assert.h>

#include "base/limits.h"
#include "base/names.h"

void checks_init(Checks *checks) {
        assert(checks);

        checks->rows = rows_new(&check_row_type);
        checks->by_id = g_hash_table_new(g_str_hash, g_str_equal); /* borrows from rows */
}

void checks_done(Checks *checks) {
        assert(checks);

        g_clear_pointer(&checks->by_id, g_hash_table_unref);
        g_clear_pointer(&checks->rows, g_ptr_array_unref);
}

/* an id that comes twice stands where it stood: rows moved between two pages */
static void add_from(Checks *checks, unsigned first) {
        for (unsigned i = first; i < checks->rows->len; i++) {
                CheckRow *row = g_ptr_array_index(checks->rows, i);

                check_row_mark_disabled(row);
                if (row->id)
                        (void) g_hash_table_insert(checks->by_id, row->id, row);
        }
}

int checks_read_page(Checks *checks, sd_bus_message *page) {
        unsigned before;
        uint32_t total;
        int r;

        assert(checks && checks->rows);
        assert(page);

        before = checks->rows->len;
        r = rows_read(page, &check_row_type, checks->rows);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(page, 'u', &total);
        if (r < 0)
                return r;
        add_from(checks, before);
        return checks->rows->len > before && checks->rows->len < MIN(total, CHECKS_MAX);
}

/* Of a check's announced properties what a row shows. What an edit starts from is left to the pass, which
 * reads it together with its revision. */
static const Field check_news_fields[] = {
        FIELD_AS("Name", CheckRow, name, FIELD_STRING),
        FIELD_AS("State", CheckRow, state, FIELD_STRING),
        FIELD_AS("Since", CheckRow, since, FIELD_TIME),
};
static const ObjectType check_news_type = OBJECT_TYPE(CheckRow, "check", check_news_fields);

int checks_apply_news(Checks *checks, sd_bus_message *message) {
        g_autofree char *id = NULL;
        CheckRow *row;
        int r;

        assert(checks);
        assert(message);

        r = sd_bus_path_decode(sd_bus_message_get_path(message), BUS_PATH_CHECK, &id);
        row = r > 0 && checks->by_id ? g_hash_table_lookup(checks->by_id, id) : NULL;
        if (!row)
                return 0;
        r = sd_bus_message_rewind(message, /* complete= */ 1);
        if (r < 0)
                return r;
        r = sd_bus_message_skip(message, "s");
        if (r < 0)
                return r;
        r = row_update(message, &check_news_type, row);
        check_row_mark_disabled(row);
        return r;
}
