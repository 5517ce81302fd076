/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/handed.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "model/peer.h"
#include "transport/address.h"

static bool address_of(int fd, Address *ret) {
        Address address = { .size = sizeof address.sa };

        if (getsockname(fd, (struct sockaddr *) &address.sa, &address.size) < 0 ||
            (address.sa.ss_family != AF_INET && address.sa.ss_family != AF_INET6))
                return false;
        *ret = address;
        return true;
}

static bool is_wildcard(const char *host) {
        return !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
               strcmp(host, "[::]") == 0;
}

static bool takes_all(const Address *address) {
        static const struct in6_addr any = IN6ADDR_ANY_INIT;

        if (address->sa.ss_family == AF_INET)
                return ((const struct sockaddr_in *) &address->sa)->sin_addr.s_addr == INADDR_ANY;
        return memcmp(&((const struct sockaddr_in6 *) &address->sa)->sin6_addr, &any, sizeof any) == 0;
}

uint16_t handed_port(const int *fds, size_t n_fds) {
        Address address;

        return n_fds > 0 && address_of(fds[0], &address) ? address_port(&address) : 0;
}

/* In the words of the manager that started us. */
static char *remedy(const char *bind, uint16_t port) {
        g_autofree char *unit = NULL, *listen = NULL;
        const char *systemctl = sd_pid_get_user_unit(0, &unit) >= 0 ? "systemctl --user" : "systemctl";

        listen = is_wildcard(bind) ? g_strdup_printf("%u", (unsigned) port) : address_join(bind, port);
        return g_strdup_printf(
                        "To change the socket, write with `%s edit quptime.socket`\n"
                        "[Socket]\nListenStream=\nListenStream=%s\n"
                        "and run `%s stop quptime.socket quptime.service` and `%s start quptime.service`",
                        systemctl,
                        listen,
                        systemctl,
                        systemctl);
}

static int
differs(const char *what, const char *bind, uint16_t port, const char *directory, char **reterr_text) {
        g_autofree char *how = remedy(bind, port);

        *reterr_text =
                        g_strdup_printf("%s, but this node's address is %s, port %u (%s/" FILE_NODE "). %s",
                                        what,
                                        is_wildcard(bind) ? "any" : bind,
                                        (unsigned) port,
                                        directory,
                                        how);
        return -EADDRNOTAVAIL;
}

int handed_check(
                const int *fds,
                size_t n_fds,
                const char *bind,
                uint16_t port,
                const char *directory,
                char **reterr_text) {
        bool has_port = false;

        assert(bind);
        assert(reterr_text);

        for (size_t i = 0; i < n_fds; i++) {
                Address address;
                g_autofree char *text = NULL, *what = NULL;

                if (!address_of(fds[i], &address))
                        continue;
                has_port = has_port || address_port(&address) == port;
                if (!takes_all(&address) || is_wildcard(bind))
                        continue;
                text = address_to_text(&address);
                what = g_strdup_printf("quptime.socket listens on all addresses (%s)", text);
                return differs(what, bind, port, directory, reterr_text);
        }
        if (n_fds > 0 && !has_port) {
                g_autofree char *what = g_strdup_printf(
                                "quptime.socket listens on port %u", (unsigned) handed_port(fds, n_fds));

                return differs(what, bind, port, directory, reterr_text);
        }
        return 0;
}

static int on_knock(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) close_fd(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
        return 0;
}

static void unref_source(void *source) {
        (void) sd_event_source_disable_unref(source);
}

GPtrArray *handed_turn_away(sd_event *event, const int *fds, size_t n_fds) {
        GPtrArray *sources = g_ptr_array_new_with_free_func(unref_source);

        for (size_t i = 0; i < n_fds; i++) {
                sd_event_source *source;
                int flags = fcntl(fds[i], F_GETFL);

                (void) fcntl(fds[i], F_SETFL, flags | O_NONBLOCK); /* who knocked may have gone */
                if (sd_event_add_io(event, &source, fds[i], EPOLLIN, on_knock, NULL) >= 0)
                        g_ptr_array_add(sources, source);
        }
        return sources;
}
