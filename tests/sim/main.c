/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

/* Each seed in a process of its own: a crash is a failed seed, and none disturbs another. */
static bool run_apart(uint64_t seed, bool tell) {
        int status = 0;
        pid_t pid;

        (void) fflush(NULL);
        pid = fork();
        if (pid < 0) {
                perror("fork");
                exit(EXIT_FAILURE);
        }
        if (pid == 0) {
                g_autofree char *summary = NULL;
                bool good = sim_one(seed, false, &summary);

                if (!good || tell)
                        printf("seed %" G_GUINT64_FORMAT ": %s: %s\n",
                               seed,
                               good ? "ok" : "FAILED",
                               summary);
                (void) fflush(NULL);
                g_clear_pointer(&summary, g_free);
                exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
        }
        if (waitpid(pid, &status, 0) < 0)
                return false;
        if (WIFSIGNALED(status))
                printf("seed %" G_GUINT64_FORMAT ": FAILED: killed by signal %d\n", seed, WTERMSIG(status));
        return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static int run_seeds(uint64_t first, uint64_t last, bool tell) {
        uint64_t n_failed = 0;

        for (uint64_t seed = first; seed <= last; seed++) {
                n_failed += !run_apart(seed, tell);
                if ((seed - first + 1) % 100 == 0)
                        printf("%" G_GUINT64_FORMAT " seeds, %" G_GUINT64_FORMAT " failed\n",
                               seed - first + 1,
                               n_failed);
        }
        printf("%" G_GUINT64_FORMAT " passed, %" G_GUINT64_FORMAT " failed\n", last - first + 1, n_failed);
        return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_one(uint64_t seed) {
        g_autofree char *summary = NULL;
        bool good = sim_one(seed, true, &summary);

        printf("seed %" G_GUINT64_FORMAT ": %s: %s\n", seed, good ? "ok" : "FAILED", summary);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
        g_autofree char *seeds = NULL;
        gint64 seed = 0;
        gboolean tell = FALSE;
        GOptionEntry options[] = {
                { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Run this seed and print what happens", "N" },
                { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds, "Run these seeds (default: 1..500)", "A..B" },
                { "tell", 0, 0, G_OPTION_ARG_NONE, &tell, "Print a line for every seed", NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new("- simulate clusters");
        g_autoptr(GError) error = NULL;
        uint64_t first = 1, last = 500;
        char *end;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        g_option_context_add_main_entries(context, options, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                fprintf(stderr, "%s\n", error->message);
                return EXIT_FAILURE;
        }
        if (seed > 0)
                return run_one((uint64_t) seed);
        if (seeds) {
                first = strtoull(seeds, &end, 10);
                last = strncmp(end, "..", 2) == 0 ? strtoull(end + 2, NULL, 10) : first;
        }
        return run_seeds(first, last, tell);
}
