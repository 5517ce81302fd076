/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The mesh: one TLS 1.3 connection per configured peer, kept up by redialling, over which messages and calls
 * go. Who speaks is decided by the pinned key of the connection alone. All of it runs on one sd-event loop;
 * nothing blocks. Functions called from outside (send, call, reply, set_peers) never call back before they
 * return. docs/wire.md describes the bytes. */

#include <systemd/sd-event.h>

#include "model/peer.h"
#include "transport/identity.h"

typedef struct Transport Transport;
typedef struct TransportCall TransportCall; /* a call of a peer, or of a joiner, that waits for its answer */

/* Every duration of the room; tests shrink them. */
typedef struct TransportTimes {
        usec_t untrusted;    /* from accepting or dialling to trust */
        usec_t silent;       /* then a newer connection of the same key replaces an older */
        usec_t user_timeout; /* TCP_USER_TIMEOUT */
        usec_t redial_min;   /* doubles up to redial_max */
        usec_t redial_max;
        usec_t retire;  /* how long a connection that lost against another is still read */
        usec_t resolve; /* peers' host names are looked up again after this */
        usec_t event;   /* events of one kind and address are told at most this often */
} TransportTimes;
extern const TransportTimes transport_times_default;

typedef struct TransportOptions {
        const TransportIdentity *identity; /* borrowed; must outlive the transport */
        const char *cluster_id;            /* copied; NULL or "": none yet, then no peer comes up */
        uint64_t value_format;       /* the newest format of values this node reads; announced in hello */
        const TransportTimes *times; /* copied; NULL: the defaults */
} TransportOptions;

/* What a peer told about itself when its connection came up; borrowed for the call. */
typedef struct TransportPeerInfo {
        const char *node_id;
        const char *address; /* numeric, with port */
        uint64_t protocol;
        uint64_t value_format;
        bool dialled; /* by us */
} TransportPeerInfo;

/* Something for the journal. Rate-limited: `suppressed` like ones were not told since the last. */
typedef enum TransportEventKind {
        TRANSPORT_EVENT_STRANGER,    /* a key that is no peer's connected and did not join */
        TRANSPORT_EVENT_FLOOD,       /* connections were dropped because there were too many */
        TRANSPORT_EVENT_JOIN_FAILED, /* a wrong or missing proof */
        TRANSPORT_EVENT_JOIN_PROVEN, /* a stranger knows the secret: joining begins */
        TRANSPORT_EVENT_BARRED,      /* a removed key came back and was told so */
        TRANSPORT_EVENT_WRONG_KEY,   /* where a peer should be, another key answered */
        TRANSPORT_EVENT_REFUSED,     /* a peer does not take us, or we it (other cluster, other NodeID) */
        TRANSPORT_EVENT_UNREACHABLE, /* dialling a peer failed */
        TRANSPORT_EVENT_PROTOCOL,    /* a connection broke the rules of the wire */
        _TRANSPORT_EVENT_KIND_MAX
} TransportEventKind;
DECLARE_STRTAB(transport_event_kind, TransportEventKind);

typedef struct TransportEvent {
        TransportEventKind kind;
        const char *address;     /* numeric, with port; never NULL */
        const char *node_id;     /* of the peer concerned, "" when none */
        const char *fingerprint; /* of the key that was shown, "" when none was */
        const char *text;        /* a sentence */
        unsigned suppressed;
} TransportEvent;

typedef struct JoinState JoinState;
typedef struct Joiner Joiner;

