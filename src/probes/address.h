/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A numeric address of either family, ready for connect(2). */

#include <netinet/in.h>
#include <stdint.h>

typedef struct Address {
        union {
                struct sockaddr sa;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
        };
        socklen_t length;
} Address;

/* numeric, without port; caller frees with g_free() */
char *address_to_string(const Address *address);
/* IPv4 or IPv6 literal, the latter with an optional %scope and without brackets; -EINVAL otherwise */
int address_from_string(const char *text, Address *ret);
void address_set_port(Address *address, uint16_t port);
