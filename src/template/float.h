/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Floating-point numbers as text: Go's strconv.FormatFloat (https://pkg.go.dev/strconv#FormatFloat). */

#include <glib.h>

/* Appends value; format is one of e E f g G b x X. precision -1: as few digits as tell it from all other
 * float64. No sign but "-". */
void float_append(GString *to, double value, char format, int precision);
