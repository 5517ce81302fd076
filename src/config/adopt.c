/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/adopt.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "config/lists.h"
#include "config/text.h"
#include "config/validate.h"
#include "config/yaml.h"
#include "model/credential.h"
#include "model/fingerprint.h"

typedef struct Adopter {
        Document *document;
        object_id_t next_id;
        void *userdata;
        GPtrArray *warnings;
        const DocumentList *list; /* and the index of the object at hand, as the text has it */
        unsigned index;
} Adopter;

static void warn(Adopter *adopter, const char *field, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void warn(Adopter *adopter, const char *field, const char *format, ...) {
        Complaint *complaint;
        va_list args;

        if (!adopter->warnings)
                return;
        va_start(args, format);
        complaint = complaint_new(0, 0, field, g_strdup_vprintf(format, args));
        va_end(args);
        complaint_prefix(complaint, adopter->list->name, adopter->index);
        g_ptr_array_add(adopter->warnings, complaint);
}

static void set_text(char **where, char *text_consumed) {
        g_free(*where);
        *where = text_consumed;
}

static bool is_empty(const char *text) {
        return !text || !*text;
}

/* texts of every kind */

static char *without_controls(const char *text, const char *allowed) {
        g_autoptr(GString) s = g_string_new(NULL);

        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (!g_unichar_iscntrl(c) || strchr(allowed, *p))
                        g_string_append_unichar(s, c);
                else if (c == '\n' || c == '\t')
                        g_string_append_c(s, ' ');
        }
        return g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
}

static void clean_texts(Adopter *adopter, void *object) {
        const ObjectType *type = adopter->list->type;

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                char **text = FIELD_AT(char *, field, object);

                if (field->type != FIELD_STRING || is_empty(*text) ||
                    (field->flags & FIELD_CREDENTIAL && credential_of(*text)) ||
                    !text_has_control(*text, text_allowed_controls(field)))
                        continue;
                set_text(text, without_controls(*text, text_allowed_controls(field)));
                warn(adopter, field->name, "control characters are taken out");
        }
}

/* Cuts the end off without breaking a character, so that `suffix` fits. */
static char *cut_name(const char *name, const char *suffix) {
        size_t room = NAME_MAX_BYTES - strlen(suffix), length = strlen(name);

        if (length > room)
                length = (size_t) (g_utf8_find_prev_char(name, name + room + 1) - name);
        return g_strdup_printf("%.*s%s", (int) length, name, suffix);
}

/* Names are unique, and no other's id. */
static void adopt_name(Adopter *adopter, void *object, GHashTable *ids, GHashTable *names) {
        char **name = FIELD_AT(char *, object_field(adopter->list->type, "name"), object);
        g_autofree char *old = g_strdup(*name), *wanted = g_strdup(*name ?: "");
        unsigned n = 1;

        (void) g_strstrip(wanted);
        if (!*wanted || text_has_blank_end(wanted))
                set_text(&wanted, g_strdup_printf("%s %u", adopter->list->type->name, adopter->index + 1));
        set_text(name, cut_name(wanted, ""));

        while (g_hash_table_contains(names, *name) ||
               (g_hash_table_contains(ids, *name) && g_hash_table_lookup(ids, *name) != object)) {
                g_autofree char *suffix = g_strdup_printf(" (%u)", ++n);

                set_text(name, cut_name(wanted, suffix));
        }
        g_hash_table_add(names, *name);
        if (is_empty(old))
                warn(adopter, "name", "missing; it is called \"%s\" from now on", *name);
        else if (n > 1)
                warn(adopter, "name", "\"%s\" is taken; it is called \"%s\" from now on", wanted, *name);
}

static void adopt_id(Adopter *adopter, void *object, GHashTable *ids) {
        char **id = FIELD_AT(char *, object_field(adopter->list->type, "id"), object);

        if (!is_empty(*id))
                (void) g_strstrip(*id);
        if (is_empty(*id) || g_hash_table_contains(ids, *id)) {
                bool missing = is_empty(*id);

                set_text(id, adopter->next_id ? adopter->next_id(adopter->userdata) : NULL);
                warn(adopter,
                     "id",
                     missing ? "missing; it gets %s" : "stands twice; it gets %s",
                     *id ?: "one");
        }
        if (*id)
                g_hash_table_insert(ids, *id, object);
}

