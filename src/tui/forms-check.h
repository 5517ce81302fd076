/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The forms of checks. */

#include "tui/actions.h"
#include "tui/object-form.h"

/* type: "http", "tcp" or "icmp" */
Dialog *check_form_add(Desk *desk, const char *type);
Dialog *check_form_edit(Desk *desk, const CheckRow *row);

extern const ObjectKind check_form_kind;
/* in the order in which they are offered; ends with NULL */
extern const char *const check_form_types[];
const Verb *check_form_verb(const char *type); /* that adds one; NULL: no such type */
