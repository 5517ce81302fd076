/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text that a person edits, on one line or on several: a cursor that moves by what is seen as one character
 * (a letter with its marks, a joined emoji), a window that follows it, a limit in bytes. Pure.
 *
 * Besides the keys that everybody knows: Ctrl-A and Ctrl-E to the ends of the line, Ctrl-U and Ctrl-K delete
 * to them, Ctrl-W deletes a word. What is pasted comes as characters, line ends and tabs too; on one line
 * they become blanks, but for the last line end. Other control characters are dropped. */

#include "tui/canvas.h"
#include "tui/key.h"

typedef enum EditorBits {
        EDITOR_LINES = 1 << 0, /* several lines: Enter begins a new one */
        EDITOR_HIDDEN = 1 << 1 /* nothing but dots is drawn; memory is overwritten when it is freed */
} EditorBits;

typedef enum EditorResult {
        EDITOR_UNUSED, /* no key of an editor, or there is nowhere to go: up on the first line */
        EDITOR_MOVED,
        EDITOR_CHANGED,
        EDITOR_FULL /* it would be longer than max; nothing was changed */
} EditorResult;

typedef struct Editor Editor;

/* lifecycle; text: copied, NULL is ""; may be over max_bytes, which only bounds what is typed. The cursor is
 * at the end of one line, at the beginning of several. */
Editor *editor_new(const char *text, size_t max_bytes, unsigned bits);
Editor *editor_free(Editor *editor);
DEFINE_CLEANUP(Editor, editor_free);

/* steps */
EditorResult editor_key(Editor *editor, const Key *key);
void editor_set(Editor *editor, const char *text); /* as editor_new() */
/* Fills the canvas. With focus its cursor is put where the editor's is. */
void editor_draw(Editor *editor, Canvas *canvas, Style style, bool focus);

/* questions */
const char *editor_text(const Editor *editor); /* borrowed until the next step */
