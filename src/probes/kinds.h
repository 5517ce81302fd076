/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kinds of probes, for the table in probe.c. */

#include "probes/probe.h"

extern const ProbeVTable http_probe;
extern const ProbeVTable tcp_probe;
extern const ProbeVTable icmp_probe;
