/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/lexer.h"

#include <assert.h>
#include <string.h>

#include "template/quote.h"
#include "template/rune.h"

enum {
        DELIMITER = 2, /* bytes of "{{" and "}}" */
        MARKER = 2     /* of "- " and " -" */
};

static const struct {
        const char *word;
        TokenKind kind;
} keywords[] = {
        { "nil", TOKEN_NIL },           { "block", TOKEN_BLOCK },   { "break", TOKEN_BREAK },
        { "continue", TOKEN_CONTINUE }, { "define", TOKEN_DEFINE }, { "else", TOKEN_ELSE },
        { "end", TOKEN_END },           { "if", TOKEN_IF },         { "range", TOKEN_RANGE },
        { "template", TOKEN_TEMPLATE }, { "with", TOKEN_WITH },     { "true", TOKEN_BOOL },
        { "false", TOKEN_BOOL },
};

void lexer_init(Lexer *lexer, const char *text, size_t n) {
        assert(lexer);
        assert(text || n == 0);

        *lexer = (Lexer){ .text = text, .n = n };
}

void lexer_done(Lexer *lexer) {
        assert(lexer);

        g_clear_pointer(&lexer->error, g_free);
}

/* ---- looking ---- */

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool has_at(const Lexer *lexer, size_t position, const char *what) {
        size_t n = strlen(what);

        return position <= lexer->n && lexer->n - position >= n &&
               memcmp(lexer->text + position, what, n) == 0;
}

static size_t find(const Lexer *lexer, size_t position, const char *what) {
        const char *p = position < lexer->n ? memmem(lexer->text + position,
                                                     lexer->n - position,
                                                     what,
                                                     strlen(what))
                                            : NULL;

        return p ? (size_t) (p - lexer->text) : lexer->n;
}

/* "{{- " */
static bool has_left_marker(const Lexer *lexer, size_t position) {
        return lexer->n - position >= MARKER && lexer->text[position] == '-' &&
               is_blank(lexer->text[position + 1]);
}

/* " -}}" */
static bool has_right_marker(const Lexer *lexer, size_t position) {
        return position < lexer->n && is_blank(lexer->text[position]) && has_at(lexer, position + 1, "-}}");
}

/* The one superset of Go: directly after a quoted string "-}}" closes the action, too. */
static bool has_friendly_marker(const Lexer *lexer) {
        return lexer->before == TOKEN_STRING && has_at(lexer, lexer->position, "-}}");
}

static size_t skip_blanks(const Lexer *lexer, size_t position) {
        while (position < lexer->n && is_blank(lexer->text[position]))
                position++;
        return position;
}

static bool peek(const Lexer *lexer, gunichar *ret) {
        return rune_decode(lexer->text + lexer->position, lexer->n - lexer->position, ret) > 0;
}

/* false at the end */
static bool next(Lexer *lexer, gunichar *ret) {
        size_t width = rune_decode(lexer->text + lexer->position, lexer->n - lexer->position, ret);

        lexer->position += width;
        return width > 0;
}

static bool accept(Lexer *lexer, const char *set) {
        if (lexer->position >= lexer->n || !lexer->text[lexer->position] ||
            !strchr(set, lexer->text[lexer->position]))
                return false;
        lexer->position++;
        return true;
}

static bool at_word(const Lexer *lexer) {
        gunichar rune;

        return peek(lexer, &rune) && rune_is_word(rune);
}

/* whether a word may end here */
static bool at_terminator(const Lexer *lexer) {
        gunichar rune;

        if (!peek(lexer, &rune))
                return true;
        return (rune < 0x80 && (is_blank((char) rune) || (rune && strchr(".,|:()", (int) rune)))) ||
               has_at(lexer, lexer->position, "}}");
}

/* ---- making tokens ---- */

static Token token(Lexer *lexer, TokenKind kind, size_t start) {
        lexer->before = kind;
        return (Token){ kind, start, lexer->position - start };
}

static Token fail(Lexer *lexer, size_t start, char *error) {
        g_free(lexer->error);
        lexer->error = error;
        return token(lexer, TOKEN_ERROR, start);
}

/* "bad character U+0021 '!'" of the one that comes next */
static Token fail_rune(Lexer *lexer, const char *what) {
        size_t start = lexer->position;
        g_autofree char *name = NULL;
        gunichar rune = 0;

        (void) next(lexer, &rune);
        name = rune_name(rune);
        return fail(lexer, start, g_strdup_printf("%s %s", what, name));
}

static Token left_delimiter(Lexer *lexer) {
        size_t start = lexer->position;
        bool trims = has_left_marker(lexer, start + DELIMITER);
        Token delimiter;

        lexer->position += DELIMITER;
        delimiter = token(lexer, TOKEN_LEFT_DELIMITER, start);
        if (trims)
                lexer->position += MARKER;
        lexer->in_action = true;
        lexer->n_parens = 0;
        return delimiter;
}

