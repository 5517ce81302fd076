/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/probe.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "probes/clock.h"
#include "probes/context.h"
#include "probes/detail.h"
#include "probes/echo.h"
#include "probes/kinds.h"
#include "probes/transfer.h"
#include "probes/trust.h"

const ProbeVTable *const probe_vtables[_CHECK_KIND_MAX] = {
        [CHECK_HTTP] = &http_probe,
        [CHECK_TCP] = &tcp_probe,
        [CHECK_ICMP] = &icmp_probe,
};

/* A response that is already there is read before the time-out that came in the same turn. */
#define TIMER_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)
#define TIMER_ACCURACY_USEC (10 * USEC_PER_MSEC)

/* ---- one probe ---- */

static void probe_release(Probe *probe) {
        probe->timer = sd_event_source_disable_unref(probe->timer);
        probe->vtable->cancel(probe);
}

static Probe *probe_free(Probe *probe) {
        if (!probe)
                return NULL;

        if (!probe->finished)
                probe_release(probe);
        g_queue_unlink(probe->finished ? &probe->context->finished : &probe->context->running, &probe->link);
        (void) observation_free(probe->observation);
        g_free(probe->target);
        g_free(probe->body_match);
        g_free(probe);
        return NULL;
}
DEFINE_CLEANUP(Probe, probe_free);

/* Whether a failure may be this node's own doing. */
static const char *probe_doubt(const Probe *probe) {
        const ProbeContext *context = probe->context;

        if (probe->late)
                return "began late";
        if (context->loop_stalled && context->loop_stalled(context->userdata) >= probe->began_usec)
                return "this node stood still";
        return NULL;
}

void probe_finish(Probe *probe, ObservationResult result, const char *detail) {
        ProbeContext *context = probe->context;
        Observation *observation = probe->observation;
        const char *doubt;

        assert(!probe->finished);
        assert(detail);

        observation->total = now_boottime() - probe->began_usec;
        doubt = result == OBSERVATION_FAILED ? probe_doubt(probe) : NULL;
        observation->result = doubt ? OBSERVATION_ABSTAINED : result;
        g_free(observation->detail);
        observation->detail = doubt ? detail_clean_printf("%s: %s", doubt, detail)
                                    : detail_clean(detail, strlen(detail));

        probe_release(probe);
        g_queue_unlink(&context->running, &probe->link);
        probe->finished = true;
        g_queue_push_tail_link(&context->finished, &probe->link);
        (void) sd_event_source_set_enabled(context->deliver, SD_EVENT_ONESHOT);
}

void probe_note_dial(Probe *probe, const DialOutcome *outcome) {
        Observation *observation = probe->observation;

        observation->resolve += outcome->resolve;
        observation->connect += outcome->connect;
        g_free(observation->address);
        observation->address = g_strdup(outcome->address);
}

ObservationResult probe_result_of_dial(DialResult result) {
        static const ObservationResult results[] = {
                [DIAL_CONNECTED] = OBSERVATION_OK,
                [DIAL_FAILED] = OBSERVATION_FAILED,
                [DIAL_UNABLE] = OBSERVATION_ABSTAINED,
        };
        return results[result];
}

static int on_expired(sd_event_source *source, uint64_t usec, void *userdata) {
        Probe *probe = userdata;

        /* a process that was stopped wakes up past its time-outs, whatever came in meanwhile */
        if (now_boottime() > usec_add(usec, LOOP_STALL_USEC))
                probe->late = true;
        probe->vtable->expired(probe);
        return 0;
}

static Probe *probe_new(ProbeContext *context, const Check *check, uint64_t round, usec_t due_usec) {
        Probe *probe = g_new0(Probe, 1);
        usec_t most_late = MIN(PROBE_LATE_MAX_USEC, check_interval(check) / 4);

        probe->link.data = probe;
        probe->context = context;
        probe->vtable = probe_vtables[check->type];
        probe->target = g_strdup(check->target ?: "");
        probe->body_match = g_strdup(check->body_match ?: "");
        probe->expect_status = check_expect_status(check);
        probe->interval = check_interval(check);
        probe->timeout = check_timeout(check);
        probe->began_usec = now_boottime();
        probe->deadline_usec = usec_add(probe->began_usec, probe->timeout);
        probe->late = probe->began_usec > usec_add(due_usec, most_late);

        probe->observation = observation_new();
        probe->observation->check_id = g_strdup(check->id);
        probe->observation->revision = check->revision;
        probe->observation->round = round;
        probe->observation->address = g_strdup("");
        probe->observation->detail = g_strdup("");

        g_queue_push_tail_link(&context->running, &probe->link);
        return probe;
}

