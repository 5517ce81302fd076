/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* tcp: the target takes a connection. Nothing is sent. */

#include "probes/context.h"
#include "probes/kinds.h"

static void on_dialled(void *userdata, const DialOutcome *outcome) {
        Probe *probe = userdata;

        probe->work = NULL;
        probe_note_dial(probe, outcome);
        probe_finish(probe, probe_result_of_dial(outcome->result), outcome->detail);
}

static int tcp_start(Probe *probe) {
        g_autofree char *host = NULL;
        uint16_t port;

        if (target_split(probe->target, 0, &host, &port) < 0) {
                probe_finish(probe, OBSERVATION_ABSTAINED, "target is not HOST:PORT");
                return 0;
        }
        return dial_start(
                        &probe->context->dial,
                        host,
                        port,
                        probe->deadline_usec,
                        probe->interval,
                        on_dialled,
                        probe,
                        (Dial **) &probe->work);
}

static void tcp_expired(Probe *probe) {
        dial_expire(probe->work, on_dialled);
}

static void tcp_cancel(Probe *probe) {
        probe->work = dial_cancel(probe->work);
}

const ProbeVTable tcp_probe = {
        .start = tcp_start,
        .expired = tcp_expired,
        .cancel = tcp_cancel,
};
