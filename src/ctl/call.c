/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/call.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/names.h"
#include "ctl/agent.h"
#include "ctl/connect.h"
#include "ctl/text.h"

/* what an error's name means for the exit status; all others are STATUS_FAILED */
static ExitStatus status_of_error(const sd_bus_error *error) {
        static const struct {
                const char *name;
                ExitStatus status;
        } table[] = {
                { BUS_ERROR_NO_QUORUM, STATUS_NO_QUORUM },
                { SD_BUS_ERROR_SERVICE_UNKNOWN, STATUS_NO_DAEMON },
                { SD_BUS_ERROR_NAME_HAS_NO_OWNER, STATUS_NO_DAEMON },
                { SD_BUS_ERROR_DISCONNECTED, STATUS_NO_DAEMON },
                { "org.freedesktop.DBus.Error.Spawn.ServiceNotFound", STATUS_NO_DAEMON },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if (sd_bus_error_has_name(error, table[i].name))
                        return table[i].status;
        return STATUS_FAILED;
}

static bool is_ours(const sd_bus_error *error) {
        return error->name && g_str_has_prefix(error->name, BUS_NAME ".Error.");
}

static usec_t call_timeout(const Context *context, unsigned bits) {
        usec_t timeout = context->lookup    ? CALL_LOOKUP_TIMEOUT_USEC
                         : bits & CALL_LONG ? CALL_LONG_TIMEOUT_USEC
                                            : CALL_TIMEOUT_USEC;

        return context->may_ask && !(bits & CALL_READS) ? timeout + CALL_PERSON_TIMEOUT_USEC : timeout;
}

char *call_error_text(const sd_bus_error *error, int r, usec_t timeout, ExitStatus *ret_status) {
        ExitStatus status;
        const char *text;

        assert(error);
        assert(ret_status);

        text = error->message ?: g_strerror(-r);
        status = *ret_status = status_of_error(error);
        /* an error with a name of the daemon's own carries the sentence to show */
        if (is_ours(error))
                return g_strdup(error->message && *error->message ? error->message : error->name);
        if (status == STATUS_NO_DAEMON && !sd_bus_error_has_name(error, SD_BUS_ERROR_DISCONNECTED))
                return g_strdup("no daemon owns the name " BUS_NAME " on this bus: " START_COMMANDS);

        switch (-r) {
        case ETIMEDOUT:
                *ret_status = STATUS_FAILED;
                return g_strdup_printf(
                                "the daemon did not answer within %" G_GUINT64_FORMAT
                                " s; what came of it is not known, \"quctl status\" may show it",
                                timeout / USEC_PER_SEC);
        case ECONNRESET:
        case ENOTCONN:
        case EPIPE:
                *ret_status = STATUS_NO_DAEMON;
                return g_strdup("the daemon closed the connection before it answered; " START_COMMANDS
                                " if it is gone");
        case EACCES:
        case EPERM:
                *ret_status = STATUS_FAILED;
                /* a sentence, which goes on here */
                return g_strdup_printf(
                                "the daemon refuses this: %.*s; run quctl as root or as the daemon's user",
                                (int) strlen(text) - g_str_has_suffix(text, "."),
                                text);
        default:
                return g_strdup(text);
        }
}

static ExitStatus call_failed(const sd_bus_error *error, int r, usec_t timeout) {
        g_autofree char *text = NULL;
        ExitStatus status;

        text = call_error_text(error, r, timeout, &status);
        return fail(status, "%s", text);
}

static ExitStatus request_failed(int error) {
        return fail(STATUS_FAILED, "cannot make the request: %s", g_strerror(-error));
}

/* A call of the daemon's root object, on a connection that is made when there is none. */
static ExitStatus
request_new(Context *context,
            const char *interface,
            const char *member,
            unsigned bits,
            sd_bus_message **ret) {
        ExitStatus status;
        int r;

        status = daemon_connect(context);
        if (status != STATUS_DONE)
                return status;

        r = sd_bus_message_new_method_call(
                        context->bus, ret, context->destination, BUS_PATH, interface, member);
        if (r >= 0 && context->lookup)
                r = sd_bus_message_set_auto_start(*ret, /* b= */ 0);
        if (r >= 0 && bits & CALL_SENSITIVE)
                r = sd_bus_message_sensitive(*ret);
        return r < 0 ? request_failed(r) : STATUS_DONE;
}

void call_error_done(CallError *error) {
        g_free(error->name);
        g_free(error->text);
        *error = (CallError){ 0 };
}

static ExitStatus
request_send(Context *context,
             sd_bus_message *request,
             unsigned bits,
             sd_bus_message **ret_reply,
             CallError *reterr) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const usec_t timeout = call_timeout(context, bits);
        int r;

        if (!(bits & CALL_READS))
                agent_open(context);
        r = sd_bus_call(context->bus, request, timeout, &error, &reply);
        if (r < 0) {
                if (bits & CALL_MAY_MISS && sd_bus_error_has_name(&error, BUS_ERROR_NOT_FOUND))
                        return STATUS_NOT_FOUND;
                if (reterr && is_ours(&error)) {
                        *reterr = (CallError){
                                .name = g_strdup(error.name),
                                .text =
                                                g_strdup(error.message && *error.message ? error.message
                                                                                         : error.name),
                        };
                        return status_of_error(&error);
                }
                return call_failed(&error, r, timeout);
        }

        if (ret_reply)
                *ret_reply = TAKE_PTR(reply);
        return STATUS_DONE;
}

