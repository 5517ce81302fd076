/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For the tests of this room: a loop that is run until something is so, sockets on loopback, and a DNS
 * server that knows a handful of names. */

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "probes/clock.h"

#define BOUND_USEC (20 * USEC_PER_SEC)

/* runs the loop until *flag, at most BOUND_USEC */
static inline void run_until(sd_event *event, const bool *flag) {
        usec_t end = now_boottime() + BOUND_USEC;

        while (!*flag) {
                g_assert_cmpuint(now_boottime(), <, end);
                g_assert_cmpint(sd_event_run(event, 200 * USEC_PER_MSEC), >=, 0);
        }
}

static inline void run_until_count(sd_event *event, const unsigned *count, unsigned want) {
        usec_t end = now_boottime() + BOUND_USEC;

        while (*count < want) {
                g_assert_cmpuint(now_boottime(), <, end);
                g_assert_cmpint(sd_event_run(event, 200 * USEC_PER_MSEC), >=, 0);
        }
}

static inline void run_for(sd_event *event, usec_t usec) {
        usec_t end = now_boottime() + usec;

        while (now_boottime() < end)
                g_assert_cmpint(sd_event_run(event, end - now_boottime()), >=, 0);
}

static inline uint16_t port_of(int fd) {
        struct sockaddr_in6 address = {};
        socklen_t length = sizeof(address);

        g_assert_cmpint(getsockname(fd, (struct sockaddr *) &address, &length), ==, 0);
        return ntohs(address.sin6_port); /* at the same place in both families */
}

/* backlog < 0: bound, not listening */
static inline int make_listener(int family, int type, int backlog) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(bind(fd,
                             family == AF_INET ? (struct sockaddr *) &in : (struct sockaddr *) &in6,
                             family == AF_INET ? sizeof(in) : sizeof(in6)),
                        ==,
                        0);
        if (backlog >= 0)
                g_assert_cmpint(listen(fd, backlog), ==, 0);
        return fd;
}

static inline int connect_to(uint16_t port) {
        struct sockaddr_in in = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpint(fd, >=, 0);
        (void) connect(fd, (struct sockaddr *) &in, sizeof(in));
        return fd;
}

/* A listener whose queue is full: what connects to it gets no answer. */
typedef struct BlackHole {
        int fd;
        int fillers[4];
        uint16_t port;
} BlackHole;

static inline void black_hole_open(BlackHole *hole) {
        hole->fd = make_listener(AF_INET, SOCK_STREAM, 0);
        hole->port = port_of(hole->fd);
        for (size_t i = 0; i < G_N_ELEMENTS(hole->fillers); i++)
                hole->fillers[i] = connect_to(hole->port);
}

static inline void black_hole_close(BlackHole *hole) {
        for (size_t i = 0; i < G_N_ELEMENTS(hole->fillers); i++)
                hole->fillers[i] = close_fd(hole->fillers[i]);
        hole->fd = close_fd(hole->fd);
}

/* ---- a DNS server ---- */

typedef struct FakeDns {
        int fd;
        sd_event_source *source;
        bool silent;
        unsigned n_asked;
        char servers[64];
} FakeDns;

/* The first label says what comes: "four" A 127.0.0.1; "six" AAAA ::1; "both" both; "two" A 127.0.0.2 and
 * 127.0.0.1; "broken" SERVFAIL; "refused" REFUSED; "empty" no data; "mute" nothing; all else NXDOMAIN. */
static inline size_t fake_dns_answer(FakeDns *dns, uint8_t *packet, size_t n) {
        static const uint8_t four[] = { 127, 0, 0, 1 }, other[] = { 127, 0, 0, 2 };
        static const uint8_t six[16] = { [15] = 1 };
        char label[64] = "";
        size_t at = 12, end;
        unsigned type, answers = 0;
        uint8_t rcode = 0;

        memcpy(label, packet + at + 1, packet[at]);
        while (packet[at])
                at += packet[at] + 1u;
        type = packet[at + 2];
        end = at + 5;
        (void) n;

#define RECORD(the_type, data)                                                                              \
        do {                                                                                                \
                const uint8_t head[] = { 0xc0, 12, 0, the_type, 0, 1, 0, 0, 0, 1, 0, sizeof(data) };        \
                memcpy(packet + end, head, sizeof(head));                                                   \
                memcpy(packet + end + sizeof(head), data, sizeof(data));                                    \
                end += sizeof(head) + sizeof(data);                                                         \
                answers++;                                                                                  \
        } while (0)

        if (strcmp(label, "mute") == 0)
                return 0;
        if (strcmp(label, "broken") == 0)
                rcode = 2;
        else if (strcmp(label, "refused") == 0)
                rcode = 5;
        else if (strcmp(label, "four") == 0 || strcmp(label, "both") == 0) {
                if (type == 1)
                        RECORD(1, four);
                else if (label[0] == 'b')
                        RECORD(28, six);
        } else if (strcmp(label, "six") == 0) {
                if (type == 28)
                        RECORD(28, six);
        } else if (strcmp(label, "two") == 0) {
                if (type == 1) {
                        RECORD(1, other);
                        RECORD(1, four);
                }
        } else if (strcmp(label, "empty") != 0)
                rcode = 3;
#undef RECORD

        packet[2] = 0x81;
        packet[3] = (uint8_t) (0x80 | rcode);
        packet[7] = (uint8_t) answers;
        packet[8] = packet[9] = packet[10] = packet[11] = 0;
        return end;
}

static inline int fake_dns_on_packet(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        FakeDns *dns = userdata;
        uint8_t packet[1024];
        struct sockaddr_storage from;
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(fd, packet, 512, 0, (struct sockaddr *) &from, &length);

        if (n < 17)
                return 0;
        dns->n_asked++;
        n = dns->silent ? 0 : (ssize_t) fake_dns_answer(dns, packet, (size_t) n);
        if (n > 0)
                g_assert_cmpint(sendto(fd, packet, (size_t) n, 0, (struct sockaddr *) &from, length), ==, n);
        return 0;
}

static inline void fake_dns_start(FakeDns *dns, sd_event *event) {
        *dns = (FakeDns){ .fd = make_listener(AF_INET, SOCK_DGRAM, -1) };
        g_assert_cmpint(sd_event_add_io(event, &dns->source, dns->fd, EPOLLIN, fake_dns_on_packet, dns),
                        >=,
                        0);
        g_snprintf(dns->servers, sizeof(dns->servers), "127.0.0.1:%u", port_of(dns->fd));
}

static inline void fake_dns_stop(FakeDns *dns) {
        dns->source = sd_event_source_disable_unref(dns->source);
        dns->fd = close_fd(dns->fd);
}
