/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_joiner(gunichar c) {
        return c == 0x200c || c == 0x200d;
}

static bool is_harmful(gunichar c) {
        switch (g_unichar_type(c)) {
        case G_UNICODE_CONTROL:
        case G_UNICODE_LINE_SEPARATOR:
        case G_UNICODE_PARAGRAPH_SEPARATOR:
        case G_UNICODE_SURROGATE:
                return true;
        case G_UNICODE_FORMAT:
                return !is_joiner(c);
        default:
                return false;
        }
}

bool text_is_plain(const char *text) {
        assert(text);

        for (const char *p = text; *p; p++)
                if (*p < ' ' || *p >= 0x7f)
                        return false;
        return true;
}

static void append_escaped(GString *s, gunichar c) {
        switch (c) {
        case '\n':
                g_string_append(s, "\\n");
                break;
        case '\r':
                g_string_append(s, "\\r");
                break;
        case '\t':
                g_string_append(s, "\\t");
                break;
        default:
                g_string_append_printf(s, c < 0x80 ? "\\x%02x" : c > 0xffff ? "\\U%08x" : "\\u%04x", c);
        }
}

#define INDENTATION "    "

char *text_escape(const char *text) {
        GString *s;

        if (!text || text_is_plain(text))
                return g_strdup(text ?: "");

        s = g_string_new(NULL);
        for (const char *p = text; *p;) {
                gunichar c = g_utf8_get_char_validated(p, -1);

                if (c == (gunichar) -1 || c == (gunichar) -2) {
                        g_string_append_printf(s, "\\x%02x", (unsigned char) *p);
                        p++;
                        continue;
                }
                if (is_harmful(c))
                        append_escaped(s, c);
                else
                        g_string_append_unichar(s, c);
                p = g_utf8_next_char(p);
        }
        return g_string_free(s, /* free_segment= */ FALSE);
}

char *text_escape_lines(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text ?: "", "\n" INDENTATION, -1);

        for (char **line = lines; *line; line++) {
                char *escaped = text_escape(*line);

                g_free(*line);
                *line = escaped;
        }
        return g_strjoinv("\n" INDENTATION, lines);
}

char *text_escape_json(const char *json) {
        GString *s = g_string_new(NULL);

        assert(json);

        for (const char *p = json; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                /* the line ends of a pretty document are the only control characters outside of strings */
                if (c < 0x7f || !is_harmful(c))
                        g_string_append_unichar(s, c);
                else if (c <= 0xffff)
                        g_string_append_printf(s, "\\u%04x", c);
                else
                        g_string_append_printf(
                                        s, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
        }
        return g_string_free(s, /* free_segment= */ FALSE);
}

static unsigned character_width(gunichar c) {
        if (g_unichar_iszerowidth(c))
                return 0;
        return g_unichar_iswide(c) ? 2 : 1;
}

unsigned text_width(const char *escaped) {
        unsigned width = 0;

        assert(escaped);

        for (const char *p = escaped; *p; p = g_utf8_next_char(p))
                width += character_width(g_utf8_get_char(p));
        return width;
}

char *text_cut(const char *escaped, unsigned width) {
        const char *p = escaped;
        unsigned used = 0;

        assert(escaped);

        if (text_width(escaped) <= width)
                return g_strdup(escaped);
        if (width == 0)
                return g_strdup("");

        for (; *p; p = g_utf8_next_char(p)) {
                unsigned w = character_width(g_utf8_get_char(p));

                if (used + w > width - 1)
                        break;
                used += w;
        }
        return g_strdup_printf("%.*s…", (int) (p - escaped), escaped);
}

char *text_age(usec_t age_usec) {
        static const struct {
                usec_t usec;
                char suffix;
        } units[] = {
                { 24 * USEC_PER_HOUR, 'd' },
                { USEC_PER_HOUR, 'h' },
                { USEC_PER_MINUTE, 'm' },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
                if (age_usec >= units[i].usec)
                        return g_strdup_printf(
                                        "%" G_GUINT64_FORMAT "%c",
                                        age_usec / units[i].usec,
                                        units[i].suffix);
        return g_strdup_printf("%" G_GUINT64_FORMAT "s", age_usec / USEC_PER_SEC);
}

char *text_time(usec_t realtime_usec) {
        return realtime_usec > 0 ? usec_to_rfc3339(realtime_usec, /* without_fraction= */ true)
                                 : g_strdup("-");
}

static bool is_no(const char *value) {
        static const char *const no[] = { "0", "no", "n", "false", "f", "off", NULL };

        for (size_t i = 0; no[i]; i++)
                if (g_ascii_strcasecmp(value, no[i]) == 0)
                        return true;
        return false;
}

bool output_is_terminal(void) {
        static int terminal = -1;

        if (terminal < 0)
                terminal = isatty(STDOUT_FILENO);
        return terminal > 0;
}

static unsigned ask_width(void) {
        const char *columns = getenv("COLUMNS");
        struct winsize size;
        guint64 n;

        if (!output_is_terminal())
                return 0;
        if (columns && g_ascii_string_to_unsigned(columns, 10, 1, UINT16_MAX, &n, NULL))
                return (unsigned) n;
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

unsigned output_width(void) {
        static bool asked;
        static unsigned width;

        if (!asked) {
                width = ask_width();
                asked = true;
        }
        return width;
}

bool color_wanted(void) {
        const char *systemd_colors = getenv("SYSTEMD_COLORS"), *no_color = getenv("NO_COLOR");

        if (systemd_colors && *systemd_colors && !g_str_has_prefix(systemd_colors, "auto"))
                return !is_no(systemd_colors);
        if (no_color && *no_color)
                return false;
        return output_is_terminal() && g_strcmp0(getenv("TERM"), "dumb") != 0;
}

const char *color_start(Color color, bool wanted) {
        static const char *const starts[] = {
                [COLOR_NONE] = "",          [COLOR_GOOD] = "\033[0;32m",  [COLOR_BAD] = "\033[0;1;31m",
                [COLOR_DIM] = "\033[0;90m", [COLOR_HEADER] = "\033[0;4m", [COLOR_NOTICE] = "\033[0;1;33m",
        };

        assert((size_t) color < G_N_ELEMENTS(starts));
        return wanted ? starts[color] : "";
}

const char *color_end(Color color, bool wanted) {
        return wanted && color != COLOR_NONE ? "\033[0m" : "";
}

G_GNUC_PRINTF(2, 0)
static void complain(const char *prefix, const char *format, va_list ap) {
        g_autofree char *text = g_strdup_vprintf(format, ap), *escaped = NULL;

        g_strchomp(text);
        escaped = text_escape_lines(text);
        /* what came before it should stand before it, also where both go to one file */
        (void) fflush(stdout);
        (void) fprintf(stderr, "%s: %s\n", prefix, escaped);
}

ExitStatus fail(ExitStatus status, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        complain("error", format, ap);
        va_end(ap);
        return status;
}

void warn(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        complain("warning", format, ap);
        va_end(ap);
}
