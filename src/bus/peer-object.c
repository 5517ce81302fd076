/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.quptime1.Peer: one node of the cluster. */

#include <assert.h>
#include <string.h>

#include "base/names.h"
#include "bus/dictionary.h"
#include "bus/internal.h"
#include "bus/objects.h"

int peer_append_row(sd_bus_message *reply, const PeerView *view) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) dictionary_append_string(reply, "node_id", view->peer->node_id);
        (void) dictionary_append_string(reply, "advertise", view->peer->advertise);
        (void) dictionary_append_string(reply, "fingerprint", view->peer->fingerprint);
        (void) dictionary_append_bool(reply, "live", view->live);
        (void) dictionary_append_uint(reply, "last_seen", view->last_seen);
        (void) dictionary_append_bool(reply, "self", view->self);
        (void) dictionary_append_bool(reply, "joining", view->peer->joining);
        return sd_bus_message_close_container(reply);
}

/* ---- properties ---- */

static int
get_text(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        const Peer *peer = ((const Found *) userdata)->peer.peer;
        const char *text;

        if (strcmp(property, "NodeID") == 0)
                text = peer->node_id;
        else if (strcmp(property, "Advertise") == 0)
                text = peer->advertise;
        else {
                assert(strcmp(property, "Fingerprint") == 0);
                text = peer->fingerprint;
        }
        return sd_bus_message_append_basic(reply, 's', text ?: "");
}

static int
get_bool(sd_bus *sd,
         const char *path,
         const char *interface,
         const char *property,
         sd_bus_message *reply,
         void *userdata,
         sd_bus_error *reterr) {
        const PeerView *view = &((const Found *) userdata)->peer;
        int value;

        if (strcmp(property, "Joining") == 0)
                value = view->peer->joining;
        else if (strcmp(property, "Self") == 0)
                value = view->self;
        else {
                assert(strcmp(property, "Live") == 0);
                value = view->live;
        }
        return sd_bus_message_append_basic(reply, 'b', &value);
}

static int
get_last_seen(sd_bus *sd,
              const char *path,
              const char *interface,
              const char *property,
              sd_bus_message *reply,
              void *userdata,
              sd_bus_error *reterr) {
        return sd_bus_message_append_basic(reply, 't', &((const Found *) userdata)->peer.last_seen);
}

bool peer_find(Bus *bus, const char *id, Found *ret) {
        PeerView view;

        if (manager_peer_view(bus->manager, id, &view) < 0)
                return false;
        *ret = (Found){ .bus = bus, .peer = view };
        return true;
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable peer_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("NodeID", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Advertise", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Fingerprint", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Joining", "b", get_bool, 0, CHANGES),
        SD_BUS_PROPERTY("Self", "b", get_bool, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        /* live values */
        SD_BUS_PROPERTY("Live", "b", get_bool, 0, 0),
        SD_BUS_PROPERTY("LastSeen", "t", get_last_seen, 0, 0),
        SD_BUS_VTABLE_END,
};
