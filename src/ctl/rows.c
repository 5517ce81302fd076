/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/rows.h"

#include <assert.h>

#include "base/limits.h"
#include "wire/codec.h"

static const Field node_status_fields[] = {
        FIELD_AS("Initialized", NodeStatus, initialized, FIELD_BOOL),
        FIELD_AS("Version", NodeStatus, version, FIELD_STRING),
        FIELD_AS("Directory", NodeStatus, directory, FIELD_STRING),
        FIELD_AS("NodeID", NodeStatus, node_id, FIELD_STRING),
        FIELD_AS("Fingerprint", NodeStatus, fingerprint, FIELD_STRING),
        FIELD_AS("Master", NodeStatus, master, FIELD_STRING),
        FIELD_AS("MasterVia", NodeStatus, master_via, FIELD_STRING),
        FIELD_AS("Term", NodeStatus, term, FIELD_UINT),
        FIELD_AS("Quorum", NodeStatus, quorum, FIELD_BOOL),
        FIELD_AS("QuorumLive", NodeStatus, quorum_live, FIELD_UINT),
        FIELD_AS("QuorumNeed", NodeStatus, quorum_need, FIELD_UINT),
        FIELD_AS("ConfigVersion", NodeStatus, config_version, FIELD_UINT),
        FIELD_AS("Hint", NodeStatus, hint, FIELD_STRING),
};
const ObjectType node_status_type = OBJECT_TYPE(NodeStatus, "node status", node_status_fields);

static const Field peer_row_fields[] = {
        FIELD(PeerRow, node_id, FIELD_STRING),     FIELD(PeerRow, advertise, FIELD_STRING),
        FIELD(PeerRow, live, FIELD_BOOL),          FIELD(PeerRow, last_seen, FIELD_TIME),
        FIELD(PeerRow, fingerprint, FIELD_STRING), FIELD(PeerRow, self, FIELD_BOOL),
        FIELD(PeerRow, joining, FIELD_BOOL),
};
const ObjectType peer_row_type = OBJECT_TYPE(PeerRow, "peer", peer_row_fields);

static const Field effective_alert_fields[] = {
        FIELD(EffectiveAlert, name, FIELD_STRING),
        FIELD_AS("default", EffectiveAlert, is_default, FIELD_BOOL),
};
const ObjectType effective_alert_type = OBJECT_TYPE(EffectiveAlert, "alert", effective_alert_fields);

static const Field check_row_fields[] = {
        FIELD(CheckRow, id, FIELD_STRING),
        FIELD(CheckRow, name, FIELD_STRING),
        FIELD(CheckRow, type, FIELD_STRING),
        FIELD(CheckRow, target, FIELD_STRING),
        FIELD(CheckRow, state, FIELD_STRING),
        FIELD(CheckRow, ok, FIELD_UINT),
        FIELD(CheckRow, total, FIELD_UINT),
        FIELD(CheckRow, alerts, FIELD_LIST, .object = &effective_alert_type),
        FIELD(CheckRow, detail, FIELD_STRING),
        FIELD(CheckRow, interval, FIELD_STRING),
        FIELD(CheckRow, timeout, FIELD_STRING),
        FIELD(CheckRow, expect_status, FIELD_UINT),
        FIELD(CheckRow, body_match, FIELD_STRING),
        FIELD(CheckRow, alert_ids, FIELD_STRV),
        FIELD(CheckRow, suppress_alert_ids, FIELD_STRV),
        FIELD(CheckRow, disabled, FIELD_BOOL),
        FIELD(CheckRow, revision, FIELD_UINT),
        FIELD(CheckRow, since, FIELD_TIME),
        FIELD(CheckRow, stale_since, FIELD_TIME),
};
const ObjectType check_row_type = OBJECT_TYPE(CheckRow, "check", check_row_fields);

void check_row_mark_disabled(CheckRow *check) {
        assert(check);

        if (!check->disabled)
                return;
        g_free(check->state);
        check->state = g_strdup("disabled");
        check->stale_since = 0;
}

