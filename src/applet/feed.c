/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection at a time, and one pass at a time: Manager's properties, ListPeers(), then ListChecks()
 * page by page. A pass holds a reference to the GCancellable of its connection; what answers after that was
 * cancelled belongs to the past, and its feed may be gone. Pages are taken as they come, between the
 * signals, so that a signal is never overwritten by an answer that is older. */

#include "applet/feed.h"

#include <assert.h>
#include <string.h>

#include "applet/text.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/names.h"

#define CALL_TIMEOUT_MSEC 15000
#define INTERFACE_PROPERTIES "org.freedesktop.DBus.Properties"
#define INTERFACE_OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct Feed {
        Board *board;
        FeedWay way;
        char *address;
        const FeedObserver *observer;
        void *userdata;

        GCancellable *cancellable; /* of the connection, or the attempt at one */
        GDBusConnection *connection;
        gulong closed_handler;
        unsigned name_watch;
        unsigned subscriptions[4];
        unsigned timer; /* the next pass or the next attempt */
        usec_t retry_usec;

        char *problem;
        bool live;
        bool present; /* the daemon is there */
        bool passing;
        bool again;    /* a pass is wanted, once this one is over */
        bool complete; /* a pass has been made since the contact began */
        bool ever;     /* … and at any time before */
        uint32_t offset;
        uint32_t total;
        usec_t began_usec;
};

static void attempt(Feed *feed);
static void begin_pass(Feed *feed);

/* ---- what is wrong ---- */

static void set_problem(Feed *feed, const char *problem) {
        g_autofree char *shown = problem ? shown_text(problem) : NULL;

        if (g_strcmp0(shown, feed->problem) == 0)
                return;
        g_free(feed->problem);
        feed->problem = TAKE_PTR(shown);
        feed->observer->status(feed->userdata);
}

const char *feed_problem(const Feed *feed) {
        return feed->problem;
}

/* ---- time ---- */

static usec_t now_usec(void) {
        return (usec_t) g_get_monotonic_time();
}

static gboolean on_timer(void *userdata) {
        Feed *feed = userdata;

        feed->timer = 0;
        if (!feed->connection)
                attempt(feed);
        else if (feed->present)
                begin_pass(feed);
        return G_SOURCE_REMOVE;
}

static void set_timer(Feed *feed, usec_t usec) {
        if (feed->timer != 0)
                g_source_remove(feed->timer);
        feed->timer = g_timeout_add((unsigned) (usec / USEC_PER_MSEC), on_timer, feed);
}

static void clear_timer(Feed *feed) {
        if (feed->timer != 0)
                g_source_remove(feed->timer);
        feed->timer = 0;
}

static usec_t next_retry(Feed *feed) {
        usec_t retry = feed->retry_usec;

        feed->retry_usec = MIN(retry * 2, FEED_RETRY_MAX_USEC);
        return retry;
}

/* ---- a pass ---- */

static void
call(Feed *feed,
     const char *interface,
     const char *member,
     GVariant *arguments,
     const char *type,
     GAsyncReadyCallback done) {
        g_dbus_connection_call(
                        feed->connection,
                        feed->way == FEED_SOCKET ? NULL : BUS_NAME,
                        BUS_PATH,
                        interface,
                        member,
                        arguments,
                        G_VARIANT_TYPE(type),
                        G_DBUS_CALL_FLAGS_NO_AUTO_START,
                        CALL_TIMEOUT_MSEC,
                        feed->cancellable,
                        done,
                        feed);
}

static void pass_failed(Feed *feed, const GError *error) {
        g_autofree char *remote = g_dbus_error_get_remote_error(error);
        g_autoptr(GError) stripped = g_error_copy(error);
        g_autofree char *problem = NULL;

        (void) g_dbus_error_strip_remote_error(stripped);
        feed->passing = false;
        if (g_strcmp0(remote, "org.freedesktop.DBus.Error.ServiceUnknown") == 0 ||
            g_strcmp0(remote, "org.freedesktop.DBus.Error.NameHasNoOwner") == 0)
                problem = g_strdup("The daemon does not run");
        else
                problem = g_strdup_printf("The daemon does not answer: %s", stripped->message);
        set_problem(feed, problem);
        set_timer(feed, next_retry(feed));
}

