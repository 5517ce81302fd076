/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/identity.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "transport/identity-internal.h"

DEFINE_STRTAB(key_type, KeyType, "ed25519", "rsa3072");

#define CERTIFICATE_SERIAL_BYTES 16
#define CERTIFICATE_VALID_USEC (10 * 365 * 24 * USEC_PER_HOUR)

/* what a GnuTLS handle's own deinit looks like to _cleanup_ */
static void privkey_deinitp(gnutls_x509_privkey_t *p) {
        if (*p)
                gnutls_x509_privkey_deinit(*p);
}

static void crt_deinitp(gnutls_x509_crt_t *p) {
        if (*p)
                gnutls_x509_crt_deinit(*p);
}

static void pubkey_deinitp(gnutls_pubkey_t *p) {
        if (*p)
                gnutls_pubkey_deinit(*p);
}

static void datum_donep(gnutls_datum_t *p) {
        gnutls_free(p->data);
        p->data = NULL;
}

static gnutls_datum_t text_datum(const char *text) {
        return (gnutls_datum_t){ .data = (unsigned char *) text, .size = (unsigned) strlen(text) };
}

static char *datum_text(const gnutls_datum_t *datum) {
        return g_strndup((const char *) datum->data, datum->size);
}

static int refuse(char **reterr_text, const char *what, int gnutls_error) {
        if (reterr_text)
                *reterr_text = gnutls_error < 0 ? g_strdup_printf("%s: %s",
                                                                  what,
                                                                  gnutls_strerror(gnutls_error))
                                                : g_strdup(what);
        return -EINVAL;
}

/* fingerprints
 * ----------------------------------------------------------------------------------------------- */

int x509_fingerprint(gnutls_x509_crt_t crt, Fingerprint *ret) {
        _cleanup_(pubkey_deinitp) gnutls_pubkey_t pubkey = NULL;
        _cleanup_(datum_donep) gnutls_datum_t der = {};

        if (gnutls_pubkey_init(&pubkey) < 0 || gnutls_pubkey_import_x509(pubkey, crt, 0) < 0 ||
            gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_DER, &der) < 0)
                return -EINVAL;

        fingerprint_of(der.data, der.size, ret);
        return 0;
}

static int import_certificate(const char *cert_pem, gnutls_x509_crt_t *ret) {
        _cleanup_(crt_deinitp) gnutls_x509_crt_t crt = NULL;
        gnutls_datum_t pem = text_datum(cert_pem);
        int r;

        r = gnutls_x509_crt_init(&crt);
        if (r < 0)
                return r;
        r = gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(crt);
        return 0;
}

int certificate_fingerprint(const char *cert_pem, Fingerprint *ret) {
        _cleanup_(crt_deinitp) gnutls_x509_crt_t crt = NULL;

        assert(cert_pem);
        assert(ret);

        if (import_certificate(cert_pem, &crt) < 0)
                return -EINVAL;
        return x509_fingerprint(crt, ret);
}

/* loading
 * ---------------------------------------------------------------------------------------------------- */

/* GnuTLS does not notice in every case */
static bool belong_together(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key) {
        uint8_t of_crt[FINGERPRINT_BYTES], of_key[FINGERPRINT_BYTES];
        size_t n_crt = sizeof of_crt, n_key = sizeof of_key;

        return gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, of_crt, &n_crt) >= 0 &&
               gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key, &n_key) >= 0 &&
               n_crt == n_key && memcmp(of_crt, of_key, n_crt) == 0;
}

static int fill_credentials(
                TransportIdentity *identity,
                gnutls_x509_crt_t crt,
                gnutls_x509_privkey_t key,
                char **reterr_text) {
        int r;

        if (!belong_together(crt, key))
                return refuse(reterr_text, "the certificate is not of this private key", 0);
        r = gnutls_certificate_allocate_credentials(&identity->credentials);
        if (r < 0)
                return refuse(reterr_text, "cannot hold credentials", r);
        r = gnutls_certificate_set_x509_key(identity->credentials, &crt, 1, key);
        if (r < 0)
                return refuse(reterr_text, "cannot use the certificate with this private key", r);

        /* TLS 1.3 alone; one key share, of the cheapest group, and no way to resume */
        r = gnutls_priority_init(
                        &identity->priority,
                        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
                        "-CIPHER-ALL:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:%DISABLE_TLS13_COMPAT_"
                        "MODE",
                        NULL);
        if (r < 0)
                return refuse(reterr_text, "GnuTLS does not offer TLS 1.3 as needed", r);
        return 0;
}

