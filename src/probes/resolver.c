/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/resolver.h"

#include <ares.h>
#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/uio.h>
#include <time.h>

#include "base/limits.h"
#include "base/names.h"
#include "probes/clock.h"
#include "probes/question.h"
#include "probes/stamp.h"

/* While look-ups are in flight c-ares looks at its time-outs this often: one timer for all instead of
 * walking all queries after each event to find the next one. */
#define TICK_USEC (100 * USEC_PER_MSEC)

struct Resolver {
        sd_event *event;
        char *servers;
        char *files[2]; /* resolv.conf, hosts */
        Stamp stamps[2];
        usec_t checked_usec;
        sd_event_source *watches[4]; /* the folders of both and of what they link to */
        int (*make_socket)(int family, int type, int protocol);

        ares_channel channel;
        unsigned generation;
        GHashTable *sources; /* fd -> sd_event_source */
        sd_event_source *tick;

        GQueue asking;   /* c-ares holds these, also those whose asker has gone */
        GQueue finished; /* answered, not yet delivered */
        GQueue again;    /* to be asked once more on a new channel */
        sd_event_source *deliver;
        bool dying;

        int socket_error; /* of the last socket that could not be made, 0 after one that could */
        struct {          /* the two last names that a resolver answered for, the latest first */
                unsigned hash;
                usec_t at;
        } answered[2];
};

struct Resolve {
        GList link;
        Resolver *resolver;
        char *host;
        usec_t recent_usec;
        resolve_done_t done;
        void *userdata;
        bool asking;  /* c-ares will call back */
        bool gone;    /* the asker is no longer there */
        bool failing; /* a resolver answered SERVFAIL */
        bool refused; /* a resolver would not work for us */

        ResolveResult result;
        const char *detail; /* literal */
        Address *addresses;
        size_t n_addresses;
};

/* ---- one look-up ---- */

static Resolve *resolve_free(Resolve *resolve) {
        g_free(resolve->host);
        g_free(resolve->addresses);
        g_free(resolve);
        return NULL;
}

static void resolve_finish(Resolve *resolve, ResolveResult result, const char *detail) {
        Resolver *resolver = resolve->resolver;

        resolve->result = result;
        resolve->detail = detail;
        g_queue_push_tail_link(&resolver->finished, &resolve->link);
        (void) sd_event_source_set_enabled(resolver->deliver, SD_EVENT_ONESHOT);
}

static bool resolver_answered_other(const Resolver *resolver, const char *host, usec_t recent_usec) {
        unsigned hash = question_hash(host);
        usec_t at = resolver->answered[0].hash != hash ? resolver->answered[0].at : resolver->answered[1].at;

        return at > 0 && now_boottime() - at < recent_usec;
}

/* Nobody has given an answer to work with: whose fault is it? */
static ResolveResult judge_silence(const Resolve *resolve, const char **ret_detail) {
        const Resolver *resolver = resolve->resolver;

        if (resolve->failing) {
                *ret_detail = "resolve: server failure";
                return RESOLVE_FAILED;
        }
        if (resolve->refused) {
                *ret_detail = "resolver refused to answer";
                return RESOLVE_UNABLE;
        }
        if (resolver->socket_error == EMFILE || resolver->socket_error == ENFILE) {
                *ret_detail = "no file descriptors left";
                return RESOLVE_UNABLE;
        }
        *ret_detail = "no answer from any resolver";
        return resolver_answered_other(resolver, resolve->host, resolve->recent_usec) ? RESOLVE_FAILED
                                                                                      : RESOLVE_UNABLE;
}

static void resolve_conclude(Resolve *resolve, int status) {
        const char *detail;
        ResolveResult result;

        switch (status) {
        case ARES_SUCCESS:
                if (resolve->n_addresses > 0)
                        return resolve_finish(resolve, RESOLVE_FOUND, "");
                return resolve_finish(resolve, RESOLVE_FAILED, "resolve: no address");
        case ARES_ENODATA:
                return resolve_finish(resolve, RESOLVE_FAILED, "resolve: no address");
        case ARES_ENOTFOUND:
                /* also what c-ares says when it had no socket left to sort the addresses with */
                if (resolve->resolver->socket_error == EMFILE || resolve->resolver->socket_error == ENFILE)
                        return resolve_finish(resolve, RESOLVE_UNABLE, "no file descriptors left");
                return resolve_finish(resolve, RESOLVE_FAILED, "resolve: no such host");
        case ARES_EBADNAME:
                return resolve_finish(resolve, RESOLVE_FAILED, "resolve: not a host name");
        case ARES_ESERVFAIL:
                return resolve_finish(resolve, RESOLVE_FAILED, "resolve: server failure");
        case ARES_EREFUSED:
        case ARES_ENOTIMP:
        case ARES_EFORMERR:
                return resolve_finish(resolve, RESOLVE_UNABLE, "resolver refused to answer");
        default:
                result = judge_silence(resolve, &detail);
                return resolve_finish(resolve, result, detail);
        }
}

