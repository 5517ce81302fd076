/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/dial.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/limits.h"
#include "probes/clock.h"
#include "probes/detail.h"

struct Dial {
        DialOptions options;
        uint16_t port;
        usec_t deadline_usec;
        dial_done_t done;
        void *userdata;

        Resolve *resolve;
        Address *addresses;
        size_t n_addresses;
        size_t next;

        int fd;
        sd_event_source *io;
        sd_event_source *timer; /* of one address among several */

        usec_t began_usec;
        usec_t resolved_usec;
        char *address;
        char *failure; /* the target's first, which beats ours */
        char *unable;
};

bool dial_error_is_ours(int error) {
        switch (error) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case EACCES:
        case EPERM:
        case ENETUNREACH:
        case ENETDOWN:
        case EHOSTUNREACH:
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case EPROTONOSUPPORT:
                return true;
        default:
                return false;
        }
}

char *dial_error_words(int error) {
        switch (error) {
        case EMFILE:
        case ENFILE:
                return g_strdup("no file descriptors left");
        case EACCES:
        case EPERM:
                return g_strdup("no permission to connect");
        case ENETUNREACH:
        case EHOSTUNREACH:
                return g_strdup("no route from this node");
        case EAFNOSUPPORT:
        case EADDRNOTAVAIL:
                return g_strdup("no address of this family on this node");
        default:
                return detail_from_errno(error);
        }
}

static Dial *dial_free(Dial *dial) {
        if (!dial)
                return NULL;

        (void) resolve_cancel(dial->resolve);
        (void) sd_event_source_disable_unref(dial->io);
        (void) sd_event_source_disable_unref(dial->timer);
        (void) close_fd(dial->fd);
        g_free(dial->addresses);
        g_free(dial->address);
        g_free(dial->failure);
        g_free(dial->unable);
        g_free(dial);
        return NULL;
}
DEFINE_CLEANUP(Dial, dial_free);

static void dial_finish(Dial *dial, DialResult result, const char *detail) {
        usec_t now = now_boottime();
        usec_t resolved = dial->resolved_usec ?: now;
        DialOutcome outcome = {
                .result = result,
                .fd = &dial->fd,
                .detail = detail,
                .address = dial->address ?: "",
                .resolve = resolved - dial->began_usec,
                .connect = now - resolved,
        };

        dial->io = sd_event_source_disable_unref(dial->io); /* before another owns the descriptor */
        dial->done(dial->userdata, &outcome);
        (void) dial_free(dial);
}

static void dial_next(Dial *dial);

/* The current address is done with: error is its errno, at once or later. */
static void dial_drop_address(Dial *dial, int error, bool at_once) {
        if (at_once && dial_error_is_ours(error)) {
                if (!dial->unable)
                        dial->unable = dial_error_words(error);
        } else if (!dial->failure)
                dial->failure = error == ETIMEDOUT ? g_strdup("dial timeout") : detail_from_errno(error);

        dial->io = sd_event_source_disable_unref(dial->io);
        dial->timer = sd_event_source_disable_unref(dial->timer);
        dial->fd = close_fd(dial->fd);
        dial_next(dial);
}

static int on_connected(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Dial *dial = userdata;
        int error = 0;
        socklen_t length = sizeof(error);

        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
                error = errno;
        if (error != 0)
                dial_drop_address(dial, error, /* at_once= */ false);
        else
                dial_finish(dial, DIAL_CONNECTED, "");
        return 0;
}

static int on_address_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        dial_drop_address(userdata, ETIMEDOUT, /* at_once= */ false);
        return 0;
}

/* An address that swallows everything must not eat the time of those behind it: what is left is shared. */
static int dial_arm_share(Dial *dial) {
        usec_t left = usec_sub(dial->deadline_usec, now_boottime());
        size_t n = dial->n_addresses - dial->next;

        if (n == 0)
                return 0; /* the last one has all that is left: the caller's deadline */
        return sd_event_add_time_relative(
                        dial->options.event,
                        &dial->timer,
                        CLOCK_BOOTTIME,
                        MAX(left / (n + 1), DIAL_ATTEMPT_MIN_USEC),
                        10 * USEC_PER_MSEC,
                        on_address_timeout,
                        dial);
}

static int dial_connect(Dial *dial, const Address *address) {
        int one = 1, r;

        dial->fd = dial->options.make_socket(
                        address->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (dial->fd < 0)
                return -errno;
        (void) setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

        if (connect(dial->fd, &address->sa, address->length) < 0 && errno != EINPROGRESS)
                return -errno;

        r = sd_event_add_io(dial->options.event, &dial->io, dial->fd, EPOLLOUT, on_connected, dial);
        if (r < 0)
                return r;
        return dial_arm_share(dial);
}

static void dial_next(Dial *dial) {
        Address *address;
        int r;

        if (dial->next == dial->n_addresses) {
                dial_finish(dial,
                            dial->failure ? DIAL_FAILED : DIAL_UNABLE,
                            dial->failure ?: (dial->unable ?: "no address"));
                return;
        }

        address = dial->addresses + dial->next++;
        address_set_port(address, dial->port);
        g_free(dial->address);
        dial->address = address_to_string(address);

        r = dial_connect(dial, address);
        if (r < 0)
                dial_drop_address(dial, -r, /* at_once= */ true);
}

static void on_resolved(void *userdata, const ResolveAnswer *answer) {
        Dial *dial = userdata;

        dial->resolve = NULL;
        dial->resolved_usec = now_boottime();
        if (answer->result != RESOLVE_FOUND) {
                dial_finish(dial,
                            answer->result == RESOLVE_FAILED ? DIAL_FAILED : DIAL_UNABLE,
                            answer->detail);
                return;
        }

        dial->addresses = g_memdup2(answer->addresses, answer->n_addresses * sizeof(*answer->addresses));
        dial->n_addresses = answer->n_addresses;
        dial_next(dial);
}

int dial_start(const DialOptions *options,
               const char *host,
               uint16_t port,
               usec_t deadline_usec,
               usec_t recent_usec,
               dial_done_t done,
               void *userdata,
               Dial **ret) {
        _cleanup_(dial_freep) Dial *dial = NULL;
        int r;

        assert(options);
        assert(host);
        assert(done);
        assert(ret);

        dial = g_new0(Dial, 1);
        dial->options = *options;
        dial->port = port;
        dial->deadline_usec = deadline_usec;
        dial->done = done;
        dial->userdata = userdata;
        dial->fd = -1;
        dial->began_usec = now_boottime();

        r = resolve_start(options->resolver, host, recent_usec, on_resolved, dial, &dial->resolve);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(dial);
        return 0;
}

void dial_expire(Dial *dial, dial_done_t done) {
        const char *detail;
        ResolveResult result;

        assert(dial);
        assert(done);

        dial->done = done;
        if (!dial->resolve) {
                dial_finish(dial, DIAL_FAILED, dial->failure ?: "dial timeout");
                return;
        }
        result = resolve_expire(TAKE_PTR(dial->resolve), &detail);
        dial_finish(dial, result == RESOLVE_FAILED ? DIAL_FAILED : DIAL_UNABLE, detail);
}

Dial *dial_cancel(Dial *dial) {
        return dial_free(dial);
}
