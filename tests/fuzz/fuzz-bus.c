/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of a client on the private socket: any object, interface and method, with any arguments. A call a
 * paragraph: its first line is path, interface and member; then an argument a line: `s text`, `u 7`, `t 7`,
 * `b true`, `v text`, or `d` for a dictionary of texts `key=text`, separated by tabs. Every call has one
 * answer; an error is one of ours or the bus's, with a sentence; and the client is still served. */
#include "../unit/bus/harness.h"
#include "base/names.h"
#include "promise.h"
#include "wire/codec.h"

#define CALLS_MAX 8
#define TURNS_MAX 200

static int append_dictionary(sd_bus_message *m, const char *text) {
        g_auto(GStrv) entries = g_strsplit(text, "\t", 32);
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        for (char **entry = entries; r >= 0 && *entry; entry++) {
                char *value = strchr(*entry, '=');

                if (!value)
                        continue;
                *value++ = 0;
                if (g_ascii_isdigit(*value))
                        r = sd_bus_message_append(m, "{sv}", *entry, "t", g_ascii_strtoull(value, NULL, 10));
                else
                        r = sd_bus_message_append(m, "{sv}", *entry, "s", value);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_argument(sd_bus_message *m, const char *line) {
        const char *value = line[0] && line[1] == ' ' ? line + 2 : "";

        switch (line[0]) {
        case 's':
                return sd_bus_message_append(m, "s", value);
        case 'u':
                return sd_bus_message_append(m, "u", (uint32_t) g_ascii_strtoull(value, NULL, 10));
        case 't':
                return sd_bus_message_append(m, "t", (uint64_t) g_ascii_strtoull(value, NULL, 10));
        case 'b':
                return sd_bus_message_append(m, "b", *value == 't');
        case 'v':
                return sd_bus_message_append(m, "v", "s", value);
        case 'd':
                return append_dictionary(m, value);
        default:
                return 0;
        }
}

static sd_bus_message *read_call(sd_bus *client, Input *input) {
        g_autofree char *first = input_line(input);
        g_auto(GStrv) words = g_strsplit(first, " ", 3);
        sd_bus_message *m = NULL;

        if (g_strv_length(words) == 3 &&
            sd_bus_message_new_method_call(client, &m, BUS_NAME, words[0], words[1], words[2]) < 0)
                m = NULL; /* no such names can be called */
        while (input->n > 0) {
                g_autofree char *line = input_line(input);

                if (!*line)
                        break;
                if (m && append_argument(m, line) < 0)
                        m = sd_bus_message_unref(m);
        }
        return m;
}

typedef struct Reply {
        unsigned n;
} Reply;

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(m);

        ((Reply *) userdata)->n++;
        if (error) {
                PROMISE(g_str_has_prefix(error->name, "org.quptime1.Error.") ||
                        g_str_has_prefix(error->name, "org.freedesktop.DBus.Error.") ||
                        g_str_has_prefix(error->name, "System.Error."));
                promise_sentence(error->message, 8192);
        }
        return 0;
}

static void call(World *w, sd_bus *client, sd_bus_message *m) {
        Reply reply = {};
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;

        if (sd_bus_call_async(client, &slot, m, on_reply, &reply, 0) < 0)
                return;
        for (unsigned i = 0; i < TURNS_MAX && reply.n == 0; i++)
                world_turn(w, 100 * USEC_PER_MSEC);
        PROMISE(reply.n == 1);
}

static void call_text(World *w, sd_bus *client, const char *text) {
        Input input = input_of((const uint8_t *) text, strlen(text));
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = read_call(client, &input);

        PROMISE(m);
        call(w, client, m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *raw = g_strndup((const char *) data, size), *text = g_utf8_make_valid(raw, -1);
        Input input = input_of((const uint8_t *) text, strlen(text));
        _world_ w = {};
        sd_bus *client;

        if (noncharacter_find(text, strlen(text)))
                return 0;
        world_up(&w, BUS_NONE);
        fake_manager_fill(w.manager, 3);
        w.manager->outcome = CHANGE_CONFLICT; /* it makes no change by itself */
        w.manager->text = "somebody else was faster";
        client = world_client(&w, w.address);
        for (unsigned i = 0; i < CALLS_MAX && input.n > 0; i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = read_call(client, &input);

                if (m)
                        call(&w, client, m);
        }
        call_text(&w, client, BUS_PATH " " BUS_INTERFACE_MANAGER " ListChecks\nu 0\nu 0\n");
        (void) sd_bus_close_unref(client);
        return 0;
}
