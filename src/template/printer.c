/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/printer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "template/printing.h"
#include "template/quote.h"
#include "template/run.h"
#include "template/rune.h"

#define NUMBER_MAX 1000000 /* Go's own limit of a width, a precision and an index */
/* an address says nothing, and must be the same on every node */
#define POINTER_SHOWN UINT64_C(0xc000010000)

static void put_datum(Printer *printer, const Datum *datum, gunichar verb, unsigned depth);

/* ---- appending ---- */

void put(Printer *printer, const char *bytes, size_t n) {
        if (printer->is_full || n > printer->max - printer->to->len) {
                printer->is_full = true;
                return;
        }
        g_string_append_len(printer->to, bytes, (gssize) n);
}

void put_text(Printer *printer, const char *text) {
        put(printer, text, strlen(text));
}

static void put_rune(Printer *printer, gunichar rune) {
        char bytes[4];

        put(printer, bytes, rune_encode(rune, bytes));
}

void put_padding(Printer *printer, int n) {
        size_t at = printer->to->len;

        if (n <= 0)
                return;
        if (printer->is_full || (size_t) n > printer->max - at) {
                printer->is_full = true;
                return;
        }
        g_string_set_size(printer->to, at + (size_t) n);
        memset(printer->to->str + at, printer->zero && !printer->minus ? '0' : ' ', (size_t) n);
}

void put_padded(Printer *printer, const char *bytes, size_t n) {
        int n_padding = 0;

        if (printer->has_width && printer->width > 0) {
                size_t n_runes = rune_count(bytes, n);

                n_padding = n_runes < (size_t) printer->width ? printer->width - (int) n_runes : 0;
        }
        if (!printer->minus)
                put_padding(printer, n_padding);
        put(printer, bytes, n);
        if (printer->minus)
                put_padding(printer, n_padding);
}

void put_padded_with_blanks(Printer *printer, const char *bytes, size_t n) {
        bool zero = printer->zero;

        printer->zero = false;
        put_padded(printer, bytes, n);
        printer->zero = zero;
}

/* ---- error forms ---- */

static void clear_directive(Printer *printer) {
        printer->minus = printer->plus = printer->sharp = printer->space = printer->zero = false;
        printer->plus_v = printer->sharp_v = printer->has_width = printer->has_precision = false;
        printer->width = printer->precision = 0;
}

static void put_operand(Printer *printer, const Datum *operand, gunichar verb);

/* "%!d(string=x)": the verb does not go with the type. The flags stay. */
static void put_bad_verb(Printer *printer, gunichar verb) {
        Datum operand = printer->operand;

        printer->is_erroring = true;
        put_text(printer, "%!");
        put_rune(printer, verb);
        put_text(printer, "(");
        if (operand.type) {
                put_text(printer, operand.type->name);
                put_text(printer, "=");
                put_operand(printer, &operand, 'v');
        } else
                put_text(printer, "<nil>");
        put_text(printer, ")");
        printer->is_erroring = false;
}

static void put_complaint(Printer *printer, gunichar verb, const char *complaint) {
        put_text(printer, "%!");
        put_rune(printer, verb);
        put_text(printer, complaint);
}

/* ---- values ---- */

/* String() and GoString(), where the type has them and the verb goes with texts. */
static bool put_by_method(Printer *printer, const Datum *datum, gunichar verb) {
        g_autoptr(GString) text = NULL;

        if (printer->is_erroring)
                return false;
        if (verb == 'w') {
                put_bad_verb(printer, verb);
                return true;
        }
        if (printer->sharp_v) {
                if (!datum->type->to_go_string)
                        return false;
                text = g_string_new(NULL);
                datum->type->to_go_string(datum, text);
                (void) put_string(printer, (Bytes){ text->str, text->len }, 's');
                return true;
        }
        if (!datum->type->to_string || verb == 0 || verb >= 0x80 || !strchr("vsxXq", (int) verb))
                return false;
        text = g_string_new(NULL);
        datum->type->to_string(datum, text);
        if (put_string(printer, (Bytes){ text->str, text->len }, verb) < 0)
                put_bad_verb(printer, verb);
        return true;
}

static void put_list(Printer *printer, const Datum *datum, gunichar verb, unsigned depth) {
        const TemplateList *list = &datum->list;

        if (printer->sharp_v) {
                put_text(printer, datum->type->name);
                if (!list->items) {
                        put_text(printer, "(nil)");
                        return;
                }
        }
        put_text(printer, printer->sharp_v ? "{" : "[");
        for (size_t i = 0; i < list->n; i++) {
                Datum item = datum_string(list->items[i].bytes, list->items[i].n);

                if (i > 0)
                        put_text(printer, printer->sharp_v ? ", " : " ");
                put_datum(printer, &item, verb, depth + 1);
        }
        put_text(printer, printer->sharp_v ? "}" : "]");
}

