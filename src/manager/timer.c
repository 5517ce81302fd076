/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/timer.h"

#include <assert.h>
#include <time.h>

usec_t now_realtime(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

int timer_arm(sd_event *event,
              sd_event_source **source,
              usec_t deadline_usec,
              usec_t accuracy_usec,
              sd_event_time_handler_t handler,
              void *userdata) {
        int r;

        assert(event);
        assert(source);

        if (deadline_usec == USEC_INFINITY)
                return *source ? sd_event_source_set_enabled(*source, SD_EVENT_OFF) : 0;

        if (!*source)
                return sd_event_add_time(
                                event,
                                source,
                                CLOCK_BOOTTIME,
                                deadline_usec,
                                accuracy_usec,
                                handler,
                                userdata);

        r = sd_event_source_set_time(*source, deadline_usec);
        if (r < 0)
                return r;

        return sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

int end_of_turn(sd_event *event, sd_event_source **source, sd_event_handler_t handler, void *userdata) {
        int r;

        assert(event);
        assert(source);

        if (!*source) {
                r = sd_event_add_defer(event, source, handler, userdata);
                if (r < 0)
                        return r;

                r = sd_event_source_set_priority(*source, SD_EVENT_PRIORITY_IDLE);
                if (r < 0)
                        return r;
        }
        return sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}
