/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The daemon: in the foreground, one loop, until SIGTERM or SIGINT. The only place where manager and bus
 * meet. */

#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/loglevel.h"
#include "base/names.h"
#include "bus/bus.h"
#include "manager/journal.h"
#include "manager/loop.h"
#include "manager/manager.h"
#include "manager/node.h"
#include "manager/timing.h"
#include "store/file.h"
#include "store/paths.h"

#define PEER_FDS_MAX 16
#define EXIT_CONFIG 78 /* systemd.exec(5): CONFIG; the unit does not try again */

typedef struct Arguments {
        bool private_only; /* no shared bus */
        bool session_bus;
        bool reset; /* give up this node's identity instead of running */
} Arguments;

static void usage(FILE *to) {
        (void) fputs("quptimed [OPTION…]\n\n"
                     "Watches, votes and alerts with its peers, in the foreground, until SIGTERM.\n"
                     "Its files are in $QUPTIME_DIR, or /etc/quptime (root), or ~/.config/quptime.\n\n"
                     "  --private-only  serve the private socket alone, no bus\n"
                     "  --user          serve the session bus instead of the system bus\n"
                     "  --reset         put this node's identity and state aside, so that it can be "
                     "initialized\n"
                     "                  anew, and end; for a daemon that refuses to start\n"
                     "  --version       say which version this is\n"
                     "  -h, --help      this text\n",
                     to);
}

/* 1: go on; otherwise the exit code is in *ret_code */
static int parse(int argc, char **argv, Arguments *arguments, int *ret_code) {
        static const struct option options[] = {
                { "private-only", no_argument, NULL, 'p' }, { "user", no_argument, NULL, 'u' },
                { "version", no_argument, NULL, 'v' },      { "help", no_argument, NULL, 'h' },
                { "reset", no_argument, NULL, 'r' },        { NULL, 0, NULL, 0 },
        };
        int c;

        *ret_code = 0;
        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'p':
                        arguments->private_only = true;
                        break;
                case 'u':
                        arguments->session_bus = true;
                        break;
                case 'r':
                        arguments->reset = true;
                        break;
                case 'v':
                        (void) puts("quptimed version " QUPTIME_VERSION);
                        return 0;
                case 'h':
                        usage(stdout);
                        return 0;
                default:
                        usage(stderr);
                        *ret_code = 2;
                        return 0;
                }
        if (optind < argc) {
                (void) fprintf(stderr, "quptimed: \"%s\": there are options alone\n", argv[optind]);
                usage(stderr);
                *ret_code = 2;
                return 0;
        }
        return 1;
}

/* secrets stay put: in no core file, and no other process of this user reads them from memory */
static void keep_secrets(void) {
        (void) umask(0077);
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        (void) prctl(PR_SET_DUMPABLE, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        loop_quit(userdata, 0);
        return 0;
}

/* What Type=notify-reload of later systemds asks for (systemd.service(5)), and 252 understands as well. */
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct timespec now = { 0 };

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        (void) sd_notifyf(
                        0,
                        "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                        (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000);
        manager_reload(userdata);
        (void) sd_notify(0, "READY=1");
        return 0;
}

/* Who started us in a terminal and closes it wants us gone, as ever; a service reads its files again. */
static int watch_hangup(Loop *loop, Manager *manager) {
        sigset_t set;
        int r;

        if (isatty(STDIN_FILENO))
                return 0;
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        r = sd_event_add_signal(loop_event(loop), NULL, SIGHUP, on_hangup, manager);
        return MIN(r, 0);
}

static void on_alive(void *userdata) {
        (void) sd_notify(0, "WATCHDOG=1");
}

static int feed_watchdog(Loop *loop) {
        uint64_t usec = 0;
        int r;

        r = sd_watchdog_enabled(/* unset_environment= */ true, &usec);
        return r > 0 ? loop_watch(loop, MAX(usec / 3, 1U), on_alive, NULL) : r;
}

static int watch_signals(Loop *loop) {
        sigset_t set;
        int r;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        r = sd_event_add_signal(loop_event(loop), NULL, SIGTERM, on_signal, loop);
        if (r >= 0)
                r = sd_event_add_signal(loop_event(loop), NULL, SIGINT, on_signal, loop);
        return r;
}

/* by its name, or, where nobody gave it one, by its kind */
static bool is_control(int fd, const char *name) {
        if (strcmp(name, FD_NAME_PEER) == 0)
                return false;
        return strcmp(name, FD_NAME_CONTROL) == 0 || sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;
}

/* sockets handed over by systemd: the peer port's are consumed by the manager, the control socket by the
 * bus */
static size_t take_sockets(int *control_fd, int peer_fds[static PEER_FDS_MAX]) {
        g_auto(GStrv) names = NULL;
        int n = sd_listen_fds_with_names(/* unset_environment= */ true, &names);
        size_t n_peer = 0;

        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (is_control(fd, names[i]) && *control_fd < 0)
                        *control_fd = fd;
                else if (!is_control(fd, names[i]) && n_peer < PEER_FDS_MAX)
                        peer_fds[n_peer++] = fd;
                else
                        (void) close_fd(fd); /* whoever knocks there shall not wait for us */
        }
        return n_peer;
}

