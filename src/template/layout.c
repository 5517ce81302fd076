/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/layout.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

const char *const calendar_months[12] = { "January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December" };
const char *const calendar_weekdays[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday" };

enum {
        ERA_YEARS = 400, /* after which the calendar repeats */
        ERA_DAYS = 146097,
        DAY_SECONDS = 86400
};

/* ---- the calendar ---- */

static int64_t divide_down(int64_t a, int64_t b) {
        return a / b - (a % b < 0);
}

/* Years begin with March, so that the leap day is the last one. */
int64_t calendar_to_days(int64_t year, int64_t month, int64_t day) {
        int64_t months = year * 12 + (month - 1) - 2, era, of_era, days;

        year = divide_down(months, 12);
        months -= year * 12;
        era = divide_down(year, ERA_YEARS);
        of_era = year - era * ERA_YEARS;
        days = of_era * 365 + of_era / 4 - of_era / 100 + (153 * months + 2) / 5;
        return era * ERA_DAYS + days + day - 1 - 306; /* from 1 March of year 0 to 1 January of year 1 */
}

static int64_t year_of(int64_t days) {
        int64_t year = divide_down(days * ERA_YEARS, ERA_DAYS) + 1;

        while (calendar_to_days(year, 1, 1) > days)
                year--;
        while (calendar_to_days(year + 1, 1, 1) <= days)
                year++;
        return year;
}

Calendar calendar_from_seconds(int64_t seconds, unsigned nanosecond) {
        int64_t days = divide_down(seconds, DAY_SECONDS), rest = seconds - days * DAY_SECONDS;
        Calendar c = { .nanosecond = nanosecond };

        c.year = year_of(days);
        c.year_day = (int) (days - calendar_to_days(c.year, 1, 1)) + 1;
        for (c.month = 1; c.month < 12 && calendar_to_days(c.year, c.month + 1, 1) <= days;)
                c.month++;
        c.day = (int) (days - calendar_to_days(c.year, c.month, 1)) + 1;
        c.weekday = (int) (((days + 1) % 7 + 7) % 7); /* 1 January of year 1 was a Monday */
        c.hour = (int) (rest / 3600);
        c.minute = (int) (rest / 60 % 60);
        c.second = (int) (rest % 60);
        return c;
}

/* ---- layouts ---- */

typedef enum Element {
        ELEMENT_NONE,
        ELEMENT_LONG_MONTH,
        ELEMENT_SHORT_MONTH,
        ELEMENT_MONTH,
        ELEMENT_MONTH_2,
        ELEMENT_LONG_WEEKDAY,
        ELEMENT_SHORT_WEEKDAY,
        ELEMENT_DAY,
        ELEMENT_DAY_BLANK,
        ELEMENT_DAY_2,
        ELEMENT_YEAR_DAY_BLANK,
        ELEMENT_YEAR_DAY_3,
        ELEMENT_HOUR_2,
        ELEMENT_HOUR_12,
        ELEMENT_HOUR_12_2,
        ELEMENT_MINUTE,
        ELEMENT_MINUTE_2,
        ELEMENT_SECOND,
        ELEMENT_SECOND_2,
        ELEMENT_YEAR,
        ELEMENT_YEAR_2,
        ELEMENT_UPPER_PM,
        ELEMENT_LOWER_PM,
        ELEMENT_ZONE,  /* "UTC" */
        ELEMENT_FIXED, /* the same for every time in UTC */
        ELEMENT_BLANK_YEAR,
        ELEMENT_FRACTION
} Element;

/* The first that fits counts. */
static const struct {
        const char *example;
        Element element;
        const char *text; /* ELEMENT_FIXED */
        bool ends_word;   /* no lower-case letter may follow */
} elements[] = {
        { "January", ELEMENT_LONG_MONTH },
        { "Jan", ELEMENT_SHORT_MONTH, .ends_word = true },
        { "Monday", ELEMENT_LONG_WEEKDAY },
        { "Mon", ELEMENT_SHORT_WEEKDAY, .ends_word = true },
        { "MST", ELEMENT_ZONE },
        { "01", ELEMENT_MONTH_2 },
        { "02", ELEMENT_DAY_2 },
        { "03", ELEMENT_HOUR_12_2 },
        { "04", ELEMENT_MINUTE_2 },
        { "05", ELEMENT_SECOND_2 },
        { "06", ELEMENT_YEAR_2 },
        { "002", ELEMENT_YEAR_DAY_3 },
        { "15", ELEMENT_HOUR_2 },
        { "1", ELEMENT_MONTH },
        { "2006", ELEMENT_YEAR },
        { "2", ELEMENT_DAY },
        { "_2006", ELEMENT_BLANK_YEAR },
        { "__2", ELEMENT_YEAR_DAY_BLANK },
        { "_2", ELEMENT_DAY_BLANK },
        { "3", ELEMENT_HOUR_12 },
        { "4", ELEMENT_MINUTE },
        { "5", ELEMENT_SECOND },
        { "PM", ELEMENT_UPPER_PM },
        { "pm", ELEMENT_LOWER_PM },
        { "-070000", ELEMENT_FIXED, "+000000" },
        { "-07:00:00", ELEMENT_FIXED, "+00:00:00" },
        { "-0700", ELEMENT_FIXED, "+0000" },
        { "-07:00", ELEMENT_FIXED, "+00:00" },
        { "-07", ELEMENT_FIXED, "+00" },
        { "Z070000", ELEMENT_FIXED, "Z" },
        { "Z07:00:00", ELEMENT_FIXED, "Z" },
        { "Z0700", ELEMENT_FIXED, "Z" },
        { "Z07:00", ELEMENT_FIXED, "Z" },
        { "Z07", ELEMENT_FIXED, "Z" },
};

/* ".000", ",999": a run of one of the two digits that no other digit follows; its length, or 0 */
static size_t fraction_length(const char *s, size_t n) {
        size_t i = 1;

        if (n < 2 || (s[0] != '.' && s[0] != ',') || (s[1] != '0' && s[1] != '9'))
                return 0;
        while (i < n && s[i] == s[1])
                i++;
        return i < n && g_ascii_isdigit(s[i]) ? 0 : i;
}

static size_t match(const char *s, size_t n, size_t i) {
        size_t length = strlen(elements[i].example);

        if (n < length || memcmp(s, elements[i].example, length) != 0)
                return 0;
        return elements[i].ends_word && n > length && g_ascii_islower(s[length]) ? 0 : length;
}

/* The element that begins at s; *ret_length bytes of the layout. */
static Element find_element(const char *s, size_t n, size_t *ret_length, const char **ret_text) {
        *ret_length = fraction_length(s, n);
        if (*ret_length > 0)
                return ELEMENT_FRACTION;
        for (size_t i = 0; i < G_N_ELEMENTS(elements); i++) {
                *ret_length = match(s, n, i);
                if (*ret_length > 0) {
                        *ret_text = elements[i].text;
                        return elements[i].element;
                }
        }
        *ret_length = 1;
        return ELEMENT_NONE;
}

/* ".999" leaves out zeros at its end, and itself when nothing is left. */
static void append_fraction(unsigned nanosecond, const char *s, size_t length, GString *to) {
        char digits[16];
        size_t n = MIN(length - 1, 9);

        (void) g_snprintf(digits, sizeof(digits), "%09u", nanosecond);
        if (s[1] == '9')
                while (n > 0 && digits[n - 1] == '0')
                        n--;
        if (n == 0)
                return;
        g_string_append_c(to, s[0]);
        g_string_append_len(to, digits, (gssize) n);
}

static void append_year(int64_t year, GString *to) {
        g_string_append_printf(to, "%s%04" G_GINT64_FORMAT, year < 0 ? "-" : "", year < 0 ? -year : year);
}

static void append_element(const Calendar *c, Element element, const char *text, GString *to) {
        int hour_12 = c->hour % 12 == 0 ? 12 : c->hour % 12;

        switch (element) {
        case ELEMENT_LONG_MONTH:
                g_string_append(to, calendar_months[c->month - 1]);
                break;
        case ELEMENT_SHORT_MONTH:
                g_string_append_len(to, calendar_months[c->month - 1], 3);
                break;
        case ELEMENT_MONTH:
                g_string_append_printf(to, "%d", c->month);
                break;
        case ELEMENT_MONTH_2:
                g_string_append_printf(to, "%02d", c->month);
                break;
        case ELEMENT_LONG_WEEKDAY:
                g_string_append(to, calendar_weekdays[c->weekday]);
                break;
        case ELEMENT_SHORT_WEEKDAY:
                g_string_append_len(to, calendar_weekdays[c->weekday], 3);
                break;
        case ELEMENT_DAY:
                g_string_append_printf(to, "%d", c->day);
                break;
        case ELEMENT_DAY_BLANK:
                g_string_append_printf(to, "%2d", c->day);
                break;
        case ELEMENT_DAY_2:
                g_string_append_printf(to, "%02d", c->day);
                break;
        case ELEMENT_YEAR_DAY_BLANK:
                g_string_append_printf(to, "%3d", c->year_day);
                break;
        case ELEMENT_YEAR_DAY_3:
                g_string_append_printf(to, "%03d", c->year_day);
                break;
        case ELEMENT_HOUR_2:
                g_string_append_printf(to, "%02d", c->hour);
                break;
        case ELEMENT_HOUR_12:
                g_string_append_printf(to, "%d", hour_12);
                break;
        case ELEMENT_HOUR_12_2:
                g_string_append_printf(to, "%02d", hour_12);
                break;
        case ELEMENT_MINUTE:
                g_string_append_printf(to, "%d", c->minute);
                break;
        case ELEMENT_MINUTE_2:
                g_string_append_printf(to, "%02d", c->minute);
                break;
        case ELEMENT_SECOND:
                g_string_append_printf(to, "%d", c->second);
                break;
        case ELEMENT_SECOND_2:
                g_string_append_printf(to, "%02d", c->second);
                break;
        case ELEMENT_BLANK_YEAR:
                g_string_append_c(to, '_');
                append_year(c->year, to);
                break;
        case ELEMENT_YEAR:
                append_year(c->year, to);
                break;
        case ELEMENT_YEAR_2:
                g_string_append_printf(to, "%02d", (int) (ABS(c->year) % 100));
                break;
        case ELEMENT_UPPER_PM:
                g_string_append(to, c->hour >= 12 ? "PM" : "AM");
                break;
        case ELEMENT_LOWER_PM:
                g_string_append(to, c->hour >= 12 ? "pm" : "am");
                break;
        case ELEMENT_ZONE:
                g_string_append(to, "UTC");
                break;
        case ELEMENT_FIXED:
                g_string_append(to, text);
                break;
        case ELEMENT_NONE:
        case ELEMENT_FRACTION:
                break; /* by layout_format() */
        }
}

void layout_format(const Calendar *calendar, const char *layout, size_t n, GString *to) {
        size_t length;

        assert(calendar);
        assert(to);

        for (size_t i = 0; i < n; i += length) {
                const char *text = NULL;
                Element element = find_element(layout + i, n - i, &length, &text);

                if (element == ELEMENT_FRACTION)
                        append_fraction(calendar->nanosecond, layout + i, length, to);
                else if (element == ELEMENT_NONE)
                        g_string_append_c(to, layout[i]);
                else
                        append_element(calendar, element, text, to);
        }
}
