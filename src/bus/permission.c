/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/permission.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/audit.h"
#include "bus/error.h"
#include "bus/internal.h"
#include "bus/polkit.h"
#include "bus/shared-bus.h"
#include "bus/weight.h"

const Permission permissions[] = {
        { BUS_INTERFACE_MANAGER, "Init", BUS_ACTION_TRUST },
        { BUS_INTERFACE_MANAGER, "ListPeers", NULL },
        { BUS_INTERFACE_MANAGER, "ListChecks", NULL },
        { BUS_INTERFACE_MANAGER, "ListAlerts", NULL },
        { BUS_INTERFACE_MANAGER, "ExplainCheck", NULL },
        { BUS_INTERFACE_MANAGER, "AddCheck", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "EditCheck", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "RemoveCheck", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "AddAlert", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "EditAlert", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "RemoveAlert", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "Diagnose", NULL },
        { BUS_INTERFACE_MANAGER, "GetDocument", NULL },
        { BUS_INTERFACE_MANAGER, "CheckDocument", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "ApplyDocument", BUS_ACTION_CONFIGURE },
        { BUS_INTERFACE_MANAGER, "EnableCheck", BUS_ACTION_PAUSE },
        { BUS_INTERFACE_MANAGER, "DisableCheck", BUS_ACTION_PAUSE },
        { BUS_INTERFACE_MANAGER, "EnableAlert", BUS_ACTION_PAUSE },
        { BUS_INTERFACE_MANAGER, "DisableAlert", BUS_ACTION_PAUSE },
        { BUS_INTERFACE_MANAGER, "TestAlert", BUS_ACTION_TEST },
        { BUS_INTERFACE_MANAGER, "TestCheck", BUS_ACTION_TEST },
        { BUS_INTERFACE_MANAGER, "ProbeNode", BUS_ACTION_PEERS },
        { BUS_INTERFACE_MANAGER, "AddNode", BUS_ACTION_PEERS },
        { BUS_INTERFACE_MANAGER, "EditNode", BUS_ACTION_PEERS },
        { BUS_INTERFACE_MANAGER, "RemoveNode", BUS_ACTION_PEERS },
        { BUS_INTERFACE_MANAGER, "ListTrust", NULL },
        { BUS_INTERFACE_MANAGER, "RemoveTrust", BUS_ACTION_TRUST },
        { BUS_INTERFACE_MANAGER, "ResetNode", BUS_ACTION_TRUST },
        { BUS_INTERFACE_LOG_CONTROL, "LogLevel", BUS_ACTION_CONFIGURE },
};
const size_t n_permissions = G_N_ELEMENTS(permissions);

/* One caller who is being looked up, and asked about. */
struct Question {
        Connection *connection;
        sd_bus_message *message;
        sd_bus_slot *slot;
        sd_bus_slot *watch; /* the caller's name, while polkit is asked: who is gone needs no answer */
        PolkitQuestion *polkit;
        sd_bus_message_handler_t handler;
        const Permission *permission;
        size_t weight; /* of the message, in bytes; 0: it is small */
        uid_t uid;
        pid_t pid;
};

Question *question_free(Question *question) {
        if (!question)
                return NULL;

        g_ptr_array_remove_fast(question->connection->questions, question);
        (void) polkit_question_free(question->polkit);
        (void) sd_bus_slot_unref(question->slot);
        (void) sd_bus_slot_unref(question->watch);
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

static bool may_do_all(uid_t uid) {
        return uid == 0 || uid == geteuid();
}

static int refuse(Connection *c, uid_t uid, const Permission *permission, sd_bus_error *reterr) {
        audit_refused(c->bus, uid, permission->member, permission->action);
        return bus_error_setf(
                        reterr,
                        SD_BUS_ERROR_ACCESS_DENIED,
                        "Only root and the daemon's own user may do this (%s).",
                        permission->action);
}

static int too_many(sd_bus_error *reterr) {
        return sd_bus_error_set(
                        reterr,
                        SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "Too many calls wait for permission already; wait for an answer, or try again.");
}

static int too_large(sd_bus_error *reterr) {
        return sd_bus_error_set(
                        reterr,
                        SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "The call is too large to be kept until it is known who calls and what he may.");
}

static int too_heavy(size_t bytes, const char *whose, sd_bus_error *reterr) {
        return bus_error_setf(
                        reterr,
                        SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "With this call those of %s that wait for permission would be larger than %zu MiB; "
                        "wait for an answer, or try again.",
                        whose,
                        bytes / (1024 * 1024));
}

/* ---- the answer ---- */

/* What the handler says is wrong is an entry of the journal too: the caller might have done it. */
static void turn_down(Question *q, const sd_bus_error *error, int r) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        bool untimely = sd_bus_error_has_name(error, BUS_ERROR_NOT_INITIALIZED) ||
                        sd_bus_error_has_name(error, SD_BUS_ERROR_LIMITS_EXCEEDED);

        if (sd_bus_error_is_set(error))
                (void) sd_bus_message_new_method_error(q->message, &reply, error);
        else
                (void) sd_bus_message_new_method_errno(q->message, &reply, r, NULL);
        audit_turned_down(
                        q->connection,
                        q->message,
                        q->permission,
                        untimely ? CHANGE_REFUSED : CHANGE_INVALID,
                        reply);
}

