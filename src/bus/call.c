/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/call.h"

#include <assert.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/audit.h"
#include "bus/error.h"
#include "bus/internal.h"

struct BusCall {
        Connection *connection;
        uid_t uid; /* of the caller; -1: not asked */
        sd_bus_message *message;
        bus_reply_t reply;
        sd_bus_slot *watch; /* on a shared bus: the caller's name */
        Audit *audit;       /* NULL: open to all */
        bool answered;
};

static int on_caller_gone(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        (void) bus_call_free(userdata);
        return 0;
}

static int too_many(unsigned n, sd_bus_error *reterr) {
        return bus_error_setf(
                        reterr,
                        SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "%u of your calls are waiting for their answers already; wait for one.",
                        n);
}

/* sender: NULL on a private connection, which is one caller's */
static int check_room(const Connection *c, const char *sender, uid_t uid, sd_bus_error *reterr) {
        unsigned of_caller = 0, of_user = 0;

        for (unsigned i = 0; i < c->calls->len; i++) {
                const BusCall *call = g_ptr_array_index(c->calls, i);

                of_caller += !c->private && g_strcmp0(sd_bus_message_get_sender(call->message), sender) == 0;
                of_user += uid != (uid_t) -1 && call->uid == uid;
        }
        return of_caller >= BUS_CALLS_PER_CALLER ? too_many(of_caller, reterr)
               : of_user >= BUS_CALLS_MAX        ? too_many(of_user, reterr)
                                                 : 0;
}

int bus_call_new(
                Connection *connection,
                sd_bus_message *message,
                bus_reply_t reply,
                BusCall **ret,
                sd_bus_error *reterr) {
        BusCall *call;
        uid_t uid;
        int r;

        assert(connection);
        assert(message);
        assert(reply);
        assert(ret);

        uid = connection->private || connection->granted == message ? connection->uid : (uid_t) -1;
        r = check_room(connection, sd_bus_message_get_sender(message), uid, reterr);
        if (r < 0)
                return r;

        call = g_new0(BusCall, 1);
        *call = (BusCall){ .connection = connection, .uid = uid, .reply = reply };
        call->message = sd_bus_message_ref(message);
        g_ptr_array_add(connection->calls, call);
        r = connection_watch_name(
                        connection, sd_bus_message_get_sender(message), on_caller_gone, call, &call->watch);
        if (r < 0) {
                call->answered = true; /* the manager does not know it yet */
                (void) bus_call_free(call);
                return r;
        }
        /* only it has such */
        call->audit = audit_new(
                        connection, message, BUS_INTERFACE_MANAGER, sd_bus_message_get_member(message));
        *ret = call;
        return 0;
}

BusCall *bus_call_free(BusCall *call) {
        if (!call)
                return NULL;

        if (!call->answered)
                manager_forget(call->connection->bus->manager, call);
        (void) audit_free(call->audit);
        g_ptr_array_remove_fast(call->connection->calls, call);
        (void) sd_bus_slot_unref(call->watch);
        (void) sd_bus_message_unref(call->message);
        g_free(call);
        return NULL;
}

static const char *error_name(ChangeOutcome outcome) {
        switch (outcome) {
        case CHANGE_INVALID:
                return BUS_ERROR_INVALID;
        case CHANGE_EXISTS:
                return BUS_ERROR_EXISTS;
        case CHANGE_NOT_FOUND:
                return BUS_ERROR_NOT_FOUND;
        case CHANGE_CONFLICT:
                return BUS_ERROR_CONFLICT;
        case CHANGE_REFUSED:
                return BUS_ERROR_REFUSED;
        case CHANGE_NO_QUORUM:
                return BUS_ERROR_NO_QUORUM;
        case CHANGE_UNKNOWN_OUTCOME:
                return BUS_ERROR_UNKNOWN_OUTCOME;
        default:
                return BUS_ERROR_FAILED;
        }
}

static int make_answer(BusCall *call, const ManagerAnswer *answer, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        r = call->reply(reply, call->connection->bus, answer);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reply);
        return 0;
}

static int make_reply(BusCall *call, const ManagerAnswer *answer, sd_bus_message **ret) {
        int r;

        if (answer->outcome != CHANGE_DONE)
                return sd_bus_message_new_method_errorf(
                                call->message,
                                ret,
                                error_name(answer->outcome),
                                "%s",
                                answer->text && *answer->text ? answer->text
                                                              : change_outcome_to_string(answer->outcome));
        r = make_answer(call, answer, ret);
        return r < 0 ? sd_bus_message_new_method_errno(call->message, ret, r, NULL) : r;
}

void bus_call_answered(void *userdata, const ManagerAnswer *answer) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        BusCall *call = userdata;

        assert(call);
        assert(answer);

        call->answered = true;
        (void) make_reply(call, answer, &reply);
        /* what the answer is about is announced before it, where there is room */
        (void) connection_pump(call->connection, BUS_QUEUE_LOW);
        audit_answered(TAKE_PTR(call->audit), answer, reply);
        (void) bus_call_free(call);
}
