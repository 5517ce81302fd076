/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Durations and times, with the methods that Go's have (https://pkg.go.dev/time). */

#include "template/datum.h"

enum { N_DURATION_METHODS = 10, N_TIME_METHODS = 30 };

extern const DatumMethod duration_methods[N_DURATION_METHODS], time_methods[N_TIME_METHODS],
                month_methods[1], weekday_methods[1];

void duration_to_string(const Datum *duration, GString *to);
void time_to_string(const Datum *instant, GString *to);
void time_to_go_string(const Datum *instant, GString *to);
void month_to_string(const Datum *month, GString *to);
void weekday_to_string(const Datum *weekday, GString *to);
