/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A socket's address, IPv4 or IPv6. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct Address {
        struct sockaddr_storage sa;
        socklen_t size;
} Address;

/* What counts as one place when connections are counted: an IPv4 address (mapped ones too), or an IPv6 /64,
 * which is what one customer has at the least. */
typedef struct AddressKey {
        uint8_t bytes[16];
} AddressKey;

int address_from_numeric(
                const char *host, uint16_t port, Address *ret); /* -EINVAL: a name; never looks up */
char *address_to_text(const Address *address);                  /* "192.0.2.1:9901"; caller frees */
uint16_t address_port(const Address *address);
AddressKey address_key(const Address *address);
bool address_key_equal(const AddressKey *a, const AddressKey *b);