/* checks */

static void adopt_times(Adopter *adopter, Check *check) {
        g_autofree char *interval = usec_to_duration(check->interval);
        g_autofree char *timeout = usec_to_duration(check->timeout);

        if (check->interval > 0 && check->interval < INTERVAL_MIN_USEC) {
                check->interval = INTERVAL_MIN_USEC;
                warn(adopter, "interval", "%s is too short; raised to 1s", interval);
        } else if (check->interval > INTERVAL_MAX_USEC) {
                check->interval = INTERVAL_MAX_USEC;
                warn(adopter, "interval", "%s is too long; cut to 24h", interval);
        }
        if (check->timeout > 0 && check->timeout < TIMEOUT_MIN_USEC) {
                check->timeout = TIMEOUT_MIN_USEC;
                warn(adopter, "timeout", "%s is too short; raised to 100ms", timeout);
        } else if (check->timeout > check_interval(check)) {
                g_autofree char *limit = usec_to_duration(check_interval(check));

                check->timeout = check_interval(check);
                warn(adopter, "timeout", "%s is longer than the interval; cut to %s", timeout, limit);
        }
}

static void adopt_expectation(Adopter *adopter, Check *check) {
        if (check->type != CHECK_HTTP && check->expect_status != 0) {
                check->expect_status = 0;
                warn(adopter, "expect_status", "only http checks have a status; taken out");
        } else if (check->expect_status != 0 && (check->expect_status < 100 || check->expect_status > 599)) {
                warn(adopter,
                     "expect_status",
                     "%" G_GUINT64_FORMAT " is no HTTP status; 200 is expected from now on",
                     check->expect_status);
                check->expect_status = 0;
        }
        if (check->type != CHECK_HTTP && !is_empty(check->body_match)) {
                set_text(&check->body_match, NULL);
                warn(adopter, "body_match", "only http checks have a body; taken out");
        }
}

/* What the original would have failed to probe on every node and for ever. */
static bool is_probeable(Adopter *adopter, const Check *check) {
        g_autofree char *problem = NULL;

        if (!check_kind_to_string(check->type)) {
                warn(adopter,
                     "type",
                     "missing or unknown (http, tcp or icmp); check \"%s\" is left out",
                     check->name ?: "");
                return false;
        }
        if (target_validate(check->type, check->target, &problem) < 0) {
                warn(adopter, "target", "%s; check \"%s\" is left out", problem, check->name ?: "");
                return false;
        }
        return true;
}

static bool adopt_check(Adopter *adopter, void *object) {
        Check *check = object;

        clean_texts(adopter, check);
        if (!is_probeable(adopter, check))
                return false;
        adopt_times(adopter, check);
        adopt_expectation(adopter, check);
        return true;
}

/* alerts */

static void clear_foreign(Adopter *adopter, Alert *alert) {
        const char *foreign = alert->type == ALERT_SMTP ? "discord_" : "smtp_";

        for (size_t i = 0; i < alert_type.n_fields; i++) {
                const Field *field = &alert_type.fields[i];

                if (!g_str_has_prefix(field->name, foreign) || object_field_is_empty(field, alert))
                        continue;
                object_clear_field(field, alert);
                warn(adopter,
                     field->name,
                     "no field of %s alerts; taken out",
                     alert_kind_to_string(alert->type));
        }
}

static void keep_valid_recipients(Adopter *adopter, Alert *alert) {
        g_autoptr(GStrvBuilder) kept = g_strv_builder_new();

        for (char **p = alert->smtp_to; p && *p; p++) {
                g_autofree char *problem = NULL;

                if (mail_address_validate(*p, &problem) >= 0)
                        g_strv_builder_add(kept, *p);
                else
                        warn(adopter, "smtp_to", "%s; this recipient is taken out", problem);
        }
        g_strfreev(alert->smtp_to);
        alert->smtp_to = g_strv_builder_end(kept);
}

