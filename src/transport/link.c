/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One configured peer. Both sides dial; of two connections the one that the smaller NodeID dialled stays.
 * Neither side asks the other which: each applies the same rule to what it sees, and the loser of two is not
 * cut but retired, that is still read for a while, so nothing that was sent on it before the other side knew
 * is lost. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "transport/mesh.h"
#include "wire/codec.h"

struct Link {
        Transport *transport;
        char *node_id;
        char *advertise;
        Fingerprint fingerprint;
        Connection *current; /* up: hellos have been exchanged */
        bool told_up;        /* peer_up() has been called, peer_down() not yet */
        bool removed;
        CallTable calls;

        Connection *dialling; /* up to the listener's hello */
        NameLookup *lookup;
        sd_event_source *redial;
        usec_t wait; /* before the next dial */
        Address addresses[ADDRESSES_MAX];
        size_t n_addresses;
        size_t next_address;
        usec_t looked_up;
};

static const ConnectionHandler dialling_handler, awaiting_handler, up_handler, retired_handler;

/* questions
 * -------------------------------------------------------------------------------------------------- */

Link *link_by_node_id(const Transport *transport, const char *node_id) {
        for (unsigned i = 0; i < transport->links->len; i++) {
                Link *link = g_ptr_array_index(transport->links, i);

                if (strcmp(link->node_id, node_id) == 0)
                        return link;
        }
        return NULL;
}

Link *link_by_fingerprint(const Transport *transport, const Fingerprint *fingerprint) {
        for (unsigned i = 0; i < transport->links->len; i++) {
                Link *link = g_ptr_array_index(transport->links, i);

                if (fingerprint_equal(&link->fingerprint, fingerprint))
                        return link;
        }
        return NULL;
}

bool link_is_at(const Link *link, const AddressKey *address) {
        for (size_t i = 0; i < link->n_addresses; i++) {
                AddressKey key = address_key(&link->addresses[i]);

                if (address_key_equal(&key, address))
                        return true;
        }
        return false;
}

bool link_is(const Link *link, const char *node_id, const Fingerprint *fingerprint) {
        return strcmp(link->node_id, node_id) == 0 && fingerprint_equal(&link->fingerprint, fingerprint);
}

Connection *link_connection(const Link *link) {
        return link->current;
}

CallTable *link_calls(Link *link) {
        return &link->calls;
}

static bool we_are_smaller(const Link *link) {
        return strcmp(identity_node_id(link->transport->identity), link->node_id) < 0;
}

/* dialled by the smaller of the two */
static bool is_preferred(const Link *link, const Connection *connection) {
        return connection->dialled == we_are_smaller(link);
}

static bool is_silent(const Link *link, const Connection *connection) {
        return usec_sub(transport_now(link->transport), connection->last_received) >=
               link->transport->times.silent;
}

static bool takes_the_place(const Link *link, const Connection *connection) {
        return !link->current || is_silent(link, link->current) ||
               (is_preferred(link, connection) && !is_preferred(link, link->current));
}

/* what comes in
 * ---------------------------------------------------------------------------------------------- */

static void handle_call(Link *link, Connection *connection, const Envelope *envelope) {
        const TransportCallbacks *callbacks = &link->transport->callbacks;
        TransportCall *call = incoming_call_new(link->transport, link, NULL, envelope->id);

        if (incoming_calls_count(link->transport, link) > CALLS_PENDING_MAX)
                transport_call_fail(call, "too many calls wait for their answers already");
        else if (!callbacks->call)
                transport_call_fail(call, "no such method");
        else
                callbacks->call(link->transport->userdata,
                                link->node_id,
                                envelope->method,
                                envelope->params ?: "{}",
                                call);
}

