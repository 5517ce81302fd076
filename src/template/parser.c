/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/parser.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "template/error.h"
#include "template/function.h"
#include "template/lexer.h"
#include "template/quote.h"
#include "template/rune.h"

enum {
        LOOK_AHEAD = 4,
        SHOWN_BYTES = 10 /* of a token, in a sentence */
};

typedef struct Parser {
        Template *template;
        Lexer lexer;
        Token ahead[LOOK_AHEAD]; /* put back, the next one first */
        unsigned n_ahead;
        GArray *variables;      /* of Bytes: what is declared here */
        GPtrArray *invocations; /* all of them, to be bound when all definitions are known */
        unsigned n_ranges;      /* around here, of this definition */
        unsigned depth;
        TemplateError *error;
} Parser;

/* What ends a list. */
typedef enum Ender { ENDER_END, ENDER_ELSE } Ender;

static int parse_pipeline(Parser *parser, const char *context, TokenKind end, Node **ret);
static int parse_list(Parser *parser, Node **ret, Ender *ret_ender, Token *ret_token);

/* ---- tokens ---- */

static Token peek(Parser *parser) {
        if (parser->n_ahead == 0)
                parser->ahead[parser->n_ahead++] = lexer_next(&parser->lexer);
        return parser->ahead[0];
}

static Token next(Parser *parser) {
        Token token = peek(parser);

        parser->n_ahead--;
        memmove(parser->ahead, parser->ahead + 1, parser->n_ahead * sizeof(Token));
        return token;
}

static void put_back(Parser *parser, Token token) {
        assert(parser->n_ahead < LOOK_AHEAD);

        memmove(parser->ahead + 1, parser->ahead, parser->n_ahead * sizeof(Token));
        parser->ahead[0] = token;
        parser->n_ahead++;
}

static Token peek_non_space(Parser *parser) {
        while (peek(parser).kind == TOKEN_SPACE)
                (void) next(parser);
        return peek(parser);
}

static Token next_non_space(Parser *parser) {
        (void) peek_non_space(parser);
        return next(parser);
}

static Bytes bytes_of(const Parser *parser, Token token) {
        return (Bytes){ parser->template->text + token.start, token.n };
}

/* ---- errors ---- */

/* text: consumed */
static int fail(Parser *parser, size_t start, size_t n, char *text) {
        if (parser->error)
                g_free(text);
        else
                parser->error = error_new(parser->template, TEMPLATE_SYNTAX, start, n, text);
        return -EINVAL;
}

