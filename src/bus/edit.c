/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/edit.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/dictionary.h"
#include "bus/error.h"
#include "bus/internal.h"
#include "wire/codec.h"

static Change *new_change(Connection *c, ChangeKind kind, const ObjectType *type, const char *target) {
        Change *change = change_new();
        ManagerStatus status;

        manager_status(c->bus->manager, &status);
        change->id = g_uuid_string_random();
        change->kind = kind;
        change->object_kind = g_strdup(type->name);
        change->target = g_strdup(target);
        change->origin = g_strdup(status.node_id);
        change->cause = g_strdup_printf("bus, uid %u", (unsigned) c->uid);
        return change;
}

/* "***@" before a host is what a reader sees, never what anyone means */
static bool is_masked(const Check *check) {
        g_autofree char *masked = check_target_masked(check);

        return strstr(masked, "://***@") && g_strcmp0(masked, check->target) == 0;
}

static int refuse_masked(sd_bus_error *reterr) {
        return sd_bus_error_set(
                        reterr,
                        BUS_ERROR_INVALID,
                        "target: *** stands for user information that is not shown; give it in full.");
}

int edit_read_add(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr) {
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        int r;

        assert(connection);
        assert(ret);

        r = dictionary_read(m, type, 0, &d, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < type->n_fields; i++)
                if (type->fields[i].flags & FIELD_REQUIRED && !dictionary_has(d, type->fields[i].name))
                        return bus_error_setf(
                                        reterr,
                                        BUS_ERROR_INVALID,
                                        "%s: every new %s needs one.",
                                        type->fields[i].name,
                                        type->name);
        if (type == &check_type && is_masked(d->object))
                return refuse_masked(reterr);

        *ret = new_change(connection, CHANGE_ADD, type, NULL);
        (*ret)->body = codec_encode_text(type, d->object);
        return 0;
}

/* the object as this node knows it; NULL: the cluster will say that there is none */
static const void *find_current(Bus *bus, const ObjectType *type, const char *id_or_name) {
        const Value *value = snapshot_value(bus->snapshot);

        return type == &check_type ? (const void *) value_check(value, id_or_name)
                                   : (const void *) value_alert(value, id_or_name);
}

/* What a reader got and gives back unchanged is no edit of what cannot be edited. */
static int settle_fixed(Dictionary *d, const void *current, sd_bus_error *reterr) {
        for (size_t i = 0; i < d->type->n_fields; i++) {
                const Field *field = &d->type->fields[i];

                if (!(field->flags & FIELD_FIXED) || !dictionary_has(d, field->name))
                        continue;
                if (!object_field_equal(field, d->object, current))
                        return bus_error_setf(
                                        reterr,
                                        BUS_ERROR_INVALID,
                                        "%s: cannot be changed; remove the %s and add it again.",
                                        field->name,
                                        d->type->name);
                dictionary_drop(d, field->name);
        }
        return 0;
}

static int settle_target(Dictionary *d, const Check *current, sd_bus_error *reterr) {
        const Check *given = d->object;
        g_autofree char *shown = NULL;

        if (!dictionary_has(d, "target") || !is_masked(given))
                return 0;
        shown = current ? check_target_masked(current) : NULL;
        /* another host must not get the password of this one */
        if (g_strcmp0(shown, given->target) != 0)
                return refuse_masked(reterr);
        dictionary_drop(d, "target");
        return 0;
}

static char **field_names(const Dictionary *d) {
        char **names = g_new0(char *, d->fields->len + 1);

        for (unsigned i = 0; i < d->fields->len; i++)
                names[i] = g_strdup(g_ptr_array_index(d->fields, i));
        return names;
}

static int read_target(sd_bus_message *m, const ObjectType *type, const char **ret, sd_bus_error *reterr) {
        const char *target;
        int r;

        r = sd_bus_message_read(m, "s", &target);
        if (r < 0)
                return r;
        if (!*target || strlen(target) > NAME_MAX_BYTES)
                return bus_error_setf(
                                reterr,
                                BUS_ERROR_NOT_FOUND,
                                "there is no %s \"%.128s\"",
                                type->name,
                                target);
        *ret = target;
        return 0;
}

int edit_read_edit(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr) {
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        const char *target;
        const void *current;
        int r;

        assert(connection);
        assert(ret);

        r = read_target(m, type, &target, reterr);
        if (r < 0)
                return r;
        r = dictionary_read(m, type, DICTIONARY_EDIT, &d, reterr);
        if (r < 0)
                return r;
        current = find_current(connection->bus, type, target);
        r = current ? settle_fixed(d, current, reterr) : 0;
        if (r < 0)
                return r;
        r = type == &check_type ? settle_target(d, current, reterr) : 0;
        if (r < 0)
                return r;

        *ret = new_change(connection, CHANGE_EDIT, type, target);
        (*ret)->base_revision = d->revision;
        (*ret)->body = codec_encode_text(type, d->object);
        (*ret)->fields = field_names(d);
        return 0;
}

static int
read_switch(Connection *connection,
            sd_bus_message *m,
            const ObjectType *type,
            bool disabled,
            Change **ret,
            sd_bus_error *reterr) {
        const Check check = { .disabled = disabled };
        const Alert alert = { .disabled = disabled };
        const char *target;
        int r;

        assert(connection);
        assert(ret);

        r = read_target(m, type, &target, reterr);
        if (r < 0)
                return r;

        *ret = new_change(connection, CHANGE_EDIT, type, target);
        (*ret)->body = codec_encode_text(
                        type, type == &check_type ? (const void *) &check : (const void *) &alert);
        (*ret)->fields = g_strdupv((char *[]){ (char *) "disabled", NULL });
        return 0;
}

int edit_read_enable(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr) {
        return read_switch(connection, m, type, /* disabled= */ false, ret, reterr);
}

int edit_read_disable(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr) {
        return read_switch(connection, m, type, /* disabled= */ true, ret, reterr);
}

int edit_read_address(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr) {
        const char *target, *address;
        Peer peer = {};
        int r;

        assert(connection);
        assert(type == &peer_type);
        assert(ret);

        r = read_target(m, type, &target, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(m, "s", &address);
        if (r < 0)
                return r;
        if (strlen(address) > ADVERTISE_MAX_BYTES || address_split(address, NULL, NULL) < 0)
                return bus_error_setf(
                                reterr,
                                BUS_ERROR_INVALID,
                                "address: \"%.128s\" should be host:port, such as alpha.example.com:9901.",
                                address);

        peer.advertise = (char *) address;
        *ret = new_change(connection, CHANGE_EDIT, type, target);
        (*ret)->body = codec_encode_text(type, &peer);
        (*ret)->fields = g_strdupv((char *[]){ (char *) "advertise", NULL });
        return 0;
}

int edit_read_remove(
                Connection *connection,
                sd_bus_message *m,
                const ObjectType *type,
                Change **ret,
                sd_bus_error *reterr) {
        const char *target;
        int r;

        assert(connection);
        assert(ret);

        r = read_target(m, type, &target, reterr);
        if (r < 0)
                return r;
        *ret = new_change(connection, CHANGE_REMOVE, type, target);
        return 0;
}
