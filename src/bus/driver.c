/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a bus daemon would answer, on the private socket: busctl, gdbus and the bindings of most languages
 * greet a bus before they speak to a service. Every client is alone on its own little bus, with us as
 * ":1.0". Matches are accepted and not needed: everybody hears every signal, and every client library
 * filters for itself. */

#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "bus/error.h"
#include "bus/internal.h"
#include "bus/objects.h"

#define DRIVER_UNIQUE_NAME ":1.0"

static void client_name(const Connection *c, char name[static 32]) {
        (void) g_snprintf(name, 32, ":1.%u", c->number);
}

static bool is_ours(const char *name) {
        return strcmp(name, BUS_NAME) == 0 || strcmp(name, DRIVER_UNIQUE_NAME) == 0;
}

/* the owner of a name as this client sees it; NULL: nobody */
static const char *owner_of(const Connection *c, const char *name, char buffer[static 32]) {
        if (is_ours(name))
                return DRIVER_UNIQUE_NAME;
        if (strcmp(name, BUS_NAME_DRIVER) == 0)
                return BUS_NAME_DRIVER;
        client_name(c, buffer);
        return strcmp(name, buffer) == 0 ? buffer : NULL;
}

static int
read_owner(sd_bus_message *m,
           const Connection *c,
           char buffer[static 32],
           const char **ret,
           sd_bus_error *reterr) {
        const char *name, *owner;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        owner = owner_of(c, name, buffer);
        if (!owner)
                return bus_error_setf(
                                reterr,
                                SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                "There is no \"%.255s\" on this socket, only " BUS_NAME ".",
                                name);
        *ret = owner;
        return 0;
}

static int method_hello(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char name[32];

        client_name(userdata, name);
        return sd_bus_reply_method_return(m, "s", name);
}

static int method_nothing(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(m, NULL);
}

static int method_get_name_owner(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char buffer[32];
        const char *owner = NULL;
        int r;

        r = read_owner(m, userdata, buffer, &owner, reterr);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "s", owner);
}

static int method_name_has_owner(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *name;
        char buffer[32];
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "b", owner_of(userdata, name, buffer) != NULL);
}

static int method_list_names(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char name[32];

        client_name(userdata, name);
        return sd_bus_reply_method_return(m, "as", 4, BUS_NAME_DRIVER, BUS_NAME, DRIVER_UNIQUE_NAME, name);
}

static int method_list_activatable_names(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(m, "as", 0);
}

static int method_get_id(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char text[SD_ID128_STRING_MAX];
        sd_id128_t id;
        int r;

        r = sd_bus_get_bus_id(sd_bus_message_get_bus(m), &id);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "s", sd_id128_to_string(id, text));
}

static int method_get_user(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Connection *c = userdata;
        char buffer[32];
        const char *owner = NULL;
        int r;

        r = read_owner(m, c, buffer, &owner, reterr);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "u", (uint32_t) (owner == buffer ? c->uid : geteuid()));
}

static int method_get_pid(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char buffer[32];
        const char *owner = NULL;
        int r;

        r = read_owner(m, userdata, buffer, &owner, reterr);
        if (r < 0)
                return r;
        if (owner == buffer)
                return sd_bus_error_set(
                                reterr,
                                "org.freedesktop.DBus.Error.UnixProcessIdUnknown",
                                "A client knows its own process id.");
        return sd_bus_reply_method_return(m, "u", (uint32_t) getpid());
}

static int method_start_service(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *name;
        int r;

        r = sd_bus_message_read(m, "su", &name, NULL);
        if (r < 0)
                return r;
        if (!is_ours(name))
                return bus_error_setf(
                                reterr,
                                SD_BUS_ERROR_SERVICE_UNKNOWN,
                                "There is no \"%.255s\" on this socket, only " BUS_NAME ".",
                                name);
        return sd_bus_reply_method_return(m, "u", UINT32_C(2)); /* runs already */
}

/* for `busctl monitor`, which then waits until it has lost its name */
static int method_become_monitor(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *lost = NULL;
        sd_bus *sd = sd_bus_message_get_bus(m);
        char name[32];
        int r;

        r = sd_bus_reply_method_return(m, NULL);
        if (r < 0)
                return r;
        client_name(userdata, name);
        r = sd_bus_message_new_signal(sd, &lost, BUS_PATH_DRIVER, BUS_NAME_DRIVER, "NameLost");
        if (r < 0)
                return r;
        r = sd_bus_message_append(lost, "s", name);
        if (r < 0)
                return r;
        (void) sd_bus_message_set_sender(lost, BUS_NAME_DRIVER);
        return sd_bus_send(sd, lost, NULL);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable driver_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", NULL, "s", method_hello, OPEN),
        SD_BUS_METHOD("AddMatch", "s", NULL, method_nothing, OPEN),
        SD_BUS_METHOD("RemoveMatch", "s", NULL, method_nothing, OPEN),
        SD_BUS_METHOD("GetNameOwner", "s", "s", method_get_name_owner, OPEN),
        SD_BUS_METHOD("NameHasOwner", "s", "b", method_name_has_owner, OPEN),
        SD_BUS_METHOD("ListNames", NULL, "as", method_list_names, OPEN),
        SD_BUS_METHOD("ListActivatableNames", NULL, "as", method_list_activatable_names, OPEN),
        SD_BUS_METHOD("GetId", NULL, "s", method_get_id, OPEN),
        SD_BUS_METHOD("GetConnectionUnixUser", "s", "u", method_get_user, OPEN),
        SD_BUS_METHOD("GetConnectionUnixProcessID", "s", "u", method_get_pid, OPEN),
        SD_BUS_METHOD("StartServiceByName", "su", "u", method_start_service, OPEN),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable monitoring_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("BecomeMonitor", "asu", NULL, method_become_monitor, OPEN),
        SD_BUS_VTABLE_END,
};

int bus_register_driver(Connection *connection, sd_bus *sd) {
        int r;

        r = sd_bus_set_sender(sd, DRIVER_UNIQUE_NAME);
        if (r < 0)
                return r;
        r = sd_bus_add_object_vtable(sd, NULL, BUS_PATH_DRIVER, BUS_NAME_DRIVER, driver_vtable, connection);
        if (r < 0)
                return r;
        return sd_bus_add_object_vtable(
                        sd,
                        NULL,
                        BUS_PATH_DRIVER,
                        BUS_NAME_DRIVER ".Monitoring",
                        monitoring_vtable,
                        connection);
}
