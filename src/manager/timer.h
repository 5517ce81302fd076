/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One-shot timers and end-of-turn calls on the loop, by their owner's pointer to the source. Instants are
 * CLOCK_BOOTTIME. sd-event's accuracy 0 means 250 ms, so every timer names its own. */

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/usec.h"
#include "probes/clock.h"

#define TIMER_EXACT (1 * USEC_PER_MSEC)     /* consensus */
#define TIMER_RELAXED (100 * USEC_PER_MSEC) /* schedules, retries */

/* afresh, not the loop's cached instant */
usec_t now_realtime(void); /* and now_boottime() of probes/clock.h */

/* (Re)arms *source for deadline_usec; USEC_INFINITY disarms it. The handler finds it disarmed. */
int timer_arm(sd_event *event,
              sd_event_source **source,
              usec_t deadline_usec,
              usec_t accuracy_usec,
              sd_event_time_handler_t handler,
              void *userdata);

/* Has the handler called once, after everything else that is ready in this turn. */
int end_of_turn(sd_event *event, sd_event_source **source, sd_event_handler_t handler, void *userdata);
