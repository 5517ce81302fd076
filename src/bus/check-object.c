/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.quptime1.Check: a check's configuration and committed state, and its live values from the local copy.
 */

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "bus/dictionary.h"
#include "bus/internal.h"
#include "bus/objects.h"

static const CheckStatus *status_of(Bus *bus, const Check *check) {
        static const CheckStatus none = { .state = CHECK_UNKNOWN };

        return value_object(snapshot_value(bus->snapshot), RECORD_STATUS, check->id) ?: &none;
}

static const CheckView *view_of(Bus *bus, const Check *check) {
        static const CheckView none = { .detail = NULL };
        const CheckView *view;

        return manager_check_view(bus->manager, check->id, &view) < 0 ? &none : view;
}

/* the view has an age, the bus an instant */
static usec_t stale_since(const Check *check, const CheckView *view) {
        struct timespec now;

        if (!view->stale || check->disabled) /* nobody asks for its votes */
                return 0;
        (void) clock_gettime(CLOCK_REALTIME, &now);
        return usec_sub((usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000, view->stale_for);
}

static uint64_t expect_status_of(const Check *check) {
        return check->type == CHECK_HTTP ? check_expect_status(check) : 0;
}

static bool strv_names(char *const *strv, const Alert *alert) {
        for (; strv && *strv; strv++)
                if (g_strcmp0(*strv, alert->id) == 0 || g_strcmp0(*strv, alert->name) == 0)
                        return true;
        return false;
}

/* the names of the alerts that hear of it, as a(sb) */
static int append_alerts(sd_bus_message *reply, Bus *bus, const Check *check) {
        g_autoptr(GPtrArray) effective = NULL;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sb)");
        if (r < 0)
                return r;
        effective = effective_alerts(check, snapshot_alerts(bus->snapshot));
        for (unsigned i = 0; i < effective->len; i++) {
                const Alert *alert = g_ptr_array_index(effective, i);

                r = sd_bus_message_append(
                                reply,
                                "(sb)",
                                alert->name ?: "",
                                (int) !strv_names(check->alert_ids, alert));
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

static int append_alerts_entry(sd_bus_message *reply, Bus *bus, const Check *check) {
        int r;

        r = dictionary_open(reply, "alerts", "a(sb)");
        if (r >= 0)
                r = append_alerts(reply, bus, check);
        return r < 0 ? r : dictionary_close(reply);
}

static int append_configuration(sd_bus_message *reply, const Check *check) {
        g_autofree char *target = check_target_masked(check);

        (void) dictionary_append_string(reply, "id", check->id);
        (void) dictionary_append_string(reply, "name", check->name);
        (void) dictionary_append_string(reply, "type", check_kind_to_string(check->type));
        (void) dictionary_append_string(reply, "target", target);
        (void) dictionary_append_duration(reply, "interval", check_interval(check));
        (void) dictionary_append_duration(reply, "timeout", check_timeout(check));
        (void) dictionary_append_uint(reply, "expect_status", expect_status_of(check));
        (void) dictionary_append_string(reply, "body_match", check->body_match);
        (void) dictionary_append_strv(reply, "alert_ids", check->alert_ids);
        (void) dictionary_append_strv(reply, "suppress_alert_ids", check->suppress_alert_ids);
        (void) dictionary_append_bool(reply, "disabled", check->disabled);
        return dictionary_append_uint(reply, "revision", check->revision);
}

int check_append_row(sd_bus_message *reply, Bus *bus, const Check *check) {
        const CheckStatus *status = status_of(bus, check);
        const CheckView *view = view_of(bus, check);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;

        /* a message that failed once is poisoned and says so at the last append */
        (void) append_configuration(reply, check);
        (void) dictionary_append_string(reply, "state", check_state_to_string(status->state));
        (void) dictionary_append_uint(reply, "since", status->since);
        (void) dictionary_append_u32(reply, "ok", view->ok);
        (void) dictionary_append_u32(reply, "total", view->total);
        (void) dictionary_append_string(reply, "detail", view->detail);
        (void) dictionary_append_uint(reply, "stale_since", stale_since(check, view));
        r = append_alerts_entry(reply, bus, check);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

/* ---- properties ---- */

/* looked up once for all properties of a check */

static const CheckStatus *status_found(Found *found) {
        if (!found->status)
                found->status = status_of(found->bus, found->check);
        return found->status;
}

static const CheckView *view_found(Found *found) {
        if (!found->view)
                found->view = view_of(found->bus, found->check);
        return found->view;
}

static int append_text(sd_bus_message *reply, const char *text) {
        return sd_bus_message_append_basic(reply, 's', text ?: "");
}

static int append_u32(sd_bus_message *reply, uint64_t value) {
        uint32_t u = (uint32_t) MIN(value, UINT32_MAX);

        return sd_bus_message_append_basic(reply, 'u', &u);
}

static int append_u64(sd_bus_message *reply, uint64_t value) {
        return sd_bus_message_append_basic(reply, 't', &value);
}

static int
get_text(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        Found *found = userdata;
        const Check *check = found->check;

        if (strcmp(property, "Id") == 0)
                return append_text(reply, check->id);
        if (strcmp(property, "Name") == 0)
                return append_text(reply, check->name);
        if (strcmp(property, "Type") == 0)
                return append_text(reply, check_kind_to_string(check->type));
        if (strcmp(property, "BodyMatch") == 0)
                return append_text(reply, check->body_match);
        if (strcmp(property, "State") == 0)
                return append_text(reply, check_state_to_string(status_found(found)->state));
        assert(strcmp(property, "Detail") == 0);
        return append_text(reply, view_found(found)->detail);
}

static int
get_target(sd_bus *sd,
           const char *path,
           const char *interface,
           const char *property,
           sd_bus_message *reply,
           void *userdata,
           sd_bus_error *reterr) {
        const Found *found = userdata;
        g_autofree char *target = check_target_masked(found->check);

        return append_text(reply, target);
}

static int
get_number(sd_bus *sd,
           const char *path,
           const char *interface,
           const char *property,
           sd_bus_message *reply,
           void *userdata,
           sd_bus_error *reterr) {
        Found *found = userdata;
        const Check *check = found->check;

        if (strcmp(property, "Interval") == 0)
                return append_u64(reply, check_interval(check));
        if (strcmp(property, "Timeout") == 0)
                return append_u64(reply, check_timeout(check));
        if (strcmp(property, "ExpectStatus") == 0)
                return append_u64(reply, expect_status_of(check));
        if (strcmp(property, "Revision") == 0)
                return append_u64(reply, check->revision);
        if (strcmp(property, "Since") == 0)
                return append_u64(reply, status_found(found)->since);
        if (strcmp(property, "Ok") == 0)
                return append_u32(reply, view_found(found)->ok);
        if (strcmp(property, "Total") == 0)
                return append_u32(reply, view_found(found)->total);
        assert(strcmp(property, "StaleSince") == 0);
        return append_u64(reply, stale_since(check, view_found(found)));
}

static int
get_disabled(sd_bus *sd,
             const char *path,
             const char *interface,
             const char *property,
             sd_bus_message *reply,
             void *userdata,
             sd_bus_error *reterr) {
        int value = ((const Found *) userdata)->check->disabled;

        return sd_bus_message_append_basic(reply, 'b', &value);
}

static int
get_list(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        const Found *found = userdata;
        const Check *check = found->check;

        if (strcmp(property, "AlertIds") == 0)
                return sd_bus_message_append_strv(reply, check->alert_ids);
        if (strcmp(property, "SuppressAlertIds") == 0)
                return sd_bus_message_append_strv(reply, check->suppress_alert_ids);
        assert(strcmp(property, "Alerts") == 0);
        return append_alerts(reply, found->bus, check);
}

bool check_find(Bus *bus, const char *id, Found *ret) {
        const Check *check = value_object(snapshot_value(bus->snapshot), RECORD_CHECK, id);

        if (check)
                *ret = (Found){ .bus = bus, .check = check };
        return check;
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable check_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Name", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Type", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Target", "s", get_target, 0, CHANGES),
        SD_BUS_PROPERTY("Interval", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("Timeout", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("ExpectStatus", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("BodyMatch", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("AlertIds", "as", get_list, 0, CHANGES),
        SD_BUS_PROPERTY("SuppressAlertIds", "as", get_list, 0, CHANGES),
        SD_BUS_PROPERTY("Disabled", "b", get_disabled, 0, CHANGES),
        SD_BUS_PROPERTY("Revision", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("State", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Since", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("Alerts", "a(sb)", get_list, 0, CHANGES),
        /* live values */
        SD_BUS_PROPERTY("Ok", "u", get_number, 0, 0),
        SD_BUS_PROPERTY("Total", "u", get_number, 0, 0),
        SD_BUS_PROPERTY("Detail", "s", get_text, 0, 0),
        SD_BUS_PROPERTY("StaleSince", "t", get_number, 0, 0),
        SD_BUS_VTABLE_END,
};
