/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/datum.h"

#include <assert.h>
#include <string.h>

#include "template/instant.h"

const DatumType type_bool = { .name = "bool", .kind = KIND_BOOL };
const DatumType type_int = { .name = "int", .kind = KIND_INT };
const DatumType type_int64 = { .name = "int64", .kind = KIND_INT };
const DatumType type_uint8 = { .name = "uint8", .kind = KIND_UINT };
const DatumType type_uint64 = { .name = "uint64", .kind = KIND_UINT };
const DatumType type_float64 = { .name = "float64", .kind = KIND_FLOAT };
const DatumType type_complex128 = { .name = "complex128", .kind = KIND_COMPLEX };
const DatumType type_string = { .name = "string", .kind = KIND_STRING };
const DatumType type_strings = { .name = "[]string", .kind = KIND_LIST };
const DatumType type_check_type = { .name = "config.CheckType", .kind = KIND_STRING };
const DatumType type_state = { .name = "checks.State", .kind = KIND_STRING };
const DatumType type_location = { .name = "*time.Location", .kind = KIND_POINTER };

#define MEMBER(struct_type, go_name, member, go_type, ...)                                                  \
        { .name = (go_name), .type = &(go_type), .offset = offsetof(struct_type, member), __VA_ARGS__ }

static const DatumField check_fields[] = {
        MEMBER(TemplateCheck, "ID", id, type_string),
        MEMBER(TemplateCheck, "Name", name, type_string),
        MEMBER(TemplateCheck, "Type", type, type_check_type),
        MEMBER(TemplateCheck, "Target", target, type_string),
        MEMBER(TemplateCheck, "Interval", interval_nsec, type_duration),
        MEMBER(TemplateCheck, "Timeout", timeout_nsec, type_duration),
        MEMBER(TemplateCheck, "ExpectStatus", expect_status, type_int),
        MEMBER(TemplateCheck, "BodyMatch", body_match, type_string),
        MEMBER(TemplateCheck, "AlertIDs", alert_ids, type_strings),
        MEMBER(TemplateCheck, "SuppressAlertIDs", suppress_alert_ids, type_strings),
        MEMBER(TemplateCheck, "TLSWarnDays", tls_warn_days, type_int, .is_silent = true),
        MEMBER(TemplateCheck, "TLSServerName", tls_server_name, type_string, .is_silent = true),
        MEMBER(TemplateCheck, "DNSRecord", dns_record, type_string, .is_silent = true),
        MEMBER(TemplateCheck, "DNSResolver", dns_resolver, type_string, .is_silent = true),
        MEMBER(TemplateCheck, "DNSExpect", dns_expect, type_string, .is_silent = true),
        MEMBER(TemplateCheck, "Disabled", disabled, type_bool, .is_silent = true),
        MEMBER(TemplateCheck, "Resolvers", resolvers, type_strings, .is_silent = true),
};
const DatumType type_check = {
        .name = "config.Check",
        .kind = KIND_STRUCT,
        .fields = check_fields,
        .n_fields = G_N_ELEMENTS(check_fields),
};
const DatumType type_check_pointer = { .name = "*config.Check",
                                       .kind = KIND_POINTER,
                                       .element = &type_check };

static const DatumField snapshot_fields[] = {
        MEMBER(TemplateSnapshot, "CheckID", check_id, type_string),
        MEMBER(TemplateSnapshot, "State", state, type_state),
        MEMBER(TemplateSnapshot, "Reports", reports, type_int),
        MEMBER(TemplateSnapshot, "OKCount", ok_count, type_int),
        MEMBER(TemplateSnapshot, "NotOK", not_ok, type_int),
        MEMBER(TemplateSnapshot, "Detail", detail, type_string),
        MEMBER(TemplateSnapshot, "UpdateAt", update_at, type_time),
};
const DatumType type_snapshot = {
        .name = "checks.Snapshot",
        .kind = KIND_STRUCT,
        .fields = snapshot_fields,
        .n_fields = G_N_ELEMENTS(snapshot_fields),
};

static const DatumField context_fields[] = {
        MEMBER(TemplateContext, "Check", check, type_check_pointer),
        MEMBER(TemplateContext, "From", from, type_string),
        MEMBER(TemplateContext, "To", to, type_string),
        MEMBER(TemplateContext, "Verb", verb, type_string),
        MEMBER(TemplateContext, "VerbLower", verb_lower, type_string),
        MEMBER(TemplateContext, "Snapshot", snapshot, type_snapshot),
        MEMBER(TemplateContext, "NodeID", node_id, type_string),
        MEMBER(TemplateContext, "When", when, type_string),
};
const DatumType type_context = {
        .name = "alerts.TemplateContext",
        .kind = KIND_STRUCT,
        .fields = context_fields,
        .n_fields = G_N_ELEMENTS(context_fields),
};

