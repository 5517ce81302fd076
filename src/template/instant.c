/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/instant.h"

#include <string.h>

#include "template/layout.h"
#include "template/run.h"

#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_PER_MINUTE (60 * NSEC_PER_SEC)
#define NSEC_PER_HOUR (60 * NSEC_PER_MINUTE)
#define YEAR_ONE_TO_EPOCH INT64_C(62135596800) /* seconds */
#define TIME_MAX (INT64_C(1) << 56)            /* seconds from year 1: two thousand million years */
#define DATE_MAX INT64_C(1000000000)           /* years, months, days to add */

#define METHOD(method_name, function, ...)                                                                  \
        { .name = (method_name), .parameters = { __VA_ARGS__ }, .call = (function) }

/* ---- durations ---- */

/* The unit's share with its fraction, without trailing zeros. */
static void append_fraction(GString *to, uint64_t value, uint64_t unit, const char *name) {
        char digits[24];
        int n;

        g_string_append_printf(to, "%" G_GUINT64_FORMAT, value / unit);
        if (value % unit != 0) {
                for (n = 0; unit > 1; n++) {
                        value %= unit;
                        unit /= 10;
                        digits[n] = (char) ('0' + value / unit);
                }
                while (digits[n - 1] == '0')
                        n--;
                g_string_append_c(to, '.');
                g_string_append_len(to, digits, n);
        }
        g_string_append(to, name);
}

void duration_to_string(const Datum *duration, GString *to) {
        uint64_t value = duration->natural;

        if (duration->integer < 0) {
                g_string_append_c(to, '-');
                value = -value;
        }
        if (value == 0)
                g_string_append(to, "0s");
        else if (value < 1000)
                append_fraction(to, value, 1, "ns");
        else if (value < 1000 * 1000)
                append_fraction(to, value, 1000, "µs");
        else if (value < (uint64_t) NSEC_PER_SEC)
                append_fraction(to, value, 1000 * 1000, "ms");
        else {
                uint64_t minutes = value / (uint64_t) NSEC_PER_MINUTE;

                if (minutes >= 60)
                        g_string_append_printf(to, "%" G_GUINT64_FORMAT "h", minutes / 60);
                if (minutes > 0)
                        g_string_append_printf(to, "%" G_GUINT64_FORMAT "m", minutes % 60);
                append_fraction(to, value % (uint64_t) NSEC_PER_MINUTE, (uint64_t) NSEC_PER_SEC, "s");
        }
}

static bool is_under_half(uint64_t part, uint64_t whole) {
        return part < whole - part;
}

static int64_t duration_round(int64_t duration, int64_t unit) {
        int64_t rest, rounded;

        if (unit <= 0)
                return duration;
        rest = duration % unit;
        if (is_under_half((uint64_t) (rest < 0 ? -rest : rest), (uint64_t) unit))
                return duration - rest;
        if (__builtin_add_overflow(duration, duration < 0 ? -(unit + rest) : unit - rest, &rounded))
                return duration < 0 ? INT64_MIN : INT64_MAX;
        return rounded;
}

static double in_units(int64_t duration, int64_t unit) {
        return (double) (duration / unit) + (double) (duration % unit) / (double) unit;
}

static int duration_abs(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_duration,
                        d->integer >= 0           ? d->integer
                        : d->integer == INT64_MIN ? INT64_MAX
                                                  : -d->integer);
        return 0;
}

static int duration_hours(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_float(in_units(d->integer, NSEC_PER_HOUR));
        return 0;
}

static int duration_minutes(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_float(in_units(d->integer, NSEC_PER_MINUTE));
        return 0;
}

static int duration_seconds(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_float(in_units(d->integer, NSEC_PER_SEC));
        return 0;
}

static int duration_milliseconds(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_int64, d->integer / 1000000);
        return 0;
}

static int duration_microseconds(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_int64, d->integer / 1000);
        return 0;
}

static int duration_nanoseconds(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_int64, d->integer);
        return 0;
}

static int duration_rounded(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_duration, duration_round(d->integer, arguments[0].integer));
        return 0;
}

static int duration_truncate(Run *run, const Datum *d, const Datum *arguments, Datum *ret) {
        int64_t unit = arguments[0].integer;

        *ret = datum_of(&type_duration, unit <= 0 ? d->integer : d->integer - d->integer % unit);
        return 0;
}

/* String, and GoString where to_go_string is there */
static int to_string(Run *run, const Datum *datum, const Datum *arguments, Datum *ret) {
        datum->type->to_string(datum, run->scratch);
        return run_take_scratch(run, ret);
}

const DatumMethod duration_methods[N_DURATION_METHODS] = {
        METHOD("Abs", duration_abs, NULL),
        METHOD("Hours", duration_hours, NULL),
        METHOD("Microseconds", duration_microseconds, NULL),
        METHOD("Milliseconds", duration_milliseconds, NULL),
        METHOD("Minutes", duration_minutes, NULL),
        METHOD("Nanoseconds", duration_nanoseconds, NULL),
        METHOD("Round", duration_rounded, &type_duration),
        METHOD("Seconds", duration_seconds, NULL),
        METHOD("String", to_string, NULL),
        METHOD("Truncate", duration_truncate, &type_duration),
};

