/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/usec.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

usec_t usec_add(usec_t a, usec_t b) {
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

usec_t usec_sub(usec_t a, usec_t b) {
        if (a == USEC_INFINITY)
                return USEC_INFINITY;
        return a > b ? a - b : 0;
}

static const struct {
        const char *suffix;
        uint64_t nsec;
} duration_units[] = {
        /* longer suffixes first where one starts with another */
        { "ns", 1 },
        { "us", 1000 },
        { "µs", 1000 }, /* U+00B5 */
        { "μs", 1000 }, /* U+03BC */
        { "ms", 1000000 },
        { "s", 1000000000 },
        { "m", UINT64_C(60000000000) },
        { "h", UINT64_C(3600000000000) },
};

static int parse_unit(const char **p, uint64_t *ret_nsec) {
        for (size_t i = 0; i < G_N_ELEMENTS(duration_units); i++)
                if (g_str_has_prefix(*p, duration_units[i].suffix)) {
                        *p += strlen(duration_units[i].suffix);
                        *ret_nsec = duration_units[i].nsec;
                        return 0;
                }
        return -EINVAL;
}

int usec_from_duration(const char *text, usec_t *ret) {
        const char *p = text;
        uint64_t total = 0;
        int r;

        assert(text);
        assert(ret);

        if (*p == '-')
                return -ERANGE;
        if (*p == '+')
                p++;
        if (strcmp(p, "0") == 0) {
                *ret = 0;
                return 0;
        }
        if (!*p)
                return -EINVAL;

        while (*p) {
                uint64_t whole = 0, unit, part;
                double fraction = 0, scale = 1;
                bool digits = false;

                for (; g_ascii_isdigit(*p); p++, digits = true) {
                        if (whole > (INT64_MAX - 9) / 10)
                                return -ERANGE;
                        whole = whole * 10 + (uint64_t) (*p - '0');
                }
                if (*p == '.')
                        for (p++; g_ascii_isdigit(*p); p++, digits = true) {
                                scale *= 10;
                                fraction += (*p - '0') / scale;
                        }
                if (!digits)
                        return -EINVAL;

                r = parse_unit(&p, &unit);
                if (r < 0)
                        return r;

                if (whole > INT64_MAX / unit)
                        return -ERANGE;
                part = whole * unit + (uint64_t) (fraction * (double) unit + 0.5);
                if (part > INT64_MAX || total > INT64_MAX - part)
                        return -ERANGE;
                total += part;
        }

        *ret = total / 1000;
        return 0;
}

/* value in units of 10^-digits, without trailing zeros */
static void append_decimal(GString *s, uint64_t whole, uint64_t fraction, int digits) {
        g_string_append_printf(s, "%" G_GUINT64_FORMAT, whole);
        if (fraction == 0)
                return;
        g_string_append_printf(s, ".%0*" G_GUINT64_FORMAT, digits, fraction);
        while (s->str[s->len - 1] == '0')
                g_string_truncate(s, s->len - 1);
}

char *usec_to_duration(usec_t usec) {
        g_autoptr(GString) s = g_string_new(NULL);
        uint64_t minutes = usec / USEC_PER_MINUTE, rest = usec % USEC_PER_MINUTE;

        if (usec == 0)
                return g_strdup("0s");
        if (usec < USEC_PER_MSEC)
                return g_strdup_printf("%" G_GUINT64_FORMAT "µs", usec);
        if (usec < USEC_PER_SEC) {
                append_decimal(s, usec / USEC_PER_MSEC, usec % USEC_PER_MSEC, 3);
                g_string_append(s, "ms");
                return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
        }

        if (minutes >= 60)
                g_string_append_printf(s, "%" G_GUINT64_FORMAT "h", minutes / 60);
        if (minutes > 0)
                g_string_append_printf(s, "%" G_GUINT64_FORMAT "m", minutes % 60);
        append_decimal(s, rest / USEC_PER_SEC, rest % USEC_PER_SEC, 6);
        g_string_append_c(s, 's');
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}

char *usec_to_rfc3339(usec_t realtime_usec, bool without_fraction) {
        usec_t clamped = realtime_usec > RFC3339_LAST_USEC ? RFC3339_LAST_USEC : realtime_usec;
        time_t seconds = (time_t) (clamped / USEC_PER_SEC);
        uint64_t fraction = clamped % USEC_PER_SEC;
        char date[sizeof "9999-12-31T23:59:59"];
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                return g_strdup("1970-01-01T00:00:00Z");

        if (without_fraction || fraction == 0)
                return g_strdup_printf("%sZ", date);
        return g_strdup_printf("%s.%06" G_GUINT64_FORMAT "Z", date, fraction);
}

/* RFC 3339, section 5.6. ISO 8601, which GLib parses, allows much more: weeks, ordinal dates, no separators.
 */
static bool has_rfc3339_form(const char *text) {
        static const char date_time[] = "dddd-dd-ddTdd:dd:dd", offset[] = "+dd:dd";
        const char *p = text;

        for (const char *form = date_time; *form; form++, p++)
                if (*form == 'd' ? !g_ascii_isdigit(*p) : *p != *form)
                        return false;
        if (*p == '.') {
                if (!g_ascii_isdigit(*++p))
                        return false;
                while (g_ascii_isdigit(*p))
                        p++;
        }
        if (*p == 'Z')
                return p[1] == '\0';
        for (const char *form = offset; *form; form++, p++)
                if (*form == 'd'   ? !g_ascii_isdigit(*p)
                    : *form == '+' ? *p != '+' && *p != '-'
                                   : *p != *form)
                        return false;
        return *p == '\0';
}

int usec_from_rfc3339(const char *text, usec_t *ret) {
        g_autoptr(GDateTime) instant = NULL;
        usec_t usec;

        assert(text);
        assert(ret);

        if (!has_rfc3339_form(text))
                return -EINVAL;

        instant = g_date_time_new_from_iso8601(text, /* default_tz= */ NULL);
        if (!instant || g_date_time_to_unix(instant) < 0)
                return -EINVAL;

        usec = (usec_t) g_date_time_to_unix(instant) * USEC_PER_SEC +
               (usec_t) g_date_time_get_microsecond(instant);
        if (usec > RFC3339_LAST_USEC) /* an offset can reach beyond it */
                return -EINVAL;
        *ret = usec;
        return 0;
}
