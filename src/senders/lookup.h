/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* GLib's resolver interface over ours, so that libsoup looks names up without a thread per look-up. As GLib
 * has one resolver per process it becomes the default one. (SoupSession's remote-connectable would do
 * without, but then certificates are compared with the address instead of the name.) */

#include <gio/gio.h>

#include "probes/resolver.h"

G_DECLARE_FINAL_TYPE(QuptimeLookup, quptime_lookup, QUPTIME, LOOKUP, GResolver)

/* resolver: borrowed until lookup_disconnect(); after that every look-up fails */
GResolver *lookup_new(Resolver *resolver);
void lookup_disconnect(GResolver *lookup);
