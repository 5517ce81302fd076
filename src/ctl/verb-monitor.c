/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens, as it happens, a line for each event: the manager's signals CheckTransition and Delivery,
 * and what its properties say about who leads. Each line is flushed, for who reads them through a pipe.
 * Where the daemon goes, that is a line too, and it is waited for. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/ids.h"
#include "ctl/json.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#define RETRY_USEC (500 * USEC_PER_MSEC)

typedef struct Monitor {
        Context *context;
        GPtrArray *checks; /* of CheckRow: only about these; NULL: about all */
        NodeStatus *known; /* what was said last about who leads; never NULL */
        bool gone;         /* the daemon */
        bool look;         /* at its properties, once the messages that wait are read */
} Monitor;

/* ---- an event ---- */

static usec_t now_realtime(void) {
        return (usec_t) g_get_real_time();
}

static void json_text(JsonBuilder *builder, const char *name, const char *text) {
        json_builder_set_member_name(builder, name);
        json_builder_add_string_value(builder, text ?: "");
}

static void json_number(JsonBuilder *builder, const char *name, uint64_t number) {
        json_builder_set_member_name(builder, name);
        json_builder_add_int_value(builder, (gint64) number);
}

static void json_truth(JsonBuilder *builder, const char *name, bool truth) {
        json_builder_set_member_name(builder, name);
        json_builder_add_boolean_value(builder, truth);
}

/* NULL: text is wanted */
static JsonBuilder *event_begin(const Monitor *monitor, usec_t when, const char *kind) {
        g_autofree char *time = usec_to_rfc3339(when, /* without_fraction= */ true);
        JsonBuilder *builder;

        if (monitor->context->json == JSON_OFF)
                return NULL;
        builder = json_builder_new();
        json_builder_begin_object(builder);
        json_text(builder, "time", time);
        json_text(builder, "event", kind);
        return builder;
}

static void event_end(JsonBuilder *builder) {
        json_builder_end_object(builder);
        json_print(builder, JSON_SHORT); /* one event, one line, also where pretty was asked for */
        (void) fflush(stdout);
        g_object_unref(builder);
}

/* the head of a line of text */
static void print_head(usec_t when, const char *kind) {
        g_autofree char *time = usec_to_rfc3339(when, /* without_fraction= */ true);

        (void) printf("%s  %-10s  ", time, kind);
}

static void print_colored(Color color, const char *text) {
        g_autofree char *escaped = text_escape(text);
        bool wanted = color_wanted();

        (void) printf("%s%s%s", color_start(color, wanted), escaped, color_end(color, wanted));
}

static void print_plain(const char *text) {
        print_colored(COLOR_NONE, text);
}

static void print_end(void) {
        (void) putchar('\n');
        (void) fflush(stdout);
}

static bool is_wanted(const Monitor *monitor, const char *id, const char *name) {
        for (guint i = 0; monitor->checks && i < monitor->checks->len; i++) {
                const CheckRow *check = g_ptr_array_index(monitor->checks, i);

                if (id ? g_strcmp0(check->id, id) == 0 : g_strcmp0(check->name, name) == 0)
                        return true;
        }
        return !monitor->checks;
}

/* ---- checks and deliveries ---- */

static Color state_color(const char *state) {
        return g_strcmp0(state, "up") == 0     ? COLOR_GOOD
               : g_strcmp0(state, "down") == 0 ? COLOR_BAD
                                               : COLOR_DIM;
}

static int on_transition(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        const char *id, *name, *from, *to, *detail;
        const Monitor *monitor = userdata;
        JsonBuilder *builder;
        uint64_t when;

        if (sd_bus_message_read(message, "ssssts", &id, &name, &from, &to, &when, &detail) < 0 ||
            !is_wanted(monitor, id, NULL))
                return 0;

        builder = event_begin(monitor, when, "transition");
        if (builder) {
                json_text(builder, "check_id", id);
                json_text(builder, "check", name);
                json_text(builder, "from", from);
                json_text(builder, "to", to);
                json_text(builder, "detail", detail);
                event_end(builder);
                return 0;
        }
        print_head(when, "transition");
        print_plain(name);
        (void) printf(": ");
        print_plain(from);
        (void) printf(" -> ");
        print_colored(state_color(to), to);
        if (*detail) {
                (void) printf(": ");
                print_plain(detail);
        }
        print_end();
        return 0;
}

