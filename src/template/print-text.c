/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "template/printing.h"
#include "template/quote.h"
#include "template/rune.h"

enum {
        QUOTED_BYTES = 8 /* that are quoted count as one step */
};

/* %s, %q, %x, %X and %v of strings; %t of booleans. */

int put_bool(Printer *printer, bool value, gunichar verb) {
        const char *text = value ? "true" : "false";

        if (verb != 't' && verb != 'v')
                return -EINVAL;
        put_padded(printer, text, strlen(text));
        return 0;
}

/* The precision counts code points. */
static Bytes cut(const Printer *printer, Bytes text) {
        size_t n = 0;
        gunichar rune;

        if (!printer->has_precision)
                return text;
        for (int i = 0; i < printer->precision && n < text.n; i++)
                n += rune_decode(text.bytes + n, text.n - n, &rune);
        return (Bytes){ text.bytes, n };
}

static void put_quoted(Printer *printer, Bytes text) {
        g_autoptr(GString) quoted = NULL;

        text = cut(printer, text);
        printer->n_steps += text.n / QUOTED_BYTES;
        quoted = g_string_sized_new(text.n + 3);
        if (printer->sharp && quote_can_be_raw(text.bytes, text.n)) {
                g_string_append_c(quoted, '`');
                g_string_append_len(quoted, text.bytes, (gssize) text.n);
                g_string_append_c(quoted, '`');
        } else
                quote_append(quoted, text.bytes, text.n, printer->plus);
        put_padded(printer, quoted->str, quoted->len);
}

/* Each byte as two digits; with a space between them where the flag ' ' is, and with 0x before the first one
 * or, with both flags, before each. The precision counts bytes. */
static void put_hexadecimal(Printer *printer, Bytes text, const char *digits) {
        size_t n = text.n, width;
        const char prefix[] = { '0', digits[16] };

        if (printer->has_precision && (size_t) printer->precision < n)
                n = (size_t) printer->precision;
        width = 2 * n;
        if (n > 0 && printer->space)
                width = (printer->sharp ? 4 * n : 2 * n) + n - 1;
        else if (n > 0 && printer->sharp)
                width += 2;

        if (width < (size_t) printer->width && (!printer->minus || n == 0))
                put_padding(printer, printer->width - (int) width);
        for (size_t i = 0; i < n && !printer->is_full; i++) {
                unsigned char byte = (unsigned char) text.bytes[i];
                const char pair[] = { digits[byte >> 4], digits[byte & 15] };

                if (i > 0 && printer->space)
                        put(printer, " ", 1);
                if (printer->sharp && (i == 0 || printer->space))
                        put(printer, prefix, sizeof(prefix));
                put(printer, pair, sizeof(pair));
        }
        if (width < (size_t) printer->width && printer->minus && n > 0)
                put_padding(printer, printer->width - (int) width);
}

int put_string(Printer *printer, Bytes text, gunichar verb) {
        switch (verb) {
        case 'v':
                if (printer->sharp_v) {
                        put_quoted(printer, text);
                        return 0;
                }
                G_GNUC_FALLTHROUGH;
        case 's':
                text = cut(printer, text);
                put_padded(printer, text.bytes, text.n);
                return 0;
        case 'x':
                put_hexadecimal(printer, text, "0123456789abcdefx");
                return 0;
        case 'X':
                put_hexadecimal(printer, text, "0123456789ABCDEFX");
                return 0;
        case 'q':
                put_quoted(printer, text);
                return 0;
        default:
                return -EINVAL;
        }
}