static Token right_delimiter(Lexer *lexer, size_t n_marker) {
        size_t start = lexer->position;
        Token delimiter;

        lexer->position += n_marker + DELIMITER;
        delimiter = token(lexer, TOKEN_RIGHT_DELIMITER, start);
        if (n_marker > 0)
                lexer->position = skip_blanks(lexer, lexer->position);
        lexer->in_action = false;
        return delimiter;
}

/* ---- text and comments ---- */

/* false: an error is in *ret; else the comment is passed, and what it trims behind it */
static bool skip_comment(Lexer *lexer, Token *ret) {
        size_t start = lexer->position, inside = start + DELIMITER, end;

        if (has_left_marker(lexer, inside))
                inside += MARKER;
        end = find(lexer, inside + 2, "*/");
        if (end >= lexer->n) {
                lexer->position = MIN(inside + 2, lexer->n);
                *ret = fail(lexer, start, g_strdup("unclosed comment"));
                return false;
        }
        end += 2;
        if (has_right_marker(lexer, end))
                lexer->position = skip_blanks(lexer, end + MARKER + DELIMITER);
        else if (has_at(lexer, end, "}}"))
                lexer->position = end + DELIMITER;
        else {
                lexer->position = end;
                *ret = fail(lexer, start, g_strdup("comment ends before closing delimiter"));
                return false;
        }
        return true;
}

static bool at_comment(const Lexer *lexer) {
        size_t inside = lexer->position + DELIMITER;

        return has_at(lexer, lexer->position, "{{") &&
               has_at(lexer, has_left_marker(lexer, inside) ? inside + MARKER : inside, "/*");
}

static Token lex_text(Lexer *lexer) {
        Token result;

        for (;;) {
                size_t start = lexer->position, end = find(lexer, start, "{{"), trimmed = end;

                if (end < lexer->n && has_left_marker(lexer, end + DELIMITER))
                        while (trimmed > start && is_blank(lexer->text[trimmed - 1]))
                                trimmed--;
                lexer->position = end;
                if (trimmed > start) {
                        lexer->before = TOKEN_TEXT;
                        return (Token){ TOKEN_TEXT, start, trimmed - start };
                }
                if (end >= lexer->n)
                        return token(lexer, TOKEN_EOF, end);
                if (!at_comment(lexer))
                        return left_delimiter(lexer);
                if (!skip_comment(lexer, &result))
                        return result;
        }
}

/* ---- inside actions ---- */

static Token lex_space(Lexer *lexer) {
        size_t start = lexer->position;

        lexer->position = skip_blanks(lexer, start);
        if (!has_right_marker(lexer, lexer->position - 1))
                return token(lexer, TOKEN_SPACE, start);
        lexer->position--; /* the last one belongs to the marker */
        return lexer->position == start ? right_delimiter(lexer, MARKER) : token(lexer, TOKEN_SPACE, start);
}

/* Quoted by `quote`, on one line, with backslashes; the first quote is passed. */
static Token lex_quoted(Lexer *lexer, size_t start, char quote, TokenKind kind, const char *error) {
        gunichar rune;

        while (next(lexer, &rune)) {
                if (rune == (gunichar) quote)
                        return token(lexer, kind, start);
                if (rune == '\\' && !next(lexer, &rune))
                        break;
                if (rune == '\n')
                        break;
        }
        return fail(lexer, start, g_strdup(error));
}

static Token lex_raw_string(Lexer *lexer, size_t start) {
        size_t end = find(lexer, lexer->position, "`");

        lexer->position = MIN(end + 1, lexer->n);
        if (end < lexer->n)
                return token(lexer, TOKEN_RAW_STRING, start);
        return fail(lexer, start, g_strdup("unterminated raw quoted string"));
}

static bool scan_number(Lexer *lexer) {
        const char *digits = "0123456789_";
        bool is_decimal = true, is_hexadecimal = false;
        gunichar rune;

        (void) accept(lexer, "+-");
        if (accept(lexer, "0")) {
                is_decimal = false;
                if (accept(lexer, "xX")) {
                        digits = "0123456789abcdefABCDEF_";
                        is_hexadecimal = true;
                } else if (accept(lexer, "oO"))
                        digits = "01234567_";
                else if (accept(lexer, "bB"))
                        digits = "01_";
                else
                        is_decimal = true; /* a leading 0 says nothing about a float */
        }
        while (accept(lexer, digits)) {
        }
        if (accept(lexer, "."))
                while (accept(lexer, digits)) {
                }
        if ((is_decimal && accept(lexer, "eE")) || (is_hexadecimal && accept(lexer, "pP"))) {
                (void) accept(lexer, "+-");
                while (accept(lexer, "0123456789_")) {
                }
        }
        (void) accept(lexer, "i");
        if (!at_word(lexer))
                return true;
        (void) next(lexer, &rune);
        return false;
}

