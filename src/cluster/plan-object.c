/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Planning a change of one check or alert. */

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/plan.h"
#include "config/validate.h"

static const ListedKind listed_kinds[] = {
        { "peer",
          RECORD_PEER,
          &peer_type,
          offsetof(Peer, node_id),
          -1,
          offsetof(Peer, order),
          offsetof(Peer, revision),
          PEERS_MAX },
        { "alert",
          RECORD_ALERT,
          &alert_type,
          offsetof(Alert, id),
          offsetof(Alert, name),
          offsetof(Alert, order),
          offsetof(Alert, revision),
          ALERTS_MAX },
        { "check",
          RECORD_CHECK,
          &check_type,
          offsetof(Check, id),
          offsetof(Check, name),
          offsetof(Check, order),
          offsetof(Check, revision),
          CHECKS_MAX },
};

const ListedKind *listed_kind(RecordKind kind) {
        for (size_t i = 0; i < G_N_ELEMENTS(listed_kinds); i++)
                if (listed_kinds[i].record == kind)
                        return &listed_kinds[i];
        assert(!"a kind that is no list of the document");
        return NULL;
}

const ListedKind *listed_kind_from_string(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(listed_kinds); i++)
                if (g_strcmp0(listed_kinds[i].name, name) == 0)
                        return &listed_kinds[i];
        return NULL;
}

char **listed_id(const ListedKind *kind, const void *object) {
        return (char **) ((char *) object + kind->id_offset);
}

const char *listed_name(const ListedKind *kind, const void *object) {
        if (kind->name_offset < 0)
                return *listed_id(kind, object) ?: "";
        return *(char **) ((char *) object + kind->name_offset) ?: "";
}

uint64_t *listed_order(const ListedKind *kind, const void *object) {
        return (uint64_t *) ((char *) object + kind->order_offset);
}

uint64_t *listed_revision(const ListedKind *kind, const void *object) {
        return (uint64_t *) ((char *) object + kind->revision_offset);
}

int listed_validate(const ListedKind *kind, const void *object, char **reterr_text) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        int r;

        if (kind->record == RECORD_CHECK)
                r = check_validate(object, &complaint);
        else if (kind->record == RECORD_ALERT)
                r = alert_validate(object, &complaint);
        else
                r = peer_validate(object, &complaint);
        if (r < 0)
                *reterr_text = complaint_to_string(complaint, NULL);
        return r;
}

const void *listed_find(const Value *value, const ListedKind *kind, const char *id_or_name) {
        if (!id_or_name || !*id_or_name)
                return NULL;
        if (kind->record == RECORD_CHECK)
                return value_check(value, id_or_name);
        if (kind->record == RECORD_ALERT)
                return value_alert(value, id_or_name);
        return value_peer(value, id_or_name);
}

/* Neither its id nor its name may already mean another object, for both are taken wherever one is asked for.
 */
bool plan_may_be_named(Plan *plan, const ListedKind *kind, const void *object, const char *own_id) {
        const char *texts[] = { *listed_id(kind, object), listed_name(kind, object) };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                const void *other = listed_find(plan->value, kind, texts[i]);

                if (other && g_strcmp0(*listed_id(kind, other), own_id) != 0)
                        return plan_refuse(
                                        plan,
                                        CHANGE_EXISTS,
                                        "there is already %s %s named \"%s\" (%s)",
                                        kind->record == RECORD_ALERT ? "an" : "a",
                                        kind->name,
                                        listed_name(kind, other),
                                        *listed_id(kind, other));
        }
        return true;
}

static bool references_exist(Plan *plan, const Check *check, char **references, const char *field) {
        for (char **p = references; p && *p; p++)
                if (!value_alert(plan->value, *p))
                        return plan_refuse(
                                        plan,
                                        CHANGE_INVALID,
                                        "%s of check \"%s\": there is no alert \"%s\"",
                                        field,
                                        check->name ?: "",
                                        *p);
        return true;
}

bool plan_references(Plan *plan, const Check *check) {
        return references_exist(plan, check, check->alert_ids, "alert_ids") &&
               references_exist(plan, check, check->suppress_alert_ids, "suppress_alert_ids");
}

static bool is_acceptable(Plan *plan, const ListedKind *kind, const void *object, const char *own_id) {
        g_autofree char *text = NULL;

        if (listed_validate(kind, object, &text) < 0)
                return plan_refuse(plan, CHANGE_INVALID, "%s", text);
        return plan_may_be_named(plan, kind, object, own_id) &&
               (kind->record != RECORD_CHECK || plan_references(plan, object));
}

