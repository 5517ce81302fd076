/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/shared-bus.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "bus/audit.h"
#include "manager/journal.h"

#define RETRY_MAX_USEC (30 * USEC_PER_SEC)
#define RETRY_ACCURACY_USEC (100 * USEC_PER_MSEC)
#define PATIENCE_USEC (5 * USEC_PER_SEC) /* with a bus that lets us connect and says nothing, at start */

struct SharedBus {
        Bus *bus;
        BusKind kind;
        Connection *connection; /* NULL: none now */
        sd_bus_slot *request;
        sd_event_source *retry;
        sd_event_source *patience; /* until settled */
        usec_t first_usec;
        usec_t pause_usec; /* the next pause */
        bool owned;
        bool settled;
        bool told; /* that it is missing; said once until it is found */
};

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);

static const char *kind_text(const SharedBus *s) {
        return s->kind == BUS_SYSTEM ? "system" : "session";
}

static void settle(SharedBus *s) {
        s->settled = true;
        s->patience = sd_event_source_disable_unref(s->patience);
        bus_check_ready(s->bus);
}

static void schedule_retry(SharedBus *s) {
        int r;

        if (s->retry) {
                r = sd_event_source_set_time_relative(s->retry, s->pause_usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(s->retry, SD_EVENT_ONESHOT);
        } else
                r = sd_event_add_time_relative(
                                s->bus->event,
                                &s->retry,
                                CLOCK_MONOTONIC,
                                s->pause_usec,
                                MIN(s->pause_usec / 8, RETRY_ACCURACY_USEC),
                                on_retry,
                                s);
        if (r < 0)
                journal_event(EVENT_WARNING, NULL, "The bus cannot be tried again: %s", strerror(-r));
        s->pause_usec = MIN(s->pause_usec * 2, RETRY_MAX_USEC);
}

static void missing(SharedBus *s, const char *reason) {
        if (!s->told)
                journal_event(EVENT_BUS_LOST,
                              NULL,
                              "Not on the %s bus: %s. The private socket serves all the same; trying again.",
                              kind_text(s),
                              reason);
        s->told = true;
        schedule_retry(s);
        settle(s);
}

/* A bus that is listened for, but not there (its daemon hangs, or cannot be started), keeps no start
 * waiting: once it answers, the name is ours all the same. */
static int on_impatient(sd_event_source *source, uint64_t usec, void *userdata) {
        SharedBus *s = userdata;

        journal_event(EVENT_BUS_LOST,
                      NULL,
                      "Not on the %s bus: it does not answer. The private socket serves all the same.",
                      kind_text(s));
        s->told = true;
        settle(s);
        return 0;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        SharedBus *s = userdata;
        uint32_t answer = 0;

        s->request = sd_bus_slot_unref(s->request);
        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "u", &answer) > 0 &&
            (answer == 1 || answer == 4)) { /* primary owner, or already owner */
                s->owned = true;
                s->pause_usec = s->first_usec;
                if (s->told)
                        journal_event(EVENT_BUS_FOUND,
                                      NULL,
                                      "On the %s bus as %s again",
                                      kind_text(s),
                                      BUS_NAME);
                s->told = false;
                settle(s);
                return 0;
        }

        missing(s,
                answer == 3 ? "another daemon owns the name " BUS_NAME
                : sd_bus_message_get_error(m) && sd_bus_message_get_error(m)->message
                                ? sd_bus_message_get_error(m)->message
                                : "the name " BUS_NAME " was refused");
        if (s->connection) {
                Connection *connection = TAKE_PTR(s->connection);

                connection_close(connection, NULL);
        }
        return 0;
}

static int open_bus(const SharedBus *s, sd_bus **ret) {
        return s->kind == BUS_SYSTEM ? sd_bus_open_system_with_description(ret, "shared-bus")
                                     : sd_bus_open_user_with_description(ret, "shared-bus");
}

static int try_connect(SharedBus *s) {
        _cleanup_(sd_bus_unrefp) sd_bus *sd = NULL;
        int r;

        r = open_bus(s, &sd); /* greets without waiting */
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(sd, false);
        r = connection_new(s->bus, sd, /* private= */ false, (uid_t) -1, /* pid= */ 0, &s->connection);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(s->connection->sd, s->bus->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_request_name_async(s->connection->sd, &s->request, BUS_NAME, 0, on_name, s);
        if (r < 0)
                connection_close(TAKE_PTR(s->connection), NULL);
        return r;
}

static void connect_or_wait(SharedBus *s) {
        int r;

        r = try_connect(s);
        if (r < 0)
                missing(s,
                        r == -ENOENT || r == -ECONNREFUSED || r == -ENOMEDIUM ? "there is none"
                                                                              : strerror(-r));
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        connect_or_wait(userdata);
        return 0;
}

SharedBus *shared_bus_new(Bus *bus, BusKind kind, usec_t retry_usec, usec_t patience_usec) {
        SharedBus *s;

        assert(bus);
        assert(kind != BUS_NONE);

        s = g_new0(SharedBus, 1);
        *s = (SharedBus){ .bus = bus,
                          .kind = kind,
                          .first_usec = retry_usec > 0 ? retry_usec : USEC_PER_SEC };
        s->pause_usec = s->first_usec;
        bus->shared = s; /* settling looks for it there */
        connect_or_wait(s);
        if (!s->settled)
                (void) sd_event_add_time_relative(
                                bus->event,
                                &s->patience,
                                CLOCK_MONOTONIC,
                                patience_usec > 0 ? patience_usec : PATIENCE_USEC,
                                RETRY_ACCURACY_USEC,
                                on_impatient,
                                s);
        return s;
}

SharedBus *shared_bus_free(SharedBus *shared) {
        if (!shared)
                return NULL;

        (void) sd_bus_slot_unref(shared->request);
        (void) sd_event_source_disable_unref(shared->retry);
        (void) sd_event_source_disable_unref(shared->patience);
        g_free(shared);
        return NULL;
}

sd_bus *shared_bus_of_system(const SharedBus *shared) {
        assert(shared);
        return shared->kind == BUS_SYSTEM && shared->connection && shared->owned ? shared->connection->sd
                                                                                 : NULL;
}

bool shared_bus_is_settled(const SharedBus *shared) {
        return shared->settled;
}

void shared_bus_lost(SharedBus *shared, const Connection *connection) {
        if (connection != shared->connection)
                return; /* given up on purpose */

        shared->connection = NULL;
        shared->request = sd_bus_slot_unref(shared->request);
        shared->owned = false;
        audit_bus_lost(shared->bus);
        missing(shared, "it has gone away");
}