static int fail_at(Parser *parser, Token token, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int fail_at(Parser *parser, Token token, const char *format, ...) {
        va_list arguments;
        char *text;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return fail(parser, token.start, token.n, text);
}

static int fail_deep(Parser *parser, Token token) {
        if (!parser->error)
                parser->error =
                                error_new(parser->template,
                                          TEMPLATE_LIMIT,
                                          token.start,
                                          token.n,
                                          g_strdup_printf("nested more than %d deep", TEMPLATE_DEPTH_MAX));
        return -E2BIG;
}

static char *describe(const Parser *parser, Token token) {
        g_autofree char *quoted = NULL;

        if (token.kind == TOKEN_EOF)
                return g_strdup("EOF");
        if (token.kind > _TOKEN_KEYWORDS)
                return g_strdup_printf("<%.*s>", (int) token.n, parser->template->text + token.start);
        quoted = quote_text(parser->template->text + token.start, MIN(token.n, SHOWN_BYTES));
        return g_strdup_printf("%s%s", quoted, token.n > SHOWN_BYTES ? "..." : "");
}

/* What the lexer found wrong says more than where it was found. */
static int unexpected(Parser *parser, Token token, const char *context) {
        g_autofree char *what = NULL;

        if (token.kind == TOKEN_ERROR)
                return fail(parser, token.start, token.n, g_strdup(parser->lexer.error));
        what = describe(parser, token);
        return fail_at(parser, token, "unexpected %s in %s", what, context);
}

static int expect(Parser *parser, TokenKind kind, const char *context) {
        Token token = next_non_space(parser);

        return token.kind == kind ? 0 : unexpected(parser, token, context);
}

/* ---- nodes ---- */

static Node *node_new(Parser *parser, NodeKind kind, Token token) {
        Node *node = arena_take(parser->template->arena, sizeof(Node));

        node->kind = kind;
        node->start = (uint32_t) token.start;
        node->n = (uint32_t) token.n;
        return node;
}

static void list_append(Node *list, Node *node) {
        if (list->list.last)
                list->list.last->next = node;
        else
                list->list.first = node;
        list->list.last = node;
}

/* Makes the node reach to the last token that was read for it. */
static void reach_to(Node *node, size_t end) {
        if (end > node->start)
                node->n = (uint32_t) (end - node->start);
}

static bool is_declared(const Parser *parser, Bytes name) {
        for (unsigned i = 0; i < parser->variables->len; i++)
                if (bytes_equal(g_array_index(parser->variables, Bytes, i), name))
                        return true;
        return bytes_equal(name, (Bytes){ "$", 1 });
}

/* ---- operands ---- */

static int fail_number(Parser *parser, Token token, NumberFault fault) {
        Bytes text = bytes_of(parser, token);
        g_autofree char *quoted = quote_text(text.bytes, text.n);

        switch (fault) {
        case NUMBER_OVERFLOW:
                return fail_at(parser, token, "integer overflow: %s", quoted);
        case NUMBER_COMPLEX_SYNTAX:
                return fail_at(parser, token, "syntax error scanning complex number");
        case NUMBER_QUOTING:
                return fail_at(parser, token, "invalid syntax");
        case NUMBER_MALFORMED_CHARACTER:
                return fail_at(parser,
                               token,
                               "malformed character constant: %.*s",
                               (int) text.n,
                               text.bytes);
        default:
                return fail_at(parser, token, "illegal number syntax: %s", quoted);
        }
}

static int parse_number(Parser *parser, Token token, Node **ret) {
        Bytes text = bytes_of(parser, token);
        Node *node = node_new(parser, NODE_NUMBER, token);
        NumberFault fault = NUMBER_SYNTAX;
        int r;

        if (token.kind == TOKEN_CHARACTER)
                r = number_parse_character(text.bytes, text.n, &node->number, &fault);
        else if (token.kind == TOKEN_COMPLEX)
                r = number_parse_complex(text.bytes, text.n, &node->number, &fault);
        else
                r = number_parse(text.bytes, text.n, &node->number, &fault);
        if (r < 0)
                return fail_number(parser, token, fault);
        *ret = node;
        return 0;
}

static int unquote_token(Parser *parser, Token token, Bytes *ret) {
        Bytes literal = bytes_of(parser, token);

        if (unquote(parser->template->arena, literal.bytes, literal.n, &ret->bytes, &ret->n) < 0)
                return fail_at(parser, token, "invalid syntax");
        return 0;
}

static int parse_string(Parser *parser, Token token, Node **ret) {
        Node *node = node_new(parser, NODE_STRING, token);
        int r;

        r = unquote_token(parser, token, &node->text);
        if (r >= 0)
                *ret = node;
        return r;
}

static Node *make_path(Parser *parser, NodeKind kind, Token token, Bytes name) {
        Node *node = node_new(parser, kind, token);

        node->path.names = arena_take(parser->template->arena, sizeof(Bytes));
        node->path.names[0] = name;
        node->path.n_names = 1;
        return node;
}

static int parse_variable(Parser *parser, Token token, Node **ret) {
        Bytes name = bytes_of(parser, token);

        if (!is_declared(parser, name))
                return fail_at(parser, token, "undefined variable \"%.*s\"", (int) name.n, name.bytes);
        *ret = make_path(parser, NODE_VARIABLE, token, name);
        return 0;
}

static int parse_identifier(Parser *parser, Token token, Node **ret) {
        Bytes name = bytes_of(parser, token);
        const Function *function = function_find(name.bytes, name.n);
        Node *node;

        if (!function)
                return fail_at(parser, token, "function \"%.*s\" not defined", (int) name.n, name.bytes);
        node = node_new(parser, NODE_FUNCTION, token);
        node->function = function;
        *ret = node;
        return 0;
}

/* An operand without the fields that may follow; *ret stays NULL when none comes. */
static int parse_term(Parser *parser, Node **ret) {
        Token token = next_non_space(parser);
        Bytes text = bytes_of(parser, token);

        switch (token.kind) {
        case TOKEN_IDENTIFIER:
                return parse_identifier(parser, token, ret);
        case TOKEN_DOT:
                *ret = node_new(parser, NODE_DOT, token);
                return 0;
        case TOKEN_NIL:
                *ret = node_new(parser, NODE_NIL, token);
                return 0;
        case TOKEN_VARIABLE:
                return parse_variable(parser, token, ret);
        case TOKEN_FIELD:
                *ret = make_path(parser, NODE_FIELD, token, (Bytes){ text.bytes + 1, text.n - 1 });
                return 0;
        case TOKEN_BOOL:
                *ret = node_new(parser, NODE_BOOL, token);
                (*ret)->boolean = text.bytes[0] == 't';
                return 0;
        case TOKEN_CHARACTER:
        case TOKEN_COMPLEX:
        case TOKEN_NUMBER:
                return parse_number(parser, token, ret);
        case TOKEN_LEFT_PAREN:
                return parse_pipeline(parser, "parenthesized pipeline", TOKEN_RIGHT_PAREN, ret);
        case TOKEN_STRING:
        case TOKEN_RAW_STRING:
                return parse_string(parser, token, ret);
        default:
                put_back(parser, token);
                return 0;
        }
}

/* The fields behind a term; those of a field or variable become its own. */
static int parse_fields(Parser *parser, Node *term, Node **ret) {
        g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(Bytes));
        bool joins = term->kind == NODE_FIELD || term->kind == NODE_VARIABLE;
        Node *node = term;
        Token token = { 0 };

        if (joins)
                g_array_append_vals(names, term->path.names, term->path.n_names);
        while (peek(parser).kind == TOKEN_FIELD) {
                Bytes name;

                token = next(parser);
                name = bytes_of(parser, token);
                name.bytes++;
                name.n--;
                g_array_append_val(names, name);
        }

        if (!joins && term->kind != NODE_PIPE && term->kind != NODE_FUNCTION)
                return fail_at(parser,
                               (Token){ TOKEN_FIELD, term->start, term->n },
                               "unexpected . after term \"%.*s\"",
                               (int) term->n,
                               parser->template->text + term->start);
        if (!joins) {
                node = node_new(parser, NODE_CHAIN, (Token){ TOKEN_FIELD, term->start, term->n });
                node->path.base = term;
        }
        node->path.n_names = names->len;
        node->path.names = arena_take(parser->template->arena, names->len * sizeof(Bytes));
        memcpy(node->path.names, names->data, names->len * sizeof(Bytes));
        reach_to(node, token.start + token.n);
        *ret = node;
        return 0;
}

