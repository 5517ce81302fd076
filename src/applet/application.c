/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/application.h"

#include <gtk/gtk.h>

#include "applet/appearance.h"
#include "applet/board.h"
#include "applet/feed.h"
#include "applet/notices.h"
#include "applet/window.h"
#include "base/cleanup.h"
#include "base/names.h"

typedef struct Applet {
        GtkApplication *application;
        Board *board;
        Feed *feed;
        Notices *notices;
        Window *window; /* NULL: not asked for yet */
        GCancellable *cancellable;
        unsigned together; /* the timer of the notice for many */
        FeedWay way;
        char *address;
        bool held;

        gboolean opt_session, opt_system, opt_background, opt_quit, opt_version;
        char *opt_address;
        char *opt_dump; /* for tests: what the window shows is written there */
} Applet;

/* ---- notifications ---- */

static void send_notice(Applet *applet, Notice *notice) {
        g_autoptr(GNotification) notification = g_notification_new(notice->title);
        g_autoptr(GIcon) icon = g_themed_icon_new(APPLET_ID);

        if (*notice->body)
                g_notification_set_body(notification, notice->body);
        g_notification_set_icon(notification, icon);
        g_notification_set_priority(
                        notification,
                        notice->urgent ? G_NOTIFICATION_PRIORITY_URGENT : G_NOTIFICATION_PRIORITY_NORMAL);
        g_notification_set_default_action(notification, "app.show");
        g_application_send_notification(G_APPLICATION(applet->application), notice->id, notification);
        notice_done(notice);
}

static gboolean on_together(void *userdata) {
        Applet *applet = userdata;
        Notice notice;

        if (!notices_due(applet->notices, (usec_t) g_get_monotonic_time(), &notice))
                return G_SOURCE_CONTINUE;
        applet->together = 0;
        send_notice(applet, &notice);
        return G_SOURCE_REMOVE;
}

static void
on_transition(void *userdata,
              const char *check_id,
              const char *name,
              RowState from,
              RowState to,
              const char *detail) {
        Applet *applet = userdata;
        usec_t now_usec = (usec_t) g_get_monotonic_time();
        Notice notice;

        if (notices_take(applet->notices, check_id, name, from, to, detail, now_usec, &notice))
                send_notice(applet, &notice);
        else if (applet->together == 0 && notices_deadline(applet->notices) != USEC_INFINITY)
                applet->together = g_timeout_add(
                                NOTICES_TOGETHER_USEC / USEC_PER_MSEC / 4, on_together, applet);
}

/* ---- who tells whom ---- */

static void on_missed(void *userdata, const Row *row, RowState from) {
        on_transition(userdata, row->id, row->name, from, row->state, row->detail);
}

static void on_reordered(void *userdata) {
        Applet *applet = userdata;

        if (applet->window)
                window_reordered(applet->window);
}

static void on_summarized(void *userdata) {
        Applet *applet = userdata;

        if (applet->window)
                window_summarized(applet->window);
}

static void on_status(void *userdata) {
        Applet *applet = userdata;

        if (applet->window)
                window_set_problem(applet->window, feed_problem(applet->feed));
}

static void on_visible(void *userdata, bool visible) {
        Applet *applet = userdata;

        feed_set_live(applet->feed, visible);
}

static void on_shown(void *userdata) {
        Applet *applet = userdata;
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;

        if (!applet->opt_dump)
                return;
        text = window_describe(applet->window);
        if (!g_file_set_contents(applet->opt_dump, text, -1, &error))
                g_printerr("quptime-applet: %s\n", error->message);
}

static void on_closed(void *userdata) {
        Applet *applet = userdata;

        if (!applet->held)
                g_application_quit(G_APPLICATION(applet->application));
}

static const BoardObserver board_observer = {
        .reordered = on_reordered,
        .summarized = on_summarized,
        .missed = on_missed,
};
static const FeedObserver feed_observer = { .status = on_status, .transition = on_transition };
static const WindowObserver window_observer = { .visible = on_visible,
                                                .shown = on_shown,
                                                .closed = on_closed };

/* ---- options ---- */

static bool choose_way(Applet *applet) {
        const char *socket = g_getenv(ENV_SOCKET);

        if (applet->opt_session + applet->opt_system + (applet->opt_address != NULL) > 1) {
                g_printerr("quptime-applet: --system, --session and --address exclude each other\n");
                return false;
        }
        if (applet->opt_address) {
                applet->way = *applet->opt_address == '/' ? FEED_SOCKET : FEED_ADDRESS;
                applet->address = g_strdup(applet->opt_address);
        } else if (applet->opt_session)
                applet->way = FEED_SESSION;
        else if (socket && *socket && !applet->opt_system) {
                applet->way = FEED_SOCKET;
                applet->address = g_strdup(socket);
        } else
                applet->way = FEED_SYSTEM;
        return true;
}

/* An instance that runs already has chosen its daemon: to watch another in silence would be a lie. */
static int choose_instance(Applet *applet) {
        GApplication *application = G_APPLICATION(applet->application);
        g_autoptr(GError) error = NULL;

        if (!g_application_register(application, NULL, &error)) {
                g_printerr("quptime-applet: %s\n", error->message);
                return 1;
        }
        if (!g_application_get_is_remote(application))
                return applet->opt_quit ? 0 : -1;
        if (applet->opt_quit)
                g_action_group_activate_action(G_ACTION_GROUP(application), "quit", NULL);
        if (applet->opt_quit || applet->opt_background)
                return 0;
        if (applet->opt_session || applet->opt_system || applet->opt_address) {
                g_printerr("quptime-applet: it runs already; --quit ends it, so that it can watch another "
                           "daemon\n");
                return 1;
        }
        return -1; /* activates the other */
}

