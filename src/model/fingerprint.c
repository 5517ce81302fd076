/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/fingerprint.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/cleanup.h"

void fingerprint_of(const void *spki_der, size_t size, Fingerprint *ret) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        gsize n = FINGERPRINT_BYTES;

        assert(ret);

        g_checksum_update(sum, spki_der, (gssize) size);
        g_checksum_get_digest(sum, ret->bytes, &n);
}

int fingerprint_from_string(const char *text, Fingerprint *ret) {
        g_autofree char *clean = g_strstrip(g_strdup(text ?: ""));
        Fingerprint f;

        if (strlen(clean) != FINGERPRINT_TEXT_SIZE - 1 || g_ascii_strncasecmp(clean, "sha256:", 7) != 0)
                return -EINVAL;
        for (size_t i = 0; i < FINGERPRINT_BYTES; i++) {
                int high = g_ascii_xdigit_value(clean[7 + 2 * i]),
                    low = g_ascii_xdigit_value(clean[8 + 2 * i]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                f.bytes[i] = (uint8_t) (high << 4 | low);
        }
        *ret = f;
        return 0;
}

char *fingerprint_to_string(const Fingerprint *fingerprint, char buffer[static FINGERPRINT_TEXT_SIZE]) {
        assert(fingerprint);

        memcpy(buffer, "sha256:", 7);
        for (size_t i = 0; i < FINGERPRINT_BYTES; i++)
                (void) g_snprintf(buffer + 7 + 2 * i, 3, "%02x", fingerprint->bytes[i]);
        return buffer;
}

bool fingerprint_equal(const Fingerprint *a, const Fingerprint *b) {
        return memcmp(a->bytes, b->bytes, FINGERPRINT_BYTES) == 0;
}
