/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/audit.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/internal.h"
#include "bus/permission.h"
#include "bus/shared-bus.h"
#include "manager/journal.h"

#define N_LOOKUPS 2

typedef struct Lookup {
        Audit *audit;
        sd_bus_slot *slot;
        char *found; /* a unit, a session */
} Lookup;

struct Audit {
        Bus *bus;
        uid_t uid;
        pid_t pid; /* 0: not known */
        char *member;
        RecordKind kind; /* of the object that it is about; _RECORD_KIND_MAX: of none */
        char *id;
        char *name;
        Lookup lookups[N_LOOKUPS];
        bool answered;
        ChangeOutcome outcome;
        uint64_t version;
        char *text;
        sd_bus_message *reply; /* NULL: none to send */
        bool refused;          /* the manager was not asked */
        char *more;            /* refused: words about those before it; NULL: none */
};

static const struct {
        const char *service, *path, *interface, *method, *prefix;
} questions[N_LOOKUPS] = {
        { "org.freedesktop.systemd1",
          "/org/freedesktop/systemd1",
          "org.freedesktop.systemd1.Manager",
          "GetUnitByPID",
          "/org/freedesktop/systemd1/unit" },
        { "org.freedesktop.login1",
          "/org/freedesktop/login1",
          "org.freedesktop.login1.Manager",
          "GetSessionByPID",
          "/org/freedesktop/login1/session" },
};

/* ---- writing ---- */

static char *caller_text(const Audit *a) {
        const char *unit = a->lookups[0].found, *session = a->lookups[1].found;

        return g_strdup_printf(
                        "uid %u%s%s%s%s%s",
                        (unsigned) a->uid,
                        unit || session ? " (" : "",
                        unit ?: "",
                        unit && session ? ", session "
                        : session       ? "session "
                                        : "",
                        session ?: "",
                        unit || session ? ")" : "");
}

static void write_entry(Audit *a) {
        bool is_check = a->kind == RECORD_CHECK, is_alert = a->kind == RECORD_ALERT;
        g_autofree char *uid = g_strdup_printf("%u", (unsigned) a->uid);
        g_autofree char *pid = a->pid > 0 ? g_strdup_printf("%d", (int) a->pid) : NULL;
        g_autofree char *version = a->version > 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, a->version) : NULL;
        g_autofree char *caller = caller_text(a);
        const char *outcome = a->answered ? change_outcome_to_string(a->outcome) : "unknown";
        const char *text = a->answered && a->outcome != CHANGE_DONE ? a->text : NULL;

        journal_event(a->refused ? EVENT_CHANGE_REFUSED : EVENT_CALL,
                      JOURNAL_FIELDS({ JOURNAL_CALLER_UID, uid },
                                     { JOURNAL_CALLER_PID, pid },
                                     { JOURNAL_CALLER_UNIT, a->lookups[0].found },
                                     { JOURNAL_CALLER_SESSION, a->lookups[1].found },
                                     { JOURNAL_MEMBER, a->member },
                                     { JOURNAL_OUTCOME, outcome },
                                     { JOURNAL_CHECK, is_check ? a->id : NULL },
                                     { JOURNAL_CHECK_NAME, is_check ? a->name : NULL },
                                     { JOURNAL_ALERT, is_alert ? a->id : NULL },
                                     { JOURNAL_ALERT_NAME, is_alert ? a->name : NULL },
                                     { JOURNAL_VERSION, version },
                                     { JOURNAL_DETAIL, text }),
                      "%s asked for %s%s%s: %s%s%s%s%s%s",
                      caller,
                      a->member,
                      a->name ? " of " : "",
                      a->name ?: "",
                      outcome,
                      version ? ", version " : "",
                      version ?: "",
                      text && *text ? ": " : "",
                      text ?: "",
                      a->more ?: "");
}

static void destroy(Audit *a) {
        g_ptr_array_remove_fast(a->bus->audits, a);
        if (a->reply)
                (void) sd_bus_send(NULL, a->reply, NULL);
        (void) sd_bus_message_unref(a->reply);
        for (unsigned i = 0; i < N_LOOKUPS; i++) {
                (void) sd_bus_slot_unref(a->lookups[i].slot);
                g_free(a->lookups[i].found);
        }
        g_free(a->member);
        g_free(a->id);
        g_free(a->name);
        g_free(a->text);
        g_free(a->more);
        g_free(a);
}

static void write_when_known(Audit *a) {
        for (unsigned i = 0; i < N_LOOKUPS; i++)
                if (a->lookups[i].slot)
                        return;
        if (!a->answered)
                return;
        write_entry(a);
        destroy(a);
}