/* NULL: the pass is over for now, and the feed perhaps no more */
static GVariant *answer_of(GObject *source, GAsyncResult *result, Feed *feed) {
        g_autoptr(GError) error = NULL;
        GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

        if (!answer && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                pass_failed(feed, error);
        return answer;
}

static void schedule(Feed *feed) {
        usec_t took = usec_sub(now_usec(), feed->began_usec);

        if (feed->again)
                begin_pass(feed);
        else if (feed->live)
                set_timer(feed, MAX(FEED_LIVE_USEC, took * FEED_COST_FACTOR));
}

static void pass_done(Feed *feed) {
        board_end(feed->board);
        feed->passing = false;
        feed->complete = feed->ever = true;
        feed->retry_usec = FEED_RETRY_MIN_USEC;
        set_problem(feed, NULL);
        schedule(feed);
}

static void ask_page(Feed *feed);

static void on_page(GObject *source, GAsyncResult *result, void *userdata) {
        Feed *feed = userdata;
        g_autoptr(GVariant) answer = answer_of(source, result, feed), checks = NULL;
        size_t n;
        uint32_t total;

        if (!answer)
                return;
        g_variant_get(answer, "(@aa{sv}u)", &checks, &total);
        n = g_variant_n_children(checks);
        if (feed->offset > 0 && total != feed->total)
                feed->again = true; /* rows moved between two pages, one may be missing */
        feed->total = total;
        feed->offset += (uint32_t) n;
        board_page(feed->board, checks);
        if (n > 0 && feed->offset < MIN(total, CHECKS_MAX))
                ask_page(feed);
        else
                pass_done(feed);
}

static void ask_page(Feed *feed) {
        call(feed,
             BUS_INTERFACE_MANAGER,
             "ListChecks",
             g_variant_new("(uu)", feed->offset, (uint32_t) BUS_LIST_MAX),
             "(aa{sv}u)",
             on_page);
}

static void on_peers(GObject *source, GAsyncResult *result, void *userdata) {
        Feed *feed = userdata;
        g_autoptr(GVariant) answer = answer_of(source, result, feed), peers = NULL;

        if (!answer)
                return;
        g_variant_get(answer, "(@aa{sv})", &peers);
        board_set_peers(feed->board, peers);
        board_begin(feed->board, /* after_gap= */ feed->ever && !feed->complete);
        feed->offset = 0;
        ask_page(feed);
}

static void on_properties(GObject *source, GAsyncResult *result, void *userdata) {
        Feed *feed = userdata;
        g_autoptr(GVariant) answer = answer_of(source, result, feed), properties = NULL;

        if (!answer)
                return;
        g_variant_get(answer, "(@a{sv})", &properties);
        board_summarize(feed->board, properties);
        call(feed, BUS_INTERFACE_MANAGER, "ListPeers", NULL, "(aa{sv})", on_peers);
}

static void begin_pass(Feed *feed) {
        if (feed->passing) {
                feed->again = true;
                return;
        }
        clear_timer(feed);
        feed->passing = true;
        feed->again = false;
        feed->began_usec = now_usec();
        call(feed,
             INTERFACE_PROPERTIES,
             "GetAll",
             g_variant_new("(s)", BUS_INTERFACE_MANAGER),
             "(a{sv})",
             on_properties);
}

/* ---- signals ---- */

/* sd_bus_path_decode(3). GLib's own takes no escaped digit, and an id may begin with one. Caller frees. */
static char *decode_label(const char *label) {
        GString *text = g_string_new(NULL);

        for (const char *p = strcmp(label, "_") == 0 ? "" : label; *p; p++) {
                int high, low;

                if (*p != '_') {
                        g_string_append_c(text, *p);
                        continue;
                }
                high = g_ascii_xdigit_value(p[1]);
                low = high >= 0 ? g_ascii_xdigit_value(p[2]) : -1;
                if (low < 0) {
                        g_string_free(text, TRUE);
                        return NULL;
                }
                g_string_append_c(text, (char) (high << 4 | low));
                p += 2;
        }
        return g_string_free(text, FALSE);
}

/* the id of a check's object, NULL for other objects; caller frees */
static char *check_id_of(const char *path) {
        g_autofree char *id = NULL;

        if (!g_str_has_prefix(path, BUS_PATH_CHECK "/"))
                return NULL;
        id = decode_label(path + strlen(BUS_PATH_CHECK "/"));
        return id && g_utf8_validate(id, -1, NULL) ? TAKE_PTR(id) : NULL;
}

static void
on_changed(GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *arguments,
           void *userdata) {
        Feed *feed = userdata;
        g_autofree char *id = check_id_of(path);
        g_autoptr(GVariant) fields = NULL;
        const char *of;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
                return;
        g_variant_get(arguments, "(&s@a{sv}@as)", &of, &fields, NULL);
        if (strcmp(of, BUS_INTERFACE_MANAGER) == 0)
                board_summarize(feed->board, fields);
        else if (id && strcmp(of, BUS_INTERFACE_CHECK) == 0)
                board_update(feed->board, id, fields);
}

static void
on_added(GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *member,
         GVariant *arguments,
         void *userdata) {
        Feed *feed = userdata;
        g_autoptr(GVariant) interfaces = NULL, fields = NULL;
        g_autofree char *id = NULL;
        const char *object;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(oa{sa{sv}})")))
                return;
        g_variant_get(arguments, "(&o@a{sa{sv}})", &object, &interfaces);
        id = check_id_of(object);
        fields = g_variant_lookup_value(interfaces, BUS_INTERFACE_CHECK, G_VARIANT_TYPE_VARDICT);
        if (id && fields)
                board_add(feed->board, id, fields);
}

static void
on_removed(GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *arguments,
           void *userdata) {
        Feed *feed = userdata;
        g_autofree char *id = NULL;
        const char *object;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(oas)")))
                return;
        g_variant_get(arguments, "(&o@as)", &object, NULL);
        id = check_id_of(object);
        if (id)
                board_remove(feed->board, id);
}

static void
on_transition(GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *member,
              GVariant *arguments,
              void *userdata) {
        Feed *feed = userdata;
        const char *id, *name, *from, *to, *detail;
        guint64 when;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(ssssts)")))
                return;
        g_variant_get(arguments, "(&s&s&s&st&s)", &id, &name, &from, &to, &when, &detail);
        feed->observer->transition(
                        feed->userdata,
                        id,
                        name,
                        row_state_from_string(from),
                        row_state_from_string(to),
                        detail);
        if (feed->live && feed->present)
                begin_pass(feed); /* its votes and words, which no signal has */
}

static const struct {
        const char *interface;
        const char *member;
        const char *path; /* NULL: any */
        GDBusSignalCallback callback;
} signals[] = {
        { INTERFACE_PROPERTIES, "PropertiesChanged", NULL, on_changed },
        { INTERFACE_OBJECT_MANAGER, "InterfacesAdded", BUS_PATH, on_added },
        { INTERFACE_OBJECT_MANAGER, "InterfacesRemoved", BUS_PATH, on_removed },
        { BUS_INTERFACE_MANAGER, "CheckTransition", BUS_PATH, on_transition },
};

static void subscribe(Feed *feed) {
        G_STATIC_ASSERT(G_N_ELEMENTS(signals) == G_N_ELEMENTS(((Feed *) NULL)->subscriptions));
        for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++)
                feed->subscriptions[i] = g_dbus_connection_signal_subscribe(
                                feed->connection,
                                feed->way == FEED_SOCKET ? NULL : BUS_NAME,
                                signals[i].interface,
                                signals[i].member,
                                signals[i].path,
                                /* arg0= */ NULL,
                                G_DBUS_SIGNAL_FLAGS_NONE,
                                signals[i].callback,
                                feed,
                                NULL);
}