static ExitStatus
call_with(Context *context,
          const char *member,
          unsigned bits,
          sd_bus_message **ret_reply,
          CallError *reterr,
          const char *types,
          va_list ap) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        ExitStatus status;
        int r;

        status = request_new(context, BUS_INTERFACE_MANAGER, member, bits, &request);
        if (status != STATUS_DONE)
                return status;

        r = sd_bus_message_appendv(request, types, ap);
        if (r < 0)
                return request_failed(r);

        return request_send(context, request, bits, ret_reply, reterr);
}

ExitStatus
manager_call(Context *context,
             const char *member,
             unsigned bits,
             sd_bus_message **ret_reply,
             const char *types,
             ...) {
        ExitStatus status;
        va_list ap;

        va_start(ap, types);
        status = call_with(context, member, bits, ret_reply, /* reterr= */ NULL, types, ap);
        va_end(ap);
        return status;
}

ExitStatus
manager_try(Context *context,
            const char *member,
            unsigned bits,
            sd_bus_message **ret_reply,
            CallError *reterr,
            const char *types,
            ...) {
        ExitStatus status;
        va_list ap;

        va_start(ap, types);
        status = call_with(context, member, bits, ret_reply, reterr, types, ap);
        va_end(ap);
        return status;
}

static int append_list(sd_bus_message *request, const char *field, char *const *list) {
        int r;

        r = sd_bus_message_open_container(request, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(request, 's', field);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(request, 'v', "as");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(request, (char **) list);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(request);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(request);
}

static int append_flag(sd_bus_message *request, const Flag *flag, const Arguments *arguments) {
        bool given = arguments_given(arguments, flag->name), truth = false;
        uint64_t number;

        switch (flag->type) {
        case FLAG_TEXT:
                if (flag->stands_for)
                        return sd_bus_message_append(
                                        request,
                                        "{sv}",
                                        flag->field,
                                        "a{sv}",
                                        1,
                                        "credential",
                                        "s",
                                        arguments_text(arguments, flag->name));
                return sd_bus_message_append(
                                request,
                                "{sv}",
                                flag->field,
                                "s",
                                given ? arguments_text(arguments, flag->name) : flag->standard);
        case FLAG_BOOL:
                if (given)
                        truth = arguments_bool(arguments, flag->name);
                else
                        (void) bool_from_text(flag->standard, &truth);
                return sd_bus_message_append(request, "{sv}", flag->field, "b", (int) truth);
        case FLAG_NUMBER:
                number = given ? arguments_number(arguments, flag->name)
                               : g_ascii_strtoull(flag->standard, NULL, 10);
                return sd_bus_message_append(request, "{sv}", flag->field, "t", number);
        case FLAG_LIST:
                return append_list(request, flag->field, arguments_list(arguments, flag->name));
        }
        g_assert_not_reached();
}

static int
append_fields(sd_bus_message *request,
              const Member *members,
              const Flag *flags,
              const Arguments *arguments,
              bool with_standards) {
        int r;

        r = sd_bus_message_open_container(request, 'a', "{sv}");
        if (r < 0)
                return r;

        for (; members && members->field; members++) {
                r = sd_bus_message_append(request, "{sv}", members->field, "s", members->text);
                if (r < 0)
                        return r;
        }
        for (; flags && flags->name; flags++) {
                bool has_standard =
                                with_standards && flags->standard && !(flags->bits & FLAG_DAEMON_DEFAULT);

                if (!flags->field || (!arguments_given(arguments, flags->name) && !has_standard))
                        continue;
                r = append_flag(request, flags, arguments);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(request);
}

ExitStatus manager_call_fields(
                Context *context,
                const char *member,
                unsigned bits,
                sd_bus_message **ret_reply,
                const char *object,
                const Member *members,
                const Flag *flags,
                const Arguments *arguments,
                bool with_standards) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        ExitStatus status;
        int r;

        status = request_new(context, BUS_INTERFACE_MANAGER, member, bits, &request);
        if (status != STATUS_DONE)
                return status;
        if (object) {
                r = sd_bus_message_append_basic(request, 's', object);
                if (r < 0)
                        return request_failed(r);
        }
        r = append_fields(request, members, flags, arguments, with_standards);
        if (r < 0)
                return request_failed(r);

        return request_send(context, request, bits, ret_reply, /* reterr= */ NULL);
}

ExitStatus answer_not_understood(int error) {
        return fail(STATUS_FAILED,
                    "the daemon's answer has another form than expected (%s): is it of another version?",
                    g_strerror(-error));
}

ExitStatus answer_read(sd_bus_message *reply, const char *types, ...) {
        va_list ap;
        int r;

        va_start(ap, types);
        r = sd_bus_message_readv(reply, types, ap);
        va_end(ap);
        if (r <= 0)
                return answer_not_understood(r < 0 ? r : -ENODATA);
        return STATUS_DONE;
}

ExitStatus manager_status(Context *context, NodeStatus **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL, *reply = NULL;
        ExitStatus status;
        void *row;
        int r;

        status = request_new(context, "org.freedesktop.DBus.Properties", "GetAll", CALL_READS, &request);
        if (status != STATUS_DONE)
                return status;
        r = sd_bus_message_append(request, "s", BUS_INTERFACE_MANAGER);
        if (r < 0)
                return request_failed(r);
        status = request_send(context, request, CALL_READS, &reply, /* reterr= */ NULL);
        if (status != STATUS_DONE)
                return status;

        r = row_read(reply, &node_status_type, &row);
        if (r < 0)
                return answer_not_understood(r);
        *ret = row;
        return STATUS_DONE;
}

ExitStatus manager_list(Context *context, const char *member, const ObjectType *type, GPtrArray **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(GPtrArray) rows = rows_new(type);
        ExitStatus status;
        int r;

        status = manager_call(context, member, CALL_READS, &reply, "");
        if (status != STATUS_DONE)
                return status;

        r = rows_read(reply, type, rows);
        if (r < 0)
                return answer_not_understood(r);
        *ret = g_steal_pointer(&rows);
        return STATUS_DONE;
}

static ExitStatus list_checks_page(Context *context, unsigned offset, GPtrArray *rows, uint32_t *ret_total) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        int r;

        status =
                        manager_call(context,
                                     "ListChecks",
                                     CALL_READS,
                                     &reply,
                                     "uu",
                                     (uint32_t) offset,
                                     (uint32_t) BUS_LIST_MAX);
        if (status != STATUS_DONE)
                return status;

        r = rows_read(reply, &check_row_type, rows);
        if (r < 0)
                return answer_not_understood(r);
        return answer_read(reply, "u", ret_total);
}

