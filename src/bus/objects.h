/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The objects, one file per interface, and the one function that registers them on a connection. The vtables
 * are shown for the tests that compare them with dbus/ and with the table of permissions. */

#include <systemd/sd-bus.h>

#include "bus/connection.h"

typedef struct Found Found; /* bus/internal.h */

extern const sd_bus_vtable manager_vtable[];     /* manager-interface.c; userdata: Connection */
extern const sd_bus_vtable check_vtable[];       /* check-object.c; userdata, also of the next two: Found */
extern const sd_bus_vtable alert_vtable[];       /* alert-object.c */
extern const sd_bus_vtable peer_vtable[];        /* peer-object.c */
extern const sd_bus_vtable log_control_vtable[]; /* log-control.c */

int manager_interface_register(Connection *connection, sd_bus *sd);
int log_control_register(Connection *connection, sd_bus *sd);

/* the getter of all but Version (manager-properties.c); userdata: Connection */
int manager_property_get(
                sd_bus *sd,
                const char *path,
                const char *interface,
                const char *property,
                sd_bus_message *reply,
                void *userdata,
                sd_bus_error *reterr);
/* The manager's properties that announce changes and are not what they were at the last call, a bit for
 * each; at the first call all. */
uint32_t manager_properties_changed(Bus *bus);
/* PropertiesChanged with these */
int manager_properties_emit(sd_bus *sd, uint32_t changed);

/* all of the above and the ObjectManager */
int bus_register_objects(Connection *connection, sd_bus *sd);
/* driver.c: what a bus daemon would answer, for clients of the private socket that expect one */
int bus_register_driver(Connection *connection, sd_bus *sd);

/* RECORD_CHECK, RECORD_ALERT or RECORD_PEER <-> interface and path; the caller frees the path */
const char *bus_object_interface(RecordKind kind);
char *bus_object_path(RecordKind kind, const char *id);
/* what the getters of such an object need; false: there is none with this id */
bool check_find(Bus *bus, const char *id, Found *ret);
bool alert_find(Bus *bus, const char *id, Found *ret);
bool peer_find(Bus *bus, const char *id, Found *ret);

/* the rows of the lists, each an a{sv} */
int check_append_row(sd_bus_message *reply, Bus *bus, const Check *check);
int alert_append_row(sd_bus_message *reply, Bus *bus, const Alert *alert);
int peer_append_row(sd_bus_message *reply, const PeerView *view);