static void resolve_take_addresses(Resolve *resolve, const struct ares_addrinfo *info) {
        resolve->addresses = g_new0(Address, ADDRESSES_MAX);

        for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
                Address *address = resolve->addresses + resolve->n_addresses;

                if (resolve->n_addresses == ADDRESSES_MAX)
                        break;
                if ((node->ai_family != AF_INET && node->ai_family != AF_INET6) ||
                    (size_t) node->ai_addrlen > sizeof(address->in6))
                        continue;
                memcpy(&address->sa, node->ai_addr, (size_t) node->ai_addrlen);
                address->length = (socklen_t) node->ai_addrlen;
                resolve->n_addresses++;
        }
}

static void on_answer(void *userdata, int status, int timeouts, struct ares_addrinfo *info) {
        Resolve *resolve = userdata;
        Resolver *resolver = resolve->resolver;

        resolve->asking = false;
        g_queue_unlink(&resolver->asking, &resolve->link);

        if (resolve->gone || resolver->dying)
                (void) resolve_free(resolve);
        else if (status == ARES_EDESTRUCTION)
                g_queue_push_tail_link(&resolver->again, &resolve->link);
        else {
                if (info)
                        resolve_take_addresses(resolve, info);
                resolve_conclude(resolve, status);
        }
        if (info)
                ares_freeaddrinfo(info);
}

static void resolve_ask(Resolve *resolve) {
        static const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
                                                          .ai_socktype = SOCK_STREAM };
        Resolver *resolver = resolve->resolver;

        resolve->asking = true;
        resolve->failing = resolve->refused = false;
        g_queue_push_tail_link(&resolver->asking, &resolve->link);
        ares_getaddrinfo(resolver->channel, resolve->host, NULL, &hints, on_answer, resolve);
}

/* ---- what c-ares needs ---- */

/* c-ares gives up its knowledge of an answer it does not like (SERVFAIL from all ends as "refused"), so
 * answers are looked at as they come in. */
static void resolver_note_answer(Resolver *resolver, const uint8_t *packet, size_t n) {
        Question question;

        if (question_parse(packet, n, &question) < 0)
                return;

        if (question.rcode == QUESTION_NOERROR || question.rcode == QUESTION_NXDOMAIN) {
                if (resolver->answered[0].hash != question_hash(question.name))
                        resolver->answered[1] = resolver->answered[0];
                resolver->answered[0].hash = question_hash(question.name);
                resolver->answered[0].at = now_boottime();
                return;
        }
        for (GList *l = resolver->asking.head; l; l = l->next) {
                Resolve *resolve = l->data;

                if (!question_is_for(&question, resolve->host))
                        continue;
                if (question.rcode == QUESTION_SERVFAIL)
                        resolve->failing = true;
                else
                        resolve->refused = true;
        }
}

static ares_socket_t make_socket(int family, int type, int protocol, void *userdata) {
        Resolver *resolver = userdata;
        int fd = resolver->make_socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

        resolver->socket_error = fd < 0 ? errno : 0;
        return fd;
}

static int close_socket(ares_socket_t fd, void *userdata) {
        return close(fd);
}

static int
connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t length, void *userdata) {
        return connect(fd, to, length);
}

static ares_ssize_t
receive(ares_socket_t fd,
        void *buffer,
        size_t size,
        int flags,
        struct sockaddr *from,
        ares_socklen_t *length,
        void *userdata) {
        ssize_t n = recvfrom(fd, buffer, size, flags, from, length);

        if (n > 0 &&
            from) /* a stream's pieces are not packets; what comes by it came truncated by UDP before */
                resolver_note_answer(userdata, buffer, (size_t) n);
        return n;
}

static ares_ssize_t send_vector(ares_socket_t fd, const struct iovec *vector, int n, void *userdata) {
        struct msghdr message = { .msg_iov = (struct iovec *) vector, .msg_iovlen = (size_t) n };

        return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {
        .asocket = make_socket,
        .aclose = close_socket,
        .aconnect = connect_socket,
        .arecvfrom = receive,
        .asendv = send_vector,
};

static int on_socket_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Resolver *resolver = userdata;

        ares_process_fd(resolver->channel,
                        events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? fd : ARES_SOCKET_BAD,
                        events & (EPOLLOUT | EPOLLERR) ? fd : ARES_SOCKET_BAD);
        return 0;
}

