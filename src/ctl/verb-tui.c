/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>

#include "ctl/verbs.h"

static ExitStatus run_tui(Context *context, const Arguments *arguments) {
        assert(context->dashboard);

        return context->dashboard(context);
}

const Verb verb_tui = {
        .name = "tui",
        .help = "show a dashboard on the whole terminal",
        .more = "Peers, checks and alerts, kept up to date; \"?\" lists the keys, \"q\" quits.\n",
        .run = run_tui,
};