static void put_struct(Printer *printer, const Datum *datum, gunichar verb, unsigned depth) {
        const DatumType *type = datum->type;

        if (printer->sharp_v)
                put_text(printer, type->name);
        put_text(printer, "{");
        for (size_t i = 0; i < type->n_fields && !type->fields[i].is_silent; i++) {
                const DatumField *field = &type->fields[i];
                Datum value = datum_field(datum, field);

                if (i > 0)
                        put_text(printer, printer->sharp_v ? ", " : " ");
                if (printer->plus_v || printer->sharp_v) {
                        put_text(printer, field->name);
                        put_text(printer, ":");
                }
                /* what cannot be named from outside has no methods */
                put_datum(printer, &value, verb, field->is_private ? 0 : depth + 1);
        }
        put_text(printer, "}");
}

static void put_pointer(Printer *printer, const Datum *datum, gunichar verb) {
        uint64_t value = datum->object ? POINTER_SHOWN : 0;

        switch (verb) {
        case 'v':
                if (printer->sharp_v) {
                        put_text(printer, "(");
                        put_text(printer, datum->type->name);
                        put_text(printer, ")(");
                        if (value == 0)
                                put_text(printer, "nil");
                        else
                                put_pointer_number(printer, value, /* leading_0x= */ true);
                        put_text(printer, ")");
                } else if (value == 0)
                        put_padded(printer, "<nil>", strlen("<nil>"));
                else
                        put_pointer_number(printer, value, !printer->sharp);
                break;
        case 'p':
                put_pointer_number(printer, value, !printer->sharp);
                break;
        case 'b':
        case 'o':
        case 'd':
        case 'x':
        case 'X':
                (void) put_integer(printer, value, /* is_signed= */ false, verb);
                break;
        default:
                put_bad_verb(printer, verb);
        }
}

/* The value itself, without its methods. */
static void put_bare(Printer *printer, const Datum *datum, gunichar verb, unsigned depth) {
        int r = 0;

        switch (datum->type->kind) {
        case KIND_BOOL:
                r = put_bool(printer, datum->boolean, verb);
                break;
        case KIND_INT:
                r = put_integer(printer, datum->natural, /* is_signed= */ true, verb);
                break;
        case KIND_UINT:
                r = put_integer(printer, datum->natural, /* is_signed= */ false, verb);
                break;
        case KIND_FLOAT:
                r = put_float(printer, datum->real, verb);
                break;
        case KIND_COMPLEX:
                r = put_complex(printer, datum->real, datum->imaginary, verb);
                break;
        case KIND_STRING:
                r = put_string(printer, datum->text, verb);
                break;
        case KIND_LIST:
                put_list(printer, datum, verb, depth);
                break;
        case KIND_STRUCT:
                put_struct(printer, datum, verb, depth);
                break;
        case KIND_POINTER:
                if (depth == 0 && datum->object && datum->type->element) {
                        Datum target = datum_follow(datum);

                        put_text(printer, "&");
                        put_datum(printer, &target, verb, depth + 1);
                } else
                        put_pointer(printer, datum, verb);
                break;
        }
        if (r < 0)
                put_bad_verb(printer, verb);
}

/* depth 0: its methods were tried already */
static void put_datum(Printer *printer, const Datum *datum, gunichar verb, unsigned depth) {
        printer->n_steps++;
        printer->operand = *datum;
        if (depth > 0 && put_by_method(printer, datum, verb))
                return;
        put_bare(printer, datum, verb, depth);
}

static bool is_plain(const DatumType *type) {
        return type == &type_bool || type == &type_int || type == &type_int64 || type == &type_uint8 ||
               type == &type_uint64 || type == &type_float64 || type == &type_complex128 ||
               type == &type_string;
}

static void put_operand(Printer *printer, const Datum *operand, gunichar verb) {
        printer->operand = *operand;
        if (!operand->type) {
                if (verb == 'T' || verb == 'v')
                        put_padded(printer, "<nil>", strlen("<nil>"));
                else
                        put_bad_verb(printer, verb);
        } else if (verb == 'T')
                (void) put_string(printer, (Bytes){ operand->type->name, strlen(operand->type->name) }, 's');
        else if (verb == 'p' && (datum_is(operand, KIND_POINTER) || datum_is(operand, KIND_LIST))) {
                Datum address = { .type = operand->type };

                address.object = datum_is_nil(operand) ? NULL : operand;
                put_pointer(printer, &address, verb);
        } else if (verb == 'p')
                put_bad_verb(printer, verb);
        else if (is_plain(operand->type) || !put_by_method(printer, operand, verb))
                put_datum(printer, operand, verb, 0);
}

