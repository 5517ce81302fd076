/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the TLS side of this room sees of an identity. */

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "transport/identity.h"

struct TransportIdentity {
        char *node_id;
        char *certificate;
        Fingerprint fingerprint;
        char fingerprint_text[FINGERPRINT_TEXT_SIZE];
        gnutls_certificate_credentials_t credentials;
        gnutls_priority_t priority;
};

int x509_fingerprint(gnutls_x509_crt_t crt, Fingerprint *ret); /* -EINVAL */
