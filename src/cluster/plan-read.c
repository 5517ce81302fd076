/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a change's body to objects. Whoever reads an object over the bus never sees its secrets: a secret
 * reads as {kept: true}, the user information of a target as "***". Written back so, it keeps its value;
 * what stands for it is put in before the body is decoded, so that the decoder knows nothing of this. */

#include <string.h>

#include "base/limits.h"
#include "cluster/plan.h"
#include "config/secret.h"
#include "model/credential.h"
#include "wire/codec.h"

static JsonNode *parse_body(Plan *plan, const char *body) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autoptr(JsonNode) root = NULL;
        g_autofree char *error = NULL;

        if (json_guard(body ?: "", strlen(body ?: ""), &error) < 0) {
                (void) plan_refuse(plan, CHANGE_INVALID, "not a JSON object: %s", error);
                return NULL;
        }
        if (json_parser_load_from_data(parser, body, -1, NULL))
                root = json_parser_steal_root(parser);
        if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
                (void) plan_refuse(plan, CHANGE_INVALID, "not a JSON object");
                return NULL;
        }
        return g_steal_pointer(&root);
}

static bool is_kept(JsonNode *node) {
        JsonObject *object;
        JsonNode *kept;

        if (!JSON_NODE_HOLDS_OBJECT(node))
                return false;
        object = json_node_get_object(node);
        kept = json_object_get_size(object) == 1 ? json_object_get_member(object, "kept") : NULL;
        return kept && JSON_NODE_HOLDS_VALUE(kept) && json_node_get_value_type(kept) == G_TYPE_BOOLEAN &&
               json_node_get_boolean(kept);
}

/* NULL: refused */
static char *unmask_target(Plan *plan, const char *target, const char *base_target) {
        const Field *field = object_field(&check_type, "target");
        char *kept;

        if (!secret_target_is_masked(target))
                return g_strdup(target);

        kept = secret_keep_user(target, base_target);
        if (!kept)
                (void) plan_refuse(plan, CHANGE_INVALID, "target: %s", secret_nothing_kept(field));
        return kept;
}

static void put_secret(JsonObject *body, const char *name, const char *value) {
        const char *credential = credential_of(value);
        JsonObject *object;

        if (!credential) {
                json_object_set_string_member(body, name, value ?: "");
                return;
        }
        object = json_object_new();
        json_object_set_string_member(object, "credential", credential);
        json_object_set_object_member(body, name, object); /* takes it */
}

static bool keep_secrets(Plan *plan, const ObjectType *type, JsonObject *body, const void *base) {
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                JsonNode *member = json_object_get_member(body, field->name);

                if (!member || !(field->flags & FIELD_SECRET) || field->type != FIELD_STRING ||
                    !is_kept(member))
                        continue;
                if (!base)
                        return plan_refuse(
                                        plan,
                                        CHANGE_INVALID,
                                        "%s.%s: there is no earlier value to keep",
                                        type->name,
                                        field->name);
                put_secret(body, field->name, *FIELD_AT(char *const, field, base));
                if (type == &alert_type && strcmp(field->name, "smtp_password") == 0)
                        plan->keeps_password = true;
        }

        if (type == &check_type) {
                JsonNode *member = json_object_get_member(body, "target");
                const Check *check = base;

                if (member && JSON_NODE_HOLDS_VALUE(member) &&
                    json_node_get_value_type(member) == G_TYPE_STRING) {
                        g_autofree char *target = unmask_target(
                                        plan, json_node_get_string(member), check ? check->target : NULL);

                        if (!target)
                                return false;
                        json_object_set_string_member(body, "target", target);
                }
        }
        return true;
}

bool plan_password_stays(Plan *plan, const Alert *base, const Alert *edited) {
        if (!secret_password_strays(base, edited))
                return true;
        return plan_refuse(
                        plan,
                        CHANGE_INVALID,
                        "smtp_password: %s",
                        secret_nothing_kept(object_field(&alert_type, "smtp_password")));
}

