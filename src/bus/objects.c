/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/objects.h"

#include <assert.h>

#include "base/names.h"
#include "bus/internal.h"
#include "model/peer.h"

/* sd-bus and GLib may free what the other has made: both use malloc() (GLib since 2.46). */

static int list_paths(void *userdata, RecordKind kind, char ***ret);

/* an enumerator is not told below which path it was registered: one for each kind */
static int
check_paths(sd_bus *sd, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *reterr) {
        return list_paths(userdata, RECORD_CHECK, ret_nodes);
}

static int
alert_paths(sd_bus *sd, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *reterr) {
        return list_paths(userdata, RECORD_ALERT, ret_nodes);
}

static int
peer_paths(sd_bus *sd, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *reterr) {
        return list_paths(userdata, RECORD_PEER, ret_nodes);
}

/* The objects that come and go with their records, by RecordKind; the other records are not shown. */
static const struct {
        const char *interface;
        const char *prefix; /* of the path; the id follows */
        const sd_bus_vtable *vtable;
        bool (*find)(Bus *bus, const char *id, Found *ret);
        const GPtrArray *(*list)(Snapshot *snapshot);
        size_t id_offset; /* in what is listed */
        sd_bus_node_enumerator_t paths;
} kinds[] = {
        [RECORD_CHECK] = { BUS_INTERFACE_CHECK,
                           BUS_PATH_CHECK,
                           check_vtable,
                           check_find,
                           snapshot_checks,
                           offsetof(Check, id),
                           check_paths },
        [RECORD_ALERT] = { BUS_INTERFACE_ALERT,
                           BUS_PATH_ALERT,
                           alert_vtable,
                           alert_find,
                           snapshot_alerts,
                           offsetof(Alert, id),
                           alert_paths },
        [RECORD_PEER] = { BUS_INTERFACE_PEER,
                          BUS_PATH_PEER,
                          peer_vtable,
                          peer_find,
                          snapshot_peers,
                          offsetof(Peer, node_id),
                          peer_paths },
};

const char *bus_object_interface(RecordKind kind) {
        return kinds[kind].interface;
}

char *bus_object_path(RecordKind kind, const char *id) {
        char *path = NULL;

        /* fails for want of memory only */
        if (sd_bus_path_encode(kinds[kind].prefix, id, &path) < 0)
                g_error("out of memory");
        return path;
}

static int list_paths(void *userdata, RecordKind kind, char ***ret) {
        const GPtrArray *objects = kinds[kind].list(((Connection *) userdata)->bus->snapshot);
        char **paths = g_new0(char *, objects->len + 1);

        for (unsigned i = 0; i < objects->len; i++)
                paths[i] =
                                bus_object_path(kind,
                                                G_STRUCT_MEMBER(char *,
                                                                g_ptr_array_index(objects, i),
                                                                kinds[kind].id_offset));
        *ret = paths;
        return 0;
}

static int find(sd_bus *sd,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *reterr) {
        Bus *bus = ((Connection *) userdata)->bus;
        g_autofree char *id = NULL;
        RecordKind kind = 0;

        while (g_strcmp0(kinds[kind].interface, interface) != 0) /* one of them was registered with it */
                kind++;
        if (sd_bus_path_decode(path, kinds[kind].prefix, &id) <= 0 ||
            !kinds[kind].find(bus, id, &bus->found))
                return 0;
        *ret_found = &bus->found;
        return 1;
}

static int register_kind(Connection *connection, sd_bus *sd, RecordKind kind) {
        int r;

        r = sd_bus_add_fallback_vtable(
                        sd,
                        NULL,
                        kinds[kind].prefix,
                        kinds[kind].interface,
                        kinds[kind].vtable,
                        find,
                        connection);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(sd, NULL, kinds[kind].prefix, kinds[kind].paths, connection);
}

int bus_register_objects(Connection *connection, sd_bus *sd) {
        int r;

        assert(connection);
        assert(sd);

        r = manager_interface_register(connection, sd);
        if (r < 0)
                return r;
        for (RecordKind kind = 0; kind < (RecordKind) G_N_ELEMENTS(kinds); kind++) {
                r = kinds[kind].interface ? register_kind(connection, sd, kind) : 0;
                if (r < 0)
                        return r;
        }
        r = log_control_register(connection, sd);
        if (r < 0)
                return r;
        return sd_bus_add_object_manager(sd, NULL, BUS_PATH);
}
