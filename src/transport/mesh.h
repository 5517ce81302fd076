/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this room know of each other. transport.c: the whole; listener.c: accepting and telling
 * apart who came; link.c: one configured peer; call.c: calls in both directions; join.c: the inviter,
 * guest.c: the stranger's side of the invited; notify.c: events, rate-limited. */

#include "transport/connection.h"
#include "transport/hello.h"
#include "transport/join.h"
#include "transport/names.h"

typedef struct Link Link;
typedef struct Listener Listener;

typedef void (*later_t)(void *userdata);

struct Transport {
        sd_event *event;
        const TransportIdentity *identity;
        char *cluster_id;
        uint64_t value_format;
        TransportTimes times;
        TransportCallbacks callbacks;
        void *userdata;
        bool closing; /* being freed */
        Names *names;
        Admission admission;
        JoinKey join_key;
        bool has_join_key;
        GPtrArray *listeners; /* of Listener */
        GPtrArray *links;     /* of Link */
        GPtrArray *barred;    /* of Barred */
        GQueue connections;   /* of Connection, all that live */
        GQueue calls;         /* of TransportCall, that wait for our answer */
        GQueue invitations;   /* of Invitation */
        GQueue later_queue;
        sd_event_source *later;
        GHashTable *told; /* see notify.c */
        uint64_t next_call_id;
};

usec_t transport_now(const Transport *transport);
/* Calls it on the next turn of the loop, or when the transport is freed. */
void transport_later(Transport *transport, later_t function, void *userdata);

/* notify.c */
void transport_notify(
                Transport *transport,
                TransportEventKind kind,
                const char *address,
                const char *node_id,
                const Fingerprint *fingerprint, /* NULL: none */
                const char *text);

/* call.c: our calls that wait for an answer; ids are unique in the transport, so an answer may come by any
 * connection of the same peer. */
typedef struct CallTable {
        Transport *transport;
        GHashTable *pending;
} CallTable;
void call_table_init(CallTable *table, Transport *transport);
void call_table_done(CallTable *table, int error, const char *text); /* the calls end so on the next turn */
int call_table_send(
                CallTable *table,
                Connection *connection,
                const char *method,
                const char *params,
                bool urgent,
                usec_t deadline_usec,
                transport_answer_t answer,
                void *userdata);
void call_table_answer(CallTable *table, const Envelope *envelope);
/* those that went out by this connection end now */
void call_table_fail(CallTable *table, const Connection *connection, int error, const char *text);

/* A peer's call (link), or a joiner's (connection). */
TransportCall *incoming_call_new(Transport *transport, Link *link, Connection *connection, uint64_t id);
void incoming_calls_forget(Transport *transport, const Link *link); /* NULL: all */
unsigned incoming_calls_count(const Transport *transport, const Link *link);

/* listener.c */
int listener_new(Transport *transport, int fd_consumed, Listener **ret);
void listener_free(void *listener);
int listener_fd(const Listener *listener);

/* link.c */
Link *link_new(Transport *transport, const Peer *peer, const Fingerprint *fingerprint);
/* Its connections are gone when this returns, a barred one after having been told so; what it owes to
 * callbacks comes on the next turn, after which it is freed. */
void link_remove(Link *link, const Barred *barred);
void link_update(Link *link, const Peer *peer);
Link *link_again(const Link *link); /* a new one of the same peer */
Link *link_by_node_id(const Transport *transport, const char *node_id);
Link *link_by_fingerprint(const Transport *transport, const Fingerprint *fingerprint);
bool link_is_at(const Link *link, const AddressKey *address);
bool link_is(const Link *link, const char *node_id, const Fingerprint *fingerprint);
Connection *link_connection(const Link *link); /* NULL: not up */
CallTable *link_calls(Link *link);
void link_welcome(
                Link *link,
                Connection *connection); /* accepted, with this link's key: waits for its hello */

/* guest.c */
void guest_welcome(Transport *transport, Connection *connection); /* accepted, with a key nobody pinned */
void guest_forget(Connection *connection); /* frees what it holds of a stranger; the connection is dropped
                                              next */
/* Tells it why it is not taken, and closes. barred: NULL, or what to say of its key. */
void connection_refuse(Connection *connection, const char *reason, RefusalKind kind, const Barred *barred);

/* join.c */
void invitation_abandon(Invitation *invitation); /* the transport goes */
