/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/noncharacter.h"

#include <assert.h>

/* p: three bytes of which the first is 0xEF, so U+F000 to U+FFFF */
static bool of_last_page(const unsigned char *p) {
        return is_noncharacter(0xf000u | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu));
}

/* p: four bytes, so U+10000 and up: xxxFFFE and xxxFFFF end so */
static bool of_plane_end(const unsigned char *p) {
        return (p[1] & 0x0f) == 0x0f && p[2] == 0xbf && p[3] >= 0xbe;
}

const char *noncharacter_find(const char *text, size_t size) {
        const unsigned char *p = (const unsigned char *) text;

        assert(text || size == 0);

        for (size_t i = 0; i < size; i++)
                if (p[i] >= 0xef && (p[i] == 0xef ? of_last_page(p + i) : of_plane_end(p + i)))
                        return text + i;
        return NULL;
}
