/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Disabling a check or an alert, and enabling it: short for the time of a known outage, and allowed to more
 * people than a change (org.quptime1.pause). What is so already is no error. */

#include "ctl/change.h"
#include "ctl/verbs.h"

static ExitStatus run_check_enable(Context *context, const Arguments *arguments) {
        return change_simply(context, "EnableCheck", "enabled", "check", arguments);
}

const Verb verb_check_enable = {
        .name = "check enable",
        .args = "ID|NAME",
        .help = "probe and judge a check again",
        .listed_by = "ListChecks",
        .run = run_check_enable,
};

static ExitStatus run_check_disable(Context *context, const Arguments *arguments) {
        return change_simply(context, "DisableCheck", "disabled", "check", arguments);
}

const Verb verb_check_disable = {
        .name = "check disable",
        .args = "ID|NAME",
        .help = "neither probe nor judge a check until it is enabled",
        .listed_by = "ListChecks",
        .run = run_check_disable,
};

static ExitStatus run_alert_enable(Context *context, const Arguments *arguments) {
        return change_simply(context, "EnableAlert", "enabled", "alert", arguments);
}

const Verb verb_alert_enable = {
        .name = "alert enable",
        .args = "ID|NAME",
        .help = "tell people through an alert again",
        .listed_by = "ListAlerts",
        .run = run_alert_enable,
};

static ExitStatus run_alert_disable(Context *context, const Arguments *arguments) {
        return change_simply(context, "DisableAlert", "disabled", "alert", arguments);
}

const Verb verb_alert_disable = {
        .name = "alert disable",
        .args = "ID|NAME",
        .help = "tell nobody through an alert until it is enabled",
        .listed_by = "ListAlerts",
        .run = run_alert_disable,
};
