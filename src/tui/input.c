/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/input.h"

#include <assert.h>
#include <string.h>

#include "base/usec.h"
#include "tui/editor.h"

#define SET_HEIGHT_MAX 5

typedef struct Choice {
        char *value;
        char *shown;
        bool chosen;
        bool was_chosen;
} Choice;

struct Input {
        InputKind kind;
        char *name, *label, *standard, *help, *hint;
        size_t max;
        unsigned height;
        char *value;    /* to compare with; of a secret: "" or not */
        Editor *editor; /* of all kinds with text */
        bool on;        /* INPUT_BOOL */
        bool removed;   /* INPUT_SECRET: the one that is set shall go */
        GPtrArray *choices;
        unsigned at, top; /* of the choices */
        char *complaint;
};

/* ---- lifecycle ---- */

static void free_choice(gpointer p) {
        Choice *choice = p;

        g_free(choice->value);
        g_free(choice->shown);
        g_free(choice);
}

/* "body-match" -> "Body match" */
static char *label_from_name(const char *name) {
        char *label = g_strdelimit(g_strdup(name), "-_", ' ');

        label[0] = g_ascii_toupper(label[0]);
        return label;
}

static Input *make(const InputSpec *spec) {
        Input *input = g_new0(Input, 1);

        assert(spec && spec->name);

        input->kind = spec->kind;
        input->name = g_strdup(spec->name);
        input->label = label_from_name(spec->label ?: spec->name);
        input->standard = g_strdup(spec->standard ?: "");
        input->help = g_strdup(spec->help ?: "");
        input->hint = g_strdup(spec->hint);
        input->max = spec->max;
        input->height = spec->kind == INPUT_LINES ? MAX(spec->height, 1) : 1;
        return input;
}

static bool is_on(const char *value) {
        return g_strcmp0(value, "true") == 0;
}

Input *input_new(const InputSpec *spec, const char *value) {
        Input *input = make(spec);

        assert(spec->kind != INPUT_SET);

        input->value = g_strdup(value ?: "");
        if (spec->kind == INPUT_BOOL)
                input->on = is_on(value);
        else if (spec->kind == INPUT_SECRET)
                input->editor = editor_new(NULL, spec->max, EDITOR_HIDDEN);
        else
                input->editor = editor_new(value, spec->max, spec->kind == INPUT_LINES ? EDITOR_LINES : 0);
        return input;
}

Input *input_free(Input *input) {
        if (!input)
                return NULL;

        g_free(input->name);
        g_free(input->label);
        g_free(input->standard);
        g_free(input->help);
        g_free(input->hint);
        g_free(input->value);
        (void) editor_free(input->editor);
        g_clear_pointer(&input->choices, g_ptr_array_unref);
        g_free(input->complaint);
        g_free(input);
        return NULL;
}

/* ---- choices ---- */

static Choice *choice_at(const Input *input, unsigned i) {
        return g_ptr_array_index(input->choices, i);
}

static Choice *add_choice(Input *input, const char *value, const char *shown) {
        Choice *choice = g_new0(Choice, 1);

        choice->value = g_strdup(value);
        choice->shown = g_strdup(shown);
        g_ptr_array_add(input->choices, choice);
        return choice;
}

/* A reference is an id or a name, and an id beats a name. */
static Choice *find_choice(const Input *input, const char *word) {
        Choice *shown = NULL;

        for (unsigned i = 0; i < input->choices->len; i++) {
                Choice *choice = choice_at(input, i);

                if (strcmp(choice->value, word) == 0)
                        return choice;
                if (!shown && strcmp(choice->shown, word) == 0)
                        shown = choice;
        }
        return shown;
}

static void set_base(Input *input, char *const *chosen) {
        for (unsigned i = 0; i < input->choices->len; i++)
                choice_at(input, i)->was_chosen = false;
        for (; chosen && *chosen; chosen++) {
                Choice *choice = find_choice(input, *chosen) ?: add_choice(input, *chosen, *chosen);

                choice->was_chosen = true;
        }
}

