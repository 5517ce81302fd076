/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/mime.h"

#include <assert.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 76       /* RFC 2045 section 6.7, RFC 2047 section 2 */
#define WORD_BEGIN "=?UTF-8?B?" /* at most 75 bytes with what is between */
#define WORD_END "?="
#define ADDRESS_MAX_BYTES 320 /* 64 + "@" + 255, RFC 5321 section 4.5.3.1 */

static bool is_control(unsigned char c) {
        return c < 0x20 || c == 0x7f;
}

/* Valid UTF-8 in which nothing can end a line. */
static char *one_line(const char *text) {
        char *line = g_utf8_make_valid(text, -1);

        for (char *p = line; *p; p++)
                if (is_control((unsigned char) *p))
                        *p = ' ';
        return g_strstrip(line);
}

/* ASCII that no reader could take for an encoded word, in words short enough to fold */
static bool is_plain(const char *text) {
        size_t word = 0;

        for (const char *p = text; *p; p++) {
                if ((unsigned char) *p >= 0x80)
                        return false;
                word = *p == ' ' ? 0 : word + 1;
                if (word > LINE_MAX_BYTES - 16)
                        return false;
        }
        return !strstr(text, "=?");
}

/* columns of the line that is being written */
static size_t column(const GString *out) {
        const char *line = g_strrstr(out->str, "\r\n");

        return line ? (size_t) (out->str + out->len - line) - 2 : out->len;
}

/* " word", on a new line when it would not fit on this one */
static void append_word(GString *out, const char *word) {
        if (column(out) + 1 + strlen(word) > LINE_MAX_BYTES && *word)
                g_string_append(out, "\r\n");
        g_string_append_c(out, ' ');
        g_string_append(out, word);
}

static void append_plain(GString *out, const char *text) {
        g_auto(GStrv) words = g_strsplit(text, " ", -1);

        for (char **word = words; *word; word++)
                append_word(out, *word);
}

/* how many bytes of text, cut on a code point, fit into n of base64 */
static size_t encodable(const char *text, size_t n) {
        size_t most = n / 4 * 3, used = 0;

        while (text[used] && used + (size_t) g_utf8_skip[(unsigned char) text[used]] <= most)
                used += (size_t) g_utf8_skip[(unsigned char) text[used]];
        return used;
}

static void append_encoded(GString *out, const char *text) {
        while (*text) {
                size_t taken = column(out) + 1 + strlen(WORD_BEGIN WORD_END);
                size_t n = taken < LINE_MAX_BYTES ? encodable(text, LINE_MAX_BYTES - taken) : 0;
                g_autofree char *base64 = NULL;

                if (n == 0) { /* on a new line there is always room for one */
                        g_string_append(out, "\r\n");
                        continue;
                }
                base64 = g_base64_encode((const guchar *) text, n);
                g_string_append_printf(out, " " WORD_BEGIN "%s" WORD_END, base64);
                text += n;
        }
}

static void append_text(GString *out, const char *text) {
        if (is_plain(text))
                append_plain(out, text);
        else
                append_encoded(out, text);
}

char *mime_header(const char *name, const char *text) {
        g_autofree char *line = NULL;
        GString *out;

        assert(name);
        assert(text);

        line = one_line(text);
        out = g_string_new(name);
        g_string_append_c(out, ':');
        append_text(out, line);
        g_string_append(out, "\r\n");
        return g_string_free(out, FALSE);
}

/* RFC 5321 section 4.1.3, as far as a line can be told from it: [192.0.2.1], [IPv6:2001:db8::1] */
static bool is_address_literal(const char *domain) {
        size_t n = strlen(domain);

        return n > 2 && domain[0] == '[' && domain[n - 1] == ']' &&
               strspn(domain + 1, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".:-") == n - 2;
}

