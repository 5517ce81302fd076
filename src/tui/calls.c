/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/calls.h"

#include <assert.h>
#include <errno.h>

#include "base/names.h"

struct Calls {
        sd_event *event;
        Context *context;
        void (*over)(void *userdata);
        void *userdata;
        GPtrArray *list; /* of Call */
};

typedef struct Call {
        Calls *calls;
        sd_bus_slot *slot;
        sd_event_source *later; /* of one that could not be sent */
        char *error;            /* of that */
        usec_t timeout;
        FeedDone done; /* NULL: forgotten */
        void *userdata;
} Call;

/* ---- lifecycle ---- */

static void call_free(void *data) {
        Call *call = data;

        (void) sd_bus_slot_unref(call->slot);
        (void) sd_event_source_disable_unref(call->later);
        g_free(call->error);
        g_free(call);
}

Calls *calls_new(sd_event *event, Context *context, void (*over)(void *userdata), void *userdata) {
        Calls *calls = g_new0(Calls, 1);

        calls->event = sd_event_ref(event);
        calls->context = context;
        calls->over = over;
        calls->userdata = userdata;
        calls->list = g_ptr_array_new_with_free_func(call_free);
        return calls;
}

Calls *calls_free(Calls *calls) {
        if (!calls)
                return NULL;

        assert(calls->list->len == 0);
        g_ptr_array_unref(calls->list);
        (void) sd_event_unref(calls->event);
        g_free(calls);
        return NULL;
}

/* ---- answers ---- */

char *calls_error_text(sd_bus_message *reply, usec_t timeout) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        ExitStatus status;
        int r;

        if (!error)
                return NULL;
        r = -sd_bus_message_get_errno(reply);
        /* sd-bus has one name for an answer that is late and for one that will never come */
        if (r == -ETIMEDOUT && !sd_bus_is_open(sd_bus_message_get_bus(reply)))
                r = -ECONNRESET;
        return call_error_text(error, r, timeout, &status);
}

static void finish(Call *call, const char *error, sd_bus_message *reply) {
        Calls *calls = call->calls;

        if (call->done)
                call->done(error, reply, call->userdata);
        (void) g_ptr_array_remove_fast(calls->list, call);
        calls->over(calls->userdata);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Call *call = userdata;
        g_autofree char *error = NULL;

        error = calls_error_text(reply, call->timeout);
        finish(call, error, error ? NULL : reply);
        return 0;
}

static int on_not_sent(sd_event_source *source, void *userdata) {
        Call *call = userdata;

        finish(call, call->error, NULL);
        return 0;
}

/* ---- questions ---- */

static int
send(Call *call, sd_bus *bus, const char *member, unsigned bits, FeedArguments fill, void *fill_userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        const char *destination = call->calls->context->destination;
        int r;

        if (!bus)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(
                        bus, &request, destination, BUS_PATH, BUS_INTERFACE_MANAGER, member);
        if (r < 0)
                return r;
        if (bits & CALL_SENSITIVE) {
                r = sd_bus_message_sensitive(request);
                if (r < 0)
                        return r;
        }
        if (fill) {
                r = fill(request, fill_userdata);
                if (r < 0)
                        return r;
        }
        return sd_bus_call_async(bus, &call->slot, request, on_answer, call, call->timeout);
}

void calls_send(Calls *calls,
                sd_bus *bus,
                const char *member,
                unsigned bits,
                FeedArguments fill,
                void *fill_userdata,
                FeedDone done,
                void *userdata) {
        Call *call;
        int r;

        assert(calls);
        assert(member);

        call = g_new0(Call, 1);
        call->calls = calls;
        call->timeout = bits & CALL_LONG ? CALL_LONG_TIMEOUT_USEC : CALL_TIMEOUT_USEC;
        call->done = done;
        call->userdata = userdata;
        g_ptr_array_add(calls->list, call);

        r = send(call, bus, member, bits, fill, fill_userdata);
        if (r >= 0)
                return;
        call->error = r == -ENOTCONN ? g_strdup("the daemon is gone: nothing was asked of it")
                                     : g_strdup_printf("cannot make the request: %s", g_strerror(-r));
        (void) sd_event_add_defer(calls->event, &call->later, on_not_sent, call);
}

void calls_forget(Calls *calls, const void *userdata) {
        assert(calls);

        for (unsigned i = 0; i < calls->list->len; i++) {
                Call *call = g_ptr_array_index(calls->list, i);

                if (call->userdata == userdata)
                        call->done = NULL;
        }
}

void calls_end(Calls *calls, const char *text) {
        assert(calls);

        while (calls->list->len > 0)
                finish(g_ptr_array_index(calls->list, 0), text, NULL);
}
