/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/transport.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <string.h>

#include "base/limits.h"
#include "transport/mesh.h"

#define LISTEN_BACKLOG 128

const TransportTimes transport_times_default = {
        .untrusted = UNTRUSTED_DEADLINE_USEC,
        .silent = 2 * USEC_PER_SEC,
        .user_timeout = 4 * USEC_PER_SEC,
        .redial_min = 200 * USEC_PER_MSEC,
        .redial_max = 2 * USEC_PER_SEC,
        .retire = 2 * USEC_PER_SEC,
        .resolve = 30 * USEC_PER_SEC,
        .event = USEC_PER_MINUTE,
};

usec_t transport_now(const Transport *transport) {
        uint64_t now = 0;

        (void) sd_event_now(transport->event, CLOCK_BOOTTIME, &now);
        return now;
}

/* later
 * ------------------------------------------------------------------------------------------------------ */

typedef struct Later {
        later_t function;
        void *userdata;
} Later;

static void run_later(Transport *transport) {
        for (unsigned n = transport->later_queue.length; n > 0; n--) {
                g_autofree Later *later = g_queue_pop_head(&transport->later_queue);

                later->function(later->userdata);
        }
}

static int on_later(sd_event_source *source, void *userdata) {
        run_later(userdata);
        return 0;
}

void transport_later(Transport *transport, later_t function, void *userdata) {
        Later *later = g_new(Later, 1);

        *later = (Later){ function, userdata };
        g_queue_push_tail(&transport->later_queue, later);
        if (transport->later)
                (void) sd_event_source_set_enabled(transport->later, SD_EVENT_ONESHOT);
}

/* lifecycle
 * -------------------------------------------------------------------------------------------------- */

int transport_new(
                sd_event *event,
                const TransportOptions *options,
                const TransportCallbacks *callbacks,
                void *userdata,
                Transport **ret) {
        _cleanup_(transport_freep) Transport *transport = g_new0(Transport, 1);
        int r;

        assert(event);
        assert(options && options->identity);
        assert(callbacks);
        assert(ret);

        transport->event = sd_event_ref(event);
        transport->identity = options->identity;
        transport->cluster_id = g_strdup(options->cluster_id ?: "");
        transport->value_format = options->value_format;
        transport->times = options->times ? *options->times : transport_times_default;
        transport->callbacks = *callbacks;
        transport->userdata = userdata;
        transport->listeners = g_ptr_array_new_with_free_func(listener_free);
        transport->links = g_ptr_array_new();
        transport->barred = g_ptr_array_new_with_free_func(barred_free_item);
        transport->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        admission_init(&transport->admission, transport_now(transport));

        r = sd_event_add_defer(event, &transport->later, on_later, transport);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(transport->later, SD_EVENT_OFF);
        if (r < 0)
                return r;
        transport->names = names_new(event);
        if (!transport->names)
                return -ENOMEM;
        /* begins anywhere: an answer to a call of the process before this one must find no call of ours */
        if (gnutls_rnd(GNUTLS_RND_NONCE, &transport->next_call_id, sizeof transport->next_call_id) < 0)
                return -EIO;
        transport->next_call_id = transport->next_call_id >> 8 | 1;

        *ret = TAKE_PTR(transport);
        return 0;
}

static void remove_link(Transport *transport, unsigned i, const Barred *barred) {
        Link *link = g_ptr_array_index(transport->links, i);

        (void) g_ptr_array_remove_index(transport->links, i);
        link_remove(link, barred);
}

Transport *transport_free(Transport *transport) {
        if (!transport)
                return NULL;

        transport->later = sd_event_source_disable_unref(transport->later);
        transport->closing = true;
        transport->callbacks = (TransportCallbacks){};
        g_ptr_array_unref(transport->listeners);
        while (transport->links->len > 0)
                remove_link(transport, transport->links->len - 1, NULL);
        incoming_calls_forget(transport, NULL);
        while (!g_queue_is_empty(&transport->invitations))
                invitation_abandon(g_queue_peek_head(&transport->invitations));
        while (!g_queue_is_empty(&transport->connections)) {
                Connection *connection = g_queue_peek_head(&transport->connections);

                guest_forget(connection);
                connection_drop(connection);
        }
        while (!g_queue_is_empty(&transport->later_queue))
                run_later(transport);

        (void) names_free(transport->names);
        g_ptr_array_unref(transport->links);
        g_ptr_array_unref(transport->barred);
        g_hash_table_unref(transport->told);
        gnutls_memset(&transport->join_key, 0, sizeof transport->join_key);
        g_free(transport->cluster_id);
        (void) sd_event_unref(transport->event);
        g_free(transport);
        return NULL;
}

