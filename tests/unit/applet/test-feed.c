/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The feed against a daemon in this process, which speaks by the documented interfaces (dbus/) on a
 * socket. */

#include <glib/gstdio.h>
#include <string.h>

#include "applet/feed.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/names.h"

#define PATIENCE_USEC (20 * USEC_PER_SEC)

typedef struct World {
        /* the daemon */
        char *folder, *socket;
        GDBusServer *server;
        GDBusConnection *connection; /* of the one client */
        GDBusNodeInfo *manager;
        unsigned n_checks;
        unsigned calls; /* of ListChecks() */
        bool refuses;
        bool shrinks; /* one less after the first page */
        const char *state;
        /* the feed */
        Board *board;
        Feed *feed;
        unsigned missed, transitions;
        RowState to;
} World;

/* ---- the daemon ---- */

static GVariant *list_checks(World *w, unsigned offset, unsigned limit) {
        GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

        if (limit == 0 || limit > BUS_LIST_MAX)
                limit = BUS_LIST_MAX;
        for (unsigned i = offset; i < w->n_checks && i < offset + limit; i++) {
                g_autofree char *id = g_strdup_printf("%u-id", i), *name = g_strdup_printf("check %u", i);

                g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
                g_variant_builder_add(&builder, "{sv}", "id", g_variant_new_string(id));
                g_variant_builder_add(&builder, "{sv}", "name", g_variant_new_string(name));
                g_variant_builder_add(&builder, "{sv}", "state", g_variant_new_string(w->state));
                g_variant_builder_close(&builder);
        }
        return g_variant_new("(aa{sv}u)", &builder, w->n_checks);
}

static void
on_call(GDBusConnection *connection,
        const char *sender,
        const char *path,
        const char *interface,
        const char *member,
        GVariant *arguments,
        GDBusMethodInvocation *invocation,
        void *userdata) {
        World *w = userdata;
        unsigned offset, limit;

        if (w->refuses)
                g_dbus_method_invocation_return_dbus_error(
                                invocation, "org.freedesktop.DBus.Error.LimitsExceeded", "too\nmany");
        else if (strcmp(member, "ListPeers") == 0)
                g_dbus_method_invocation_return_value(
                                invocation, g_variant_new_parsed("([{'node_id': <'n'>, 'live': <true>}],)"));
        else if (strcmp(member, "ListChecks") == 0) {
                w->calls++;
                g_variant_get(arguments, "(uu)", &offset, &limit);
                g_dbus_method_invocation_return_value(invocation, list_checks(w, offset, limit));
                if (w->shrinks)
                        w->n_checks--;
                w->shrinks = false;
        } else
                g_assert_not_reached(); /* the feed only looks */
}

static GVariant *
on_get(GDBusConnection *connection,
       const char *sender,
       const char *path,
       const char *interface,
       const char *property,
       GError **error,
       void *userdata) {
        World *w = userdata;
        const GDBusPropertyInfo *info =
                        g_dbus_interface_info_lookup_property(w->manager->interfaces[0], property);

        switch (info->signature[0]) {
        case 's':
                return g_variant_new_string("n");
        case 'b':
                return g_variant_new_boolean(TRUE);
        case 'u':
                return g_variant_new_uint32(1);
        default:
                return g_variant_new_uint64(7);
        }
}

static gboolean on_connection(GDBusServer *server, GDBusConnection *connection, World *w) {
        static const GDBusInterfaceVTable vtable = { on_call, on_get, NULL };

        g_clear_object(&w->connection);
        w->connection = g_object_ref(connection);
        g_assert_cmpuint(
                        g_dbus_connection_register_object(
                                        connection,
                                        BUS_PATH,
                                        w->manager->interfaces[0],
                                        &vtable,
                                        w,
                                        NULL,
                                        NULL),
                        !=,
                        0);
        return TRUE;
}

static void daemon_start(World *w) {
        g_autofree char *address = g_strconcat("unix:path=", w->socket, NULL),
                        *guid = g_dbus_generate_guid();

        w->server = g_dbus_server_new_sync(address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, NULL);
        g_assert_nonnull(w->server);
        g_signal_connect(w->server, "new-connection", G_CALLBACK(on_connection), w);
        g_dbus_server_start(w->server);
}