/* ---- directives ---- */

/* The format while it is read, and where its operands are. */
typedef struct Reader {
        const char *s;
        size_t i, end;
        const Datum *operands;
        size_t n, next; /* the operand to come */
        bool is_reordered, after_index, is_index_good;
        size_t n_searched; /* bytes, for the end of an index */
} Reader;

static bool is_too_large(int64_t value) {
        return value > NUMBER_MAX || value < -NUMBER_MAX;
}

/* Decimal digits from *i; false: there are none, or far too many, and then all is taken. */
static bool read_number(const char *s, size_t *i, size_t end, int *ret) {
        int value = 0;
        bool is_number = false;

        for (; *i < end && g_ascii_isdigit(s[*i]); (*i)++) {
                if (is_too_large(value)) {
                        *i = end;
                        *ret = 0;
                        return false;
                }
                value = value * 10 + (s[*i] - '0');
                is_number = true;
        }
        *ret = value;
        return is_number;
}

/* "[n]"; false: not of that form. *ret_width bytes are passed anyway. */
static bool read_index(Reader *reader, int *ret, size_t *ret_width) {
        const char *s = reader->s + reader->i, *bracket;
        size_t n = reader->end - reader->i, i = 1;

        *ret_width = 1;
        if (n < 3)
                return false;
        bracket = memchr(s + 1, ']', n - 1);
        reader->n_searched += bracket ? (size_t) (bracket - s) : n;
        if (!bracket)
                return false;
        *ret_width = (size_t) (bracket - s) + 1;
        if (!read_number(s, &i, *ret_width - 1, ret) || i != *ret_width - 1)
                return false;
        (*ret)--;
        return true;
}

static void take_index(Reader *reader) {
        size_t width;
        int index;
        bool is_index;

        reader->after_index = false;
        if (reader->i >= reader->end || reader->s[reader->i] != '[')
                return;
        reader->is_reordered = true;
        is_index = read_index(reader, &index, &width);
        reader->i += width;
        reader->after_index = is_index;
        if (is_index && index >= 0 && (size_t) index < reader->n)
                reader->next = (size_t) index;
        else
                reader->is_index_good = false;
}

/* An operand as width or precision. */
static bool take_star(Reader *reader, int *ret) {
        const Datum *operand;

        *ret = 0;
        reader->i++;
        reader->after_index = false;
        if (reader->next >= reader->n)
                return false;
        operand = &reader->operands[reader->next++];
        if (!datum_is(operand, KIND_INT) && !(datum_is(operand, KIND_UINT) && operand->integer >= 0))
                return false;
        if (is_too_large(operand->integer))
                return false;
        *ret = (int) operand->integer;
        return true;
}

static void read_flags(Printer *printer, Reader *reader) {
        for (; reader->i < reader->end; reader->i++)
                switch (reader->s[reader->i]) {
                case '#':
                        printer->sharp = true;
                        break;
                case '0':
                        printer->zero = true;
                        break;
                case '+':
                        printer->plus = true;
                        break;
                case '-':
                        printer->minus = true;
                        break;
                case ' ':
                        printer->space = true;
                        break;
                default:
                        return;
                }
}

static void read_width(Printer *printer, Reader *reader) {
        if (reader->i < reader->end && reader->s[reader->i] == '*') {
                printer->has_width = take_star(reader, &printer->width);
                if (!printer->has_width)
                        put_text(printer, "%!(BADWIDTH)");
                if (printer->width < 0) {
                        printer->width = -printer->width;
                        printer->minus = true;
                        printer->zero = false;
                }
                return;
        }
        printer->has_width = read_number(reader->s, &reader->i, reader->end, &printer->width);
        if (reader->after_index && printer->has_width) /* as in %[3]2d */
                reader->is_index_good = false;
}

static void read_precision(Printer *printer, Reader *reader) {
        if (reader->i + 1 >= reader->end || reader->s[reader->i] != '.')
                return;
        reader->i++;
        if (reader->after_index) /* as in %[3].2d */
                reader->is_index_good = false;
        take_index(reader);
        if (reader->i < reader->end && reader->s[reader->i] == '*') {
                printer->has_precision = take_star(reader, &printer->precision);
                if (printer->precision < 0) {
                        printer->precision = 0;
                        printer->has_precision = false;
                }
                if (!printer->has_precision)
                        put_text(printer, "%!(BADPREC)");
                return;
        }
        if (!read_number(reader->s, &reader->i, reader->end, &printer->precision))
                printer->precision = 0;
        printer->has_precision = true;
}