static void on_refused(Link *link, Connection *connection, const Envelope *envelope) {
        Refusal *refusal = message_params(&refusal_type, envelope);
        Transport *transport = link->transport;

        if (refusal && refusal->kind == REFUSAL_BARRED) {
                if (transport->callbacks.barred)
                        transport->callbacks.barred(
                                        transport->userdata,
                                        link->node_id,
                                        refusal->cluster_id ?: "",
                                        refusal->version);
        } else if (!refusal || refusal->kind != REFUSAL_DUPLICATE) {
                g_autofree char *text = g_strdup_printf(
                                "refuses us: %s", refusal && refusal->reason ? refusal->reason : "?");

                transport_notify(
                                transport,
                                TRANSPORT_EVENT_REFUSED,
                                connection->address_text,
                                link->node_id,
                                &link->fingerprint,
                                text);
        }
        (void) refusal_free(refusal);
        connection_end(connection, -EREMOTE, "refused");
}

static void handle_message(Connection *connection, const Envelope *envelope) {
        Link *link = connection->owner;
        const TransportCallbacks *callbacks = &link->transport->callbacks;

        if (!envelope->method || !*envelope->method) {
                call_table_answer(&link->calls, envelope);
                return;
        }
        if (strcmp(envelope->method, METHOD_REFUSED) == 0) { /* it has removed us meanwhile */
                on_refused(link, connection, envelope);
                return;
        }
        if (strcmp(envelope->method, METHOD_HELLO) == 0) /* said already */
                return;
        if (envelope->id > 0)
                handle_call(link, connection, envelope);
        else if (callbacks->message)
                callbacks->message(
                                link->transport->userdata,
                                link->node_id,
                                envelope->method,
                                envelope->params ?: "{}");
}

/* dialling
 * --------------------------------------------------------------------------------------------------- */

static void dial(Link *link);

static int on_redial(sd_event_source *source, uint64_t usec, void *userdata) {
        dial(userdata);
        return 0;
}

static void schedule_dial(Link *link, usec_t wait_usec) {
        if (link->removed)
                return;
        if (!link->redial)
                (void) sd_event_add_time_relative(
                                link->transport->event,
                                &link->redial,
                                CLOCK_BOOTTIME,
                                wait_usec,
                                10 * USEC_PER_MSEC,
                                on_redial,
                                link);
        else
                (void) sd_event_source_set_time_relative(link->redial, wait_usec);
        if (link->redial)
                (void) sd_event_source_set_enabled(link->redial, SD_EVENT_ONESHOT);
}

static void dial_again(Link *link) {
        if (link->current || link->dialling || link->lookup)
                return;
        schedule_dial(link, link->wait);
        link->wait = MIN(link->wait * 2, link->transport->times.redial_max);
}

static void stop_dialling(Link *link) {
        if (link->dialling)
                connection_drop(link->dialling);
        link->dialling = NULL;
        link->lookup = name_lookup_cancel(link->lookup);
        if (link->redial)
                (void) sd_event_source_set_enabled(link->redial, SD_EVENT_OFF);
}

static void dial_address(Link *link) {
        const Address *address = &link->addresses[link->next_address++ % link->n_addresses];
        Connection *connection;
        int r;

        r =
                        connection_dial(link->transport->event,
                                        link->transport->identity,
                                        address,
                                        link->transport->times.user_timeout,
                                        &dialling_handler,
                                        &connection);
        if (r < 0) {
                g_autofree char *text = address_to_text(address);

                transport_notify(
                                link->transport,
                                TRANSPORT_EVENT_UNREACHABLE,
                                text,
                                link->node_id,
                                NULL,
                                g_strerror(-r));
                dial_again(link);
                return;
        }
        connection_enlist(connection, link->transport, &link->transport->connections);
        connection->owner = link;
        connection_set_deadline(
                        connection,
                        usec_add(transport_now(link->transport), link->transport->times.untrusted),
                        -ETIMEDOUT,
                        "no answer in time");
        link->dialling = connection;
}

