/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The 66 code points that Unicode keeps for nobody (U+FDD0 to U+FDEF, and the last two of each plane). They
 * are valid UTF-8, but sd-bus takes none of them: one in a name, or in what a target answered, and no list
 * that has it could be shown. So they are let in nowhere: not by JSON, not by YAML; a stranger's words have
 * them escaped. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool is_noncharacter(uint32_t c) {
        return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

/* the first in valid UTF-8, or NULL */
const char *noncharacter_find(const char *text, size_t size);
