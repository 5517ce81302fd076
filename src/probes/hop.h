/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One stop of an HTTP check: its URL, taken apart, and where a redirect leads from there. No I/O. */

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

typedef struct Hop {
        CURLU *url; /* without user information, so that no message can show it */
        char *host; /* as DNS and certificates spell it: ASCII, no brackets */
        uint16_t port;
        bool tls;
        char *user;
        char *password;
} Hop;

/* -EINVAL: no URL, or not HTTP */
int hop_new(const char *url, Hop **ret);
/* location: relative to `from`, RFC 9110 section 10.2.2. User information goes along to the same scheme,
 * host and port only: whom it was meant for is not anywhere else. -EINVAL and a phrase. */
int hop_follow(const Hop *from, const char *location, Hop **ret, const char **reterr_phrase);
Hop *hop_free(Hop *hop);
DEFINE_CLEANUP(Hop, hop_free);
