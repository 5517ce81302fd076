/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/document.h"

#include <assert.h>

#include "base/limits.h"

static const Field document_fields[] = {
        FIELD(Document, version, FIELD_UINT, .flags = FIELD_KEEP_EMPTY),
        FIELD(Document, updated_at, FIELD_TIME),
        FIELD(Document, updated_by, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Document, election_timeout, FIELD_DURATION),
        FIELD(Document,
              peers,
              FIELD_LIST,
              .object = &peer_type,
              .max = PEERS_MAX,
              .flags = FIELD_KEEP_EMPTY),
        FIELD(Document,
              checks,
              FIELD_LIST,
              .object = &check_type,
              .max = CHECKS_MAX,
              .flags = FIELD_KEEP_EMPTY),
        FIELD(Document,
              alerts,
              FIELD_LIST,
              .object = &alert_type,
              .max = ALERTS_MAX,
              .flags = FIELD_KEEP_EMPTY),
        FIELD(Document, extra, FIELD_EXTRA, .max = EXTRA_FIELDS_MAX_BYTES),
};
const ObjectType document_type = OBJECT_TYPE(Document, "document", document_fields);

static const Field node_config_fields[] = {
        FIELD(NodeConfig, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(NodeConfig, bind_addr, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(NodeConfig, bind_port, FIELD_UINT),
        FIELD(NodeConfig, advertise, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(NodeConfig,
              cluster_secret,
              FIELD_STRING,
              .max = SECRET_FIELD_MAX_BYTES,
              .flags = FIELD_SECRET),
        FIELD(NodeConfig, join_key, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_SECRET),
        FIELD(NodeConfig, state_id, FIELD_STRING, .max = NAME_MAX_BYTES),
};
const ObjectType node_config_type = OBJECT_TYPE(NodeConfig, "node", node_config_fields);

static const Field trust_entry_fields[] = {
        FIELD(TrustEntry, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(TrustEntry, address, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(TrustEntry, fingerprint, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(TrustEntry, cert_pem, FIELD_STRING, .max = CERT_PEM_MAX_BYTES),
        FIELD(TrustEntry, added_at, FIELD_TIME),
};
const ObjectType trust_entry_type = OBJECT_TYPE(TrustEntry, "entry", trust_entry_fields);

static const Field trust_file_fields[] = {
        FIELD(TrustFile,
              entries,
              FIELD_LIST,
              .object = &trust_entry_type,
              .max = PEERS_MAX * 4,
              .flags = FIELD_KEEP_EMPTY),
};
const ObjectType trust_file_type = OBJECT_TYPE(TrustFile, "trust", trust_file_fields);

Check *document_check(const Document *document, const char *id_or_name) {
        Check *by_name = NULL;

        assert(document);

        for (unsigned i = 0; document->checks && i < document->checks->len; i++) {
                Check *check = g_ptr_array_index(document->checks, i);

                if (g_strcmp0(check->id, id_or_name) == 0)
                        return check;
                if (!by_name && g_strcmp0(check->name, id_or_name) == 0)
                        by_name = check;
        }
        return by_name;
}

static Alert *find_alert(const GPtrArray *alerts, const char *id_or_name) {
        Alert *by_name = NULL;

        for (unsigned i = 0; alerts && i < alerts->len; i++) {
                Alert *alert = g_ptr_array_index(alerts, i);

                if (g_strcmp0(alert->id, id_or_name) == 0)
                        return alert;
                if (!by_name && g_strcmp0(alert->name, id_or_name) == 0)
                        by_name = alert;
        }
        return by_name;
}

Alert *document_alert(const Document *document, const char *id_or_name) {
        assert(document);
        return find_alert(document->alerts, id_or_name);
}

Peer *document_peer(const Document *document, const char *node_id) {
        assert(document);

        for (unsigned i = 0; document->peers && i < document->peers->len; i++) {
                Peer *peer = g_ptr_array_index(document->peers, i);

                if (g_strcmp0(peer->node_id, node_id) == 0)
                        return peer;
        }
        return NULL;
}

static bool is_suppressed(const Check *check, const Alert *alert) {
        for (char **p = check->suppress_alert_ids; p && *p; p++)
                if (g_strcmp0(*p, alert->id) == 0 || g_strcmp0(*p, alert->name) == 0)
                        return true;
        return false;
}

static void add_effective(GPtrArray *list, const Check *check, Alert *alert) {
        if (alert && !alert->disabled && !is_suppressed(check, alert) &&
            !g_ptr_array_find(list, alert, NULL))
                g_ptr_array_add(list, alert);
}

GPtrArray *effective_alerts(const Check *check, const GPtrArray *alerts) {
        GPtrArray *list = g_ptr_array_new();

        assert(check);

        for (char **p = check->alert_ids; p && *p; p++)
                add_effective(list, check, find_alert(alerts, *p));
        for (unsigned i = 0; alerts && i < alerts->len; i++) {
                Alert *alert = g_ptr_array_index(alerts, i);

                if (alert->is_default)
                        add_effective(list, check, alert);
        }
        return list;
}
