/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One lasting connection to a daemon's private socket, for the bench: a client program per change would be
 * timed along with the change, and a poller would see a transition late.
 *
 *   bus-client SOCKET add FIRST COUNT TYPE TARGET INTERVAL TIMEOUT
 *           adds checks "bench-FIRST" and on, WINDOW at once
 *   bus-client SOCKET rename ID COUNT
 *           changes one field of a check, COUNT times, one by one
 *   bus-client SOCKET watch
 *           tells of transitions until it is ended
 *
 * Prints for each acknowledged change "BEGIN END", for each transition "AT NAME FROM TO"; instants are
 * CLOCK_MONOTONIC in microseconds. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "base/names.h"
#include "base/usec.h"

#define WINDOW 16
#define PATIENCE_USEC (60 * USEC_PER_SEC)

static usec_t now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

static int turn(sd_bus *bus) {
        int r = sd_bus_process(bus, NULL);

        return r == 0 ? sd_bus_wait(bus, UINT64_MAX) : r;
}

static int dial(const char *address, sd_bus **ret) {
        sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        while (r >= 0 && (r = sd_bus_is_ready(bus)) == 0)
                r = turn(bus);
        if (r < 0) {
                sd_bus_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

/* A greeting that fails is repeated: nothing has been asked yet. */
static int open_bus(const char *path, sd_bus **ret) {
        char address[512];
        int r = -EIO;

        if ((size_t) snprintf(address, sizeof(address), "unix:path=%s", path) >= sizeof(address))
                return -ENAMETOOLONG;
        for (unsigned i = 0; i < 10 && r == -EIO; i++)
                r = dial(address, ret);
        return r;
}

static int new_call(sd_bus *bus, const char *member, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(bus, ret, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, member);
}

/* ---- add ---- */

typedef struct Adding {
        char **words; /* TYPE TARGET INTERVAL TIMEOUT */
        unsigned next, end, n_open;
        int failed;
} Adding;

typedef struct Pending {
        Adding *adding;
        usec_t begin_usec;
} Pending;

static int on_added(sd_bus_message *reply, void *userdata, sd_bus_error *reterr_error) {
        Pending *pending = userdata;

        pending->adding->n_open--;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                fprintf(stderr, "AddCheck: %s\n", sd_bus_message_get_error(reply)->message);
                pending->adding->failed = -EIO;
        } else
                printf("%" PRIu64 " %" PRIu64 "\n", pending->begin_usec, now_usec());
        free(pending);
        return 0;
}

static int add_one(sd_bus *bus, Adding *adding) {
        sd_bus_message *call = NULL;
        Pending *pending = NULL;
        char name[64];
        int r;

        (void) snprintf(name, sizeof(name), "bench-%u", adding->next);
        r = new_call(bus, "AddCheck", &call);
        if (r >= 0)
                r = sd_bus_message_append(
                                call,
                                "a{sv}",
                                6,
                                "id",
                                "s",
                                name,
                                "name",
                                "s",
                                name,
                                "type",
                                "s",
                                adding->words[0],
                                "target",
                                "s",
                                adding->words[1],
                                "interval",
                                "s",
                                adding->words[2],
                                "timeout",
                                "s",
                                adding->words[3]);
        if (r >= 0) {
                pending = calloc(1, sizeof(*pending));
                r = pending ? 0 : -ENOMEM;
        }
        if (r >= 0) {
                *pending = (Pending){ .adding = adding, .begin_usec = now_usec() };
                r = sd_bus_call_async(bus, NULL, call, on_added, pending, PATIENCE_USEC);
        }
        if (r < 0)
                free(pending);
        else {
                adding->next++;
                adding->n_open++;
        }
        sd_bus_message_unref(call);
        return r;
}

static int add(sd_bus *bus, char **words) {
        Adding adding = { .words = words + 2, .next = (unsigned) atoi(words[0]) };
        int r;

        adding.end = adding.next + (unsigned) atoi(words[1]);
        while (adding.next < adding.end || adding.n_open > 0) {
                if (adding.next < adding.end && adding.n_open < WINDOW)
                        r = add_one(bus, &adding);
                else
                        r = turn(bus);
                if (r < 0)
                        return r;
        }
        return adding.failed;
}

/* ---- rename ---- */

static int rename_once(sd_bus *bus, const char *id, usec_t begin) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *call = NULL;
        char name[64];
        int r;

        (void) snprintf(name, sizeof(name), "change %" PRIu64, begin);
        r = new_call(bus, "EditCheck", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "sa{sv}", id, 1, "name", "s", name);
        if (r >= 0)
                r = sd_bus_call(bus, call, PATIENCE_USEC, &error, NULL);
        if (r < 0)
                fprintf(stderr, "EditCheck: %s\n", error.message ?: strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_message_unref(call);
        return r;
}

static int rename_many(sd_bus *bus, char **words) {
        for (int i = atoi(words[1]); i > 0; i--) {
                usec_t begin = now_usec();
                int r = rename_once(bus, words[0], begin);

                if (r < 0)
                        return r;
                printf("%" PRIu64 " %" PRIu64 "\n", begin, now_usec());
        }
        return 0;
}

/* ---- watch ---- */

static int on_transition(sd_bus_message *signal, void *userdata, sd_bus_error *reterr_error) {
        const char *id, *name, *from, *to;
        usec_t at = now_usec();
        int r = sd_bus_message_read(signal, "ssss", &id, &name, &from, &to);

        if (r < 0)
                return r;
        printf("%" PRIu64 " %s %s %s\n", at, name, from, to);
        return 0;
}

static int watch(sd_bus *bus) {
        int r = sd_bus_match_signal(
                        bus,
                        NULL,
                        NULL,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        "CheckTransition",
                        on_transition,
                        NULL);

        if (r >= 0)
                puts("ready");
        while (r >= 0)
                r = turn(bus);
        return r;
}

int main(int argc, char **argv) {
        sd_bus *bus = NULL;
        int r;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        r = argc > 2 ? open_bus(argv[1], &bus) : -EINVAL;
        if (r >= 0) {
                if (strcmp(argv[2], "add") == 0 && argc == 9)
                        r = add(bus, argv + 3);
                else if (strcmp(argv[2], "rename") == 0 && argc == 5)
                        r = rename_many(bus, argv + 3);
                else if (strcmp(argv[2], "watch") == 0)
                        r = watch(bus);
                else
                        r = -EINVAL;
        }
        if (r < 0)
                fprintf(stderr, "bus-client: %s\n", strerror(-r));
        sd_bus_flush_close_unref(bus);
        return r < 0;
}
