/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/objects.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/names.h"
#include "model/peer.h"

int bus_register_objects(Connection *connection, sd_bus *sd) {
        int (*const registers[])(Connection *, sd_bus *) = {
                manager_interface_register, check_objects_register, alert_objects_register,
                peer_objects_register,      log_control_register,
        };
        int r;

        assert(connection);
        assert(sd);

        for (size_t i = 0; i < G_N_ELEMENTS(registers); i++) {
                r = registers[i](connection, sd);
                if (r < 0)
                        return r;
        }
        return sd_bus_add_object_manager(sd, NULL, BUS_PATH);
}

const char *bus_object_interface(RecordKind kind) {
        return kind == RECORD_CHECK   ? BUS_INTERFACE_CHECK
               : kind == RECORD_ALERT ? BUS_INTERFACE_ALERT
                                      : BUS_INTERFACE_PEER;
}

static const char *prefix_of(RecordKind kind) {
        return kind == RECORD_CHECK ? BUS_PATH_CHECK : kind == RECORD_ALERT ? BUS_PATH_ALERT : BUS_PATH_PEER;
}

char *bus_object_path(RecordKind kind, const char *id) {
        char *encoded = NULL, *path;

        /* fails for want of memory only */
        if (sd_bus_path_encode(prefix_of(kind), id, &encoded) < 0)
                g_error("out of memory");
        path = g_strdup(encoded);
        free(encoded);
        return path;
}

char *bus_object_id(RecordKind kind, const char *path) {
        char *decoded = NULL, *id;

        if (sd_bus_path_decode(path, prefix_of(kind), &decoded) <= 0)
                return NULL;
        id = g_strdup(decoded);
        free(decoded);
        return id;
}

/* sd-bus frees what it gets with free(), GLib's memory is that of malloc() (since 2.46) */
int bus_object_paths(RecordKind kind, const GPtrArray *objects, char ***ret) {
        char **paths;

        assert(ret);

        paths = g_new0(char *, objects->len + 1);
        for (unsigned i = 0; i < objects->len; i++) {
                const void *object = g_ptr_array_index(objects, i);
                const char *id = kind == RECORD_CHECK   ? ((const Check *) object)->id
                                 : kind == RECORD_ALERT ? ((const Alert *) object)->id
                                                        : ((const Peer *) object)->node_id;

                paths[i] = bus_object_path(kind, id);
        }
        *ret = paths;
        return 0;
}
