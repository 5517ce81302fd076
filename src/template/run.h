/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A run of a template: what is left of its limits, and the values it makes. For the files of this room. */

#include "template/datum.h"
#include "template/template.h"

typedef struct Variable {
        Bytes name;
        Datum value;
} Variable;

struct Run {
        const Template *template;
        GString *to;       /* the rendered text */
        size_t to_max;     /* its length at most */
        Arena *arena;      /* of values */
        GString *scratch;  /* what a function writes, until it becomes a value */
        GArray *variables; /* of Variable; those before first_variable belong to callers */
        unsigned first_variable;
        unsigned n_assigned; /* how often an older variable got a new value */
        unsigned depth;
        size_t n_steps;
        TemplateError *error;
        const Node *at; /* where it is, for errors */
};

/* -E2BIG, with the error: none is left. Steps are nodes visited; so many bytes of text count as one. */
int run_spend(Run *run, size_t n_steps);
int run_spend_bytes(Run *run, size_t n);
int run_enter(Run *run);  /* one deeper, in any case; leave by run->depth-- */
int run_exceed(Run *run); /* a value or the rendered text would become too long */

/* -EINVAL, with the sentence at run->at */
int run_fail(Run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A string made of what was written to run->scratch; -E2BIG: too much */
int run_take_scratch(Run *run, Datum *ret);
