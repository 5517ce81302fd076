/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/editor.h"

#include <assert.h>
#include <string.h>

#include "ctl/text.h"

#define PAGE_LINES 8 /* where it was never drawn */
#define TAB_SHOWN "→ "
#define DOT_SHOWN "•"

struct Editor {
        char *text; /* NUL-terminated; n bytes, of capacity */
        size_t n, capacity;
        size_t max;
        size_t cursor; /* a byte, at the beginning of a cluster or at the end */
        unsigned goal; /* the column that Up and Down keep */
        bool has_goal;
        bool ended; /* one line: a line end was pasted, which is a blank if more follows */
        unsigned bits;
        /* the window that was drawn last */
        unsigned top, left, height;
};

/* ---- lifecycle ---- */

static void release(Editor *editor, size_t capacity) {
        if (editor->text && editor->bits & EDITOR_HIDDEN)
                explicit_bzero(editor->text, capacity);
        g_free(editor->text);
}

/* By hand rather than a GString, which would leave copies of a secret behind when it grows. */
static void reserve(Editor *editor, size_t n) {
        const size_t n_before = editor->capacity;
        char *text;

        if (n + 1 <= editor->capacity)
                return;
        editor->capacity = MAX(n + 1, 2 * editor->capacity);
        text = g_malloc(editor->capacity);
        if (editor->text)
                memcpy(text, editor->text, editor->n + 1);
        release(editor, n_before);
        editor->text = text;
}

Editor *editor_new(const char *text, size_t max_bytes, unsigned bits) {
        Editor *editor = g_new0(Editor, 1);

        editor->bits = bits;
        editor->max = max_bytes;
        editor_set(editor, text);
        return editor;
}

Editor *editor_free(Editor *editor) {
        if (!editor)
                return NULL;

        release(editor, editor->capacity);
        g_free(editor);
        return NULL;
}

void editor_set(Editor *editor, const char *text) {
        const size_t n = strlen(text ?: "");

        assert(editor);

        reserve(editor, n);
        if (editor->bits & EDITOR_HIDDEN)
                explicit_bzero(editor->text, editor->capacity);
        memcpy(editor->text, text ?: "", n + 1);
        editor->n = n;
        editor->cursor = editor->bits & EDITOR_LINES ? 0 : n;
        editor->has_goal = false;
        editor->top = editor->left = 0;
}

const char *editor_text(const Editor *editor) {
        assert(editor);
        return editor->text;
}

/* ---- characters as they are seen ---- */

static gunichar character_at(const char *p) {
        gunichar c = g_utf8_get_char_validated(p, -1);

        return c == (gunichar) -1 || c == (gunichar) -2 ? (gunichar) (unsigned char) *p : c;
}

static const char *after(const char *p) {
        gunichar c = g_utf8_get_char_validated(p, -1);

        return c == (gunichar) -1 || c == (gunichar) -2 ? p + 1 : g_utf8_next_char(p);
}

static bool is_flag_half(gunichar c) {
        return c >= 0x1f1e6 && c <= 0x1f1ff;
}

static bool belongs_to_previous(gunichar c) {
        return c >= 0x20 && (g_unichar_iszerowidth(c) || g_unichar_type(c) == G_UNICODE_SPACING_MARK ||
                             (c >= 0x1f3fb && c <= 0x1f3ff)); /* the skin of an emoji */
}

/* Where the next character as people see it begins: the main rules of Unicode's annex 29. */
static const char *cluster_end(const char *p) {
        const gunichar first = character_at(p);
        gunichar before = first;

        p = after(p);
        if (first == '\n' || (first < 0x80 && (unsigned char) *p < 0x80))
                return p;
        if (is_flag_half(first) && is_flag_half(character_at(p)))
                p = after(p);
        while (*p && *p != '\n') {
                const gunichar c = character_at(p);

                if (!belongs_to_previous(c) && before != 0x200d)
                        break;
                before = c;
                p = after(p);
        }
        return p;
}

static char *cluster_shown(const Editor *editor, const char *p, const char *end) {
        g_autofree char *cluster = NULL;

        if (editor->bits & EDITOR_HIDDEN)
                return g_strdup(DOT_SHOWN);
        if (*p == '\t')
                return g_strdup(TAB_SHOWN);
        cluster = g_strndup(p, (size_t) (end - p));
        return text_escape(cluster);
}

static unsigned cluster_width(const Editor *editor, const char *p, const char *end) {
        g_autofree char *shown = NULL;

        if ((unsigned char) *p >= 0x20 && (unsigned char) *p < 0x7f && end == p + 1)
                return 1;
        shown = cluster_shown(editor, p, end);
        return canvas_text_width(shown);
}

/* ---- lines and columns ---- */

static size_t line_begin(const Editor *editor, size_t at) {
        while (at > 0 && editor->text[at - 1] != '\n')
                at--;
        return at;
}

