/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/bus.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "bus/audit.h"
#include "bus/internal.h"
#include "bus/private-socket.h"
#include "bus/shared-bus.h"

#define NOTES_PER_TURN 128              /* of all connections together: one to two milliseconds */
#define LATER_USEC (20 * USEC_PER_MSEC) /* until one that reads slowly is looked at again */
#define LATER_ACCURACY_USEC (5 * USEC_PER_MSEC)

static void free_dead(Bus *bus) {
        for (unsigned i = 0; i < bus->connections->len;) {
                Connection *c = g_ptr_array_index(bus->connections, i);

                if (!c->dead) {
                        i++;
                        continue;
                }
                g_ptr_array_remove_index_fast(bus->connections, i);
                if (bus->shared && !c->private)
                        shared_bus_lost(bus->shared, c);
                (void) connection_free(c);
        }
}

unsigned bus_share(const Bus *bus) {
        return MAX(NOTES_PER_TURN / MAX(bus->connections->len, 1U), 1U);
}

/* By a timer, never by the deferred source: that is pending for ever, so it would be older than all that
 * comes in and go before it each time. */
static void look_again(Bus *bus, uint64_t usec) {
        (void) sd_event_source_set_time(bus->later, usec);
        (void) sd_event_source_set_enabled(bus->later, SD_EVENT_ONESHOT);
}

static int send_portion(Bus *bus) {
        bool again, wait = false;
        uint64_t now = 0;

        (void) sd_event_source_set_enabled(bus->turn, SD_EVENT_OFF);
        again = bus_observe_more(bus, bus_share(bus));
        for (unsigned i = 0; i < bus->connections->len; i++)
                switch (connection_pump(g_ptr_array_index(bus->connections, i), bus_share(bus))) {
                case PUMP_AGAIN:
                        again = true;
                        break;
                case PUMP_WAIT:
                        wait = true;
                        break;
                case PUMP_DONE:
                        break;
                }
        free_dead(bus);

        if (again)
                look_again(bus, /* usec= */ 0);
        else if (wait) {
                (void) sd_event_now(bus->event, CLOCK_MONOTONIC, &now);
                look_again(bus, now + LATER_USEC);
        }
        return 0;
}

static int on_turn(sd_event_source *source, void *userdata) {
        return send_portion(userdata);
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
        return send_portion(userdata);
}

void bus_schedule(Bus *bus) {
        assert(bus);
        (void) sd_event_source_set_enabled(bus->turn, SD_EVENT_ONESHOT);
}

/* ---- readiness ---- */

static int on_ready(sd_event_source *source, void *userdata) {
        Bus *bus = userdata;

        bus->ready_source = sd_event_source_disable_unref(bus->ready_source);
        if (bus->ready)
                bus->ready(bus->userdata);
        return 0;
}

void bus_check_ready(Bus *bus) {
        assert(bus);

        if (bus->is_ready || (bus->shared && !shared_bus_is_settled(bus->shared)))
                return;
        bus->is_ready = true;
        (void) sd_event_add_defer(bus->event, &bus->ready_source, on_ready, bus);
}

bool bus_is_ready(const Bus *bus) {
        assert(bus);
        return bus->is_ready;
}

/* ---- lifecycle ---- */

static int add_sources(Bus *bus) {
        int r;

        r = sd_event_add_defer(bus->event, &bus->turn, on_turn, bus);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(bus->turn, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_time(
                        bus->event, &bus->later, CLOCK_MONOTONIC, 0, LATER_ACCURACY_USEC, on_later, bus);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(bus->later, SD_EVENT_OFF);
}

int bus_new(sd_event *event, Manager *manager, const BusOptions *options, Bus **ret, char **reterr_text) {
        _cleanup_(bus_freep) Bus *bus = NULL;
        int r;

        assert(event);
        assert(manager);
        assert(options);
        assert(ret);
        assert(reterr_text);

        bus = g_new0(Bus, 1);
        bus->event = sd_event_ref(event);
        bus->manager = manager;
        bus->snapshot = snapshot_new(manager);
        bus->connections = g_ptr_array_new();
        bus->audits = g_ptr_array_new();
        bus->ready = options->ready;
        bus->userdata = options->userdata;
        r = add_sources(bus);
        if (r < 0) {
                *reterr_text = g_strdup_printf("The event loop takes no more: %s.", strerror(-r));
                (void) close_fd(options->control_fd);
                return r;
        }
        if (options->control_fd >= 0 || options->socket_path) {
                r = private_socket_new(
                                bus, options->control_fd, options->socket_path, &bus->socket, reterr_text);
                if (r < 0)
                        return r;
        }
        bus_observe(bus);
        if (options->kind != BUS_NONE)
                bus->shared = shared_bus_new(
                                bus, options->kind, options->retry_usec, options->patience_usec);
        bus_check_ready(bus);
        *ret = TAKE_PTR(bus);
        return 0;
}

Bus *bus_free(Bus *bus) {
        if (!bus)
                return NULL;

        if (bus->alerts)
                bus_observe_stop(bus);
        audit_flush(bus); /* while there are connections to answer on */
        bus->socket = private_socket_free(bus->socket);
        while (bus->connections->len > 0)
                (void) connection_free(g_ptr_array_steal_index_fast(bus->connections, 0));
        g_ptr_array_unref(bus->connections);
        g_ptr_array_unref(bus->audits);
        bus->shared = shared_bus_free(bus->shared);
        bus->snapshot = snapshot_free(bus->snapshot);
        (void) sd_event_source_disable_unref(bus->turn);
        (void) sd_event_source_disable_unref(bus->later);
        (void) sd_event_source_disable_unref(bus->ready_source);
        (void) sd_event_unref(bus->event);
        g_free(bus);
        return NULL;
}
