/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/connection.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/limits.h"
#include "wire/codec.h"

#define READ_BYTES 16384          /* one TLS record */
#define READ_BUDGET (256 * 1024)  /* of one turn, so that one fast peer does not hold the loop */
#define WRITE_ENOUGH 16384        /* gathers short messages into one record */
#define UNSENT_BYTES (128 * 1024) /* in the kernel: more would lie there when something urgent comes */

/* CLOCK_BOOTTIME of this turn */
static usec_t connection_now(const Connection *connection) {
        uint64_t now = 0;

        assert(connection);
        (void) sd_event_now(connection->event, CLOCK_BOOTTIME, &now);
        return now;
}

/* lifecycle
 * -------------------------------------------------------------------------------------------------- */

/* everything but the memory itself; the object may still be on the stack of a dispatch */
static void shut(Connection *connection) {
        connection->state = CONNECTION_CLOSED;
        connection->io = sd_event_source_disable_unref(connection->io);
        connection->flush = sd_event_source_disable_unref(connection->flush);
        connection->timer = sd_event_source_disable_unref(connection->timer);
        connection->tls = tls_free(connection->tls);
        connection->fd = close_fd(connection->fd);
        frame_reader_done(&connection->reader);
        frame_queue_done(&connection->queue);
        g_clear_pointer(&connection->out, g_byte_array_unref);
        connection_trust(connection);
        if (connection->list)
                g_queue_unlink(connection->list, &connection->link);
        connection->list = NULL;
}

Connection *connection_ref(Connection *connection) {
        assert(connection);
        connection->n_ref++;
        return connection;
}

Connection *connection_unref(Connection *connection) {
        if (!connection || --connection->n_ref > 0)
                return NULL;

        shut(connection);
        (void) sd_event_unref(connection->event);
        g_free(connection->address_text);
        g_free(connection);
        return NULL;
}

void connection_drop(Connection *connection) {
        assert(connection);

        if (connection->state == CONNECTION_CLOSED)
                return;
        shut(connection);
        (void) connection_unref(connection);
}

void connection_end(Connection *connection, int error, const char *why) {
        assert(connection);
        assert(error < 0);

        if (connection->state == CONNECTION_CLOSED)
                return;
        if (connection->tls && connection->state == CONNECTION_OPEN && !connection->said_bye)
                (void) tls_bye(connection->tls); /* if it can be said at once */
        shut(connection);
        if (connection->handler && connection->handler->closed)
                connection->handler->closed(connection, error, why);
        (void) connection_unref(connection);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);
static int on_flush(sd_event_source *source, void *userdata);

