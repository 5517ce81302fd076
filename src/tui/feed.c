/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection at a time, and one pass at a time: the manager's properties, ListPeers(), ListAlerts(),
 * then ListChecks() page by page, so that keys are served in between. What a signal tells is applied at
 * once, to the rows that are shown and to those that a pass has collected so far; a pass follows. */

#include "tui/feed.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/names.h"
#include "ctl/connect.h"
#include "tui/calls.h"
#include "tui/checks.h"

#define INTERFACE_PROPERTIES "org.freedesktop.DBus.Properties"
#define INTERFACE_LOCAL "org.freedesktop.DBus.Local"
#define DAEMON_IS_GONE "the daemon is gone"
#define PAGE_ROWS 250 /* few enough that nobody notices the pause that reading them makes */
/* a pass takes at most this share of the time: with many checks all of them are read less often */
#define COST_FACTOR 5

struct Feed {
        sd_event *event;
        Context *context;
        const FeedObserver *observer;
        void *userdata;

        sd_bus *bus; /* of context; NULL: none */
        sd_bus_slot *slots[3];
        sd_bus_slot *asking; /* the call that a pass waits for */
        sd_event_source *timer;
        usec_t retry_usec;

        NodeStatus *node;
        GPtrArray *peers;
        GPtrArray *alerts;
        Checks checks;
        Checks fresh; /* as far as the pass has come */
        usec_t read_at;
        char *problem;

        bool lost; /* the connection: the timer makes another one */
        bool passing;
        bool again; /* a pass is wanted, once this one is over */
        usec_t began_usec;
        usec_t took_usec;
        usec_t ended_usec;

        Calls *calls;
};

static void begin_pass(Feed *feed);
static void connection_lost(Feed *feed);

/* ---- what is wrong ---- */

static void tell(Feed *feed) {
        feed->observer->changed(feed->userdata);
}

static void set_problem(Feed *feed, const char *problem) {
        if (g_strcmp0(problem, feed->problem) == 0)
                return;
        g_free(feed->problem);
        feed->problem = g_strdup(problem);
        tell(feed);
}

/* ---- time ---- */

