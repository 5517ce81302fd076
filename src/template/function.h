/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The built-in functions. */

#include "template/datum.h"
#include "template/tree.h"

typedef struct Run Run;

typedef enum FunctionKind { FUNCTION_PLAIN, FUNCTION_AND, FUNCTION_OR } FunctionKind;

struct Function {
        const char *name;
        FunctionKind kind;
        uint32_t n_fixed;  /* arguments it must have */
        bool is_variadic;  /* and may have more */
        bool takes_format; /* the first one is a plain string */
        int (*call)(Run *run, const Datum *arguments, size_t n, Datum *ret); /* NULL: run.c knows it */
};

const Function *function_find(const char *name, size_t n); /* NULL: not defined */
