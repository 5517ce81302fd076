/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ICMP: what comes in by an echo socket, and what is said of a router's complaint. The first byte of an
 * input says what the rest is:
 *
 *     bit 0: IPv6, bit 1: a raw socket    a packet that somebody sent
 *     bit 7                               an entry of the error queue: struct sock_extended_err, the
 *                                         offender's address
 */
#include <sys/socket.h>

#include "probes/packet.h"
#include "promise.h"

#define WORDS_MAX 200

static void read_packet(const uint8_t *data, size_t n, int family, bool raw) {
        g_autofree uint8_t *exact = g_memdup2(data, n); /* so that a byte too far is seen */
        EchoPacket packet = { .number = 99 }, quoted = { .number = 99 };

        if (echo_packet_read(exact, n, family, raw, &packet)) {
                size_t header = raw && family == AF_INET ? (size_t) (exact[0] & 0x0f) * 4 : 0;

                PROMISE(packet.type == (family == AF_INET ? 0 : 129));
                PROMISE(n - header >= offsetof(EchoPacket, padding));
                PROMISE(memcmp(&packet, exact + header, offsetof(EchoPacket, padding)) == 0);
        } else
                PROMISE(packet.number == 99); /* all or nothing */

        if (echo_packet_read_quoted(exact, n, &quoted))
                PROMISE(n >= offsetof(EchoPacket, token) && quoted.token == 0 && quoted.number == 0);
        else
                PROMISE(quoted.number == 99);
}

static void read_error(const uint8_t *data, size_t n) {
        struct {
                struct sock_extended_err error;
                struct sockaddr_storage offender;
        } entry = {};
        g_autofree char *words = NULL;

        memcpy(&entry, data, MIN(n, sizeof(entry)));
        words = echo_error_words(&entry.error);
        if (words)
                promise_clean(words, WORDS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size == 0)
                return 0;
        if (data[0] & 0x80)
                read_error(data + 1, size - 1);
        else
                read_packet(data + 1, size - 1, data[0] & 1 ? AF_INET6 : AF_INET, data[0] & 2);
        return 0;
}
