/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* YAML -> objects of every file, in every mode. What is accepted must come back from its own text as the
 * same object and the same text, and what is refused must say why; adoption must end in a document that
 * obeys the rules. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "config/adopt.h"
#include "config/handedit.h"
#include "config/merge.h"
#include "config/validate.h"
#include "config/yaml.h"
#include "fuzz.h"

static void *parse(const ObjectType *type, const char *text, size_t size, YamlFlags flags) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        void *object = NULL;

        if (yaml_parse(type, text, size, flags, &object, warnings, &complaint) >= 0)
                return object;
        if (object || !complaint || !complaint->text)
                abort();
        return NULL;
}

static void check_round_trip(const ObjectType *type, const char *text, size_t size, YamlFlags flags) {
        g_autofree char *first = NULL, *second = NULL;
        void *object = parse(type, text, size, flags), *again;

        if (!object)
                return;
        first = yaml_emit(type, object, NULL, YAML_END_MARK);
        again = parse(type, first, strlen(first), flags);
        if (!again || !object_equal(type, object, again))
                abort();
        second = yaml_emit(type, again, "comment", YAML_END_MARK);
        if (strcmp(first, second + strlen("# comment\n")) != 0)
                abort();
        (void) object_free(type, object);
        (void) object_free(type, again);
}

static char *next_id(void *userdata) {
        return g_strdup_printf("fuzz-%u", ++*(unsigned *) userdata);
}

static void check_adoption(const char *text, size_t size) {
        _cleanup_(document_freep) Document *document = NULL;
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        unsigned n_ids = 0;

        if (document_adopt_text(text, size, next_id, &n_ids, &document, warnings, &complaint) < 0) {
                if (!complaint)
                        abort();
                return;
        }
        if (document_validate(document, NULL) < 0)
                abort();
}

static void check_hand_edit(const char *text, size_t size) {
        _cleanup_(document_freep) Document *current = document_new();
        unsigned n_ids = 0;
        const HandEditInput input = {
                .text = text,
                .size = size,
                .current = current,
                .next_id = next_id,
                .userdata = &n_ids,
        };
        _cleanup_(hand_edit_freep) HandEdit *edit = hand_edit_judge(&input);

        if ((edit->verdict == HAND_EDIT_REJECT) != !!edit->reason)
                abort();
        if (edit->merged && document_validate(edit->merged, NULL) < 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;

        check_round_trip(&document_type, text, size, YAML_KEEP_UNKNOWN);
        check_round_trip(&document_type, text, size, 0);
        check_round_trip(&node_config_type, text, size, YAML_LAX);
        check_round_trip(&trust_file_type, text, size, YAML_LAX);
        check_adoption(text, size);
        check_hand_edit(text, size);
        return 0;
}