static void on_ready(void *userdata) {
        (void) sd_notify(0, "READY=1");
}

/* What the next start would find again, until a person does something; all else is worth another try. */
static bool needs_a_person(int r) {
        switch (-r) {
        case EINVAL: /* a file that cannot be understood, */
        case EBADMSG:
        case EFBIG:
        case ENOENT: /* is not there, */
        case EACCES: /* or may not be read */
        case EPERM:
        case ESTALE:        /* a register that was exchanged, */
        case ENOTSUP:       /* or is of a later version */
        case EADDRNOTAVAIL: /* the socket unit and node.yaml differ */
                return true;
        default:
                return false;
        }
}

static int refuse(const char *text, int r) {
        const char *why = text ?: g_strerror(-r);

        journal_event(EVENT_START_REFUSED, NULL, "%s", why);
        /* its first line: what follows would be read as another field */
        (void) sd_notifyf(0, "ERRNO=%d\nSTATUS=refused to start: %.*s", -r, (int) strcspn(why, "\n"), why);
        return needs_a_person(r) ? EXIT_CONFIG : EXIT_FAILURE;
}

static int run(const Arguments *arguments) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        _cleanup_(paths_freep) Paths *paths = NULL;
        _cleanup_(manager_freep) Manager *manager = NULL;
        _cleanup_(bus_freep) Bus *bus = NULL;
        g_autofree char *error = NULL;
        const char *level = g_getenv(ENV_LOG_LEVEL);
        int peer_fds[PEER_FDS_MAX], control_fd = -1, r;
        size_t n_peer_fds = take_sockets(&control_fd, peer_fds);

        if (level && log_level_from_string(level) < 0)
                return refuse(ENV_LOG_LEVEL
                              ": want one of emerg, alert, crit, err, warning, notice, info or debug",
                              -EINVAL);
        if (level)
                journal_set_level(log_level_from_string(level));
        r = timing_set(g_getenv("QUPTIME_TIMING"), &error);
        if (r < 0)
                return refuse(error, r);
        r = loop_new(&loop);
        if (r >= 0)
                r = watch_signals(loop);
        if (r >= 0)
                r = paths_new(&paths);
        if (r < 0)
                return refuse(NULL, r);
        r = manager_new(loop,
                        &(ManagerOptions){ .peer_fds = peer_fds, .n_peer_fds = n_peer_fds },
                        &manager,
                        &error);
        if (r < 0)
                return refuse(error, r);
        r = bus_new(loop_event(loop),
                    manager,
                    &(BusOptions){
                                    .control_fd = control_fd,
                                    .socket_path = paths->socket,
                                    .kind = arguments->private_only  ? BUS_NONE
                                            : arguments->session_bus ? BUS_SESSION
                                                                     : BUS_SYSTEM,
                                    .ready = on_ready,
                    },
                    &bus,
                    &error);
        if (r < 0)
                return refuse(error, r);
        r = manager_start(manager, &error);
        if (r < 0)
                return refuse(error, r);
        r = watch_hangup(loop, manager);
        if (r >= 0)
                r = feed_watchdog(loop);
        if (r < 0)
                return refuse(NULL, r);

        r = loop_run(loop);
        (void) sd_notify(0, "STOPPING=1");
        journal_event(EVENT_STOPPED, NULL, "stopped");
        return r < 0 ? EXIT_FAILURE : r;
}

static int reset(void) {
        _cleanup_(paths_freep) Paths *paths = NULL;
        _cleanup_(closep) int lock = -1;
        g_autofree char *where = NULL;
        int r;

        r = paths_new(&paths);
        if (r < 0)
                return refuse(NULL, r);
        lock = directory_lock(paths->config_dir);
        if (lock == -EBUSY)
                return refuse("a quptimed runs on this directory; stop it, or use `quctl node reset`", lock);
        if (lock < 0)
                return refuse(NULL, lock);
        r = node_set_aside(paths, &where);
        if (r < 0)
                return refuse(NULL, r);
        (void) printf("the old identity and state are in %s and %s.old; start quptimed and run `quctl "
                      "init`\n",
                      where,
                      paths->register_db);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        Arguments arguments = { 0 };
        int code;

        if (parse(argc, argv, &arguments, &code) <= 0)
                return code;
        keep_secrets();
        code = arguments.reset ? reset() : run(&arguments);
        (void) sd_notify(0, "STOPPING=1");
        return code;
}