/* ASCII alone: what is beyond it needs SMTPUTF8 (RFC 6531) of every relay on the way */
static bool is_address(const char *address) {
        const char *at = strrchr(address, '@'), *end;

        if (!at || at == address || !at[1] || strlen(address) > ADDRESS_MAX_BYTES)
                return false;
        end = is_address_literal(at + 1) ? at : at + strlen(at);
        for (const char *p = address; p < end; p++)
                if (!g_ascii_isgraph(*p) || strchr("<>,;:()[]\\\"", *p))
                        return false;
        return true;
}

/* Splits `Name <addr>`; ret_name may become empty. */
static int split_mailbox(const char *mailbox, char **ret_name, char **ret_address) {
        g_autofree char *name = NULL, *address = NULL;
        const char *open = strrchr(mailbox, '<'), *close = open ? strchr(open, '>') : NULL;

        for (const char *p = mailbox; *p; p++)
                if (is_control((unsigned char) *p))
                        return -1;
        if (open && (!close || close[1 + strspn(close + 1, " ")]))
                return -1;
        address = open ? g_strndup(open + 1, (size_t) (close - open - 1)) : g_strdup(mailbox);
        name = open ? g_strndup(mailbox, (size_t) (open - mailbox)) : g_strdup("");
        (void) g_strstrip(address);
        (void) g_strstrip(name);
        if (!is_address(address) || strpbrk(name, "<>"))
                return -1;

        *ret_name = g_steal_pointer(&name);
        *ret_address = g_steal_pointer(&address);
        return 0;
}

char *mime_address(const char *mailbox) {
        g_autofree char *name = NULL;
        char *address = NULL;

        assert(mailbox);

        return split_mailbox(mailbox, &name, &address) < 0 ? NULL : address;
}

char *mime_mailbox_header(const char *name, const char *mailbox) {
        g_autofree char *display = NULL, *address = NULL, *line = NULL, *bracketed = NULL;
        GString *out;
        size_t n;

        assert(name);
        assert(mailbox);

        if (split_mailbox(mailbox, &display, &address) < 0)
                return NULL;

        line = one_line(display);
        n = strlen(line);
        if (n >= 2 && line[0] == '"' && line[n - 1] == '"') { /* its quotes are syntax, not name */
                memmove(line, line + 1, n - 2);
                line[n - 2] = 0;
        }

        out = g_string_new(name);
        g_string_append_c(out, ':');
        if (strpbrk(line, "\"\\()<>[]:;@,.")) /* what RFC 5322 wants quoted is encoded, too */
                append_encoded(out, line);
        else if (*line)
                append_text(out, line);
        bracketed = g_strdup_printf(*line ? "<%s>" : "%s", address);
        append_word(out, bracketed);
        g_string_append(out, "\r\n");
        return g_string_free(out, FALSE);
}

char *mime_quoted_printable(const char *text) {
        GString *out = g_string_new(NULL);
        size_t line = 0;

        assert(text);

        for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
                bool at_end = p[1] == '\n' || p[1] == 0;
                bool literal = (*p >= 0x21 && *p <= 0x7e && *p != '=') ||
                               ((*p == ' ' || *p == '\t') && !at_end);
                size_t n = literal ? 1 : 3;

                if (*p == '\n') {
                        g_string_append(out, "\r\n");
                        line = 0;
                        continue;
                }
                if (line + n > LINE_MAX_BYTES - 1) { /* one column for the soft break */
                        g_string_append(out, "=\r\n");
                        line = 0;
                }
                g_string_append_printf(out, literal ? "%c" : "=%02X", *p);
                line += n;
        }
        return g_string_free(out, FALSE);
}

char *mime_date(usec_t realtime_usec) {
        static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        struct tm t = {};

        (void) gmtime_r(&seconds, &t);
        return g_strdup_printf(
                        "%s, %02d %s %04d %02d:%02d:%02d +0000",
                        days[t.tm_wday],
                        t.tm_mday,
                        months[t.tm_mon],
                        t.tm_year + 1900,
                        t.tm_hour,
                        t.tm_min,
                        t.tm_sec);
}
