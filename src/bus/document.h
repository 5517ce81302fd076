/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* GetDocument(), CheckDocument() and ApplyDocument() of org.quptime1.Manager: the whole document as text. */

#include <systemd/sd-bus.h>

int method_get_document(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int method_check_document(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int method_apply_document(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
