/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A fingerprint: SHA-256 over a certificate's SubjectPublicKeyInfo in DER (RFC 7469, section 2.4), written
 * "sha256:" + 64 small hex digits. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_BYTES 32
#define FINGERPRINT_TEXT_SIZE (sizeof("sha256:") + 2 * FINGERPRINT_BYTES)

typedef struct Fingerprint {
        uint8_t bytes[FINGERPRINT_BYTES];
} Fingerprint;

void fingerprint_of(const void *spki_der, size_t size, Fingerprint *ret);
/* Takes capitals too and white space around it; -EINVAL otherwise. */
int fingerprint_from_string(const char *text, Fingerprint *ret);
char *fingerprint_to_string(const Fingerprint *fingerprint, char buffer[static FINGERPRINT_TEXT_SIZE]);
bool fingerprint_equal(const Fingerprint *a, const Fingerprint *b);
