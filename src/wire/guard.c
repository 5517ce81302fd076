/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>

#include "wire/codec.h"
#include "wire/scan.h"

int json_guard(const char *bytes, size_t size, char **reterr_text) {
        Scan scan;
        int r;

        r = scan_init(&scan, bytes, size);
        if (r >= 0)
                r = scan_skip(&scan);
        if (r >= 0)
                r = scan_end(&scan);
        if (r < 0 && reterr_text)
                *reterr_text = g_strdup_printf(
                                "not JSON at byte %zu: %s", (size_t) (scan.p - scan.start), scan.error);
        scan_done(&scan);
        return r;
}