static int parse_operand(Parser *parser, Node **ret) {
        Node *term = NULL;
        int r;

        r = parse_term(parser, &term);
        if (r < 0)
                return r;
        if (term && peek(parser).kind == TOKEN_FIELD)
                return parse_fields(parser, term, ret);
        *ret = term;
        return 0;
}

/* ---- pipelines ---- */

/* Operands parted by spaces, up to a pipe sign, which is passed, or the end, which is not. */
static int parse_command(Parser *parser, Node **ret) {
        Node *command = node_new(parser, NODE_COMMAND, peek_non_space(parser)), *last = NULL;
        int r;

        for (;;) {
                Node *operand = NULL;
                Token token;

                (void) peek_non_space(parser);
                r = parse_operand(parser, &operand);
                if (r < 0)
                        return r;
                if (operand) {
                        if (last)
                                last->next = operand;
                        else
                                command->command.arguments = operand;
                        last = operand;
                        command->command.n_arguments++;
                        reach_to(command, operand->start + operand->n);
                }

                token = next(parser);
                if (token.kind == TOKEN_SPACE)
                        continue;
                if (token.kind == TOKEN_RIGHT_DELIMITER || token.kind == TOKEN_RIGHT_PAREN)
                        put_back(parser, token);
                else if (token.kind != TOKEN_PIPE)
                        return unexpected(parser, token, "operand");
                break;
        }
        if (!last)
                return fail_at(parser, peek(parser), "empty command");
        *ret = command;
        return 0;
}