static void daemon_stop(World *w) {
        if (w->server)
                g_dbus_server_stop(w->server);
        g_clear_object(&w->server);
        if (w->connection)
                g_dbus_connection_close_sync(w->connection, NULL, NULL);
        g_clear_object(&w->connection);
        (void) g_unlink(w->socket);
}

static void
emit(World *w, const char *path, const char *interface, const char *member, const char *arguments) {
        GVariant *parsed = g_variant_parse(NULL, arguments, NULL, NULL, NULL);

        g_assert_nonnull(parsed);
        g_assert_true(g_dbus_connection_emit_signal(
                        w->connection, NULL, path, interface, member, parsed, NULL));
}

/* ---- the feed ---- */

static void ignore(void *userdata) {
}

static void on_missed(void *userdata, const Row *row, RowState from) {
        ((World *) userdata)->missed++;
}

static void
on_transition(void *userdata,
              const char *check_id,
              const char *name,
              RowState from,
              RowState to,
              const char *detail) {
        World *w = userdata;

        w->transitions++;
        w->to = to;
}

static const BoardObserver board_observer = { ignore, ignore, on_missed };
static const FeedObserver feed_observer = { ignore, on_transition };

static void world_up(World *w, unsigned n_checks) {
        g_autofree char *path = g_build_filename(DBUS_XML_FOLDER, BUS_INTERFACE_MANAGER ".xml", NULL),
                        *xml = NULL;

        *w = (World){ .n_checks = n_checks, .state = "up" };
        g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
        w->manager = g_dbus_node_info_new_for_xml(xml, NULL);
        g_assert_nonnull(w->manager);
        w->folder = g_dir_make_tmp("quptime-feed-XXXXXX", NULL);
        w->socket = g_build_filename(w->folder, "socket", NULL);
        w->board = board_new(&board_observer, w);
        w->feed = feed_new(w->board, FEED_SOCKET, w->socket, &feed_observer, w);
        daemon_start(w);
        feed_start(w->feed);
}

static void world_down(World *w) {
        feed_free(w->feed);
        board_free(w->board);
        daemon_stop(w);
        g_dbus_node_info_unref(w->manager);
        (void) g_rmdir(w->folder);
        g_free(w->folder);
        g_free(w->socket);
}
#define _world_ _cleanup_(world_down) World

static gboolean on_tick(void *userdata) {
        return G_SOURCE_CONTINUE;
}

#define wait_until(condition)                                                                               \
        G_STMT_START {                                                                                      \
                gint64 end = g_get_monotonic_time() + (gint64) PATIENCE_USEC;                               \
                unsigned tick = g_timeout_add(20, on_tick, NULL);                                           \
                while (!(condition)) {                                                                      \
                        g_assert_cmpint(g_get_monotonic_time(), <, end);                                    \
                        g_main_context_iteration(NULL, TRUE);                                               \
                }                                                                                           \
                g_source_remove(tick);                                                                      \
        }                                                                                                   \
        G_STMT_END

static unsigned n_rows(World *w) {
        return g_list_model_get_n_items(board_rows(w->board));
}

static bool is_well(World *w) {
        return !feed_problem(w->feed);
}

static Row *find(World *w, const char *id) {
        return board_find(w->board, id);
}

/* ---- tests ---- */

static void test_pages(void) {
        _world_ w;
        g_autofree char *line = NULL;

        world_up(&w, 2 * BUS_LIST_MAX + 1);
        g_assert_nonnull(feed_problem(w.feed));
        wait_until(is_well(&w));
        g_assert_cmpuint(n_rows(&w), ==, 2 * BUS_LIST_MAX + 1);
        g_assert_cmpuint(w.calls, ==, 3);
        line = board_line(w.board);
        g_assert_cmpstr(line, ==, "master n · quorum yes (1 of 1 live, need 1) · term 7");

        /* nobody looks: nothing is asked; then it is, at once */
        feed_set_live(w.feed, true);
        wait_until(w.calls == 6);
        wait_until(is_well(&w));
}

static void test_document_changes_between_pages(void) {
        _world_ w;

        world_up(&w, BUS_LIST_MAX + 5);
        w.shrinks = true;
        wait_until(w.calls == 4);
        wait_until(n_rows(&w) == BUS_LIST_MAX + 4);
}

