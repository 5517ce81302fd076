/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text of a template as tokens, one at a time. Outside of actions there is text; inside, spaces are
 * tokens too, because they part arguments. Sections "Text and spaces" and "Actions" of Go's documentation of
 * text/template say what is what. */

#include <stdbool.h>
#include <stddef.h>

typedef enum TokenKind {
        TOKEN_ERROR, /* lexer.error says what */
        TOKEN_EOF,
        TOKEN_TEXT,
        TOKEN_LEFT_DELIMITER,
        TOKEN_RIGHT_DELIMITER,
        TOKEN_SPACE,
        TOKEN_ASSIGN,  /* = */
        TOKEN_DECLARE, /* := */
        TOKEN_PIPE,
        TOKEN_LEFT_PAREN,
        TOKEN_RIGHT_PAREN,
        TOKEN_PUNCTUATION, /* one printable ASCII character that has no use */
        TOKEN_BOOL,
        TOKEN_CHARACTER,
        TOKEN_NUMBER,
        TOKEN_COMPLEX,
        TOKEN_STRING,
        TOKEN_RAW_STRING,
        TOKEN_VARIABLE, /* with its "$" */
        TOKEN_FIELD,    /* with its "." */
        TOKEN_IDENTIFIER,
        _TOKEN_KEYWORDS, /* from here on: keywords */
        TOKEN_DOT,
        TOKEN_NIL,
        TOKEN_BLOCK,
        TOKEN_BREAK,
        TOKEN_CONTINUE,
        TOKEN_DEFINE,
        TOKEN_ELSE,
        TOKEN_END,
        TOKEN_IF,
        TOKEN_RANGE,
        TOKEN_TEMPLATE,
        TOKEN_WITH
} TokenKind;

typedef struct Token {
        TokenKind kind;
        size_t start, n; /* bytes of the text */
} Token;

typedef struct Lexer {
        const char *text; /* borrowed */
        size_t n, position;
        bool in_action;
        TokenKind before; /* the token before, of this action */
        size_t n_parens;  /* open ones */
        char *error;      /* owned, after a TOKEN_ERROR */
        bool friendly;    /* `"…"-}}` was met, which Go refuses */
} Lexer;

/* text: borrowed until lexer_done() */
void lexer_init(Lexer *lexer, const char *text, size_t n);
void lexer_done(Lexer *lexer);

/* After TOKEN_ERROR and TOKEN_EOF the same comes again. */
Token lexer_next(Lexer *lexer);