static void declare(Parser *parser, Node *pipe, Token token) {
        Bytes name = bytes_of(parser, token);
        Node *variable = make_path(parser, NODE_VARIABLE, token, name);
        Node **last = &pipe->pipe.variables;

        while (*last)
                last = &(*last)->next;
        *last = variable;
        pipe->pipe.n_variables++;
        g_array_append_val(parser->variables, name);
}

/* `$x :=`, `$x =`, `$i, $x :=` at the head of a pipeline. */
static int parse_declarations(Parser *parser, const char *context, Node *pipe) {
        while (peek_non_space(parser).kind == TOKEN_VARIABLE) {
                Token variable = next(parser), after = peek(parser), sign = peek_non_space(parser);

                if (sign.kind == TOKEN_ASSIGN || sign.kind == TOKEN_DECLARE) {
                        (void) next(parser);
                        pipe->pipe.assigns = sign.kind == TOKEN_ASSIGN;
                        declare(parser, pipe, variable);
                        return 0;
                }
                if (sign.kind != TOKEN_PUNCTUATION || parser->template->text[sign.start] != ',') {
                        if (after.kind == TOKEN_SPACE)
                                put_back(parser, after);
                        put_back(parser, variable);
                        return 0;
                }

                (void) next(parser);
                declare(parser, pipe, variable);
                if (strcmp(context, "range") != 0 || pipe->pipe.n_variables >= 2)
                        return fail_at(parser, variable, "too many declarations in %s", context);
                switch (peek_non_space(parser).kind) {
                case TOKEN_VARIABLE:
                case TOKEN_RIGHT_DELIMITER:
                case TOKEN_RIGHT_PAREN:
                        break;
                default:
                        return fail_at(parser, variable, "range can only initialize variables");
                }
        }
        return 0;
}

static bool is_operand(TokenKind kind) {
        switch (kind) {
        case TOKEN_BOOL:
        case TOKEN_CHARACTER:
        case TOKEN_COMPLEX:
        case TOKEN_DOT:
        case TOKEN_FIELD:
        case TOKEN_IDENTIFIER:
        case TOKEN_NUMBER:
        case TOKEN_NIL:
        case TOKEN_RAW_STRING:
        case TOKEN_STRING:
        case TOKEN_VARIABLE:
        case TOKEN_LEFT_PAREN:
                return true;
        default:
                return false;
        }
}

/* Only the first command may be a mere value. */
static int check_pipeline(Parser *parser, const char *context, const Node *pipe, Token end) {
        const Node *command = pipe->pipe.commands;

        if (!command)
                return fail_at(parser, end, "missing value for %s", context);
        for (unsigned stage = 2; (command = command->next); stage++) {
                const Node *word = command->command.arguments;

                switch (word->kind) {
                case NODE_BOOL:
                case NODE_DOT:
                case NODE_NIL:
                case NODE_NUMBER:
                case NODE_STRING:
                        return fail_at(parser,
                                       (Token){ TOKEN_STRING, word->start, word->n },
                                       "non executable command in pipeline stage %u",
                                       stage);
                default:
                        break;
                }
        }
        return 0;
}

static int parse_commands(Parser *parser, const char *context, TokenKind end, Node *pipe) {
        Node **last = &pipe->pipe.commands;
        int r;

        for (;;) {
                Token token = next_non_space(parser);

                if (token.kind == end) {
                        reach_to(pipe, token.start + (end == TOKEN_RIGHT_PAREN ? token.n : 0));
                        return check_pipeline(parser, context, pipe, token);
                }
                if (!is_operand(token.kind))
                        return unexpected(parser, token, context);
                put_back(parser, token);
                r = parse_command(parser, last);
                if (r < 0)
                        return r;
                last = &(*last)->next;
        }
}

