/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/echo.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "base/limits.h"
#include "probes/clock.h"
#include "probes/detail.h"
#include "probes/dial.h"
#include "probes/packet.h"

#define BATCH 64                     /* messages of one system call, and of one turn */
#define RECEIVE_BUFFER (1024 * 1024) /* a tick's answers come in one burst */
#define PACKET_MAX 512               /* an answer of ours is far smaller */
/* after resolver and probes had their say in this turn, so that what they ask for leaves together */
#define FLUSH_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 5)

typedef struct EchoSocket {
        EchoSockets *sockets;
        int family;
        int fd;
        bool raw;
        sd_event_source *io;
        sd_event_source *flush;
        GHashTable *echoes; /* sequence number in flight -> Echo */
        GArray *waiting;    /* sequence numbers to send */
        uint16_t next_sequence;
} EchoSocket;

struct EchoSockets {
        sd_event *event;
        int (*make_socket)(int family, int type, int protocol);
        EchoSocket of_family[2]; /* IPv4, IPv6 */
        uint64_t token;
        uint64_t last_number;
        uint16_t id;
};

struct Echo {
        EchoSocket *socket;
        Address to;
        uint64_t number;
        echo_heard_t heard;
        void *userdata;
        bool over;
        unsigned n_sent;
        uint16_t sequences[ECHO_PACKETS];
        usec_t sent_usec[ECHO_PACKETS];
};

static void echo_conclude(Echo *echo, EchoResult result, usec_t round_trip_usec, const char *detail) {
        if (echo->over)
                return;
        echo->over = true;
        echo->heard(echo->userdata, result, round_trip_usec, detail);
}

static Echo *echo_find(EchoSocket *s, uint16_t sequence) {
        return g_hash_table_lookup(s->echoes, GUINT_TO_POINTER(sequence));
}

static unsigned echo_index(const Echo *echo, uint16_t sequence) {
        unsigned i = 0;

        while (i + 1 < echo->n_sent && echo->sequences[i] != sequence)
                i++;
        return i;
}

/* ---- what comes back ---- */

static void hear_answer(EchoSocket *s, const uint8_t *data, size_t n) {
        EchoPacket packet;
        Echo *echo;

        if (!echo_packet_read(data, n, s->family, s->raw, &packet) || packet.token != s->sockets->token)
                return;

        echo = echo_find(s, ntohs(packet.sequence));
        if (echo && echo->number == packet.number)
                echo_conclude(echo,
                              ECHO_ANSWERED,
                              now_boottime() - echo->sent_usec[echo_index(echo, ntohs(packet.sequence))],
                              "");
}

static bool same_host(const Address *a, const struct sockaddr_in6 *b) {
        if (a->sa.sa_family != b->sin6_family)
                return false;
        if (a->sa.sa_family == AF_INET)
                return a->in.sin_addr.s_addr ==
                       ((const struct sockaddr_in *) (const void *) b)->sin_addr.s_addr;
        return memcmp(&a->in6.sin6_addr, &b->sin6_addr, sizeof(b->sin6_addr)) == 0;
}

/* A router need not quote more than eight bytes of our packet (RFC 792), so the token may be missing: whose
 * it was is told by address, id and sequence number. */
static void hear_error(EchoSocket *s, struct msghdr *message, const uint8_t *data, size_t n) {
        int level = s->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
        int type = s->family == AF_INET ? IP_RECVERR : IPV6_RECVERR;
        g_autofree char *words = NULL;
        EchoPacket packet;
        Echo *echo;

        if (!echo_packet_read_quoted(data, n, &packet) || (s->raw && packet.id != s->sockets->id))
                return;
        echo = echo_find(s, ntohs(packet.sequence));
        if (!echo || !same_host(&echo->to, message->msg_name))
                return;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
                if (c->cmsg_level == level && c->cmsg_type == type)
                        words = echo_error_words(
                                        (const struct sock_extended_err *) (const void *) CMSG_DATA(c));
        if (words)
                echo_conclude(echo, ECHO_FAILED, 0, words);
}

static void read_errors(EchoSocket *s) {
        for (unsigned i = 0; i < BATCH; i++) {
                uint8_t data[PACKET_MAX], control[512];
                struct sockaddr_in6 to = {};
                struct iovec vector = { data, sizeof(data) };
                struct msghdr message = {
                        .msg_name = &to,
                        .msg_namelen = sizeof(to),
                        .msg_iov = &vector,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control),
                };
                ssize_t n = recvmsg(s->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

                if (n < 0)
                        return;
                hear_error(s, &message, data, (size_t) n);
        }
}

