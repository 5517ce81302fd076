/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/handed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* bound, which is all that is looked at; *ret_port: the one that the kernel chose */
static int bound(const char *host, uint16_t *ret_port) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t size = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(inet_pton(AF_INET, host, &address.sin_addr), ==, 1);
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, size), ==, 0);
        g_assert_cmpint(getsockname(fd, (struct sockaddr *) &address, &size), ==, 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static void test_agrees(void) {
        uint16_t port, other;
        _cleanup_(closep) int fd = bound("127.0.0.1", &port), second = bound("127.0.0.1", &other);
        g_autofree char *error = NULL;

        g_assert_cmpint(handed_check(&fd, 1, "0.0.0.0", port, "/etc/quptime", &error), ==, 0);
        g_assert_cmpint(handed_check(&fd, 1, "127.0.0.1", port, "/etc/quptime", &error), ==, 0);
        g_assert_cmpint(handed_check((int[]){ second, fd }, 2, "::", port, "/etc/quptime", &error), ==, 0);
        g_assert_cmpint(handed_check(NULL, 0, "0.0.0.0", port, "/etc/quptime", &error), ==, 0);
        g_assert_null(error);
        g_assert_cmpuint(handed_port(&fd, 1), ==, port);
        g_assert_cmpuint(handed_port(NULL, 0), ==, 0);
}

static void test_differs(void) {
        uint16_t port;
        _cleanup_(closep) int fd = bound("127.0.0.1", &port);
        g_autofree char *error = NULL, *line = NULL;

        g_assert_cmpint(handed_check(&fd, 1, "0.0.0.0", (uint16_t) (port ^ 1), "/etc/quptime", &error),
                        ==,
                        -EADDRNOTAVAIL);
        line = g_strdup_printf("[Socket]\nListenStream=\nListenStream=%u\n", (unsigned) port ^ 1);
        g_assert_nonnull(strstr(error, line));
        g_assert_nonnull(strstr(error, "/etc/quptime/node.yaml"));
}

/* More addresses than the administrator said would be a surprise; fewer are a choice. */
static void test_takes_too_many(void) {
        uint16_t port;
        _cleanup_(closep) int fd = bound("0.0.0.0", &port);
        g_autofree char *error = NULL, *line = NULL;

        g_assert_cmpint(handed_check(&fd, 1, "127.0.0.1", port, "/etc/quptime", &error), ==, -EADDRNOTAVAIL);
        line = g_strdup_printf("ListenStream=127.0.0.1:%u\n", (unsigned) port);
        g_assert_nonnull(strstr(error, line));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/handed/agrees", test_agrees);
        g_test_add_func("/manager/handed/differs", test_differs);
        g_test_add_func("/manager/handed/takes-too-many", test_takes_too_many);
        return g_test_run();
}