/* ---- the connection ---- */

/* the daemon is gone, the connection may be there */
static void forget_daemon(Feed *feed) {
        feed->present = feed->passing = feed->again = feed->complete = false;
        clear_timer(feed);
}

static void disconnect(Feed *feed) {
        forget_daemon(feed);
        if (feed->cancellable)
                g_cancellable_cancel(feed->cancellable);
        g_clear_object(&feed->cancellable);
        if (feed->name_watch != 0)
                g_bus_unwatch_name(feed->name_watch);
        feed->name_watch = 0;
        if (!feed->connection)
                return;
        for (unsigned i = 0; i < G_N_ELEMENTS(feed->subscriptions); i++)
                g_dbus_connection_signal_unsubscribe(feed->connection, feed->subscriptions[i]);
        g_signal_handler_disconnect(feed->connection, feed->closed_handler);
        if (!g_dbus_connection_is_closed(feed->connection))
                g_dbus_connection_close(feed->connection, NULL, NULL, NULL);
        g_clear_object(&feed->connection);
}

static const char *where(const Feed *feed) {
        switch (feed->way) {
        case FEED_SYSTEM:
                return "system bus";
        case FEED_SESSION:
                return "session bus";
        case FEED_SOCKET:
                return "daemon";
        case FEED_ADDRESS:
        default:
                return "bus";
        }
}

