/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one run of quctl knows: the options that stand before the verb, and the connection once there is one.
 * A verb answers with an exit status; scripts rely on these numbers (quctl(1), EXIT STATUS). */

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>
#include <systemd/sd-bus.h>

typedef enum ExitStatus {
        STATUS_DONE = 0,
        STATUS_FAILED = 1, /* refused or failed; one line on standard error says what to do */
        STATUS_USAGE = 2,
        STATUS_NO_DAEMON = 3,
        STATUS_NO_QUORUM = 4,
        STATUS_DIFFERENT = 5, /* config diff alone: something differs */
        STATUS_NOT_FOUND      /* never an exit status: what CALL_MAY_MISS asks for (ctl/call.h) */
} ExitStatus;

typedef enum BusChoice {
        BUS_CHOOSE, /* $QUPTIME_SOCKET, else the system bus, else the private socket */
        BUS_SYSTEM,
        BUS_SESSION,
        BUS_ADDRESS
} BusChoice;

typedef enum JsonMode { JSON_OFF, JSON_SHORT, JSON_PRETTY, _JSON_MODE_MAX } JsonMode;

typedef struct Context Context;
struct Context {
        BusChoice bus_choice;
        char *address; /* of BUS_ADDRESS */
        char *host;    /* over ssh, as [USER@]HOST; NULL: this one */
        char *machine; /* a local container, as [USER@]NAME; NULL: none */
        bool no_ask_password;
        JsonMode json;
        bool quiet;
        bool no_legend;
        bool full;
        bool no_pager;
        bool stdin_taken; /* one option has read standard input to its end */
        sd_bus *bus;
        char *private_address;   /* of the private socket that bus is a connection to, or NULL */
        const char *destination; /* NULL on a private socket: there is only one who can answer */
        bool lookup;             /* a look for names: it starts no daemon, and nobody waits for long */
        bool may_ask;            /* the daemon may let polkit ask a person for a password */
        pid_t pager;             /* the child that shows the output (ctl/pager.h); 0: none */
        pid_t agent;             /* the child that asks for it (ctl/agent.h); 0: none */
        ExitStatus (*dashboard)(Context *context); /* what the verb tui runs */
};

/* closes the connection, ends the agent */
void context_done(Context *context);