static int on_delivery(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        const char *notice, *alert, *check, *event, *recipient, *result, *answer;
        g_autofree char *words = NULL;
        const Monitor *monitor = userdata;
        JsonBuilder *builder;

        if (sd_bus_message_read(
                            message,
                            "sssssss",
                            &notice,
                            &alert,
                            &check,
                            &event,
                            &recipient,
                            &result,
                            &answer) < 0 ||
            !is_wanted(monitor, NULL, check))
                return 0;

        builder = event_begin(monitor, now_realtime(), "delivery");
        if (builder) {
                json_text(builder, "notice", notice);
                json_text(builder, "check", check);
                json_text(builder, "what", event);
                json_text(builder, "alert", alert);
                json_text(builder, "recipient", recipient);
                json_text(builder, "result", result);
                json_text(builder, "answer", answer);
                event_end(builder);
                return 0;
        }
        words = g_strdup_printf("%s of %s through %s to %s: ", event, check, alert, recipient);
        print_head(now_realtime(), "delivery");
        print_plain(words);
        print_colored(g_str_equal(result, "delivered") ? COLOR_GOOD
                      : g_str_equal(result, "owed")    ? COLOR_NOTICE
                                                       : COLOR_BAD,
                      result);
        if (*answer) {
                (void) printf(": ");
                print_plain(answer);
        }
        print_end();
        return 0;
}

/* ---- who leads ---- */

static const char *quorum_text(bool quorum) {
        return quorum ? "met" : "lost";
}

static void tell_master(const Monitor *monitor) {
        const NodeStatus *node = monitor->known;
        bool none = !node->master || !*node->master;
        JsonBuilder *builder = event_begin(monitor, now_realtime(), "master");
        g_autofree char *words = NULL;

        if (builder) {
                json_text(builder, "master", node->master);
                json_number(builder, "term", node->term);
                event_end(builder);
                return;
        }
        words = g_strdup_printf("%s in term %" G_GUINT64_FORMAT, none ? "none" : node->master, node->term);
        print_head(now_realtime(), "master");
        print_colored(none ? COLOR_BAD : COLOR_NONE, words);
        print_end();
}

static void tell_quorum(const Monitor *monitor) {
        bool quorum = monitor->known->quorum;
        JsonBuilder *builder = event_begin(monitor, now_realtime(), "quorum");

        if (builder) {
                json_truth(builder, "quorum", quorum);
                event_end(builder);
                return;
        }
        print_head(now_realtime(), "quorum");
        print_colored(quorum ? COLOR_GOOD : COLOR_BAD, quorum_text(quorum));
        print_end();
}

static void tell_version(const Monitor *monitor) {
        JsonBuilder *builder = event_begin(monitor, now_realtime(), "config");

        if (builder) {
                json_number(builder, "version", monitor->known->config_version);
                event_end(builder);
                return;
        }
        print_head(now_realtime(), "config");
        (void) printf("version %" G_GUINT64_FORMAT, monitor->known->config_version);
        print_end();
}

/* one member of what changed; only what is told about is looked at */
static int read_property(sd_bus_message *message, NodeStatus *node) {
        const char *key, *text;
        int r, truth;

        r = sd_bus_message_read(message, "s", &key);
        if (r < 0)
                return r;
        if (g_str_equal(key, "Master")) {
                r = sd_bus_message_read(message, "v", "s", &text);
                if (r >= 0) {
                        g_free(node->master);
                        node->master = g_strdup(text);
                }
                return r;
        }
        if (g_str_equal(key, "Term"))
                return sd_bus_message_read(message, "v", "t", &node->term);
        if (g_str_equal(key, "ConfigVersion"))
                return sd_bus_message_read(message, "v", "t", &node->config_version);
        if (!g_str_equal(key, "Quorum"))
                return sd_bus_message_skip(message, "v");
        r = sd_bus_message_read(message, "v", "b", &truth);
        if (r >= 0)
                node->quorum = truth;
        return r;
}

static int read_properties(sd_bus_message *message, NodeStatus *node) {
        const char *interface;
        int r;

        r = sd_bus_message_read(message, "s", &interface);
        if (r < 0 || !g_str_equal(interface, BUS_INTERFACE_MANAGER))
                return r;
        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_property(message, node);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        return r;
}

