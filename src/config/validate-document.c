/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no object can see alone: ids and names that meet, references, counts. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "config/validate.h"

static int
refuse(Complaint **reterr, const char *list, unsigned index, const char *field, char *text_consumed) {
        g_autofree char *path = NULL;

        if (!reterr) {
                g_free(text_consumed);
                return -EINVAL;
        }
        path = g_strdup_printf("%s[%u].%s", list, index, field);
        *reterr = complaint_new(0, 0, path, text_consumed);
        return -EINVAL;
}

/* The id and the name of an object of any list; a peer has no name. */
typedef struct Naming {
        const char *list;
        const Field *id;
        const Field *name;
} Naming;

static Naming naming_of(const char *list, const ObjectType *type) {
        const Naming naming = {
                .list = list,
                .id = object_field(type, "id") ?: object_field(type, "node_id"),
                .name = object_field(type, "name"),
        };

        return naming;
}

static const char *text_at(const Field *field, const void *object) {
        return *FIELD_AT(char *const, field, object) ?: "";
}

static int index_ids(const Naming *naming, const GPtrArray *list, GHashTable *ids, Complaint **reterr) {
        for (unsigned i = 0; i < list->len; i++) {
                void *object = g_ptr_array_index(list, i);
                const char *id = text_at(naming->id, object);

                if (!*id)
                        return refuse(reterr,
                                      naming->list,
                                      i,
                                      naming->id->name,
                                      g_strdup("missing; it needs one"));
                if (!g_hash_table_insert(ids, (void *) id, object))
                        return refuse(reterr,
                                      naming->list,
                                      i,
                                      naming->id->name,
                                      g_strdup_printf("\"%s\" stands twice in the list; each needs its own",
                                                      id));
        }
        return 0;
}

static int check_names(const Naming *naming, const GPtrArray *list, GHashTable *ids, Complaint **reterr) {
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; i < list->len; i++) {
                void *object = g_ptr_array_index(list, i);
                const char *name = text_at(naming->name, object);
                const void *other = g_hash_table_lookup(ids, name);

                if (other && other != object)
                        return refuse(reterr,
                                      naming->list,
                                      i,
                                      "name",
                                      g_strdup_printf("\"%s\" is the id of another one; choose another name",
                                                      name));
                if (!g_hash_table_insert(names, (void *) name, object))
                        return refuse(reterr,
                                      naming->list,
                                      i,
                                      "name",
                                      g_strdup_printf("\"%s\" is taken by another one; choose another name",
                                                      name));
        }
        return 0;
}

typedef int (*validate_t)(const void *object, Complaint **reterr);

static int
validate_list(const char *name,
              const ObjectType *type,
              const GPtrArray *list,
              size_t max,
              validate_t validate,
              Complaint **reterr) {
        g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
        const Naming naming = naming_of(name, type);
        int r;

        if (!list)
                return 0;
        if (list->len > max) {
                if (reterr)
                        *reterr =
                                        complaint_new(0,
                                                      0,
                                                      name,
                                                      g_strdup_printf("%u entries; at most %zu are allowed",
                                                                      list->len,
                                                                      max));
                return -EINVAL;
        }
        for (unsigned i = 0; i < list->len; i++) {
                r = validate(g_ptr_array_index(list, i), reterr);
                if (r < 0) {
                        if (reterr)
                                complaint_prefix(*reterr, name, i);
                        return r;
                }
        }
        r = index_ids(&naming, list, ids, reterr);
        if (r >= 0 && naming.name)
                r = check_names(&naming, list, ids, reterr);
        return r;
}

static int validate_peer(const void *object, Complaint **reterr) {
        return peer_validate(object, reterr);
}

static int validate_check(const void *object, Complaint **reterr) {
        return check_validate(object, reterr);
}

static int validate_alert(const void *object, Complaint **reterr) {
        return alert_validate(object, reterr);
}

/* A fingerprint is an identity: two peers that share one would be one voter with two votes. */
static int check_fingerprints(const GPtrArray *peers, Complaint **reterr) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; peers && i < peers->len; i++) {
                const Peer *peer = g_ptr_array_index(peers, i);

                if (peer->fingerprint && *peer->fingerprint && !g_hash_table_add(seen, peer->fingerprint))
                        return refuse(reterr,
                                      "peers",
                                      i,
                                      "fingerprint",
                                      g_strdup("another peer has the same; two nodes never share a key"));
        }
        return 0;
}

static GHashTable *index_alerts(const GPtrArray *alerts) {
        GHashTable *known = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; alerts && i < alerts->len; i++) {
                const Alert *alert = g_ptr_array_index(alerts, i);

                g_hash_table_add(known, alert->id);
                g_hash_table_add(known, alert->name);
        }
        return known;
}

static int check_references(
                const char *field,
                char *const *references,
                GHashTable *known,
                unsigned index,
                Complaint **reterr) {
        for (char *const *p = references; p && *p; p++)
                if (!g_hash_table_contains(known, *p))
                        return refuse(reterr,
                                      "checks",
                                      index,
                                      field,
                                      g_strdup_printf("there is no alert \"%s\"; add it first, or take it "
                                                      "out of "
                                                      "the list",
                                                      *p));
        return 0;
}

static int validate_references(const Document *document, Complaint **reterr) {
        g_autoptr(GHashTable) known = index_alerts(document->alerts);

        for (unsigned i = 0; document->checks && i < document->checks->len; i++) {
                const Check *check = g_ptr_array_index(document->checks, i);
                int r;

                r = check_references("alert_ids", check->alert_ids, known, i, reterr);
                if (r >= 0)
                        r = check_references(
                                        "suppress_alert_ids", check->suppress_alert_ids, known, i, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int validate_election_timeout(const Document *document, Complaint **reterr) {
        usec_t timeout = document->election_timeout;
        g_autofree char *text = usec_to_duration(timeout);

        if (timeout == 0 || (timeout >= ELECTION_MIN_USEC && timeout <= ELECTION_MAX_USEC))
                return 0;
        if (reterr)
                *reterr = complaint_new(
                                0,
                                0,
                                "election_timeout",
                                g_strdup_printf("%s is out of range; 300ms to 10s, or nothing for 1s",
                                                text));
        return -EINVAL;
}

int document_validate(const Document *document, Complaint **reterr) {
        int r;

        assert(document);

        r = validate_election_timeout(document, reterr);
        if (r >= 0)
                r = validate_list("peers", &peer_type, document->peers, PEERS_MAX, validate_peer, reterr);
        if (r >= 0)
                r = check_fingerprints(document->peers, reterr);
        if (r >= 0)
                r = validate_list(
                                "checks", &check_type, document->checks, CHECKS_MAX, validate_check, reterr);
        if (r >= 0)
                r = validate_list(
                                "alerts", &alert_type, document->alerts, ALERTS_MAX, validate_alert, reterr);
        if (r >= 0)
                r = validate_references(document, reterr);
        return r;
}
