/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One field of a form: what it began with, what it holds now, how it is typed and drawn. All texts are
 * copied. Pure. */

#include "tui/canvas.h"
#include "tui/key.h"

typedef enum InputKind {
        INPUT_LINE,
        INPUT_LINES,    /* a text of several lines: Enter begins a new one */
        INPUT_WORDS,    /* a list on one line, separated by commas */
        INPUT_NUMBER,   /* 0 … INT64_MAX, or nothing */
        INPUT_DURATION, /* as Go writes it, or nothing */
        /* typed hidden; one that is set stays unless another is typed, or Backspace pressed */
        INPUT_SECRET,
        INPUT_BOOL, /* Space turns it */
        INPUT_SET   /* some of the choices that there are; Space takes one or leaves it */
} InputKind;

typedef struct InputSpec {
        const char *name;  /* the form knows the field by it */
        const char *label; /* NULL: the name; "body-match" is shown as "Body match" */
        InputKind kind;
        size_t max;           /* bytes of a text; members of a set */
        const char *standard; /* shown where nothing is typed */
        const char *help;     /* a sentence, for while the cursor is there */
        const char *hint;     /* more of that, or NULL */
        unsigned height;      /* lines of INPUT_LINES */
} InputSpec;

typedef enum InputSecret {
        INPUT_SECRET_NONE,    /* none is set, none was typed */
        INPUT_SECRET_KEPT,    /* one is set and stays */
        INPUT_SECRET_REMOVED, /* one was set and is to go */
        INPUT_SECRET_TYPED
} InputSecret;

typedef enum InputResult {
        INPUT_UNUSED, /* the form's key */
        INPUT_USED,
        INPUT_FULL /* past the limit: nothing was changed */
} InputResult;

typedef struct Input Input;

/* lifecycle */

/* value: what it begins with and is later compared to; NULL is "". That of a secret only says whether one is
 * set; that of INPUT_BOOL is "true" or not. */
Input *input_new(const InputSpec *spec, const char *value);
/* choices: values and what is shown for them, in turn, NULL-terminated; chosen: values, or what is shown for
 * them (a stranger becomes a choice). Both may be NULL. */
Input *input_new_set(const InputSpec *spec, const char *const *choices, char *const *chosen);
Input *input_free(Input *input);
DEFINE_CLEANUP(Input, input_free);

/* steps */

InputResult input_key(Input *input, const Key *key);
/* Fills the canvas, which is input_height() lines high, or less. */
void input_draw(Input *input, Canvas *canvas, bool focus);
/* As if the person had typed it. */
void input_type(Input *input, const char *text);
/* Others gave it another value: that is what it is compared to from now on and, unless the person has
 * changed it, what is shown. False: they changed what the others changed, to something else. */
bool input_rebase(Input *input, const char *value);
bool input_rebase_set(Input *input, char *const *chosen);
/* What is wrong with it, NULL: nothing. */
void input_complain(Input *input, const char *text);

/* questions; texts are borrowed unless it says otherwise */

const char *input_name(const Input *input);
const char *input_label(const Input *input);
const char *input_hint(const Input *input);
const char *input_complaint(const Input *input);
InputKind input_kind(const Input *input);
unsigned input_height(const Input *input);
bool input_is_changed(const Input *input);
char *input_help(const Input *input);       /* what holds at the moment; caller frees */
const char *input_text(const Input *input); /* of what is typed */
bool input_bool(const Input *input);
InputSecret input_secret(const Input *input);
char **input_words(const Input *input); /* of INPUT_WORDS and INPUT_SET; caller frees */
char *input_limit(const Input *input);  /* the sentence for INPUT_FULL; caller frees */
/* What a number or duration that cannot be read should be, else NULL. */
const char *input_misread(const Input *input);
