/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/pager.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/options.h"
#include "ctl/text.h"

/* quit when it fits the screen, pass colours, cut lines, do not clear, show a long prompt, end at ^C */
#define LESS_OPTIONS "FRSXMK"

/* Somebody else's privileges, as with sudo(8), are no licence to run a shell out of the pager. */
static bool must_be_secure(void) {
        const char *wish = getenv("SYSTEMD_PAGERSECURE");
        bool secure;
        uid_t uid;

        if (wish && bool_from_text(wish, &secure) >= 0)
                return secure;
        return sd_pid_get_owner_uid(0, &uid) >= 0 && uid != geteuid();
}

/* NULL: the standard ones */
static const char *chosen_pager(void) {
        const char *pager = getenv("SYSTEMD_PAGER");

        return pager ? pager : getenv("PAGER");
}

static bool is_wanted(const Context *context) {
        const char *pager = chosen_pager();

        if (context->no_pager || context->quiet || context->pager > 0 || !output_is_terminal())
                return false;
        return !pager || (*pager && strcmp(pager, "cat") != 0);
}

static void set_environment(bool secure) {
        const char *options = getenv("SYSTEMD_LESS"), *charset = getenv("SYSTEMD_LESSCHARSET");

        (void) g_setenv("LESS", options ?: LESS_OPTIONS, /* overwrite= */ TRUE);
        if (charset || g_get_charset(NULL))
                (void) g_setenv("LESSCHARSET", charset ?: "utf-8", /* overwrite= */ TRUE);
        if (secure)
                (void) g_setenv("LESSSECURE", "1", /* overwrite= */ TRUE);
}

/* where no pager is installed, the text goes through as it is */
static void copy_through(void) {
        char buffer[4096];
        ssize_t n;

        while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
                for (ssize_t done = 0, written; done < n; done += written) {
                        written = write(STDOUT_FILENO, buffer + done, (size_t) (n - done));
                        if (written < 0)
                                return;
                }
}

G_NORETURN static void run_pager(int input, pid_t parent) {
        static const char *const standard[] = { "pager", "less", "more" };
        const bool secure = must_be_secure();
        const char *chosen = chosen_pager();

        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent || dup2(input, STDIN_FILENO) < 0)
                _exit(EXIT_FAILURE);
        set_environment(secure);

        /* of the others it is not known whether they keep LESSSECURE's promise */
        if (chosen && !secure) {
                g_auto(GStrv) words = g_strsplit(chosen, " ", -1);

                (void) execvp(words[0], words);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(standard); i++)
                if (!secure || strcmp(standard[i], "less") == 0)
                        (void) execlp(standard[i], standard[i], (char *) NULL);
        copy_through();
        _exit(EXIT_SUCCESS);
}

void pager_open(Context *context) {
        _cleanup_(closep) int input = -1, output = -1;
        const pid_t parent = getpid();
        int fds[2];
        pid_t pid;

        assert(context);

        if (!is_wanted(context))
                return;
        (void) output_width(); /* later there is no terminal to ask */
        (void) fflush(stdout);
        if (pipe2(fds, O_CLOEXEC) < 0)
                return;
        input = fds[0];
        output = fds[1];

        pid = fork();
        if (pid < 0)
                return;
        if (pid == 0)
                run_pager(input, parent);

        context->pager = pid;
        (void) signal(SIGPIPE, SIG_IGN); /* who has seen enough ends the pager, not us */
        (void) dup2(output, STDOUT_FILENO);
}

bool pager_close(Context *context) {
        assert(context);

        if (context->pager <= 0)
                return false;

        (void) fflush(stdout);
        (void) freopen("/dev/null", "w", stdout); /* the end of its input */
        (void) kill(context->pager, SIGCONT);
        while (waitpid(context->pager, NULL, 0) < 0 && errno == EINTR)
                ;
        context->pager = 0;
        return true;
}
