/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A probe asks one target once and gives an Observation, never an opinion. One ProbeVTable per kind of
 * check; all run on the one sd-event loop and never block it. A cancelled probe gives nothing.
 *
 * "I cannot probe" is not "it is down": want of permission, descriptors, route, address family or resolver
 * makes an abstention, and so does a failure that this node may have made itself, by beginning late or by a
 * loop that stood still. Only a failure can be doubted; ok is ok. */

#include <systemd/sd-event.h>

#include "model/check.h"
#include "model/observation.h"

typedef struct ProbeContext
                ProbeContext; /* resolver, libcurl multi handle, ICMP sockets: shared by all probes */
typedef struct Probe Probe;   /* one in flight */

typedef struct ProbeOptions {
        const char *ca_file; /* NULL: the system's bundle */
        /* CLOCK_BOOTTIME of the last moment a loop turn was over LOOP_STALL_USEC, the present turn included;
         * 0: never. May be NULL. */
        usec_t (*loop_stalled)(void *userdata);
        void *userdata;

        /* for tests */
        const char *dns_servers; /* instead of resolv.conf's, as "127.0.0.1:5353" */
        int (*make_socket)(int family, int type, int protocol); /* instead of socket(2) */
} ProbeOptions;

/* options: copied; NULL for none */
int probe_context_new(sd_event *event, const ProbeOptions *options, ProbeContext **ret);
ProbeContext *
probe_context_free(ProbeContext *context); /* cancels what is in flight; not from within a done */
DEFINE_CLEANUP(ProbeContext, probe_context_free);
/* reads the authorities' certificates and resolv.conf again; what is in flight goes on */
void probe_context_reload(ProbeContext *context);

/* observation: borrowed for the call; check_id, revision and round are filled. The probe is freed after it.
 */
typedef void (*probe_done_t)(void *userdata, const Observation *observation);

/* Starts at once. due_usec: when the schedule wanted it (CLOCK_BOOTTIME); a *failure* of a probe begun later
 * than min(1 s, interval/4) after that, or with a loop turn over 500 ms in it, becomes an abstention.
 * The done function is never called from within probe_start(). */
int probe_start(ProbeContext *context,
                const Check *check,
                uint64_t round,
                usec_t due_usec,
                probe_done_t done,
                void *userdata,
                Probe **ret);
Probe *probe_cancel(Probe *probe); /* no call-back follows; NULL is fine; returns NULL */

/* One line per kind, gathered in one table by CheckKind. The work of a probe ends by probe_finish(). */
typedef struct ProbeVTable {
        int (*start)(Probe *probe);
        void (*expired)(Probe *probe); /* its time-out has come; finishes the probe */
        void (*cancel)(Probe *probe);  /* lets go of all the probe holds; also called when it has finished */
} ProbeVTable;
extern const ProbeVTable *const probe_vtables[_CHECK_KIND_MAX];
