/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/loop.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <time.h>

#include "base/limits.h"
#include "probes/clock.h"

/* Going through GLib for each event would cost more than most events do; a limit keeps libsoup alive when
 * ours never stop. */
#define EVENTS_PER_DISPATCH 64

typedef struct EventSource {
        GSource source;
        sd_event *event;
        GPollFD poll;
} EventSource;

struct Loop {
        sd_event *event;
        GMainContext *context;
        GSource *source;
        GPollFD *polls;
        int n_polls;

        usec_t watch_usec;
        loop_alive_t alive;
        void *userdata;
        sd_event_source *watch;
        unsigned watch_idle; /* GLib's source, 0: none */

        usec_t woke_usec; /* 0: asleep or not running */
        usec_t longest_usec;
        usec_t stalled_usec;
};

/* ---- sd-event as a GSource, see sd_event_get_fd(3) ---- */

/* What is pending stays so when GLib had something more urgent; what is armed is looked at before it sleeps.
 */
static gboolean event_is_ready(sd_event *event) {
        switch (sd_event_get_state(event)) {
        case SD_EVENT_PENDING:
                return true;
        case SD_EVENT_ARMED:
                return sd_event_wait(event, 0) > 0;
        default:
                return false;
        }
}

static gboolean event_prepare(GSource *source, int *ret_timeout) {
        EventSource *s = (EventSource *) source;

        *ret_timeout = -1;
        if (event_is_ready(s->event))
                return true;
        return sd_event_get_state(s->event) == SD_EVENT_INITIAL && sd_event_prepare(s->event) > 0;
}

static gboolean event_check(GSource *source) {
        return event_is_ready(((EventSource *) source)->event);
}

static gboolean event_dispatch(GSource *source, GSourceFunc callback, void *userdata) {
        EventSource *s = (EventSource *) source;
        int r;

        r = sd_event_dispatch(s->event);
        for (unsigned i = 1; r > 0 && i < EVENTS_PER_DISPATCH; i++)
                r = sd_event_run(s->event, 0);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs event_source_functions = {
        .prepare = event_prepare,
        .check = event_check,
        .dispatch = event_dispatch,
};

static GSource *event_source_new(sd_event *event) {
        GSource *source = g_source_new(&event_source_functions, sizeof(EventSource));
        EventSource *s = (EventSource *) source;

        s->event = event; /* the loop holds the reference and outlives the source */
        s->poll = (GPollFD){ .fd = sd_event_get_fd(event), .events = G_IO_IN | G_IO_HUP | G_IO_ERR };
        g_source_add_poll(source, &s->poll);
        g_source_set_priority(source, G_PRIORITY_HIGH);
        g_source_set_static_name(source, "sd-event");
        return source;
}

/* ---- lifecycle ---- */

int loop_new(Loop **ret) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        int r;

        assert(ret);

        loop = g_new0(Loop, 1);
        r = sd_event_default(&loop->event);
        if (r < 0)
                return r;

        loop->context = g_main_context_ref_thread_default();
        if (!g_main_context_acquire(loop->context)) {
                g_clear_pointer(&loop->context, g_main_context_unref);
                return -EBUSY;
        }
        loop->source = event_source_new(loop->event);
        (void) g_source_attach(loop->source, loop->context);

        *ret = TAKE_PTR(loop);
        return 0;
}

Loop *loop_free(Loop *loop) {
        if (!loop)
                return NULL;

        if (loop->source) {
                g_source_destroy(loop->source);
                g_source_unref(loop->source);
        }
        if (loop->context) {
                g_main_context_release(loop->context);
                g_main_context_unref(loop->context);
        }
        (void) sd_event_source_disable_unref(loop->watch);
        if (loop->watch_idle > 0)
                g_source_remove(loop->watch_idle);
        (void) sd_event_unref(loop->event);
        g_free(loop->polls);
        g_free(loop);
        return NULL;
}

sd_event *loop_event(Loop *loop) {
        assert(loop);
        return loop->event;
}

