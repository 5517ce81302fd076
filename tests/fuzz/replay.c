/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over the files of its corpus, each also cut short at every length up to a bound, which
 * finds the ends of texts that a corpus of whole ones never has. Usage: replay DIRECTORY [CUTS] */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define CUTS_MAX 400 /* bytes; longer inputs are replayed whole and in steps */

static void run(const char *bytes, size_t size) {
        g_autofree uint8_t *copy =
                        g_malloc(size + 1); /* of its exact size, so that a sanitizer sees its end */

        memcpy(copy, bytes, size);
        (void) LLVMFuzzerTestOneInput(copy, size);
}

static void replay_file(const char *path, gsize n_cuts) {
        g_autofree char *bytes = NULL;
        gsize size = 0;

        if (!g_file_get_contents(path, &bytes, &size, NULL))
                g_error("cannot read %s", path);
        for (size_t n = 0; n < size; n += MAX(1, size / n_cuts))
                run(bytes, n);
        run(bytes, size);
}

int main(int argc, char *argv[]) {
        g_autoptr(GDir) directory = NULL;
        const char *name;
        unsigned n_files = 0;

        if (argc < 2)
                g_error("usage: %s DIRECTORY [CUTS]", argv[0]);
        directory = g_dir_open(argv[1], 0, NULL);
        while (directory && (name = g_dir_read_name(directory))) {
                g_autofree char *path = g_build_filename(argv[1], name, NULL);

                replay_file(path, argc > 2 ? (gsize) atoi(argv[2]) : CUTS_MAX);
                n_files++;
        }
        if (n_files == 0)
                g_error("no corpus in %s", argv[1]);
        g_print("%u files\n", n_files);
        return 0;
}
