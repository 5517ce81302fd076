/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kinds of probes share; not for other rooms. */

#include <glib.h>

#include "probes/dial.h"
#include "probes/probe.h"

typedef struct EchoSockets EchoSockets;
typedef struct TrustStore TrustStore;
typedef struct Transfers Transfers;

struct ProbeContext {
        sd_event *event;
        usec_t (*loop_stalled)(void *userdata);
        void *userdata;
        int (*make_socket)(int family, int type, int protocol);

        Resolver *resolver;
        DialOptions dial;
        Transfers *transfers;
        TrustStore *trust;
        EchoSockets *echo;

        GQueue running;
        GQueue finished; /* waiting for their done function */
        sd_event_source *deliver;
};

struct Probe {
        GList link;
        ProbeContext *context;
        const ProbeVTable *vtable;
        probe_done_t done;
        void *userdata;

        char *target;
        char *body_match;
        uint64_t expect_status;
        usec_t interval;
        usec_t timeout;
        usec_t began_usec; /* CLOCK_BOOTTIME, like all below */
        usec_t deadline_usec;
        bool late;
        bool finished;
        sd_event_source *timer;

        Observation *observation;
        void *work; /* the kind's own */
};

/* Ends the probe: later its done function hears of it. detail: copied and cleaned. At most once. */
void probe_finish(Probe *probe, ObservationResult result, const char *detail);
/* the usual translation of what a dial has come to; for a connected one only the phases are noted */
void probe_note_dial(Probe *probe, const DialOutcome *outcome);
ObservationResult probe_result_of_dial(DialResult result);

/* "host:port", "[v6]:port" or, with default_port > 0, the host alone. -EINVAL: none of these. */
int target_split(const char *target, uint16_t default_port, char **ret_host, uint16_t *ret_port);