static bool find_kind(Plan *plan, const ListedKind **ret) {
        *ret = listed_kind_from_string(plan->change->object_kind);
        if (!*ret)
                return plan_refuse(
                                plan,
                                CHANGE_INVALID,
                                "no such kind of object: \"%s\"",
                                plan->change->object_kind ?: "");
        return true;
}

/* the object a change names, at the revision it names */
static bool find_target(Plan *plan, const ListedKind *kind, const void **ret) {
        const Change *change = plan->change;
        const void *object = listed_find(plan->value, kind, change->target);

        if (!object)
                return plan_refuse(
                                plan,
                                CHANGE_NOT_FOUND,
                                "there is no %s \"%s\"",
                                kind->name,
                                change->target ?: "");
        if (change->base_revision > 0 && change->base_revision != *listed_revision(kind, object))
                return plan_refuse(
                                plan,
                                CHANGE_CONFLICT,
                                "%s \"%s\" was changed meanwhile; look at it and try again",
                                kind->name,
                                listed_name(kind, object));
        *ret = object;
        return true;
}

bool plan_add(Plan *plan) {
        const ListedKind *kind;
        void *object = NULL;
        size_t n;

        if (!find_kind(plan, &kind) ||
            !plan_read_object(plan, kind->type, plan->change->body, NULL, &object, NULL))
                return false;
        if (kind->record == RECORD_PEER)
                return plan_add_peer(plan, object);

        if (!*listed_id(kind, object) || !**listed_id(kind, object)) {
                g_free(*listed_id(kind, object));
                *listed_id(kind, object) = plan->next_id(plan->userdata);
        }
        (void) value_slice(plan->value, kind->record, &n);
        if (n >= kind->max)
                (void) plan_refuse(
                                plan,
                                CHANGE_REFUSED,
                                "there are already %zu %ss, the most possible",
                                n,
                                kind->name);
        else if (is_acceptable(plan, kind, object, NULL)) {
                *listed_order(kind, object) = plan->meta->next_order++;
                *listed_revision(kind, object) = plan->meta->version;
                plan_name_object(plan, kind, object);
                delta_put_object(plan->delta, kind->record, object);
                return true;
        }
        (void) object_free(kind->type, object);
        return false;
}

static bool
set_field(Plan *plan, const ListedKind *kind, const char *name, void *object, const void *edited) {
        const Field *field = object_field(kind->type, name);

        if (!field || field->flags & FIELD_INTERNAL) {
                const char *nearest = object_nearest_field(kind->type, name);

                return plan_refuse(
                                plan,
                                CHANGE_INVALID,
                                nearest ? "%s has no field \"%s\"; did you mean \"%s\"?"
                                        : "%s has no field \"%s\"",
                                kind->name,
                                name,
                                nearest);
        }
        if (field->flags & FIELD_FIXED && !object_field_equal(field, object, edited))
                return plan_refuse(
                                plan,
                                CHANGE_INVALID,
                                "the %s of %s %s cannot be changed; remove it and add another",
                                name,
                                kind->record == RECORD_ALERT ? "an" : "a",
                                kind->name);
        object_copy_field(field, object, edited);
        return true;
}

/* A check that names an alert by its name follows when that changes. */
static void follow_alert_name(Plan *plan, const char *from, const char *to) {
        size_t n;
        Record *const *checks = value_slice(plan->value, RECORD_CHECK, &n);

        for (size_t i = 0; i < n; i++) {
                const Check *check = checks[i]->object;
                Check *copy = NULL;
                char ***lists[2];

                if (!(check->alert_ids && g_strv_contains((const char *const *) check->alert_ids, from)) &&
                    !(check->suppress_alert_ids &&
                      g_strv_contains((const char *const *) check->suppress_alert_ids, from)))
                        continue;

                copy = check_copy(check);
                lists[0] = &copy->alert_ids;
                lists[1] = &copy->suppress_alert_ids;
                for (size_t j = 0; j < G_N_ELEMENTS(lists); j++)
                        for (char **p = *lists[j]; p && *p; p++)
                                if (strcmp(*p, from) == 0) {
                                        g_free(*p);
                                        *p = g_strdup(to);
                                }
                copy->revision = plan->meta->version;
                plan_affects(plan, copy->name);
                delta_put_object(plan->delta, RECORD_CHECK, copy);
        }
}

