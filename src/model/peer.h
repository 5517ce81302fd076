/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A peer: one configured node of the cluster, as the document names it. */

#include "model/field.h"

typedef struct Peer {
        char *node_id;     /* UUID in small letters; the order of these bytes is the rank */
        char *advertise;   /* host:port where others reach it */
        char *fingerprint; /* "sha256:" + hex of the SPKI: its identity */
        char *cert_pem;
        bool joining; /* admitted, not yet a voter and not counted in N */
        uint64_t order;
        uint64_t revision;
        char *extra;
} Peer;
DECLARE_OBJECT(Peer, peer);

/* A key that was removed and is never admitted again. */
typedef struct Barred {
        char *node_id;
        char *fingerprint;
        uint64_t version; /* of the document, when it was removed */
} Barred;
DECLARE_OBJECT(Barred, barred);

/* Splits "host:port", "[v6]:port" into host (no brackets; caller frees) and port 1..65535.
 * -EINVAL: no port, no host, an IPv6 address without brackets, or a character no host name has. */
int address_split(const char *address, char **ret_host, uint16_t *ret_port);
/* The other way; brackets an IPv6 address. Caller frees. */
char *address_join(const char *host, uint16_t port);
