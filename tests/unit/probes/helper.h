/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A helper program that says on its first line which ports it serves, and ends when its input closes. */

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Helper {
        GPid pid;
        int input;
        char **words; /* NAME PORT … */
} Helper;

static inline void helper_start(Helper *helper, const char *const *arguments) {
        g_autoptr(GError) error = NULL;
        char line[512];
        FILE *file;
        int output;

        *helper = (Helper){};
        g_assert_true(g_spawn_async_with_pipes(
                        NULL,
                        (char **) arguments,
                        NULL,
                        G_SPAWN_DO_NOT_REAP_CHILD,
                        NULL,
                        NULL,
                        &helper->pid,
                        &helper->input,
                        &output,
                        NULL,
                        &error));
        g_assert_no_error(error);
        file = fdopen(output, "r");
        g_assert_nonnull(fgets(line, sizeof(line), file));
        (void) fclose(file);
        helper->words = g_strsplit(g_strchomp(line), " ", -1);
}

static inline void helper_stop(Helper *helper) {
        int status;

        (void) close(helper->input);
        g_assert_cmpint(waitpid(helper->pid, &status, 0), ==, helper->pid);
        g_spawn_close_pid(helper->pid);
        g_strfreev(helper->words);
}

static inline unsigned helper_port(const Helper *helper, const char *name) {
        for (char **w = helper->words; *w && w[1]; w += 2)
                if (strcmp(*w, name) == 0)
                        return (unsigned) g_ascii_strtoull(w[1], NULL, 10);
        g_assert_not_reached();
}