static const Field alert_row_fields[] = {
        FIELD(AlertRow, id, FIELD_STRING),
        FIELD(AlertRow, name, FIELD_STRING),
        FIELD(AlertRow, type, FIELD_STRING),
        FIELD_AS("default", AlertRow, is_default, FIELD_BOOL),
        FIELD(AlertRow, disabled, FIELD_BOOL),
        FIELD(AlertRow, smtp_host, FIELD_STRING),
        FIELD(AlertRow, smtp_port, FIELD_UINT),
        FIELD(AlertRow, smtp_user, FIELD_STRING),
        FIELD(AlertRow, smtp_password, FIELD_JSON, .flags = FIELD_SECRET),
        FIELD(AlertRow, smtp_from, FIELD_STRING),
        FIELD(AlertRow, smtp_to, FIELD_STRV),
        FIELD(AlertRow, smtp_starttls, FIELD_BOOL),
        FIELD(AlertRow, discord_webhook, FIELD_JSON, .flags = FIELD_SECRET),
        FIELD(AlertRow, subject_template, FIELD_STRING),
        FIELD(AlertRow, body_template, FIELD_STRING),
        FIELD(AlertRow, owed, FIELD_UINT),
        FIELD(AlertRow, lacking, FIELD_STRV),
        FIELD(AlertRow, endpoint, FIELD_STRING),
        FIELD(AlertRow, revision, FIELD_UINT),
};
const ObjectType alert_row_type = OBJECT_TYPE(AlertRow, "alert", alert_row_fields);

static const Field trust_row_fields[] = {
        FIELD(TrustRow, node_id, FIELD_STRING),
        FIELD(TrustRow, address, FIELD_STRING),
        FIELD(TrustRow, fingerprint, FIELD_STRING),
        FIELD(TrustRow, added_at, FIELD_TIME),
};
const ObjectType trust_row_type = OBJECT_TYPE(TrustRow, "trust entry", trust_row_fields);

static const Field node_answer_fields[] = {
        FIELD(NodeAnswer, node_id, FIELD_STRING),
        FIELD(NodeAnswer, fingerprint, FIELD_STRING),
        FIELD(NodeAnswer, directory, FIELD_STRING),
        FIELD(NodeAnswer, advertise, FIELD_STRING),
        FIELD(NodeAnswer, secret, FIELD_STRING, .flags = FIELD_SECRET),
        FIELD(NodeAnswer, state, FIELD_STRING),
};
const ObjectType node_answer_type = OBJECT_TYPE(NodeAnswer, "node", node_answer_fields);

static int read_string(sd_bus_message *message, char **ret) {
        const char *text;
        int r;

        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;

        g_free(*ret);
        *ret = g_strdup(text);
        return 0;
}

static int read_uint(sd_bus_message *message, char type, uint64_t *ret) {
        uint32_t small = 0;
        int r;

        if (type == 't')
                return sd_bus_message_read_basic(message, 't', ret);

        r = sd_bus_message_read_basic(message, 'u', &small);
        if (r < 0)
                return r;

        *ret = small;
        return 0;
}

static int read_bool(sd_bus_message *message, bool *ret) {
        int truth, r;

        r = sd_bus_message_read_basic(message, 'b', &truth);
        if (r < 0)
                return r;

        *ret = truth;
        return 0;
}

static int read_strv(sd_bus_message *message, char ***ret) {
        g_autoptr(GPtrArray) strv = g_ptr_array_new_with_free_func(g_free);
        const char *text;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(message, 's', &text)) > 0)
                g_ptr_array_add(strv, g_strdup(text));
        if (r < 0)
                return r;

        g_ptr_array_add(strv, NULL);
        g_strfreev(*ret);
        *ret = (char **) g_ptr_array_free(g_steal_pointer(&strv), /* free_seg= */ FALSE);
        return sd_bus_message_exit_container(message);
}

