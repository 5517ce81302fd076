/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The forms of alerts. */

#include "tui/actions.h"
#include "tui/object-form.h"

/* type: "smtp" or "discord" */
Dialog *alert_form_add(Desk *desk, const char *type);
Dialog *alert_form_edit(Desk *desk, const AlertRow *row); /* NULL: of a type that is not known here */

extern const ObjectKind alert_form_kind;
extern const char *const alert_form_types[];   /* in the order in which they are offered; ends with NULL */
const Verb *alert_form_verb(const char *type); /* that adds one; NULL: no such type */
/* What it would say of an invented outage, and what is wrong with its templates: lines, which the caller
 * frees. */
char **alert_form_preview(const void *alert, const char *node_id, usec_t now_realtime);