static void on_lookup(void *userdata, int error, const Address *addresses, size_t n, const char *text) {
        Link *link = userdata;

        link->lookup = NULL;
        if (error < 0) {
                transport_notify(
                                link->transport,
                                TRANSPORT_EVENT_UNREACHABLE,
                                link->advertise,
                                link->node_id,
                                NULL,
                                text);
                dial_again(link);
                return;
        }
        memcpy(link->addresses, addresses, n * sizeof *addresses);
        link->n_addresses = n;
        link->next_address = 0;
        link->looked_up = transport_now(link->transport);
        if (!link->current && !link->dialling)
                dial_address(link);
}

static void dial(Link *link) {
        g_autofree char *host = NULL;
        uint16_t port;

        if (link->current || link->dialling || link->lookup)
                return;
        if (link->n_addresses > 0 &&
            usec_sub(transport_now(link->transport), link->looked_up) < link->transport->times.resolve) {
                dial_address(link);
                return;
        }
        if (!link->advertise || address_split(link->advertise, &host, &port) < 0)
                return; /* it has to dial us */
        link->lookup = names_lookup(link->transport->names, host, port, on_lookup, link);
}

/* up and down
 * ------------------------------------------------------------------------------------------------ */

static void tell_down(Link *link, const char *reason) {
        if (!link->told_up)
                return;
        link->told_up = false;
        if (link->transport->callbacks.peer_down)
                link->transport->callbacks.peer_down(link->transport->userdata, link->node_id, reason);
}

static void tell_up(Link *link, const Connection *connection, const Hello *hello) {
        const TransportPeerInfo info = {
                .node_id = link->node_id,
                .address = connection->address_text,
                .protocol = hello->protocol,
                .value_format = hello->value_format,
                .dialled = connection->dialled,
        };

        if (link->told_up)
                return;
        link->told_up = true;
        if (link->transport->callbacks.peer_up)
                link->transport->callbacks.peer_up(link->transport->userdata, &info);
}

static void retire(Link *link, Connection *connection) {
        connection_set_handler(connection, &retired_handler, link);
        connection_set_limit(connection, FRAME_MAX_TRUSTED);
        connection_linger(connection, link->transport->times.retire, -ETIMEDOUT, "retired");
}

static void replace_silent(Link *link, Connection *old) {
        static const char reason[] = "silent, and replaced by a new connection";

        connection_set_handler(old, &retired_handler, link);
        link->current = NULL;
        call_table_fail(&link->calls, old, -ECONNRESET, reason);
        connection_drop(old);
        tell_down(link, reason);
}

/* A callback may have removed the link or closed the connection: look again after each. */
static void adopt(Link *link, Connection *connection, const Hello *hello) {
        Connection *old = link->current;

        connection_set_handler(connection, &up_handler, link);
        connection_set_deadline(connection, USEC_INFINITY, 0, NULL);
        connection_set_limit(connection, FRAME_MAX_TRUSTED);
        if (link->dialling == connection)
                link->dialling = NULL;
        link->wait = link->transport->times.redial_min;

        if (old && is_silent(link, old))
                replace_silent(link, old);
        else if (old)
                retire(link, old);
        if (link->removed || connection->state != CONNECTION_OPEN)
                return;

        link->current = connection;
        /* Once our own dial has said hello the other side may have taken it already: it must see it retire,
         * not cut. */
        if (!link->dialling || link->dialling->state != CONNECTION_OPEN)
                stop_dialling(link);
        tell_up(link, connection, hello);
}

static void on_up_closed(Connection *connection, int error, const char *why) {
        Link *link = connection->owner;
        g_autofree char *reason = g_strdup(why);

        link->current = NULL;
        if (error == -EBADMSG || error == -EMSGSIZE)
                transport_notify(
                                link->transport,
                                TRANSPORT_EVENT_PROTOCOL,
                                connection->address_text,
                                link->node_id,
                                &link->fingerprint,
                                reason);
        call_table_fail(&link->calls, connection, error, reason);
        if (link->removed || link->current)
                return;
        link->wait = link->transport->times.redial_min;
        dial_again(link);
        tell_down(link, reason);
}

static void on_retired_closed(Connection *connection, int error, const char *why) {
        Link *link = connection->owner;

        call_table_fail(&link->calls, connection, error, why);
}