int identity_load(
                const char *node_id,
                const char *key_pem,
                const char *cert_pem,
                TransportIdentity **ret,
                char **reterr_text) {
        _cleanup_(identity_freep) TransportIdentity *identity = NULL;
        _cleanup_(privkey_deinitp) gnutls_x509_privkey_t key = NULL;
        _cleanup_(crt_deinitp) gnutls_x509_crt_t crt = NULL;
        gnutls_datum_t pem;
        int r;

        assert(node_id);
        assert(key_pem);
        assert(cert_pem);
        assert(ret);

        r = gnutls_x509_privkey_init(&key);
        if (r < 0)
                return refuse(reterr_text, "cannot hold a private key", r);
        pem = text_datum(key_pem);
        /* import2 takes PKCS#8 as well as the PKCS#1 that the original wrote */
        r = gnutls_x509_privkey_import2(key, &pem, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
        if (r < 0)
                return refuse(reterr_text, "not a private key in PEM", r);
        r = import_certificate(cert_pem, &crt);
        if (r < 0)
                return refuse(reterr_text, "not a certificate in PEM", r);

        identity = g_new0(TransportIdentity, 1);
        identity->node_id = g_strdup(node_id);
        identity->certificate = g_strdup(cert_pem);
        if (x509_fingerprint(crt, &identity->fingerprint) < 0)
                return refuse(reterr_text, "the certificate holds no key that can be used", 0);
        (void) fingerprint_to_string(&identity->fingerprint, identity->fingerprint_text);
        r = fill_credentials(identity, crt, key, reterr_text);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(identity);
        return 0;
}

TransportIdentity *identity_free(TransportIdentity *identity) {
        if (!identity)
                return NULL;

        if (identity->credentials)
                gnutls_certificate_free_credentials(identity->credentials);
        if (identity->priority)
                gnutls_priority_deinit(identity->priority);
        g_free(identity->node_id);
        g_free(identity->certificate);
        g_free(identity);
        return NULL;
}

const char *identity_node_id(const TransportIdentity *identity) {
        assert(identity);
        return identity->node_id;
}

const Fingerprint *identity_fingerprint(const TransportIdentity *identity) {
        assert(identity);
        return &identity->fingerprint;
}

const char *identity_fingerprint_text(const TransportIdentity *identity) {
        assert(identity);
        return identity->fingerprint_text;
}

const char *identity_certificate(const TransportIdentity *identity) {
        assert(identity);
        return identity->certificate;
}

/* making
 * ----------------------------------------------------------------------------------------------------- */

static int set_certificate_fields(
                gnutls_x509_crt_t crt,
                gnutls_x509_privkey_t key,
                KeyType type,
                const char *node_id,
                usec_t now_realtime_usec) {
        uint8_t serial[CERTIFICATE_SERIAL_BYTES];
        time_t now = (time_t) (now_realtime_usec / USEC_PER_SEC);
        unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE |
                         (type == KEY_RSA3072 ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0);
        int r;

        r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
        if (r < 0)
                return r;
        serial[0] = (serial[0] & 0x7F) | 0x40; /* positive, and always of this length */

        if ((r = gnutls_x509_crt_set_version(crt, 3)) < 0 || (r = gnutls_x509_crt_set_key(crt, key)) < 0 ||
            (r = gnutls_x509_crt_set_serial(crt, serial, sizeof serial)) < 0 ||
            (r = gnutls_x509_crt_set_activation_time(crt, now - 3600)) < 0 ||
            (r = gnutls_x509_crt_set_expiration_time(
                             crt, now + (time_t) (CERTIFICATE_VALID_USEC / USEC_PER_SEC))) < 0 ||
            (r = gnutls_x509_crt_set_dn_by_oid(
                             crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, "quptime", strlen("quptime"))) < 0 ||
            (r = gnutls_x509_crt_set_dn_by_oid(
                             crt, GNUTLS_OID_X520_COMMON_NAME, 0, node_id, (unsigned) strlen(node_id))) <
                            0 ||
            (r = gnutls_x509_crt_set_basic_constraints(crt, /* ca= */ 0, -1)) < 0 ||
            (r = gnutls_x509_crt_set_key_usage(crt, usage)) < 0 ||
            (r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 ||
            (r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0)) < 0)
                return r;

        return gnutls_x509_crt_sign2(
                        crt, crt, key, type == KEY_RSA3072 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512, 0);
}

static int export_identity(gnutls_x509_privkey_t key, gnutls_x509_crt_t crt, NewIdentity *ret) {
        _cleanup_(pubkey_deinitp) gnutls_pubkey_t pubkey = NULL;
        _cleanup_(datum_donep) gnutls_datum_t key_pem = {}, cert_pem = {}, public_pem = {};
        int r;

        if ((r = gnutls_pubkey_init(&pubkey)) < 0 || (r = gnutls_pubkey_import_x509(pubkey, crt, 0)) < 0 ||
            (r = gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_PEM, &public_pem)) < 0 ||
            (r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_pem)) < 0 ||
            (r = gnutls_x509_privkey_export2_pkcs8(
                             key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_pem)) < 0)
                return r;
        r = x509_fingerprint(crt, &ret->fingerprint);
        if (r < 0)
                return GNUTLS_E_INTERNAL_ERROR;

        ret->key_pem = datum_text(&key_pem);
        ret->cert_pem = datum_text(&cert_pem);
        ret->public_pem = datum_text(&public_pem);
        gnutls_memset(key_pem.data, 0, key_pem.size);
        return 0;
}

