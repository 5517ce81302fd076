/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A probe asks one target once and gives an Observation, never an opinion. One ProbeVTable per kind of check;
 * all run on the one sd-event loop and never block it. A cancelled probe gives nothing. */

#include <systemd/sd-event.h>

#include "model/check.h"
#include "model/observation.h"

typedef struct ProbeContext ProbeContext; /* resolver, libcurl multi handle, ICMP sockets: shared by all probes */
typedef struct Probe Probe;               /* one in flight */

typedef struct ProbeOptions {
        const char *ca_file; /* NULL: the system's bundle */
        usec_t (*loop_stalled)(void *userdata); /* longest loop turn since the last call for a probe; may be NULL */
        void *userdata;
} ProbeOptions;

int probe_context_new(sd_event *event, const ProbeOptions *options, ProbeContext **ret);
ProbeContext *probe_context_free(ProbeContext *context); /* cancels what is in flight */
DEFINE_CLEANUP(ProbeContext, probe_context_free);

/* observation: borrowed for the call; check_id, revision and round are filled. The probe is freed after it. */
typedef void (*probe_done_t)(void *userdata, const Observation *observation);

/* Starts at once. due_usec: when the schedule wanted it (CLOCK_BOOTTIME); a *failure* of a probe begun later
 * than min(1 s, interval/4) after that, or with a loop turn over 500 ms in it, becomes an abstention.
 * The done function is never called from within probe_start(). */
int probe_start(
                ProbeContext *context,
                const Check *check,
                uint64_t round,
                usec_t due_usec,
                probe_done_t done,
                void *userdata,
                Probe **ret);
Probe *probe_cancel(Probe *probe); /* no call-back follows; NULL is fine; returns NULL */

/* One line per kind, gathered in one table by CheckKind. */
typedef struct ProbeVTable {
        int (*start)(Probe *probe);
        void (*cancel)(Probe *probe);
} ProbeVTable;
extern const ProbeVTable *const probe_vtables[_CHECK_KIND_MAX];
