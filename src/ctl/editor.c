/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/editor.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "ctl/ask.h"

struct Editor {
        char *folder;
        char *path;
        char *program; /* as it was started last */
        int signals;   /* signalfd of those that are held back */
        sigset_t mask; /* before */
        bool interrupted;
};

static const int held_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };

/* ---- lifecycle ---- */

static int hold_signals(Editor *editor) {
        sigset_t held;

        (void) sigemptyset(&held);
        for (size_t i = 0; i < G_N_ELEMENTS(held_signals); i++)
                (void) sigaddset(&held, held_signals[i]);
        if (sigprocmask(SIG_BLOCK, &held, &editor->mask) < 0)
                return -errno;
        editor->signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
        return editor->signals < 0 ? -errno : 0;
}

int editor_open(const char *name, Editor **ret) {
        _cleanup_(editor_discardp) Editor *editor = g_new0(Editor, 1);
        const char *place = getenv("TMPDIR");
        int r;

        assert(name);
        assert(ret);

        editor->signals = -1;
        r = hold_signals(editor);
        if (r < 0)
                return r;
        editor->folder = g_build_filename(place && *place == '/' ? place : "/tmp", "quctl-XXXXXX", NULL);
        if (!mkdtemp(editor->folder)) { /* 0700 */
                r = -errno;
                g_clear_pointer(&editor->folder, g_free);
                return r;
        }
        editor->path = g_build_filename(editor->folder, name, NULL);
        *ret = TAKE_PTR(editor);
        return 0;
}

/* Everything, or all but the text itself: the editor's own copies of it. */
static void empty_folder(const Editor *editor, bool keep) {
        const char *kept = strrchr(editor->path, '/') + 1;
        DIR *folder = opendir(editor->folder);
        struct dirent *entry;

        while (folder && (entry = readdir(folder)))
                if (!keep || strcmp(entry->d_name, kept) != 0)
                        (void) unlinkat(dirfd(folder), entry->d_name, 0);
        if (folder)
                (void) closedir(folder);
        if (!keep)
                (void) rmdir(editor->folder);
}

Editor *editor_close(Editor *editor, bool keep) {
        if (!editor)
                return NULL;

        if (editor->path)
                empty_folder(editor, keep);
        if (editor->signals >= 0) {
                struct signalfd_siginfo info;

                /* a Ctrl-C that was meant for the editor, or that has been obeyed */
                while (read(editor->signals, &info, sizeof info) == sizeof info)
                        ;
                (void) close(editor->signals);
                (void) sigprocmask(SIG_SETMASK, &editor->mask, NULL);
        }
        g_free(editor->folder);
        g_free(editor->path);
        g_free(editor->program);
        g_free(editor);
        return NULL;
}

const char *editor_path(const Editor *editor) {
        assert(editor);
        return editor->path;
}

/* ---- the text ---- */

int editor_write(Editor *editor, const char *text) {
        _cleanup_(closep) int fd = -1;
        size_t size = strlen(text), done = 0;

        assert(editor);

        fd = open(editor->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0)
                return -errno;
        while (done < size) {
                ssize_t n = write(fd, text + done, size - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                done += (size_t) n;
        }
        return 0;
}

int editor_read(Editor *editor, size_t max, char **ret) {
        Context nothing = {};

        assert(editor);
        /* an editor may have made the file anew, with its own idea of who may read it: the folder is ours */
        return read_value(&nothing, editor->path, max, ret);
}

/* ---- signals ---- */

/* What came: true where we are to end. Where an editor runs, what its keys send is its own business. */
static bool take_signals(Editor *editor, pid_t child) {
        struct signalfd_siginfo info;

        while (read(editor->signals, &info, sizeof info) == sizeof info) {
                int number = (int) info.ssi_signo;

                if (number == SIGCHLD || (child > 0 && (number == SIGINT || number == SIGQUIT)))
                        continue;
                editor->interrupted = true;
                if (child > 0)
                        (void) kill(child, number);
        }
        return editor->interrupted;
}

/* ---- running ---- */

static char **program_words(void) {
        static const char *const variables[] = { "SYSTEMD_EDITOR", "VISUAL", "EDITOR" };
        static const char *const standard[] = { "editor", "nano", "vim", "vi" };
        char **words = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
                const char *wish = getenv(variables[i]);

                if (wish && g_shell_parse_argv(wish, NULL, &words, NULL))
                        return words;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(standard); i++) {
                g_autofree char *found = g_find_program_in_path(standard[i]);

                if (found)
                        return g_strdupv((char *[]){ (char *) standard[i], NULL });
        }
        return NULL;
}

G_NORETURN static void execute(const Editor *editor, char **words) {
        size_t n = g_strv_length(words);
        char **argv = g_new0(char *, n + 2);

        for (size_t i = 0; i < n; i++)
                argv[i] = words[i];
        argv[n] = editor->path;
        (void) sigprocmask(SIG_SETMASK, &editor->mask, NULL);
        (void) execvp(argv[0], argv);
        _exit(127); /* as a shell would */
}

static int wait_for(Editor *editor, pid_t child, int *ret_status) {
        struct pollfd fd = { .fd = editor->signals, .events = POLLIN };

        for (;;) {
                pid_t ended = waitpid(child, ret_status, WNOHANG);

                if (ended == child)
                        return editor->interrupted ? -EINTR : 0;
                if (ended < 0 && errno != EINTR)
                        return -errno;
                (void) poll(&fd, 1, -1);
                (void) take_signals(editor, child);
        }
}

int editor_run(Editor *editor, const char **ret_program) {
        g_auto(GStrv) words = program_words();
        int status = 0, r;
        pid_t child;

        assert(editor);
        assert(ret_program);

        g_free(editor->program);
        editor->program = g_strdup(words ? words[0] : "vi");
        *ret_program = editor->program;
        if (!words)
                return -ENOENT;
        (void) fflush(stdout);
        child = fork();
        if (child < 0)
                return -errno;
        if (child == 0)
                execute(editor, words);

        r = wait_for(editor, child, &status);
        if (r < 0)
                return r;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
                return -ENOENT;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* ---- asking ---- */

int editor_ask(Editor *editor, const char *question, char *ret) {
        struct pollfd fds[] = {
                { .fd = STDIN_FILENO, .events = POLLIN },
                { .fd = editor->signals, .events = POLLIN },
        };
        bool at_begin = true;
        char letter = '\0';

        assert(question);
        assert(ret);

        (void) printf("%s ", question);
        (void) fflush(stdout);
        for (;;) {
                char c;
                ssize_t n;

                if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
                        return -errno;
                if (take_signals(editor, /* child= */ 0)) {
                        (void) printf("\n");
                        return -EINTR;
                }
                if (!fds[0].revents)
                        continue;
                n = read(STDIN_FILENO, &c, 1);
                if (n <= 0) {
                        (void) printf("\n");
                        return -ECANCELED;
                }
                if (c == '\n')
                        break;
                if (at_begin && !g_ascii_isspace(c)) {
                        letter = c;
                        at_begin = false;
                }
        }
        if (!ask_possible())
                (void) printf("\n");
        *ret = letter;
        return 0;
}