/* ---- steps ---- */

static void loop_measure(Loop *loop) {
        usec_t now = now_boottime(), turn = loop->woke_usec > 0 ? now - loop->woke_usec : 0;

        loop->longest_usec = MAX(loop->longest_usec, turn);
        if (turn > LOOP_STALL_USEC)
                loop->stalled_usec = now;
}

static int poll_timeout(int of_glib, usec_t timeout_usec) {
        int msec = timeout_usec >= (usec_t) INT_MAX * USEC_PER_MSEC
                                   ? -1
                                   : (int) ((timeout_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);

        if (of_glib < 0)
                return msec;
        return msec < 0 ? of_glib : MIN(of_glib, msec);
}

/* What g_main_context_iteration() does, taken apart so that sleeping does not count as work. */
int loop_turn(Loop *loop, usec_t timeout_usec) {
        int priority, timeout, n;

        assert(loop);

        (void) g_main_context_prepare(loop->context, &priority);
        while ((n = g_main_context_query(loop->context, priority, &timeout, loop->polls, loop->n_polls)) >
               loop->n_polls) {
                loop->polls = g_renew(GPollFD, loop->polls, n);
                loop->n_polls = n;
        }

        loop_measure(loop);
        loop->woke_usec = 0;
        (void) g_poll(loop->polls, (unsigned) n, poll_timeout(timeout, timeout_usec));
        loop->woke_usec = now_boottime();

        if (g_main_context_check(loop->context, priority, loop->polls, n))
                g_main_context_dispatch(loop->context);
        return 0;
}

int loop_run(Loop *loop) {
        int code = 0, r;

        assert(loop);

        loop->woke_usec = now_boottime();
        while (sd_event_get_state(loop->event) != SD_EVENT_FINISHED) {
                r = loop_turn(loop, USEC_INFINITY);
                if (r < 0)
                        return r;
        }
        loop_measure(loop);
        loop->woke_usec = 0;

        r = sd_event_get_exit_code(loop->event, &code);
        return r < 0 ? r : code;
}

void loop_quit(Loop *loop, int code) {
        assert(loop);
        (void) sd_event_exit(loop->event, code);
}

/* ---- being alive ---- */

static gboolean on_watch_idle(void *userdata) {
        Loop *loop = userdata;

        loop->watch_idle = 0;
        loop->alive(loop->userdata);
        return G_SOURCE_REMOVE;
}

static int on_watch(sd_event_source *source, uint64_t usec, void *userdata) {
        Loop *loop = userdata;

        if (loop->watch_idle == 0) /* of the priority that libsoup's sources have */
                loop->watch_idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_watch_idle, loop, NULL);
        (void) sd_event_source_set_time_relative(source, loop->watch_usec);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int loop_watch(Loop *loop, usec_t every_usec, loop_alive_t alive, void *userdata) {
        assert(loop);
        assert(!loop->watch);
        assert(every_usec > 0);
        assert(alive);

        loop->watch_usec = every_usec;
        loop->alive = alive;
        loop->userdata = userdata;
        return sd_event_add_time_relative(
                        loop->event,
                        &loop->watch,
                        CLOCK_MONOTONIC,
                        /* usec= */ 0,
                        every_usec / 8,
                        on_watch,
                        loop);
}

/* ---- questions ---- */

usec_t loop_watched(const Loop *loop) {
        assert(loop);
        return loop->watch ? loop->watch_usec : 0;
}

usec_t loop_longest_turn(Loop *loop, bool reset) {
        usec_t longest;

        assert(loop);

        loop_measure(loop);
        longest = loop->longest_usec;
        if (reset) {
                loop->longest_usec = 0;
                if (loop->woke_usec > 0)
                        loop->woke_usec = now_boottime(); /* what was told is not told again */
        }
        return longest;
}

usec_t loop_stalled_usec(Loop *loop) {
        assert(loop);

        loop_measure(loop);
        return loop->stalled_usec;
}