/* ---- times ---- */

TemplateTime template_time(int64_t unix_seconds, unsigned nanoseconds) {
        return (TemplateTime){ .seconds = unix_seconds + YEAR_ONE_TO_EPOCH, .nanoseconds = nanoseconds };
}

static const TemplateTime *time_of(const Datum *datum) {
        return datum->object;
}

static Calendar calendar_of(const Datum *datum) {
        const TemplateTime *instant = time_of(datum);

        return calendar_from_seconds(instant->seconds, (unsigned) instant->nanoseconds);
}

/* Go goes on to nonsense where its integers overflow. */
static int give_time(Run *run, TemplateTime instant, Datum *ret) {
        TemplateTime *copy;

        if (instant.seconds > TIME_MAX || instant.seconds < -TIME_MAX)
                return run_fail(run, "time out of range");
        copy = arena_take(run->arena, sizeof(TemplateTime));
        *copy = instant;
        *ret = datum_struct(&type_time, copy);
        return 0;
}

static __int128 nanoseconds_of(const TemplateTime *instant) {
        return (__int128) instant->seconds * NSEC_PER_SEC + (__int128) instant->nanoseconds;
}

static TemplateTime from_nanoseconds(__int128 value) {
        __int128 seconds = value / NSEC_PER_SEC, rest = value % NSEC_PER_SEC;

        if (rest < 0) {
                rest += NSEC_PER_SEC;
                seconds--;
        }
        return (TemplateTime){ .seconds = (int64_t) seconds, .nanoseconds = (uint64_t) rest };
}

static int compare(const Datum *a, const Datum *b) {
        __int128 difference = nanoseconds_of(time_of(a)) - nanoseconds_of(time_of(b));

        return difference < 0 ? -1 : difference > 0;
}

void time_to_string(const Datum *instant, GString *to) {
        static const char layout[] = "2006-01-02 15:04:05.999999999 -0700 MST";
        Calendar calendar = calendar_of(instant);

        layout_format(&calendar, layout, strlen(layout), to);
}

void time_to_go_string(const Datum *instant, GString *to) {
        Calendar c = calendar_of(instant);

        g_string_append_printf(
                        to,
                        "time.Date(%" G_GINT64_FORMAT ", time.%s, %d, %d, %d, %d, %u, time.UTC)",
                        c.year,
                        calendar_months[c.month - 1],
                        c.day,
                        c.hour,
                        c.minute,
                        c.second,
                        c.nanosecond);
}

static int time_go_string(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        time_to_go_string(t, run->scratch);
        return run_take_scratch(run, ret);
}

static int time_format(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        Calendar calendar = calendar_of(t);
        int r;

        r = run_spend(run, arguments[0].text.n); /* each byte is compared with all examples */
        if (r < 0)
                return r;
        layout_format(&calendar, arguments[0].text.bytes, arguments[0].text.n, run->scratch);
        return run_take_scratch(run, ret);
}

static int time_add(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        return give_time(run, from_nanoseconds(nanoseconds_of(time_of(t)) + arguments[0].integer), ret);
}

static int time_add_date(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        Calendar calendar = calendar_of(t);
        TemplateTime instant = *time_of(t);
        int64_t seconds;

        for (unsigned i = 0; i < 3; i++)
                if (arguments[i].integer > DATE_MAX || arguments[i].integer < -DATE_MAX)
                        return run_fail(run, "AddDate: out of range");
        seconds = calendar_to_days(
                                  calendar.year + arguments[0].integer,
                                  calendar.month + arguments[1].integer,
                                  calendar.day + arguments[2].integer) *
                  86400;
        instant.seconds = seconds + calendar.hour * 3600 + calendar.minute * 60 + calendar.second;
        return give_time(run, instant, ret);
}

static int time_sub(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        __int128 difference = nanoseconds_of(time_of(t)) - nanoseconds_of(time_of(&arguments[0]));

        *ret = datum_of(&type_duration,
                        difference > INT64_MAX   ? INT64_MAX
                        : difference < INT64_MIN ? INT64_MIN
                                                 : (int64_t) difference);
        return 0;
}

static __int128 rest_of(const TemplateTime *instant, int64_t unit) {
        __int128 rest = nanoseconds_of(instant) % unit;

        return rest < 0 ? rest + unit : rest;
}

static int time_truncate(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        int64_t unit = arguments[0].integer;

        *ret = *t;
        if (unit <= 0)
                return 0;
        return give_time(run, from_nanoseconds(nanoseconds_of(time_of(t)) - rest_of(time_of(t), unit)), ret);
}

static int time_round(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        int64_t unit = arguments[0].integer;
        __int128 rest;

        *ret = *t;
        if (unit <= 0)
                return 0;
        rest = rest_of(time_of(t), unit);
        if (!is_under_half((uint64_t) rest, (uint64_t) unit))
                rest -= unit;
        return give_time(run, from_nanoseconds(nanoseconds_of(time_of(t)) - rest), ret);
}