static void test_signals(void) {
        _world_ w;

        world_up(&w, 2);
        wait_until(is_well(&w));
        emit(&w,
             BUS_PATH_CHECK "/_30_2did",
             "org.freedesktop.DBus.Properties",
             "PropertiesChanged",
             "('" BUS_INTERFACE_CHECK "', {'State': <'down'>}, @as [])");
        wait_until(find(&w, "0-id")->state == ROW_DOWN);
        emit(&w,
             BUS_PATH,
             "org.freedesktop.DBus.Properties",
             "PropertiesChanged",
             "('" BUS_INTERFACE_MANAGER "', {'Quorum': <false>}, @as [])");
        wait_until(!board_summary(w.board)->quorum);
        emit(&w,
             BUS_PATH,
             "org.freedesktop.DBus.ObjectManager",
             "InterfacesAdded",
             "(objectpath '" BUS_PATH_CHECK "/x', {'" BUS_INTERFACE_CHECK "': {'Name': <'new'>}})");
        wait_until(find(&w, "x"));
        g_assert_cmpstr(find(&w, "x")->name, ==, "new");
        emit(&w,
             BUS_PATH,
             "org.freedesktop.DBus.ObjectManager",
             "InterfacesRemoved",
             "(objectpath '" BUS_PATH_CHECK "/x', ['" BUS_INTERFACE_CHECK "'])");
        wait_until(!find(&w, "x"));
        emit(&w,
             BUS_PATH,
             BUS_INTERFACE_MANAGER,
             "CheckTransition",
             "('0-id', 'check 0', 'up', 'down', uint64 5, 'refused')");
        wait_until(w.transitions == 1);
        g_assert_cmpint(w.to, ==, ROW_DOWN);
        g_assert_cmpuint(w.missed, ==, 0);
}

static void test_strange_signals(void) {
        _world_ w;

        world_up(&w, 1);
        wait_until(is_well(&w));
        emit(&w, BUS_PATH, BUS_INTERFACE_MANAGER, "CheckTransition", "('only',)");
        emit(&w, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", "(5,)");
        emit(&w, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", "('x', 'y')");
        emit(&w, BUS_PATH_CHECK "/0", "org.freedesktop.DBus.Properties", "PropertiesChanged", "('x',)");
        emit(&w,
             BUS_PATH_CHECK "/_zz",
             "org.freedesktop.DBus.Properties",
             "PropertiesChanged",
             "('" BUS_INTERFACE_CHECK "', {'State': <'down'>}, @as [])");
        emit(&w,
             BUS_PATH,
             BUS_INTERFACE_MANAGER,
             "CheckTransition",
             "('a', 'a', 'nonsense', 'down', uint64 5, '')");
        wait_until(w.transitions == 1);
        g_assert_cmpuint(n_rows(&w), ==, 1);
        g_assert_cmpint(find(&w, "0-id")->state, ==, ROW_UP);
}

static void test_refusals(void) {
        _world_ w;

        world_up(&w, 1);
        w.refuses = true;
        wait_until(feed_problem(w.feed) && strstr(feed_problem(w.feed), "too many"));
        w.refuses = false;
        wait_until(is_well(&w));
        g_assert_cmpuint(n_rows(&w), ==, 1);
}

static void test_comes_back(void) {
        _world_ w;

        world_up(&w, 3);
        wait_until(is_well(&w));
        daemon_stop(&w);
        wait_until(!is_well(&w));
        g_assert_cmpuint(n_rows(&w), ==, 3); /* what was known last */
        w.state = "down";
        w.n_checks = 2;
        daemon_start(&w);
        feed_refresh(w.feed);
        wait_until(is_well(&w));
        g_assert_cmpuint(n_rows(&w), ==, 2);
        g_assert_cmpuint(w.missed, ==, 2);
}

static void test_freed_at_any_time(void) {
        for (unsigned turns = 0; turns < 40; turns++) {
                _world_ w;

                world_up(&w, 1);
                for (unsigned i = 0; i < turns; i++)
                        g_main_context_iteration(NULL, FALSE);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/feed/pages", test_pages);
        g_test_add_func("/feed/document-changes-between-pages", test_document_changes_between_pages);
        g_test_add_func("/feed/signals", test_signals);
        g_test_add_func("/feed/strange-signals", test_strange_signals);
        g_test_add_func("/feed/refusals", test_refusals);
        g_test_add_func("/feed/comes-back", test_comes_back);
        g_test_add_func("/feed/freed-at-any-time", test_freed_at_any_time);
        return g_test_run();
}
