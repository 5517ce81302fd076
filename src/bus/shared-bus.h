/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The system or session bus: connect, own the name, and when it goes away come back to it. */

#include "bus/internal.h"

SharedBus *shared_bus_new(Bus *bus, BusKind kind, usec_t retry_usec, usec_t patience_usec);
SharedBus *shared_bus_free(SharedBus *shared);

/* where systemd1, login1 and polkit can be asked; NULL: not on the system bus, or not there now */
sd_bus *shared_bus_of_system(const SharedBus *shared);
/* the name is owned, or there is no bus, or it does not let us have the name */
bool shared_bus_is_settled(const SharedBus *shared);
/* its connection has died and is about to be freed */
void shared_bus_lost(SharedBus *shared, const Connection *connection);