static void on_socket_state(void *userdata, ares_socket_t fd, int readable, int writable) {
        Resolver *resolver = userdata;
        sd_event_source *source = g_hash_table_lookup(resolver->sources, GINT_TO_POINTER(fd));
        uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);

        if (events == 0)
                (void) g_hash_table_remove(resolver->sources, GINT_TO_POINTER(fd));
        else if (source)
                (void) sd_event_source_set_io_events(source, events);
        else if (sd_event_add_io(resolver->event, &source, fd, events, on_socket_ready, resolver) >= 0)
                (void) g_hash_table_insert(resolver->sources, GINT_TO_POINTER(fd), source);
}

static int arm_tick(Resolver *resolver) {
        int r;

        if (g_queue_is_empty(&resolver->asking))
                return sd_event_source_set_enabled(resolver->tick, SD_EVENT_OFF);

        r = sd_event_source_set_time_relative(resolver->tick, TICK_USEC);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(resolver->tick, SD_EVENT_ONESHOT);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Resolver *resolver = userdata;

        ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        (void) arm_tick(resolver);
        return 0;
}

/* ---- the channel, and what it was made from ---- */

static int channel_new(Resolver *resolver, ares_channel *ret) {
        struct ares_options options = {
                .timeout = (int) (RESOLVER_TRY_USEC / USEC_PER_MSEC),
                .tries = RESOLVER_ROUNDS,
                .sock_state_cb = on_socket_state,
                .sock_state_cb_data = resolver,
                .resolvconf_path = resolver->files[0],
        };
        int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
        ares_channel channel;

#ifdef ARES_OPT_QUERY_CACHE
        mask |= ARES_OPT_QUERY_CACHE; /* qcache_max_ttl 0: each probe asks */
#endif
        if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
                return -ENOMEM;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* its successor is not in Debian 12's c-ares */
        ares_set_socket_functions(channel, &socket_functions, resolver);
#pragma GCC diagnostic pop

        if (resolver->servers && ares_set_servers_ports_csv(channel, resolver->servers) != ARES_SUCCESS) {
                ares_destroy(channel);
                return -EINVAL;
        }
        *ret = channel;
        return 0;
}

static int channel_renew(Resolver *resolver) {
        ares_channel old = resolver->channel, channel;
        GList *link;
        int r;

        r = channel_new(resolver, &channel);
        if (r < 0)
                return r; /* the old one still works as well as before */

        resolver->channel = channel;
        resolver->generation++;
        if (old)
                ares_destroy(old);
        while ((link = g_queue_pop_head_link(&resolver->again)))
                resolve_ask(link->data);
        return arm_tick(resolver);
}

static bool files_changed(Resolver *resolver) {
        bool changed = false;

        resolver->checked_usec = now_boottime();
        for (size_t i = 0; i < G_N_ELEMENTS(resolver->files); i++) {
                Stamp stamp = stamp_of(resolver->files[i]);

                changed = changed || !stamp_equal(&stamp, &resolver->stamps[i]);
                resolver->stamps[i] = stamp;
        }
        return changed;
}

void resolver_reload(Resolver *resolver) {
        assert(resolver);

        (void) files_changed(resolver);
        (void) channel_renew(resolver);
}

static int on_folder_changed(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Resolver *resolver = userdata;

        if (files_changed(resolver))
                (void) channel_renew(resolver);
        return 0;
}

static void watch_folder(Resolver *resolver, const char *path, sd_event_source **source) {
        g_autofree char *folder = g_path_get_dirname(path);

        /* without it the look at the files every RESOLVER_RECHECK_USEC remains */
        (void) sd_event_add_inotify(
                        resolver->event,
                        source,
                        folder,
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE,
                        on_folder_changed,
                        resolver);
}

/* resolv.conf is often a link: both where the link lies and where it leads are watched. */
static void watch_files(Resolver *resolver) {
        for (size_t i = 0; i < G_N_ELEMENTS(resolver->files); i++) {
                char real[PATH_MAX];

                watch_folder(resolver, resolver->files[i], &resolver->watches[2 * i]);
                if (realpath(resolver->files[i], real) && strcmp(real, resolver->files[i]) != 0)
                        watch_folder(resolver, real, &resolver->watches[2 * i + 1]);
        }
}

/* ---- delivery ---- */

static int on_deliver(sd_event_source *source, void *userdata) {
        Resolver *resolver = userdata;
        unsigned n = resolver->finished.length; /* what is added meanwhile waits for the next turn */
        GList *link;

        for (; n > 0 && (link = g_queue_pop_head_link(&resolver->finished)); n--) {
                Resolve *resolve = link->data;
                ResolveAnswer answer = {
                        .result = resolve->result,
                        .detail = resolve->detail,
                        .addresses = resolve->addresses,
                        .n_addresses = resolve->n_addresses,
                };

                resolve->done(resolve->userdata, &answer);
                (void) resolve_free(resolve);
        }
        if (!g_queue_is_empty(&resolver->finished))
                (void) sd_event_source_set_enabled(resolver->deliver, SD_EVENT_ONESHOT);
        return 0;
}

