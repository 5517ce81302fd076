/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "model/peer.h"

int address_from_numeric(const char *host, uint16_t port, Address *ret) {
        const struct addrinfo hints = {
                .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                .ai_socktype = SOCK_STREAM,
        };
        struct addrinfo *info;
        char service[sizeof "65535"];

        assert(host);
        assert(ret);

        /* getaddrinfo() rather than inet_pton(): it knows scopes ("fe80::1%eth0") */
        (void) g_snprintf(service, sizeof service, "%u", (unsigned) port);
        if (getaddrinfo(host, service, &hints, &info) != 0)
                return -EINVAL;
        if (info->ai_addrlen > sizeof ret->sa) {
                freeaddrinfo(info);
                return -EINVAL;
        }
        *ret = (Address){ .size = info->ai_addrlen };
        memcpy(&ret->sa, info->ai_addr, info->ai_addrlen);
        freeaddrinfo(info);
        return 0;
}

char *address_to_text(const Address *address) {
        char host[NI_MAXHOST];
        const char *p = host;

        assert(address);

        if (getnameinfo((const struct sockaddr *) &address->sa,
                        address->size,
                        host,
                        sizeof host,
                        NULL,
                        0,
                        NI_NUMERICHOST) != 0)
                return g_strdup("?");
        if (g_str_has_prefix(host, "::ffff:") && strchr(host, '.'))
                p += strlen("::ffff:");
        return address_join(p, address_port(address));
}

uint16_t address_port(const Address *address) {
        assert(address);

        switch (address->sa.ss_family) {
        case AF_INET:
                return ntohs(((const struct sockaddr_in *) &address->sa)->sin_port);
        case AF_INET6:
                return ntohs(((const struct sockaddr_in6 *) &address->sa)->sin6_port);
        default:
                return 0;
        }
}

AddressKey address_key(const Address *address) {
        AddressKey key = {};

        assert(address);

        if (address->sa.ss_family == AF_INET) {
                key.bytes[10] = key.bytes[11] = 0xFF;
                memcpy(key.bytes + 12, &((const struct sockaddr_in *) &address->sa)->sin_addr, 4);
        } else if (address->sa.ss_family == AF_INET6) {
                const struct in6_addr *in6 = &((const struct sockaddr_in6 *) &address->sa)->sin6_addr;

                memcpy(key.bytes, in6, IN6_IS_ADDR_V4MAPPED(in6) || IN6_IS_ADDR_LOOPBACK(in6) ? 16 : 8);
        }
        return key;
}

bool address_key_equal(const AddressKey *a, const AddressKey *b) {
        return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
