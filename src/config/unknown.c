/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/unknown.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "base/limits.h"
#include "config/scalar.h"

struct Unknown {
        JsonObject *object;
};

Unknown *unknown_new(void) {
        Unknown *unknown = g_new0(Unknown, 1);

        unknown->object = json_object_new();
        return unknown;
}

Unknown *unknown_free(Unknown *unknown) {
        if (unknown)
                json_object_unref(unknown->object);
        g_free(unknown);
        return NULL;
}

/* nodes -> JSON text. json-glib's own generator writes 1e22 as "1e+22.0", which is no JSON, so numbers are
 * written here; texts, with their escapes, are left to it. */

static void append_json(GString *s, JsonNode *node);

static void append_json_text(GString *s, const char *text) {
        g_autoptr(JsonNode) node = json_node_init_string(json_node_alloc(), text);
        g_autofree char *json = json_to_string(node, /* pretty= */ FALSE);

        g_string_append(s, json);
}

static void append_json_value(GString *s, JsonNode *node) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];

        if (JSON_NODE_HOLDS_NULL(node))
                g_string_append(s, "null");
        else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN)
                g_string_append(s, json_node_get_boolean(node) ? "true" : "false");
        else if (json_node_get_value_type(node) == G_TYPE_INT64)
                g_string_append_printf(s, "%" G_GINT64_FORMAT, json_node_get_int(node));
        else if (json_node_get_value_type(node) == G_TYPE_DOUBLE) {
                g_string_append(s, g_ascii_dtostr(number, sizeof number, json_node_get_double(node)));
                if (!strpbrk(number, ".e")) /* stays a number with a fraction */
                        g_string_append(s, ".0");
        } else
                append_json_text(s, json_node_get_string(node));
}

static void append_json_object(GString *s, JsonObject *object) {
        g_autoptr(GList) members = json_object_get_members(object);

        g_string_append_c(s, '{');
        for (GList *l = members; l; l = l->next) {
                if (l != members)
                        g_string_append_c(s, ',');
                append_json_text(s, l->data);
                g_string_append_c(s, ':');
                append_json(s, json_object_get_member(object, l->data));
        }
        g_string_append_c(s, '}');
}

static void append_json_array(GString *s, JsonArray *array) {
        g_string_append_c(s, '[');
        for (unsigned i = 0; i < json_array_get_length(array); i++) {
                if (i > 0)
                        g_string_append_c(s, ',');
                append_json(s, json_array_get_element(array, i));
        }
        g_string_append_c(s, ']');
}

static void append_json(GString *s, JsonNode *node) {
        if (JSON_NODE_HOLDS_OBJECT(node))
                append_json_object(s, json_node_get_object(node));
        else if (JSON_NODE_HOLDS_ARRAY(node))
                append_json_array(s, json_node_get_array(node));
        else
                append_json_value(s, node);
}

static char *node_to_json(JsonNode *node) {
        GString *s = g_string_new(NULL);

        append_json(s, node);
        return g_string_free(s, /* free_segment= */ FALSE);
}

/* YAML -> JSON */

static JsonNode *scalar_to_node(const Tree *tree) {
        JsonNode *node = json_node_alloc();
        bool value = false;

        switch (tree->plain ? scalar_type(tree->text) : SCALAR_STRING) {
        case SCALAR_NULL:
                return json_node_init_null(node);
        case SCALAR_BOOL:
                (void) scalar_to_bool(tree->text, &value);
                return json_node_init_boolean(node, value);
        case SCALAR_INT:
                return json_node_init_int(node, g_ascii_strtoll(tree->text, NULL, 10));
        case SCALAR_FLOAT:
                return json_node_init_double(node, g_ascii_strtod(tree->text, NULL));
        case SCALAR_STRING:
                break;
        }
        return json_node_init_string(node, tree->text);
}