static int parse_pipeline(Parser *parser, const char *context, TokenKind end, Node **ret) {
        Node *pipe = node_new(parser, NODE_PIPE, peek_non_space(parser));
        int r;

        if (parser->depth >= TEMPLATE_DEPTH_MAX)
                return fail_deep(parser, peek(parser));
        parser->depth++;
        r = parse_declarations(parser, context, pipe);
        if (r >= 0)
                r = parse_commands(parser, context, end, pipe);
        parser->depth--;
        if (r < 0)
                return r;
        *ret = pipe;
        return 0;
}

/* ---- controls ---- */

/* What comes after the keyword, up to and with its end; a chain of `else if` is walked, not nested. */
static int parse_control(Parser *parser, const char *context, TokenKind kind, Node *node) {
        unsigned n_variables = parser->variables->len;
        Ender ender;
        Token token;
        int r;

        for (;;) {
                r = parse_pipeline(parser, context, TOKEN_RIGHT_DELIMITER, &node->control.pipe);
                if (r < 0)
                        return r;
                parser->n_ranges += kind == TOKEN_RANGE;
                r = parse_list(parser, &node->control.list, &ender, &token);
                if (r < 0)
                        return r;
                parser->n_ranges -= kind == TOKEN_RANGE;
                if (ender == ENDER_END)
                        break;

                if (kind != TOKEN_RANGE && peek(parser).kind == kind) {
                        Node *inner;

                        token = next(parser);
                        inner = node_new(parser, node->kind, token);
                        node->control.is_chained = true;
                        node->control.else_list = inner;
                        node = inner;
                        continue;
                }
                r = parse_list(parser, &node->control.else_list, &ender, &token);
                if (r < 0)
                        return r;
                if (ender != ENDER_END)
                        return fail_at(parser, token, "expected end; found {{else}}");
                break;
        }
        g_array_set_size(parser->variables, n_variables);
        return 0;
}

static int parse_jump(Parser *parser, Token token, NodeKind kind, Node **ret) {
        const char *context = kind == NODE_BREAK ? "{{break}}" : "{{continue}}";
        int r;

        r = expect(parser, TOKEN_RIGHT_DELIMITER, context);
        if (r < 0)
                return r;
        if (parser->n_ranges == 0)
                return fail_at(parser, token, "%s outside {{range}}", context);
        *ret = node_new(parser, kind, token);
        return 0;
}

static int parse_name(Parser *parser, const char *context, Token *ret_token, Bytes *ret) {
        Token token = next_non_space(parser);

        if (token.kind != TOKEN_STRING && token.kind != TOKEN_RAW_STRING)
                return unexpected(parser, token, context);
        *ret_token = token;
        return unquote_token(parser, token, ret);
}

/* ---- definitions ---- */

static bool is_empty_text(Bytes text) {
        size_t width;

        for (size_t i = 0; i < text.n; i += width) {
                gunichar rune;

                width = rune_decode(text.bytes + i, text.n - i, &rune);
                if (!rune_is_space(rune))
                        return false;
        }
        return true;
}

static bool is_empty(const Node *list) {
        for (const Node *node = list->list.first; node; node = node->next)
                if (node->kind != NODE_TEXT || !is_empty_text(node->text))
                        return false;
        return true;
}

/* What is empty gives way, and never takes the place of what is not. */
static int define(Parser *parser, Token token, Bytes name, Node *root) {
        Definition *definition = (Definition *) template_find(parser->template, name);

        if (!definition) {
                definition = arena_take(parser->template->arena, sizeof(Definition));
                *definition = (Definition){ name, root, parser->template->definitions };
                parser->template->definitions = definition;
        } else if (is_empty(definition->root))
                definition->root = root;
        else if (!is_empty(root)) {
                g_autofree char *quoted = quote_text(name.bytes, name.n);

                return fail_at(parser, token, "multiple definition of template %s", quoted);
        }
        return 0;
}

