/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "transport/mesh.h"

/* our calls
 * -------------------------------------------------------------------------------------------------- */

typedef struct PendingCall {
        CallTable *table; /* NULL: taken out of it */
        uint64_t id;
        uint64_t serial; /* of the connection it went out by */
        sd_event_source *timer;
        transport_answer_t answer;
        void *userdata;
        int error; /* that it ends with, once out of the table */
        const char *text;
} PendingCall;

/* ends it: the answer may do what it likes, the call is gone from everywhere */
static void call_end(PendingCall *call, int error, const char *result, const char *text) {
        if (call->table)
                (void) g_hash_table_remove(call->table->pending, &call->id);
        (void) sd_event_source_disable_unref(call->timer);
        call->answer(call->userdata, error, result, text);
        g_free(call);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        call_end(userdata, -ETIMEDOUT, NULL, "no answer in time");
        return 0;
}

static void end_later(void *userdata) {
        PendingCall *call = userdata;

        call_end(call, call->error, NULL, call->text);
}

void call_table_init(CallTable *table, Transport *transport) {
        assert(table);
        table->transport = transport;
        table->pending = g_hash_table_new(g_int64_hash, g_int64_equal);
}

void call_table_done(CallTable *table, int error, const char *text) {
        GHashTableIter iter;
        void *value;

        assert(table);

        g_hash_table_iter_init(&iter, table->pending);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                PendingCall *call = value;

                call->table = NULL;
                call->timer = sd_event_source_disable_unref(call->timer);
                call->error = error;
                call->text = text;
                transport_later(table->transport, end_later, call);
        }
        g_clear_pointer(&table->pending, g_hash_table_unref);
}

int call_table_send(
                CallTable *table,
                Connection *connection,
                const char *method,
                const char *params,
                bool urgent,
                usec_t deadline_usec,
                transport_answer_t answer,
                void *userdata) {
        Envelope envelope = { .method = (char *) method, .params = (char *) params };
        PendingCall *call;
        int r;

        assert(table);
        assert(connection);
        assert(answer);

        if (g_hash_table_size(table->pending) >= CALLS_PENDING_MAX)
                return -EBUSY;
        envelope.id = table->transport->next_call_id++;
        r = connection_send(connection, &envelope, urgent);
        if (r < 0)
                return r;

        call = g_new0(PendingCall, 1);
        call->table = table;
        call->id = envelope.id;
        call->serial = connection->serial;
        call->answer = answer;
        call->userdata = userdata;
        r = sd_event_add_time(
                        table->transport->event,
                        &call->timer,
                        CLOCK_BOOTTIME,
                        deadline_usec,
                        USEC_PER_MSEC,
                        on_deadline,
                        call);
        if (r < 0) {
                g_free(call);
                return r;
        }
        (void) g_hash_table_insert(table->pending, &call->id, call);
        return 0;
}

void call_table_answer(CallTable *table, const Envelope *envelope) {
        PendingCall *call;

        assert(table);

        call = g_hash_table_lookup(table->pending, &envelope->id);
        if (!call)
                return; /* too late */
        if (envelope->error && *envelope->error)
                call_end(call, -EREMOTE, NULL, envelope->error);
        else
                call_end(call, 0, envelope->result && *envelope->result ? envelope->result : "{}", NULL);
}

/* one that went by the connection; answers may add calls, so each search begins anew */
static PendingCall *find_by_serial(CallTable *table, uint64_t serial) {
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, table->pending);
        while (g_hash_table_iter_next(&iter, NULL, &value))
                if (((PendingCall *) value)->serial == serial)
                        return value;
        return NULL;
}

void call_table_fail(CallTable *table, const Connection *connection, int error, const char *text) {
        PendingCall *call;

        assert(table);

        while (table->pending && (call = find_by_serial(table, connection->serial)))
                call_end(call, error, NULL, text);
}

/* their calls
 * ------------------------------------------------------------------------------------------------ */

struct TransportCall {
        Transport *transport; /* NULL: freed meanwhile */
        GList in_calls;
        Link *link; /* NULL: gone, or a joiner's */
        Connection *connection;
        uint64_t id;
};

TransportCall *incoming_call_new(Transport *transport, Link *link, Connection *connection, uint64_t id) {
        TransportCall *call = g_new0(TransportCall, 1);

        assert(transport);

        call->transport = transport;
        call->link = link;
        call->connection = link ? NULL : connection_ref(connection);
        call->id = id;
        call->in_calls.data = call;
        g_queue_push_tail_link(&transport->calls, &call->in_calls);
        return call;
}

void incoming_calls_forget(Transport *transport, const Link *link) {
        for (GList *l = transport->calls.head, *next; l; l = next) {
                TransportCall *call = l->data;

                next = l->next;
                if (link && call->link == link)
                        call->link = NULL;
                if (!link) {
                        g_queue_unlink(&transport->calls, l);
                        call->transport = NULL;
                        call->link = NULL;
                        call->connection = connection_unref(call->connection);
                }
        }
}

unsigned incoming_calls_count(const Transport *transport, const Link *link) {
        unsigned n = 0;

        for (GList *l = transport->calls.head; l; l = l->next)
                n += ((TransportCall *) l->data)->link == link;
        return n;
}

static void answer_call(TransportCall *call, const char *result, const char *error) {
        Envelope envelope = { .id = call->id, .result = (char *) result, .error = (char *) error };
        Connection *connection = call->link ? link_connection(call->link) : call->connection;

        if (connection && connection_send(connection, &envelope, /* urgent= */ false) == -EMSGSIZE) {
                envelope.result = NULL;
                envelope.error = (char *) "the answer is too long for one message";
                (void) connection_send(connection, &envelope, /* urgent= */ false);
        }
        if (call->transport)
                g_queue_unlink(&call->transport->calls, &call->in_calls);
        (void) connection_unref(call->connection);
        g_free(call);
}

void transport_call_reply(TransportCall *call, const char *result) {
        assert(call);
        answer_call(call, result && *result ? result : "{}", NULL);
}

void transport_call_fail(TransportCall *call, const char *text) {
        g_autofree char *cut = NULL;

        assert(call);

        if (!text || !*text)
                text = "failed";
        if (strlen(text) > ERROR_MAX_BYTES) {
                const char *end = g_utf8_find_prev_char(text, text + ERROR_MAX_BYTES);

                cut = g_strndup(text, (size_t) (end - text));
        }
        answer_call(call, NULL, cut ?: text);
}