static bool adopt_alert(Adopter *adopter, void *object) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autofree char *name = NULL;
        Alert *alert = object;
        int r;

        clean_texts(adopter, alert);
        if (!alert_kind_to_string(alert->type)) {
                warn(adopter,
                     "type",
                     "missing or unknown (smtp or discord); alert \"%s\" is left out",
                     alert->name ?: "");
                return false;
        }
        clear_foreign(adopter, alert);
        keep_valid_recipients(adopter, alert);
        if (alert->smtp_port > UINT16_MAX) {
                alert->smtp_port = 0;
                warn(adopter, "smtp_port", "no port; 587 from now on");
        }

        /* its name is put right later, and is no reason to leave it out */
        name = alert->name;
        alert->name = (char *) "alert";
        r = alert_validate(alert, &complaint);
        alert->name = TAKE_PTR(name);
        if (r < 0)
                warn(adopter,
                     complaint->field ?: "type",
                     "%s; alert \"%s\" is left out",
                     complaint->text,
                     alert->name ?: "");
        return r >= 0;
}

/* peers */

static bool adopt_peer(Adopter *adopter, void *object) {
        Peer *peer = object;
        Fingerprint fingerprint;

        clean_texts(adopter, peer);
        if (is_empty(peer->node_id)) {
                warn(adopter, "node_id", "missing; the peer is left out");
                return false;
        }
        (void) g_strstrip(peer->node_id);
        if (!is_empty(peer->advertise) && address_split(peer->advertise, NULL, NULL) < 0) {
                warn(adopter, "advertise", "\"%s\" is not host:port; taken out", peer->advertise);
                set_text(&peer->advertise, NULL);
        }
        if (!is_empty(peer->fingerprint) && fingerprint_from_string(peer->fingerprint, &fingerprint) < 0) {
                warn(adopter, "fingerprint", "not a fingerprint; taken out");
                set_text(&peer->fingerprint, NULL);
        }
        return true;
}

/* Two peers never share an id or a key: the first one stays. */
static bool is_first(Adopter *adopter, Peer *peer, GHashTable *ids, GHashTable *fingerprints) {
        if (g_hash_table_contains(ids, peer->node_id)) {
                warn(adopter, "node_id", "stands twice; the second peer is left out");
                return false;
        }
        if (!is_empty(peer->fingerprint) && g_hash_table_contains(fingerprints, peer->fingerprint)) {
                warn(adopter, "fingerprint", "stands twice; the second peer is left out");
                return false;
        }
        g_hash_table_add(ids, peer->node_id);
        if (!is_empty(peer->fingerprint))
                g_hash_table_add(fingerprints, peer->fingerprint);
        return true;
}

/* lists: each object alone, then what they are to each other, and what is left out leaves last, so that
 * every warning has the index of the text */

static bool adopt_object(Adopter *adopter, void *object) {
        if (adopter->list->type == &peer_type)
                return adopt_peer(adopter, object);
        if (adopter->list->type == &check_type)
                return adopt_check(adopter, object);
        return adopt_alert(adopter, object);
}

static void adopt_identities(Adopter *adopter, const GPtrArray *objects, bool *kept) {
        g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; i < objects->len; i++) {
                adopter->index = i;
                if (kept[i] && adopter->list->type == &peer_type)
                        kept[i] = is_first(adopter, g_ptr_array_index(objects, i), ids, names);
                else if (kept[i])
                        adopt_id(adopter, g_ptr_array_index(objects, i), ids);
        }
        for (unsigned i = 0; i < objects->len && adopter->list->type != &peer_type; i++) {
                adopter->index = i;
                if (kept[i])
                        adopt_name(adopter, g_ptr_array_index(objects, i), ids, names);
        }
}

static void adopt_list(Adopter *adopter, const DocumentList *list, bool **ret_kept) {
        GPtrArray *objects = document_list_get(list, adopter->document);
        unsigned n = objects ? objects->len : 0;

        adopter->list = list;
        *ret_kept = g_new0(bool, n + 1);
        for (unsigned i = 0; i < n; i++) {
                adopter->index = i;
                (*ret_kept)[i] = adopt_object(adopter, g_ptr_array_index(objects, i));
        }
        if (n > 0)
                adopt_identities(adopter, objects, *ret_kept);
}