int probe_start(ProbeContext *context,
                const Check *check,
                uint64_t round,
                usec_t due_usec,
                probe_done_t done,
                void *userdata,
                Probe **ret) {
        _cleanup_(probe_freep) Probe *probe = NULL;
        int r;

        assert(context);
        assert(check);
        assert(check->type < _CHECK_KIND_MAX);
        assert(done);
        assert(ret);

        probe = probe_new(context, check, round, due_usec);
        probe->done = done;
        probe->userdata = userdata;

        r = sd_event_add_time(
                        context->event,
                        &probe->timer,
                        CLOCK_BOOTTIME,
                        probe->deadline_usec,
                        TIMER_ACCURACY_USEC,
                        on_expired,
                        probe);
        if (r < 0)
                return r;
        r = sd_event_source_set_priority(probe->timer, TIMER_PRIORITY);
        if (r < 0)
                return r;
        r = probe->vtable->start(probe);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(probe);
        return 0;
}

Probe *probe_cancel(Probe *probe) {
        return probe_free(probe);
}

/* ---- what all share ---- */

static int on_deliver(sd_event_source *source, void *userdata) {
        ProbeContext *context = userdata;
        unsigned n = context->finished.length; /* what is added meanwhile waits for the next turn */

        for (; n > 0 && context->finished.head; n--) {
                Probe *probe = context->finished.head->data;

                probe->done(probe->userdata, probe->observation);
                (void) probe_free(probe);
        }
        if (context->finished.head)
                (void) sd_event_source_set_enabled(context->deliver, SD_EVENT_ONESHOT);
        return 0;
}

int probe_context_new(sd_event *event, const ProbeOptions *options, ProbeContext **ret) {
        static const ProbeOptions defaults = {};
        _cleanup_(probe_context_freep) ProbeContext *context = NULL;
        int r;

        assert(event);
        assert(ret);

        if (!options)
                options = &defaults;

        context = g_new0(ProbeContext, 1);
        context->event = sd_event_ref(event);
        context->loop_stalled = options->loop_stalled;
        context->userdata = options->userdata;
        context->make_socket = options->make_socket ?: socket;
        g_queue_init(&context->running);
        g_queue_init(&context->finished);

        r = sd_event_add_defer(event, &context->deliver, on_deliver, context);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(context->deliver, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r =
                        resolver_new(event,
                                     &(ResolverOptions){ .servers = options->dns_servers,
                                                         .make_socket = context->make_socket },
                                     &context->resolver);
        if (r < 0)
                return r;
        context->dial = (DialOptions){ event, context->resolver, context->make_socket };

        r = transfers_new(event, &context->transfers);
        if (r < 0)
                return r;
        context->echo = echo_sockets_new(event, context->make_socket);
        context->trust = trust_store_new(options->ca_file);

        *ret = TAKE_PTR(context);
        return 0;
}

void probe_context_reload(ProbeContext *context) {
        assert(context);

        trust_store_reload(context->trust);
        resolver_reload(context->resolver);
}

ProbeContext *probe_context_free(ProbeContext *context) {
        if (!context)
                return NULL;

        while (context->running.head)
                (void) probe_free(context->running.head->data);
        while (context->finished.head)
                (void) probe_free(context->finished.head->data);

        (void) echo_sockets_free(context->echo);
        (void) trust_store_free(context->trust);
        (void) transfers_free(context->transfers);
        (void) resolver_free(context->resolver);
        (void) sd_event_source_disable_unref(context->deliver);
        (void) sd_event_unref(context->event);
        g_free(context);
        return NULL;
}
