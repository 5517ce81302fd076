/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The checks that a daemon has, as rows in its order and by id: read page by page, and mended by what its
 * signals tell meanwhile. */

#include <systemd/sd-bus.h>

#include "ctl/rows.h"

typedef struct Checks {
        GPtrArray *rows; /* of CheckRow; NULL before checks_init() and after checks_done() */
        GHashTable *by_id;
} Checks;

void checks_init(Checks *checks);
void checks_done(Checks *checks);

/* A page of ListChecks(), behind those that are there. True: there are more. Negative: it has another
 * form. */
int checks_read_page(Checks *checks, sd_bus_message *page);
/* PropertiesChanged of a check, from its list of properties on; of one that is not there it is nothing. */
int checks_apply_news(Checks *checks, sd_bus_message *message);
