/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quctl doctor: what might keep this node from its work, and what to do about it. What only the daemon's
 * process can know (its permissions, its limits, its peers) is asked of it; the rest, and all where there is
 * no daemon, is found out here. Nothing is changed, and nobody is asked for a password. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/names.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#define QUESTION_USEC (10 * USEC_PER_SEC)
#define BUS_POLICY "dbus-1/system.d/" BUS_NAME ".conf"
#define POLKIT_ACTIONS "/usr/share/polkit-1/actions/" BUS_NAME ".policy"
#define TIMEDATE "org.freedesktop.timedate1"

typedef struct FindingRow {
        char *name;
        char *verdict; /* "ok", "warn" or "fail" */
        char *detail;
        char *remedy; /* empty where there is nothing to do */
} FindingRow;
DECLARE_OBJECT(FindingRow, finding_row);

static const Field finding_row_fields[] = {
        FIELD(FindingRow, name, FIELD_STRING),
        FIELD(FindingRow, verdict, FIELD_STRING),
        FIELD(FindingRow, detail, FIELD_STRING),
        FIELD(FindingRow, remedy, FIELD_STRING),
};
const ObjectType finding_row_type = OBJECT_TYPE(FindingRow, "finding", finding_row_fields);

typedef struct Doctor {
        Context *context;
        GPtrArray *findings; /* of FindingRow */
        sd_bus *system;      /* the bus of the daemon's machine, or NULL */
        bool answered;       /* the daemon did */
} Doctor;

static void doctor_done(Doctor *doctor) {
        g_clear_pointer(&doctor->findings, g_ptr_array_unref);
        (void) sd_bus_flush_close_unref(doctor->system);
}

static void
found(Doctor *doctor, const char *name, const char *verdict, const char *remedy, const char *format, ...)
                G_GNUC_PRINTF(5, 6);
static void
found(Doctor *doctor, const char *name, const char *verdict, const char *remedy, const char *format, ...) {
        FindingRow *row = finding_row_new();
        va_list ap;

        row->name = g_strdup(name);
        row->verdict = g_strdup(verdict);
        row->remedy = g_strdup(remedy);
        va_start(ap, format);
        row->detail = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_ptr_array_add(doctor->findings, row);
}

static bool has_finding(const Doctor *doctor, const char *name) {
        for (unsigned i = 0; i < doctor->findings->len; i++)
                if (g_strcmp0(((const FindingRow *) g_ptr_array_index(doctor->findings, i))->name, name) ==
                    0)
                        return true;
        return false;
}

/* ---- the daemon ---- */

static int read_findings(Doctor *doctor, sd_bus_message *reply) {
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "a{sv}");
        while (r >= 0 && sd_bus_message_at_end(reply, /* complete= */ 0) == 0) {
                void *row;

                r = row_read(reply, &finding_row_type, &row);
                if (r >= 0)
                        g_ptr_array_add(doctor->findings, row);
        }
        return r;
}

/* what the sentence says to do has its own place here */
static void no_daemon(Doctor *doctor, char *text) {
        char *way = strstr(text, START_COMMANDS);

        while (way && way > text && strchr(":; ", way[-1]))
                *--way = '\0';
        found(doctor, "daemon", "fail", START_COMMANDS, "%s", text);
}

/* No word on standard error: that it does not answer is a finding, too. */
static ExitStatus ask_daemon(Doctor *doctor) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autofree char *text = NULL, *version = NULL;
        Context *context = doctor->context;
        ExitStatus status;
        int r;

        status = daemon_connect_quietly(context, &text);
        if (status != STATUS_DONE) {
                no_daemon(doctor, text);
                return status;
        }
        r = sd_bus_get_property_string(
                        context->bus,
                        context->destination,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        "Version",
                        &error,
                        &version);
        if (r >= 0)
                r = sd_bus_call_method(
                                context->bus,
                                context->destination,
                                BUS_PATH,
                                BUS_INTERFACE_MANAGER,
                                "Diagnose",
                                &error,
                                &reply,
                                "");
        if (r < 0) {
                text = call_error_text(&error, r, QUESTION_USEC, &status);
                if (status == STATUS_NO_DAEMON)
                        no_daemon(doctor, text);
                else
                        found(doctor,
                              "daemon",
                              "fail",
                              "systemctl status quptime; is it of this version?",
                              "%s",
                              text);
                return status;
        }
        doctor->answered = true;
        found(doctor, "daemon", "ok", "", "version %s answers", version);
        r = read_findings(doctor, reply);
        return r < 0 ? answer_not_understood(r) : STATUS_DONE;
}

