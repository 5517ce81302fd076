/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/text.h"

#include <stdbool.h>

#include <glib.h>

#define ZERO_WIDTH_NON_JOINER 0x200c
#define ZERO_WIDTH_JOINER 0x200d
#define REPLACEMENT 0xfffd
#define ELLIPSIS "\xe2\x80\xa6"

static gunichar shown_char(gunichar c) {
        switch (g_unichar_type(c)) {
        case G_UNICODE_LINE_SEPARATOR:
        case G_UNICODE_PARAGRAPH_SEPARATOR:
                return ' ';
        case G_UNICODE_CONTROL:
                return c == '\n' || c == '\r' || c == '\t' ? ' ' : REPLACEMENT;
        case G_UNICODE_FORMAT:
                return c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER ? c : REPLACEMENT;
        case G_UNICODE_SURROGATE:
        case G_UNICODE_UNASSIGNED:
        case G_UNICODE_PRIVATE_USE:
                return REPLACEMENT;
        default:
                return c;
        }
}

/* markup's three letters, as others that look alike */
static gunichar without_markup(gunichar c) {
        switch (c) {
        case '<':
                return 0x2039; /* single left-pointing angle quotation mark */
        case '>':
                return 0x203a;
        case '&':
                return 0xff06; /* full-width ampersand */
        default:
                return c;
        }
}

static char *shown(const char *text, bool markup_possible) {
        /* of long text only as much is looked at as can be shown: six bytes at most make a character */
        g_autofree char *valid =
                        g_utf8_make_valid(text ?: "", (gssize) strnlen(text ?: "", SHOWN_MAX_CHARS * 6));
        GString *line = g_string_new(NULL);
        unsigned n = 0;

        for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
                gunichar c = shown_char(g_utf8_get_char(p));

                if (n++ == SHOWN_MAX_CHARS - 1 && *g_utf8_next_char(p)) {
                        g_string_append(line, ELLIPSIS);
                        break;
                }
                g_string_append_unichar(line, markup_possible ? without_markup(c) : c);
        }
        return g_string_free(line, FALSE);
}

char *shown_text(const char *text) {
        return shown(text, /* markup_possible= */ false);
}

char *shown_notice(const char *text) {
        return shown(text, /* markup_possible= */ true);
}

char *shown_time(usec_t realtime_usec) {
        g_autoptr(GDateTime) when = NULL;

        if (realtime_usec == 0 || realtime_usec > RFC3339_LAST_USEC)
                return g_strdup("");
        when = g_date_time_new_from_unix_local((gint64) (realtime_usec / USEC_PER_SEC));
        return when ? g_date_time_format(when, "%Y-%m-%d %H:%M") : g_strdup("");
}