/* ---- who it was ---- */

static int on_found(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Lookup *lookup = userdata;
        Audit *a = lookup->audit;
        const char *path;

        lookup->slot = sd_bus_slot_unref(lookup->slot);
        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "o", &path) > 0) {
                char *found = NULL;

                if (sd_bus_path_decode(path, questions[lookup - a->lookups].prefix, &found) > 0) {
                        lookup->found = g_strndup(found, NAME_MAX_BYTES);
                        free(found);
                }
        }
        write_when_known(a);
        return 0;
}

static void look_up(Audit *a, unsigned i) {
        sd_bus *sd = a->bus->shared ? shared_bus_of_system(a->bus->shared) : NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        if (!sd || a->pid <= 0)
                return;
        r = sd_bus_message_new_method_call(
                        sd,
                        &m,
                        questions[i].service,
                        questions[i].path,
                        questions[i].interface,
                        questions[i].method);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_message_append(m, "u", (uint32_t) a->pid);
        if (r >= 0) /* not known is as good as any answer */
                (void) sd_bus_call_async(
                                sd, &a->lookups[i].slot, m, on_found, &a->lookups[i], AUDIT_LOOKUP_USEC);
}

/* ---- what it is about ---- */

/* A target given where a name is wanted may have a password in it. */
static char *masked(const char *text) {
        return text ? check_target_masked(&(Check){ .target = (char *) text }) : NULL;
}

static void set_object(Audit *a, RecordKind kind, const char *id, const char *name) {
        a->kind = kind;
        g_free(a->id);
        a->id = g_strdup(id);
        g_free(a->name);
        a->name = masked(name);
}

static RecordKind kind_of(const char *member) {
        return g_str_has_suffix(member, "Check")   ? RECORD_CHECK
               : g_str_has_suffix(member, "Alert") ? RECORD_ALERT
                                                   : _RECORD_KIND_MAX;
}

static void set_object_found(Audit *a, RecordKind kind, const char *id_or_name) {
        const GPtrArray *objects = kind == RECORD_CHECK ? snapshot_checks(a->bus->snapshot)
                                                        : snapshot_alerts(a->bus->snapshot);

        for (unsigned i = 0; i < objects->len; i++) {
                const void *object = g_ptr_array_index(objects, i);
                const char *id = kind == RECORD_CHECK ? ((const Check *) object)->id
                                                      : ((const Alert *) object)->id;
                const char *name = kind == RECORD_CHECK ? ((const Check *) object)->name
                                                        : ((const Alert *) object)->name;

                if (g_strcmp0(id, id_or_name) == 0 || g_strcmp0(name, id_or_name) == 0) {
                        set_object(a, kind, id, name);
                        return;
                }
        }
        set_object(a, kind, NULL, id_or_name);
}

/* The first argument, where it names something; arguments may be secret otherwise. */
static void read_object(Audit *a, sd_bus_message *m) {
        RecordKind kind = kind_of(a->member);
        const char *text;

        if (g_str_has_suffix(a->member, "Document")) /* a text, with secrets */
                return;
        if (g_strcmp0(sd_bus_message_get_member(m), a->member) != 0) /* one asks for several, or is Set() */
                return;
        if (sd_bus_message_rewind(m, /* complete= */ true) < 0)
                return;
        if (!g_str_has_prefix(sd_bus_message_get_signature(m, /* complete= */ true) ?: "", "s"))
                return; /* an Add…: known when it has an id */
        if (sd_bus_message_read(m, "s", &text) <= 0 || strlen(text) > DETAIL_MAX_BYTES)
                return;
        if (kind != _RECORD_KIND_MAX)
                set_object_found(a, kind, text);
        else
                set_object(a, kind, NULL, text);
}

/* ---- lifecycle ---- */

Audit *audit_new(Connection *connection, sd_bus_message *m, const char *interface, const char *member) {
        const Permission *permission = permission_find(interface, member);
        Audit *a;

        assert(connection);

        if (!permission || !permission->action)
                return NULL;

        a = g_new0(Audit, 1);
        *a = (Audit){ .bus = connection->bus,
                      .uid = connection->uid,
                      .pid = connection->pid,
                      .kind = _RECORD_KIND_MAX };
        a->member = g_strdup(permission->member);
        g_ptr_array_add(a->bus->audits, a);
        if (m)
                read_object(a, m);
        for (unsigned i = 0; i < N_LOOKUPS; i++) {
                a->lookups[i].audit = a;
                look_up(a, i);
        }
        return a;
}