/* ---- lifecycle ---- */

static void *unref_source(sd_event_source *source) {
        return sd_event_source_disable_unref(source);
}

static int resolver_add_sources(Resolver *resolver) {
        int r;

        r = sd_event_add_defer(resolver->event, &resolver->deliver, on_deliver, resolver);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(resolver->deliver, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = sd_event_add_time(
                        resolver->event, &resolver->tick, CLOCK_BOOTTIME, UINT64_MAX, 1, on_tick, resolver);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(resolver->tick, SD_EVENT_OFF);
}

int resolver_new(sd_event *event, const ResolverOptions *options, Resolver **ret) {
        static const ResolverOptions defaults = {};
        _cleanup_(resolver_freep) Resolver *resolver = NULL;
        int r;

        assert(event);
        assert(ret);

        if (!options)
                options = &defaults;
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
                return -ENOMEM;

        resolver = g_new0(Resolver, 1);
        resolver->event = sd_event_ref(event);
        resolver->servers = g_strdup(options->servers);
        resolver->files[0] = g_strdup(options->resolv_conf ?: FILE_RESOLV_CONF);
        resolver->files[1] = g_strdup(options->hosts ?: FILE_HOSTS);
        resolver->make_socket = options->make_socket ?: socket;
        resolver->sources = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify) (void *) unref_source);
        g_queue_init(&resolver->asking);
        g_queue_init(&resolver->finished);
        g_queue_init(&resolver->again);

        r = resolver_add_sources(resolver);
        if (r < 0)
                return r;
        watch_files(resolver);
        (void) files_changed(resolver);

        r = channel_renew(resolver);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(resolver);
        return 0;
}

Resolver *resolver_free(Resolver *resolver) {
        GList *link;

        if (!resolver)
                return NULL;

        resolver->dying = true;
        if (resolver->channel)
                ares_destroy(resolver->channel); /* calls back for all that is asking */
        while ((link = g_queue_pop_head_link(&resolver->finished)))
                (void) resolve_free(link->data);

        for (size_t i = 0; i < G_N_ELEMENTS(resolver->watches); i++)
                (void) sd_event_source_disable_unref(resolver->watches[i]);
        (void) sd_event_source_disable_unref(resolver->deliver);
        (void) sd_event_source_disable_unref(resolver->tick);
        g_hash_table_unref(resolver->sources);
        for (size_t i = 0; i < G_N_ELEMENTS(resolver->files); i++)
                g_free(resolver->files[i]);
        g_free(resolver->servers);
        (void) sd_event_unref(resolver->event);
        g_free(resolver);
        ares_library_cleanup();
        return NULL;
}

/* ---- verbs ---- */

int resolve_start(
                Resolver *resolver,
                const char *host,
                usec_t recent_usec,
                resolve_done_t done,
                void *userdata,
                Resolve **ret) {
        Resolve *resolve;
        Address address;

        assert(resolver);
        assert(host);
        assert(done);
        assert(ret);

        if (now_boottime() - resolver->checked_usec >= RESOLVER_RECHECK_USEC && files_changed(resolver))
                (void) channel_renew(resolver);

        *ret = resolve = g_new0(Resolve, 1);
        resolve->link.data = resolve;
        resolve->resolver = resolver;
        resolve->host = g_strdup(host);
        resolve->recent_usec = recent_usec;
        resolve->done = done;
        resolve->userdata = userdata;

        if (address_from_string(host, &address) >= 0) {
                resolve->addresses = g_memdup2(&address, sizeof(address));
                resolve->n_addresses = 1;
                resolve_finish(resolve, RESOLVE_FOUND, "");
                return 0;
        }

        resolve_ask(resolve);
        if (resolver->asking.length == 1)
                return arm_tick(resolver);
        return 0;
}

Resolve *resolve_cancel(Resolve *resolve) {
        if (!resolve)
                return NULL;

        if (resolve->asking) {
                resolve->gone = true; /* c-ares cannot forget a single query: it ends by itself */
                return NULL;
        }
        g_queue_unlink(&resolve->resolver->finished, &resolve->link);
        return resolve_free(resolve);
}

ResolveResult resolve_expire(Resolve *resolve, const char **ret_detail) {
        ResolveResult result;

        assert(resolve);
        assert(ret_detail);

        result = judge_silence(resolve, ret_detail);
        (void) resolve_cancel(resolve);
        return result;
}

unsigned resolver_generation(const Resolver *resolver) {
        assert(resolver);
        return resolver->generation;
}
