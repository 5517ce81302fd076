/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Messages, calls and events of the transport to the parts they are for. */

#include "transport/transport.h"

extern const TransportCallbacks router_callbacks; /* userdata: the Manager */
