/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Completes what the command line left open: values from files ("-" is standard input), secrets typed hidden
 * on a terminal, and the complaint about what is required and still missing. An inline value beats a file.
 */

#include "ctl/verbs.h"

ExitStatus values_complete(Context *context, const Verb *verb, Arguments *arguments);