static int time_after(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_bool(compare(t, &arguments[0]) > 0);
        return 0;
}

static int time_before(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_bool(compare(t, &arguments[0]) < 0);
        return 0;
}

static int time_compare(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(compare(t, &arguments[0]));
        return 0;
}

static int time_equal(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_bool(compare(t, &arguments[0]) == 0);
        return 0;
}

static int time_is_zero(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_bool(nanoseconds_of(time_of(t)) == 0);
        return 0;
}

static int time_is_dst(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_bool(false);
        return 0;
}

/* UTC, and Local: a message must not depend on where it is rendered */
static int time_itself(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = *t;
        return 0;
}

/* Go gives a *time.Location, which prints as its name. */
static int time_location(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_string("UTC", strlen("UTC"));
        return 0;
}

static int time_year(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(calendar_of(t).year);
        return 0;
}

static int time_month(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_month, calendar_of(t).month);
        return 0;
}

static int time_day(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(calendar_of(t).day);
        return 0;
}

static int time_year_day(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(calendar_of(t).year_day);
        return 0;
}

static int time_weekday(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_of(&type_weekday, calendar_of(t).weekday);
        return 0;
}

static int time_hour(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(calendar_of(t).hour);
        return 0;
}

static int time_minute(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(calendar_of(t).minute);
        return 0;
}

static int time_second(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int(calendar_of(t).second);
        return 0;
}

static int time_nanosecond(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        *ret = datum_int((int64_t) time_of(t)->nanoseconds);
        return 0;
}

/* since the epoch, in units of which a second has n */
static int since_epoch(const Datum *t, int64_t n, Datum *ret) {
        __int128 value = (nanoseconds_of(time_of(t)) - (__int128) YEAR_ONE_TO_EPOCH * NSEC_PER_SEC);

        value = value >= 0 ? value / (NSEC_PER_SEC / n)
                           : -((-value + NSEC_PER_SEC / n - 1) / (NSEC_PER_SEC / n));
        *ret = datum_of(&type_int64, (int64_t) value);
        return 0;
}

static int time_unix(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        return since_epoch(t, 1, ret);
}

static int time_unix_milli(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        return since_epoch(t, 1000, ret);
}

static int time_unix_micro(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        return since_epoch(t, 1000000, ret);
}

static int time_unix_nano(Run *run, const Datum *t, const Datum *arguments, Datum *ret) {
        return since_epoch(t, NSEC_PER_SEC, ret);
}

const DatumMethod time_methods[N_TIME_METHODS] = {
        METHOD("Add", time_add, &type_duration),
        METHOD("AddDate", time_add_date, &type_int, &type_int, &type_int),
        METHOD("After", time_after, &type_time),
        METHOD("Before", time_before, &type_time),
        METHOD("Compare", time_compare, &type_time),
        METHOD("Day", time_day, NULL),
        METHOD("Equal", time_equal, &type_time),
        METHOD("Format", time_format, &type_string),
        METHOD("GoString", time_go_string, NULL),
        METHOD("Hour", time_hour, NULL),
        METHOD("IsDST", time_is_dst, NULL),
        METHOD("IsZero", time_is_zero, NULL),
        METHOD("Local", time_itself, NULL),
        METHOD("Location", time_location, NULL),
        METHOD("Minute", time_minute, NULL),
        METHOD("Month", time_month, NULL),
        METHOD("Nanosecond", time_nanosecond, NULL),
        METHOD("Round", time_round, &type_duration),
        METHOD("Second", time_second, NULL),
        METHOD("String", to_string, NULL),
        METHOD("Sub", time_sub, &type_time),
        METHOD("Truncate", time_truncate, &type_duration),
        METHOD("UTC", time_itself, NULL),
        METHOD("Unix", time_unix, NULL),
        METHOD("UnixMicro", time_unix_micro, NULL),
        METHOD("UnixMilli", time_unix_milli, NULL),
        METHOD("UnixNano", time_unix_nano, NULL),
        METHOD("Weekday", time_weekday, NULL),
        METHOD("Year", time_year, NULL),
        METHOD("YearDay", time_year_day, NULL),
};

/* ---- months and days of the week ---- */

/* `range` over a month counts from 0, which is none. */
void month_to_string(const Datum *month, GString *to) {
        if (month->integer >= 1 && month->integer <= 12)
                g_string_append(to, calendar_months[month->integer - 1]);
        else
                g_string_append_printf(to, "%%!Month(%" G_GUINT64_FORMAT ")", month->natural);
}

void weekday_to_string(const Datum *weekday, GString *to) {
        g_string_append(to, calendar_weekdays[weekday->integer]);
}

const DatumMethod month_methods[1] = { METHOD("String", to_string, NULL) };
const DatumMethod weekday_methods[1] = { METHOD("String", to_string, NULL) };
