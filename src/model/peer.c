/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/peer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"

static const Field peer_fields[] = {
        FIELD(Peer, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED | FIELD_FIXED),
        FIELD(Peer, advertise, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(Peer, fingerprint, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_FIXED),
        FIELD(Peer, cert_pem, FIELD_STRING, .max = CERT_PEM_MAX_BYTES, .flags = FIELD_FIXED),
        FIELD(Peer, joining, FIELD_BOOL, .flags = FIELD_INTERNAL),
        FIELD(Peer, order, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Peer, revision, FIELD_UINT, .flags = FIELD_INTERNAL),
        FIELD(Peer, extra, FIELD_EXTRA, .max = EXTRA_FIELDS_MAX_BYTES),
};
const ObjectType peer_type = OBJECT_TYPE(Peer, "peer", peer_fields);

static const Field barred_fields[] = {
        FIELD(Barred, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Barred, fingerprint, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Barred, version, FIELD_UINT),
};
const ObjectType barred_type = OBJECT_TYPE(Barred, "barred", barred_fields);

static bool host_is_valid(const char *host, bool bracketed) {
        const char *allowed = bracketed ? ":.%-_" : ".-_";

        if (!*host || strlen(host) > 253)
                return false;
        for (const char *p = host; *p; p++)
                if (!g_ascii_isalnum(*p) && !strchr(allowed, *p))
                        return false;
        return true;
}

int address_split(const char *address, char **ret_host, uint16_t *ret_port) {
        g_autofree char *host = NULL;
        const char *colon;
        bool bracketed;
        guint64 port;

        assert(address);

        bracketed = address[0] == '[';
        if (bracketed) {
                const char *end = strchr(address, ']');

                if (!end || end[1] != ':')
                        return -EINVAL;
                host = g_strndup(address + 1, (size_t) (end - address - 1));
                colon = end + 1;
        } else {
                colon = strrchr(address, ':');
                if (!colon)
                        return -EINVAL;
                host = g_strndup(address, (size_t) (colon - address));
        }

        /* RFC 3986 section 3.2.2: brackets are for IPv6 alone */
        if (!host_is_valid(host, bracketed) || (bracketed && !strchr(host, ':')))
                return -EINVAL;
        if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, UINT16_MAX, &port, NULL))
                return -EINVAL;

        if (ret_host)
                *ret_host = g_steal_pointer(&host);
        if (ret_port)
                *ret_port = (uint16_t) port;
        return 0;
}

char *address_join(const char *host, uint16_t port) {
        assert(host);
        return g_strdup_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, (unsigned) port);
}