/* Calls the handler again, and answers for it as sd-bus would. */
static void enter_again(Question *q) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Connection *c = q->connection;
        int r;

        c->granted = q->message;
        c->granted_action = q->permission->action;
        c->uid = q->uid;
        c->pid = q->pid;
        r = q->handler(q->message, c, &error);
        c->granted = NULL;
        c->granted_action = NULL;
        if (r < 0 || sd_bus_error_is_set(&error))
                turn_down(q, &error, r);
}

/* A private client's, who need not be asked about. */
static void
enter_at_once(Connection *c,
              sd_bus_message *m,
              const Permission *permission,
              sd_bus_message_handler_t handler) {
        enter_again(&(Question){ .connection = c,
                                 .message = m,
                                 .handler = handler,
                                 .permission = permission,
                                 .uid = c->uid,
                                 .pid = c->pid });
}

static bool may_interact(sd_bus_message *m) {
        return sd_bus_message_get_allow_interactive_authorization(m) > 0;
}

static void on_decided(PolkitAnswer answer, const char *reason, void *userdata) {
        _cleanup_(question_freep) Question *q = userdata;
        const char *action = q->permission->action;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        switch (answer) {
        case POLKIT_YES:
                enter_again(q);
                return;
        case POLKIT_CHALLENGE:
                (void) bus_error_setf(
                                &error,
                                SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                "Authentication is required for this (%s), and %s.",
                                action,
                                may_interact(q->message)
                                                ? "no polkit agent runs that could ask the caller for it"
                                                : "the caller does not allow that a person is asked");
                break;
        case POLKIT_DISMISSED:
                (void) bus_error_setf(
                                &error,
                                SD_BUS_ERROR_ACCESS_DENIED,
                                "The question was dismissed (%s).",
                                action);
                break;
        case POLKIT_NO:
                (void) bus_error_setf(
                                &error,
                                SD_BUS_ERROR_ACCESS_DENIED,
                                "polkit does not allow this (%s).",
                                action);
                break;
        case POLKIT_UNREACHABLE:
                (void) bus_error_setf(
                                &error,
                                SD_BUS_ERROR_ACCESS_DENIED,
                                "Without polkit only root and the daemon's own user may do this (%s; "
                                "polkit: "
                                "%s).",
                                action,
                                reason ?: "no answer");
                break;
        }
        audit_refused(q->connection->bus, q->uid, q->permission->member, action);
        (void) sd_bus_reply_method_error(q->message, &error);
}

/* ---- the questions ---- */

/* Of the answer to GetConnectionCredentials, which has more than we need. */
static int read_credentials(sd_bus_message *m, uid_t *ret_uid, pid_t *ret_pid) {
        bool have_uid = false;
        const char *key;
        uint32_t value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r < 0)
                        break;
                if (g_str_equal(key, "UnixUserID")) {
                        r = sd_bus_message_read(m, "v", "u", &value);
                        *ret_uid = (uid_t) value;
                        have_uid = r >= 0;
                } else if (g_str_equal(key, "ProcessID")) {
                        r = sd_bus_message_read(m, "v", "u", &value);
                        *ret_pid = (pid_t) value;
                } else
                        r = sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : have_uid ? 0 : -ENODATA;
}

static int on_caller_gone(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        (void) question_free(userdata);
        return 0;
}

/* how many questions about this user polkit has not answered yet */
static unsigned n_asked_about(const Connection *c, uid_t uid) {
        unsigned n = 0;

        for (unsigned i = 0; i < c->questions->len; i++) {
                const Question *q = g_ptr_array_index(c->questions, i);

                n += q->polkit && q->uid == uid;
        }
        return n;
}

/* Nobody's calls may take all the memory: neither while it is looked up who calls, nor while a person is
 * asked. Small ones are bounded by their number, so those are never in each other's way. */
