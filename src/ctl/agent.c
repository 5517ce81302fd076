/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/agent.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define REGISTER_TIMEOUT_MSEC (30 * 1000) /* a busy machine's; its end of the pipe closes when it fails */

G_NORETURN static void run_agent(int notify_fd, pid_t parent) {
        g_autofree char *fd_text = g_strdup_printf("%d", notify_fd);
        sigset_t none;

        /* it must not outlive quctl, whatever way that ends */
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        (void) signal(SIGINT, SIG_DFL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        if (fcntl(notify_fd, F_SETFD, 0) < 0)
                _exit(EXIT_FAILURE);
        (void) execlp("pkttyagent", "pkttyagent", "--notify-fd", fd_text, "--fallback", (char *) NULL);
        _exit(EXIT_FAILURE);
}

/* The agent closes its end of the pipe when polkit knows it, and so does its death. */
static void wait_until_registered(int fd) {
        struct pollfd pipe_end = { .fd = fd };
        int r;

        do
                r = poll(&pipe_end, 1, REGISTER_TIMEOUT_MSEC);
        while (r < 0 && errno == EINTR);
}

void agent_open(Context *context) {
        _cleanup_(closep) int ours = -1, its = -1;
        const pid_t parent = getpid();
        int fds[2];
        pid_t pid;

        assert(context);

        /* root needs none; another host has its own; without a person there is nobody to ask */
        if (context->agent > 0 || !context->may_ask || context->host || context->machine || geteuid() == 0)
                return;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return;
        ours = fds[0];
        its = fds[1];

        /* what is waiting in a buffer is printed once */
        (void) fflush(NULL);
        pid = fork();
        if (pid < 0)
                return;
        if (pid == 0)
                run_agent(its, parent);

        context->agent = pid;
        its = (close(its), -1);
        wait_until_registered(ours);
}

void agent_close(Context *context) {
        assert(context);

        if (context->agent <= 0)
                return;
        (void) kill(context->agent, SIGTERM);
        (void) kill(context->agent, SIGCONT); /* a stopped one would not hear of it */
        while (waitpid(context->agent, NULL, 0) < 0 && errno == EINTR)
                ;
        context->agent = 0;
}
