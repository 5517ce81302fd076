/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The terminal: the one place that speaks to ncurses(3NCURSES). It shows a canvas and reads keys; it never
 * waits, so somebody else polls standard input. There is one at a time. However the process ends, the
 * terminal is as it was before: after screen_free(), and after a fatal signal such as an assertion's. What
 * is written to standard error meanwhile would spoil the picture: it is kept, and written when the terminal
 * is back. */

#include "tui/canvas.h"
#include "tui/key.h"

typedef struct Screen Screen;

/* -ENOTTY, -EINVAL: no terminal, or one that cannot do this, with a sentence in reterr_text that caller
 * frees. */
int screen_new(Screen **ret, char **reterr_text);
Screen *screen_free(Screen *screen);
DEFINE_CLEANUP(Screen, screen_free);

/* what is shown by the next screen_show(); another one after screen_resize() */
Canvas *screen_canvas(Screen *screen);
void screen_show(Screen *screen);
/* false: there is none, for now. The key that interrupts, whichever the person has chosen, is Ctrl-C
 * here. */
bool screen_read_key(Screen *screen, Key *ret);
/* Nobody is there any more: what we read from or write to has been hung up. */
bool screen_is_gone(void);

/* takes the terminal's size anew */
void screen_resize(Screen *screen);
/* The terminal is as it was before until screen_resume(), which draws everything again; both may be called
 * twice. take_modes: what it is in now are the modes that it gets back in the end. */
void screen_suspend(Screen *screen);
void screen_resume(Screen *screen, bool take_modes);
