/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Follows the desktop's wish for dark windows (the settings portal's org.freedesktop.appearance
 * color-scheme), which GTK before 4.20 does not do by itself. Where no portal answers, GTK's own settings
 * stand. */

#include <gio/gio.h>

/* Until cancelled. bus: the session bus, referenced as long. */
void appearance_follow(GDBusConnection *bus, GCancellable *cancellable);
