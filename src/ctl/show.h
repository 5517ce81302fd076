/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The tables that status and the list verbs share, with the original's columns and legends. */

#include "ctl/context.h"
#include "ctl/rows.h"

/* node, term, master, quorum, config ver; and the hint, where there is one */
void show_node(const NodeStatus *node);
void show_peers(const Context *context, const GPtrArray *peers);
void show_checks(const Context *context, const GPtrArray *checks, usec_t now_realtime);

/* the words of two cells; caller frees */
char *check_alerts_text(const GPtrArray *alerts); /* of EffectiveAlert: "oncall*,boss", or "-" */
char *check_state_text(const CheckRow *check, usec_t now_realtime);