static int check_weight(const Question *question, sd_bus_error *reterr) {
        const Connection *c = question->connection;
        size_t asked = 0, of_user = 0, looked_up = 0;
        bool is_known = question->uid != (uid_t) -1;

        if (question->weight == 0)
                return 0;
        for (unsigned i = 0; i < c->questions->len; i++) {
                const Question *q = g_ptr_array_index(c->questions, i);

                if (!q->polkit)
                        looked_up += q->weight; /* with this one */
                else {
                        asked += q->weight;
                        of_user += q->uid == question->uid ? q->weight : 0;
                }
        }
        if (!is_known)
                return looked_up > LOOKED_UP_BYTES_MAX
                                       ? too_heavy(LOOKED_UP_BYTES_MAX, "all callers", reterr)
                                       : 0;
        return of_user + question->weight > POLKIT_BYTES_PER_USER
                               ? too_heavy(POLKIT_BYTES_PER_USER, "your user", reterr)
               : asked + question->weight > POLKIT_BYTES_MAX
                               ? too_heavy(POLKIT_BYTES_MAX, "all users", reterr)
                               : 0;
}

static int ask_polkit(Question *q) {
        const char *sender = sd_bus_message_get_sender(q->message);
        int r;

        r = connection_watch_name(q->connection, sender, on_caller_gone, q, &q->watch);
        if (r < 0)
                return r;
        return polkit_ask(
                        q->connection->sd,
                        sender,
                        q->permission->action,
                        q->permission->member,
                        may_interact(q->message),
                        on_decided,
                        q,
                        &q->polkit);
}

static int on_caller_known(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(question_freep) Question *q = userdata;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Connection *c = q->connection;
        int r;

        q->slot = sd_bus_slot_unref(q->slot);
        r = sd_bus_message_is_method_error(m, NULL) ? -ENXIO : read_credentials(m, &q->uid, &q->pid);
        if (r >= 0 && may_do_all(q->uid)) {
                enter_again(q);
                return 0;
        }
        /* polkit lives on the system bus; the session bus is its owner's alone */
        if (r >= 0 && c->bus->shared && shared_bus_of_system(c->bus->shared) == c->sd) {
                r = n_asked_about(c, q->uid) >= POLKIT_QUESTIONS_PER_USER ? too_many(&error)
                                                                          : check_weight(q, &error);
                if (r < 0) {
                        (void) sd_bus_reply_method_error(q->message, &error);
                        return 0;
                }
                r = ask_polkit(q);
                if (r >= 0) {
                        TAKE_PTR(q);
                        return 0;
                }
        }
        (void) refuse(c, q->uid, q->permission, &error);
        (void) sd_bus_reply_method_error(q->message, &error);
        return 0;
}

/* What is larger than one user's share could never wait. */
static int weigh(sd_bus_message *message, size_t *ret, sd_bus_error *reterr) {
        size_t weight;
        int r;

        r = message_weigh(message, &weight);
        if (r == -E2BIG || (r >= 0 && weight > POLKIT_BYTES_PER_USER))
                return too_large(reterr);
        if (r < 0)
                return r;
        *ret = weight > POLKIT_SMALL_BYTES ? weight : 0;
        return 0;
}

static int ask(Connection *c,
               sd_bus_message *message,
               const Permission *permission,
               sd_bus_message_handler_t handler,
               sd_bus_error *reterr) {
        _cleanup_(question_freep) Question *q = NULL;
        const char *sender = sd_bus_message_get_sender(message);
        int r;

        q = g_new0(Question, 1);
        *q = (Question){ .connection = c, .permission = permission, .handler = handler, .uid = (uid_t) -1 };
        q->message = sd_bus_message_ref(message);
        g_ptr_array_add(c->questions, q);
        r = weigh(message, &q->weight, reterr);
        if (r >= 0)
                r = check_weight(q, reterr);
        if (r < 0)
                return r;
        r = sd_bus_call_method_async(
                        c->sd,
                        &q->slot,
                        BUS_NAME_DRIVER,
                        BUS_PATH_DRIVER,
                        BUS_NAME_DRIVER,
                        "GetConnectionCredentials",
                        on_caller_known,
                        q,
                        "s",
                        sender);
        if (r < 0)
                return r;
        TAKE_PTR(q);
        return 0;
}

static unsigned n_questions_of(const Connection *c, const char *sender) {
        unsigned n = 0;

        for (unsigned i = 0; i < c->questions->len; i++) {
                const Question *q = g_ptr_array_index(c->questions, i);

                n += g_strcmp0(sd_bus_message_get_sender(q->message), sender) == 0;
        }
        return n;
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
        if (!permission->action || (connection->granted == message &&
                                    g_strcmp0(connection->granted_action, permission->action) == 0))
                return 1;
        if (connection->private) {
                if (!may_do_all(connection->uid))
                        return refuse(connection, connection->uid, permission, reterr);
                if (connection->granted == message)
                        return 1;
                enter_at_once(connection, message, permission, handler);
                return 0;
        }
        if (!sd_bus_message_get_sender(message))
                return refuse(connection, (uid_t) -1, permission, reterr);
        if (connection->questions->len >= BUS_QUEUE_MAX ||
            n_questions_of(connection, sd_bus_message_get_sender(message)) >= BUS_CALLS_PER_CALLER)
                return too_many(reterr);
        return ask(connection, message, permission, handler, reterr);
}
