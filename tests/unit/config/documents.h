/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Documents from short texts, for the tests of what happens to whole documents. */

#include <string.h>

#include "config/yaml.h"
#include "model/document.h"

static inline Document *document_from(const char *text) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        void *document = NULL;

        if (yaml_parse(&document_type, text, strlen(text), YAML_KEEP_UNKNOWN, &document, NULL, &complaint) <
            0)
                g_error("%s\n%s", complaint_to_string(complaint, "text"), text);
        return document;
}

static inline char *document_to(const Document *document) {
        return yaml_emit(&document_type, document, NULL, YAML_END_MARK);
}

/* "id-1", "id-2" …; userdata: unsigned * */
static inline char *count_ids(void *userdata) {
        return g_strdup_printf("id-%u", ++*(unsigned *) userdata);
}