/* listening
 * -------------------------------------------------------------------------------------------------- */

static int complain(char **reterr_text, const char *why, const char *address, int error) {
        if (reterr_text)
                *reterr_text = g_strdup_printf(
                                "cannot listen on %s: %s", address, why ?: g_strerror(-error));
        return error;
}

static int open_socket(const Address *address, int *ret) {
        _cleanup_(closep) int fd = -1;
        int on = 1, off = 0;

        fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (address->sa.ss_family == AF_INET6) /* whatever the system's default: "::" takes both */
                (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        if (bind(fd, (const struct sockaddr *) &address->sa, address->size) < 0)
                return -errno;
        if (listen(fd, LISTEN_BACKLOG) < 0)
                return -errno;

        *ret = TAKE_FD(fd);
        return 0;
}

static int add_listener(Transport *transport, int fd_consumed) {
        Listener *listener;
        int r;

        r = listener_new(transport, fd_consumed, &listener);
        if (r < 0)
                return r;
        g_ptr_array_add(transport->listeners, listener);
        return 0;
}

int transport_listen(Transport *transport, const char *address, uint16_t port, char **reterr_text) {
        g_autofree char *host = NULL, *text = NULL;
        size_t n;
        Address bound;
        int fd = -1, r;

        assert(transport);
        assert(address);

        n = strlen(address);
        host = n > 2 && address[0] == '[' && address[n - 1] == ']' ? g_strndup(address + 1, n - 2)
                                                                   : g_strdup(address);
        if (address_from_numeric(host, port, &bound) < 0)
                return complain(reterr_text,
                                "it is no numeric address, such as 192.0.2.1 or ::",
                                address,
                                -EINVAL);

        text = address_to_text(&bound);
        r = open_socket(&bound, &fd);
        if (r < 0)
                return complain(reterr_text, /* why= */ NULL, text, r);
        r = add_listener(transport, fd);
        if (r < 0)
                return complain(reterr_text, /* why= */ NULL, text, r);
        return 0;
}

int transport_listen_fd(Transport *transport, int fd_consumed, char **reterr_text) {
        int accepting = 0, flags, r;
        socklen_t size = sizeof accepting;

        assert(transport);

        if (getsockopt(fd_consumed, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) < 0 || !accepting) {
                (void) close_fd(fd_consumed);
                return complain(reterr_text, "it is no listening socket", "the given socket", -EINVAL);
        }
        flags = fcntl(fd_consumed, F_GETFL);
        if (flags < 0 || fcntl(fd_consumed, F_SETFL, flags | O_NONBLOCK) < 0) {
                r = -errno;
                (void) close_fd(fd_consumed);
                return complain(reterr_text, /* why= */ NULL, "the given socket", r);
        }
        r = add_listener(transport, fd_consumed);
        return r < 0 ? complain(reterr_text, /* why= */ NULL, "the given socket", r) : 0;
}

uint16_t transport_port(const Transport *transport) {
        Address address = { .size = sizeof address.sa };

        assert(transport);

        if (transport->listeners->len == 0 ||
            getsockname(listener_fd(g_ptr_array_index(transport->listeners, 0)),
                        (struct sockaddr *) &address.sa,
                        &address.size) < 0)
                return 0;
        return address_port(&address);
}

/* peers
 * ------------------------------------------------------------------------------------------------------ */

static const Peer *find_peer(const Peer *const *peers, size_t n, const Link *link) {
        for (size_t i = 0; i < n; i++) {
                Fingerprint fingerprint;

                if (fingerprint_from_string(peers[i]->fingerprint, &fingerprint) >= 0 &&
                    link_is(link, peers[i]->node_id, &fingerprint))
                        return peers[i];
        }
        return NULL;
}

/* what the barred list has about a link that goes; NULL: nothing */
static const Barred *barred_of(const Transport *transport, const Link *link) {
        for (unsigned i = 0; i < transport->barred->len; i++) {
                const Barred *barred = g_ptr_array_index(transport->barred, i);
                Fingerprint fingerprint;

                if (fingerprint_from_string(barred->fingerprint, &fingerprint) >= 0 &&
                    link == link_by_fingerprint(transport, &fingerprint))
                        return barred;
        }
        return NULL;
}

void transport_set_peers(
                Transport *transport,
                const Peer *const *peers,
                size_t n_peers,
                const Barred *const *barred,
                size_t n_barred) {
        assert(transport);

        g_ptr_array_set_size(transport->barred, 0);
        for (size_t i = 0; i < n_barred; i++)
                g_ptr_array_add(transport->barred, barred_copy(barred[i]));

        for (unsigned i = transport->links->len; i > 0; i--) {
                Link *link = g_ptr_array_index(transport->links, i - 1);
                const Peer *peer = find_peer(peers, n_peers, link);

                if (peer)
                        link_update(link, peer);
                else
                        remove_link(transport, i - 1, barred_of(transport, link));
        }
        for (size_t i = 0; i < n_peers; i++) {
                Fingerprint fingerprint;

                if (!peers[i]->node_id ||
                    strcmp(peers[i]->node_id, identity_node_id(transport->identity)) == 0 ||
                    link_by_node_id(transport, peers[i]->node_id) ||
                    fingerprint_from_string(peers[i]->fingerprint, &fingerprint) < 0)
                        continue;
                g_ptr_array_add(transport->links, link_new(transport, peers[i], &fingerprint));
        }
}

void transport_set_cluster(Transport *transport, const char *cluster_id) {
        assert(transport);

        if (strcmp(transport->cluster_id, cluster_id ?: "") == 0)
                return;
        g_free(transport->cluster_id);
        transport->cluster_id = g_strdup(cluster_id ?: "");
        for (unsigned i = 0; i < transport->links->len; i++) {
                Link *link = g_ptr_array_index(transport->links, i);

                g_ptr_array_index(transport->links, i) = link_again(link);
                link_remove(link, NULL);
        }
}

void transport_set_join_key(Transport *transport, const JoinKey *key) {
        assert(transport);

        transport->has_join_key = key;
        gnutls_memset(&transport->join_key, 0, sizeof transport->join_key);
        if (key)
                transport->join_key = *key;
}

/* questions and verbs
 * ---------------------------------------------------------------------------------------- */

static Connection *connection_to(const Transport *transport, const char *node_id) {
        Link *link = link_by_node_id(transport, node_id);

        return link ? link_connection(link) : NULL;
}

bool transport_is_up(const Transport *transport, const char *node_id) {
        assert(transport);
        return connection_to(transport, node_id);
}

usec_t transport_silence(const Transport *transport, const char *node_id) {
        Connection *connection;

        assert(transport);

        connection = connection_to(transport, node_id);
        return connection ? usec_sub(transport_now(transport), connection->last_received) : USEC_INFINITY;
}

int transport_send(
                Transport *transport,
                const char *node_id,
                const char *method,
                const char *params,
                bool urgent) {
        Connection *connection;

        assert(transport);
        assert(method && strlen(method) <= NAME_MAX_BYTES);

        connection = connection_to(transport, node_id);
        if (!connection)
                return -ENOTCONN;
        return connection_send(
                        connection,
                        &(Envelope){ .method = (char *) method, .params = (char *) params },
                        urgent);
}

int transport_call(
                Transport *transport,
                const char *node_id,
                const char *method,
                const char *params,
                bool urgent,
                usec_t deadline_usec,
                transport_answer_t answer,
                void *userdata) {
        Link *link;

        assert(transport);
        assert(method && strlen(method) <= NAME_MAX_BYTES);
        assert(answer);

        link = link_by_node_id(transport, node_id);
        if (!link || !link_connection(link))
                return -ENOTCONN;
        return call_table_send(
                        link_calls(link),
                        link_connection(link),
                        method,
                        params,
                        urgent,
                        deadline_usec,
                        answer,
                        userdata);
}