static void remove_left_out(Adopter *adopter, const DocumentList *list, const bool *kept) {
        GPtrArray **objects = document_list_at(list, adopter->document);
        GPtrArray *left;

        if (!*objects)
                return;
        left = object_list_new(list->type);
        for (unsigned i = 0; i < (*objects)->len; i++)
                if (kept[i])
                        g_ptr_array_add(left, g_ptr_array_index(*objects, i));
                else
                        (void) object_free(list->type, g_ptr_array_index(*objects, i));
        g_ptr_array_unref(*objects);
        *objects = left;
}

/* references to alerts, after those that are left out are gone */

static void adopt_references(Adopter *adopter, const char *field, char ***references) {
        g_autoptr(GStrvBuilder) kept = g_strv_builder_new();

        for (char **p = *references; p && *p; p++)
                if (document_alert(adopter->document, *p))
                        g_strv_builder_add(kept, *p);
                else
                        warn(adopter, field, "there is no alert \"%s\"; taken out", *p);
        g_strfreev(*references);
        *references = g_strv_builder_end(kept);
}

static void adopt_all_references(Adopter *adopter, const bool *kept) {
        const GPtrArray *checks = adopter->document->checks;

        adopter->list = &document_lists[1];
        for (unsigned i = 0; checks && i < checks->len; i++) {
                Check *check = g_ptr_array_index(checks, i);

                adopter->index = i;
                if (!kept[i])
                        continue;
                adopt_references(adopter, "alert_ids", &check->alert_ids);
                adopt_references(adopter, "suppress_alert_ids", &check->suppress_alert_ids);
        }
}

static void adopt_election_timeout(Document *document, GPtrArray *warnings) {
        usec_t wanted = document->election_timeout;

        if (wanted == 0 || (wanted >= ELECTION_MIN_USEC && wanted <= ELECTION_MAX_USEC))
                return;
        document->election_timeout = CLAMP(wanted, ELECTION_MIN_USEC, ELECTION_MAX_USEC);
        if (warnings)
                g_ptr_array_add(warnings,
                                complaint_new(0,
                                              0,
                                              "election_timeout",
                                              g_strdup("out of 300ms to 10s; put to the nearer end")));
}

void document_adopt(Document *document, object_id_t next_id, void *userdata, GPtrArray *warnings) {
        Adopter adopter = {
                .document = document,
                .next_id = next_id,
                .userdata = userdata,
                .warnings = warnings,
        };
        bool *kept[DOCUMENT_N_LISTS];

        assert(document);

        adopt_election_timeout(document, warnings);
        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++)
                adopt_list(&adopter, &document_lists[i], &kept[i]);
        remove_left_out(&adopter, &document_lists[2], kept[2]);
        adopt_all_references(&adopter, kept[1]);
        remove_left_out(&adopter, &document_lists[0], kept[0]);
        remove_left_out(&adopter, &document_lists[1], kept[1]);
        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++)
                g_free(kept[i]);
}

int document_adopt_text(
                const char *text,
                size_t size,
                object_id_t next_id,
                void *userdata,
                Document **ret,
                GPtrArray *warnings,
                Complaint **reterr) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(document_freep) Document *document = NULL;
        void *parsed = NULL;
        int r;

        assert(ret);

        r = yaml_parse(&document_type, text, size, YAML_LAX, &parsed, warnings, &complaint);
        if (r >= 0) {
                document = parsed;
                document_adopt(document, next_id, userdata, warnings);
                if (warnings)
                        yaml_locate(warnings, text, size);
                if (document_validate(document, &complaint) < 0)
                        r = -EBADMSG; /* over a limit, or nobody gave ids */
        }
        if (r < 0) {
                if (reterr)
                        *reterr = TAKE_PTR(complaint);
                return r;
        }
        *ret = TAKE_PTR(document);
        return 0;
}
