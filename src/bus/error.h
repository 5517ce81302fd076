/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* As sd_bus_error_setf(), with what the caller wrote in it, maybe cut within a character: the text is UTF-8
 * nevertheless, because a bus daemon disconnects who sends anything else. */
int bus_error_setf(sd_bus_error *reterr, const char *name, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