/* as deep as the tree, which DEPTH_MAX_YAML bounds */
static JsonNode *tree_to_node(const Tree *tree) {
        JsonNode *node;

        if (tree->kind == TREE_SCALAR)
                return scalar_to_node(tree);

        node = json_node_alloc();
        if (tree->kind == TREE_SEQUENCE) {
                g_autoptr(JsonArray) array = json_array_new();

                for (unsigned i = 0; i < tree->items->len; i++)
                        json_array_add_element(array, tree_to_node(g_ptr_array_index(tree->items, i)));
                return json_node_init_array(node, array);
        } else {
                g_autoptr(JsonObject) object = json_object_new();

                for (size_t i = 0; i < tree_n_pairs(tree); i++)
                        json_object_set_member(
                                        object, tree_key(tree, i)->text, tree_to_node(tree_value(tree, i)));
                return json_node_init_object(node, object);
        }
}

void unknown_add(Unknown *unknown, const char *name, const Tree *value) {
        assert(unknown);
        json_object_set_member(unknown->object, name, tree_to_node(value));
}

char *unknown_to_json(Unknown *unknown) {
        g_autoptr(JsonNode) node = NULL;

        assert(unknown);

        if (json_object_get_size(unknown->object) == 0)
                return NULL;
        node = json_node_init_object(json_node_alloc(), unknown->object);
        return node_to_json(node);
}

char *unknown_value_to_json(const Tree *value) {
        g_autoptr(JsonNode) node = tree_to_node(value);

        return node_to_json(node);
}

/* JSON -> YAML. The text was guarded when it came in (wire/), or was made above; a deeper one would still
 * make json-glib crash, so it is counted once more. */

static bool is_shallow(const char *json) {
        unsigned depth = 0;
        bool quoted = false;

        for (const char *p = json; *p; p++)
                if (quoted) {
                        if (*p == '\\' && p[1])
                                p++;
                        else if (*p == '"')
                                quoted = false;
                } else if (*p == '"')
                        quoted = true;
                else if (strchr("[{", *p) && ++depth > DEPTH_MAX_JSON)
                        return false;
                else if (strchr("]}", *p) && depth > 0)
                        depth--;
        return true;
}

static JsonNode *node_from_json(const char *json) {
        if (!json || !*json || !is_shallow(json))
                return NULL;
        return json_from_string(json, NULL);
}

static JsonObject *object_from_json(const char *json, JsonNode **ret_node) {
        *ret_node = node_from_json(json);
        return *ret_node && JSON_NODE_HOLDS_OBJECT(*ret_node) ? json_node_get_object(*ret_node) : NULL;
}

char **unknown_names(const char *json) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object = object_from_json(json, &node);
        g_autoptr(GList) members = object ? json_object_get_members(object) : NULL;

        for (GList *l = members; l; l = l->next)
                g_ptr_array_add(names, g_strdup(l->data));
        g_ptr_array_add(names, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&names), /* free_segment= */ FALSE);
}

bool unknown_equal(const char *json_a, const char *json_b) {
        g_autoptr(JsonNode) a = node_from_json(json_a), b = node_from_json(json_b);

        if (!a || !b)
                return a == b;
        return json_node_equal(a, b);
}

/* the mark that stands for a value which is not shown */

static JsonNode *kept_mark(void) {
        g_autoptr(JsonObject) object = json_object_new();

        json_object_set_boolean_member(object, "kept", TRUE);
        return json_node_init_object(json_node_alloc(), object);
}

static bool is_kept_mark(JsonNode *node) {
        JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        JsonNode *kept = object && json_object_get_size(object) == 1 ? json_object_get_member(object, "kept")
                                                                     : NULL;

        return kept && JSON_NODE_HOLDS_VALUE(kept) && json_node_get_value_type(kept) == G_TYPE_BOOLEAN &&
               json_node_get_boolean(kept);
}

char *unknown_mask(const char *json) {
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object = object_from_json(json, &node);
        g_autoptr(GList) members = object ? json_object_get_members(object) : NULL;

        if (!object)
                return NULL;
        for (GList *l = members; l; l = l->next)
                json_object_set_member(object, l->data, kept_mark());
        return node_to_json(node);
}

