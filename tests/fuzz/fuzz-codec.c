/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fuzz.h"
#include "model/document.h"
#include "model/observation.h"
#include "wire/codec.h"
#include "wire/envelope.h"

/* What decodes encodes to bytes that decode to the same object and encode to the same bytes. */
static void try(const ObjectType *type, const char *bytes, size_t size) {
        g_autofree char *text = NULL, *again = NULL, *error = NULL;
        void *object, *back;

        if (codec_decode(type, bytes, size, &object, &error) < 0) {
                if (!error)
                        __builtin_trap();
                return;
        }
        text = codec_encode_text(type, object);
        if (json_guard(text, strlen(text), NULL) < 0 ||
            codec_decode(type, text, strlen(text), &back, NULL) < 0)
                __builtin_trap();
        again = codec_encode_text(type, back);
        if (strcmp(text, again) != 0)
                __builtin_trap();
        (void) object_free(type, object);
        (void) object_free(type, back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        try(&document_type, (const char *) data, size);
        try(&observation_type, (const char *) data, size);
        try(&envelope_type, (const char *) data, size);
        return 0;
}