static int on_properties(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Monitor *monitor = userdata;
        _cleanup_(node_status_freep) NodeStatus *before = node_status_copy(monitor->known);
        NodeStatus *now = monitor->known;

        if (read_properties(message, now) < 0 || monitor->checks)
                return 0;
        if (g_strcmp0(before->master, now->master) != 0 || before->term != now->term)
                tell_master(monitor);
        if (before->quorum != now->quorum)
                tell_quorum(monitor);
        if (before->config_version != now->config_version)
                tell_version(monitor);
        return 0;
}

/* ---- the daemon ---- */

static void tell_connected(const Monitor *monitor) {
        const NodeStatus *node = monitor->known;
        JsonBuilder *builder = event_begin(monitor, now_realtime(), "connected");
        g_autofree char *words = NULL;

        if (builder) {
                json_text(builder, "node_id", node->node_id);
                json_text(builder, "master", node->master);
                json_number(builder, "term", node->term);
                json_truth(builder, "quorum", node->quorum);
                json_number(builder, "version", node->config_version);
                event_end(builder);
                return;
        }
        words = g_strdup_printf(
                        "to node %s: master %s in term %" G_GUINT64_FORMAT
                        ", quorum %s, config version %" G_GUINT64_FORMAT,
                        node->node_id && *node->node_id ? node->node_id : "(not initialized)",
                        node->master && *node->master ? node->master : "none",
                        node->term,
                        quorum_text(node->quorum),
                        node->config_version);
        print_head(now_realtime(), "connected");
        print_plain(words);
        print_end();
}

static void tell_gone(Monitor *monitor) {
        JsonBuilder *builder;

        if (monitor->gone)
                return;
        monitor->gone = true;
        builder = event_begin(monitor, now_realtime(), "gone");
        if (builder) {
                event_end(builder);
                return;
        }
        print_head(now_realtime(), "gone");
        print_colored(COLOR_NOTICE, "the daemon; waiting for it to come back");
        print_end();
}

/* on a bus: the name was given up, or taken */
static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        const char *name, *before, *now;
        Monitor *monitor = userdata;

        if (sd_bus_message_read(message, "sss", &name, &before, &now) < 0)
                return 0;
        if (*before)
                tell_gone(monitor);
        monitor->look = *now;
        return 0;
}

static int listen_to(Monitor *monitor) {
        const struct {
                const char *interface, *member;
                sd_bus_message_handler_t handler;
        } signals[] = {
                { BUS_INTERFACE_MANAGER, "CheckTransition", on_transition },
                { BUS_INTERFACE_MANAGER, "Delivery", on_delivery },
                { "org.freedesktop.DBus.Properties", "PropertiesChanged", on_properties },
        };
        sd_bus *bus = monitor->context->bus;
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
                r = sd_bus_match_signal(
                                bus,
                                /* ret_slot= */ NULL,
                                monitor->context->destination,
                                BUS_PATH,
                                signals[i].interface,
                                signals[i].member,
                                signals[i].handler,
                                monitor);
                if (r < 0)
                        return r;
        }
        if (!monitor->context->destination)
                return 0;
        return sd_bus_add_match(
                        bus,
                        /* ret_slot= */ NULL,
                        "type='signal',sender='" BUS_NAME_DRIVER "',path='" BUS_PATH_DRIVER
                        "',interface='" BUS_NAME_DRIVER "',member='NameOwnerChanged',arg0='" BUS_NAME "'",
                        on_owner,
                        monitor);
}

static ExitStatus look(Monitor *monitor) {
        NodeStatus *node;
        ExitStatus status;

        monitor->look = false;
        status = manager_status(monitor->context, &node);
        if (status != STATUS_DONE)
                return status;
        (void) node_status_free(monitor->known);
        monitor->known = node;
        monitor->gone = false;
        tell_connected(monitor);
        return STATUS_DONE;
}

/* Whether the daemon answers there, without a word when it does not. */
static bool answers(Monitor *monitor) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        return sd_bus_call_method(
                               monitor->context->bus,
                               monitor->context->destination,
                               BUS_PATH,
                               "org.freedesktop.DBus.Properties",
                               "Get",
                               /* reterr_error= */ NULL,
                               &reply,
                               "ss",
                               BUS_INTERFACE_MANAGER,
                               "Version") >= 0;
}

