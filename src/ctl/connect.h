/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way to the daemon: a set $QUPTIME_SOCKET, else the system bus if the daemon's name has an owner there,
 * else the private socket, and where nobody listens on that the system bus if it can start the daemon; or
 * what the options before the verb say. */

#include "ctl/context.h"

/* A socket's path as a D-Bus address ("unix:path=…", escaped); what is an address already is only copied. */
char *address_from_text(const char *text);

/* Connects once; a second call does nothing. Prints what is wrong, STATUS_NO_DAEMON mostly. */
ExitStatus daemon_connect(Context *context);
/* The same, but gives the sentence (which caller frees and shows escaped) instead of printing it. */
ExitStatus daemon_connect_quietly(Context *context, char **reterr_text);
/* Opens another connection, the way that the first one was made, and waits for nothing: whether somebody
 * answers the first call says. The context keeps the one that it has. 0 or -errno. */
int daemon_reconnect(Context *context, sd_bus **ret);
/* One line that says how the daemon is started, for messages. */
#define START_COMMANDS                                                                                      \
        "run \"quptimed\" in the foreground, or \"systemctl start quptime\" where its unit is installed"