/* All are called from the loop; strings are borrowed for the call. Any may be NULL. */
typedef struct TransportCallbacks {
        void (*peer_up)(void *userdata, const TransportPeerInfo *info);
        void (*peer_down)(void *userdata, const char *node_id, const char *reason);
        /* node_id is the peer whose pinned key carried it; params is one JSON object (decode it with its
         * table) */
        void (*message)(void *userdata, const char *node_id, const char *method, const char *params);
        /* must end, now or later, in exactly one of transport_call_reply() and transport_call_fail() */
        void (*call)(void *userdata,
                     const char *node_id,
                     const char *method,
                     const char *params,
                     TransportCall *call);
        /* node_id, a member, says that this node's key was removed */
        void (*barred)(void *userdata, const char *node_id, const char *cluster_id, uint64_t version);
        void (*event)(void *userdata, const TransportEvent *event);
        /* joining, see join.h. join_state: what a stranger may know of us; node_id and cluster_id are filled
         * in, the strings that are set belong to the state (g_strdup). join_call: what one that has proven
         * the secret asks; answer it as any call. */
        void (*join_state)(void *userdata, JoinState *state);
        void (*join_call)(
                        void *userdata,
                        const Joiner *joiner,
                        const char *method,
                        const char *params,
                        TransportCall *call);
} TransportCallbacks;

/* lifecycle. free closes everything; calls under way end with -ECANCELED; TransportCalls not yet answered
 * stay valid and are answered into the void. */
int transport_new(
                sd_event *event,
                const TransportOptions *options,
                const TransportCallbacks *callbacks, /* copied */
                void *userdata,
                Transport **ret);
Transport *transport_free(Transport *transport);
DEFINE_CLEANUP(Transport, transport_free);

/* listening: any number of sockets. -EADDRINUSE and the like, with a sentence that names the address.
 * address is numeric, IPv4 or IPv6 ("::" takes both, also in brackets); port 0 takes a free one. */
int transport_listen(Transport *transport, const char *address, uint16_t port, char **reterr_text);
int transport_listen_fd(
                Transport *transport, int fd_consumed, char **reterr_text); /* from socket activation */
uint16_t transport_port(const Transport *transport); /* of the first socket; 0: none */

/* Who are the peers: dials the new ones, closes the connections of those gone (or with another key) before
 * it returns, each with peer_down() on the next turn of the loop. This node itself in the list is passed
 * over. All is copied. A barred key gets one answer and no connection. */
void transport_set_peers(
                Transport *transport,
                const Peer *const *peers,
                size_t n_peers,
                const Barred *const *barred,
                size_t n_barred);
/* Another cluster id closes all connections of peers. */
void transport_set_cluster(Transport *transport, const char *cluster_id);
/* What joiners must prove; NULL: nobody joins. Copied. */
void transport_set_join_key(Transport *transport, const JoinKey *key);

/* questions */
bool transport_is_up(const Transport *transport, const char *node_id);
/* since the last byte from that peer; USEC_INFINITY when it is not up */
usec_t transport_silence(const Transport *transport, const char *node_id);

/* verbs. params and result: one JSON object as text ("{}" or NULL for none), copied. Urgent ones (pings,
 * votes; at most FRAME_PIECE bytes) go before everything else. Delivery is not acknowledged and a short
 * message may arrive before a long one (over FRAME_PIECE) that was sent earlier. -ENOTCONN: not up;
 * -EMSGSIZE: over FRAME_MAX_TRUSTED; -ENOBUFS: SEND_QUEUE_MAX_BYTES wait, the connection is being closed. */
int transport_send(
                Transport *transport,
                const char *node_id,
                const char *method,
                const char *params,
                bool urgent);

/* One answer for each call: error 0 and result; -EREMOTE and text, the peer's sentence; or -ETIMEDOUT,
 * -ECONNRESET, -ECANCELED with a sentence of ours. After anything but 0 and -EREMOTE the peer may have
 * acted. */
typedef void (*transport_answer_t)(void *userdata, int error, const char *result, const char *text);
/* deadline_usec: CLOCK_BOOTTIME. As transport_send(), and -EBUSY: CALLS_PENDING_MAX are under way; then (<
 * 0) answer is not called. */
int transport_call(
                Transport *transport,
                const char *node_id,
                const char *method,
                const char *params,
                bool urgent,
                usec_t deadline_usec,
                transport_answer_t answer,
                void *userdata);

/* answering; each consumes the call. A peer that has gone meanwhile gets nothing. */
void transport_call_reply(TransportCall *call, const char *result);
void transport_call_fail(TransportCall *call, const char *text);
