/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/lookup.h"

struct _QuptimeLookup {
        GResolver parent;
        Resolver *resolver; /* NULL: disconnected */
        GList *pending;     /* of Pending */
};
G_DEFINE_TYPE(QuptimeLookup, quptime_lookup, G_TYPE_RESOLVER)

typedef struct Pending {
        QuptimeLookup *lookup; /* the task holds it */
        GTask *task;
        GResolverNameLookupFlags flags;
        Resolve *resolve;
        GSource *cancelled;
} Pending;

static void pending_end(Pending *pending) {
        pending->lookup->pending = g_list_remove(pending->lookup->pending, pending);
        if (pending->cancelled) {
                g_source_destroy(pending->cancelled);
                g_source_unref(pending->cancelled);
        }
        (void) resolve_cancel(pending->resolve);
        g_object_unref(pending->task);
        g_free(pending);
}

static void pending_fail(Pending *pending, int code, const char *words) {
        g_task_return_new_error(pending->task, G_RESOLVER_ERROR, code, "%s", words);
        pending_end(pending);
}

static bool is_wanted(const Address *address, GResolverNameLookupFlags flags) {
        if (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY)
                return address->sa.sa_family == AF_INET;
        if (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY)
                return address->sa.sa_family == AF_INET6;
        return true;
}

static GInetAddress *to_inet_address(const Address *address) {
        if (address->sa.sa_family == AF_INET)
                return g_inet_address_new_from_bytes(
                                (const guint8 *) &address->in.sin_addr, G_SOCKET_FAMILY_IPV4);
        return g_inet_address_new_from_bytes((const guint8 *) &address->in6.sin6_addr, G_SOCKET_FAMILY_IPV6);
}

static void on_resolved(void *userdata, const ResolveAnswer *answer) {
        Pending *pending = userdata;
        GList *addresses = NULL;

        pending->resolve = NULL;
        for (size_t i = answer->n_addresses; i > 0; i--)
                if (is_wanted(answer->addresses + i - 1, pending->flags))
                        addresses = g_list_prepend(addresses, to_inet_address(answer->addresses + i - 1));

        if (!addresses) {
                pending_fail(pending,
                             answer->result == RESOLVE_UNABLE ? G_RESOLVER_ERROR_TEMPORARY_FAILURE
                                                              : G_RESOLVER_ERROR_NOT_FOUND,
                             answer->result == RESOLVE_FOUND ? "no address of this family" : answer->detail);
                return;
        }
        g_task_return_pointer(pending->task, addresses, (GDestroyNotify) g_resolver_free_addresses);
        pending_end(pending);
}

static gboolean on_cancelled(GCancellable *cancellable, void *userdata) {
        Pending *pending = userdata;

        g_task_return_new_error(pending->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
        pending_end(pending);
        return G_SOURCE_REMOVE;
}

static void
look_up_async(GResolver *resolver,
              const char *host,
              GResolverNameLookupFlags flags,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              void *userdata) {
        QuptimeLookup *lookup = QUPTIME_LOOKUP(resolver);
        Pending *pending = g_new0(Pending, 1);

        pending->lookup = lookup;
        pending->task = g_task_new(resolver, cancellable, callback, userdata);
        pending->flags = flags;
        lookup->pending = g_list_prepend(lookup->pending, pending);

        if (!lookup->resolver ||
            resolve_start(lookup->resolver, host, 0, on_resolved, pending, &pending->resolve) < 0) {
                pending_fail(pending, G_RESOLVER_ERROR_TEMPORARY_FAILURE, "no resolver");
                return;
        }
        if (cancellable) {
                pending->cancelled = g_cancellable_source_new(cancellable);
                g_source_set_callback(
                                pending->cancelled, (GSourceFunc) (void *) on_cancelled, pending, NULL);
                (void) g_source_attach(pending->cancelled, g_main_context_get_thread_default());
        }
}

static void look_up_any_async(
                GResolver *resolver,
                const char *host,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                void *userdata) {
        look_up_async(resolver, host, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, userdata);
}

static GList *look_up_finish(GResolver *resolver, GAsyncResult *result, GError **reterr_error) {
        return g_task_propagate_pointer(G_TASK(result), reterr_error);
}

static void quptime_lookup_class_init(QuptimeLookupClass *class) {
        GResolverClass *resolver = G_RESOLVER_CLASS(class);

        resolver->lookup_by_name_async = look_up_any_async;
        resolver->lookup_by_name_finish = look_up_finish;
        resolver->lookup_by_name_with_flags_async = look_up_async;
        resolver->lookup_by_name_with_flags_finish = look_up_finish;
}

static void quptime_lookup_init(QuptimeLookup *lookup) {
}

GResolver *lookup_new(Resolver *resolver) {
        QuptimeLookup *lookup = g_object_new(quptime_lookup_get_type(), NULL);

        lookup->resolver = resolver;
        return G_RESOLVER(lookup);
}

void lookup_disconnect(GResolver *resolver) {
        QuptimeLookup *lookup = QUPTIME_LOOKUP(resolver);

        lookup->resolver = NULL;
        while (lookup->pending)
                pending_fail(lookup->pending->data, G_RESOLVER_ERROR_TEMPORARY_FAILURE, "no resolver");
}