/* ---- the bus of its machine ---- */

static bool is_here(const Context *context) {
        return !context->host && !context->machine;
}

static void open_system_bus(Doctor *doctor) {
        Context *context = doctor->context;

        if (context->bus && context->destination) {
                if (context->bus_choice != BUS_SESSION && context->bus_choice != BUS_ADDRESS)
                        doctor->system = sd_bus_ref(context->bus);
        } else if (is_here(context) && context->bus_choice != BUS_SESSION &&
                   sd_bus_open_system(&doctor->system) >= 0)
                (void) sd_bus_set_method_call_timeout(doctor->system, QUESTION_USEC);
}

/* 1: it has an owner, 0: not, or nobody says */
static bool has_owner(sd_bus *bus, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int owned = 0;

        if (sd_bus_call_method(
                            bus,
                            BUS_NAME_DRIVER,
                            BUS_PATH_DRIVER,
                            BUS_NAME_DRIVER,
                            "NameHasOwner",
                            NULL,
                            &reply,
                            "s",
                            name) < 0)
                return false;
        (void) sd_bus_message_read(reply, "b", &owned);
        return owned;
}

static bool can_start(sd_bus *bus, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_auto(GStrv) names = NULL;

        if (sd_bus_call_method(
                            bus,
                            BUS_NAME_DRIVER,
                            BUS_PATH_DRIVER,
                            BUS_NAME_DRIVER,
                            "ListActivatableNames",
                            NULL,
                            &reply,
                            "") < 0 ||
            sd_bus_message_read_strv(reply, &names) < 0)
                return false;
        return g_strv_contains((const char *const *) names, name);
}

static bool is_policy_installed(void) {
        static const char *const places[] = { "/usr/share/", "/usr/local/share/", "/etc/" };

        for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
                g_autofree char *path = g_strconcat(places[i], BUS_POLICY, NULL);

                if (access(path, F_OK) >= 0)
                        return true;
        }
        return false;
}

static void look_at_bus(Doctor *doctor) {
        const Context *context = doctor->context;

        if (!doctor->system)
                found(doctor,
                      "bus",
                      "ok",
                      "",
                      context->bus_choice == BUS_SESSION
                                      ? "the session bus is its owner's alone"
                                      : "there is no system bus here, and the private socket needs none");
        else if (has_owner(doctor->system, BUS_NAME))
                found(doctor, "bus", "ok", "", BUS_NAME " has its owner on the system bus");
        else if (is_here(context) && !is_policy_installed())
                found(doctor,
                      "bus",
                      "ok",
                      "",
                      "not installed for the system bus: root and the daemon's user have the private "
                      "socket");
        else
                found(doctor,
                      "bus",
                      "warn",
                      "systemctl reload dbus, systemctl restart quptime; the journal of quptime says why "
                      "not",
                      "nobody owns " BUS_NAME " on the system bus: only the private socket is left");
}

static void look_at_polkit(Doctor *doctor) {
        if (!doctor->system || !has_owner(doctor->system, BUS_NAME))
                return; /* nobody would be asked */
        if (!has_owner(doctor->system, POLKIT_NAME) && !can_start(doctor->system, POLKIT_NAME))
                found(doctor,
                      "polkit",
                      "warn",
                      "apt install polkitd, or use quctl as root",
                      "there is none: only root and the daemon's user may change anything");
        else if (is_here(doctor->context) && access(POLKIT_ACTIONS, F_OK) < 0)
                found(doctor,
                      "polkit",
                      "warn",
                      "install " BUS_NAME ".policy into /usr/share/polkit-1/actions",
                      "it does not know quptime's actions, and refuses them");
        else
                found(doctor, "polkit", "ok", "", "may be asked who may change something");
}

/* ---- the clock, where the daemon may not ask for it ---- */

static int is_synchronized(Doctor *doctor) {
        struct timex now = { .modes = 0 };
        int value, r;

        if (doctor->system && sd_bus_get_property_trivial(
                                              doctor->system,
                                              TIMEDATE,
                                              "/org/freedesktop/timedate1",
                                              TIMEDATE,
                                              "NTPSynchronized",
                                              NULL,
                                              'b',
                                              &value) >= 0)
                return value != 0;
        if (!is_here(doctor->context))
                return -ENODATA;
        r = adjtimex(&now);
        return r < 0 ? -errno : r != TIME_ERROR && !(now.status & STA_UNSYNC);
}

