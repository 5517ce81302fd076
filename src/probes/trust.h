/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The certificates of the authorities this node trusts, read once and again only when the file has changed.
 * libcurl with GnuTLS reads its bundle for each connection, which costs ten times the handshake; so it is
 * told not to verify, and the verification happens here, after the handshake and before a byte of the
 * request. */

#include <gnutls/gnutls.h>

#include "base/cleanup.h"

typedef struct TrustStore TrustStore;

typedef enum TrustResult {
        TRUST_GOOD,
        TRUST_BAD,   /* the certificate */
        TRUST_UNABLE /* no authorities to measure it with */
} TrustResult;

/* file: PEM; NULL: FILE_CA_BUNDLE. It need not be there yet. */
TrustStore *trust_store_new(const char *file);
TrustStore *trust_store_free(TrustStore *store);
DEFINE_CLEANUP(TrustStore, trust_store_free);

/* reads the file again, whether it looks changed or not */
void trust_store_reload(TrustStore *store);

/* host: name or numeric address that the certificate has to be for. reterr_words: what is wrong, caller
 * frees. */
TrustResult
trust_store_verify(TrustStore *store, gnutls_session_t session, const char *host, char **reterr_words);
