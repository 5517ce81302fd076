/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/limits.h"
#include "ctl/call.h"
#include "ctl/change.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/show.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

/* Durations travel as they were typed: the daemon knows what is right and says so. */
#define COMMON_FLAGS                                                                                        \
        { .name = "interval",                                                                               \
          .type = FLAG_TEXT,                                                                                \
          .value = "DURATION",                                                                              \
          .standard = "30s",                                                                                \
          .bits = FLAG_DAEMON_DEFAULT,                                                                      \
          .field = "interval",                                                                              \
          .help = "how often each node probes: 5s, 1m30s, 2h, …" },                                         \
                        { .name = "timeout",                                                                \
                          .type = FLAG_TEXT,                                                                \
                          .value = "DURATION",                                                              \
                          .standard = "10s, at most the interval",                                          \
                          .bits = FLAG_DAEMON_DEFAULT,                                                      \
                          .field = "timeout",                                                               \
                          .help = "how long a probe may take" },                                            \
                        { .name = "alerts",                                                                 \
                          .type = FLAG_LIST,                                                                \
                          .bits = FLAG_ALERTS,                                                              \
                          .value = "A,B,…",                                                                 \
                          .field = "alert_ids",                                                             \
                          .help = "names or ids of the alerts that hear of it, besides the default ones" }, \
        {                                                                                                   \
                .name = "suppress-alerts", .type = FLAG_LIST, .bits = FLAG_ALERTS, .value = "A,B,…",        \
                .field = "suppress_alert_ids", .help = "default alerts that do not hear of it"              \
        }

static const Flag http_flags[] = {
        { .name = "expect",
          .type = FLAG_NUMBER,
          .value = "STATUS",
          .standard = "200",
          .bits = FLAG_DAEMON_DEFAULT,
          .field = "expect_status",
          .help = "the HTTP status that counts as up" },
        { .name = "body-match",
          .type = FLAG_TEXT,
          .value = "TEXT",
          .field = "body_match",
          .max = BODY_MATCH_MAX_BYTES,
          .help = "the answer's body must contain this" },
        COMMON_FLAGS,
        {},
};

/* Of the check's own kind: .only is that. An empty value clears what can be without one. */
static const Flag edit_flags[] = {
        { .name = "name", .type = FLAG_TEXT, .value = "NAME", .field = "name", .help = "its new name" },
        { .name = "target",
          .type = FLAG_TEXT,
          .value = "TARGET",
          .field = "target",
          .max = TARGET_MAX_BYTES,
          .help = "what is watched instead: a URL, HOST:PORT or HOST, as the check's kind has it" },
        { .name = "interval",
          .type = FLAG_TEXT,
          .value = "DURATION",
          .field = "interval",
          .help = "how often each node probes: 5s, 1m30s, 2h, …" },
        { .name = "timeout",
          .type = FLAG_TEXT,
          .value = "DURATION",
          .field = "timeout",
          .help = "how long a probe may take" },
        { .name = "alerts",
          .type = FLAG_LIST,
          .bits = FLAG_ALERTS,
          .value = "A,B,…",
          .field = "alert_ids",
          .help = "the alerts that hear of it, instead of those before" },
        { .name = "suppress-alerts",
          .type = FLAG_LIST,
          .bits = FLAG_ALERTS,
          .value = "A,B,…",
          .field = "suppress_alert_ids",
          .help = "the alerts that do not hear of it, instead of those before" },
        { .name = "expect",
          .type = FLAG_NUMBER,
          .value = "STATUS",
          .field = "expect_status",
          .only = "http",
          .help = "the HTTP status that counts as up" },
        { .name = "body-match",
          .type = FLAG_TEXT,
          .value = "TEXT",
          .field = "body_match",
          .only = "http",
          .max = BODY_MATCH_MAX_BYTES,
          .help = "the answer's body must contain this" },
        {},
};

static const Flag other_flags[] = { COMMON_FLAGS, {} };

static ExitStatus add(Context *context, const Arguments *arguments, const char *type, const Flag *flags) {
        const Member members[] = {
                { "name", arguments_word(arguments, 0) },
                { "type", type },
                { "target", arguments_word(arguments, 1) },
                {},
        };

        return change_add(context, "AddCheck", /* bits= */ 0, "check", members, flags, arguments);
}

static ExitStatus run_add_http(Context *context, const Arguments *arguments) {
        return add(context, arguments, "http", http_flags);
}