static void look_at_clock(Doctor *doctor) {
        int r;

        if (has_finding(doctor, "clock"))
                return;
        r = is_synchronized(doctor);
        if (r > 0)
                found(doctor, "clock", "ok", "", "the system's clock is synchronised");
        else
                found(doctor,
                      "clock",
                      "warn",
                      "keep it right with a time service: timedatectl set-ntp true",
                      r == 0 ? "the system's clock is not synchronised: times in messages may be wrong"
                             : "nobody says whether the system's clock is synchronised");
}

/* ---- showing ---- */

static unsigned count(const Doctor *doctor, const char *verdict) {
        unsigned n = 0;

        for (unsigned i = 0; i < doctor->findings->len; i++)
                n += g_strcmp0(((const FindingRow *) g_ptr_array_index(doctor->findings, i))->verdict,
                               verdict) == 0;
        return n;
}

static void show_one(const FindingRow *row, int width, bool color) {
        g_autofree char *name = text_escape(row->name), *verdict = text_escape(row->verdict);
        g_autofree char *detail = text_escape(row->detail), *remedy = text_escape(row->remedy);
        Color of = g_str_equal(verdict, "ok")     ? COLOR_GOOD
                   : g_str_equal(verdict, "fail") ? COLOR_BAD
                                                  : COLOR_NOTICE;

        (void) printf("%s%-4s%s  %-*s  %s\n",
                      color_start(of, color),
                      verdict,
                      color_end(of, color),
                      width,
                      name,
                      detail);
        if (*remedy)
                (void) printf("      %*s  -> %s\n", width, "", remedy);
}

static void show(const Doctor *doctor) {
        unsigned n_warn = count(doctor, "warn"), n_fail = count(doctor, "fail");
        bool color = color_wanted();
        int width = 0;

        for (unsigned i = 0; i < doctor->findings->len; i++) {
                const FindingRow *row = g_ptr_array_index(doctor->findings, i);

                width = MAX(width, (int) strlen(row->name ?: ""));
        }
        for (unsigned i = 0; i < doctor->findings->len; i++)
                show_one(g_ptr_array_index(doctor->findings, i), MIN(width, 20), color);
        if (doctor->context->no_legend)
                return;
        if (n_warn + n_fail == 0)
                (void) printf("(all is well)\n");
        else
                (void) printf("(%u failed, %u to be looked at)\n", n_fail, n_warn);
}

static void print(Doctor *doctor) {
        g_autoptr(JsonBuilder) builder = NULL;

        if (doctor->context->json != JSON_OFF) {
                builder = json_builder_new();
                json_add_objects(builder, &finding_row_type, doctor->findings, /* names= */ NULL);
                json_print(builder, doctor->context->json);
        } else if (!doctor->context->quiet)
                show(doctor);
}

/* The last line names them, for who reads only that; it stands on standard error, after the list. */
static ExitStatus say_failed(const Doctor *doctor, ExitStatus status) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (unsigned i = 0; i < doctor->findings->len; i++) {
                const FindingRow *row = g_ptr_array_index(doctor->findings, i);

                if (g_strcmp0(row->verdict, "fail") == 0)
                        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", row->name);
        }
        (void) pager_close(doctor->context);
        (void) fflush(stdout);
        return fail(status, "failed: %s", names->str);
}

static ExitStatus run_doctor(Context *context, const Arguments *arguments) {
        _cleanup_(doctor_done) Doctor doctor = { .context = context };
        ExitStatus status;

        (void) arguments;

        doctor.findings = g_ptr_array_new_with_free_func(finding_row_free_item);
        status = ask_daemon(&doctor);
        if (status == STATUS_USAGE)
                return fail(status,
                            "%s",
                            ((const FindingRow *) g_ptr_array_index(doctor.findings, 0))->detail);
        if (doctor.answered && status != STATUS_DONE)
                return status; /* its answer was not understood */

        open_system_bus(&doctor);
        look_at_bus(&doctor);
        look_at_polkit(&doctor);
        look_at_clock(&doctor);
        pager_open(context);
        print(&doctor);
        if (count(&doctor, "fail") == 0)
                return STATUS_DONE;
        return say_failed(&doctor, doctor.answered ? STATUS_FAILED : status);
}

const Verb verb_doctor = {
        .name = "doctor",
        .help = "look for what might keep this node from its work, and say what to do",
        .more = "Exits with 0 when nothing failed, 1 when something did, 3 without a daemon; it changes "
                "nothing.\n",
        .run = run_doctor,
};