static bool base_is(const Input *input, char *const *chosen) {
        unsigned n = 0;

        for (unsigned i = 0; i < input->choices->len; i++)
                n += choice_at(input, i)->was_chosen;
        for (; chosen && *chosen; chosen++, n--) {
                const Choice *choice = find_choice(input, *chosen);

                if (!choice || !choice->was_chosen)
                        return false;
        }
        return n == 0;
}

static void show_base(Input *input) {
        for (unsigned i = 0; i < input->choices->len; i++)
                choice_at(input, i)->chosen = choice_at(input, i)->was_chosen;
}

Input *input_new_set(const InputSpec *spec, const char *const *choices, char *const *chosen) {
        Input *input = make(spec);

        assert(spec->kind == INPUT_SET);

        input->choices = g_ptr_array_new_with_free_func(free_choice);
        for (; choices && *choices; choices += 2)
                (void) add_choice(input, choices[0], choices[1]);
        set_base(input, chosen);
        show_base(input);
        input->height = CLAMP(input->choices->len, 1, SET_HEIGHT_MAX);
        return input;
}

/* ---- questions ---- */

const char *input_name(const Input *input) {
        return input->name;
}

const char *input_label(const Input *input) {
        return input->label;
}

const char *input_hint(const Input *input) {
        return input->hint;
}

const char *input_complaint(const Input *input) {
        return input->complaint;
}

InputKind input_kind(const Input *input) {
        return input->kind;
}

unsigned input_height(const Input *input) {
        return input->height;
}

const char *input_text(const Input *input) {
        assert(input->editor);
        return editor_text(input->editor);
}

bool input_bool(const Input *input) {
        assert(input->kind == INPUT_BOOL);
        return input->on;
}

InputSecret input_secret(const Input *input) {
        assert(input->kind == INPUT_SECRET);

        if (*editor_text(input->editor))
                return INPUT_SECRET_TYPED;
        if (!*input->value)
                return INPUT_SECRET_NONE;
        return input->removed ? INPUT_SECRET_REMOVED : INPUT_SECRET_KEPT;
}

static char **split_words(const char *text) {
        g_auto(GStrv) words = g_strsplit(text, ",", -1);
        g_autoptr(GPtrArray) kept = g_ptr_array_new();

        for (char **word = words; *word; word++)
                if (*g_strstrip(*word))
                        g_ptr_array_add(kept, g_strdup(*word));
        g_ptr_array_add(kept, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&kept), /* free_segment= */ FALSE);
}

static bool same_words(const char *a, const char *b) {
        g_auto(GStrv) words_a = split_words(a), words_b = split_words(b);

        return g_strv_equal((const char *const *) words_a, (const char *const *) words_b);
}

char **input_words(const Input *input) {
        g_autoptr(GPtrArray) words = NULL;

        if (input->kind != INPUT_SET)
                return split_words(input_text(input));

        words = g_ptr_array_new();
        for (unsigned i = 0; i < input->choices->len; i++)
                if (choice_at(input, i)->chosen)
                        g_ptr_array_add(words, g_strdup(choice_at(input, i)->value));
        g_ptr_array_add(words, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&words), /* free_segment= */ FALSE);
}

bool input_is_changed(const Input *input) {
        switch (input->kind) {
        case INPUT_BOOL:
                return input->on != is_on(input->value);
        case INPUT_SECRET:
                return input_secret(input) == INPUT_SECRET_TYPED ||
                       input_secret(input) == INPUT_SECRET_REMOVED;
        case INPUT_WORDS:
                return !same_words(input_text(input), input->value);
        case INPUT_SET:
                for (unsigned i = 0; i < input->choices->len; i++)
                        if (choice_at(input, i)->chosen != choice_at(input, i)->was_chosen)
                                return true;
                return false;
        default:
                return strcmp(input_text(input), input->value) != 0;
        }
}

char *input_help(const Input *input) {
        if (input->kind == INPUT_SECRET)
                switch (input_secret(input)) {
                case INPUT_SECRET_KEPT:
                        return g_strdup_printf(
                                        "%s; one is set and stays: type another, or Backspace removes it",
                                        input->help);
                case INPUT_SECRET_REMOVED:
                        return g_strdup_printf(
                                        "%s; the one that is set will be removed: Backspace keeps it",
                                        input->help);
                default:
                        break;
                }
        return g_strdup(input->help);
}

