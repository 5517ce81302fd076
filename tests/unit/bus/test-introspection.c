/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The documented XML, the vtables and the table of permissions say the same. */

#include <gio/gio.h>

#include "base/names.h"
#include "bus/objects.h"
#include "bus/permission.h"
#include "harness.h"

static void print_arguments(GString *s, GDBusArgInfo **arguments, const char *direction) {
        for (; arguments && *arguments; arguments++)
                g_string_append_printf(
                                s, " %s %s:%s", direction, (*arguments)->name, (*arguments)->signature);
}

static void print_annotations(GString *s, GDBusAnnotationInfo **annotations) {
        for (; annotations && *annotations; annotations++)
                g_string_append_printf(s, " @%s=%s", (*annotations)->key, (*annotations)->value);
        g_string_append_c(s, '\n');
}

static char *print_interface(const GDBusInterfaceInfo *info) {
        GString *s = g_string_new(info->name);

        g_string_append_c(s, '\n');
        for (GDBusMethodInfo **m = info->methods; m && *m; m++) {
                g_string_append_printf(s, "method %s", (*m)->name);
                print_arguments(s, (*m)->in_args, "in");
                print_arguments(s, (*m)->out_args, "out");
                print_annotations(s, (*m)->annotations);
        }
        for (GDBusSignalInfo **m = info->signals; m && *m; m++) {
                g_string_append_printf(s, "signal %s", (*m)->name);
                print_arguments(s, (*m)->args, "arg");
                print_annotations(s, (*m)->annotations);
        }
        for (GDBusPropertyInfo **m = info->properties; m && *m; m++) {
                g_string_append_printf(s, "property %s %s %x", (*m)->name, (*m)->signature, (*m)->flags);
                print_annotations(s, (*m)->annotations);
        }
        return g_string_free(s, FALSE);
}

static char *documented(const char *interface) {
        g_autofree char *path = g_strdup_printf("%s/%s.xml", DBUS_XML_FOLDER, interface);
        g_autofree char *xml = NULL;
        GDBusNodeInfo *node;
        char *text;

        g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
        node = g_dbus_node_info_new_for_xml(xml, NULL);
        g_assert_nonnull(node);
        text = print_interface(g_dbus_node_info_lookup_interface(node, interface));
        g_dbus_node_info_unref(node);
        return text;
}

static char *introspected(World *w, sd_bus *client, const char *path, const char *interface) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = world_call(
                        w, client, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
        GDBusNodeInfo *node;
        const char *xml;
        char *text;

        g_assert_cmpint(sd_bus_message_read(reply, "s", &xml), >, 0);
        node = g_dbus_node_info_new_for_xml(xml, NULL);
        g_assert_nonnull(node);
        g_assert_nonnull(g_dbus_node_info_lookup_interface(node, interface));
        text = print_interface(g_dbus_node_info_lookup_interface(node, interface));
        g_dbus_node_info_unref(node);
        return text;
}

static void test_xml(void) {
        static const struct {
                RecordKind kind;
                const char *id, *interface;
        } objects[] = {
                { RECORD_META, NULL, BUS_INTERFACE_MANAGER },
                { RECORD_CHECK, "c-1", BUS_INTERFACE_CHECK },
                { RECORD_ALERT, "a-1", BUS_INTERFACE_ALERT },
                { RECORD_PEER, FAKE_NODE, BUS_INTERFACE_PEER },
        };
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL;
        _world_ w;

        world_up(&w, BUS_NONE);
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        fake_manager_put_alert(w.manager, fake_alert("a-1", "pager"));
        client = world_client(&w, w.address);
        for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
                g_autofree char *path = objects[i].id ? bus_object_path(objects[i].kind, objects[i].id)
                                                      : g_strdup(BUS_PATH);
                g_autofree char *says = introspected(&w, client, path, objects[i].interface);
                g_autofree char *written = documented(objects[i].interface);

                g_assert_cmpstr(says, ==, written);
        }
}

static const struct {
        const char *interface;
        const sd_bus_vtable *vtable;
} vtables[] = {
        { BUS_INTERFACE_MANAGER, manager_vtable },
        { BUS_INTERFACE_CHECK, check_vtable },
        { BUS_INTERFACE_ALERT, alert_vtable },
        { BUS_INTERFACE_PEER, peer_vtable },
        { BUS_INTERFACE_LOG_CONTROL, log_control_vtable },
};

static unsigned find_in_vtables(const Permission *permission) {
        unsigned n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(vtables); i++)
                for (const sd_bus_vtable *v = vtables[i].vtable; v->type != _SD_BUS_VTABLE_END; v++)
                        if ((v->type == _SD_BUS_VTABLE_METHOD &&
                             g_str_equal(v->x.method.member, permission->member)) ||
                            (v->type == _SD_BUS_VTABLE_WRITABLE_PROPERTY &&
                             g_str_equal(v->x.property.member, permission->member)))
                                n += g_str_equal(vtables[i].interface, permission->interface);
        return n;
}

static void test_permissions(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(vtables); i++)
                for (const sd_bus_vtable *v = vtables[i].vtable; v->type != _SD_BUS_VTABLE_END; v++) {
                        const char *member = v->type == _SD_BUS_VTABLE_METHOD ? v->x.method.member
                                             : v->type == _SD_BUS_VTABLE_WRITABLE_PROPERTY
                                                             ? v->x.property.member
                                                             : NULL;

                        if (!member)
                                continue;
                        g_test_message("%s.%s", vtables[i].interface, member);
                        g_assert_nonnull(permission_find(vtables[i].interface, member));
                        /* sd-bus would refuse by itself, after asking the bus daemon and waiting for it */
                        g_assert_true(v->flags & SD_BUS_VTABLE_UNPRIVILEGED);
                }
        for (size_t i = 0; i < n_permissions; i++)
                g_assert_cmpuint(find_in_vtables(&permissions[i]), ==, 1);
        g_assert_null(permission_find(BUS_INTERFACE_MANAGER, "Reboot"));
}

static void test_sensitive(void) {
        static const char *const carry[] = { "Init",      "AddAlert",      "EditAlert",     "AddCheck",
                                             "EditCheck", "CheckDocument", "ApplyDocument", NULL };

        for (const sd_bus_vtable *v = manager_vtable; v->type != _SD_BUS_VTABLE_END; v++)
                if (v->type == _SD_BUS_VTABLE_METHOD)
                        g_assert_cmpint(!!(v->flags & SD_BUS_VTABLE_SENSITIVE),
                                        ==,
                                        g_strv_contains(carry, v->x.method.member));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus/introspection/xml", test_xml);
        g_test_add_func("/bus/introspection/permissions", test_permissions);
        g_test_add_func("/bus/introspection/sensitive", test_sensitive);
        return g_test_run();
}
