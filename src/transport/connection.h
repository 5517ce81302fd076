/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One connection: a socket, its TLS session, messages in and out. It knows nothing of peers or joining: what
 * it is for is its handler's business, and that changes as a connection moves from stranger to peer. An
 * accepted connection has no TLS session before its first bytes have come, so one that stays silent costs a
 * descriptor.
 *
 * It belongs to itself: it lives until connection_end(), or until it ends by its own (error, end of
 * stream, deadline); then handler->closed is called, once, and it is gone after that. Sending never calls
 * back and never closes at once. */

#include <systemd/sd-event.h>

#include "transport/address.h"
#include "transport/admission.h"
#include "transport/tls.h"
#include "transport/transport.h"
#include "wire/envelope.h"
#include "wire/frame.h"

typedef struct Connection Connection;

typedef struct ConnectionHandler {
        /* accepted, and the first bytes are there: may a handshake begin? NULL: yes. false closes it. */
        bool (*starting)(Connection *connection);
        void (*open)(Connection *connection); /* the handshake is done, the other side's key is known */
        void (*message)(Connection *connection, const Envelope *envelope);
        void (*closed)(Connection *connection, int error, const char *why); /* error < 0; why: a phrase */
} ConnectionHandler;

typedef enum ConnectionState {
        CONNECTION_CONNECTING,
        CONNECTION_ACCEPTED, /* and silent so far */
        CONNECTION_HANDSHAKE,
        CONNECTION_OPEN,
        CONNECTION_CLOSED
} ConnectionState;

struct Connection {
        unsigned n_ref;
        uint64_t serial;
        sd_event *event;
        const TransportIdentity *identity;
        const ConnectionHandler *handler;
        void *owner; /* the handler's */
        Transport *transport;
        GQueue *list; /* that holds it as long as it lives; may be NULL */
        GList link;
        Admission *admission;
        Guest *guest; /* NULL once trusted, or dialled */
        ConnectionState state;
        bool dialled;
        bool finishing; /* no more to send after what waits */
        bool said_bye;
        bool overflow; /* the queue is over its limit: closed on the next turn */
        int fd;
        Tls *tls;
        Address address;
        char *address_text;
        usec_t last_received; /* CLOCK_BOOTTIME */
        FrameReader reader;
        FrameQueue queue;
        GByteArray *out; /* frames on their way into TLS */
        size_t out_sent;
        sd_event_source *io;
        sd_event_source *flush;
        sd_event_source *timer;
        int timer_error;
        const char *timer_why;
        usec_t linger; /* > 0: the timer puts itself off as long as anything moves */
};

/* fd: a connected, non-blocking socket, consumed also on failure */
int connection_accepted(
                sd_event *event,
                const TransportIdentity *identity,
                int fd_consumed,
                const Address *address,
                const ConnectionHandler *handler,
                Connection **ret);
/* -errno where connecting fails at once */
int connection_dial(
                sd_event *event,
                const TransportIdentity *identity,
                const Address *address,
                usec_t user_timeout_usec,
                const ConnectionHandler *handler,
                Connection **ret);
int connection_set_user_timeout(Connection *connection, usec_t usec);

Connection *connection_ref(Connection *connection);
Connection *connection_unref(Connection *connection);
DEFINE_CLEANUP(Connection, connection_unref);

/* steps */
void connection_set_handler(Connection *connection, const ConnectionHandler *handler, void *owner);
/* Closes it with error and why at that time; USEC_INFINITY: never. why: a literal */
void connection_set_deadline(Connection *connection, usec_t boottime_usec, int error, const char *why);
/* Closes it once nothing has moved either way for so long. */
void connection_linger(Connection *connection, usec_t usec, int error, const char *why);
/* Puts it into that list, which it leaves by itself when it closes. */
void connection_enlist(Connection *connection, Transport *transport, GQueue *list);
/* It is no guest any more. */
void connection_trust(Connection *connection);
void connection_set_limit(Connection *connection, size_t message_bytes);
/* -ENOTCONN, -EMSGSIZE, -ENOBUFS as transport_send(); the flush comes on the same turn of the loop */
int connection_send(Connection *connection, const Envelope *envelope, bool urgent);
/* Sends what waits, says goodbye, and closes when the other side has, or after wait_usec. What still comes
 * in is thrown away. */
void connection_finish(Connection *connection, usec_t wait_usec);
/* At once; what waits is lost. Calls handler->closed before it returns. */
void connection_end(Connection *connection, int error, const char *why);
/* The same without telling the handler. */
void connection_drop(Connection *connection);

/* questions, once open */
const Fingerprint *connection_fingerprint(const Connection *connection);
