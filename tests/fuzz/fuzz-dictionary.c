/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of the changing methods: an a{sv} of any content. The first line is what is read from it,
 * "check" or "alert", "+" behind it for an edit; then an entry a line: `name signature value`. What is read
 * can be stored and written back as the same; what is refused is refused with an error of ours in UTF-8,
 * since a bus daemon disconnects who sends anything else. */
#include <errno.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "base/names.h"
#include "base/noncharacter.h"
#include "bus/dictionary.h"
#include "model/alert.h"
#include "model/check.h"
#include "promise.h"
#include "wire/codec.h"

#define ENTRIES_MAX 64

/* a connection to nowhere, since a message needs one */
static sd_bus *some_bus(void) {
        static sd_bus *bus;
        int fds[2];

        if (bus)
                return bus;
        PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        PROMISE(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0 && sd_bus_start(bus) >= 0);
        return bus;
}

static sd_bus_message *new_message(void) {
        sd_bus_message *m = NULL;

        PROMISE(sd_bus_message_new_method_call(
                                some_bus(), &m, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, "AddCheck") >= 0);
        return m;
}

/* ---- writing what was asked for ---- */

static int append_basic(sd_bus_message *m, const char *signature, const char *value) {
        int64_t number = (int64_t) g_ascii_strtoull(value, NULL, 10);
        double d = (double) number;
        int yes = *value == 't';

        switch (*signature) {
        case 's':
                return sd_bus_message_append_basic(m, 's', value);
        case 'b':
                return sd_bus_message_append_basic(m, 'b', &yes);
        case 'd':
                return sd_bus_message_append_basic(m, 'd', &d);
        default: /* little-endian, as all machines that run the tests */
                return sd_bus_message_append_basic(m, *signature, &number);
        }
}

static int append_texts(sd_bus_message *m, const char *value) {
        g_auto(GStrv) texts = g_strsplit(value, ",", -1);

        return sd_bus_message_append_strv(m, texts);
}

/* {name: true} for each of the words: "kept" is what a secret may be */
static int append_kept(sd_bus_message *m, const char *value) {
        g_auto(GStrv) names = g_strsplit(value, ",", -1);
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        for (char **name = names; r >= 0 && *name; name++) {
                const char *equals = strchr(*name, '=');
                g_autofree char *key = equals ? g_strndup(*name, (size_t) (equals - *name)) : NULL;

                r = equals ? sd_bus_message_append(m, "{sv}", key, "s", equals + 1)
                           : sd_bus_message_append(m, "{sv}", *name, "b", !g_str_has_prefix(*name, "not"));
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const char *signature, const char *value) {
        int r;

        if (strlen(signature) == 1 && strchr("sbynqiuxtd", *signature)) {
                r = sd_bus_message_open_container(m, 'v', signature);
                if (r >= 0)
                        r = append_basic(m, signature, value);
        } else if (strcmp(signature, "as") == 0) {
                r = sd_bus_message_open_container(m, 'v', "as");
                if (r >= 0)
                        r = append_texts(m, value);
        } else if (strcmp(signature, "(ss)") == 0) {
                r = sd_bus_message_open_container(m, 'v', "(ss)");
                if (r >= 0)
                        r = sd_bus_message_append(m, "(ss)", value, value);
        } else if (strcmp(signature, "v") == 0) {
                r = sd_bus_message_open_container(m, 'v', "v");
                if (r >= 0)
                        r = sd_bus_message_append(m, "v", "s", value);
        } else {
                r = sd_bus_message_open_container(m, 'v', "a{sv}");
                if (r >= 0)
                        r = append_kept(m, value);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static void append_entry(sd_bus_message *m, const char *line) {
        g_auto(GStrv) words = g_strsplit(line, " ", 3);

        if (!words[0] || !words[1])
                return;
        PROMISE(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        PROMISE(sd_bus_message_append_basic(m, 's', words[0]) >= 0);
        PROMISE(append_value(m, words[1], words[2] ?: "") >= 0);
        PROMISE(sd_bus_message_close_container(m) >= 0);
}

/* ---- reading it ---- */

static Dictionary *read_back(sd_bus_message *m, const ObjectType *type, unsigned flags) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Dictionary *d = NULL;
        int r;

        PROMISE(sd_bus_message_seal(m, 1, 0) >= 0);
        PROMISE(sd_bus_message_rewind(m, true) >= 0);
        r = dictionary_read(m, type, flags, &d, &error);
        PROMISE((r < 0) == (d == NULL));
        if (r < 0) {
                PROMISE(sd_bus_error_is_set(&error) && strcmp(error.name, BUS_ERROR_INVALID) == 0);
                promise_sentence(error.message, 4096);
        }
        return d;
}

/* What people see of it reads back as the same. Marks of secrets come back as secrets that are kept. */
static void check_round_trip(const Dictionary *d) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_message();
        _cleanup_(dictionary_freep) Dictionary *again = NULL;

        PROMISE(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        PROMISE(dictionary_append(m, d->type, d->object) >= 0);
        PROMISE(sd_bus_message_close_container(m) >= 0);
        again = read_back(m, d->type, DICTIONARY_EDIT);
        PROMISE(again);
        for (size_t i = 0; i < d->type->n_fields; i++) {
                const Field *field = &d->type->fields[i];

                if (!(field->flags & (FIELD_SECRET | FIELD_INTERNAL)) && field->type != FIELD_EXTRA)
                        PROMISE(object_field_equal(field, d->object, again->object));
        }
}

static void check_stored(const Dictionary *d) {
        g_autofree char *text = codec_encode_text(d->type, d->object);
        void *object;

        PROMISE(codec_decode(d->type, text, strlen(text), &object, NULL) == 0);
        PROMISE(object_equal(d->type, d->object, object));
        (void) object_free(d->type, object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *raw = g_strndup((const char *) data, size), *text = g_utf8_make_valid(raw, -1);
        Input input = input_of((const uint8_t *) text, strlen(text));
        g_autofree char *first = input_line(&input);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_message();
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        unsigned flags = g_str_has_suffix(first, "+") ? DICTIONARY_EDIT : 0;

        if (noncharacter_find(text, strlen(text)))
                return 0; /* sd-bus hands over none */
        PROMISE(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        for (unsigned i = 0; i < ENTRIES_MAX && input.n > 0; i++) {
                g_autofree char *line = input_line(&input);

                append_entry(m, line);
        }
        PROMISE(sd_bus_message_close_container(m) >= 0);
        d = read_back(m, *first == 'a' ? &alert_type : &check_type, flags);
        if (!d)
                return 0;
        check_stored(d);
        check_round_trip(d);
        return 0;
}