/* The list of a definition has variables and ranges of its own. */
static int parse_definition(Parser *parser, const char *context, Token token, Bytes name) {
        GArray *variables = parser->variables;
        unsigned n_ranges = parser->n_ranges;
        Node *root = NULL;
        Token end;
        Ender ender;
        int r;

        parser->variables = g_array_new(FALSE, FALSE, sizeof(Bytes));
        parser->n_ranges = 0;
        r = parse_list(parser, &root, &ender, &end);
        g_array_unref(parser->variables);
        parser->variables = variables;
        parser->n_ranges = n_ranges;

        if (r < 0)
                return r;
        if (ender != ENDER_END)
                return fail_at(parser, end, "unexpected {{else}} in %s", context);
        return define(parser, token, name, root);
}

static int parse_define(Parser *parser) {
        const char *context = "define clause";
        Token token;
        Bytes name;
        int r;

        r = parse_name(parser, context, &token, &name);
        if (r >= 0)
                r = expect(parser, TOKEN_RIGHT_DELIMITER, context);
        if (r >= 0)
                r = parse_definition(parser, context, token, name);
        return r;
}

static int parse_block(Parser *parser, Node **ret) {
        const char *context = "block clause";
        Node *node;
        Token token;
        Bytes name;
        int r;

        r = parse_name(parser, context, &token, &name);
        if (r < 0)
                return r;
        node = node_new(parser, NODE_TEMPLATE, token);
        node->invocation.name = name;
        g_ptr_array_add(parser->invocations, node);
        r = parse_pipeline(parser, context, TOKEN_RIGHT_DELIMITER, &node->invocation.pipe);
        if (r >= 0)
                r = parse_definition(parser, context, token, name);
        if (r >= 0)
                *ret = node;
        return r;
}

static int parse_template(Parser *parser, Node **ret) {
        const char *context = "template clause";
        Node *node;
        Token token, after;
        Bytes name;
        int r;

        r = parse_name(parser, context, &token, &name);
        if (r < 0)
                return r;
        node = node_new(parser, NODE_TEMPLATE, token);
        node->invocation.name = name;
        g_ptr_array_add(parser->invocations, node);
        after = next_non_space(parser);
        if (after.kind != TOKEN_RIGHT_DELIMITER) {
                put_back(parser, after);
                r = parse_pipeline(parser, context, TOKEN_RIGHT_DELIMITER, &node->invocation.pipe);
                if (r < 0)
                        return r;
        }
        *ret = node;
        return 0;
}

/* ---- lists ---- */

static int parse_plain_action(Parser *parser, Node **ret) {
        Node *node = node_new(parser, NODE_ACTION, peek(parser));
        int r;

        r = parse_pipeline(parser, "command", TOKEN_RIGHT_DELIMITER, &node->control.pipe);
        if (r >= 0)
                *ret = node;
        return r;
}

static int parse_control_node(Parser *parser, Token token, NodeKind kind, const char *context, Node **ret) {
        Node *node = node_new(parser, kind, token);
        int r;

        r = parse_control(parser, context, token.kind, node);
        if (r >= 0)
                *ret = node;
        return r;
}

/* `{{else if` leaves its `if` for whoever asked; else it ends here. */
static int parse_else(Parser *parser) {
        TokenKind kind = peek_non_space(parser).kind;

        return kind == TOKEN_IF || kind == TOKEN_WITH ? 0 : expect(parser, TOKEN_RIGHT_DELIMITER, "else");
}

