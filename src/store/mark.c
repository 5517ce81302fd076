/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/mark.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "store/file.h"

static char *mark_text(const char *state_id, uint64_t generation) {
        g_autofree char *told = NULL, *sum = NULL;

        told = g_strdup_printf(
                        "# Written by quptimed: how far this node's register has come. A register that is "
                        "behind is an old copy.\n"
                        "state_id: %s\n"
                        "generation: %" G_GUINT64_FORMAT "\n",
                        state_id,
                        generation);
        sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, told, -1);
        return g_strdup_printf("%schecksum: %s\n", told, sum);
}

static bool line_of(char *const *lines, const char *name, const char **ret) {
        for (; *lines; lines++)
                if (g_str_has_prefix(*lines, name)) {
                        *ret = *lines + strlen(name);
                        return true;
                }
        return false;
}

/* As it was written to the byte, or not at all: making it again from what was read is the check. */
static int parse(const char *text, char **ret_state_id, uint64_t *ret_generation) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", /* max_tokens= */ 8);
        g_autofree char *again = NULL;
        const char *state_id, *number;
        uint64_t generation;

        if (!line_of(lines, "state_id: ", &state_id) || !line_of(lines, "generation: ", &number) ||
            !g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64, &generation, NULL))
                return -EBADMSG;
        again = mark_text(state_id, generation);
        if (strcmp(again, text) != 0)
                return -EBADMSG;

        *ret_state_id = g_strdup(state_id);
        *ret_generation = generation;
        return 0;
}

static int fail_damaged(const char *path, char **reterr_text) {
        if (reterr_text)
                *reterr_text = g_strdup_printf(
                                "%s is damaged: it tells whether the register is an old copy. Delete it "
                                "only if "
                                "this disk lost nothing and no copy was put back; otherwise \"quptimed "
                                "--reset\" gives "
                                "this node a new identity",
                                path);
        return -EBADMSG;
}

int mark_check(const char *path,
               const char *register_path,
               const char *state_id,
               uint64_t generation,
               char **reterr_text) {
        g_autofree char *text = NULL, *marked_id = NULL;
        uint64_t marked;
        size_t size;
        int r;

        assert(path);
        assert(register_path);
        assert(state_id);

        r = file_read(path, SMALL_FILE_MAX_BYTES, &text, &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0) {
                if (reterr_text)
                        *reterr_text = g_strdup_printf("cannot read %s: %s", path, g_strerror(-r));
                return r;
        }
        if (strlen(text) != size || parse(text, &marked_id, &marked) < 0)
                return fail_damaged(path, reterr_text);
        if (strcmp(marked_id, state_id) != 0 || generation >= marked)
                return 0;

        if (reterr_text)
                *reterr_text = g_strdup_printf(
                                "%s is older than this node was (transaction %" G_GUINT64_FORMAT
                                ", but %s tells of %" G_GUINT64_FORMAT
                                "): a copy of it was put back, or its log was lost. Starting could vote "
                                "twice, so it is "
                                "refused; give this host a new identity with \"quptimed --reset\" and "
                                "invite it again",
                                register_path,
                                generation,
                                path,
                                marked);
        return -ESTALE;
}

int mark_write(const char *path, const char *state_id, uint64_t generation) {
        g_autofree char *text = NULL;

        assert(path);
        assert(state_id);

        text = mark_text(state_id, generation);
        return file_replace(path, text, strlen(text), 0600);
}
