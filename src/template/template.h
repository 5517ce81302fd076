/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The language of alert templates: Go's text/template (https://pkg.go.dev/text/template), with its built-in
 * functions and the formatting of package fmt, over the context of one transition. What Go renders comes out
 * here as the same bytes, and what Go refuses is refused, with one exception: directly after a quoted string
 * "-}}" closes the action, as `"…" -}}` does.
 *
 * A run has limits (base/limits.h, TEMPLATE_*) that Go does not have; past one it fails with TEMPLATE_LIMIT,
 * and memory never grows beyond them. Pure: the same template and context give the same bytes. */

#include <glib.h>

#include "base/cleanup.h"
#include "template/context.h"

typedef struct Template Template;

typedef enum TemplateFault {
        TEMPLATE_SYNTAX,    /* does not parse */
        TEMPLATE_EXECUTION, /* parses, and fails on this context */
        TEMPLATE_LIMIT      /* needs more than a limit allows */
} TemplateFault;

typedef struct TemplateError {
        TemplateFault fault;
        unsigned line;   /* from 1 */
        unsigned column; /* from 1, in characters */
        char *text;      /* what is wrong, one line; like the two below UTF-8 that prints */
        char *token;     /* the text it stumbled over, cut short; may be empty */
        /* two lines: that line of the template, or a part of it, and a caret under the token */
        char *excerpt;
} TemplateError;
TemplateError *template_error_free(TemplateError *error);
DEFINE_CLEANUP(TemplateError, template_error_free);

/* "2:14: function "upper" not defined"; caller frees with g_free() */
char *template_error_to_string(const TemplateError *error);

/* name: what the template is called by itself, "subject" or "body"; copied, as is the text of n bytes.
 * -EINVAL, with the error where wanted (reterr may be NULL); -E2BIG besides when a limit was the reason. */
int template_parse(const char *name, const char *text, size_t n, Template **ret, TemplateError **reterr);
Template *template_free(Template *template);
DEFINE_CLEANUP(Template, template_free);

/* whether it parses only thanks to the exception above */
bool template_used_superset(const Template *template);
size_t template_size(const Template *template); /* bytes of memory */

/* Appends to `to`; what stands there after a failure is what came before it. Errors as above. */
int template_run(
                const Template *template,
                const TemplateContext *context,
                GString *to,
                TemplateError **reterr);
