/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "probes/context.h"

static int parse_port(const char *text, uint16_t *ret) {
        uint64_t port;

        if (!g_ascii_string_to_unsigned(text, 10, 1, UINT16_MAX, &port, NULL))
                return -EINVAL;
        *ret = (uint16_t) port;
        return 0;
}

/* IPv6 literals may stand alone only where no port can follow */
static const char *find_port(const char *target) {
        const char *colon = strrchr(target, ':'), *bracket = strrchr(target, ']');

        if (!colon || (bracket && bracket > colon))
                return NULL;
        return !bracket && strchr(target, ':') != colon ? NULL : colon;
}

int target_split(const char *target, uint16_t default_port, char **ret_host, uint16_t *ret_port) {
        g_autofree char *host = NULL;
        const char *colon;
        uint16_t port = default_port;
        size_t n;
        int r;

        assert(target);
        assert(ret_host);
        assert(ret_port);

        colon = find_port(target);
        if (colon) {
                r = parse_port(colon + 1, &port);
                if (r < 0)
                        return r;
        }
        if (port == 0)
                return -EINVAL;

        host = colon ? g_strndup(target, (size_t) (colon - target)) : g_strdup(target);
        n = strlen(host);
        if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
                memmove(host, host + 1, n - 2);
                host[n - 2] = 0;
        }
        if (!*host || strpbrk(host, "[] \t/"))
                return -EINVAL;

        *ret_host = g_steal_pointer(&host);
        *ret_port = port;
        return 0;
}
