/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/appearance.h"

#include <gtk/gtk.h>

#define PORTAL_NAME "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_SETTINGS "org.freedesktop.portal.Settings"
#define APPEARANCE "org.freedesktop.appearance"
#define COLOR_SCHEME "color-scheme"
#define PREFER_DARK 1 /* of that setting; 0: no preference, 2: light */

static void apply(GVariant *value) {
        g_autoptr(GVariant) inner = g_variant_ref(value);

        /* Read() wraps it twice, the signal once */
        while (g_variant_is_of_type(inner, G_VARIANT_TYPE_VARIANT)) {
                GVariant *next = g_variant_get_variant(inner);

                g_variant_unref(inner);
                inner = next;
        }
        if (g_variant_is_of_type(inner, G_VARIANT_TYPE_UINT32))
                g_object_set(gtk_settings_get_default(),
                             "gtk-application-prefer-dark-theme",
                             g_variant_get_uint32(inner) == PREFER_DARK,
                             NULL);
}

static void on_read(GObject *source, GAsyncResult *result, void *userdata) {
        g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
        g_autoptr(GVariant) value = NULL;

        if (!answer)
                return; /* no portal, or no such setting */
        value = g_variant_get_child_value(answer, 0);
        apply(value);
}

static void
on_changed(GDBusConnection *bus,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *arguments,
           void *userdata) {
        g_autoptr(GVariant) value = NULL;
        const char *name_space, *key;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(ssv)")))
                return;
        g_variant_get(arguments, "(&s&sv)", &name_space, &key, &value);
        if (g_str_equal(key, COLOR_SCHEME))
                apply(value);
}

static void on_cancelled(GCancellable *cancellable, GDBusConnection *bus) {
        g_dbus_connection_signal_unsubscribe(
                        bus,
                        GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(cancellable), "quptime-appearance")));
}

void appearance_follow(GDBusConnection *bus, GCancellable *cancellable) {
        unsigned subscription = g_dbus_connection_signal_subscribe(
                        bus,
                        PORTAL_NAME,
                        PORTAL_SETTINGS,
                        "SettingChanged",
                        PORTAL_PATH,
                        APPEARANCE,
                        G_DBUS_SIGNAL_FLAGS_NONE,
                        on_changed,
                        NULL,
                        NULL);

        g_object_set_data(G_OBJECT(cancellable), "quptime-appearance", GUINT_TO_POINTER(subscription));
        g_signal_connect_data(
                        cancellable,
                        "cancelled",
                        G_CALLBACK(on_cancelled),
                        g_object_ref(bus),
                        (GClosureNotify) (GCallback) g_object_unref,
                        0);
        g_dbus_connection_call(
                        bus,
                        PORTAL_NAME,
                        PORTAL_PATH,
                        PORTAL_SETTINGS,
                        "Read",
                        g_variant_new("(ss)", APPEARANCE, COLOR_SCHEME),
                        G_VARIANT_TYPE("(v)"),
                        G_DBUS_CALL_FLAGS_NONE,
                        -1,
                        cancellable,
                        on_read,
                        NULL);
}