int identity_generate(
                KeyType type,
                const char *node_id,
                usec_t now_realtime_usec,
                NewIdentity *ret,
                char **reterr_text) {
        _cleanup_(privkey_deinitp) gnutls_x509_privkey_t key = NULL;
        _cleanup_(crt_deinitp) gnutls_x509_crt_t crt = NULL;
        bool rsa = type == KEY_RSA3072;
        int r;

        assert(node_id);
        assert(ret);

        if ((r = gnutls_x509_privkey_init(&key)) < 0 || (r = gnutls_x509_crt_init(&crt)) < 0 ||
            (r = gnutls_x509_privkey_generate(
                             key, rsa ? GNUTLS_PK_RSA : GNUTLS_PK_EDDSA_ED25519, rsa ? 3072 : 0, 0)) < 0)
                return refuse(reterr_text, "cannot generate a key", r);
        r = set_certificate_fields(crt, key, type, node_id, now_realtime_usec);
        if (r < 0)
                return refuse(reterr_text, "cannot make a certificate", r);
        r = export_identity(key, crt, ret);
        if (r < 0)
                return refuse(reterr_text, "cannot write the key", r);
        return 0;
}

void new_identity_done(NewIdentity *identity) {
        assert(identity);

        if (identity->key_pem)
                gnutls_memset(identity->key_pem, 0, strlen(identity->key_pem));
        g_free(identity->key_pem);
        g_free(identity->cert_pem);
        g_free(identity->public_pem);
        *identity = (NewIdentity){};
}

/* random things
 * ---------------------------------------------------------------------------------------------- */

/* Without randomness nothing here is safe; GnuTLS fails only where the kernel has none to give. */
static void draw(gnutls_rnd_level_t level, uint8_t *bytes, size_t size) {
        if (gnutls_rnd(level, bytes, size) < 0)
                g_error("no random numbers");
}

char *random_id(void) {
        uint8_t b[16];

        draw(GNUTLS_RND_RANDOM, b, sizeof b);
        b[6] = (b[6] & 0x0F) | 0x40; /* RFC 9562: version 4 */
        b[8] = (b[8] & 0x3F) | 0x80; /* and the variant */
        return g_strdup_printf(
                        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                        b[0],
                        b[1],
                        b[2],
                        b[3],
                        b[4],
                        b[5],
                        b[6],
                        b[7],
                        b[8],
                        b[9],
                        b[10],
                        b[11],
                        b[12],
                        b[13],
                        b[14],
                        b[15]);
}

char *random_secret(void) {
        uint8_t bytes[32];
        char *text;

        draw(GNUTLS_RND_KEY, bytes, sizeof bytes);
        text = g_base64_encode(bytes, sizeof bytes);
        gnutls_memset(bytes, 0, sizeof bytes);
        for (char *p = text; *p; p++)
                switch (*p) {
                case '+':
                        *p = '-';
                        break;
                case '/':
                        *p = '_';
                        break;
                case '=':
                        *p = 0;
                        break;
                }
        return text;
}

/* the join key
 * ----------------------------------------------------------------------------------------------- */

int join_key_derive(const char *secret, JoinKey *ret) {
        gnutls_datum_t password, salt = text_datum(JOIN_PBKDF2_SALT);

        assert(secret);
        assert(ret);

        if (g_utf8_strlen(secret, -1) < SECRET_MIN_CHARS)
                return -EINVAL;
        password = text_datum(secret);
        if (gnutls_pbkdf2(GNUTLS_MAC_SHA256,
                          &password,
                          &salt,
                          JOIN_PBKDF2_ROUNDS,
                          ret->bytes,
                          sizeof ret->bytes) < 0)
                return -EIO;
        return 0;
}

int join_key_from_string(const char *hex, JoinKey *ret) {
        JoinKey key;

        assert(ret);

        if (!hex || strlen(hex) != 2 * JOIN_KEY_BYTES)
                return -EINVAL;
        for (size_t i = 0; i < JOIN_KEY_BYTES; i++) {
                int high = g_ascii_xdigit_value(hex[2 * i]), low = g_ascii_xdigit_value(hex[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                key.bytes[i] = (uint8_t) (high << 4 | low);
        }
        *ret = key;
        return 0;
}

char *join_key_to_string(const JoinKey *key) {
        char *hex = g_malloc(2 * JOIN_KEY_BYTES + 1);

        assert(key);

        for (size_t i = 0; i < JOIN_KEY_BYTES; i++)
                (void) g_snprintf(hex + 2 * i, 3, "%02x", key->bytes[i]);
        return hex;
}
