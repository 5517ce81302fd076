/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each call is made without allowing that a person is asked for a password, for that would be asked on the
 * terminal that the dashboard has. Where polkit says that this is what it takes, the observer gives the
 * terminal away, pkttyagent(1) is started, and the same call is made again. */

#include "tui/calls.h"

#include <assert.h>
#include <errno.h>

#include "base/names.h"
#include "ctl/agent.h"

struct Calls {
        sd_event *event;
        Context *context;
        const CallsObserver *observer;
        void *userdata;
        GPtrArray *list;     /* of Call */
        struct Call *asking; /* the one about which a person is asked; NULL: none */
};

typedef struct Call {
        Calls *calls;
        sd_bus_slot *slot;
        sd_bus_message *request;
        unsigned bits;
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
        (void) sd_bus_message_unref(call->request);
        (void) sd_event_source_disable_unref(call->later);
        g_free(call->error);
        g_free(call);
}

Calls *calls_new(sd_event *event, Context *context, const CallsObserver *observer, void *userdata) {
        Calls *calls = g_new0(Calls, 1);

        calls->event = sd_event_ref(event);
        calls->context = context;
        calls->observer = observer;
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

/* ---- a person ---- */

static void end_asking(Call *call) {
        Calls *calls = call->calls;

        if (calls->asking != call)
                return;
        calls->asking = NULL;
        agent_close(calls->context);
        calls->observer->asking(calls->userdata, /* begins= */ false);
}

/* the same once more, but now somebody may be asked */
static int send_again(Call *call, sd_bus *bus, sd_bus_message_handler_t answered) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                        bus,
                        &request,
                        call->calls->context->destination,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        sd_bus_message_get_member(call->request));
        if (r < 0)
                return r;
        if (call->bits & CALL_SENSITIVE) {
                r = sd_bus_message_sensitive(request);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_rewind(call->request, /* complete= */ 1);
        if (r < 0)
                return r;
        r = sd_bus_message_copy(request, call->request, /* all= */ 1);
        if (r < 0)
                return r;
        r = sd_bus_message_set_allow_interactive_authorization(request, 1);
        if (r < 0)
                return r;
        call->timeout += CALL_PERSON_TIMEOUT_USEC;
        call->slot = sd_bus_slot_unref(call->slot);
        return sd_bus_call_async(bus, &call->slot, request, answered, call, call->timeout);
}

/* true: the answer is still to come */
static bool begin_asking(Call *call, sd_bus_message *reply, sd_bus_message_handler_t answered) {
        Calls *calls = call->calls;

        if (calls->asking || !calls->context->may_ask ||
            !sd_bus_error_has_name(
                            sd_bus_message_get_error(reply),
                            SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
                return false;

        calls->asking = call;
        calls->observer->asking(calls->userdata, /* begins= */ true);
        agent_open(calls->context);
        if (calls->context->agent > 0 && send_again(call, sd_bus_message_get_bus(reply), answered) >= 0)
                return true;
        end_asking(call);
        return false;
}

/* ---- the end of a call ---- */

static void finish(Call *call, const char *error, sd_bus_message *reply) {
        Calls *calls = call->calls;

        end_asking(call);
        if (call->done)
                call->done(error, reply, call->userdata);
        (void) g_ptr_array_remove_fast(calls->list, call);
        calls->observer->over(calls->userdata);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Call *call = userdata;
        g_autofree char *error = NULL;

        if (begin_asking(call, reply, on_answer))
                return 0;
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

static int send(Call *call, sd_bus *bus, const char *member, FeedArguments fill, void *fill_userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        const char *destination = call->calls->context->destination;
        int r;

        if (!bus)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(
                        bus, &request, destination, BUS_PATH, BUS_INTERFACE_MANAGER, member);
        if (r < 0)
                return r;
        if (call->bits & CALL_SENSITIVE) {
                r = sd_bus_message_sensitive(request);
                if (r < 0)
                        return r;
        }
        if (fill) {
                r = fill(request, fill_userdata);
                if (r < 0)
                        return r;
        }
        call->request = sd_bus_message_ref(request);
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
        call->bits = bits;
        call->timeout = bits & CALL_LONG ? CALL_LONG_TIMEOUT_USEC : CALL_TIMEOUT_USEC;
        call->done = done;
        call->userdata = userdata;
        g_ptr_array_add(calls->list, call);

        r = send(call, bus, member, fill, fill_userdata);
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
