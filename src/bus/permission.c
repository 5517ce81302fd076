/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/permission.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/error.h"
#include "bus/internal.h"

const Permission permissions[] = {
        { BUS_INTERFACE_MANAGER, "Init", BUS_ACTION_INIT },
        { BUS_INTERFACE_MANAGER, "ListPeers", NULL },
        { BUS_INTERFACE_MANAGER, "ListChecks", NULL },
        { BUS_INTERFACE_MANAGER, "ListAlerts", NULL },
        { BUS_INTERFACE_MANAGER, "AddCheck", BUS_ACTION_CHECKS },
        { BUS_INTERFACE_MANAGER, "EditCheck", BUS_ACTION_CHECKS },
        { BUS_INTERFACE_MANAGER, "RemoveCheck", BUS_ACTION_CHECKS },
        { BUS_INTERFACE_MANAGER, "AddAlert", BUS_ACTION_ALERTS },
        { BUS_INTERFACE_MANAGER, "EditAlert", BUS_ACTION_ALERTS },
        { BUS_INTERFACE_MANAGER, "RemoveAlert", BUS_ACTION_ALERTS },
        { BUS_INTERFACE_MANAGER, "TestAlert", BUS_ACTION_TEST },
        { BUS_INTERFACE_MANAGER, "ProbeNode", BUS_ACTION_NODES },
        { BUS_INTERFACE_MANAGER, "AddNode", BUS_ACTION_NODES },
        { BUS_INTERFACE_MANAGER, "RemoveNode", BUS_ACTION_NODES },
        { BUS_INTERFACE_MANAGER, "ListTrust", NULL },
        { BUS_INTERFACE_MANAGER, "RemoveTrust", BUS_ACTION_NODES },
        { BUS_INTERFACE_MANAGER, "ResetNode", BUS_ACTION_NODES },
        { BUS_INTERFACE_LOG_CONTROL, "LogLevel", BUS_ACTION_LOG },
};
const size_t n_permissions = G_N_ELEMENTS(permissions);

/* One caller whose identity is being asked for. */
struct Question {
        Connection *connection;
        sd_bus_message *message;
        sd_bus_slot *slot;
        sd_bus_message_handler_t handler;
        const char *action;
};

Question *question_free(Question *question) {
        if (!question)
                return NULL;

        g_ptr_array_remove_fast(question->connection->questions, question);
        (void) sd_bus_slot_unref(question->slot);
        (void) sd_bus_message_unref(question->message);
        g_free(question);
        return NULL;
}
DEFINE_CLEANUP(Question, question_free);

const Permission *permission_find(const char *interface, const char *member) {
        for (size_t i = 0; i < n_permissions; i++)
                if (g_strcmp0(permissions[i].interface, interface) == 0 &&
                    g_strcmp0(permissions[i].member, member) == 0)
                        return &permissions[i];
        return NULL;
}

static int refuse(const char *action, sd_bus_error *reterr) {
        return bus_error_setf(
                        reterr,
                        SD_BUS_ERROR_ACCESS_DENIED,
                        "Only root and the daemon's own user may do this (%s).",
                        action);
}

static bool may_do_all(uid_t uid) {
        return uid == 0 || uid == geteuid();
}

/* Calls the handler again, and answers for it as sd-bus would. */
static void enter_again(Question *q, uid_t uid) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Connection *c = q->connection;
        int r;

        c->granted = q->message;
        c->uid = uid;
        r = q->handler(q->message, c, &error);
        c->granted = NULL;

        if (sd_bus_error_is_set(&error))
                (void) sd_bus_reply_method_error(q->message, &error);
        else if (r < 0)
                (void) sd_bus_reply_method_errno(q->message, r, NULL);
}

static int on_caller_known(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(question_freep) Question *q = userdata;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint32_t uid;

        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "u", &uid) > 0 &&
            may_do_all((uid_t) uid)) {
                enter_again(q, (uid_t) uid);
                return 0;
        }
        (void) refuse(q->action, &error);
        (void) sd_bus_reply_method_error(q->message, &error);
        return 0;
}

static int
ask(Connection *c, sd_bus_message *message, const char *action, sd_bus_message_handler_t handler) {
        _cleanup_(question_freep) Question *q = NULL;
        int r;

        q = g_new0(Question, 1);
        *q = (Question){ .connection = c, .action = action, .handler = handler };
        q->message = sd_bus_message_ref(message);
        g_ptr_array_add(c->questions, q);
        r = sd_bus_call_method_async(
                        c->sd,
                        &q->slot,
                        BUS_NAME_DRIVER,
                        BUS_PATH_DRIVER,
                        BUS_NAME_DRIVER,
                        "GetConnectionUnixUser",
                        on_caller_known,
                        q,
                        "s",
                        sd_bus_message_get_sender(message));
        if (r < 0)
                return r;
        TAKE_PTR(q);
        return 0;
}

int permission_check(
                Connection *connection,
                sd_bus_message *message,
                const char *interface,
                const char *member,
                sd_bus_message_handler_t handler,
                sd_bus_error *reterr) {
        const Permission *permission;

        assert(connection);
        assert(message);
        assert(handler);

        permission = permission_find(interface, member);
        if (!permission)
                return bus_error_setf(
                                reterr,
                                SD_BUS_ERROR_ACCESS_DENIED,
                                "Nobody may call %s.%s.",
                                interface,
                                member);
        if (!permission->action || connection->granted == message)
                return 1;
        if (connection->private)
                return may_do_all(connection->uid) ? 1 : refuse(permission->action, reterr);
        if (!sd_bus_message_get_sender(message))
                return refuse(permission->action, reterr);
        if (connection->questions->len >= BUS_QUEUE_MAX)
                return sd_bus_error_set(
                                reterr,
                                SD_BUS_ERROR_LIMITS_EXCEEDED,
                                "Too many callers at once; try again.");
        return ask(connection, message, permission->action, handler);
}
