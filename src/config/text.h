/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Questions about texts that the rules of config/validate.h ask. Texts are UTF-8 unless it says otherwise.
 */

#include <stdbool.h>

#include "model/field.h"

/* a control character (C0, DEL, C1) that is not in `allowed` */
bool text_has_control(const char *text, const char *allowed);
bool text_has_blank_end(const char *text); /* white space at either end, of any script */
/* the control characters that the field's texts may hold: those of several lines may hold line breaks and
 * tabs */
const char *text_allowed_controls(const Field *field);
/* a host name (international ones too), an IPv4 or a bare IPv6 address; no port, no brackets */
bool text_is_host(const char *host);
/* http:// or https:// and a host; *ret_host (caller frees) has no brackets. -EINVAL and what is wrong */
int text_split_url(const char *url, bool *ret_tls, char **ret_host, const char **reterr_problem);
bool text_is_loopback(const char *host);
