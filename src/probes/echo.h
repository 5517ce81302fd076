/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* ICMP echo requests and what comes back, over one socket per family for all targets: the unprivileged
 * datagram socket of icmp(7) where net.ipv4.ping_group_range allows it, else a raw one where CAP_NET_RAW
 * does. Requests of one loop turn leave by one sendmmsg(2), a quarter of the cost of one by one. */

#include "probes/address.h"

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/usec.h"

typedef struct EchoSockets EchoSockets;
typedef struct Echo Echo; /* one target that is being asked */

EchoSockets *echo_sockets_new(sd_event *event, int (*make_socket)(int family, int type, int protocol));
EchoSockets *echo_sockets_free(EchoSockets *sockets); /* after all its echoes */
DEFINE_CLEANUP(EchoSockets, echo_sockets_free);

typedef enum EchoResult {
        ECHO_ANSWERED,
        ECHO_FAILED, /* an ICMP error from the path */
        ECHO_UNABLE  /* this node could not send */
} EchoResult;

/* round_trip_usec: of an answer; detail: "" for an answer. At most one call; the echo stays until it is
 * freed. */
typedef void (*echo_heard_t)(void *userdata, EchoResult result, usec_t round_trip_usec, const char *detail);

/* -EACCES, -EPERM: not allowed to; other -errno: no socket of that family. Sends nothing yet. */
int echo_new(EchoSockets *sockets, const Address *to, echo_heard_t heard, void *userdata, Echo **ret);
/* One more request, at most ECHO_PACKETS in all; leaves with others at the end of the turn.
 * -EBUSY: all sequence numbers are in flight; -E2BIG: was the last already. */
int echo_send(Echo *echo);
Echo *echo_free(Echo *echo); /* no call-back follows; returns NULL */
DEFINE_CLEANUP(Echo, echo_free);
