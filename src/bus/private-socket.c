/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/private-socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "bus/objects.h"
#include "manager/journal.h"

#define LISTEN_BACKLOG 64

struct PrivateSocket {
        Bus *bus;
        int fd;
        char *path; /* NULL: not ours to remove */
        dev_t device;
        ino_t inode;
        sd_event_source *source;
};

/* ---- connections ---- */

static unsigned n_private(const Bus *bus) {
        unsigned n = 0;

        for (unsigned i = 0; i < bus->connections->len; i++)
                n += ((Connection *) g_ptr_array_index(bus->connections, i))->private;
        return n;
}

/* connected_fd: consumed */
static int serve(Bus *bus, int connected_fd, const struct ucred *peer) {
        _cleanup_(closep) int fd = connected_fd;
        _cleanup_(sd_bus_unrefp) sd_bus *sd = NULL;
        Connection *connection;
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_new(&sd);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(sd, fd, fd);
        if (r < 0)
                return r;
        (void) TAKE_FD(fd); /* now closed with the bus */
        r = sd_bus_set_server(sd, /* b= */ true, id);
        if (r < 0)
                return r;
        r = sd_bus_set_anonymous(sd, false); /* EXTERNAL only */
        if (r < 0)
                return r;
        r = sd_bus_set_trusted(sd, true); /* who it is was checked before */
        if (r < 0)
                return r;

        r = connection_new(bus, sd, /* private= */ true, peer->uid, peer->pid, &connection);
        if (r < 0)
                return r;
        r = sd_bus_start(sd);
        if (r >= 0)
                r = sd_bus_attach_event(sd, bus->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                connection_close(connection, strerror(-r));
        return 0;
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t events, void *userdata) {
        PrivateSocket *s = userdata;
        _cleanup_(closep) int fd = -1;
        struct ucred peer;
        socklen_t size = sizeof(peer);
        int r;

        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return 0; /* gone again, or no descriptors left: the next one may have more luck */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return 0;
        if (peer.uid != 0 && peer.uid != geteuid()) {
                journal_debug("bus: turned uid %u away from the private socket", (unsigned) peer.uid);
                return 0;
        }
        if (n_private(s->bus) >= BUS_CONNECTIONS_MAX) {
                journal_debug("bus: %d connections on the private socket already", BUS_CONNECTIONS_MAX);
                return 0;
        }
        r = serve(s->bus, TAKE_FD(fd), &peer);
        if (r < 0)
                journal_debug("bus: cannot serve a connection: %s", strerror(-r));
        return 0;
}

/* ---- listening ---- */

static int fail(int r, char **reterr_text, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(int r, char **reterr_text, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        *reterr_text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return r;
}

/* Two daemons that start at one moment must not remove each other's socket: the look and the replacement are
 * done under a lock on the folder. Who cannot get it goes on without. */
static int lock_folder(const char *folder) {
        int fd;

        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (unsigned i = 0; fd >= 0 && i < 40; i++) {
                if (flock(fd, LOCK_EX | LOCK_NB) >= 0)
                        break;
                g_usleep(25 * 1000);
        }
        return fd;
}

/* 1: somebody answers, 0: nobody does, negative: it cannot be known */
static int is_answered(const struct sockaddr_un *address, socklen_t size) {
        _cleanup_(closep) int fd = -1;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) address, size) >= 0)
                return 1;
        if (errno == ECONNREFUSED || errno == ENOENT)
                return 0;
        return errno == EAGAIN ? 1 : -errno; /* EAGAIN: so many wait that there is somebody to wait for */
}

static int
remove_stale(const char *path, const struct sockaddr_un *address, socklen_t size, char **reterr_text) {
        struct stat st;
        int r;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : fail(-errno, reterr_text, "%s: %s.", path, strerror(errno));
        if (!S_ISSOCK(st.st_mode))
                return fail(-EEXIST,
                            reterr_text,
                            "%s is in the way and no socket; move it, or set QUPTIME_SOCKET.",
                            path);
        r = is_answered(address, size);
        if (r < 0)
                return fail(r,
                            reterr_text,
                            "%s: cannot tell whether a daemon answers there: %s.",
                            path,
                            strerror(-r));
        if (r > 0)
                return fail(-EADDRINUSE,
                            reterr_text,
                            "Another daemon answers on %s; stop it first, or set QUPTIME_SOCKET for one of "
                            "the two.",
                            path);
        if (unlink(path) < 0 && errno != ENOENT)
                return fail(-errno,
                            reterr_text,
                            "%s: cannot remove the old socket: %s.",
                            path,
                            strerror(errno));
        return 0;
}

static int bind_path(const char *path, int *ret, char **reterr_text) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -1, folder_fd = -1;
        g_autofree char *folder = g_path_get_dirname(path);
        socklen_t size;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return fail(-ENAMETOOLONG,
                            reterr_text,
                            "%s: a socket's path has at most %zu bytes; set QUPTIME_SOCKET to a shorter "
                            "one.",
                            path,
                            sizeof(address.sun_path) - 1);
        (void) memcpy(address.sun_path, path, strlen(path) + 1);
        size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);

        if (g_mkdir_with_parents(folder, 0700) < 0)
                return fail(-errno, reterr_text, "%s: cannot make the folder: %s.", folder, strerror(errno));
        folder_fd = lock_folder(folder);
        r = remove_stale(path, &address, size, reterr_text);
        if (r < 0)
                return r;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return fail(-errno, reterr_text, "%s: %s.", path, strerror(errno));
        /* nobody gets in between: until listen() every connect() is refused */
        if (bind(fd, (const struct sockaddr *) &address, size) < 0 || chmod(path, 0600) < 0 ||
            listen(fd, LISTEN_BACKLOG) < 0)
                return fail(-errno, reterr_text, "%s: cannot listen: %s.", path, strerror(errno));
        *ret = TAKE_FD(fd);
        return 0;
}

int private_socket_new(Bus *bus, int control_fd, const char *path, PrivateSocket **ret, char **reterr_text) {
        _cleanup_(closep) int fd = control_fd;
        PrivateSocket *s;
        struct stat st;
        int r;

        assert(bus);
        assert(ret);
        assert(fd >= 0 || path);

        if (fd >= 0) {
                (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
                path = NULL;
        } else {
                r = bind_path(path, &fd, reterr_text);
                if (r < 0)
                        return r;
        }

        s = g_new0(PrivateSocket, 1);
        *s = (PrivateSocket){ .bus = bus, .fd = TAKE_FD(fd) };
        if (path && stat(path, &st) >= 0) {
                s->path = g_strdup(path);
                s->device = st.st_dev;
                s->inode = st.st_ino;
        }
        r = sd_event_add_io(bus->event, &s->source, s->fd, EPOLLIN, on_connect, s);
        if (r < 0) {
                (void) private_socket_free(s);
                return fail(r, reterr_text, "Cannot watch the private socket: %s.", strerror(-r));
        }
        (void) sd_event_source_set_description(s->source, "private-socket");
        *ret = s;
        return 0;
}

PrivateSocket *private_socket_free(PrivateSocket *socket) {
        struct stat st;

        if (!socket)
                return NULL;

        (void) sd_event_source_disable_unref(socket->source);
        /* not another daemon's, which may have come to the same place */
        if (socket->path && lstat(socket->path, &st) >= 0 && st.st_dev == socket->device &&
            st.st_ino == socket->inode)
                (void) unlink(socket->path);
        (void) close_fd(socket->fd);
        g_free(socket->path);
        g_free(socket);
        return NULL;
}
