/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Taking over a cluster.yaml of the original, which checked next to nothing: it is never refused for what
 * the original allowed. What cannot stay as it is, is put right, each time with one warning that names line
 * and field; a check that could never be probed or an alert that could never be sent is left out. */

#include "config/complaint.h"
#include "config/merge.h"
#include "model/document.h"

/* The whole way: lax parse, adoption, lines for the warnings, and the rules of config/validate.h, which the
 * result obeys. -EBADMSG and a complaint when the text is no YAML of a document, or over a limit. */
int document_adopt_text(
                const char *text,
                size_t size,
                object_id_t next_id,
                void *userdata,
                Document **ret,
                GPtrArray *warnings,
                Complaint **reterr);

/* Adoption alone, of a document that yaml_parse() read with YAML_LAX. warnings: of Complaint, with the index
 * in the document as it came and without lines (yaml_locate() adds them). */
void document_adopt(Document *document, object_id_t next_id, void *userdata, GPtrArray *warnings);