static Token fail_number(Lexer *lexer, size_t start) {
        g_autofree char *quoted = quote_text(lexer->text + start, lexer->position - start);

        return fail(lexer, start, g_strdup_printf("bad number syntax: %s", quoted));
}

static Token lex_number(Lexer *lexer, size_t start) {
        if (!scan_number(lexer))
                return fail_number(lexer, start);
        if (!has_at(lexer, lexer->position, "+") && !has_at(lexer, lexer->position, "-"))
                return token(lexer, TOKEN_NUMBER, start);
        /* complex, as in 1+2i */
        if (!scan_number(lexer) || lexer->text[lexer->position - 1] != 'i')
                return fail_number(lexer, start);
        return token(lexer, TOKEN_COMPLEX, start);
}

static TokenKind word_kind(const char *word, size_t n) {
        for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++)
                if (strlen(keywords[i].word) == n && memcmp(keywords[i].word, word, n) == 0)
                        return keywords[i].kind;
        return TOKEN_IDENTIFIER;
}

/* The rest of a word whose first character is passed. */
static Token lex_word(Lexer *lexer, size_t start, TokenKind kind) {
        gunichar rune;

        while (at_word(lexer))
                (void) next(lexer, &rune);
        if (!at_terminator(lexer))
                return fail_rune(lexer, "bad character");
        if (kind == TOKEN_IDENTIFIER)
                kind = word_kind(lexer->text + start, lexer->position - start);
        else if (kind == TOKEN_FIELD && lexer->position - start == 1)
                kind = TOKEN_DOT;
        return token(lexer, kind, start);
}

static Token lex_dot(Lexer *lexer, size_t start) {
        /* at the very end, and before a digit, it begins a number */
        if (lexer->position < lexer->n && !g_ascii_isdigit(lexer->text[lexer->position]))
                return lex_word(lexer, start, TOKEN_FIELD);
        lexer->position = start;
        return lex_number(lexer, start);
}

static Token lex_declare(Lexer *lexer, size_t start) {
        if (accept(lexer, "="))
                return token(lexer, TOKEN_DECLARE, start);
        return fail(lexer, start, g_strdup("expected :="));
}

static Token lex_paren(Lexer *lexer, size_t start, char paren) {
        if (paren == '(') {
                lexer->n_parens++;
                return token(lexer, TOKEN_LEFT_PAREN, start);
        }
        if (lexer->n_parens == 0)
                return fail(lexer, start, g_strdup("unexpected right paren"));
        lexer->n_parens--;
        return token(lexer, TOKEN_RIGHT_PAREN, start);
}

static Token lex_other(Lexer *lexer, size_t start, gunichar rune) {
        if (rune == '+' || rune == '-' || (rune < 0x80 && g_ascii_isdigit((char) rune))) {
                lexer->position = start;
                return lex_number(lexer, start);
        }
        if (rune_is_word(rune))
                return lex_word(lexer, start, TOKEN_IDENTIFIER);
        if (rune < 0x80 && rune_is_printable(rune))
                return token(lexer, TOKEN_PUNCTUATION, start);
        lexer->position = start;
        return fail_rune(lexer, "unrecognized character in action:");
}

static Token lex_action(Lexer *lexer) {
        size_t start = lexer->position;
        bool is_friendly = has_friendly_marker(lexer);
        gunichar rune;

        if (is_friendly || has_right_marker(lexer, start) || has_at(lexer, start, "}}")) {
                if (lexer->n_parens > 0)
                        return fail(lexer, start, g_strdup("unclosed left paren"));
                lexer->friendly = lexer->friendly || is_friendly;
                return right_delimiter(lexer, is_friendly ? 1 : has_at(lexer, start, "}}") ? 0 : MARKER);
        }
        if (!next(lexer, &rune))
                return fail(lexer, start, g_strdup("unclosed action"));

        switch (rune) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
                lexer->position = start;
                return lex_space(lexer);
        case '=':
                return token(lexer, TOKEN_ASSIGN, start);
        case ':':
                return lex_declare(lexer, start);
        case '|':
                return token(lexer, TOKEN_PIPE, start);
        case '"':
                return lex_quoted(lexer, start, '"', TOKEN_STRING, "unterminated quoted string");
        case '\'':
                return lex_quoted(lexer, start, '\'', TOKEN_CHARACTER, "unterminated character constant");
        case '`':
                return lex_raw_string(lexer, start);
        case '$':
                return lex_word(lexer, start, TOKEN_VARIABLE);
        case '.':
                return lex_dot(lexer, start);
        case '(':
        case ')':
                return lex_paren(lexer, start, (char) rune);
        default:
                return lex_other(lexer, start, rune);
        }
}

Token lexer_next(Lexer *lexer) {
        assert(lexer);

        if (lexer->before == TOKEN_ERROR && lexer->error)
                return (Token){ TOKEN_ERROR, lexer->position, 0 };
        return lexer->in_action ? lex_action(lexer) : lex_text(lexer);
}
