/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.freedesktop.LogControl1: how much the daemon says, for `systemctl service-log-level`. The one writable
 * property is gated like a method: sd-bus would ask the bus for the caller's identity and wait, so the Set()
 * call is taken before it reaches the vtable. */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/loglevel.h"
#include "base/names.h"
#include "bus/audit.h"
#include "bus/error.h"
#include "bus/objects.h"
#include "bus/permission.h"
#include "manager/journal.h"

static void tell(Connection *c) {
        audit_answered(audit_new(c, /* m= */ NULL, BUS_INTERFACE_LOG_CONTROL, "LogLevel"),
                       &(ManagerAnswer){ .outcome = CHANGE_DONE },
                       /* reply= */ NULL);
}

static int set_level(const char *name, sd_bus_error *reterr) {
        int level = log_level_from_string(name);

        if (level < 0)
                return bus_error_setf(
                                reterr,
                                SD_BUS_ERROR_INVALID_ARGS,
                                "\"%.64s\" is no log level; use emerg, alert, crit, err, warning, notice, "
                                "info or "
                                "debug.",
                                name);
        journal_set_level(level);
        return 0;
}

static int
log_level_get(sd_bus *sd,
              const char *path,
              const char *interface,
              const char *property,
              sd_bus_message *reply,
              void *userdata,
              sd_bus_error *reterr) {
        return sd_bus_message_append_basic(
                        reply, 's', log_level_to_string((LogLevel) journal_level()) ?: "info");
}

/* only reached on the private socket, whose clients may do all */
static int
log_level_set(sd_bus *sd,
              const char *path,
              const char *interface,
              const char *property,
              sd_bus_message *value,
              void *userdata,
              sd_bus_error *reterr) {
        const char *name;
        int r;

        if (!((Connection *) userdata)->private)
                return -EPERM;
        r = sd_bus_message_read_basic(value, 's', &name);
        if (r < 0)
                return r;
        r = set_level(name, reterr);
        if (r < 0)
                audit_turned_down(
                                userdata,
                                /* m= */ NULL,
                                permission_find(BUS_INTERFACE_LOG_CONTROL, "LogLevel"),
                                CHANGE_INVALID,
                                /* reply= */ NULL);
        else
                tell(userdata);
        return r;
}

static int
log_target_get(sd_bus *sd,
               const char *path,
               const char *interface,
               const char *property,
               sd_bus_message *reply,
               void *userdata,
               sd_bus_error *reterr) {
        return sd_bus_message_append_basic(reply, 's', "auto");
}

static int
identifier_get(sd_bus *sd,
               const char *path,
               const char *interface,
               const char *property,
               sd_bus_message *reply,
               void *userdata,
               sd_bus_error *reterr) {
        return sd_bus_message_append_basic(reply, 's', "quptimed");
}

static int on_set(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *interface, *property, *name;
        int r;

        if (((Connection *) userdata)->private ||
            !sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Set"))
                return 0;

        r = permission_check(userdata, m, BUS_INTERFACE_LOG_CONTROL, "LogLevel", on_set, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(m, "ss", &interface, &property);
        if (r < 0)
                return r;
        if (strcmp(interface, BUS_INTERFACE_LOG_CONTROL) != 0 || strcmp(property, "LogLevel") != 0)
                return bus_error_setf(
                                reterr, SD_BUS_ERROR_PROPERTY_READ_ONLY, "%s cannot be written.", property);
        r = sd_bus_message_read(m, "v", "s", &name);
        if (r < 0)
                return r;
        r = set_level(name, reterr);
        if (r < 0)
                return r;
        tell(userdata);
        return sd_bus_reply_method_return(m, NULL);
}

int log_control_register(Connection *connection, sd_bus *sd) {
        int r;

        r = sd_bus_add_object(sd, NULL, BUS_PATH_LOG_CONTROL, on_set, connection);
        if (r < 0)
                return r;
        return sd_bus_add_object_vtable(
                        sd,
                        NULL,
                        BUS_PATH_LOG_CONTROL,
                        BUS_INTERFACE_LOG_CONTROL,
                        log_control_vtable,
                        connection);
}

const sd_bus_vtable log_control_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY(
                        "LogLevel", "s", log_level_get, log_level_set, 0, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("LogTarget", "s", log_target_get, 0, 0),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", identifier_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};
