/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Disabling a check or an alert, and enabling it: short for the time of a known outage, and allowed to more
 * people than a change (org.quptime1.pause). What is so already is no error. */

#include <stdio.h>

#include "ctl/call.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

static ExitStatus
call_switch(Context *context,
            const Arguments *arguments,
            const char *member,
            const char *done,
            const char *noun) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *escaped = text_escape(arguments_word(arguments, 0));
        ExitStatus status;
        uint64_t version;

        status = manager_call(context, member, /* bits= */ 0, &reply, "s", arguments_word(arguments, 0));
        if (status == STATUS_DONE)
                status = answer_read(reply, "t", &version);
        if (status == STATUS_DONE && !context->quiet)
                (void) printf("%s %s %s — cluster version %" G_GUINT64_FORMAT "\n",
                              done,
                              noun,
                              escaped,
                              version);
        return status;
}

static ExitStatus run_check_enable(Context *context, const Arguments *arguments) {
        return call_switch(context, arguments, "EnableCheck", "enabled", "check");
}

const Verb verb_check_enable = {
        .name = "check enable",
        .args = "ID|NAME",
        .help = "probe and judge a check again",
        .listed_by = "ListChecks",
        .run = run_check_enable,
};

static ExitStatus run_check_disable(Context *context, const Arguments *arguments) {
        return call_switch(context, arguments, "DisableCheck", "disabled", "check");
}

const Verb verb_check_disable = {
        .name = "check disable",
        .args = "ID|NAME",
        .help = "neither probe nor judge a check until it is enabled",
        .listed_by = "ListChecks",
        .run = run_check_disable,
};

static ExitStatus run_alert_enable(Context *context, const Arguments *arguments) {
        return call_switch(context, arguments, "EnableAlert", "enabled", "alert");
}

const Verb verb_alert_enable = {
        .name = "alert enable",
        .args = "ID|NAME",
        .help = "tell people through an alert again",
        .listed_by = "ListAlerts",
        .run = run_alert_enable,
};

static ExitStatus run_alert_disable(Context *context, const Arguments *arguments) {
        return call_switch(context, arguments, "DisableAlert", "disabled", "alert");
}

const Verb verb_alert_disable = {
        .name = "alert disable",
        .args = "ID|NAME",
        .help = "tell nobody through an alert until it is enabled",
        .listed_by = "ListAlerts",
        .run = run_alert_disable,
};
