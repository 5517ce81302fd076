/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Errors with their place, found from where something stands in the text. */

#include "template/template.h"
#include "template/tree.h"

/* The n bytes at start are what it stumbled over. text: consumed. */
TemplateError *
error_new(const Template *template, TemplateFault fault, size_t start, size_t n, char *text_consumed);
