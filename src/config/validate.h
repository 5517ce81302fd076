/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The rules of the document's objects: names, targets, durations, references. Each refusal is one sentence
 * that says what would be right. Used for every change, wherever it comes from. Complaints have no line;
 * those about a document name the place ("checks[2].interval"), and yaml_locate() finds it in a text. */

#include "config/complaint.h"
#include "model/document.h"

/* Field rules of one object; 0, or -EINVAL with the first complaint (reterr may be NULL). An empty id is let
 * pass here, so that an object can be checked before it has one. */
int check_validate(const Check *check, Complaint **reterr);
int alert_validate(const Alert *alert, Complaint **reterr);
int peer_validate(const Peer *peer, Complaint **reterr);
/* The document as a whole: objects, ids that are there and unique, names unique and no other object's id,
 * references to alerts that exist, counts. */
int document_validate(const Document *document, Complaint **reterr);

/* parts of the rules, for whoever asks a person for one value; 0, or -EINVAL with a sentence */

/* A name of a check or alert: 1..NAME_MAX_BYTES of UTF-8, no control characters, no space at either end. */
int name_validate(const char *name, char **reterr_text);
int target_validate(CheckKind type, const char *target, char **reterr_text);
int mail_address_validate(const char *address, char **reterr_text);
int webhook_validate(const char *url, char **reterr_text);
