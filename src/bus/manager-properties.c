/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of org.quptime1.Manager: what its status says, by one table, and which of it has
 * changed. */

#include <errno.h>
#include <string.h>

#include "base/names.h"
#include "bus/internal.h"
#include "bus/objects.h"

static const struct {
        const char *name;
        char type;
        size_t offset; /* in ManagerStatus */
        bool is_quiet; /* constant, or a live value: not announced */
} status_properties[] = {
        { "Directory", 's', offsetof(ManagerStatus, directory), true },
        { "Initialized", 'b', offsetof(ManagerStatus, initialized) },
        { "NodeID", 's', offsetof(ManagerStatus, node_id) },
        { "ClusterID", 's', offsetof(ManagerStatus, cluster_id) },
        { "Fingerprint", 's', offsetof(ManagerStatus, fingerprint) },
        { "Advertise", 's', offsetof(ManagerStatus, advertise) },
        { "Master", 's', offsetof(ManagerStatus, master) },
        { "MasterVia", 's', offsetof(ManagerStatus, master_via) },
        { "Term", 't', offsetof(ManagerStatus, term) },
        { "Quorum", 'b', offsetof(ManagerStatus, quorum) },
        { "QuorumLive", 'u', offsetof(ManagerStatus, live), true },
        { "QuorumNeed", 'u', offsetof(ManagerStatus, need) },
        { "ConfigVersion", 't', offsetof(ManagerStatus, version) },
        { "Hint", 's', offsetof(ManagerStatus, hint) },
};

G_STATIC_ASSERT(G_N_ELEMENTS(status_properties) <= 32); /* bits of what was announced */

static int append_status(sd_bus_message *reply, char type, const void *at) {
        switch (type) {
        case 's':
                return sd_bus_message_append(reply, "s", *(const char *const *) at ?: "");
        case 'b':
                return sd_bus_message_append(reply, "b", (int) *(const bool *) at);
        case 'u':
                return sd_bus_message_append(reply, "u", (uint32_t) * (const unsigned *) at);
        default:
                return sd_bus_message_append(reply, "t", *(const uint64_t *) at);
        }
}

int manager_property_get(
                sd_bus *sd,
                const char *path,
                const char *interface,
                const char *property,
                sd_bus_message *reply,
                void *userdata,
                sd_bus_error *reterr) {
        ManagerStatus status;

        manager_status(((Connection *) userdata)->bus->manager, &status);
        for (size_t i = 0; i < G_N_ELEMENTS(status_properties); i++)
                if (strcmp(property, status_properties[i].name) == 0)
                        return append_status(
                                        reply,
                                        status_properties[i].type,
                                        (const char *) &status + status_properties[i].offset);
        return -ENOENT;
}

static char *status_text(char type, const void *at) {
        switch (type) {
        case 's':
                return g_strdup(*(const char *const *) at ?: "");
        case 'b':
                return g_strdup(*(const bool *) at ? "true" : "false");
        case 'u':
                return g_strdup_printf("%u", *(const unsigned *) at);
        default:
                return g_strdup_printf("%" G_GUINT64_FORMAT, *(const uint64_t *) at);
        }
}

uint32_t manager_properties_changed(Bus *bus) {
        uint32_t changed = 0;
        ManagerStatus status;

        manager_status(bus->manager, &status);
        if (!bus->announced)
                bus->announced = g_ptr_array_new_full(G_N_ELEMENTS(status_properties), g_free);
        g_ptr_array_set_size(bus->announced, G_N_ELEMENTS(status_properties));
        for (size_t i = 0; i < G_N_ELEMENTS(status_properties); i++) {
                char **old = (char **) &g_ptr_array_index(bus->announced, i);
                char *text =
                                status_text(status_properties[i].type,
                                            (const char *) &status + status_properties[i].offset);

                if (!status_properties[i].is_quiet && g_strcmp0(text, *old) != 0)
                        changed |= UINT32_C(1) << i;
                g_free(*old);
                *old = text;
        }
        return changed;
}

int manager_properties_emit(sd_bus *sd, uint32_t changed) {
        char *names[G_N_ELEMENTS(status_properties) + 1] = { NULL };
        size_t n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(status_properties); i++)
                if (changed & UINT32_C(1) << i)
                        names[n++] = (char *) status_properties[i].name;
        return sd_bus_emit_properties_changed_strv(sd, BUS_PATH, BUS_INTERFACE_MANAGER, names);
}
