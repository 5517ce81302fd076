/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One probe context with a fake DNS server, and probes that are run to their end. */

#include "probes/probe.h"
#include "support.h"

typedef struct Fixture {
        sd_event *event;
        FakeDns dns;
        ProbeContext *context;
        usec_t stalled_usec;
} Fixture;

static inline usec_t fixture_stalled(void *userdata) {
        Fixture *f = userdata;

        return f->stalled_usec;
}

/* options: what a test wants beyond the usual; NULL */
static inline void fixture_open(Fixture *f, const ProbeOptions *more) {
        ProbeOptions options = more ? *more : (ProbeOptions){};

        *f = (Fixture){};
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        fake_dns_start(&f->dns, f->event);
        options.dns_servers = f->dns.servers;
        options.loop_stalled = fixture_stalled;
        options.userdata = f;
        g_assert_cmpint(probe_context_new(f->event, &options, &f->context), ==, 0);
}

static inline void fixture_close(Fixture *f) {
        f->context = probe_context_free(f->context);
        fake_dns_stop(&f->dns);
        f->event = sd_event_unref(f->event);
}

typedef struct Watched {
        bool done;
        Observation *observation;
        Probe *probe;
} Watched;

static inline void watched_done(void *userdata, const Observation *observation) {
        Watched *watched = userdata;

        g_assert_false(watched->done);
        watched->done = true;
        watched->probe = NULL;
        watched->observation = observation_copy(observation);
}

static inline void watched_start_due(Fixture *f, const Check *check, usec_t due_usec, Watched *watched) {
        *watched = (Watched){};
        g_assert_cmpint(probe_start(f->context, check, 7, due_usec, watched_done, watched, &watched->probe),
                        ==,
                        0);
        g_assert_false(watched->done);
}

static inline void watched_start(Fixture *f, const Check *check, Watched *watched) {
        watched_start_due(f, check, now_boottime(), watched);
}

static inline void watched_clear(Watched *watched) {
        (void) observation_free(watched->observation);
        *watched = (Watched){};
}

/* starts a probe and runs it to its end */
static inline Observation *observe(Fixture *f, const Check *check) {
        Watched watched;

        watched_start(f, check, &watched);
        run_until(f->event, &watched.done);
        g_assert_cmpstr(watched.observation->check_id, ==, check->id);
        g_assert_cmpuint(watched.observation->revision, ==, check->revision);
        g_assert_cmpuint(watched.observation->round, ==, 7);
        return watched.observation;
}

static inline void expect(Fixture *f, const Check *check, ObservationResult result, const char *detail) {
        _cleanup_(observation_freep) Observation *observation = observe(f, check);

        g_assert_cmpstr(observation->detail, ==, detail);
        g_assert_cmpint(observation->result, ==, result);
}

/* a check that a test keeps on its stack; strings are borrowed */
static inline Check make_check(CheckKind kind, const char *target) {
        return (Check){
                .id = (char *) "7b2c",
                .name = (char *) "test",
                .type = kind,
                .target = (char *) target,
                .interval = 30 * USEC_PER_SEC,
                .timeout = 10 * USEC_PER_SEC,
                .revision = 3,
        };
}