static int
connection_new(sd_event *event,
               const TransportIdentity *identity,
               int fd_consumed,
               const Address *address,
               const ConnectionHandler *handler,
               ConnectionState state,
               Connection **ret) {
        static uint64_t last_serial; /* only tells connections apart */
        _cleanup_(connection_unrefp) Connection *connection = g_new0(Connection, 1);
        int r;

        connection->n_ref = 1;
        connection->serial = ++last_serial;
        connection->fd = fd_consumed;
        connection->event = sd_event_ref(event);
        connection->identity = identity;
        connection->handler = handler;
        connection->state = state;
        connection->dialled = state == CONNECTION_CONNECTING;
        connection->address = *address;
        connection->address_text = address_to_text(address);
        connection->link.data = connection;
        frame_reader_init(&connection->reader, FRAME_MAX_UNTRUSTED);
        frame_queue_init(&connection->queue);
        connection->last_received = connection_now(connection);

        r =
                        sd_event_add_io(event,
                                        &connection->io,
                                        connection->fd,
                                        state == CONNECTION_CONNECTING ? EPOLLOUT : EPOLLIN,
                                        on_io,
                                        connection);
        if (r < 0)
                return r;
        r = sd_event_add_defer(event, &connection->flush, on_flush, connection);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(connection->flush, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(connection);
        return 0;
}

static void set_option(int fd, int option, unsigned value) {
        (void) setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
}

int connection_set_user_timeout(Connection *connection, usec_t usec) {
        assert(connection);

        set_option(connection->fd, TCP_NODELAY, 1);
        set_option(connection->fd, TCP_NOTSENT_LOWAT, UNSENT_BYTES);
        set_option(connection->fd, TCP_USER_TIMEOUT, (unsigned) (usec / USEC_PER_MSEC));
        return 0;
}

int connection_accepted(
                sd_event *event,
                const TransportIdentity *identity,
                int fd_consumed,
                const Address *address,
                const ConnectionHandler *handler,
                Connection **ret) {
        return connection_new(event, identity, fd_consumed, address, handler, CONNECTION_ACCEPTED, ret);
}

int connection_dial(
                sd_event *event,
                const TransportIdentity *identity,
                const Address *address,
                usec_t user_timeout_usec,
                const ConnectionHandler *handler,
                Connection **ret) {
        _cleanup_(closep) int fd = -1;
        Connection *connection;
        int r;

        assert(address);
        assert(ret);

        fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        /* before connect(): it also bounds the SYNs */
        set_option(fd, TCP_USER_TIMEOUT, (unsigned) (user_timeout_usec / USEC_PER_MSEC));
        if (connect(fd, (const struct sockaddr *) &address->sa, address->size) < 0 && errno != EINPROGRESS)
                return -errno;

        r = connection_new(
                        event, identity, TAKE_FD(fd), address, handler, CONNECTION_CONNECTING, &connection);
        if (r < 0)
                return r;
        (void) connection_set_user_timeout(connection, user_timeout_usec);
        *ret = connection;
        return 0;
}

/* settings
 * --------------------------------------------------------------------------------------------------- */

void connection_set_handler(Connection *connection, const ConnectionHandler *handler, void *owner) {
        assert(connection);
        connection->handler = handler;
        connection->owner = owner;
}

void connection_enlist(Connection *connection, Transport *transport, GQueue *list) {
        assert(connection);
        assert(!connection->list);

        connection->transport = transport;
        connection->list = list;
        g_queue_push_tail_link(list, &connection->link);
}

void connection_trust(Connection *connection) {
        assert(connection);
        connection->guest = admission_leave(connection->admission, connection->guest);
}

void connection_set_limit(Connection *connection, size_t message_bytes) {
        assert(connection);
        connection->reader.limit = message_bytes;
}

static bool is_moving(const Connection *connection) {
        return connection->out || !frame_queue_is_empty(&connection->queue) ||
               usec_sub(connection_now(connection), connection->last_received) < connection->linger;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Connection *connection = userdata;

        if (connection->linger > 0 && is_moving(connection)) {
                (void) sd_event_source_set_time_relative(source, connection->linger);
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
                return 0;
        }
        connection_end(connection, connection->timer_error, connection->timer_why);
        return 0;
}

void connection_set_deadline(Connection *connection, usec_t boottime_usec, int error, const char *why) {
        assert(connection);

        if (connection->state == CONNECTION_CLOSED)
                return;
        connection->timer = sd_event_source_disable_unref(connection->timer);
        connection->timer_error = error;
        connection->timer_why = why;
        connection->linger = 0;
        if (boottime_usec == USEC_INFINITY)
                return;
        if (sd_event_add_time(
                            connection->event,
                            &connection->timer,
                            CLOCK_BOOTTIME,
                            boottime_usec,
                            10 * USEC_PER_MSEC,
                            on_timer,
                            connection) < 0)
                g_error("no timer"); /* only where a descriptor for the clock cannot be had at all */
}

void connection_linger(Connection *connection, usec_t usec, int error, const char *why) {
        assert(connection);

        connection_set_deadline(connection, usec_add(connection_now(connection), usec), error, why);
        connection->linger = usec;
}

static void watch(Connection *connection, bool for_writing) {
        bool reading = connection->state != CONNECTION_HANDSHAKE || !for_writing;

        (void) sd_event_source_set_io_events(
                        connection->io, (reading ? EPOLLIN : 0) | (for_writing ? EPOLLOUT : 0));
}

/* sending
 * ---------------------------------------------------------------------------------------------------- */

static void wake_flush(Connection *connection) {
        if (connection->state == CONNECTION_OPEN)
                (void) sd_event_source_set_enabled(connection->flush, SD_EVENT_ONESHOT);
}

int connection_send(Connection *connection, const Envelope *envelope, bool urgent) {
        g_autoptr(GBytes) bytes = NULL;
        GString *s;
        size_t size;

        assert(connection);
        assert(envelope);

        if (connection->state != CONNECTION_OPEN || connection->finishing)
                return -ENOTCONN;

        s = g_string_sized_new(256);
        codec_encode(&envelope_type, envelope, s);
        size = s->len;
        bytes = g_string_free_to_bytes(s);
        if (size > FRAME_MAX_TRUSTED)
                return -EMSGSIZE;
        if (connection->overflow || connection->queue.bytes > SEND_QUEUE_MAX_BYTES - size) {
                connection->overflow = true;
                wake_flush(connection);
                return -ENOBUFS;
        }
        frame_queue_push(&connection->queue, g_steal_pointer(&bytes), urgent);
        wake_flush(connection);
        return 0;
}

static void say_bye(Connection *connection) {
        int r = tls_bye(connection->tls);

        if (r == -EAGAIN)
                watch(connection, /* for_writing= */ true);
        else if (r < 0)
                connection_end(connection, r, tls_error(connection->tls));
        else {
                connection->said_bye = true;
                watch(connection, /* for_writing= */ false);
        }
}

/* Writes until nothing waits or the socket is full. What lies in `out` has its place; what is pulled after
 * it may be more urgent than what waited when the last was pulled. */
static void flush(Connection *connection) {
        if (connection->overflow) {
                connection_end(connection,
                               -ENOBUFS,
                               "more waits to be sent than is kept for one connection");
                return;
        }
        for (;;) {
                ssize_t n;

                if (connection->out && connection->out_sent == connection->out->len) {
                        if (connection->out->len > WRITE_ENOUGH)
                                g_clear_pointer(&connection->out, g_byte_array_unref);
                        else
                                g_byte_array_set_size(connection->out, 0);
                        connection->out_sent = 0;
                }
                if (!connection->out || connection->out->len == 0) {
                        if (frame_queue_is_empty(&connection->queue))
                                break;
                        if (!connection->out)
                                connection->out = g_byte_array_new();
                        frame_queue_pull(&connection->queue, connection->out, WRITE_ENOUGH);
                }
                n = tls_send(connection->tls,
                             connection->out->data + connection->out_sent,
                             connection->out->len - connection->out_sent);
                if (n == -EAGAIN) {
                        watch(connection, /* for_writing= */ true);
                        return;
                }
                if (n < 0) {
                        connection_end(connection, (int) n, tls_error(connection->tls));
                        return;
                }
                connection->out_sent += (size_t) n;
        }

        g_clear_pointer(&connection->out, g_byte_array_unref); /* an idle connection keeps no buffer */
        if (connection->finishing && !connection->said_bye)
                say_bye(connection);
        else
                watch(connection, /* for_writing= */ false);
}

static const ConnectionHandler finishing_handler; /* hears nothing any more */

void connection_finish(Connection *connection, usec_t wait_usec) {
        assert(connection);

        if (connection->state == CONNECTION_CLOSED)
                return;
        if (connection->state != CONNECTION_OPEN) {
                connection_end(connection, -ECONNABORTED, "closed");
                return;
        }
        connection_set_handler(connection, &finishing_handler, NULL);
        connection_set_deadline(
                        connection, usec_add(connection_now(connection), wait_usec), -ETIMEDOUT, "finished");
        connection->finishing = true;
        wake_flush(connection);
}

/* receiving
 * -------------------------------------------------------------------------------------------------- */

static void handle_message(Connection *connection, GBytes *message) {
        g_autofree char *text = NULL;
        void *object;
        size_t size;
        const char *bytes = g_bytes_get_data(message, &size);

        if (codec_decode(&envelope_type, bytes, size, &object, &text) < 0) {
                connection_end(connection, -EBADMSG, text);
                return;
        }
        if (connection->handler->message)
                connection->handler->message(connection, object);
        (void) envelope_free(object);
}

static void handle_bytes(Connection *connection, const void *bytes, size_t size) {
        GBytes *message;
        int r;

        if (connection->finishing)
                return;
        r = frame_reader_feed(&connection->reader, bytes, size, &message);
        while (r > 0) {
                handle_message(connection, message);
                g_bytes_unref(message);
                if (connection->state != CONNECTION_OPEN || connection->finishing)
                        return;
                r = frame_reader_feed(&connection->reader, NULL, 0, &message);
        }
        if (r == -EMSGSIZE)
                connection_end(connection, r, "announced a message over the limit");
        else if (r < 0)
                connection_end(connection, r, "sent a frame that is none");
}

static void receive(Connection *connection) {
        uint8_t buffer[READ_BYTES];
        size_t budget = READ_BUDGET;

        while (connection->state == CONNECTION_OPEN) {
                ssize_t n = tls_recv(connection->tls, buffer, sizeof buffer);

                if (n == -EAGAIN)
                        return;
                if (n <= 0) {
                        connection_end(connection,
                                       n < 0 ? (int) n : -ECONNRESET,
                                       n < 0 ? tls_error(connection->tls) : "closed by the other side");
                        return;
                }
                connection->last_received = connection_now(connection);
                handle_bytes(connection, buffer, (size_t) n);
                if (connection->state != CONNECTION_OPEN)
                        return;
                if ((size_t) n >= budget) {
                        /* what GnuTLS holds does not make the socket readable: come back by ourselves */
                        if (tls_has_pending(connection->tls))
                                wake_flush(connection);
                        return;
                }
                budget -= (size_t) n;
        }
}

/* beginning
 * -------------------------------------------------------------------------------------------------- */

static void handshake(Connection *connection) {
        int r = tls_handshake(connection->tls);

        if (r == -EAGAIN) {
                watch(connection, tls_wants_write(connection->tls));
                return;
        }
        if (r < 0) {
                g_autofree char *why = g_strdup_printf("TLS: %s", tls_error(connection->tls));

                connection_end(connection, r, why);
                return;
        }
        connection->state = CONNECTION_OPEN;
        connection->last_received = connection_now(connection);
        watch(connection, /* for_writing= */ false);
        connection->handler->open(connection);
        receive(connection); /* what came with the last of the handshake */
}

static void begin(Connection *connection, bool is_server) {
        int r = tls_new(connection->identity, connection->fd, is_server, &connection->tls);

        if (r < 0) {
                connection_end(connection, r, "no TLS session to be had");
                return;
        }
        connection->state = CONNECTION_HANDSHAKE;
        handshake(connection);
}

static void connected(Connection *connection) {
        int error = 0;
        socklen_t size = sizeof error;

        if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        if (error > 0)
                connection_end(connection, -error, g_strerror(error));
        else
                begin(connection, /* is_server= */ false);
}

static void first_bytes(Connection *connection) {
        char byte;
        ssize_t n = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0)
                connection_end(connection, -ECONNRESET, "closed without a word");
        else if (connection->handler->starting && !connection->handler->starting(connection))
                connection_end(connection, -EBUSY, "too many handshakes");
        else
                begin(connection, /* is_server= */ true);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(connection_unrefp) Connection *connection = connection_ref(userdata);

        switch (connection->state) {
        case CONNECTION_CONNECTING:
                connected(connection);
                break;
        case CONNECTION_ACCEPTED:
                first_bytes(connection);
                break;
        case CONNECTION_HANDSHAKE:
                handshake(connection);
                break;
        case CONNECTION_OPEN:
                if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
                        receive(connection);
                if (connection->state == CONNECTION_OPEN && revents & EPOLLOUT)
                        flush(connection);
                break;
        case CONNECTION_CLOSED:
                break;
        }
        return 0;
}

static int on_flush(sd_event_source *source, void *userdata) {
        _cleanup_(connection_unrefp) Connection *connection = connection_ref(userdata);

        if (connection->state == CONNECTION_OPEN)
                flush(connection);
        if (connection->state == CONNECTION_OPEN && tls_has_pending(connection->tls))
                receive(connection);
        return 0;
}

const Fingerprint *connection_fingerprint(const Connection *connection) {
        assert(connection);
        assert(connection->tls);
        return tls_peer_fingerprint(connection->tls);
}