char *input_limit(const Input *input) {
        if (input->kind == INPUT_SET)
                return g_strdup_printf("at most %zu may be chosen", input->max);
        return g_strdup_printf("at most %zu bytes; what is longer was left out", input->max);
}

const char *input_misread(const Input *input) {
        guint64 number;
        usec_t usec;

        if (input->kind == INPUT_NUMBER && *input_text(input) &&
            !g_ascii_string_to_unsigned(input_text(input), 10, 0, INT64_MAX, &number, NULL))
                return "not a number; write it in digits";
        if (input->kind == INPUT_DURATION && *input_text(input) &&
            usec_from_duration(input_text(input), &usec) < 0)
                return "not a duration; write it like 30s or 1m30s";
        return NULL;
}

/* ---- steps ---- */

void input_complain(Input *input, const char *text) {
        char *copy = g_strdup(text);

        g_free(input->complaint);
        input->complaint = copy;
}

void input_type(Input *input, const char *text) {
        if (input->kind == INPUT_BOOL)
                input->on = is_on(text);
        else
                editor_set(input->editor, text);
}

bool input_rebase(Input *input, const char *value) {
        const bool changed = input_is_changed(input);

        assert(input->kind != INPUT_SET);

        value = value ?: "";
        if (strcmp(value, input->value) == 0)
                return true;
        g_free(input->value);
        input->value = g_strdup(value);
        if (changed)
                return !input_is_changed(input);
        if (input->kind != INPUT_SECRET)
                input_type(input, value);
        return true;
}

bool input_rebase_set(Input *input, char *const *chosen) {
        const bool changed = input_is_changed(input);

        assert(input->kind == INPUT_SET);

        if (base_is(input, chosen))
                return true;
        set_base(input, chosen);
        if (!changed)
                show_base(input);
        return !changed || !input_is_changed(input);
}

/* ---- keys ---- */

static InputResult key_bool(Input *input, const Key *key) {
        if (key->kind != TYPED_CHARACTER)
                return INPUT_UNUSED;
        switch (g_unichar_tolower(key->character)) {
        case ' ':
                input->on = !input->on;
                break;
        case 'y':
                input->on = true;
                break;
        case 'n':
                input->on = false;
                break;
        default:
                break;
        }
        return INPUT_USED;
}

static InputResult turn_choice(Input *input) {
        Choice *choice;
        unsigned n = 0;

        if (input->at >= input->choices->len)
                return INPUT_USED;
        choice = choice_at(input, input->at);
        for (unsigned i = 0; i < input->choices->len; i++)
                n += choice_at(input, i)->chosen;
        if (!choice->chosen && n >= input->max)
                return INPUT_FULL;
        choice->chosen = !choice->chosen;
        return INPUT_USED;
}

/* To the next one that begins with what was typed, around the end. */
static void jump(Input *input, gunichar c) {
        const unsigned n = input->choices->len;

        for (unsigned i = 1; i <= n; i++) {
                const Choice *choice = choice_at(input, (input->at + i) % n);

                if (g_unichar_tolower(g_utf8_get_char(choice->shown)) == g_unichar_tolower(c)) {
                        input->at = (input->at + i) % n;
                        return;
                }
        }
}

static InputResult key_set(Input *input, const Key *key) {
        const unsigned n = input->choices->len;

        switch (key->kind) {
        case TYPED_UP:
                if (input->at == 0)
                        return INPUT_UNUSED;
                input->at--;
                return INPUT_USED;
        case TYPED_DOWN:
                if (input->at + 1 >= n)
                        return INPUT_UNUSED;
                input->at++;
                return INPUT_USED;
        case TYPED_HOME:
                input->at = 0;
                return INPUT_USED;
        case TYPED_END:
                input->at = n > 0 ? n - 1 : 0;
                return INPUT_USED;
        case TYPED_PAGE_UP:
                input->at -= MIN(input->at, input->height);
                return INPUT_USED;
        case TYPED_PAGE_DOWN:
                input->at = n > 0 ? MIN(input->at + input->height, n - 1) : 0;
                return INPUT_USED;
        case TYPED_CHARACTER:
                if (key->character == ' ')
                        return turn_choice(input);
                jump(input, key->character);
                return INPUT_USED;
        default:
                return INPUT_UNUSED;
        }
}