int unknown_resolve(char **json, const char *base) {
        g_autoptr(JsonNode) node = NULL, base_node = NULL;
        JsonObject *object, *before;
        g_autoptr(GList) members = NULL;
        bool changed = false;

        assert(json);

        object = object_from_json(*json, &node);
        before = object_from_json(base, &base_node);
        members = object ? json_object_get_members(object) : NULL;
        for (GList *l = members; l; l = l->next) {
                JsonNode *kept;

                if (!is_kept_mark(json_object_get_member(object, l->data)))
                        continue;
                kept = before ? json_object_get_member(before, l->data) : NULL;
                if (!kept)
                        return -ENOKEY;
                json_object_set_member(object, l->data, json_node_copy(kept));
                changed = true;
        }
        if (changed) {
                g_free(*json);
                *json = node_to_json(node);
        }
        return 0;
}

static void append_node(GString *s, JsonNode *node, unsigned indent);

static void append_key(GString *s, const char *name, unsigned indent, const char *first_prefix) {
        size_t begin;

        if (first_prefix)
                g_string_append(s, first_prefix);
        else
                g_string_append_printf(s, "%*s", (int) indent, "");
        begin = s->len;
        scalar_append(s, name);
        if (s->len - begin > 1000) { /* YAML's keys of the simple form have 1024 characters at most */
                g_string_insert(s, (gssize) begin, "? ");
                g_string_append_printf(s, "\n%*s", (int) indent, "");
        }
        g_string_append_c(s, ':');
}

static void append_members(GString *s, JsonObject *object, unsigned indent, const char *first_prefix) {
        g_autoptr(GList) members = json_object_get_members(object);

        for (GList *l = members; l; l = l->next) {
                append_key(s, l->data, indent, l == members ? first_prefix : NULL);
                append_node(s, json_object_get_member(object, l->data), indent);
        }
}

static void append_element(GString *s, JsonNode *node, unsigned indent) {
        g_string_append_printf(s, "%*s-", (int) indent, "");
        if (JSON_NODE_HOLDS_OBJECT(node) && json_object_get_size(json_node_get_object(node)) > 0)
                append_members(s, json_node_get_object(node), indent + 2, " ");
        else if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
                g_string_append_c(s, ' ');
                scalar_append(s, json_node_get_string(node));
                g_string_append_c(s, '\n');
        } else
                append_node(s, node, indent);
}

static void append_collection(GString *s, JsonNode *node, unsigned indent) {
        if (JSON_NODE_HOLDS_OBJECT(node)) {
                JsonObject *object = json_node_get_object(node);

                g_string_append(s, json_object_get_size(object) > 0 ? "\n" : " {}\n");
                append_members(s, object, indent + 2, NULL);
        } else {
                JsonArray *array = json_node_get_array(node);
                unsigned n = json_array_get_length(array);

                g_string_append(s, n > 0 ? "\n" : " []\n");
                for (unsigned i = 0; i < n; i++)
                        append_element(s, json_array_get_element(array, i), indent + 2);
        }
}

/* after "key:" or "-" */
static void append_node(GString *s, JsonNode *node, unsigned indent) {
        if (!JSON_NODE_HOLDS_VALUE(node) && !JSON_NODE_HOLDS_NULL(node)) {
                append_collection(s, node, indent);
                return;
        }
        g_string_append_c(s, ' ');
        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
                scalar_append_value(s, json_node_get_string(node), indent);
                return;
        }
        append_json_value(s, node);
        g_string_append_c(s, '\n');
}

size_t
unknown_append(GString *s,
               const char *json,
               unsigned indent,
               const char *first_prefix,
               unknown_is_known_t is_known,
               const void *userdata) {
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object = object_from_json(json, &node);
        g_autoptr(GList) members = object ? json_object_get_members(object) : NULL;
        size_t n = 0;

        for (GList *l = members; l; l = l->next) {
                if (is_known && is_known(l->data, userdata))
                        continue;
                append_key(s, l->data, indent, n == 0 ? first_prefix : NULL);
                append_node(s, json_object_get_member(object, l->data), indent);
                n++;
        }
        return n;
}

void unknown_append_value(GString *s, const char *json, unsigned indent) {
        g_autoptr(JsonNode) node = node_from_json(json);

        if (node)
                append_node(s, node, indent);
        else
                g_string_append(s, " null\n");
}
