/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/error.h"

#include <glib.h>
#include <stdarg.h>

int bus_error_setf(sd_bus_error *reterr, const char *name, const char *format, ...) {
        g_autofree char *text = NULL, *valid = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        valid = g_utf8_make_valid(text, -1);
        return sd_bus_error_set(reterr, name, valid);
}