/* One action; *ret stays NULL when it ends a list instead. */
static int parse_action(Parser *parser, Node **ret, Ender *ret_ender, Token *ret_token) {
        Token token = next_non_space(parser);

        *ret_token = token;
        switch (token.kind) {
        case TOKEN_BLOCK:
                return parse_block(parser, ret);
        case TOKEN_BREAK:
                return parse_jump(parser, token, NODE_BREAK, ret);
        case TOKEN_CONTINUE:
                return parse_jump(parser, token, NODE_CONTINUE, ret);
        case TOKEN_ELSE:
                *ret_ender = ENDER_ELSE;
                return parse_else(parser);
        case TOKEN_END:
                *ret_ender = ENDER_END;
                return expect(parser, TOKEN_RIGHT_DELIMITER, "end");
        case TOKEN_IF:
                return parse_control_node(parser, token, NODE_IF, "if", ret);
        case TOKEN_RANGE:
                return parse_control_node(parser, token, NODE_RANGE, "range", ret);
        case TOKEN_TEMPLATE:
                return parse_template(parser, ret);
        case TOKEN_WITH:
                return parse_control_node(parser, token, NODE_WITH, "with", ret);
        default:
                put_back(parser, token);
                return parse_plain_action(parser, ret);
        }
}

static int parse_text_or_action(Parser *parser, Node **ret, Ender *ret_ender, Token *ret_token) {
        Token token = next_non_space(parser);

        if (token.kind == TOKEN_LEFT_DELIMITER)
                return parse_action(parser, ret, ret_ender, ret_token);
        if (token.kind != TOKEN_TEXT)
                return unexpected(parser, token, "input");
        *ret = node_new(parser, NODE_TEXT, token);
        (*ret)->text = bytes_of(parser, token);
        return 0;
}

static int parse_list(Parser *parser, Node **ret, Ender *ret_ender, Token *ret_token) {
        Node *list = node_new(parser, NODE_LIST, peek(parser));
        int r = 0;

        if (parser->depth >= TEMPLATE_DEPTH_MAX)
                return fail_deep(parser, peek(parser));
        parser->depth++;
        while (peek_non_space(parser).kind != TOKEN_EOF) {
                Node *node = NULL;

                r = parse_text_or_action(parser, &node, ret_ender, ret_token);
                if (r < 0)
                        return r;
                if (!node) {
                        parser->depth--;
                        *ret = list;
                        return 0;
                }
                list_append(list, node);
        }
        return fail_at(parser, peek(parser), "unexpected EOF");
}

/* ---- the whole ---- */

/* {{define}} stands here alone */
static int parse_top(Parser *parser, Node *root) {
        Token token = next(parser), word, ender_token;
        Node *node = NULL;
        Ender ender;
        int r;

        if (token.kind == TOKEN_LEFT_DELIMITER) {
                word = next_non_space(parser);
                if (word.kind == TOKEN_DEFINE)
                        return parse_define(parser);
                put_back(parser, word);
        }
        put_back(parser, token);
        r = parse_text_or_action(parser, &node, &ender, &ender_token);
        if (r < 0)
                return r;
        if (!node)
                return fail_at(parser,
                               ender_token,
                               "unexpected {{%s}}",
                               ender == ENDER_END ? "end" : "else");
        list_append(root, node);
        return 0;
}

static void bind_invocations(Parser *parser) {
        for (unsigned i = 0; i < parser->invocations->len; i++) {
                Node *node = g_ptr_array_index(parser->invocations, i);

                node->invocation.definition = template_find(parser->template, node->invocation.name);
        }
}

static int parse_all(Parser *parser) {
        Node *root = node_new(parser, NODE_LIST, (Token){ 0 });
        int r;

        while (peek(parser).kind != TOKEN_EOF) {
                r = parse_top(parser, root);
                if (r < 0)
                        return r;
        }
        r = define(parser, peek(parser), parser->template->name, root);
        if (r >= 0)
                bind_invocations(parser);
        return r;
}

int parser_parse(Template *template, TemplateError **reterr) {
        Parser parser = { .template = template };
        int r;

        assert(template);

        parser.variables = g_array_new(FALSE, FALSE, sizeof(Bytes));
        parser.invocations = g_ptr_array_new();
        lexer_init(&parser.lexer, template->text, template->n);
        r = parse_all(&parser);
        template->used_superset = parser.lexer.friendly;
        lexer_done(&parser.lexer);
        g_array_unref(parser.variables);
        g_ptr_array_unref(parser.invocations);

        if (r < 0 && reterr)
                *reterr = parser.error;
        else
                (void) template_error_free(parser.error);
        return r;
}
