/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/packet.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <string.h>

#include "probes/address.h"
#include "probes/detail.h"

#define IP_HEADER_MIN 20 /* RFC 791, section 3.1 */

bool echo_packet_read(const uint8_t *data, size_t n, int family, bool raw, EchoPacket *ret) {
        EchoPacket packet = {};

        assert(ret);

        if (raw && family == AF_INET) {
                size_t header = n > 0 ? (size_t) (data[0] & 0x0f) * 4 : 0;

                if (header < IP_HEADER_MIN || n < header)
                        return false;
                data += header;
                n -= header;
        }
        if (n < offsetof(EchoPacket, padding))
                return false;
        memcpy(&packet, data, offsetof(EchoPacket, padding));
        if (packet.type != (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
                return false;

        *ret = packet;
        return true;
}

bool echo_packet_read_quoted(const uint8_t *data, size_t n, EchoPacket *ret) {
        assert(ret);

        if (n < offsetof(EchoPacket, token))
                return false;
        *ret = (EchoPacket){};
        memcpy(ret, data, offsetof(EchoPacket, token));
        return true;
}

/* RFC 792, RFC 1812 section 5.2.7.1; NULL: nothing that says the target cannot be reached */
static const char *icmp_words(const struct sock_extended_err *error) {
        static const char *const unreachable[] = {
                [ICMP_NET_UNREACH] = "network unreachable",     [ICMP_HOST_UNREACH] = "host unreachable",
                [ICMP_PROT_UNREACH] = "protocol unreachable",   [ICMP_PORT_UNREACH] = "port unreachable",
                [ICMP_NET_UNKNOWN] = "network unknown",         [ICMP_HOST_UNKNOWN] = "host unknown",
                [ICMP_NET_ANO] = "network prohibited",          [ICMP_HOST_ANO] = "host prohibited",
                [ICMP_PKT_FILTERED] = "prohibited by a filter",
        };

        if (error->ee_type == ICMP_TIME_EXCEEDED)
                return "too many hops";
        if (error->ee_type != ICMP_DEST_UNREACH || error->ee_code == ICMP_FRAG_NEEDED)
                return NULL;
        return error->ee_code < G_N_ELEMENTS(unreachable) && unreachable[error->ee_code]
                               ? unreachable[error->ee_code]
                               : "unreachable";
}

/* RFC 4443 section 3 */
static const char *icmp6_words(const struct sock_extended_err *error) {
        static const char *const unreachable[] = {
                [ICMP6_DST_UNREACH_NOROUTE] = "network unreachable",
                [ICMP6_DST_UNREACH_ADMIN] = "prohibited by a filter",
                [ICMP6_DST_UNREACH_BEYONDSCOPE] = "beyond the scope of the address",
                [ICMP6_DST_UNREACH_ADDR] = "host unreachable",
                [ICMP6_DST_UNREACH_NOPORT] = "port unreachable",
        };

        if (error->ee_type == ICMP6_TIME_EXCEEDED)
                return "too many hops";
        if (error->ee_type != ICMP6_DST_UNREACH)
                return NULL;
        return error->ee_code < G_N_ELEMENTS(unreachable) ? unreachable[error->ee_code] : "unreachable";
}

char *echo_error_words(const struct sock_extended_err *error) {
        g_autofree char *from = NULL;
        Address offender = {};
        const char *words;

        if (error->ee_origin == SO_EE_ORIGIN_ICMP)
                words = icmp_words(error);
        else if (error->ee_origin == SO_EE_ORIGIN_ICMP6)
                words = icmp6_words(error);
        else
                return error->ee_errno == EMSGSIZE ? NULL : detail_from_errno((int) error->ee_errno);
        if (!words)
                return NULL;

        if (SO_EE_OFFENDER(error)->sa_family == AF_INET)
                memcpy(&offender.in, SO_EE_OFFENDER(error), sizeof(offender.in));
        else if (SO_EE_OFFENDER(error)->sa_family == AF_INET6)
                memcpy(&offender.in6, SO_EE_OFFENDER(error), sizeof(offender.in6));
        else
                return g_strdup(words);
        from = address_to_string(&offender);
        return g_strdup_printf("%s, says %s", words, from);
}
