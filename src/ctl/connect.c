/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connect.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/usec.h"
#include "ctl/text.h"
#include "store/paths.h"

#define OWNER_TIMEOUT_USEC (5 * USEC_PER_SEC)

static const char *environment(const char *name) {
        const char *value = getenv(name);

        return value && *value ? value : NULL;
}

/* D-Bus Specification, "Server Addresses": these bytes stand for themselves, all others are %xx. */
static bool is_plain(char c) {
        return g_ascii_isalnum(c) || (c && strchr("-_/.\\*", c));
}

char *address_from_text(const char *text) {
        g_autofree char *path = NULL;
        GString *s;

        assert(text);

        if (text[0] != '/' && strchr(text, ':'))
                return g_strdup(text);

        path = g_canonicalize_filename(text, /* relative_to= */ NULL);
        s = g_string_new("unix:path=");
        for (const char *p = path; *p; p++)
                if (is_plain(*p))
                        g_string_append_c(s, *p);
                else
                        g_string_append_printf(s, "%%%02x", (unsigned char) *p);
        return g_string_free(s, /* free_segment= */ FALSE);
}

/* A socket where the daemon itself answers: no Hello, no names, as systemctl talks to PID 1. With a broker's
 * address is_bus is set. */
static int open_address(const char *address, bool is_bus, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, address);
        if (r < 0)
                return r;
        if (is_bus) {
                r = sd_bus_set_bus_client(bus, /* b= */ 1);
                if (r < 0)
                        return r;
        }
        r = sd_bus_start(bus);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

/* the sentence that is to be shown, not escaped */
G_GNUC_PRINTF(3, 4)
static ExitStatus refuse(char **reterr_text, ExitStatus status, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        *reterr_text = g_strdup_vprintf(format, ap);
        va_end(ap);
        return status;
}

static ExitStatus no_daemon(const char *where, int error, char **reterr_text) {
        switch (-error) {
        case EACCES:
        case EPERM:
                return refuse(reterr_text,
                              STATUS_FAILED,
                              "may not connect to %s: permission denied; run quctl as root or as the "
                              "daemon's user",
                              where);
        case EINVAL:
                return refuse(reterr_text, STATUS_USAGE, "not an address: %s", where);
        default:
                return refuse(reterr_text,
                              STATUS_NO_DAEMON,
                              "no daemon answers at %s (%s): " START_COMMANDS,
                              where,
                              g_strerror(-error));
        }
}

static int use_private(Context *context, const char *address) {
        int r;

        r = open_address(address, /* is_bus= */ false, &context->bus);
        if (r < 0)
                return r;

        g_free(context->private_address);
        context->private_address = g_strdup(address);
        return 0;
}

static ExitStatus connect_private(Context *context, const char *text, char **reterr_text) {
        g_autofree char *address = address_from_text(text);
        int r;

        r = use_private(context, address);
        return r < 0 ? no_daemon(text, r, reterr_text) : STATUS_DONE;
}

/* a question to the bus itself; nobody is started by it */
static int ask_bus(sd_bus *bus, const char *member, const char *argument, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *question = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                        bus,
                        &question,
                        "org.freedesktop.DBus",
                        "/org/freedesktop/DBus",
                        "org.freedesktop.DBus",
                        member);
        if (r < 0)
                return r;
        if (argument) {
                r = sd_bus_message_append(question, "s", argument);
                if (r < 0)
                        return r;
        }
        return sd_bus_call(bus, question, OWNER_TIMEOUT_USEC, /* reterr_error= */ NULL, ret);
}

/* 1: the daemon's name has an owner there, 0: not */
static int bus_has_daemon(sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        int owned, r;

        r = ask_bus(bus, "NameHasOwner", BUS_NAME, &answer);
        if (r < 0)
                return r;
        r = sd_bus_message_read(answer, "b", &owned);
        return r < 0 ? r : owned;
}

/* 1: the bus starts the daemon when something is asked of its name, 0: not */
static int bus_can_start_daemon(sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        g_auto(GStrv) names = NULL;
        int r;

        r = ask_bus(bus, "ListActivatableNames", NULL, &answer);
        if (r < 0)
                return r;
        r = sd_bus_message_read_strv(answer, &names); /* malloc is GLib's, see g_malloc(3) */
        return r < 0 ? r : g_strv_contains((const char *const *) names, BUS_NAME);
}

static void use_bus(Context *context, sd_bus *bus) {
        context->bus = bus;
        context->destination = BUS_NAME;
        context->may_ask = !context->no_ask_password && isatty(STDIN_FILENO);
        (void) sd_bus_set_allow_interactive_authorization(bus, context->may_ask);
}

