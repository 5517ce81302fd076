/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <json-glib/json-glib.h>

#include "fuzz.h"
#include "wire/codec.h"

/* What the guard lets through json-glib must take as well, without a word and without a crash. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(JsonParser) parser = NULL;
        g_autofree char *error = NULL;
        int r;

        r = json_guard((const char *) data, size, &error);
        if ((r < 0) != (error != NULL))
                __builtin_trap();
        if (r < 0)
                return 0;

        parser = json_parser_new();
        if (!json_parser_load_from_data(parser, (const char *) data, (gssize) size, NULL))
                __builtin_trap();
        return 0;
}
