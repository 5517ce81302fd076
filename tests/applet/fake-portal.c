/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A settings portal on the session bus that wants it dark, until a line comes in: then light. */

#include <gio/gio.h>
#include <stdio.h>

#define PATH "/org/freedesktop/portal/desktop"
#define INTERFACE "org.freedesktop.portal.Settings"

static const char xml[] =
                "<node><interface name='" INTERFACE "'><method name='Read'><arg type='s' direction='in'/>"
                "<arg type='s' direction='in'/><arg type='v' direction='out'/></method>"
                "<signal name='SettingChanged'><arg type='s'/><arg type='s'/><arg type='v'/></signal>"
                "</interface></node>";

static unsigned scheme = 1;

static void
on_call(GDBusConnection *bus,
        const char *sender,
        const char *path,
        const char *interface,
        const char *member,
        GVariant *arguments,
        GDBusMethodInvocation *invocation,
        void *userdata) {
        g_dbus_method_invocation_return_value(
                        invocation,
                        g_variant_new("(v)", g_variant_new_variant(g_variant_new_uint32(scheme))));
}

static gboolean on_line(GIOChannel *channel, GIOCondition condition, void *userdata) {
        scheme = 2;
        g_assert_true(g_dbus_connection_emit_signal(
                        userdata,
                        NULL,
                        PATH,
                        INTERFACE,
                        "SettingChanged",
                        g_variant_new("(ssv)",
                                      "org.freedesktop.appearance",
                                      "color-scheme",
                                      g_variant_new_uint32(scheme)),
                        NULL));
        return G_SOURCE_REMOVE;
}

static void on_owned(GDBusConnection *bus, const char *name, void *userdata) {
        (void) printf("ready\n");
        (void) fflush(stdout);
}

int main(int argc, char *argv[]) {
        static const GDBusInterfaceVTable vtable = { .method_call = on_call };
        g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
        g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, NULL);
        g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
        g_autoptr(GIOChannel) input = g_io_channel_unix_new(0);

        g_assert_nonnull(bus);
        g_assert_cmpuint(
                        g_dbus_connection_register_object(
                                        bus, PATH, node->interfaces[0], &vtable, NULL, NULL, NULL),
                        !=,
                        0);
        g_bus_own_name_on_connection(
                        bus,
                        "org.freedesktop.portal.Desktop",
                        G_BUS_NAME_OWNER_FLAGS_NONE,
                        on_owned,
                        NULL,
                        NULL,
                        NULL);
        g_io_add_watch(input, G_IO_IN, on_line, bus);
        g_main_loop_run(loop);
        return 0;
}
