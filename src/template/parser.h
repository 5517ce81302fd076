/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tokens -> trees, as sections "Actions", "Arguments", "Pipelines" and "Nested template definitions" of Go's
 * documentation of text/template say. */

#include "template/template.h"
#include "template/tree.h"

/* template: has its arena, text and name; gets its definitions. Errors as template_parse(). */
int parser_parse(Template *template, TemplateError **reterr);
