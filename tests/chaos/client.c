/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client that never guesses: reads one call per line, makes it over a fresh connection to a private
 * socket, and says on one line of JSON what it knows. Fields are parted by tabs:
 *
 * SOCKET TIMEOUT_MS call MEMBER [ID] [FIELD=VALUE…]   a call of org.quptime1.Manager; IDs come before FIELDs
 * SOCKET TIMEOUT_MS get                               all properties of the manager
 *
 * A FIELD that ends with "[]" is a list of words parted by commas; "revision" is a number; "\n" stands for a
 * line break. Answers:
 *
 * {"result":"done","reply":[…]}       acknowledged {"result":"error","error":NAME,"text":TEXT}   the daemon
 * said no (what that means is the reader's to know) {"result":"unsent"}                 nobody was there to
 * be asked: it cannot have happened {"result":"lost"}                   asked, and no answer came: it may
 * have happened */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/names.h"
#include "base/usec.h"

#define WORDS_MAX 32

/* ---- JSON ---- */

static void put_text(const char *text) {
        putchar('"');
        for (const unsigned char *p = (const unsigned char *) text; *p; p++)
                if (*p == '"' || *p == '\\')
                        printf("\\%c", *p);
                else if (*p < 0x20)
                        printf("\\u%04x", *p);
                else
                        putchar(*p);
        putchar('"');
}

static int put_value(sd_bus_message *m, char type, const char *contents);

static int put_items(sd_bus_message *m) {
        bool first = true;
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(m, &type, &contents)) > 0) {
                if (!first)
                        putchar(',');
                first = false;
                r = put_value(m, type, contents);
                if (r < 0)
                        return r;
        }
        return r;
}

