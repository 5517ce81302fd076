/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* icmp: the target answers an echo request. Up to ECHO_PACKETS requests are spread over the time-out and the
 * first answer wins, so that one lost packet is no outage. */

#include <errno.h>

#include "base/limits.h"
#include "probes/clock.h"
#include "probes/context.h"
#include "probes/echo.h"
#include "probes/kinds.h"

typedef struct Icmp {
        Probe *probe;
        Resolve *resolve;
        usec_t resolved_usec;
        Echo *echo;
        sd_event_source *next; /* request */
} Icmp;

static void icmp_unable(Icmp *icmp, int error) {
        g_autofree char *words = dial_error_words(error);

        if (error == EACCES || error == EPERM)
                probe_finish(icmp->probe,
                             OBSERVATION_ABSTAINED,
                             "no ICMP permission (net.ipv4.ping_group_range)");
        else
                probe_finish(icmp->probe, OBSERVATION_ABSTAINED, words);
}

static void on_heard(void *userdata, EchoResult result, usec_t round_trip_usec, const char *detail) {
        static const ObservationResult results[] = {
                [ECHO_ANSWERED] = OBSERVATION_OK,
                [ECHO_FAILED] = OBSERVATION_FAILED,
                [ECHO_UNABLE] = OBSERVATION_ABSTAINED,
        };
        Icmp *icmp = userdata;

        icmp->probe->observation->first_byte = round_trip_usec;
        probe_finish(icmp->probe, results[result], detail);
}

static int on_next(sd_event_source *source, uint64_t usec, void *userdata) {
        Icmp *icmp = userdata;
        int r;

        r = echo_send(icmp->echo);
        if (r >= 0)
                r = sd_event_source_set_time_relative(source, icmp->probe->timeout / ECHO_PACKETS);
        if (r >= 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0; /* without a further one those before still may be answered */
}

static int icmp_ask(Icmp *icmp) {
        Probe *probe = icmp->probe;
        int r;

        r = echo_send(icmp->echo);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(
                        probe->context->event,
                        &icmp->next,
                        CLOCK_BOOTTIME,
                        probe->timeout / ECHO_PACKETS,
                        10 * USEC_PER_MSEC,
                        on_next,
                        icmp);
}

/* The first address of a family that this node has a socket for. */
static void icmp_use_addresses(Icmp *icmp, const Address *addresses, size_t n) {
        Observation *observation = icmp->probe->observation;
        int r = -EADDRNOTAVAIL;

        for (size_t i = 0; i < n; i++) {
                r = echo_new(icmp->probe->context->echo, addresses + i, on_heard, icmp, &icmp->echo);
                if (r < 0)
                        continue;
                g_free(observation->address);
                observation->address = address_to_string(addresses + i);
                r = icmp_ask(icmp);
                break;
        }
        if (r < 0)
                icmp_unable(icmp, -r);
}

static void on_resolved(void *userdata, const ResolveAnswer *answer) {
        Icmp *icmp = userdata;
        Probe *probe = icmp->probe;

        icmp->resolve = NULL;
        probe->observation->resolve = now_boottime() - probe->began_usec;
        if (answer->result == RESOLVE_FOUND)
                icmp_use_addresses(icmp, answer->addresses, answer->n_addresses);
        else
                probe_finish(probe,
                             answer->result == RESOLVE_FAILED ? OBSERVATION_FAILED : OBSERVATION_ABSTAINED,
                             answer->detail);
}

static int icmp_start(Probe *probe) {
        g_autofree char *host = NULL;
        uint16_t port;
        Address address;
        Icmp *icmp;

        probe->work = icmp = g_new0(Icmp, 1);
        icmp->probe = probe;

        if (address_from_string(probe->target, &address) >= 0)
                host = g_strdup(probe->target);
        else if (target_split(probe->target, 0, &host, &port) >= 0 ||
                 target_split(probe->target, 1, &host, &port) < 0) {
                probe_finish(probe, OBSERVATION_ABSTAINED, "target is not a host");
                return 0;
        }
        return resolve_start(
                        probe->context->resolver, host, probe->interval, on_resolved, icmp, &icmp->resolve);
}

static void icmp_expired(Probe *probe) {
        Icmp *icmp = probe->work;
        const char *detail;
        ResolveResult result;

        if (!icmp->resolve)
                return probe_finish(probe, OBSERVATION_FAILED, "no reply");

        result = resolve_expire(TAKE_PTR(icmp->resolve), &detail);
        probe_finish(probe, result == RESOLVE_FAILED ? OBSERVATION_FAILED : OBSERVATION_ABSTAINED, detail);
}

static void icmp_cancel(Probe *probe) {
        Icmp *icmp = TAKE_PTR(probe->work);

        if (!icmp)
                return;
        (void) resolve_cancel(icmp->resolve);
        (void) echo_free(icmp->echo);
        (void) sd_event_source_disable_unref(icmp->next);
        g_free(icmp);
}

const ProbeVTable icmp_probe = {
        .start = icmp_start,
        .expired = icmp_expired,
        .cancel = icmp_cancel,
};
