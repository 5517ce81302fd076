/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An alert's own templates: whether they parse, and what they render to. A Complaint here names the field
 * ("subject_template", "body_template"), and line and column within the template; its text has, on two more
 * lines, the place and a caret under it. */

#include "alerts/context.h"
#include "cluster/change.h"
#include "config/complaint.h"
#include "model/alert.h"
#include "model/document.h"

#define FIELD_SUBJECT_TEMPLATE "subject_template"
#define FIELD_BODY_TEMPLATE "body_template"

/* Both templates must parse, but for one that stood in `before` already (NULL: none did): what was adopted
 * as it was does not keep people from changing something else. -EINVAL and a complaint. */
int alert_templates_validate(const Alert *alert, const Alert *before, Complaint **reterr);
/* The same of the object that a CHANGE_ADD or CHANGE_EDIT carries; 0 for all other changes, and for one that
 * planning will refuse. */
int change_templates_validate(const Value *value, const Change *change, Complaint **reterr);
/* The same of a whole document; the complaint names "alerts[2].body_template". */
int document_templates_validate(const Document *document, const Document *before, Complaint **reterr);
/* The same as a rule of cluster/editing.h: NULL, or a sentence that the caller frees. */
char *document_templates_rule(const Document *document, const Document *before);
/* For a document that is adopted: a warning for each that does not parse. Adds Complaints. */
void document_templates_warn(const Document *document, GPtrArray *warnings);

/* What stands in a mail's header, and in a body: text that is valid UTF-8 without NUL. -EINVAL, and a
 * complaint: it does not parse, or failed, or was past a limit. */
int template_render_subject(const char *text, const MessageContext *context, char **ret, Complaint **reterr);
int template_render_body(const char *text, const MessageContext *context, char **ret, Complaint **reterr);