static size_t line_end(const Editor *editor, size_t at) {
        return at + strcspn(editor->text + at, "\n");
}

static unsigned column_of(const Editor *editor, size_t at) {
        const char *p = editor->text + line_begin(editor, at);
        unsigned column = 0;

        while (p < editor->text + at) {
                const char *end = cluster_end(p);

                column += cluster_width(editor, p, end);
                p = end;
        }
        return column;
}

/* The last character of the line of `begin` that starts at that column or before. */
static size_t at_column(const Editor *editor, size_t begin, unsigned column) {
        const char *p = editor->text + begin;

        for (unsigned used = 0; *p && *p != '\n';) {
                const char *end = cluster_end(p);

                used += cluster_width(editor, p, end);
                if (used > column)
                        break;
                p = end;
        }
        return (size_t) (p - editor->text);
}

static unsigned line_of(const Editor *editor, size_t at) {
        unsigned line = 0;

        for (size_t i = 0; i < at; i++)
                line += editor->text[i] == '\n';
        return line;
}

static size_t previous(const Editor *editor, size_t at) {
        const char *p, *end;

        if (at == 0)
                return 0;
        if (editor->text[at - 1] == '\n')
                return at - 1;
        for (p = editor->text + line_begin(editor, at);; p = end) {
                end = cluster_end(p);
                if (end >= editor->text + at)
                        return (size_t) (p - editor->text);
        }
}

static size_t next(const Editor *editor, size_t at) {
        return at < editor->n ? (size_t) (cluster_end(editor->text + at) - editor->text) : at;
}

/* ---- moving ---- */

static EditorResult move_to(Editor *editor, size_t at) {
        editor->has_goal = false;
        if (at == editor->cursor)
                return EDITOR_UNUSED;
        editor->cursor = at;
        return EDITOR_MOVED;
}

static EditorResult move_lines(Editor *editor, int lines) {
        size_t begin = line_begin(editor, editor->cursor);
        int left = lines;

        if (!(editor->bits & EDITOR_LINES))
                return EDITOR_UNUSED;
        if (!editor->has_goal)
                editor->goal = column_of(editor, editor->cursor);
        editor->has_goal = true;

        for (; left < 0 && begin > 0; left++)
                begin = line_begin(editor, begin - 1);
        for (; left > 0 && editor->text[line_end(editor, begin)]; left--)
                begin = line_end(editor, begin) + 1;
        if (left == lines)
                return EDITOR_UNUSED;
        editor->cursor = at_column(editor, begin, editor->goal);
        return EDITOR_MOVED;
}

/* ---- changing ---- */

static EditorResult delete_to(Editor *editor, size_t from, size_t to) {
        if (from == to)
                return EDITOR_MOVED; /* the key is ours all the same */
        memmove(editor->text + from, editor->text + to, editor->n - to + 1);
        editor->n -= to - from;
        editor->cursor = from;
        editor->has_goal = false;
        return EDITOR_CHANGED;
}

static EditorResult insert(Editor *editor, gunichar c) {
        char buffer[6];
        size_t n;

        if (c == '\r')
                c = '\n';
        if (c == '\t' && !(editor->bits & EDITOR_LINES))
                c = ' ';
        if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || !g_unichar_validate(c))
                return EDITOR_MOVED;

        n = (size_t) g_unichar_to_utf8(c, buffer);
        if (editor->n + n > editor->max)
                return EDITOR_FULL;
        reserve(editor, editor->n + n);
        memmove(editor->text + editor->cursor + n,
                editor->text + editor->cursor,
                editor->n - editor->cursor + 1);
        memcpy(editor->text + editor->cursor, buffer, n);
        editor->n += n;
        editor->cursor += n;
        editor->has_goal = false;
        return EDITOR_CHANGED;
}

static size_t word_begin(const Editor *editor, size_t at) {
        const size_t begin = line_begin(editor, at);

        if (at == begin && at > 0)
                return at - 1;
        while (at > begin && editor->text[at - 1] == ' ')
                at--;
        while (at > begin && editor->text[at - 1] != ' ')
                at--;
        return at;
}

static EditorResult control(Editor *editor, gunichar letter) {
        const size_t at = editor->cursor;

        switch (letter) {
        case 'a':
                (void) move_to(editor, line_begin(editor, at));
                return EDITOR_MOVED;
        case 'e':
                (void) move_to(editor, line_end(editor, at));
                return EDITOR_MOVED;
        case 'u':
                return delete_to(editor, line_begin(editor, at), at);
        case 'k':
                return delete_to(editor, at, line_end(editor, at));
        case 'w':
                return delete_to(editor, word_begin(editor, at), at);
        default:
                return EDITOR_UNUSED;
        }
}