/* who does not give a password keeps it */
static bool keeps_password(const Plan *plan, const ListedKind *kind, char **fields) {
        return kind->record == RECORD_ALERT &&
               (plan->keeps_password || !fields ||
                !g_strv_contains((const char *const *) fields, "smtp_password"));
}

static bool
apply_edit(Plan *plan,
           const ListedKind *kind,
           const void *base,
           void *object,
           const void *edited,
           char **fields) {
        for (char **p = fields; p && *p; p++)
                if (!set_field(plan, kind, *p, object, edited))
                        return false;
        plan_name_object(plan, kind, base);
        if (!plan_differs(kind->type, base, object))
                return true; /* done, and nothing to do */

        if (keeps_password(plan, kind, fields) && !plan_password_stays(plan, base, object))
                return false;
        if (!is_acceptable(plan, kind, object, *listed_id(kind, base)))
                return false;
        *listed_revision(kind, object) = plan->meta->version;
        delta_put_object(plan->delta, kind->record, object_copy(kind->type, object));
        if (kind->record == RECORD_ALERT &&
            g_strcmp0(listed_name(kind, base), listed_name(kind, object)) != 0)
                follow_alert_name(plan, listed_name(kind, base), listed_name(kind, object));
        return true;
}

bool plan_edit(Plan *plan) {
        g_auto(GStrv) members = NULL;
        const ListedKind *kind;
        const void *base;
        void *edited = NULL, *object;
        bool accepted;

        if (!find_kind(plan, &kind) || !find_target(plan, kind, &base))
                return false;
        if (!plan_read_object(
                            plan,
                            kind->type,
                            plan->change->body,
                            value_find(plan->value, kind->record, *listed_id(kind, base)),
                            &edited,
                            &members))
                return false;

        object = object_copy(kind->type, base);
        accepted = apply_edit(plan, kind, base, object, edited, plan->change->fields ?: members);
        (void) object_free(kind->type, object);
        (void) object_free(kind->type, edited);
        return accepted;
}

/* removal */

void plan_drop_notices(Plan *plan, const char *check_id, const char *alert_id) {
        size_t n;
        Record *const *notices = value_slice(plan->value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = notices[i]->object;

                if ((!check_id || g_strcmp0(notice->check_id, check_id) == 0) &&
                    (!alert_id || g_strcmp0(notice->alert_id, alert_id) == 0))
                        delta_delete(plan->delta, RECORD_NOTICE, notice->id);
        }
}

static bool means_alert(const char *reference, const Alert *alert) {
        return g_strcmp0(reference, alert->id) == 0 || g_strcmp0(reference, alert->name) == 0;
}

static void drop_references(char **references, const Alert *alert) {
        char **to = references;

        if (!references)
                return;
        for (char **p = references; *p; p++) {
                if (means_alert(*p, alert))
                        g_free(*p);
                else
                        *to++ = *p;
        }
        *to = NULL;
}

static bool refers_to(char *const *references, const Alert *alert) {
        for (char *const *p = references; p && *p; p++)
                if (means_alert(*p, alert))
                        return true;
        return false;
}

static void detach_alert(Plan *plan, const Alert *alert) {
        size_t n;
        Record *const *checks = value_slice(plan->value, RECORD_CHECK, &n);

        for (size_t i = 0; i < n; i++) {
                const Check *check = checks[i]->object;
                Check *copy;

                if (!refers_to(check->alert_ids, alert) && !refers_to(check->suppress_alert_ids, alert))
                        continue;
                copy = check_copy(check);
                drop_references(copy->alert_ids, alert);
                drop_references(copy->suppress_alert_ids, alert);
                copy->revision = plan->meta->version;
                plan_affects(plan, copy->name);
                delta_put_object(plan->delta, RECORD_CHECK, copy);
        }
}

bool plan_remove(Plan *plan) {
        const ListedKind *kind;
        const void *object;

        if (!find_kind(plan, &kind) || !find_target(plan, kind, &object))
                return false;
        if (kind->record == RECORD_PEER)
                return plan_remove_peer(plan, object);

        plan_name_object(plan, kind, object);
        delta_delete(plan->delta, kind->record, *listed_id(kind, object));
        if (kind->record == RECORD_CHECK) {
                delta_delete(plan->delta, RECORD_STATUS, *listed_id(kind, object));
                plan_drop_notices(plan, *listed_id(kind, object), NULL);
        } else {
                plan_drop_notices(plan, NULL, *listed_id(kind, object));
                detach_alert(plan, object);
        }
        return true;
}
