/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a person typed. */

#include <stdbool.h>

#include <glib.h>

typedef enum KeyKind {
        TYPED_NOTHING, /* not a key that anybody here knows */
        TYPED_CHARACTER,
        TYPED_CONTROL, /* Ctrl and a letter: character is the small letter */
        TYPED_UP,
        TYPED_DOWN,
        TYPED_LEFT,
        TYPED_RIGHT,
        TYPED_PAGE_UP,
        TYPED_PAGE_DOWN,
        TYPED_HOME,
        TYPED_END,
        TYPED_TAB,
        TYPED_BACKTAB,
        TYPED_ENTER,
        TYPED_ESCAPE,
        TYPED_BACKSPACE,
        TYPED_DELETE,
        TYPED_INSERT
} KeyKind;

typedef struct Key {
        KeyKind kind;
        gunichar character; /* of TYPED_CHARACTER and TYPED_CONTROL */
        bool pasted;        /* a TYPED_CHARACTER, line ends and tabs too, that means itself and no action */
} Key;
