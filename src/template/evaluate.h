/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pipelines -> values: "Arguments", "Pipelines" and "Variables" of Go's documentation of text/template. */

#include "template/run.h"

/* pipe: NULL gives no value. What it declares stays until variables are popped. */
int evaluate_pipe(Run *run, const Datum *dot, const Node *pipe, Datum *ret);

/* variables of the template that runs */
void variable_push(Run *run, Bytes name, const Datum *value);
Datum *variable_find(Run *run, Bytes name); /* the youngest; NULL: none */
