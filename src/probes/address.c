/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <net/if.h>
#include <string.h>

char *address_to_string(const Address *address) {
        char text[INET6_ADDRSTRLEN] = "", name[IF_NAMESIZE];

        assert(address);

        if (address->sa.sa_family == AF_INET)
                (void) inet_ntop(AF_INET, &address->in.sin_addr, text, sizeof(text));
        else if (address->sa.sa_family == AF_INET6)
                (void) inet_ntop(AF_INET6, &address->in6.sin6_addr, text, sizeof(text));

        if (address->sa.sa_family != AF_INET6 || address->in6.sin6_scope_id == 0)
                return g_strdup(text);
        if (if_indextoname(address->in6.sin6_scope_id, name))
                return g_strdup_printf("%s%%%s", text, name);
        return g_strdup_printf("%s%%%u", text, address->in6.sin6_scope_id);
}

/* "eth0" or "3" after the per cent sign of a link-local address, RFC 4007 section 11 */
static int parse_scope(const char *text, uint32_t *ret) {
        uint64_t number;

        *ret = if_nametoindex(text);
        if (*ret > 0)
                return 0;
        if (!g_ascii_string_to_unsigned(text, 10, 1, UINT32_MAX, &number, NULL))
                return -EINVAL;
        *ret = (uint32_t) number;
        return 0;
}

static int parse_ipv6(const char *text, Address *address) {
        g_autofree char *plain = NULL;
        const char *scope = strchr(text, '%');
        int r;

        if (scope) {
                r = parse_scope(scope + 1, &address->in6.sin6_scope_id);
                if (r < 0)
                        return r;
                plain = g_strndup(text, (size_t) (scope - text));
                text = plain;
        }
        if (inet_pton(AF_INET6, text, &address->in6.sin6_addr) != 1)
                return -EINVAL;

        address->in6.sin6_family = AF_INET6;
        address->length = sizeof(address->in6);
        return 0;
}

int address_from_string(const char *text, Address *ret) {
        Address address = {};
        int r;

        assert(text);
        assert(ret);

        if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
                address.in.sin_family = AF_INET;
                address.length = sizeof(address.in);
        } else {
                r = parse_ipv6(text, &address);
                if (r < 0)
                        return r;
        }

        *ret = address;
        return 0;
}

void address_set_port(Address *address, uint16_t port) {
        assert(address);

        if (address->sa.sa_family == AF_INET)
                address->in.sin_port = htons(port);
        else
                address->in6.sin6_port = htons(port);
}