static void put_directive(Printer *printer, Reader *reader, gunichar verb) {
        const Datum *operand;

        if (verb == '%') {
                put_text(printer, "%");
                return;
        }
        if (!reader->is_index_good) {
                put_complaint(printer, verb, "(BADINDEX)");
                return;
        }
        if (reader->next >= reader->n) {
                put_complaint(printer, verb, "(MISSING)");
                return;
        }
        operand = &reader->operands[reader->next++];
        if (verb == 'v' || verb == 'w') {
                printer->sharp_v = printer->sharp;
                printer->sharp = false;
                printer->plus_v = printer->plus;
                printer->plus = false;
        }
        put_operand(printer, operand, verb);
}

/* One directive; the percent sign is passed. false: the format ended in it. */
static bool read_directive(Printer *printer, Reader *reader) {
        gunichar verb;

        clear_directive(printer);
        reader->is_index_good = true;
        read_flags(printer, reader);
        take_index(reader);
        read_width(printer, reader);
        read_precision(printer, reader);
        if (!reader->after_index)
                take_index(reader);
        if (reader->i >= reader->end) {
                put_text(printer, "%!(NOVERB)");
                return false;
        }
        reader->i += rune_decode(reader->s + reader->i, reader->end - reader->i, &verb);
        put_directive(printer, reader, verb);
        return true;
}

static void put_extra(Printer *printer, const Reader *reader) {
        if (reader->is_reordered || reader->next >= reader->n)
                return;
        clear_directive(printer);
        put_text(printer, "%!(EXTRA ");
        for (size_t i = reader->next; i < reader->n; i++) {
                const Datum *operand = &reader->operands[i];

                if (i > reader->next)
                        put_text(printer, ", ");
                put_text(printer, operand->type ? operand->type->name : "<nil>");
                if (operand->type) {
                        put_text(printer, "=");
                        put_operand(printer, operand, 'v');
                }
        }
        put_text(printer, ")");
}

/* ---- the whole ---- */

/* To be called after each operand; *n_before: what was there the last time. */
static int charge(Run *run, Printer *printer, size_t *n_before) {
        size_t n = printer->to->len - *n_before, n_steps = printer->n_steps;
        int r;

        if (printer->is_full)
                return run_exceed(run);
        printer->n_steps = 0;
        *n_before = printer->to->len;
        r = run_spend(run, n_steps);
        return r < 0 ? r : run_spend_bytes(run, n);
}

int print_format(Run *run, Bytes format, const Datum *operands, size_t n, GString *to, size_t max) {
        Printer printer = { .to = to, .max = max };
        Reader reader = { .s = format.bytes, .end = format.n, .operands = operands, .n = n };
        size_t n_before = to->len;
        int r;

        assert(run);
        assert(n_before <= max);

        while (reader.i < reader.end && !printer.is_full) {
                const char *rest = reader.s + reader.i;
                const char *percent = memchr(rest, '%', reader.end - reader.i);
                size_t n_plain = percent ? (size_t) (percent - rest) : reader.end - reader.i;

                put(&printer, rest, n_plain);
                reader.i += n_plain;
                if (!percent)
                        break;
                reader.i++;
                if (!read_directive(&printer, &reader))
                        break;
                r = run_spend_bytes(run, reader.n_searched);
                if (r >= 0)
                        r = charge(run, &printer, &n_before);
                if (r < 0)
                        return r;
                reader.n_searched = 0;
        }
        put_extra(&printer, &reader);
        return charge(run, &printer, &n_before);
}

int print_operands(Run *run, const Datum *operands, size_t n, GString *to, size_t max) {
        Printer printer = { .to = to, .max = max };
        size_t n_before = to->len;
        int r;

        assert(run);

        for (size_t i = 0; i < n; i++) {
                if (i > 0 && !datum_is(&operands[i], KIND_STRING) &&
                    !datum_is(&operands[i - 1], KIND_STRING))
                        put_text(&printer, " ");
                put_operand(&printer, &operands[i], 'v');
                r = charge(run, &printer, &n_before);
                if (r < 0)
                        return r;
        }
        return charge(run, &printer, &n_before);
}

int print_line(Run *run, const Datum *operands, size_t n, GString *to, size_t max) {
        Printer printer = { .to = to, .max = max };
        size_t n_before = to->len;
        int r;

        assert(run);

        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        put_text(&printer, " ");
                put_operand(&printer, &operands[i], 'v');
                r = charge(run, &printer, &n_before);
                if (r < 0)
                        return r;
        }
        put_text(&printer, "\n");
        return charge(run, &printer, &n_before);
}
