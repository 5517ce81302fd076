/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A person's fingers. */

#include "tui/key.h"

static inline Key character(gunichar c) {
        return (Key){ .kind = TYPED_CHARACTER, .character = c };
}

static inline Key control(char letter) {
        return (Key){ .kind = TYPED_CONTROL, .character = (gunichar) letter };
}

static inline Key special(KeyKind kind) {
        return (Key){ .kind = kind };
}

static inline Key pasted(gunichar c) {
        return (Key){ .kind = TYPED_CHARACTER, .character = c, .pasted = true };
}