static void lost(Feed *feed, const char *reason) {
        g_autofree char *problem = g_strdup_printf("No connection to the %s: %s", where(feed), reason);

        disconnect(feed);
        set_timer(feed, next_retry(feed));
        set_problem(feed, problem);
}

static void on_closed(GDBusConnection *connection, gboolean vanished, const GError *error, void *userdata) {
        lost(userdata, "it went away");
}

static void found_daemon(Feed *feed) {
        feed->present = true;
        feed->complete = false;
        begin_pass(feed);
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner, void *userdata) {
        found_daemon(userdata);
}

/* what the old daemon still owed us an answer to, its connection will never give */
static void on_vanished(GDBusConnection *connection, const char *name, void *userdata) {
        Feed *feed = userdata;

        if (!connection)
                return; /* on_closed() */
        g_cancellable_cancel(feed->cancellable);
        g_object_unref(feed->cancellable);
        feed->cancellable = g_cancellable_new();
        forget_daemon(feed);
        set_problem(feed, "The daemon does not run");
}

static void on_connected(GObject *source, GAsyncResult *result, void *userdata) {
        Feed *feed = userdata;
        g_autoptr(GError) error = NULL;
        g_autoptr(GDBusConnection) connection = g_dbus_connection_new_for_address_finish(result, &error);

        if (!connection) {
                if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        lost(feed, error->message);
                return;
        }
        feed->connection = TAKE_PTR(connection);
        feed->closed_handler = g_signal_connect(feed->connection, "closed", G_CALLBACK(on_closed), feed);
        subscribe(feed);
        if (feed->way == FEED_SOCKET)
                found_daemon(feed);
        else
                feed->name_watch = g_bus_watch_name_on_connection(
                                feed->connection,
                                BUS_NAME,
                                G_BUS_NAME_WATCHER_FLAGS_NONE,
                                on_appeared,
                                on_vanished,
                                feed,
                                NULL);
}

static char *address_of(const Feed *feed, GError **error) {
        switch (feed->way) {
        case FEED_SYSTEM:
                return g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);
        case FEED_SESSION:
                return g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, NULL, error);
        case FEED_SOCKET: {
                g_autofree char *escaped = g_dbus_address_escape_value(feed->address);

                return g_strconcat("unix:path=", escaped, NULL);
        }
        case FEED_ADDRESS:
        default:
                return g_strdup(feed->address);
        }
}

static void attempt(Feed *feed) {
        g_autoptr(GError) error = NULL;
        g_autofree char *address = address_of(feed, &error);
        GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT;

        disconnect(feed);
        if (!address) {
                lost(feed, error->message);
                return;
        }
        if (feed->way != FEED_SOCKET)
                flags |= G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
        feed->cancellable = g_cancellable_new();
        g_dbus_connection_new_for_address(
                        address, flags, /* observer= */ NULL, feed->cancellable, on_connected, feed);
}

/* ---- lifecycle ---- */

Feed *
feed_new(Board *board, FeedWay way, const char *address, const FeedObserver *observer, void *userdata) {
        Feed *feed = g_new0(Feed, 1);

        assert(board && observer);
        assert(address || way == FEED_SYSTEM || way == FEED_SESSION);

        *feed = (Feed){
                .board = board,
                .way = way,
                .address = g_strdup(address),
                .observer = observer,
                .userdata = userdata,
                .retry_usec = FEED_RETRY_MIN_USEC,
                .problem = g_strdup("Connecting …"),
        };
        return feed;
}

Feed *feed_free(Feed *feed) {
        if (!feed)
                return NULL;
        disconnect(feed);
        g_free(feed->address);
        g_free(feed->problem);
        g_free(feed);
        return NULL;
}

void feed_start(Feed *feed) {
        attempt(feed);
}

void feed_set_live(Feed *feed, bool live) {
        if (feed->live == live)
                return;
        feed->live = live;
        if (live && feed->present)
                begin_pass(feed);
        else if (!live && feed->complete && !feed->passing)
                clear_timer(feed);
}

void feed_refresh(Feed *feed) {
        feed->retry_usec = FEED_RETRY_MIN_USEC;
        if (feed->present)
                begin_pass(feed);
        else if (!feed->connection && feed->timer != 0)
                attempt(feed);
}