static void mark_disabled(GPtrArray *checks) {
        for (unsigned i = 0; i < checks->len; i++)
                check_row_mark_disabled(g_ptr_array_index(checks, i));
}

ExitStatus manager_each_check_page(Context *context, manager_page_t page, void *userdata) {
        unsigned n = 0, n_rows;
        uint32_t total = 0;

        assert(page);

        do {
                g_autoptr(GPtrArray) rows = rows_new(&check_row_type);
                ExitStatus status;

                status = list_checks_page(context, n, rows, &total);
                if (status != STATUS_DONE)
                        return status;
                mark_disabled(rows);
                n_rows = rows->len;
                n += n_rows;
                page(g_steal_pointer(&rows), userdata);
        } while (n < total && n_rows > 0 && n < CHECKS_MAX);
        return STATUS_DONE;
}

static void collect(GPtrArray *checks, void *userdata) {
        g_ptr_array_extend_and_steal(userdata, checks);
}

ExitStatus manager_list_checks(Context *context, GPtrArray **ret) {
        g_autoptr(GPtrArray) rows = rows_new(&check_row_type);
        ExitStatus status;

        status = manager_each_check_page(context, collect, rows);
        if (status == STATUS_DONE)
                *ret = g_steal_pointer(&rows);
        return status;
}
