/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names of peers to addresses, by c-ares on the loop. The channel lives only while something is looked up,
 * so each look-up reads the resolv.conf and hosts of its time. */

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "transport/address.h"

typedef struct Names Names;
typedef struct NameLookup NameLookup;

/* error 0 and n > 0; or -EHOSTUNREACH and a phrase */
typedef void (*name_lookup_t)(
                void *userdata, int error, const Address *addresses, size_t n, const char *text);

Names *names_new(sd_event *event);
Names *names_free(Names *names); /* look-ups under way are dropped without a word */
DEFINE_CLEANUP(Names, names_free);

/* done is called once, never before this returns, unless cancelled before. host may be numeric. */
NameLookup *names_lookup(Names *names, const char *host, uint16_t port, name_lookup_t done, void *userdata);
NameLookup *name_lookup_cancel(NameLookup *lookup); /* NULL is fine; returns NULL */