/* On one that is set and untouched, Backspace and Delete remove it, and once more bring it back. */
static InputResult key_secret(Input *input, const Key *key) {
        const bool deletes = key->kind == TYPED_BACKSPACE || key->kind == TYPED_DELETE;

        if (deletes && *input->value && !*editor_text(input->editor)) {
                input->removed = !input->removed;
                return INPUT_USED;
        }
        return INPUT_UNUSED;
}

InputResult input_key(Input *input, const Key *key) {
        assert(input);
        assert(key);

        if (!input->editor && key->pasted)
                return INPUT_USED;
        if (input->kind == INPUT_BOOL)
                return key_bool(input, key);
        if (input->kind == INPUT_SET)
                return key_set(input, key);
        if (input->kind == INPUT_SECRET && key_secret(input, key) == INPUT_USED)
                return INPUT_USED;

        switch (editor_key(input->editor, key)) {
        case EDITOR_UNUSED:
                return INPUT_UNUSED;
        case EDITOR_FULL:
                return INPUT_FULL;
        default:
                return INPUT_USED;
        }
}

/* ---- drawing ---- */

static void draw_set(Input *input, Canvas *canvas, bool focus) {
        const unsigned width = canvas_width(canvas), height = canvas_height(canvas);

        if (input->choices->len == 0) {
                (void) canvas_text(canvas, 0, 0, width, STYLE_DIM, input->standard);
                if (focus)
                        canvas_cursor(canvas, 0, 0);
                return;
        }
        if (input->at < input->top)
                input->top = input->at;
        if (input->at >= input->top + height)
                input->top = input->at - height + 1;
        for (unsigned y = 0; y < height && input->top + y < input->choices->len; y++) {
                const unsigned i = input->top + y;
                const Choice *choice = choice_at(input, i);
                const char *more = y == 0 && i > 0                                  ? " ↑"
                                   : y + 1 == height && i + 1 < input->choices->len ? " ↓"
                                                                                    : "";

                (void) canvas_printf(
                                canvas,
                                (int) y,
                                0,
                                width,
                                focus && i == input->at ? STYLE_FIELD | STYLE_SELECTED : STYLE_PLAIN,
                                "[%c] %s%s",
                                choice->chosen ? 'x' : ' ',
                                choice->shown,
                                more);
        }
        if (focus)
                canvas_cursor(canvas, (int) (input->at - input->top), 1);
}

static const char *secret_shown(const Input *input) {
        switch (input_secret(input)) {
        case INPUT_SECRET_KEPT:
                return "set";
        case INPUT_SECRET_REMOVED:
                return "not set (after saving)";
        default:
                return "not set";
        }
}

void input_draw(Input *input, Canvas *canvas, bool focus) {
        const unsigned width = canvas_width(canvas);
        const char *shown;

        assert(input);

        if (input->kind == INPUT_SET) {
                draw_set(input, canvas, focus);
                return;
        }
        if (input->kind == INPUT_BOOL) {
                (void) canvas_text(
                                canvas,
                                0,
                                0,
                                width,
                                focus ? STYLE_FIELD | STYLE_SELECTED : STYLE_PLAIN,
                                input->on ? "[x] yes" : "[ ] no");
                if (focus)
                        canvas_cursor(canvas, 0, 1);
                return;
        }

        editor_draw(input->editor, canvas, focus ? STYLE_FIELD | STYLE_SELECTED : STYLE_FIELD, focus);
        if (*input_text(input))
                return;
        shown = input->kind == INPUT_SECRET ? secret_shown(input) : input->standard;
        (void) canvas_text(canvas, 0, 0, width, focus ? STYLE_DIM | STYLE_SELECTED : STYLE_DIM, shown);
}
