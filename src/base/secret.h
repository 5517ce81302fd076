/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Texts that must not stay in memory once they are not needed: passwords, private keys. */

#include <string.h>

#include <glib.h>

#include "base/cleanup.h"

/* overwrites and frees; NULL is fine; returns NULL */
static inline char *secret_free(char *secret) {
        if (secret)
                explicit_bzero(secret, strlen(secret));
        g_free(secret);
        return NULL;
}
DEFINE_CLEANUP(char, secret_free);
