/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* pkttyagent(1), which asks on the terminal for the password that polkit wants before an action. It runs
 * from the first call that may need it to the end of quctl, for a person who is not root, on a bus of this
 * machine. */

#include "ctl/context.h"

/* Starts it once and waits until it is registered; where it cannot run, polkit's refusal says what is
 * missing. */
void agent_open(Context *context);
/* ends it; fine where none runs */
void agent_close(Context *context);
