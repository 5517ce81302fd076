/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Values as text, the way Go's package fmt prints them (https://pkg.go.dev/fmt): Sprint, Sprintln, Sprintf
 * with every verb, flag and error form. */

#include "template/datum.h"

/* All append to `to`; past max bytes there, -E2BIG with the run's error. */
int print_operands(Run *run, const Datum *operands, size_t n, GString *to, size_t max);
int print_line(Run *run, const Datum *operands, size_t n, GString *to, size_t max);
int print_format(Run *run, Bytes format, const Datum *operands, size_t n, GString *to, size_t max);
