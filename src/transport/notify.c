/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Events for the journal. A stranger decides how often they happen, so of one kind, address and peer only
 * the first in each interval is told, with the number of those that were not; each failed join is told, as
 * their number is limited where they are checked. */

#include <assert.h>

#include "transport/mesh.h"

#define TOLD_MAX 256 /* then all is forgotten: a flood from many addresses must not cost memory */

DEFINE_STRTAB(transport_event_kind,
              TransportEventKind,
              "stranger",
              "flood",
              "join-failed",
              "join-proven",
              "barred",
              "wrong-key",
              "refused",
              "unreachable",
              "protocol");

typedef struct Told {
        usec_t at;
        unsigned suppressed;
} Told;

/* NULL: not now */
static Told *
may_tell(Transport *transport, TransportEventKind kind, const char *address, const char *node_id) {
        g_autofree char *host = NULL;
        char *key;
        Told *told;

        if (address_split(address, &host, NULL) < 0)
                host = g_strdup(address);
        key = g_strdup_printf("%d %s %s", (int) kind, host, node_id);

        told = g_hash_table_lookup(transport->told, key);
        if (!told) {
                if (g_hash_table_size(transport->told) >= TOLD_MAX)
                        g_hash_table_remove_all(transport->told);
                told = g_new0(Told, 1);
                (void) g_hash_table_insert(transport->told, g_steal_pointer(&key), told);
                told->at = transport_now(transport);
                return told;
        }
        g_free(key);
        if (kind != TRANSPORT_EVENT_JOIN_FAILED && kind != TRANSPORT_EVENT_JOIN_PROVEN &&
            usec_sub(transport_now(transport), told->at) < transport->times.event) {
                told->suppressed++;
                return NULL;
        }
        told->at = transport_now(transport);
        return told;
}

void transport_notify(
                Transport *transport,
                TransportEventKind kind,
                const char *address,
                const char *node_id,
                const Fingerprint *fingerprint,
                const char *text) {
        char buffer[FINGERPRINT_TEXT_SIZE];
        TransportEvent event;
        Told *told;

        assert(transport);

        if (!transport->callbacks.event)
                return;
        told = may_tell(transport, kind, address, node_id ?: "");
        if (!told)
                return;

        event = (TransportEvent){
                .kind = kind,
                .address = address,
                .node_id = node_id ?: "",
                .fingerprint = fingerprint ? fingerprint_to_string(fingerprint, buffer) : "",
                .text = text,
                .suppressed = told->suppressed,
        };
        told->suppressed = 0;
        transport->callbacks.event(transport->userdata, &event);
}