/* A line that is pasted with its end is this line and nothing more. */
static EditorResult insert_in_line(Editor *editor, gunichar c) {
        if (c == '\n' || c == '\r') {
                editor->ended = editor->n > 0;
                return EDITOR_MOVED;
        }
        if (editor->ended && insert(editor, ' ') == EDITOR_FULL)
                return EDITOR_FULL;
        editor->ended = false;
        return insert(editor, c);
}

EditorResult editor_key(Editor *editor, const Key *key) {
        const int page = editor->height > 1 ? (int) editor->height - 1 : PAGE_LINES;

        assert(editor);
        assert(key);

        if (key->kind != TYPED_CHARACTER || !key->pasted)
                editor->ended = false;
        switch (key->kind) {
        case TYPED_CHARACTER:
                return editor->bits & EDITOR_LINES ? insert(editor, key->character)
                                                   : insert_in_line(editor, key->character);
        case TYPED_CONTROL:
                return control(editor, key->character);
        case TYPED_ENTER:
                return editor->bits & EDITOR_LINES ? insert(editor, '\n') : EDITOR_UNUSED;
        case TYPED_LEFT:
                return move_to(editor, previous(editor, editor->cursor));
        case TYPED_RIGHT:
                return move_to(editor, next(editor, editor->cursor));
        case TYPED_UP:
                return move_lines(editor, -1);
        case TYPED_DOWN:
                return move_lines(editor, 1);
        case TYPED_PAGE_UP:
                return move_lines(editor, -page);
        case TYPED_PAGE_DOWN:
                return move_lines(editor, page);
        case TYPED_HOME:
                (void) move_to(editor, line_begin(editor, editor->cursor));
                return EDITOR_MOVED;
        case TYPED_END:
                (void) move_to(editor, line_end(editor, editor->cursor));
                return EDITOR_MOVED;
        case TYPED_BACKSPACE:
                return delete_to(editor, previous(editor, editor->cursor), editor->cursor);
        case TYPED_DELETE:
                return delete_to(editor, editor->cursor, next(editor, editor->cursor));
        default:
                return EDITOR_UNUSED;
        }
}

/* ---- drawing ---- */

/* So that the cursor is seen, and the character beside it where there is one. */
static unsigned follow_column(unsigned left, unsigned column, unsigned width) {
        if (width < 4)
                return column;
        if (column >= left + (left > 0 ? 2 : 0) && column < left + width - 1)
                return left;
        return column < width - 1 ? 0 : column - width / 2;
}

static unsigned follow_line(unsigned top, unsigned line, unsigned height) {
        if (line < top)
                return line;
        return line >= top + height ? line - height + 1 : top;
}

static void draw_line(const Editor *editor, Canvas *canvas, int y, size_t begin, Style style) {
        g_autoptr(GString) seen = g_string_new(NULL);
        const unsigned width = canvas_width(canvas);
        const char *p = editor->text + begin;
        unsigned column = 0;
        bool cut = false;

        for (; *p && *p != '\n' && column < editor->left + width;) {
                const char *end = cluster_end(p);
                const unsigned w = cluster_width(editor, p, end);

                if (column >= editor->left && column + w <= editor->left + width) {
                        g_autofree char *shown = cluster_shown(editor, p, end);

                        g_string_append(seen, shown);
                } else if (column < editor->left && column + w > editor->left)
                        g_string_append_c(seen, ' '); /* the right half of a wide one */
                else if (column >= editor->left)
                        cut = true;
                column += w;
                p = end;
        }
        (void) canvas_text(canvas, y, 0, width, style, seen->str);
        if (editor->left > 0 && begin != line_end(editor, begin))
                (void) canvas_text(canvas, y, 0, 1, STYLE_KEY, "‹");
        if (cut || (*p && *p != '\n'))
                (void) canvas_text(canvas, y, (int) width - 1, 1, STYLE_KEY, "›");
}

void editor_draw(Editor *editor, Canvas *canvas, Style style, bool focus) {
        const unsigned width = canvas_width(canvas), height = canvas_height(canvas);
        unsigned line, column;
        size_t begin = 0;

        assert(editor);

        if (width == 0 || height == 0)
                return;
        editor->height = height;
        line = line_of(editor, editor->cursor);
        column = column_of(editor, editor->cursor);
        editor->top = follow_line(editor->top, line, height);
        editor->left = follow_column(editor->left, column, width);

        canvas_fill(canvas, 0, 0, width, height, style);
        for (unsigned i = 0; i < editor->top; i++)
                begin = line_end(editor, begin) + 1;
        for (unsigned y = 0; y < height; y++) {
                draw_line(editor, canvas, (int) y, begin, style);
                begin = line_end(editor, begin);
                if (!editor->text[begin])
                        break;
                begin++;
        }
        if (focus)
                canvas_cursor(canvas, (int) (line - editor->top), (int) (column - editor->left));
}