/* hellos
 * ----------------------------------------------------------------------------------------------------- */

static void send_hello(Connection *connection, Transport *transport) {
        const Hello hello = {
                .protocol = WIRE_PROTOCOL_VERSION,
                .node_id = (char *) identity_node_id(transport->identity),
                .cluster_id = transport->cluster_id,
                .value_format = transport->value_format,
        };
        g_autofree char *params = codec_encode_text(&hello_type, &hello);

        (void) connection_send(
                        connection,
                        &(Envelope){ .method = (char *) METHOD_HELLO, .params = params },
                        /* urgent= */ true);
}

/* NULL: fine; else a sentence */
static char *find_fault(const Link *link, const Hello *hello) {
        const char *ours = link->transport->cluster_id;

        if (strcmp(hello->node_id, link->node_id) != 0)
                return g_strdup_printf(
                                "this key belongs to node %s, not to %s", link->node_id, hello->node_id);
        if (!*ours)
                return g_strdup("this node is in no cluster");
        if (g_strcmp0(hello->cluster_id, ours) != 0)
                return g_strdup_printf(
                                "this node is in cluster %s, not in %s",
                                ours,
                                hello->cluster_id && *hello->cluster_id ? hello->cluster_id : "none");
        return NULL;
}

static void refuse_hello(Link *link, Connection *connection, const char *fault) {
        g_autofree char *text = g_strdup_printf("refused: %s", fault);

        transport_notify(
                        link->transport,
                        TRANSPORT_EVENT_REFUSED,
                        connection->address_text,
                        link->node_id,
                        &link->fingerprint,
                        text);
        connection_refuse(connection, fault, REFUSAL_CLUSTER, NULL);
        if (link->dialling == connection) { /* it finishes without us */
                link->dialling = NULL;
                dial_again(link);
        }
}

static void protocol_error(Link *link, Connection *connection, const char *text) {
        transport_notify(
                        link->transport,
                        TRANSPORT_EVENT_PROTOCOL,
                        connection->address_text,
                        link->node_id,
                        &link->fingerprint,
                        text);
        connection_end(connection, -EPROTO, text);
}

static void on_awaited_hello(Connection *connection, const Envelope *envelope) {
        Link *link = connection->owner;
        g_autofree char *fault = NULL;
        Hello *hello;

        hello = g_strcmp0(envelope->method, METHOD_HELLO) == 0 ? message_params(&hello_type, envelope)
                                                               : NULL;
        if (!hello) {
                protocol_error(link, connection, "did not begin with hello");
                return;
        }
        fault = find_fault(link, hello);
        if (fault)
                refuse_hello(link, connection, fault);
        else if (!takes_the_place(link, connection))
                connection_refuse(
                                connection,
                                "it is a member already, and connected",
                                REFUSAL_DUPLICATE,
                                NULL);
        else {
                send_hello(connection, link->transport);
                adopt(link, connection, hello);
        }
        (void) hello_free(hello);
}

void link_welcome(Link *link, Connection *connection) {
        connection_set_handler(connection, &awaiting_handler, link);
}

static void on_dialled_open(Connection *connection) {
        Link *link = connection->owner;

        if (!fingerprint_equal(connection_fingerprint(connection), &link->fingerprint)) {
                transport_notify(
                                link->transport,
                                TRANSPORT_EVENT_WRONG_KEY,
                                connection->address_text,
                                link->node_id,
                                connection_fingerprint(connection),
                                "another key than the peer's answered");
                connection_end(connection, -EKEYREJECTED, "another key than the peer's answered");
                return;
        }
        send_hello(connection, link->transport);
}