/* The connection is lost: the private socket's daemon, or the bus, has ended. */
static void reconnect(Monitor *monitor) {
        Context *context = monitor->context;

        tell_gone(monitor);
        for (;;) {
                context->bus = sd_bus_close_unref(context->bus);
                (void) usleep(RETRY_USEC);
                if (daemon_reconnect(context, &context->bus) >= 0 && listen_to(monitor) >= 0 &&
                    (context->destination || answers(monitor)))
                        break;
        }
        /* on a bus the name says when the daemon is there; it may be already */
        monitor->look = !context->destination || sd_bus_get_name_creds(context->bus, BUS_NAME, 0, NULL) >= 0;
}

/* until somebody ends it, or standard output is closed */
static ExitStatus follow(Monitor *monitor) {
        ExitStatus status;
        int r;

        while (!ferror(stdout)) {
                r = sd_bus_process(monitor->context->bus, NULL);
                if (r > 0)
                        continue;
                if (r == 0 && monitor->look && sd_bus_is_open(monitor->context->bus) > 0) {
                        status = look(monitor);
                        if (status != STATUS_DONE && status != STATUS_NO_DAEMON)
                                return status;
                        continue;
                }
                if (r == 0)
                        r = sd_bus_wait(monitor->context->bus, UINT64_MAX);
                if (r < 0 && r != -EINTR)
                        reconnect(monitor);
        }
        return STATUS_DONE; /* quctl_run() says that it cannot write */
}

/* ---- the verb ---- */

static const CheckRow *find_check(const GPtrArray *checks, const char *id_or_name) {
        for (int by_name = 0; by_name < 2; by_name++)
                for (guint i = 0; i < checks->len; i++) {
                        const CheckRow *check = g_ptr_array_index(checks, i);

                        if (g_strcmp0(by_name ? check->name : check->id, id_or_name) == 0)
                                return check;
                }
        return NULL;
}

/* The checks that the words name; NULL: there are no words. */
static ExitStatus find_checks(Context *context, const Arguments *arguments, GPtrArray **ret) {
        g_autoptr(GPtrArray) all = NULL, found = rows_new(&check_row_type);
        size_t n = arguments_n_words(arguments);
        ExitStatus status;

        if (n == 0)
                return STATUS_DONE;
        status = manager_list_checks(context, &all);
        if (status != STATUS_DONE)
                return status;
        for (size_t i = 0; i < n; i++) {
                g_autofree char *id = NULL;
                const CheckRow *check;

                status = id_complete_in(all, &check_row_type, arguments_word(arguments, i), &id);
                if (status != STATUS_DONE)
                        return status;
                check = find_check(all, id);
                if (!check)
                        return fail(STATUS_FAILED, "no check named \"%s\"", id);
                g_ptr_array_add(found, check_row_copy(check));
        }
        *ret = g_steal_pointer(&found);
        return STATUS_DONE;
}

static ExitStatus run_monitor(Context *context, const Arguments *arguments) {
        g_autoptr(GPtrArray) checks = NULL;
        Monitor monitor = { .context = context };
        ExitStatus status;
        int r;

        status = daemon_connect(context);
        if (status == STATUS_DONE)
                status = find_checks(context, arguments, &checks);
        if (status != STATUS_DONE)
                return status;

        monitor.checks = checks;
        monitor.known = node_status_new();
        r = listen_to(&monitor);
        if (r < 0)
                status = fail(STATUS_FAILED, "cannot listen to the daemon's signals: %s", g_strerror(-r));
        else
                status = look(&monitor);
        if (status == STATUS_DONE)
                status = follow(&monitor);
        (void) node_status_free(monitor.known);
        return status;
}

const Verb verb_monitor = {
        .name = "monitor",
        .args = "[ID|NAME]",
        .help = "show what happens, as it happens, until Ctrl-C",
        .more = "One line, or with --json one object, for each transition of a check, delivery, change of "
                "the\n"
                "master, of the quorum and of the configuration's version; with words, those of these "
                "checks\n"
                "alone.\n",
        .listed_by = "ListChecks",
        .run = run_monitor,
};
