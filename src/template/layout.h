/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The calendar, and times written by example as Go does it: a layout shows how Mon Jan 2 15:04:05 MST 2006
 * would look (https://pkg.go.dev/time#pkg-constants). UTC alone. */

#include <stdint.h>

#include <glib.h>

typedef struct Calendar {
        int64_t year;
        int month, day; /* from 1 */
        int year_day;   /* from 1 */
        int weekday;    /* 0: Sunday */
        int hour, minute, second;
        unsigned nanosecond;
} Calendar;

extern const char *const calendar_months[12], *const calendar_weekdays[7];

/* seconds since year 1 */
Calendar calendar_from_seconds(int64_t seconds, unsigned nanosecond);
/* Days since year 1; month and day may lie beyond their bounds, by up to 10^9 or so. */
int64_t calendar_to_days(int64_t year, int64_t month, int64_t day);

void layout_format(const Calendar *calendar, const char *layout, size_t n, GString *to);
