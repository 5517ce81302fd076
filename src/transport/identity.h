/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this node is to others: a NodeID, a private key and a self-signed certificate. Others pin the SHA-256
 * of its SubjectPublicKeyInfo, so nothing in the certificate but the key matters; its other fields are those
 * of the original's. Also what else an installation draws at random. These functions block for the time of a
 * key generation or derivation (RSA-3072: up to seconds; the join key: about half a second). */

#include "base/cleanup.h"
#include "base/strtab.h"
#include "base/usec.h"
#include "model/fingerprint.h"

typedef enum KeyType { KEY_ED25519, KEY_RSA3072, _KEY_TYPE_MAX } KeyType;
DECLARE_STRTAB(key_type, KeyType); /* "ed25519", "rsa3072" */

typedef struct TransportIdentity TransportIdentity;

/* lifecycle: key as PKCS#8 or PKCS#1 PEM, both texts copied. -EINVAL with a sentence: not a key, not a
 * certificate, a key of another kind than it should be, or the two do not belong together. */
int identity_load(
                const char *node_id,
                const char *key_pem,
                const char *cert_pem,
                TransportIdentity **ret,
                char **reterr_text);
TransportIdentity *identity_free(TransportIdentity *identity);
DEFINE_CLEANUP(TransportIdentity, identity_free);

/* questions; borrowed */
const char *identity_node_id(const TransportIdentity *identity);
const Fingerprint *identity_fingerprint(const TransportIdentity *identity);
const char *identity_fingerprint_text(const TransportIdentity *identity);
const char *identity_certificate(const TransportIdentity *identity); /* PEM */

/* The fingerprint of a certificate in PEM; -EINVAL: it is none. */
int certificate_fingerprint(const char *cert_pem, Fingerprint *ret);

/* making one: a new key with its certificate (PKCS#8, X.509 and SPKI in PEM); all callers' */
typedef struct NewIdentity {
        char *key_pem;
        char *cert_pem;
        char *public_pem;
        Fingerprint fingerprint;
} NewIdentity;
int identity_generate(
                KeyType type,
                const char *node_id,
                usec_t now_realtime_usec,
                NewIdentity *ret,
                char **reterr_text);
void new_identity_done(NewIdentity *identity); /* wipes the key */

/* random things; the caller frees */
char *random_id(void);     /* a UUID, version 4, in small letters */
char *random_secret(void); /* 32 bytes, base64url without padding */

/* What the join proof uses in place of the cluster secret: PBKDF2-HMAC-SHA256 (RFC 8018). Written as 64 hex
 * digits in node.yaml. */
#define JOIN_KEY_BYTES 32
typedef struct JoinKey {
        uint8_t bytes[JOIN_KEY_BYTES];
} JoinKey;
int join_key_derive(
                const char *secret, JoinKey *ret); /* -EINVAL: shorter than SECRET_MIN_CHARS characters */
int join_key_from_string(const char *hex, JoinKey *ret); /* -EINVAL */
char *join_key_to_string(const JoinKey *key);            /* caller frees */