static void on_dialled_message(Connection *connection, const Envelope *envelope) {
        Link *link = connection->owner;
        g_autofree char *fault = NULL;
        Hello *hello;

        if (g_strcmp0(envelope->method, METHOD_REFUSED) == 0) {
                on_refused(link, connection, envelope);
                return;
        }
        hello = g_strcmp0(envelope->method, METHOD_HELLO) == 0 ? message_params(&hello_type, envelope)
                                                               : NULL;
        if (!hello) {
                protocol_error(link, connection, "did not begin with hello");
                return;
        }
        fault = hello->stranger ? g_strdup("it does not know this node's key") : find_fault(link, hello);
        if (fault)
                refuse_hello(link, connection, fault);
        else if (takes_the_place(link, connection))
                adopt(link, connection, hello);
        else {
                link->dialling = NULL;
                retire(link, connection);
        }
        (void) hello_free(hello);
}

static void on_dialled_closed(Connection *connection, int error, const char *why) {
        Link *link = connection->owner;

        if (link->dialling == connection)
                link->dialling = NULL;
        if (link->removed || link->current)
                return;
        if (error != -EREMOTE && error != -EKEYREJECTED)
                transport_notify(
                                link->transport,
                                TRANSPORT_EVENT_UNREACHABLE,
                                connection->address_text,
                                link->node_id,
                                NULL,
                                why);
        dial_again(link);
}

static const ConnectionHandler dialling_handler = {
        .open = on_dialled_open,
        .message = on_dialled_message,
        .closed = on_dialled_closed,
};
static const ConnectionHandler awaiting_handler = { .message = on_awaited_hello };
static const ConnectionHandler up_handler = { .message = handle_message, .closed = on_up_closed };
static const ConnectionHandler retired_handler = { .message = handle_message, .closed = on_retired_closed };

/* lifecycle
 * -------------------------------------------------------------------------------------------------- */

Link *link_new(Transport *transport, const Peer *peer, const Fingerprint *fingerprint) {
        Link *link = g_new0(Link, 1);

        assert(transport);
        assert(peer);

        link->transport = transport;
        link->node_id = g_strdup(peer->node_id);
        link->advertise = g_strdup(peer->advertise);
        link->fingerprint = *fingerprint;
        link->wait = transport->times.redial_min;
        call_table_init(&link->calls, transport);
        schedule_dial(link, 0);
        return link;
}

Link *link_again(const Link *link) {
        const Peer peer = { .node_id = link->node_id, .advertise = link->advertise };

        return link_new(link->transport, &peer, &link->fingerprint);
}

void link_update(Link *link, const Peer *peer) {
        if (g_strcmp0(link->advertise, peer->advertise) == 0)
                return;
        g_free(link->advertise);
        link->advertise = g_strdup(peer->advertise);
        link->n_addresses = 0;
        if (!link->current) {
                stop_dialling(link);
                link->wait = link->transport->times.redial_min;
                schedule_dial(link, 0);
        }
}

/* all of its connections, the one that is being dialled as well */
static void drop_connections(Link *link, const Barred *barred) {
        for (GList *l = link->transport->connections.head, *next; l; l = next) {
                Connection *connection = l->data;
                const ConnectionHandler *handler = connection->handler;

                next = l->next;
                if (connection->owner != link ||
                    (handler != &dialling_handler && handler != &awaiting_handler &&
                     handler != &up_handler && handler != &retired_handler))
                        continue;
                if (barred && connection->state == CONNECTION_OPEN)
                        connection_refuse(connection, NULL, REFUSAL_BARRED, barred);
                else
                        connection_drop(connection);
        }
        link->current = NULL;
        link->dialling = NULL;
}

static void link_free(void *userdata) {
        Link *link = userdata;

        tell_down(link, "removed from the cluster");
        g_free(link->node_id);
        g_free(link->advertise);
        g_free(link);
}

void link_remove(Link *link, const Barred *barred) {
        assert(link);

        link->removed = true;
        stop_dialling(link);
        link->redial = sd_event_source_disable_unref(link->redial);
        drop_connections(link, barred);
        incoming_calls_forget(link->transport, link);
        if (link->transport->closing)
                call_table_done(&link->calls, -ECANCELED, "this node stops");
        else
                call_table_done(&link->calls, -ECONNRESET, "the connection was given up");
        transport_later(link->transport, link_free, link);
}