static int on_options(GApplication *application, GVariantDict *options, Applet *applet) {
        if (applet->opt_version) {
                g_print("quptime-applet %s\n", QUPTIME_VERSION);
                return 0;
        }
        if (!choose_way(applet))
                return 2;
        return choose_instance(applet);
}

static void add_options(Applet *applet) {
        const GOptionEntry entries[] = {
                { "system",
                  0,
                  0,
                  G_OPTION_ARG_NONE,
                  &applet->opt_system,
                  "Watch the daemon on the system bus",
                  NULL },
                { "session",
                  0,
                  0,
                  G_OPTION_ARG_NONE,
                  &applet->opt_session,
                  "Watch the daemon on the session bus",
                  NULL },
                { "address",
                  0,
                  0,
                  G_OPTION_ARG_STRING,
                  &applet->opt_address,
                  "Watch the daemon at the path of a socket, or on the bus at a D-Bus address",
                  "ADDRESS" },
                { "background",
                  0,
                  0,
                  G_OPTION_ARG_NONE,
                  &applet->opt_background,
                  "Start without a window, and notify also when there is none",
                  NULL },
                { "quit", 0, 0, G_OPTION_ARG_NONE, &applet->opt_quit, "End the instance that runs", NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &applet->opt_version, "Show the version", NULL },
                { "dump", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &applet->opt_dump, "", "FILE" },
                {},
        };

        g_application_add_main_option_entries(G_APPLICATION(applet->application), entries);
        g_application_set_option_context_summary(
                        G_APPLICATION(applet->application),
                        "Shows the checks of a quptime cluster, and notifies when one goes down or comes "
                        "back.");
}

/* ---- actions ---- */

static void on_quit(GSimpleAction *action, GVariant *argument, void *userdata) {
        Applet *applet = userdata;

        g_application_quit(G_APPLICATION(applet->application));
}

static void on_refresh(GSimpleAction *action, GVariant *argument, void *userdata) {
        Applet *applet = userdata;

        feed_refresh(applet->feed);
}

static void on_show(GSimpleAction *action, GVariant *argument, void *userdata) {
        Applet *applet = userdata;

        g_application_activate(G_APPLICATION(applet->application));
}

static void add_actions(Applet *applet) {
        static const GActionEntry actions[] = {
                { .name = "quit", .activate = on_quit },
                { .name = "refresh", .activate = on_refresh },
                { .name = "show", .activate = on_show },
        };

        g_action_map_add_action_entries(
                        G_ACTION_MAP(applet->application), actions, G_N_ELEMENTS(actions), applet);
        gtk_application_set_accels_for_action(
                        applet->application, "app.quit", (const char *[]){ "<Control>q", NULL });
        gtk_application_set_accels_for_action(
                        applet->application, "app.refresh", (const char *[]){ "F5", "<Control>r", NULL });
        gtk_application_set_accels_for_action(
                        applet->application, "window.close", (const char *[]){ "<Control>w", NULL });
}

/* ---- the application's life ---- */

static void on_startup(GApplication *application, Applet *applet) {
        GDBusConnection *bus = g_application_get_dbus_connection(application);

        applet->cancellable = g_cancellable_new();
        applet->board = board_new(&board_observer, applet);
        applet->feed = feed_new(applet->board, applet->way, applet->address, &feed_observer, applet);
        applet->notices = notices_new();
        add_actions(applet);
        if (bus)
                appearance_follow(bus, applet->cancellable);
        gtk_window_set_default_icon_name(APPLET_ID);
        feed_start(applet->feed);
}

static void on_activate(GApplication *application, Applet *applet) {
        if (applet->opt_background && !applet->held) {
                applet->held = true;
                g_application_hold(application);
                return;
        }
        if (!applet->window) {
                applet->window = window_new(applet->application, applet->board, &window_observer, applet);
                window_set_problem(applet->window, feed_problem(applet->feed));
        }
        window_present(applet->window);
}

static void on_shutdown(GApplication *application, Applet *applet) {
        if (applet->together != 0)
                g_source_remove(applet->together);
        if (applet->cancellable)
                g_cancellable_cancel(applet->cancellable);
        g_clear_object(&applet->cancellable);
        applet->feed = feed_free(applet->feed);
        applet->window = window_free(applet->window);
        applet->board = board_free(applet->board);
        applet->notices = notices_free(applet->notices);
}

int applet_run(int argc, char *argv[]) {
        Applet applet = {};
        int status;

        applet.application = gtk_application_new(APPLET_ID, G_APPLICATION_DEFAULT_FLAGS);
        add_options(&applet);
        g_signal_connect(applet.application, "handle-local-options", G_CALLBACK(on_options), &applet);
        /* after GTK's own, and before it for the end: widgets go while there is a display */
        g_signal_connect_after(applet.application, "startup", G_CALLBACK(on_startup), &applet);
        g_signal_connect(applet.application, "activate", G_CALLBACK(on_activate), &applet);
        g_signal_connect(applet.application, "shutdown", G_CALLBACK(on_shutdown), &applet);
        status = g_application_run(G_APPLICATION(applet.application), argc, argv);
        g_object_unref(applet.application);
        g_free(applet.address);
        g_free(applet.opt_address);
        g_free(applet.opt_dump);
        return status;
}
