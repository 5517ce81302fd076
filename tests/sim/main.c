/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define JOBS_MAX 64
#define CPU_MAX_SEC 300 /* of one seed: one that never ends is a failed one */
#define TAIL_LINES 40

typedef struct Job {
        pid_t pid;
        uint64_t seed;
} Job;

/* Each seed in a process of its own: a crash is a failed seed, and none disturbs another. */
static pid_t start(uint64_t seed, bool tell) {
        g_autofree char *summary = NULL;
        bool good;
        pid_t pid;

        (void) fflush(NULL);
        pid = fork();
        if (pid < 0) {
                perror("fork");
                exit(EXIT_FAILURE);
        }
        if (pid > 0)
                return pid;

        (void) setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_MAX_SEC, CPU_MAX_SEC });
        good = sim_one(seed, SIM_SILENT, &summary);
        if (!good) {
                g_autofree char *again = NULL;

                (void) sim_one(seed, TAIL_LINES, &again);
        }
        if (!good || tell)
                printf("seed %" G_GUINT64_FORMAT ": %s: %s\n", seed, good ? "ok" : "FAILED", summary);
        (void) fflush(NULL);
        g_clear_pointer(&summary, g_free);
        _exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* waits for one of them; returns whether it was good */
static bool reap(Job *jobs, unsigned *n_jobs) {
        uint64_t seed = 0;
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);

        for (unsigned i = 0; i < *n_jobs; i++)
                if (jobs[i].pid == pid) {
                        seed = jobs[i].seed;
                        jobs[i] = jobs[--*n_jobs];
                        break;
                }
        if (WIFSIGNALED(status))
                printf("seed %" G_GUINT64_FORMAT ": FAILED: killed by signal %d\n", seed, WTERMSIG(status));
        return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static int run_seeds(uint64_t first, uint64_t last, unsigned n_at_once, uint64_t n_enough, bool tell) {
        uint64_t n_failed = 0, n_done = 0, seed = first;
        Job jobs[JOBS_MAX];
        unsigned n_jobs = 0;

        while (seed <= last || n_jobs > 0) {
                if (seed <= last && n_failed >= n_enough)
                        last = seed - 1;
                if (seed <= last && n_jobs < n_at_once) {
                        jobs[n_jobs++] = (Job){ .pid = start(seed, tell), .seed = seed };
                        seed++;
                        continue;
                }
                n_failed += !reap(jobs, &n_jobs);
                if (++n_done % 500 == 0 && n_done < last - first + 1)
                        printf("%" G_GUINT64_FORMAT " seeds so far, %" G_GUINT64_FORMAT " failed\n",
                               n_done,
                               n_failed);
        }
        if (n_failed > 0)
                printf("to see one again as a play: tools/sim --seed N\n");
        printf("%" G_GUINT64_FORMAT " passed, %" G_GUINT64_FORMAT " failed\n", n_done - n_failed, n_failed);
        return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_one(uint64_t seed) {
        g_autofree char *summary = NULL;
        bool good = sim_one(seed, SIM_ALL, &summary);

        printf("seed %" G_GUINT64_FORMAT ": %s: %s\n", seed, good ? "ok" : "FAILED", summary);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool read_range(const char *text, uint64_t *ret_first, uint64_t *ret_last) {
        char *end = NULL;

        *ret_first = *ret_last = strtoull(text, &end, 10);
        if (strncmp(end, "..", 2) == 0)
                *ret_last = strtoull(end + 2, &end, 10);
        return end > text && !*end && *ret_first > 0 && *ret_first <= *ret_last;
}

int main(int argc, char **argv) {
        g_autofree char *seeds = NULL;
        gint64 seed = 0;
        gint jobs = (gint) g_get_num_processors();
        gint64 enough = G_MAXINT64;
        gboolean tell = FALSE;
        GOptionEntry options[] = {
                { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Play this seed and tell all that happens", "N" },
                { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds, "Play these seeds (default: 1..500)", "A..B" },
                { "jobs", 0, 0, G_OPTION_ARG_INT, &jobs, "How many at once (default: processors)", "N" },
                { "enough", 0, 0, G_OPTION_ARG_INT64, &enough, "End when so many have failed", "N" },
                { "tell", 0, 0, G_OPTION_ARG_NONE, &tell, "A line for every seed", NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new("- simulate clusters");
        g_autoptr(GError) error = NULL;
        uint64_t first = 1, last = 500;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        g_option_context_add_main_entries(context, options, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                fprintf(stderr, "%s\n", error->message);
                return 2;
        }
        if (seed > 0)
                return run_one((uint64_t) seed);
        if (seeds && !read_range(seeds, &first, &last)) {
                fprintf(stderr, "--seeds takes N or A..B, from 1 on\n");
                return 2;
        }
        return run_seeds(first, last, (unsigned) CLAMP(jobs, 1, JOBS_MAX), (uint64_t) enough, tell);
}
