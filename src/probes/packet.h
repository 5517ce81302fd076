/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bytes of an echo request and its answer, and the words for what a router says instead. */

#include <time.h> /* linux/errqueue.h uses struct timespec and does not include it */

#include <linux/errqueue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Both families have the same layout, RFC 792 and RFC 4443 section 4. */
typedef struct EchoPacket {
        uint8_t type;
        uint8_t code;
        uint16_t checksum;
        uint16_t id;
        uint16_t sequence;
        uint64_t token;      /* that nobody can guess */
        uint64_t number;     /* of the Echo */
        uint8_t padding[32]; /* as long as ping's, some filters look */
} EchoPacket;

/* Whether it is an echo reply of that family, as long as ours. raw: such a socket of IPv4 gives the IP
 * header, too, raw(7). Padding is not read. */
bool echo_packet_read(const uint8_t *data, size_t n, int family, bool raw, EchoPacket *ret);
/* What a router quotes of a request of ours: no more than up to the token need be there (RFC 792). */
bool echo_packet_read_quoted(const uint8_t *data, size_t n, EchoPacket *ret);

/* NULL: nothing that says the target cannot be reached. The offender's address follows the structure, as in
 * recvmsg(2) of the error queue. Caller frees. */
char *echo_error_words(const struct sock_extended_err *error);