static const DatumField time_fields[] = {
        MEMBER(TemplateTime, "wall", nanoseconds, type_uint64, .is_private = true),
        MEMBER(TemplateTime, "ext", seconds, type_int64, .is_private = true),
        MEMBER(TemplateTime, "loc", location, type_location, .is_private = true),
};
const DatumType type_time = {
        .name = "time.Time",
        .kind = KIND_STRUCT,
        .fields = time_fields,
        .n_fields = G_N_ELEMENTS(time_fields),
        .methods = time_methods,
        .n_methods = N_TIME_METHODS,
        .to_string = time_to_string,
        .to_go_string = time_to_go_string,
};
const DatumType type_duration = {
        .name = "time.Duration",
        .kind = KIND_INT,
        .methods = duration_methods,
        .n_methods = N_DURATION_METHODS,
        .to_string = duration_to_string,
};
const DatumType type_month = {
        .name = "time.Month",
        .kind = KIND_INT,
        .methods = month_methods,
        .n_methods = 1,
        .to_string = month_to_string,
};
const DatumType type_weekday = {
        .name = "time.Weekday",
        .kind = KIND_INT,
        .methods = weekday_methods,
        .n_methods = 1,
        .to_string = weekday_to_string,
};

TemplateString template_string(const char *text) {
        return (TemplateString){ text, text ? strlen(text) : 0 };
}

Datum datum_bool(bool value) {
        return (Datum){ .type = &type_bool, .boolean = value };
}

Datum datum_of(const DatumType *type, int64_t value) {
        return (Datum){ .type = type, .integer = value };
}

Datum datum_int(int64_t value) {
        return datum_of(&type_int, value);
}

Datum datum_float(double value) {
        return (Datum){ .type = &type_float64, .real = value };
}

Datum datum_string(const char *bytes, size_t n) {
        return (Datum){ .type = &type_string, .text = { bytes, n } };
}

Datum datum_struct(const DatumType *type, const void *object) {
        return (Datum){ .type = type, .object = object };
}

bool datum_is(const Datum *datum, DatumKind kind) {
        return datum->type && datum->type->kind == kind;
}

bool datum_is_nil(const Datum *datum) {
        if (!datum->type)
                return true;
        if (datum->type->kind == KIND_POINTER)
                return !datum->object;
        return datum->type->kind == KIND_LIST && !datum->list.items;
}

bool datum_is_true(const Datum *datum) {
        if (!datum->type)
                return false;
        switch (datum->type->kind) {
        case KIND_BOOL:
                return datum->boolean;
        case KIND_INT:
        case KIND_UINT:
                return datum->natural != 0;
        case KIND_FLOAT:
                return datum->real != 0;
        case KIND_COMPLEX:
                return datum->real != 0 || datum->imaginary != 0;
        case KIND_STRING:
                return datum->text.n > 0;
        case KIND_LIST:
                return datum->list.n > 0;
        case KIND_POINTER:
                return datum->object;
        case KIND_STRUCT:
                break;
        }
        return true;
}

const char *datum_type_name(const Datum *datum) {
        return datum->type ? datum->type->name : "<nil>";
}

Datum datum_follow(const Datum *datum) {
        if (datum_is(datum, KIND_POINTER) && datum->object && datum->type->element)
                return datum_struct(datum->type->element, datum->object);
        return *datum;
}

Datum datum_field(const Datum *object, const DatumField *field) {
        const void *at = (const char *) object->object + field->offset;
        Datum value = { .type = field->type };

        assert(object->object);

        switch (field->type->kind) {
        case KIND_BOOL:
                value.boolean = *(const bool *) at;
                break;
        case KIND_INT:
        case KIND_UINT:
                value.integer = *(const int64_t *) at;
                break;
        case KIND_STRING: {
                const TemplateString *text = at;
                value.text = (Bytes){ text->bytes, text->n };
                break;
        }
        case KIND_LIST:
                value.list = *(const TemplateList *) at;
                break;
        case KIND_POINTER:
                value.object = *(const void *const *) at;
                break;
        case KIND_STRUCT:
                value.object = at;
                break;
        case KIND_FLOAT:
        case KIND_COMPLEX:
                break; /* no field is one */
        }
        return value;
}

const DatumField *datum_find_field(const DatumType *type, Bytes name) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (bytes_equal(name, (Bytes){ type->fields[i].name, strlen(type->fields[i].name) }))
                        return &type->fields[i];
        return NULL;
}

const DatumMethod *datum_find_method(const DatumType *type, Bytes name) {
        for (size_t i = 0; i < type->n_methods; i++)
                if (bytes_equal(name, (Bytes){ type->methods[i].name, strlen(type->methods[i].name) }))
                        return &type->methods[i];
        return NULL;
}