static void read_answers(EchoSocket *s) {
        uint8_t data[BATCH][PACKET_MAX];
        struct iovec vectors[BATCH];
        struct mmsghdr messages[BATCH] = {};
        int n;

        for (unsigned i = 0; i < BATCH; i++) {
                vectors[i] = (struct iovec){ data[i], PACKET_MAX };
                messages[i].msg_hdr.msg_iov = vectors + i;
                messages[i].msg_hdr.msg_iovlen = 1;
        }
        n = recvmmsg(s->fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
                hear_answer(s, data[i], messages[i].msg_len);
}

/* ---- what goes out ---- */

static uint16_t checksum(const void *data, size_t n) { /* RFC 1071 */
        const uint16_t *p = data;
        uint32_t sum = 0;

        for (; n > 1; n -= 2)
                sum += *p++;
        sum = (sum >> 16) + (sum & 0xffff);
        return (uint16_t) ~(sum + (sum >> 16));
}

static EchoPacket make_packet(const Echo *echo, uint16_t sequence) {
        const EchoSockets *sockets = echo->socket->sockets;
        EchoPacket packet = {
                .type = echo->socket->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
                .id = sockets->id, /* a datagram socket's is put in by the kernel */
                .sequence = htons(sequence),
                .token = sockets->token,
                .number = echo->number,
        };

        if (echo->socket->family == AF_INET) /* the kernel does it for ICMPv6, RFC 3542 section 3.1 */
                packet.checksum = checksum(&packet, sizeof(packet));
        return packet;
}

/* The first n of the waiting; how many of them the kernel took, or -errno of the first. */
static int send_some(EchoSocket *s, unsigned n) {
        EchoPacket packets[BATCH];
        struct iovec vectors[BATCH];
        struct mmsghdr messages[BATCH] = {};
        int sent;

        for (unsigned i = 0; i < n; i++) {
                uint16_t sequence = g_array_index(s->waiting, uint16_t, i);
                Echo *echo = echo_find(s, sequence);

                packets[i] = make_packet(echo, sequence);
                vectors[i] = (struct iovec){ packets + i, sizeof(*packets) };
                messages[i].msg_hdr = (struct msghdr){
                        .msg_name = &echo->to,
                        .msg_namelen = echo->to.length,
                        .msg_iov = vectors + i,
                        .msg_iovlen = 1,
                };
                echo->sent_usec[echo_index(echo, sequence)] = now_boottime();
        }
        sent = sendmmsg(s->fd, messages, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent < 0 ? -errno : sent;
}

static void refuse_first(EchoSocket *s, int error) {
        uint16_t sequence = g_array_index(s->waiting, uint16_t, 0);
        g_autofree char *words = dial_error_words(error);

        g_array_remove_index(s->waiting, 0);
        echo_conclude(echo_find(s, sequence),
                      dial_error_is_ours(error) ? ECHO_UNABLE : ECHO_FAILED,
                      0,
                      error == EPERM || error == EACCES ? "no permission to send" : words);
}

/* A shared socket tells each error once, to whoever calls next, so an error counts only when it comes twice.
 */
static void flush(EchoSocket *s) {
        int r = 0;

        for (unsigned tries = 0; tries < 2; tries++) {
                read_errors(s); /* may end echoes that are waiting */
                if (s->waiting->len == 0)
                        return;
                r = send_some(s, MIN(s->waiting->len, BATCH));
                if (r >= 0 || r == -EAGAIN)
                        break;
        }

        if (r == -EAGAIN) {
                (void) sd_event_source_set_io_events(s->io, EPOLLIN | EPOLLOUT);
                return;
        }
        if (r < 0)
                refuse_first(s, -r);
        else
                g_array_remove_range(s->waiting, 0, (unsigned) r);
        if (s->waiting->len > 0)
                (void) sd_event_source_set_enabled(s->flush, SD_EVENT_ONESHOT);
}

static int on_flush(sd_event_source *source, void *userdata) {
        flush(userdata);
        return 0;
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        EchoSocket *s = userdata;

        if (events & EPOLLOUT)
                (void) sd_event_source_set_io_events(source, EPOLLIN);
        read_answers(s);
        read_errors(s);
        if (events & EPOLLOUT)
                flush(s);
        return 0;
}

/* ---- the sockets ---- */

static void set_options(EchoSocket *s) {
        struct icmp_filter filter = { .data = ~(1u << ICMP_ECHOREPLY) };
        struct icmp6_filter filter6;
        int one = 1, size = RECEIVE_BUFFER;

        if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                (void) setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

        if (s->family == AF_INET) {
                (void) setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
                if (s->raw)
                        (void) setsockopt(s->fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
                return;
        }
        (void) setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
        if (s->raw) {
                ICMP6_FILTER_SETBLOCKALL(&filter6);
                ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
                (void) setsockopt(s->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6));
        }
}

static int echo_socket_make(EchoSocket *s, int *ret) {
        int protocol = s->family == AF_INET ? IPPROTO_ICMP : (int) IPPROTO_ICMPV6, fd;

        s->raw = false;
        fd = s->sockets->make_socket(s->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
        if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT)) {
                s->raw = true;
                fd = s->sockets->make_socket(s->family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
        }
        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

static void echo_socket_close(EchoSocket *s) {
        s->io = sd_event_source_disable_unref(s->io);
        s->flush = sd_event_source_disable_unref(s->flush);
        s->fd = close_fd(s->fd);
}

/* Tried anew until it works: the sysctl may change while we run. */
static int echo_socket_open(EchoSocket *s) {
        sd_event *event = s->sockets->event;
        int r;

        if (s->fd >= 0)
                return 0;
        r = echo_socket_make(s, &s->fd);
        if (r < 0)
                return r;
        set_options(s);

        r = sd_event_add_io(event, &s->io, s->fd, EPOLLIN, on_ready, s);
        if (r >= 0)
                r = sd_event_add_defer(event, &s->flush, on_flush, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->flush, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_priority(s->flush, FLUSH_PRIORITY);
        if (r < 0)
                echo_socket_close(s);
        return r < 0 ? r : 0;
}

EchoSockets *echo_sockets_new(sd_event *event, int (*make_socket)(int family, int type, int protocol)) {
        static const int families[] = { AF_INET, AF_INET6 };
        EchoSockets *sockets;

        assert(event);
        assert(make_socket);

        sockets = g_new0(EchoSockets, 1);
        sockets->event = sd_event_ref(event);
        sockets->make_socket = make_socket;
        if (getrandom(&sockets->token, sizeof(sockets->token), GRND_NONBLOCK) < 0)
                sockets->token = now_boottime();
        sockets->id = (uint16_t) sockets->token;

        for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
                sockets->of_family[i] = (EchoSocket){
                        .sockets = sockets,
                        .family = families[i],
                        .fd = -1,
                        .echoes = g_hash_table_new(NULL, NULL),
                        .waiting = g_array_new(FALSE, FALSE, sizeof(uint16_t)),
                };
        return sockets;
}

EchoSockets *echo_sockets_free(EchoSockets *sockets) {
        if (!sockets)
                return NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(sockets->of_family); i++) {
                echo_socket_close(&sockets->of_family[i]);
                g_hash_table_unref(sockets->of_family[i].echoes);
                g_array_unref(sockets->of_family[i].waiting);
        }
        (void) sd_event_unref(sockets->event);
        g_free(sockets);
        return NULL;
}

/* ---- one target ---- */

int echo_new(EchoSockets *sockets, const Address *to, echo_heard_t heard, void *userdata, Echo **ret) {
        EchoSocket *s;
        Echo *echo;
        int r;

        assert(sockets);
        assert(to);
        assert(heard);
        assert(ret);

        s = &sockets->of_family[to->sa.sa_family == AF_INET ? 0 : 1];
        r = echo_socket_open(s);
        if (r < 0)
                return r;

        *ret = echo = g_new0(Echo, 1);
        echo->socket = s;
        echo->to = *to;
        address_set_port(&echo->to, 0);
        echo->number = ++sockets->last_number;
        echo->heard = heard;
        echo->userdata = userdata;
        return 0;
}

int echo_send(Echo *echo) {
        EchoSocket *s;
        uint16_t sequence;

        assert(echo);

        s = echo->socket;
        if (echo->n_sent == ECHO_PACKETS)
                return -E2BIG;
        if (g_hash_table_size(s->echoes) > UINT16_MAX)
                return -EBUSY;

        do
                sequence = s->next_sequence++;
        while (echo_find(s, sequence));
        (void) g_hash_table_insert(s->echoes, GUINT_TO_POINTER(sequence), echo);
        echo->sequences[echo->n_sent++] = sequence;
        g_array_append_val(s->waiting, sequence);
        return sd_event_source_set_enabled(s->flush, SD_EVENT_ONESHOT);
}

static void forget_waiting(EchoSocket *s, uint16_t sequence) {
        for (unsigned i = 0; i < s->waiting->len; i++)
                if (g_array_index(s->waiting, uint16_t, i) == sequence) {
                        g_array_remove_index(s->waiting, i);
                        return;
                }
}

Echo *echo_free(Echo *echo) {
        if (!echo)
                return NULL;

        for (unsigned i = 0; i < echo->n_sent; i++) {
                (void) g_hash_table_remove(echo->socket->echoes, GUINT_TO_POINTER(echo->sequences[i]));
                forget_waiting(echo->socket, echo->sequences[i]);
        }
        g_free(echo);
        return NULL;
}
