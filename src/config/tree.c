/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/tree.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/noncharacter.h"
#include "config/scalar.h"

typedef struct Reader {
        yaml_parser_t yaml;
        const char *text;
        size_t size;
        size_t n_nodes;
        Complaint **reterr;
} Reader;

Tree *tree_free(Tree *tree) {
        if (!tree)
                return NULL;
        if (tree->items)
                g_ptr_array_unref(tree->items);
        g_free(tree->text);
        g_free(tree);
        return NULL;
}

static Tree *tree_new(TreeKind kind, const yaml_mark_t *mark) {
        Tree *tree = g_new0(Tree, 1);

        tree->kind = kind;
        tree->line = (unsigned) mark->line + 1;
        tree->column = (unsigned) mark->column + 1;
        if (kind != TREE_SCALAR)
                tree->items = g_ptr_array_new_with_free_func(tree_free_item);
        return tree;
}

static int refuse(Reader *reader, const yaml_mark_t *mark, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int refuse(Reader *reader, const yaml_mark_t *mark, const char *format, ...) {
        va_list args;

        va_start(args, format);
        *reader->reterr =
                        complaint_new((unsigned) mark->line + 1,
                                      (unsigned) mark->column + 1,
                                      /* field= */ NULL,
                                      g_strdup_vprintf(format, args));
        va_end(args);
        return -EBADMSG;
}

/* libyaml's reader knows an offset only, as do we for bytes that are no UTF-8 */
static yaml_mark_t mark_at(const char *text, size_t offset) {
        yaml_mark_t mark = { .index = offset };

        for (size_t i = 0; i < offset; i++)
                if (text[i] == '\n') {
                        mark.line++;
                        mark.column = 0;
                } else if (((unsigned char) text[i] & 0xC0) != 0x80)
                        mark.column++;
        return mark;
}

/* whether that line begins with blanks of which one is a tab */
static bool is_indented_by_tab(const char *text, size_t size, size_t line) {
        const char *p = text, *end = text + size;

        for (; line > 0 && p; line--) {
                p = memchr(p, '\n', (size_t) (end - p));
                p = p ? p + 1 : NULL;
        }
        while (p && p < end && *p == ' ')
                p++;
        return p && p < end && *p == '\t';
}

/* What people do wrong most is said in their words; libyaml's are its scanner's. NULL: those */
static const char *common_mistake(const Reader *reader, const yaml_mark_t *mark) {
        const char *problem = reader->yaml.problem;

        if (is_indented_by_tab(reader->text, reader->size, mark->line))
                return "a tab stands before it; indent with blanks";
        if (problem && strstr(problem, "<document start>") &&
            g_strstr_len(reader->text, (gssize) reader->size, "\n..."))
                return "the line \"...\" above ends the document; write this before it";
        return NULL;
}

static int refuse_syntax(Reader *reader) {
        const yaml_parser_t *yaml = &reader->yaml;
        yaml_mark_t mark = yaml->problem_mark;
        const char *mistake;

        if (yaml->error == YAML_READER_ERROR)
                mark = mark_at(reader->text, MIN(yaml->problem_offset, reader->size));
        mistake = common_mistake(reader, &mark);
        if (mistake)
                return refuse(reader, &mark, "not valid YAML: %s", mistake);
        return refuse(reader,
                      &mark,
                      "not valid YAML: %s%s%s",
                      yaml->problem ?: "unreadable",
                      yaml->context ? " " : "",
                      yaml->context ?: "");
}

static int next_event(Reader *reader, yaml_event_t *ret) {
        if (!yaml_parser_parse(&reader->yaml, ret))
                return refuse_syntax(reader);
        return 0;
}

static int build(Reader *reader, const yaml_event_t *event, unsigned depth, Tree **ret);

static int
refuse_decoration(Reader *reader, const yaml_event_t *event, const void *anchor, const void *tag) {
        if (anchor)
                return refuse(reader,
                              &event->start_mark,
                              "anchors (&name) are not allowed here; write the value out");
        if (tag)
                return refuse(reader, &event->start_mark, "tags (!name) are not allowed here; leave it out");
        return 0;
}

static int build_scalar(Reader *reader, const yaml_event_t *event, Tree **ret) {
        _cleanup_(tree_freep) Tree *tree = tree_new(TREE_SCALAR, &event->start_mark);
        int r;

        r = refuse_decoration(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
        if (r < 0)
                return r;

        if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
                return refuse(reader, &event->start_mark, "a NUL character (\\0) is not allowed");
        if (noncharacter_find((const char *) event->data.scalar.value, event->data.scalar.length))
                return refuse(reader, &event->start_mark, "it holds a code point that is no character");

        tree->text = g_strndup((const char *) event->data.scalar.value, event->data.scalar.length);
        tree->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        *ret = TAKE_PTR(tree);
        return 0;
}

/* Items up to the end event. The parser's own grammar makes a mapping's items even in number. */
static int build_items(Reader *reader, Tree *tree, yaml_event_type_t end, unsigned depth) {
        for (;;) {
                Tree *item = NULL;
                yaml_event_t event;
                bool at_end;
                int r;

                r = next_event(reader, &event);
                if (r < 0)
                        return r;

                at_end = event.type == end;
                if (!at_end)
                        r = build(reader, &event, depth, &item);
                yaml_event_delete(&event);
                if (r < 0)
                        return r;
                if (at_end)
                        return 0;
                g_ptr_array_add(tree->items, item);
        }
}

static int build_sequence(Reader *reader, const yaml_event_t *event, unsigned depth, Tree **ret) {
        _cleanup_(tree_freep) Tree *tree = tree_new(TREE_SEQUENCE, &event->start_mark);
        int r;

        r = refuse_decoration(
                        reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        if (r < 0)
                return r;

        r = build_items(reader, tree, YAML_SEQUENCE_END_EVENT, depth + 1);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(tree);
        return 0;
}

static int check_keys(Reader *reader, const Tree *mapping) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (size_t i = 0; i < tree_n_pairs(mapping); i++) {
                const Tree *key = tree_key(mapping, i);
                const yaml_mark_t mark = { .line = key->line - 1, .column = key->column - 1 };
                const Tree *first;

                if (key->kind != TREE_SCALAR)
                        return refuse(reader, &mark, "a key must be a plain word, not a list or a mapping");
                first = g_hash_table_lookup(seen, key->text);
                if (first)
                        return refuse(reader,
                                      &mark,
                                      "\"%s\" stands here twice, first in line %u; keep one of them",
                                      key->text,
                                      first->line);
                g_hash_table_insert(seen, key->text, (void *) key);
        }
        return 0;
}

static int build_mapping(Reader *reader, const yaml_event_t *event, unsigned depth, Tree **ret) {
        _cleanup_(tree_freep) Tree *tree = tree_new(TREE_MAPPING, &event->start_mark);
        int r;

        r = refuse_decoration(
                        reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        if (r < 0)
                return r;

        r = build_items(reader, tree, YAML_MAPPING_END_EVENT, depth + 1);
        if (r < 0)
                return r;

        r = check_keys(reader, tree);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(tree);
        return 0;
}

static int build(Reader *reader, const yaml_event_t *event, unsigned depth, Tree **ret) {
        if (++reader->n_nodes > YAML_NODES_MAX)
                return refuse(reader, &event->start_mark, "more than %d values in one file", YAML_NODES_MAX);
        if (event->type != YAML_SCALAR_EVENT && depth > DEPTH_MAX_YAML)
                return refuse(reader, &event->start_mark, "nested deeper than %d levels", DEPTH_MAX_YAML);

        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return build_scalar(reader, event, ret);
        case YAML_SEQUENCE_START_EVENT:
                return build_sequence(reader, event, depth, ret);
        case YAML_MAPPING_START_EVENT:
                return build_mapping(reader, event, depth, ret);
        case YAML_ALIAS_EVENT:
                return refuse(reader,
                              &event->start_mark,
                              "aliases (*name) are not allowed here; write the value out");
        default:
                return refuse(reader, &event->start_mark, "not valid YAML: unexpected end");
        }
}

/* The events around the one document. */
static int build_stream(Reader *reader, Tree **ret) {
        _cleanup_(tree_freep) Tree *tree = NULL;
        unsigned n_documents = 0;

        for (;;) {
                yaml_event_type_t type;
                yaml_event_t event;
                int r;

                r = next_event(reader, &event);
                if (r < 0)
                        return r;

                type = event.type;
                if (type == YAML_DOCUMENT_START_EVENT && ++n_documents > 1)
                        r = refuse(reader,
                                   &event.start_mark,
                                   "a second document (---) begins here; one file is one document");
                else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                         type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT)
                        r = build(reader, &event, /* depth= */ 1, &tree);
                yaml_event_delete(&event);
                if (r < 0)
                        return r;
                if (type == YAML_STREAM_END_EVENT)
                        break;
        }

        *ret = TAKE_PTR(tree);
        return 0;
}

static int check_encoding(Reader *reader) {
        const char *end;
        yaml_mark_t mark;

        if (g_utf8_validate_len(reader->text, reader->size, &end)) {
                end = noncharacter_find(reader->text, reader->size);
                if (!end)
                        return 0;
                mark = mark_at(reader->text, (size_t) (end - reader->text));
                return refuse(reader, &mark, "this code point is no character");
        }
        mark = mark_at(reader->text, (size_t) (end - reader->text));
        return refuse(reader, &mark, *end ? "this byte is not UTF-8" : "a NUL character is not allowed");
}

int tree_parse(const char *text, size_t size, Tree **ret, Complaint **reterr) {
        Reader reader = { .text = text, .size = size, .reterr = reterr };
        const yaml_mark_t start = {};
        int r;

        assert(text || size == 0);
        assert(ret);
        assert(reterr);

        if (size == 0) {
                *ret = NULL;
                return 0;
        }
        if (size > DOCUMENT_MAX_BYTES)
                return refuse(&reader, &start, "the text is larger than %d bytes", DOCUMENT_MAX_BYTES);

        if (size >= 3 &&
            memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark says nothing in UTF-8 */
                reader.text += 3;
                reader.size -= 3;
        }
        r = check_encoding(&reader);
        if (r < 0)
                return r;

        if (!yaml_parser_initialize(&reader.yaml))
                return refuse(&reader, &start, "there is no memory to read it");
        yaml_parser_set_encoding(&reader.yaml, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&reader.yaml, (const unsigned char *) reader.text, reader.size);
        r = build_stream(&reader, ret);
        yaml_parser_delete(&reader.yaml);
        return r;
}

size_t tree_n_pairs(const Tree *mapping) {
        assert(mapping);
        return mapping->kind == TREE_MAPPING ? mapping->items->len / 2 : 0;
}

const Tree *tree_key(const Tree *mapping, size_t i) {
        return g_ptr_array_index(mapping->items, 2 * i);
}

const Tree *tree_value(const Tree *mapping, size_t i) {
        return g_ptr_array_index(mapping->items, 2 * i + 1);
}

bool tree_is_null(const Tree *tree) {
        return !tree || (tree->kind == TREE_SCALAR && tree->plain && scalar_is_null(tree->text));
}

static const Tree *tree_member(const Tree *tree, const char *name, size_t length) {
        for (size_t i = 0; i < tree_n_pairs(tree); i++) {
                const char *key = tree_key(tree, i)->text;

                if (strlen(key) == length && memcmp(key, name, length) == 0)
                        return tree_value(tree, i);
        }
        return NULL;
}

static const Tree *tree_element(const Tree *tree, guint64 index) {
        if (tree->kind != TREE_SEQUENCE || index >= tree->items->len)
                return NULL;
        return g_ptr_array_index(tree->items, index);
}

const Tree *tree_find(const Tree *tree, const char *path) {
        const char *p = path ?: "";

        while (tree && *p) {
                const Tree *next;

                if (*p == '[') {
                        char *end;

                        next = tree_element(tree, g_ascii_strtoull(p + 1, &end, 10));
                        p = *end == ']' ? end + 1 : end;
                } else {
                        size_t length;

                        p += *p == '.';
                        length = strcspn(p, ".[");
                        next = tree_member(tree, p, length);
                        p += length;
                }
                if (!next)
                        return tree;
                tree = next;
        }
        return tree;
}
