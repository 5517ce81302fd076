/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names to addresses without a thread and without blocking: one c-ares channel on the loop. Numeric hosts
 * are answered without a question, /etc/hosts is honoured, and when resolv.conf or hosts change the channel
 * is made anew and what was under way is asked again.
 *
 * What the answer means is decided here, because only here is known who answered: a name that does not
 * exist, has no addresses, or whose servers fail (SERVFAIL) is the target's fault; a resolver that refuses
 * us or says nothing is ours, unless it has just answered for another name. */

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/usec.h"
#include "probes/address.h"

typedef struct Resolver Resolver;
typedef struct Resolve Resolve; /* one look-up in flight */

typedef struct ResolverOptions {
        const char *servers;     /* "127.0.0.1:5353,[::1]:53" instead of resolv.conf's; NULL */
        const char *resolv_conf; /* NULL: FILE_RESOLV_CONF */
        const char *hosts;       /* what is watched, c-ares itself knows where it is; NULL: FILE_HOSTS */
        int (*make_socket)(int family, int type, int protocol); /* NULL: socket(2) */
} ResolverOptions;

int resolver_new(sd_event *event, const ResolverOptions *options, Resolver **ret);
Resolver *resolver_free(Resolver *resolver); /* not from within a done function */
DEFINE_CLEANUP(Resolver, resolver_free);

/* Reads the files again, whether they look changed or not; what is under way is asked again. */
void resolver_reload(Resolver *resolver);

typedef enum ResolveResult {
        RESOLVE_FOUND,
        RESOLVE_FAILED, /* the target's fault */
        RESOLVE_UNABLE  /* ours: this node could not ask */
} ResolveResult;

typedef struct ResolveAnswer {
        ResolveResult result;
        const char *detail;       /* in words, "" when found */
        const Address *addresses; /* in the order of RFC 6724, at most ADDRESSES_MAX; port 0 */
        size_t n_addresses;
} ResolveAnswer;

/* answer: borrowed for the call. The look-up is freed after it. */
typedef void (*resolve_done_t)(void *userdata, const ResolveAnswer *answer);

/* done is never called from within. recent_usec: when nobody answers, the target is to blame only if a
 * resolver answered for another name less than this ago (the check's interval). */
int resolve_start(
                Resolver *resolver,
                const char *host,
                usec_t recent_usec,
                resolve_done_t done,
                void *userdata,
                Resolve **ret);
/* The asker's time is up: what silence so far means. Replaces done, which is not called any more; frees the
 * look-up. detail: a literal. */
ResolveResult resolve_expire(Resolve *resolve, const char **ret_detail);
Resolve *resolve_cancel(Resolve *resolve); /* no call-back follows; NULL is fine; returns NULL */

/* How often the channel was made; for tests and doctor. */
unsigned resolver_generation(const Resolver *resolver);