static void add_required(const ObjectType *type, JsonObject *body, const Record *base) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonNode *root;

        if (!json_parser_load_from_data(parser, base->body, (gssize) base->body_size, NULL))
                return;
        root = json_parser_get_root(parser);
        if (!root || !JSON_NODE_HOLDS_OBJECT(root))
                return;
        for (size_t i = 0; i < type->n_fields; i++) {
                const char *name = type->fields[i].name;
                JsonNode *member = json_object_get_member(json_node_get_object(root), name);

                if (member && type->fields[i].flags & FIELD_REQUIRED && !json_object_has_member(body, name))
                        json_object_set_member(body, name, json_node_copy(member));
        }
}

static bool decode_node(Plan *plan, const ObjectType *type, JsonNode *node, void **ret) {
        g_autofree char *text = json_to_string(node, /* pretty= */ FALSE), *error = NULL;

        if (codec_decode(type, text, strlen(text), ret, &error) < 0)
                return plan_refuse(plan, CHANGE_INVALID, "%s", error);
        return true;
}

bool plan_read_object(
                Plan *plan,
                const ObjectType *type,
                const char *body,
                const Record *base,
                void **ret_object,
                char ***ret_members) {
        g_autoptr(JsonNode) node = parse_body(plan, body);
        g_autoptr(GList) members = NULL;
        JsonObject *object;

        if (!node)
                return false;

        object = json_node_get_object(node);
        members = json_object_get_members(object);
        if (ret_members) {
                g_autoptr(GStrvBuilder) names = g_strv_builder_new();

                for (GList *m = members; m; m = m->next)
                        g_strv_builder_add(names, m->data);
                *ret_members = g_strv_builder_end(names);
        }
        if (base)
                add_required(type, object, base);
        return keep_secrets(plan, type, object, base ? base->object : NULL) &&
               decode_node(plan, type, node, ret_object);
}

static const char *string_member(JsonObject *object, const char *name) {
        JsonNode *node = json_object_get_member(object, name);

        if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
                return "";
        return json_node_get_string(node);
}

static const void *find_base(const Value *value, const ListedKind *kind, JsonObject *object) {
        const char *id = string_member(object, "id"), *name = string_member(object, "name");
        const void *base = *id ? value_object(value, kind->record, id) : NULL;

        return base || *id ? base : listed_find(value, kind, name);
}

/* of an alert in a document, which says all of it */
static bool keep_password(Plan *plan, const ListedKind *kind, JsonNode *element, const void *base) {
        void *alert = NULL;
        bool stays;

        if (!plan->keeps_password)
                return true;
        plan->keeps_password = false; /* the next one's */
        if (!decode_node(plan, kind->type, element, &alert))
                return false;
        stays = plan_password_stays(plan, base, alert);
        (void) object_free(kind->type, alert);
        return stays;
}

static bool
keep_list_secrets(Plan *plan, const ListedKind *kind, JsonObject *document, const char *list_name) {
        JsonNode *node = json_object_get_member(document, list_name);
        JsonArray *list = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        for (unsigned i = 0; list && i < json_array_get_length(list); i++) {
                JsonNode *element = json_array_get_element(list, i);
                const void *base;
                JsonObject *object;

                if (!JSON_NODE_HOLDS_OBJECT(element))
                        break; /* the decoder says what is wrong */
                object = json_node_get_object(element);
                base = find_base(plan->value, kind, object);
                if (!keep_secrets(plan, kind->type, object, base) ||
                    !keep_password(plan, kind, element, base))
                        return false;
        }
        return true;
}

/* Nothing in it can stand for a value that is kept, however it is escaped. */
static bool keeps_nothing(const char *body) {
        return !strstr(body, "kept") && !strstr(body, "***") && !strstr(body, "\\u");
}

bool plan_read_document(Plan *plan, const char *body, Document **ret) {
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object;
        void *document = NULL;

        /* A tree of a large document, and the text of that tree, cost several times what decoding does, and
         * the master's loop stands still meanwhile. What is wrong with it is told below. */
        if (body && keeps_nothing(body) &&
            codec_decode(&document_type, body, strlen(body), &document, NULL) >= 0) {
                *ret = document;
                return true;
        }

        node = parse_body(plan, body);
        if (!node)
                return false;
        object = json_node_get_object(node);
        if (!keep_list_secrets(plan, listed_kind(RECORD_CHECK), object, "checks") ||
            !keep_list_secrets(plan, listed_kind(RECORD_ALERT), object, "alerts") ||
            !decode_node(plan, &document_type, node, &document))
                return false;
        *ret = document;
        return true;
}