/* a bus that was asked for by name: whether the daemon is there, the first call says */
static ExitStatus
connect_bus(Context *context, const char *name, int (*open_bus)(sd_bus **ret), char **reterr_text) {
        sd_bus *bus;
        int r;

        r = open_bus(&bus);
        if (r == -ENOMEDIUM) /* sd-bus's word for neither variable */
                return refuse(reterr_text,
                              STATUS_NO_DAEMON,
                              "cannot reach %s: neither $DBUS_SESSION_BUS_ADDRESS nor $XDG_RUNTIME_DIR "
                              "says where it is",
                              name);
        if (r < 0)
                return refuse(reterr_text, STATUS_NO_DAEMON, "cannot reach %s: %s", name, g_strerror(-r));

        use_bus(context, bus);
        return STATUS_DONE;
}

static ExitStatus
use_remote(Context *context, const char *place, int r, sd_bus *opened, char **reterr_text) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = opened;
        const char *name;

        /* waits for the bus's greeting: ssh has then got through, or said itself why not */
        if (r >= 0)
                r = sd_bus_get_unique_name(bus, &name);
        if (r < 0)
                return refuse(reterr_text,
                              STATUS_NO_DAEMON,
                              "cannot reach the message bus of %s: %s",
                              place,
                              g_strerror(-r));

        use_bus(context, TAKE_PTR(bus));
        return STATUS_DONE;
}

static ExitStatus connect_host(Context *context, char **reterr_text) {
        sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system_remote(&bus, context->host);
        return use_remote(context, context->host, r, bus, reterr_text);
}

static ExitStatus connect_machine(Context *context, char **reterr_text) {
        sd_bus *bus = NULL;
        int r;

        r = context->bus_choice == BUS_SESSION ? sd_bus_open_user_machine(&bus, context->machine)
                                               : sd_bus_open_system_machine(&bus, context->machine);
        return use_remote(context, context->machine, r, bus, reterr_text);
}

static ExitStatus connect_address(Context *context, char **reterr_text) {
        sd_bus *bus;
        int r;

        if (context->address[0] == '/' || !strchr(context->address, ':'))
                return connect_private(context, context->address, reterr_text);

        r = open_address(context->address, /* is_bus= */ true, &bus);
        if (r < 0)
                return no_daemon(context->address, r, reterr_text);
        use_bus(context, bus);
        return STATUS_DONE;
}

static ExitStatus connect_choosing(Context *context, char **reterr_text) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(paths_freep) Paths *paths = NULL;
        g_autofree char *address = NULL;
        int r;

        if (environment(ENV_SOCKET))
                return connect_private(context, environment(ENV_SOCKET), reterr_text);

        if (sd_bus_open_system(&bus) >= 0 && bus_has_daemon(bus) > 0) {
                use_bus(context, TAKE_PTR(bus));
                return STATUS_DONE;
        }

        r = paths_new(&paths);
        if (r < 0)
                return refuse(reterr_text,
                              STATUS_FAILED,
                              "the environment has a place that is no absolute path");
        address = address_from_text(paths->socket);
        r = use_private(context, address);
        if (r >= 0)
                return STATUS_DONE;
        /* nobody there for us: the system's daemon, if the bus can start it */
        if ((r == -ENOENT || r == -ECONNREFUSED || r == -EACCES) && !environment(ENV_DIR) && bus &&
            !context->lookup && bus_can_start_daemon(bus) > 0) {
                use_bus(context, TAKE_PTR(bus));
                return STATUS_DONE;
        }
        return no_daemon(paths->socket, r, reterr_text);
}

ExitStatus daemon_connect_quietly(Context *context, char **reterr_text) {
        assert(context);
        assert(reterr_text);

        if (context->bus)
                return STATUS_DONE;

        if (context->host)
                return connect_host(context, reterr_text);
        if (context->machine)
                return connect_machine(context, reterr_text);

        switch (context->bus_choice) {
        case BUS_SYSTEM:
                return connect_bus(context, "the system bus", sd_bus_open_system, reterr_text);
        case BUS_SESSION:
                return connect_bus(context, "the session bus", sd_bus_open_user, reterr_text);
        case BUS_ADDRESS:
                return connect_address(context, reterr_text);
        default:
                return connect_choosing(context, reterr_text);
        }
}

ExitStatus daemon_connect(Context *context) {
        g_autofree char *text = NULL;
        ExitStatus status;

        status = daemon_connect_quietly(context, &text);
        return status == STATUS_DONE ? STATUS_DONE : fail(status, "%s", text);
}

int daemon_reconnect(Context *context, sd_bus **ret) {
        assert(context);
        assert(ret);

        if (!context->destination)
                return open_address(context->private_address, /* is_bus= */ false, ret);
        if (context->host)
                return sd_bus_open_system_remote(ret, context->host);
        if (context->machine)
                return context->bus_choice == BUS_SESSION
                                       ? sd_bus_open_user_machine(ret, context->machine)
                                       : sd_bus_open_system_machine(ret, context->machine);
        if (context->bus_choice == BUS_ADDRESS)
                return open_address(context->address, /* is_bus= */ true, ret);
        return context->bus_choice == BUS_SESSION ? sd_bus_open_user(ret) : sd_bus_open_system(ret);
}
