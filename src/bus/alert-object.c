/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.quptime1.Alert: what may be known of an alert. No secret is readable here or anywhere. */

#include <assert.h>
#include <string.h>

#include "base/names.h"
#include "bus/dictionary.h"
#include "bus/internal.h"
#include "bus/objects.h"

/* the host of a URL; its path and query are the secret */
static char *url_host(const char *url) {
        const char *start, *at = NULL;
        size_t length;

        start = url ? strstr(url, "://") : NULL;
        if (!start)
                return g_strdup("");
        start += strlen("://");
        length = strcspn(start, "/?#");
        for (size_t i = 0; i < length; i++)
                if (start[i] == '@')
                        at = start + i + 1;
        if (at) {
                length -= (size_t) (at - start);
                start = at;
        }
        return g_strndup(start, length);
}

/* where it goes, without secrets; caller frees */
static char *endpoint_of(const Alert *alert) {
        if (alert->type == ALERT_DISCORD)
                return url_host(alert->discord_webhook);
        if (!alert->smtp_host || !*alert->smtp_host)
                return g_strdup("");
        return g_strdup_printf(
                        strchr(alert->smtp_host, ':') ? "[%s]:%" G_GUINT64_FORMAT : "%s:%" G_GUINT64_FORMAT,
                        alert->smtp_host,
                        alert->smtp_port > 0 ? alert->smtp_port : (guint64) SMTP_PORT_DEFAULT);
}

int alert_append_row(sd_bus_message *reply, Bus *bus, const Alert *alert) {
        g_autofree char *endpoint = endpoint_of(alert);
        g_auto(GStrv) lacking = manager_alert_lacking(bus->manager, alert->id ?: "");
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = dictionary_append(reply, &alert_type, alert);
        if (r < 0)
                return r;
        (void) dictionary_append_u32(reply, "owed", snapshot_owed(bus->snapshot, alert->id ?: ""));
        (void) dictionary_append_string(reply, "endpoint", endpoint);
        (void) dictionary_append_uint(reply, "revision", alert->revision);
        if (*lacking)
                (void) dictionary_append_strv(reply, "lacking", lacking);
        return sd_bus_message_close_container(reply);
}

/* ---- properties ---- */

static int
get_text(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        const Alert *alert = ((const Found *) userdata)->alert;
        g_autofree char *endpoint = NULL;
        const char *text;

        if (strcmp(property, "Id") == 0)
                text = alert->id;
        else if (strcmp(property, "Name") == 0)
                text = alert->name;
        else if (strcmp(property, "Type") == 0)
                text = alert_kind_to_string(alert->type);
        else {
                assert(strcmp(property, "Endpoint") == 0);
                text = endpoint = endpoint_of(alert);
        }
        return sd_bus_message_append_basic(reply, 's', text ?: "");
}

static int
get_bool(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        const Alert *alert = ((const Found *) userdata)->alert;
        int value;

        if (strcmp(property, "Default") == 0)
                value = alert->is_default;
        else if (strcmp(property, "Disabled") == 0)
                value = alert->disabled;
        else {
                assert(strcmp(property, "CustomMessage") == 0);
                value = (alert->subject_template && *alert->subject_template) ||
                        (alert->body_template && *alert->body_template);
        }
        return sd_bus_message_append_basic(reply, 'b', &value);
}

static int
get_revision(sd_bus *sd,
             const char *path,
             const char *interface,
             const char *property,
             sd_bus_message *reply,
             void *userdata,
             sd_bus_error *reterr) {
        return sd_bus_message_append_basic(reply, 't', &((const Found *) userdata)->alert->revision);
}

static int
get_owed(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        const Found *found = userdata;
        uint32_t owed = snapshot_owed(found->bus->snapshot, found->alert->id ?: "");

        return sd_bus_message_append_basic(reply, 'u', &owed);
}

bool alert_find(Bus *bus, const char *id, Found *ret) {
        const Alert *alert = value_object(snapshot_value(bus->snapshot), RECORD_ALERT, id);

        if (alert)
                *ret = (Found){ .bus = bus, .alert = alert };
        return alert;
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable alert_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Name", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Type", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Default", "b", get_bool, 0, CHANGES),
        SD_BUS_PROPERTY("Disabled", "b", get_bool, 0, CHANGES),
        SD_BUS_PROPERTY("Endpoint", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("CustomMessage", "b", get_bool, 0, CHANGES),
        SD_BUS_PROPERTY("Revision", "t", get_revision, 0, CHANGES),
        SD_BUS_PROPERTY("Owed", "u", get_owed, 0, 0), /* a live value */
        SD_BUS_VTABLE_END,
};
