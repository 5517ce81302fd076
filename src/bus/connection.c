/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/connection.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/call.h"
#include "bus/internal.h"
#include "bus/objects.h"
#include "bus/permission.h"
#include "manager/journal.h"

static uint64_t unread(const Connection *c) {
        uint64_t n;

        return sd_bus_get_n_queued_write(c->sd, &n) < 0 ? 0 : n;
}

static usec_t now_usec(const Connection *c) {
        uint64_t now = 0;

        (void) sd_event_now(c->bus->event, CLOCK_MONOTONIC, &now);
        return now;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        connection_close(userdata, NULL);
        return 0;
}

/* Who asks for much while it does not read what it got would have us keep it all. */
static bool is_big(sd_bus_message *m) {
        const char *member = sd_bus_message_get_member(m);

        return member && (g_str_has_prefix(member, "List") || strcmp(member, "ExplainCheck") == 0 ||
                          strcmp(member, "GetDocument") == 0 || strcmp(member, "CheckDocument") == 0 ||
                          strcmp(member, "GetManagedObjects") == 0);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Connection *c = userdata;
        uint64_t n = unread(c);

        c->greeted = true;
        if (c->dead)
                return 1;
        if (n > BUS_QUEUE_MAX) {
                connection_close(c, "it does not read its answers");
                return 1;
        }
        if (c->private && n > BUS_BIG_CALLS_MAX && sd_bus_message_is_method_call(m, NULL, NULL) > 0 &&
            is_big(m))
                return sd_bus_error_set(
                                reterr,
                                SD_BUS_ERROR_LIMITS_EXCEEDED,
                                "Read the answers that are waiting before you ask for more.");
        return 0;
}

/* A client may write its first message right behind the BEGIN that ends authentication (GDBus does). sd-bus
 * then has both in its buffer, and nothing in the socket to wake it: the message would wait for the next
 * one. */
static int on_greeting(sd_event_source *source, void *userdata) {
        Connection *c = userdata;
        int r;

        r = sd_bus_is_ready(c->sd);
        if (r == 0)
                return 0; /* still authenticating */
        while (r > 0 && !c->dead)
                r = sd_bus_process(c->sd, NULL);
        c->greeting = sd_event_source_disable_unref(c->greeting);
        return 0;
}

int connection_new(Bus *bus, sd_bus *sd, bool private, uid_t uid, pid_t pid, Connection **ret) {
        Connection *c;
        int r;

        assert(bus);
        assert(sd);
        assert(ret);

        c = g_new0(Connection, 1);
        *c = (Connection){
                .bus = bus, .private = private, .uid = uid, .pid = pid, .number = ++bus->n_connections_ever
        };
        outbox_init(&c->outbox);
        c->calls = g_ptr_array_new();
        c->questions = g_ptr_array_new();

        r = sd_bus_add_filter(sd, NULL, on_message, c);
        if (r >= 0)
                r = sd_bus_match_signal_async(
                                sd,
                                NULL,
                                "org.freedesktop.DBus.Local",
                                "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local",
                                "Disconnected",
                                on_disconnected,
                                NULL,
                                c);
        if (r >= 0)
                r = bus_register_objects(c, sd);
        if (r >= 0 && private)
                r = bus_register_driver(c, sd);
        if (r >= 0 && private)
                r = sd_event_add_post(bus->event, &c->greeting, on_greeting, c);
        if (r < 0) {
                (void) connection_free(c);
                return r;
        }

        c->sd = sd_bus_ref(sd);
        g_ptr_array_add(bus->connections, c);
        *ret = c;
        return 0;
}

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;

        (void) sd_event_source_disable_unref(connection->greeting);
        /* both remove themselves */
        while (connection->questions->len > 0)
                (void) question_free(g_ptr_array_index(connection->questions, 0));
        while (connection->calls->len > 0)
                (void) bus_call_free(g_ptr_array_index(connection->calls, 0));
        g_ptr_array_unref(connection->questions);
        g_ptr_array_unref(connection->calls);
        outbox_done(&connection->outbox);
        (void) sd_bus_close_unref(connection->sd);
        g_free(connection);
        return NULL;
}

/* The bus daemon lets us have so many matches only. sd-bus would give up the whole connection, and the name
 * with it, for one that was refused. */
static int on_match_installed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return 1;
}

int connection_watch_name(
                Connection *connection,
                const char *name,
                sd_bus_message_handler_t gone,
                void *userdata,
                sd_bus_slot **ret) {
        g_autofree char *match = NULL;

        assert(connection);
        assert(gone);
        assert(ret);

        if (connection->private || !name)
                return 0;
        match = g_strdup_printf(
                        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s',arg2=''",
                        name);
        return sd_bus_add_match_async(connection->sd, ret, match, gone, on_match_installed, userdata);
}

void connection_close(Connection *connection, const char *reason) {
        assert(connection);

        if (connection->dead)
                return;
        if (reason)
                journal_debug("bus: closing a connection of uid %u: %s", (unsigned) connection->uid, reason);
        connection->dead = true;
        bus_schedule(connection->bus);
}

void connection_removed(Connection *connection, RecordKind kind, const char *id) {
        bool room;

        assert(connection);

        if (connection->dead)
                return;
        room = unread(connection) < BUS_QUEUE_LOW;
        outbox_remove_object(&connection->outbox, kind, id, room ? connection->sd : NULL);
}

/* To be looked at before anything is sent: afterwards one who reads as fast as we send has as many unread
 * as before. */
static void note_progress(Connection *c) {
        uint64_t n = unread(c);

        if (!c->pumping || n == 0 || n < c->n_unread)
                c->progress_usec = now_usec(c);
        c->pumping = true;
}

/* whether it is over its limit and has taken nothing for a while */
static bool has_stalled(Connection *c) {
        if (c->n_unread > BUS_QUEUE_MAX)
                return true;
        return c->n_unread + outbox_length(&c->outbox) > BUS_QUEUE_MAX &&
               now_usec(c) > usec_add(c->progress_usec, BUS_STALL_USEC);
}

PumpResult connection_pump(Connection *connection, unsigned n) {
        assert(connection);

        if (connection->dead || outbox_length(&connection->outbox) == 0)
                return PUMP_DONE;
        if (connection->private && !connection->greeted)
                return PUMP_WAIT;

        note_progress(connection);
        while (n > 0 && outbox_length(&connection->outbox) > 0 && unread(connection) < BUS_QUEUE_LOW) {
                int r;

                r = outbox_send_first(&connection->outbox, connection->sd);
                if (r < 0) {
                        connection_close(connection, strerror(-r));
                        return PUMP_DONE;
                }
                n--;
        }
        connection->n_unread = unread(connection);
        if (has_stalled(connection)) {
                connection_close(connection, "it does not read");
                return PUMP_DONE;
        }
        connection->pumping = outbox_length(&connection->outbox) > 0;
        if (!connection->pumping)
                return PUMP_DONE;
        return unread(connection) < BUS_QUEUE_LOW ? PUMP_AGAIN : PUMP_WAIT;
}
