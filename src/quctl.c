/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quctl: the client of quptimed. It speaks D-Bus only and reads no file of the daemon's. */

#include <glib.h>
#include <sys/resource.h>

#include "ctl/verbs.h"
#include "tui/dashboard.h"

int main(int argc, char *argv[]) {
        g_auto(GStrv) arguments = g_strdupv(argv);

        /* a password may be in memory */
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        /* before anything else: what is secret shall not stand in a process list while we run */
        argv_blank(argv, verb_flag_is_secret);

        return quctl_run(argc > 0 ? arguments + 1 : arguments, dashboard_run);
}