const Verb verb_check_add_http = {
        .name = "check add http",
        .args = "NAME URL",
        .help = "watch what a URL answers",
        .flags = http_flags,
        .run = run_add_http,
};

static ExitStatus run_add_tcp(Context *context, const Arguments *arguments) {
        return add(context, arguments, "tcp", other_flags);
}

const Verb verb_check_add_tcp = {
        .name = "check add tcp",
        .args = "NAME HOST:PORT",
        .help = "watch whether a port accepts connections",
        .flags = other_flags,
        .run = run_add_tcp,
};

static ExitStatus run_add_icmp(Context *context, const Arguments *arguments) {
        return add(context, arguments, "icmp", other_flags);
}

const Verb verb_check_add_icmp = {
        .name = "check add icmp",
        .args = "NAME HOST",
        .help = "watch whether a host answers a ping",
        .flags = other_flags,
        .run = run_add_icmp,
};

typedef struct Listing {
        Context *context;
        bool begun;
        JsonList list;
} Listing;

/* The first one begins the document, so that a refusal stands alone. */
static void add_page(GPtrArray *checks, void *userdata) {
        Listing *listing = userdata;

        if (!listing->begun) {
                pager_open(listing->context);
                json_list_begin(&listing->list, listing->context->json, /* head= */ NULL, /* name= */ NULL);
                listing->begun = true;
        }
        json_list_add(&listing->list, &check_row_type, checks, /* names= */ NULL);
        g_ptr_array_unref(checks);
}

static ExitStatus list_json(Context *context) {
        Listing listing = { .context = context };
        ExitStatus status;

        status = manager_each_check_page(context, add_page, &listing);
        if (status == STATUS_DONE)
                json_list_end(&listing.list);
        return status;
}

static ExitStatus run_list(Context *context, const Arguments *arguments) {
        g_autoptr(GPtrArray) checks = NULL;
        ExitStatus status;

        (void) arguments;

        if (context->json != JSON_OFF)
                return list_json(context);
        status = manager_list_checks(context, &checks);
        if (status != STATUS_DONE)
                return status;

        pager_open(context);
        show_checks(context, checks, (usec_t) g_get_real_time());
        return STATUS_DONE;
}

const Verb verb_check_list = {
        .name = "check list",
        .help = "show all checks with their states",
        .run = run_list,
};

static ExitStatus run_edit(Context *context, const Arguments *arguments) {
        return change_edit(
                        context, "EditCheck", /* bits= */ 0, "check", "ListChecks", edit_flags, arguments);
}

const Verb verb_check_edit = {
        .name = "check edit",
        .args = "ID|NAME",
        .help = "change what the options name and nothing else",
        .flags = edit_flags,
        .listed_by = "ListChecks",
        .run = run_edit,
};

static const Flag test_flags[] = {
        { .name = "state",
          .type = FLAG_TEXT,
          .value = "STATE",
          .choices = "down recovered up",
          .standard = "down",
          .help = "what it is to become: down, recovered or up" },
        {},
};

static ExitStatus run_test(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        static const char *const states[] = { "down", "recovered", "up", NULL };
        const char *id_or_name = arguments_word(arguments, 0), *state = arguments_text(arguments, "state");
        g_autofree char *name = text_escape(id_or_name), *escaped = NULL;
        ExitStatus status;
        const char *answer;

        if (state && !g_strv_contains(states, state))
                return fail(STATUS_USAGE, "--state is down, recovered or up, not \"%s\"", state);

        status = manager_call(context, "TestCheck", CALL_LONG, &reply, "ss", id_or_name, state ?: "down");
        if (status == STATUS_DONE)
                status = answer_read(reply, "s", &answer);
        if (status != STATUS_DONE || context->quiet)
                return status;

        escaped = text_escape_lines(answer); /* a line for each alert */
        (void) printf("test of %s: %s\n", name, escaped);
        return STATUS_DONE;
}

const Verb verb_check_test = {
        .name = "check test",
        .args = "ID|NAME",
        .help = "send an invented transition of a check through its alerts",
        .flags = test_flags,
        .listed_by = "ListChecks",
        .run = run_test,
};

static ExitStatus run_remove(Context *context, const Arguments *arguments) {
        return change_simply(context, "RemoveCheck", "removed", "check", arguments);
}

const Verb verb_check_remove = {
        .name = "check remove",
        .args = "ID|NAME",
        .help = "stop watching and forget a check",
        .listed_by = "ListChecks",
        .run = run_remove,
};
