/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/names.h"

#include <ares.h>
#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/usec.h"

#define RESOLVE_TIMEOUT_MSEC 2000
#define RESOLVE_TRIES 2

struct Names {
        sd_event *event;
        ares_channel channel; /* NULL: nothing is looked up */
        GHashTable *sockets;  /* fd -> sd_event_source */
        sd_event_source *timer;
        sd_event_source *settle; /* runs what has finished, outside of c-ares */
        GQueue lookups;          /* of NameLookup */
};

struct NameLookup {
        Names *names;
        GList link;
        uint16_t port;
        name_lookup_t done; /* NULL: cancelled */
        void *userdata;
        bool finished;
        Address addresses[ADDRESSES_MAX];
        size_t n;
        const char *text; /* a literal */
};

static void arm_timer(Names *names) {
        struct timeval tv, *wait;

        wait = names->channel ? ares_timeout(names->channel, NULL, &tv) : NULL;
        if (!wait) {
                (void) sd_event_source_set_enabled(names->timer, SD_EVENT_OFF);
                return;
        }
        (void) sd_event_source_set_time_relative(
                        names->timer, (usec_t) wait->tv_sec * USEC_PER_SEC + (usec_t) wait->tv_usec);
        (void) sd_event_source_set_enabled(names->timer, SD_EVENT_ONESHOT);
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Names *names = userdata;

        ares_process_fd(names->channel,
                        revents & (EPOLLIN | EPOLLHUP | EPOLLERR) ? fd : ARES_SOCKET_BAD,
                        revents & EPOLLOUT ? fd : ARES_SOCKET_BAD);
        arm_timer(names);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Names *names = userdata;

        if (names->channel)
                ares_process_fd(names->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        arm_timer(names);
        return 0;
}

static void source_drop(void *source) {
        (void) sd_event_source_disable_unref(source);
}

static void on_socket_state(void *userdata, ares_socket_t fd, int readable, int writable) {
        Names *names = userdata;
        uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
        sd_event_source *source = g_hash_table_lookup(names->sockets, GINT_TO_POINTER(fd));

        if (events == 0)
                (void) g_hash_table_remove(names->sockets, GINT_TO_POINTER(fd));
        else if (source)
                (void) sd_event_source_set_io_events(source, events);
        else if (sd_event_add_io(names->event, &source, fd, events, on_socket, names) >= 0)
                (void) g_hash_table_insert(names->sockets, GINT_TO_POINTER(fd), source);
}

static void take_addresses(NameLookup *lookup, const struct ares_addrinfo *info) {
        for (const struct ares_addrinfo_node *node = info->nodes; node && lookup->n < ADDRESSES_MAX;
             node = node->ai_next) {
                Address *address = &lookup->addresses[lookup->n];

                if (node->ai_addrlen > sizeof address->sa)
                        continue;
                address->size = node->ai_addrlen;
                memcpy(&address->sa, node->ai_addr, node->ai_addrlen);
                if (address->sa.ss_family == AF_INET)
                        ((struct sockaddr_in *) &address->sa)->sin_port = htons(lookup->port);
                else
                        ((struct sockaddr_in6 *) &address->sa)->sin6_port = htons(lookup->port);
                lookup->n++;
        }
}

static void finish(NameLookup *lookup, const char *text) {
        lookup->finished = true;
        lookup->text = text;
        (void) sd_event_source_set_enabled(lookup->names->settle, SD_EVENT_ONESHOT);
}

static void on_addrinfo(void *userdata, int status, int timeouts, struct ares_addrinfo *info) {
        NameLookup *lookup = userdata;

        if (status == ARES_EDESTRUCTION)
                return; /* only names_free() and settle() do that, and they free the look-ups themselves
                         */
        if (info) {
                take_addresses(lookup, info);
                ares_freeaddrinfo(info);
        }
        finish(lookup,
               lookup->n > 0            ? NULL
               : status == ARES_SUCCESS ? "the name has no address"
                                        : ares_strerror(status));
}

static int open_channel(Names *names) {
        struct ares_options options = {
                .timeout = RESOLVE_TIMEOUT_MSEC,
                .tries = RESOLVE_TRIES,
                .sock_state_cb = on_socket_state,
                .sock_state_cb_data = names,
        };

        if (names->channel)
                return 0;
        if (ares_init_options(
                            &names->channel,
                            &options,
                            ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
                names->channel = NULL;
                return -EIO;
        }
        return 0;
}

static void close_channel(Names *names) {
        if (!names->channel)
                return;
        ares_destroy(names->channel);
        names->channel = NULL;
        g_hash_table_remove_all(names->sockets);
        arm_timer(names);
}

static NameLookup *name_lookup_free(NameLookup *lookup) {
        g_queue_unlink(&lookup->names->lookups, &lookup->link);
        g_free(lookup);
        return NULL;
}

static NameLookup *first_finished(Names *names) {
        for (GList *l = names->lookups.head; l; l = l->next)
                if (((NameLookup *) l->data)->finished)
                        return l->data;
        return NULL;
}

static int on_settle(sd_event_source *source, void *userdata) {
        Names *names = userdata;
        NameLookup *lookup;

        while ((lookup = first_finished(names))) {
                name_lookup_t done = lookup->done;

                lookup->done = NULL; /* from here on nobody can cancel it */
                lookup->finished = false;
                if (done)
                        done(lookup->userdata,
                             lookup->n > 0 ? 0 : -EHOSTUNREACH,
                             lookup->addresses,
                             lookup->n,
                             lookup->text);
                (void) name_lookup_free(lookup);
        }
        if (g_queue_is_empty(&names->lookups))
                close_channel(names);
        return 0;
}

Names *names_new(sd_event *event) {
        Names *names = g_new0(Names, 1);

        assert(event);

        names->event = sd_event_ref(event);
        names->sockets = g_hash_table_new_full(NULL, NULL, NULL, source_drop);
        g_queue_init(&names->lookups);
        (void) ares_library_init(ARES_LIB_INIT_ALL);
        if (sd_event_add_time_relative(event, &names->timer, CLOCK_BOOTTIME, 0, 0, on_timer, names) < 0 ||
            sd_event_source_set_enabled(names->timer, SD_EVENT_OFF) < 0 ||
            sd_event_add_defer(event, &names->settle, on_settle, names) < 0 ||
            sd_event_source_set_enabled(names->settle, SD_EVENT_OFF) < 0)
                return names_free(names);
        return names;
}

Names *names_free(Names *names) {
        if (!names)
                return NULL;

        if (names->channel)
                ares_destroy(names->channel);
        names->channel = NULL;
        while (!g_queue_is_empty(&names->lookups))
                (void) name_lookup_free(g_queue_peek_head(&names->lookups));
        g_hash_table_unref(names->sockets);
        (void) sd_event_source_disable_unref(names->timer);
        (void) sd_event_source_disable_unref(names->settle);
        (void) sd_event_unref(names->event);
        ares_library_cleanup();
        g_free(names);
        return NULL;
}

NameLookup *names_lookup(Names *names, const char *host, uint16_t port, name_lookup_t done, void *userdata) {
        const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
        NameLookup *lookup;

        assert(names);
        assert(host);
        assert(done);

        lookup = g_new0(NameLookup, 1);
        lookup->names = names;
        lookup->port = port;
        lookup->done = done;
        lookup->userdata = userdata;
        lookup->link.data = lookup;
        g_queue_push_tail_link(&names->lookups, &lookup->link);

        if (address_from_numeric(host, port, &lookup->addresses[0]) >= 0) {
                lookup->n = 1;
                finish(lookup, NULL);
        } else if (open_channel(names) < 0)
                finish(lookup, "the resolver cannot be set up");
        else {
                ares_getaddrinfo(names->channel, host, NULL, &hints, on_addrinfo, lookup);
                arm_timer(names);
        }
        return lookup;
}

NameLookup *name_lookup_cancel(NameLookup *lookup) {
        if (lookup) {
                lookup->done = NULL;
                lookup->userdata = NULL;
        }
        return NULL;
}
