/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How much memory a message takes that is held: about the size of its arguments. sd-bus tells nobody, so
 * they are walked through, which takes the longer the more parts they have: past MESSAGE_PARTS_MAX nobody
 * counts on. */

#include <systemd/sd-bus.h>

/* Bytes. The message is to be read from its start afterwards. -E2BIG: too many parts; other negative: it
 * cannot be read. */
int message_weigh(sd_bus_message *message, size_t *ret);
