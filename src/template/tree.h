/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A parsed template: the main text and what it defines, as trees of nodes. Immutable, one arena. */

#include <stdbool.h>
#include <stdint.h>

#include "template/arena.h"
#include "template/number.h"

typedef struct Function Function;

/* Bytes that are not ended by NUL and may contain it. */
typedef struct Bytes {
        const char *bytes;
        size_t n;
} Bytes;

typedef enum NodeKind {
        NODE_LIST,

        /* of a list */
        NODE_TEXT,
        NODE_ACTION,
        NODE_IF,
        NODE_WITH,
        NODE_RANGE,
        NODE_BREAK,
        NODE_CONTINUE,
        NODE_TEMPLATE,

        /* of an action */
        NODE_PIPE,
        NODE_COMMAND,

        /* of a command */
        NODE_DOT,
        NODE_NIL,
        NODE_BOOL,
        NODE_NUMBER,
        NODE_STRING,
        NODE_FIELD,
        NODE_VARIABLE,
        NODE_FUNCTION,
        NODE_CHAIN
} NodeKind;

typedef struct Node Node;
struct Node {
        NodeKind kind;
        uint32_t start, n; /* where it stands in the text, bytes; for errors */
        Node *next;        /* in its list, pipe or command */
        union {
                struct {
                        Node *first, *last;
                } list;
                Bytes text; /* NODE_TEXT, NODE_STRING */
                struct {
                        Node *pipe, *list, *else_list; /* else_list: NULL for none */
                        bool is_chained;               /* else_list is `else if`, or `else with` */
                } control;                             /* NODE_ACTION has only the pipe */
                struct {
                        Bytes name;
                        Node *pipe;                          /* NULL for none */
                        const struct Definition *definition; /* NULL: not defined */
                } invocation;
                struct {
                        Node *commands;
                        Node *variables; /* NODE_VARIABLE each */
                        uint32_t n_variables;
                        bool assigns; /* "=", not ":=" */
                } pipe;
                struct {
                        Node *arguments;
                        uint32_t n_arguments;
                } command;
                bool boolean;
                Number number;
                struct {
                        Node *base;   /* NODE_CHAIN: what stands before the fields */
                        Bytes *names; /* without dots; a variable's own name, with its "$", is the first */
                        uint32_t n_names;
                } path;
                const Function *function;
        };
};

typedef struct Definition {
        Bytes name;
        Node *root;
        struct Definition *next;
} Definition;

typedef struct Template {
        Arena *arena;
        char *text; /* in the arena; ended by NUL besides */
        size_t n;
        Bytes name;
        Definition *definitions;
        bool used_superset;
} Template;

const Definition *template_find(const Template *template, Bytes name); /* NULL: not defined */

static inline bool bytes_equal(Bytes a, Bytes b) {
        return a.n == b.n && (a.n == 0 || __builtin_memcmp(a.bytes, b.bytes, a.n) == 0);
}