static int put_entry(sd_bus_message *m, const char *contents) {
        char type;
        const char *inner;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, contents);
        for (int i = 0; i < 2 && r >= 0; i++) {
                if (i > 0)
                        putchar(':');
                r = sd_bus_message_peek_type(m, &type, &inner);
                if (r > 0)
                        r = put_value(m, type, inner);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int put_container(sd_bus_message *m, char type, const char *contents) {
        bool is_object = type == SD_BUS_TYPE_ARRAY && contents[0] == '{';
        int r;

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        if (type != SD_BUS_TYPE_VARIANT)
                putchar(is_object ? '{' : '[');
        r = put_items(m);
        if (type != SD_BUS_TYPE_VARIANT)
                putchar(is_object ? '}' : ']');
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int put_value(sd_bus_message *m, char type, const char *contents) {
        union {
                uint8_t y;
                int b;
                uint32_t u;
                int32_t i;
                uint64_t t;
                int64_t x;
                const char *s;
        } v;
        int r;

        switch (type) {
        case SD_BUS_TYPE_ARRAY:
        case SD_BUS_TYPE_STRUCT:
        case SD_BUS_TYPE_VARIANT:
                return put_container(m, type, contents);
        case SD_BUS_TYPE_DICT_ENTRY:
                return put_entry(m, contents);
        default:
                r = sd_bus_message_read_basic(m, type, &v);
        }
        if (r < 0)
                return r;
        switch (type) {
        case SD_BUS_TYPE_BOOLEAN:
                printf("%s", v.b ? "true" : "false");
                return 0;
        case SD_BUS_TYPE_UINT32:
                printf("%" PRIu32, v.u);
                return 0;
        case SD_BUS_TYPE_INT32:
                printf("%" PRIi32, v.i);
                return 0;
        case SD_BUS_TYPE_UINT64:
                printf("%" PRIu64, v.t);
                return 0;
        case SD_BUS_TYPE_INT64:
                printf("%" PRIi64, v.x);
                return 0;
        case SD_BUS_TYPE_STRING:
        case SD_BUS_TYPE_OBJECT_PATH:
                put_text(v.s);
                return 0;
        default:
                return -ENOTSUP;
        }
}

/* ---- the call ---- */

static int append_list(sd_bus_message *m, char *words) {
        char *save = NULL;
        int r;

        r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        for (char *word = strtok_r(words, ",", &save); word && r >= 0; word = strtok_r(NULL, ",", &save))
                r = sd_bus_message_append_basic(m, 's', word);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static void unescape(char *text) {
        char *to = text;

        for (char *from = text; *from; from++)
                if (from[0] == '\\' && from[1] == 'n') {
                        *to++ = '\n';
                        from++;
                } else
                        *to++ = *from;
        *to = '\0';
}

static int append_field(sd_bus_message *m, char *word) {
        char *value = strchr(word, '='), *brackets;
        int r;

        *value++ = '\0';
        brackets = strstr(word, "[]");
        if (brackets)
                *brackets = '\0';
        unescape(value);
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', word);
        if (r >= 0)
                r = brackets ? append_list(m, value)
                    : strcmp(word, "revision") == 0
                                    ? sd_bus_message_append(m, "v", "t", strtoull(value, NULL, 10))
                                    : sd_bus_message_append(m, "v", "s", value);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_arguments(sd_bus_message *m, const char *member, char **words) {
        bool takes_fields = strncmp(member, "Add", 3) == 0 || strncmp(member, "Edit", 4) == 0;
        int r = 0;

        for (; *words && !strchr(*words, '=') && r >= 0; words++)
                r = sd_bus_message_append_basic(m, 's', *words);
        if (strcmp(member, "ListChecks") == 0)
                return sd_bus_message_append(m, "uu", 0u, 0u);
        if (!takes_fields || r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (; *words && r >= 0; words++)
                r = append_field(m, *words);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int make_call(sd_bus *bus, char **words, sd_bus_message **ret) {
        sd_bus_message *m = NULL;
        int r;

        if (strcmp(words[0], "get") == 0) {
                r = sd_bus_message_new_method_call(
                                bus, &m, BUS_NAME, BUS_PATH, "org.freedesktop.DBus.Properties", "GetAll");
                if (r >= 0)
                        r = sd_bus_message_append_basic(m, 's', BUS_INTERFACE_MANAGER);
        } else {
                r = sd_bus_message_new_method_call(
                                bus, &m, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, words[1]);
                if (r >= 0)
                        r = append_arguments(m, words[1], words + 2);
        }
        if (r < 0)
                sd_bus_message_unref(m);
        else
                *ret = m;
        return r;
}

static int dial(const char *path, usec_t timeout_usec, sd_bus **ret) {
        char address[512];
        sd_bus *bus = NULL;
        int r;

        if ((size_t) snprintf(address, sizeof(address), "unix:path=%s", path) >= sizeof(address))
                return -ENAMETOOLONG;
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, timeout_usec);
        if (r >= 0)
                r = sd_bus_start(bus);
        while (r >= 0 && (r = sd_bus_is_ready(bus)) == 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, timeout_usec);
                if (r == 0)
                        r = -ETIMEDOUT;
        }
        if (r < 0)
                sd_bus_unref(bus);
        else
                *ret = bus;
        return r;
}

static void tell_error(const sd_bus_error *error, int r) {
        bool is_ours = error->name && strncmp(error->name, BUS_NAME ".", strlen(BUS_NAME ".")) == 0;
        bool is_said = is_ours || (error->name && (strcmp(error->name, SD_BUS_ERROR_INVALID_ARGS) == 0 ||
                                                   strcmp(error->name, SD_BUS_ERROR_LIMITS_EXCEEDED) == 0));

        printf("{\"result\":\"%s\",\"error\":", is_said ? "error" : "lost");
        put_text(error->name ?: strerror(-r));
        printf(",\"text\":");
        put_text(error->message ?: "");
        printf("}\n");
}

static void serve(char **words) {
        usec_t timeout_usec = strtoull(words[1], NULL, 10) * USEC_PER_MSEC;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = NULL, *reply = NULL;
        sd_bus *bus = NULL;
        int r;

        r = dial(words[0], timeout_usec, &bus);
        if (r >= 0)
                r = make_call(bus, words + 2, &m);
        if (r < 0)
                printf("{\"result\":\"unsent\",\"text\":\"%s\"}\n", strerror(-r));
        else {
                r = sd_bus_call(bus, m, timeout_usec, &error, &reply);
                if (r < 0)
                        tell_error(&error, r);
                else {
                        printf("{\"result\":\"done\",\"reply\":[");
                        (void) put_items(reply);
                        printf("]}\n");
                }
        }
        sd_bus_error_free(&error);
        sd_bus_message_unref(reply);
        sd_bus_message_unref(m);
        sd_bus_close_unref(bus);
}

int main(void) {
        char *line = NULL;
        size_t size = 0;
        ssize_t n;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        while ((n = getline(&line, &size, stdin)) > 0) {
                char *words[WORDS_MAX + 1] = { NULL }, *save = NULL;
                size_t n_words = 0;

                line[n - 1] = '\0';
                for (char *w = strtok_r(line, "\t", &save); w && n_words < WORDS_MAX;
                     w = strtok_r(NULL, "\t", &save))
                        words[n_words++] = w;
                if (n_words < 3 || (strcmp(words[2], "call") == 0 && n_words < 4))
                        printf("{\"result\":\"unsent\",\"text\":\"want SOCKET TIMEOUT_MS get|call …\"}\n");
                else
                        serve(words);
        }
        free(line);
        return 0;
}
