/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* eq, ne, lt, le, gt, ge: "Functions" of Go's documentation of text/template. -EINVAL: values that cannot be
 * compared, with the run's error. */

#include "template/run.h"

int compare_equal(Run *run, const Datum *operands, size_t n, Datum *ret); /* the first with any other */
int compare_not_equal(Run *run, const Datum *operands, size_t n, Datum *ret);
int compare_less(Run *run, const Datum *operands, size_t n, Datum *ret);
int compare_less_or_equal(Run *run, const Datum *operands, size_t n, Datum *ret);
int compare_greater(Run *run, const Datum *operands, size_t n, Datum *ret);
int compare_greater_or_equal(Run *run, const Datum *operands, size_t n, Datum *ret);
