/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ask.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool ask_possible(void) {
        return isatty(STDIN_FILENO);
}

/* Waits for input; signals come in here and nowhere else, so none is lost just before a read that blocks. */
static int wait_for_input(const sigset_t *mask) {
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

        return ppoll(&input, 1, /* timeout= */ NULL, mask) < 0 ? -errno : 0;
}

/* One line, byte by byte: what follows it on standard input belongs to the next question. Without its line
 * end. -EINTR: a signal came; -ECANCELED: the end of input. */
static int read_line(size_t max, const sigset_t *mask, char **ret) {
        g_autoptr(GString) line = g_string_new(NULL);
        int r = 0;

        while (r >= 0) {
                char c = '\0';
                ssize_t n = 0;

                r = wait_for_input(mask);
                if (r >= 0) {
                        n = read(STDIN_FILENO, &c, 1);
                        r = n < 0 ? -errno : 0;
                }
                if (r >= 0 && n == 0 && line->len == 0)
                        r = -ECANCELED;
                if (r < 0)
                        break;
                if (n == 0 || c == '\n') {
                        *ret = g_string_free(g_steal_pointer(&line), /* free_segment= */ FALSE);
                        return 0;
                }
                if (line->len >= max)
                        r = -E2BIG;
                else
                        g_string_append_c(line, c);
        }

        explicit_bzero(line->str, line->len);
        return r;
}

bool ask_yes(const char *question) {
        g_autofree char *answer = NULL;
        int r;

        assert(question);

        (void) printf("%s [y/N] ", question);
        (void) fflush(stdout);
        r = read_line(/* max= */ 64, /* mask= */ NULL, &answer);
        if (r < 0 || !ask_possible())
                (void) printf("\n"); /* nobody's Enter has ended the line */
        if (r < 0)
                return false;

        g_strstrip(answer);
        return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

static volatile sig_atomic_t signal_caught;

static void on_signal(int signal_number) {
        signal_caught = signal_number;
}

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

typedef struct Signals {
        struct sigaction actions[G_N_ELEMENTS(ending_signals)];
        sigset_t mask;
} Signals;

/* from here on they are held back, but while we wait for input */
static void signals_hold(Signals *old) {
        struct sigaction action = { .sa_handler = on_signal };
        sigset_t held;

        signal_caught = 0;
        (void) sigemptyset(&held);
        for (size_t i = 0; i < G_N_ELEMENTS(ending_signals); i++) {
                (void) sigaddset(&held, ending_signals[i]);
                (void) sigaction(ending_signals[i], &action, &old->actions[i]);
        }
        (void) sigprocmask(SIG_BLOCK, &held, &old->mask);
}

/* as it was; and the signal that came does what it was meant to do */
static void signals_release(const Signals *old) {
        for (size_t i = 0; i < G_N_ELEMENTS(ending_signals); i++)
                (void) sigaction(ending_signals[i], &old->actions[i], NULL);
        if (signal_caught)
                (void) raise(signal_caught);
        (void) sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

static int ask_without_echo(const char *prompt, size_t max, const sigset_t *mask, char **ret) {
        struct termios old, hidden;
        int r;

        if (tcgetattr(STDIN_FILENO, &old) < 0)
                return -errno;
        hidden = old;
        hidden.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL);
        hidden.c_lflag |= ICANON | ISIG;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0)
                return -errno;

        (void) fflush(stdout);
        (void) fprintf(stderr, "%s ", prompt);
        r = read_line(max, mask, ret);
        (void) fprintf(stderr, "\n");
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        return r;
}

int ask_hidden(const char *prompt, size_t max, char **ret) {
        Signals old;
        int r;

        assert(prompt);
        assert(ret);

        signals_hold(&old);
        r = ask_without_echo(prompt, max, &old.mask, ret);
        signals_release(&old);
        return r == -EINTR ? -ECANCELED : r;
}

static int read_all(int fd, size_t max, GString *s) {
        char buffer[4096];
        int r = 0;

        for (;;) {
                ssize_t n = read(fd, buffer, sizeof buffer);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = -errno;
                if (n <= 0)
                        break;
                if (s->len + (size_t) n > max) {
                        r = -EFBIG;
                        break;
                }
                g_string_append_len(s, buffer, n);
        }

        explicit_bzero(buffer, sizeof buffer);
        return r;
}

int read_value(Context *context, const char *path, size_t max, char **ret) {
        g_autoptr(GString) s = g_string_new(NULL);
        _cleanup_(closep) int opened = -1;
        int fd = STDIN_FILENO, r;

        assert(context);
        assert(path);
        assert(ret);

        if (g_str_equal(path, "-")) {
                if (context->stdin_taken)
                        return -EBUSY;
                context->stdin_taken = true;
        } else {
                fd = opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (fd < 0)
                        return -errno;
        }

        r = read_all(fd, max, s);
        if (r >= 0 && !g_utf8_validate_len(s->str, s->len, NULL))
                r = -EBADMSG;
        if (r < 0) {
                explicit_bzero(s->str, s->len);
                return r;
        }

        *ret = g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
        return 0;
}