static usec_t now_usec(void) {
        return (usec_t) g_get_monotonic_time();
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* the earliest wins */
static void set_timer(Feed *feed, usec_t delay) {
        usec_t at = now_usec() + delay, set;
        int enabled = SD_EVENT_OFF;

        if (!feed->timer) {
                (void) sd_event_add_time(feed->event, &feed->timer, CLOCK_MONOTONIC, at, 1, on_timer, feed);
                return;
        }
        (void) sd_event_source_get_enabled(feed->timer, &enabled);
        if (enabled != SD_EVENT_OFF && sd_event_source_get_time(feed->timer, &set) >= 0 && set <= at)
                return;
        (void) sd_event_source_set_time(feed->timer, at);
        (void) sd_event_source_set_enabled(feed->timer, SD_EVENT_ONESHOT);
}

static void clear_timer(Feed *feed) {
        if (feed->timer)
                (void) sd_event_source_set_enabled(feed->timer, SD_EVENT_OFF);
}

static void retry(Feed *feed) {
        set_timer(feed, feed->retry_usec);
        feed->retry_usec = MIN(feed->retry_usec * 2, FEED_RETRY_MAX_USEC);
}

/* ---- a pass ---- */

static void drop_pass(Feed *feed) {
        feed->asking = sd_bus_slot_unref(feed->asking);
        feed->passing = false;
        checks_done(&feed->fresh);
}

static void pass_failed(Feed *feed, const char *problem) {
        drop_pass(feed);
        set_problem(feed, problem);
        retry(feed);
}

static int ask(Feed *feed,
               const char *interface,
               const char *member,
               sd_bus_message_handler_t answered,
               const char *types,
               ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        va_list ap;
        int r;

        r = sd_bus_message_new_method_call(
                        feed->bus, &request, feed->context->destination, BUS_PATH, interface, member);
        if (r < 0)
                return r;
        /* who stops the daemon wants it stopped: looking at it shall not start it again */
        r = sd_bus_message_set_auto_start(request, 0);
        if (r < 0)
                return r;
        va_start(ap, types);
        r = sd_bus_message_appendv(request, types, ap);
        va_end(ap);
        if (r < 0)
                return r;
        feed->asking = sd_bus_slot_unref(feed->asking);
        return sd_bus_call_async(feed->bus, &feed->asking, request, answered, feed, CALL_TIMEOUT_USEC);
}

static void asked(Feed *feed, int r) {
        if (r >= 0)
                return;
        if (!sd_bus_is_open(feed->bus))
                connection_lost(feed);
        else
                pass_failed(feed, g_strerror(-r));
}

/* The bus is there, and nobody on it that we could ask. */
static bool is_without_daemon(sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

/* true: the pass is over for now */
static bool is_failure(Feed *feed, sd_bus_message *reply) {
        g_autofree char *error = NULL;

        error = calls_error_text(reply, CALL_TIMEOUT_USEC);
        if (!error)
                return false;
        if (!sd_bus_is_open(feed->bus))
                connection_lost(feed);
        else
                pass_failed(feed, is_without_daemon(reply) ? DAEMON_IS_GONE : error);
        return true;
}

static void not_understood(Feed *feed) {
        pass_failed(feed, "the daemon's answer has another form than expected: is it of another version?");
}

static void pass_done(Feed *feed) {
        const usec_t now = now_usec();
        usec_t pause;

        feed->passing = false;
        feed->retry_usec = FEED_RETRY_MIN_USEC;
        feed->took_usec = usec_sub(now, feed->began_usec);
        feed->ended_usec = now;
        feed->read_at = (usec_t) g_get_real_time();
        g_clear_pointer(&feed->problem, g_free);

        pause = feed->took_usec * (COST_FACTOR - 1);
        set_timer(feed, feed->again ? pause : MAX(usec_sub(FEED_LIVE_USEC, feed->took_usec), pause));
        tell(feed);
}

static void ask_page(Feed *feed);

static int on_page(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Feed *feed = userdata;
        int r;

        if (is_failure(feed, reply))
                return 0;
        r = checks_read_page(&feed->fresh, reply);
        if (r < 0) {
                not_understood(feed);
                return 0;
        }
        if (r > 0) {
                ask_page(feed);
                return 0;
        }
        checks_done(&feed->checks);
        feed->checks = feed->fresh;
        feed->fresh = (Checks){};
        pass_done(feed);
        return 0;
}

static void ask_page(Feed *feed) {
        asked(feed,
              ask(feed,
                  BUS_INTERFACE_MANAGER,
                  "ListChecks",
                  on_page,
                  "uu",
                  (uint32_t) feed->fresh.rows->len,
                  (uint32_t) PAGE_ROWS));
}

static bool take_rows(Feed *feed, sd_bus_message *reply, const ObjectType *type, GPtrArray **list) {
        g_autoptr(GPtrArray) rows = NULL;

        if (is_failure(feed, reply))
                return false;
        rows = rows_new(type);
        if (rows_read(reply, type, rows) < 0) {
                not_understood(feed);
                return false;
        }
        g_ptr_array_unref(*list);
        *list = g_steal_pointer(&rows);
        return true;
}

static int on_alerts(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Feed *feed = userdata;

        if (!take_rows(feed, reply, &alert_row_type, &feed->alerts))
                return 0;
        checks_done(&feed->fresh);
        checks_init(&feed->fresh);
        ask_page(feed);
        return 0;
}

static int on_peers(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Feed *feed = userdata;

        if (take_rows(feed, reply, &peer_row_type, &feed->peers))
                asked(feed, ask(feed, BUS_INTERFACE_MANAGER, "ListAlerts", on_alerts, ""));
        return 0;
}

static int on_properties(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Feed *feed = userdata;
        void *node;

        if (is_failure(feed, reply))
                return 0;
        if (row_read(reply, &node_status_type, &node) < 0) {
                not_understood(feed);
                return 0;
        }
        (void) node_status_free(feed->node);
        feed->node = node;
        if (!feed->node->initialized)
                pass_failed(feed, "the daemon waits for \"quctl init\": this node has no identity yet");
        else
                asked(feed, ask(feed, BUS_INTERFACE_MANAGER, "ListPeers", on_peers, ""));
        return 0;
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
        asked(feed, ask(feed, INTERFACE_PROPERTIES, "GetAll", on_properties, "s", BUS_INTERFACE_MANAGER));
}

/* soon: at once, unless the last pass was long and is hardly over */
static void want_pass(Feed *feed) {
        if (feed->passing)
                feed->again = true;
        else
                set_timer(feed,
                          usec_sub(feed->ended_usec + feed->took_usec * (COST_FACTOR - 1), now_usec()));
}

/* ---- signals ---- */

static void on_changed(Feed *feed, sd_bus_message *message) {
        const char *interface;

        if (sd_bus_message_read_basic(message, 's', &interface) < 0)
                return;
        if (g_str_equal(interface, BUS_INTERFACE_MANAGER) && feed->node) {
                (void) row_update(message, &node_status_type, feed->node);
        } else if (g_str_equal(interface, BUS_INTERFACE_CHECK)) {
                (void) checks_apply_news(&feed->checks, message);
                (void) checks_apply_news(&feed->fresh, message);
        }
        tell(feed);
}

static void on_transition(Feed *feed, sd_bus_message *message) {
        const char *id, *name, *from, *to, *detail;
        g_autofree char *text = NULL;
        uint64_t when;

        if (sd_bus_message_read(message, "ssssts", &id, &name, &from, &to, &when, &detail) < 0)
                return;
        text = g_strdup_printf("%s is %s%s%s%s", name, to, *detail ? " (" : "", detail, *detail ? ")" : "");
        feed->observer->happened(feed->userdata, g_str_equal(to, "up"), text);
}

static void on_delivery(Feed *feed, sd_bus_message *message) {
        const char *notice, *alert, *check, *event, *recipient, *result, *answer;
        g_autofree char *text = NULL;

        if (sd_bus_message_read(
                            message,
                            "sssssss",
                            &notice,
                            &alert,
                            &check,
                            &event,
                            &recipient,
                            &result,
                            &answer) < 0)
                return;
        text = g_strdup_printf("%s %s for %s: %s", check, event, alert, result);
        feed->observer->happened(feed->userdata, g_str_equal(result, "delivered"), text);
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Feed *feed = userdata;

        if (sd_bus_message_is_signal(message, INTERFACE_PROPERTIES, "PropertiesChanged"))
                on_changed(feed, message);
        else if (sd_bus_message_is_signal(message, BUS_INTERFACE_MANAGER, "CheckTransition"))
                on_transition(feed, message);
        else if (sd_bus_message_is_signal(message, BUS_INTERFACE_MANAGER, "Delivery"))
                on_delivery(feed, message);
        want_pass(feed);
        return 0;
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Feed *feed = userdata;
        const char *name, *before, *after;

        if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0)
                return 0;
        drop_pass(feed);
        clear_timer(feed);
        if (*after) {
                feed->retry_usec = FEED_RETRY_MIN_USEC;
                begin_pass(feed);
        } else
                pass_failed(feed, DAEMON_IS_GONE);
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        connection_lost(userdata);
        return 0;
}

/* ---- the connection ---- */

static int follow(Feed *feed) {
        const bool is_bus = feed->context->destination != NULL;
        int r;

        (void) sd_bus_set_allow_interactive_authorization(feed->bus, 0);
        r = sd_bus_attach_event(feed->bus, feed->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        r = sd_bus_match_signal_async(
                        feed->bus,
                        &feed->slots[0],
                        INTERFACE_LOCAL,
                        "/org/freedesktop/DBus/Local",
                        INTERFACE_LOCAL,
                        "Disconnected",
                        on_disconnected,
                        NULL,
                        feed);
        if (r < 0)
                return r;
        r = sd_bus_add_match_async(
                        feed->bus,
                        &feed->slots[1],
                        is_bus ? "type='signal',sender='" BUS_NAME "',path_namespace='" BUS_PATH "'"
                               : "type='signal',path_namespace='" BUS_PATH "'",
                        on_signal,
                        NULL,
                        feed);
        if (r < 0 || !is_bus)
                return r;
        return sd_bus_add_match_async(
                        feed->bus,
                        &feed->slots[2],
                        "type='signal',sender='" BUS_NAME_DRIVER "',path='" BUS_PATH_DRIVER
                        "',interface='" BUS_NAME_DRIVER "',member='NameOwnerChanged',arg0='" BUS_NAME "'",
                        on_owner,
                        NULL,
                        feed);
}

static void drop_connection(Feed *feed) {
        calls_end(feed->calls, "the daemon is gone; what came of it is not known");
        for (size_t i = 0; i < G_N_ELEMENTS(feed->slots); i++)
                feed->slots[i] = sd_bus_slot_unref(feed->slots[i]);
        drop_pass(feed);
        if (feed->bus)
                (void) sd_bus_detach_event(feed->bus);
        feed->context->bus = sd_bus_close_unref(feed->context->bus);
        feed->bus = NULL;
}

/* May be called from within the connection's own callbacks: the timer drops it. */
static void connection_lost(Feed *feed) {
        if (feed->lost)
                return;
        feed->lost = true;
        drop_pass(feed);
        set_problem(feed, DAEMON_IS_GONE);
        clear_timer(feed);
        retry(feed);
}

static void reconnect(Feed *feed) {
        int r;

        drop_connection(feed);
        r = daemon_reconnect(feed->context, &feed->context->bus);
        if (r < 0) {
                retry(feed);
                return;
        }
        feed->lost = false;
        feed->bus = feed->context->bus;
        if (follow(feed) < 0)
                connection_lost(feed);
        else
                begin_pass(feed);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Feed *feed = userdata;

        if (feed->lost)
                reconnect(feed);
        else
                begin_pass(feed);
        return 0;
}

/* ---- calls ---- */

/* whatever it changed, or did not */
static void on_call_over(void *userdata) {
        Feed *feed = userdata;

        if (!feed->lost && feed->bus)
                want_pass(feed);
}

static void on_asking(void *userdata, bool begins) {
        Feed *feed = userdata;

        feed->observer->asking(feed->userdata, begins);
}

static const CallsObserver calls_observer = { .over = on_call_over, .asking = on_asking };

void feed_call(Feed *feed,
               const char *member,
               unsigned bits,
               FeedArguments fill,
               void *fill_userdata,
               FeedDone done,
               void *userdata) {
        assert(feed);

        calls_send(feed->calls,
                   feed->lost ? NULL : feed->bus,
                   member,
                   bits,
                   fill,
                   fill_userdata,
                   done,
                   userdata);
}

void feed_forget(Feed *feed, const void *userdata) {
        assert(feed);

        calls_forget(feed->calls, userdata);
}

/* ---- lifecycle ---- */

Feed *feed_new(sd_event *event, Context *context, const FeedObserver *observer, void *userdata) {
        Feed *feed = g_new0(Feed, 1);

        assert(event);
        assert(context);
        assert(context->bus);
        assert(observer);

        feed->event = sd_event_ref(event);
        feed->context = context;
        feed->bus = context->bus;
        feed->observer = observer;
        feed->userdata = userdata;
        feed->retry_usec = FEED_RETRY_MIN_USEC;
        feed->peers = rows_new(&peer_row_type);
        feed->alerts = rows_new(&alert_row_type);
        feed->calls = calls_new(event, context, &calls_observer, feed);
        checks_init(&feed->checks);
        if (follow(feed) < 0)
                connection_lost(feed);
        else
                begin_pass(feed);
        return feed;
}

Feed *feed_free(Feed *feed) {
        if (!feed)
                return NULL;
        drop_connection(feed);
        (void) calls_free(feed->calls);
        (void) sd_event_source_disable_unref(feed->timer);
        (void) sd_event_unref(feed->event);
        (void) node_status_free(feed->node);
        g_ptr_array_unref(feed->peers);
        g_ptr_array_unref(feed->alerts);
        checks_done(&feed->checks);
        g_free(feed->problem);
        g_free(feed);
        return NULL;
}

/* ---- questions ---- */

const NodeStatus *feed_node(const Feed *feed) {
        return feed->node;
}

GPtrArray *feed_peers(const Feed *feed) {
        return feed->peers;
}

GPtrArray *feed_checks(const Feed *feed) {
        return feed->checks.rows;
}

GPtrArray *feed_alerts(const Feed *feed) {
        return feed->alerts;
}

const char *feed_problem(const Feed *feed) {
        return feed->problem;
}

usec_t feed_read_at(const Feed *feed) {
        return feed->read_at;
}

void feed_refresh(Feed *feed) {
        assert(feed);

        feed->retry_usec = FEED_RETRY_MIN_USEC;
        set_timer(feed, 0);
}
