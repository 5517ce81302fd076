/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Accepting: who comes is a guest until it has shown a pinned key or proven the secret. */

#include <errno.h>
#include <sys/epoll.h>

#include "base/limits.h"
#include "base/names.h"
#include "transport/mesh.h"
#include "wire/codec.h"

#define ACCEPT_AT_ONCE 16
#define ACCEPT_PAUSE_USEC (200 * USEC_PER_MSEC) /* when descriptors have run out */

struct Listener {
        Transport *transport;
        int fd;
        sd_event_source *io;
        sd_event_source *pause;
};

int listener_fd(const Listener *listener) {
        return listener->fd;
}

/* telling apart
 * ---------------------------------------------------------------------------------------------- */

static const Barred *find_barred(const Transport *transport, const Fingerprint *fingerprint) {
        for (unsigned i = 0; i < transport->barred->len; i++) {
                const Barred *barred = g_ptr_array_index(transport->barred, i);
                Fingerprint key;

                if (fingerprint_from_string(barred->fingerprint, &key) >= 0 &&
                    fingerprint_equal(&key, fingerprint))
                        return barred;
        }
        return NULL;
}

static bool on_starting(Connection *connection) {
        Transport *transport = connection->transport;

        if (admission_handshake(&transport->admission, connection->guest, transport_now(transport)))
                return true;
        transport_notify(
                        transport,
                        TRANSPORT_EVENT_FLOOD,
                        connection->address_text,
                        NULL,
                        NULL,
                        "more handshakes than are done for strangers");
        return false;
}

static void on_open(Connection *connection) {
        Transport *transport = connection->transport;
        const Fingerprint *fingerprint = connection_fingerprint(connection);
        const Barred *barred;
        Link *link;

        if (fingerprint_equal(fingerprint, identity_fingerprint(transport->identity))) {
                connection_refuse(connection, "this is the node itself", REFUSAL_OTHER, NULL);
                return;
        }
        /* the value never lists a key both ways; if it did, barred must win */
        barred = find_barred(transport, fingerprint);
        if (barred) {
                transport_notify(
                                transport,
                                TRANSPORT_EVENT_BARRED,
                                connection->address_text,
                                barred->node_id,
                                fingerprint,
                                "a removed node came back");
                connection_refuse(connection, NULL, REFUSAL_BARRED, barred);
                return;
        }
        link = link_by_fingerprint(transport, fingerprint);
        if (link) {
                connection_trust(connection);
                link_welcome(link, connection);
        } else
                guest_welcome(transport, connection);
}

static void on_closed(Connection *connection, int error, const char *why) {
        if (error == -EPROTO || error == -EBADMSG || error == -EMSGSIZE)
                transport_notify(
                                connection->transport,
                                TRANSPORT_EVENT_PROTOCOL,
                                connection->address_text,
                                NULL,
                                NULL,
                                why);
}

static const ConnectionHandler arriving_handler = {
        .starting = on_starting,
        .open = on_open,
        .closed = on_closed,
};

void connection_refuse(Connection *connection, const char *reason, RefusalKind kind, const Barred *barred) {
        Transport *transport = connection->transport;
        g_autofree char *sentence = NULL, *params = NULL;
        Refusal refusal = { .kind = kind, .reason = (char *) reason };

        if (barred) {
                sentence =
                                g_strdup_printf("removed from cluster %s at version %" G_GUINT64_FORMAT,
                                                transport->cluster_id,
                                                barred->version);
                refusal.reason = sentence;
                refusal.cluster_id = transport->cluster_id;
                refusal.version = barred->version;
        }
        params = codec_encode_text(&refusal_type, &refusal);
        /* nothing else that waits is for it any more */
        frame_queue_done(&connection->queue);
        frame_queue_init(&connection->queue);
        (void) connection_send(
                        connection,
                        &(Envelope){ .method = (char *) METHOD_REFUSED, .params = params },
                        /* urgent= */ true);
        connection_finish(connection, USEC_PER_SEC);
}

/* accepting
 * -------------------------------------------------------------------------------------------------- */

static bool is_expected(const Transport *transport, const AddressKey *address) {
        for (unsigned i = 0; i < transport->links->len; i++)
                if (link_is_at(g_ptr_array_index(transport->links, i), address))
                        return true;
        return false;
}

static void admit(Transport *transport, Connection *connection) {
        AddressKey key = address_key(&connection->address);
        void *evicted;

        connection->admission = &transport->admission;
        connection->guest = admission_enter(
                        &transport->admission, &key, is_expected(transport, &key), connection, &evicted);
        if (!evicted)
                return;
        ((Connection *) evicted)->guest = NULL;
        transport_notify(
                        transport,
                        TRANSPORT_EVENT_FLOOD,
                        ((Connection *) evicted)->address_text,
                        NULL,
                        NULL,
                        "more connections than are kept for strangers");
        connection_end(evicted, -EBUSY, "its place was taken by a newer one");
}

static void welcome(Transport *transport, int fd, const Address *address) {
        Connection *connection;

        if (connection_accepted(
                            transport->event,
                            transport->identity,
                            fd,
                            address,
                            &arriving_handler,
                            &connection) < 0)
                return;
        (void) connection_set_user_timeout(connection, transport->times.user_timeout);
        connection_enlist(connection, transport, &transport->connections);
        connection_set_deadline(
                        connection,
                        usec_add(transport_now(transport), transport->times.untrusted),
                        -ETIMEDOUT,
                        "no trust in time");
        admit(transport, connection);
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Listener *listener = userdata;

        (void) sd_event_source_set_enabled(listener->io, SD_EVENT_ON);
        return 0;
}

/* the socket stays readable: without a pause the loop would spin */
static void take_a_pause(Listener *listener) {
        (void) sd_event_source_set_enabled(listener->io, SD_EVENT_OFF);
        listener->pause = sd_event_source_disable_unref(listener->pause);
        (void) sd_event_add_time_relative(
                        listener->transport->event,
                        &listener->pause,
                        CLOCK_BOOTTIME,
                        ACCEPT_PAUSE_USEC,
                        0,
                        on_pause_over,
                        listener);
        transport_notify(
                        listener->transport,
                        TRANSPORT_EVENT_FLOOD,
                        "?",
                        NULL,
                        NULL,
                        "no descriptor left to accept with");
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Listener *listener = userdata;

        for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
                Address address = { .size = sizeof address.sa };
                int accepted =
                                accept4(fd,
                                        (struct sockaddr *) &address.sa,
                                        &address.size,
                                        SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (accepted >= 0) {
                        welcome(listener->transport, accepted, &address);
                        continue;
                }
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                        take_a_pause(listener);
                else if (errno != EAGAIN)
                        continue; /* ECONNABORTED and the like concern one connection */
                return 0;
        }
        return 0;
}

int listener_new(Transport *transport, int fd_consumed, Listener **ret) {
        Listener *listener = g_new0(Listener, 1);
        int r;

        listener->transport = transport;
        listener->fd = fd_consumed;
        r = sd_event_add_io(transport->event, &listener->io, fd_consumed, EPOLLIN, on_accept, listener);
        if (r < 0) {
                listener_free(listener);
                return r;
        }
        *ret = listener;
        return 0;
}

void listener_free(void *userdata) {
        Listener *listener = userdata;

        (void) sd_event_source_disable_unref(listener->io);
        (void) sd_event_source_disable_unref(listener->pause);
        (void) close_fd(listener->fd);
        g_free(listener);
}
