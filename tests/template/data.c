/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "data.h"

struct TestData {
        TemplateContext context;
        TemplateCheck check;
        GPtrArray *strings; /* of GString */
        GPtrArray *lists;   /* of TemplateString arrays */
};

static void string_free(void *p) {
        g_string_free(p, TRUE);
}

static TemplateString keep(TestData *data, GString *string) {
        if (!string)
                return (TemplateString){ 0 };
        g_ptr_array_add(data->strings, string);
        return (TemplateString){ string->str, string->len };
}

static TemplateString text_of(TestData *data, const Json *object, const char *name) {
        return keep(data, json_bytes(object, name));
}

static int64_t integer_of(const Json *object, const char *name) {
        const Json *member = json_member(object, name);

        return member ? member->integer : 0;
}

static TemplateList list_of(TestData *data, const Json *object, const char *name) {
        const Json *member = json_member(object, name);
        TemplateString *items;

        if (!member || member->kind != JSON_LIST)
                return (TemplateList){ 0 };
        items = g_new0(TemplateString, member->members->len + 1);
        g_ptr_array_add(data->lists, items);
        for (unsigned i = 0; i < member->members->len; i++) {
                const Json *item = g_ptr_array_index(member->members, i);

                items[i] = keep(data, g_string_new_len(item->string->str, (gssize) item->string->len));
        }
        return (TemplateList){ items, member->members->len, member->members->len };
}

static TemplateTime time_of(const Json *object, const char *name) {
        const Json *member = json_member(object, name);
        g_autoptr(GDateTime) instant = NULL;
        g_autofree char *whole = NULL;
        const char *dot;
        unsigned nanoseconds = 0, n_digits = 0;

        if (!member || member->kind != JSON_STRING)
                return (TemplateTime){ 0 };
        dot = strchr(member->string->str, '.');
        whole = g_strndup(member->string->str, dot ? (gsize) (dot - member->string->str) : 19);
        instant = g_date_time_new_from_iso8601(whole, g_time_zone_new_utc());
        if (!instant)
                g_error("no time: %s", member->string->str);
        for (; dot && n_digits < 9; n_digits++) {
                dot += *dot && *dot != 'Z';
                nanoseconds = nanoseconds * 10 + (g_ascii_isdigit(*dot) ? (unsigned) (*dot - '0') : 0);
        }
        return template_time(g_date_time_to_unix(instant), nanoseconds);
}

static void read_check(TestData *data, const Json *json) {
        data->check = (TemplateCheck){
                .id = text_of(data, json, "ID"),
                .name = text_of(data, json, "Name"),
                .type = text_of(data, json, "Type"),
                .target = text_of(data, json, "Target"),
                .interval_nsec = integer_of(json, "Interval"),
                .timeout_nsec = integer_of(json, "Timeout"),
                .expect_status = integer_of(json, "ExpectStatus"),
                .body_match = text_of(data, json, "BodyMatch"),
                .alert_ids = list_of(data, json, "AlertIDs"),
                .suppress_alert_ids = list_of(data, json, "SuppressAlertIDs"),
        };
        data->context.check = &data->check;
}

static void read_snapshot(TestData *data, const Json *json) {
        data->context.snapshot = (TemplateSnapshot){
                .check_id = text_of(data, json, "CheckID"),
                .state = text_of(data, json, "State"),
                .reports = integer_of(json, "Reports"),
                .ok_count = integer_of(json, "OKCount"),
                .not_ok = integer_of(json, "NotOK"),
                .detail = text_of(data, json, "Detail"),
                .update_at = time_of(json, "UpdateAt"),
        };
}

TestData *test_data_new(const Json *json) {
        TestData *data = g_new0(TestData, 1);
        const Json *check = json_member(json, "Check"), *snapshot = json_member(json, "Snapshot");

        data->strings = g_ptr_array_new_with_free_func(string_free);
        data->lists = g_ptr_array_new_with_free_func(g_free);
        data->context.from = text_of(data, json, "From");
        data->context.to = text_of(data, json, "To");
        data->context.verb = text_of(data, json, "Verb");
        data->context.verb_lower = text_of(data, json, "VerbLower");
        data->context.node_id = text_of(data, json, "NodeID");
        data->context.when = text_of(data, json, "When");
        if (check && check->kind == JSON_OBJECT)
                read_check(data, check);
        if (snapshot && snapshot->kind == JSON_OBJECT)
                read_snapshot(data, snapshot);
        return data;
}

void test_data_free(TestData *data) {
        if (!data)
                return;
        g_ptr_array_unref(data->strings);
        g_ptr_array_unref(data->lists);
        g_free(data);
}

const TemplateContext *test_data_context(const TestData *data) {
        return &data->context;
}