/* a(sb): the effective alerts of a check */
static int read_effective_alerts(sd_bus_message *message, GPtrArray **list) {
        const char *name;
        int is_default, r;

        if (!*list)
                *list = object_list_new(&effective_alert_type);

        r = sd_bus_message_enter_container(message, 'a', "(sb)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(message, "(sb)", &name, &is_default)) > 0) {
                EffectiveAlert *alert = effective_alert_new();

                alert->name = g_strdup(name);
                alert->is_default = is_default;
                g_ptr_array_add(*list, alert);
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(message);
}

typedef struct SecretMark {
        char *credential;
} SecretMark;

static const Field secret_mark_fields[] = {
        FIELD(SecretMark, credential, FIELD_STRING, .max = CREDENTIAL_NAME_MAX_BYTES),
};
static const ObjectType secret_mark_type = OBJECT_TYPE(SecretMark, "secret", secret_mark_fields);

/* {"kept": true}: a secret that is set; or the credential's name; what else it might say one day is no
 * business of ours */
static int read_secret(sd_bus_message *message, char **ret) {
        SecretMark *mark;
        int r;

        r = row_read(message, &secret_mark_type, (void **) &mark);
        if (r < 0)
                return r;

        g_free(*ret);
        *ret = mark->credential ? codec_encode_text(&secret_mark_type, mark) : g_strdup("{\"kept\":true}");
        (void) object_free(&secret_mark_type, mark);
        return 0;
}

static int read_duration(sd_bus_message *message, usec_t *ret) {
        const char *text;
        int r;

        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;

        (void) usec_from_duration(text, ret); /* what is none stays 0 */
        return 0;
}

/* aa{sv}: objects in an object */
static int read_objects(sd_bus_message *message, const ObjectType *type, GPtrArray **list) {
        if (!*list)
                *list = object_list_new(type);
        return rows_read(message, type, *list);
}

static int read_field(sd_bus_message *message, const Field *field, const char *contents, void *object) {
        bool is_number = g_str_equal(contents, "t") || g_str_equal(contents, "u");

        switch (field->type) {
        case FIELD_STRING:
                if (g_str_equal(contents, "s"))
                        return read_string(message, FIELD_AT(char *, field, object));
                break;
        case FIELD_BOOL:
                if (g_str_equal(contents, "b"))
                        return read_bool(message, FIELD_AT(bool, field, object));
                break;
        case FIELD_UINT:
        case FIELD_TIME:
        case FIELD_USEC:
                if (is_number)
                        return read_uint(message, contents[0], FIELD_AT(uint64_t, field, object));
                break;
        case FIELD_DURATION:
                if (g_str_equal(contents, "s"))
                        return read_duration(message, FIELD_AT(usec_t, field, object));
                break;
        case FIELD_STRV:
                if (g_str_equal(contents, "as"))
                        return read_strv(message, FIELD_AT(char **, field, object));
                break;
        case FIELD_LIST:
                if (g_str_equal(contents, "a(sb)"))
                        return read_effective_alerts(message, FIELD_AT(GPtrArray *, field, object));
                if (g_str_equal(contents, "aa{sv}"))
                        return read_objects(message, field->object, FIELD_AT(GPtrArray *, field, object));
                break;
        case FIELD_JSON:
                if (g_str_equal(contents, "a{sv}"))
                        return read_secret(message, FIELD_AT(char *, field, object));
                break;
        default:
                break;
        }
        return sd_bus_message_skip(message, contents);
}

static int read_member(sd_bus_message *message, const ObjectType *type, void *object) {
        const char *key, *contents;
        const Field *field;
        int r;

        r = sd_bus_message_read_basic(message, 's', &key);
        if (r < 0)
                return r;

        field = object_field(type, key);
        if (!field)
                return sd_bus_message_skip(message, "v");

        r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
                return r;
        r = read_field(message, field, contents, object);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(message);
}

int row_update(sd_bus_message *message, const ObjectType *type, void *object) {
        int r;

        assert(message);
        assert(type);
        assert(object);

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_member(message, type, object);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(message);
}

int row_read(sd_bus_message *message, const ObjectType *type, void **ret) {
        void *object;
        int r;

        assert(type);
        assert(ret);

        object = object_new(type);
        r = row_update(message, type, object);
        if (r < 0) {
                (void) object_free(type, object);
                return r;
        }

        *ret = object;
        return 0;
}

GPtrArray *rows_new(const ObjectType *type) {
        const struct {
                const ObjectType *type;
                GDestroyNotify free;
        } kinds[] = {
                { &peer_row_type, peer_row_free_item },
                { &check_row_type, check_row_free_item },
                { &alert_row_type, alert_row_free_item },
                { &trust_row_type, trust_row_free_item },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
                if (kinds[i].type == type)
                        return g_ptr_array_new_with_free_func(kinds[i].free);
        g_assert_not_reached();
}

int rows_read(sd_bus_message *message, const ObjectType *type, GPtrArray *rows) {
        int r;

        assert(message);
        assert(rows);

        r = sd_bus_message_enter_container(message, 'a', "a{sv}");
        if (r < 0)
                return r;

        for (;;) {
                void *row;

                r = sd_bus_message_at_end(message, /* complete= */ 0);
                if (r < 0)
                        return r;
                if (r > 0)
                        break;
                r = row_read(message, type, &row);
                if (r < 0)
                        return r;
                g_ptr_array_add(rows, row);
        }
        return sd_bus_message_exit_container(message);
}