void audit_answered(Audit *audit, const ManagerAnswer *answer, sd_bus_message *reply) {
        bool has_name;

        assert(answer);

        if (!audit) {
                if (reply)
                        (void) sd_bus_send(NULL, reply, NULL);
                return;
        }
        audit->reply = sd_bus_message_ref(reply);
        audit->answered = true;
        audit->outcome = answer->outcome;
        audit->version = answer->version;
        audit->text = masked(answer->text);
        has_name = answer->name && *answer->name;      /* the manager's are empty where there is none */
        if (!audit->name && answer->id && *answer->id) /* what was added */
                set_object(audit, kind_of(audit->member), answer->id, has_name ? answer->name : answer->id);
        write_when_known(audit);
}

Audit *audit_free(Audit *audit) {
        if (!audit)
                return NULL;

        write_entry(audit);
        destroy(audit);
        return NULL;
}

void audit_bus_lost(Bus *bus) {
        for (unsigned i = bus->audits->len; i > 0; i--) {
                Audit *a = g_ptr_array_index(bus->audits, i - 1);

                for (unsigned j = 0; j < N_LOOKUPS; j++)
                        a->lookups[j].slot = sd_bus_slot_unref(a->lookups[j].slot);
                write_when_known(a); /* frees it, or waits for the answer; the last takes its place */
        }
}

void audit_flush(Bus *bus) {
        for (unsigned i = bus->audits->len; i > 0; i--) {
                Audit *audit = g_ptr_array_index(bus->audits, i - 1);

                if (audit->answered) /* the others are their calls' */
                        (void) audit_free(audit);
        }
}

/* ---- who may not ---- */

static usec_t now_usec(const Bus *bus) {
        uint64_t now = 0;

        (void) sd_event_now(bus->event, CLOCK_MONOTONIC, &now);
        return now;
}

/* The user's place; where as many others were refused within the minute, that of all the rest. */
static Refusals *refusals_of(Bus *bus, uid_t uid, usec_t now) {
        Refusals *r, *unused = NULL, *over = NULL;

        for (r = bus->refusals; r < bus->refusals + AUDIT_REFUSED_USERS_MAX; r++)
                if (r->since == 0)
                        unused = unused ?: r;
                else if (r->uid == uid)
                        return r;
                else if (now >= r->since + USEC_PER_MINUTE)
                        over = over ?: r;
        if (!unused && over)
                over->since = 0;
        return unused ?: over ?: r;
}

/* false: this user had its share of entries, and this one is only counted. ret_more: what to say of those
 * that were, NULL for none; the caller frees. */
static bool count_refusal(Bus *bus, uid_t uid, char **ret_more) {
        usec_t now = now_usec(bus);
        Refusals *refusals = refusals_of(bus, uid, now);

        *ret_more = NULL;
        if (refusals->since == 0 || now >= refusals->since + USEC_PER_MINUTE) {
                if (refusals->since > 0 && refusals->n > AUDIT_REFUSALS_MAX)
                        *ret_more = g_strdup_printf(
                                        " (and %u refusals before it)", refusals->n - AUDIT_REFUSALS_MAX);
                *refusals = (Refusals){ .since = MAX(now, 1U), .uid = uid };
        }
        return ++refusals->n <= AUDIT_REFUSALS_MAX;
}

void audit_turned_down(
                Connection *connection,
                sd_bus_message *m,
                const Permission *permission,
                ChangeOutcome outcome,
                sd_bus_message *reply) {
        Audit *audit = NULL;
        char *more;

        assert(connection);
        assert(permission);

        if (count_refusal(connection->bus, connection->uid, &more)) {
                audit = audit_new(connection, m, permission->interface, permission->member);
                audit->refused = true;
                audit->more = more;
        }
        audit_answered(audit, &(ManagerAnswer){ .outcome = outcome }, reply);
}

void audit_refused(Bus *bus, uid_t uid, const char *member, const char *action) {
        g_autofree char *uid_text = NULL, *more = NULL;

        if (uid != (uid_t) -1) /* who was gone before it could be asked */
                uid_text = g_strdup_printf("%u", (unsigned) uid);
        if (!count_refusal(bus, uid, &more))
                return;
        journal_event(EVENT_CHANGE_REFUSED,
                      JOURNAL_FIELDS({ JOURNAL_CALLER_UID, uid_text }, { JOURNAL_MEMBER, member }),
                      "%s%s may not %s (%s)%s",
                      uid_text ? "uid " : "A caller whose uid is not known",
                      uid_text ?: "",
                      member,
                      action,
                      more ?: "");
}
