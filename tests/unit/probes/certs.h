/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A certificate authority for one test run, and servers' certificates from it. */

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <time.h>

typedef struct Authority {
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t certificate;
} Authority;

static inline void must(int r) {
        g_assert_cmpint(r, >=, 0);
}

static inline gnutls_x509_privkey_t make_key(void) {
        gnutls_x509_privkey_t key;

        must(gnutls_x509_privkey_init(&key));
        must(gnutls_x509_privkey_generate(
                        key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
        return key;
}

static inline gnutls_x509_crt_t
make_certificate(gnutls_x509_privkey_t key, const char *name, time_t expires) {
        gnutls_x509_crt_t certificate;
        uint64_t serial = GUINT64_TO_BE((uint64_t) g_get_real_time());

        must(gnutls_x509_crt_init(&certificate));
        must(gnutls_x509_crt_set_version(certificate, 3));
        must(gnutls_x509_crt_set_serial(certificate, &serial, sizeof(serial)));
        must(gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 7200));
        must(gnutls_x509_crt_set_expiration_time(certificate, expires));
        must(gnutls_x509_crt_set_key(certificate, key));
        must(gnutls_x509_crt_set_dn_by_oid(
                        certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned) strlen(name)));
        return certificate;
}

static inline Authority authority_new(const char *name) {
        Authority ca = { .key = make_key() };

        ca.certificate = make_certificate(ca.key, name, time(NULL) + 3600);
        must(gnutls_x509_crt_set_basic_constraints(ca.certificate, 1, -1));
        must(gnutls_x509_crt_set_key_usage(ca.certificate, GNUTLS_KEY_KEY_CERT_SIGN));
        must(gnutls_x509_crt_sign2(ca.certificate, ca.certificate, ca.key, GNUTLS_DIG_SHA256, 0));
        return ca;
}

static inline void authority_done(Authority *ca) {
        gnutls_x509_crt_deinit(ca->certificate);
        gnutls_x509_privkey_deinit(ca->key);
}

static inline void write_certificate(GString *out, gnutls_x509_crt_t certificate) {
        gnutls_datum_t pem;

        must(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem));
        g_string_append_len(out, (char *) pem.data, pem.size);
        gnutls_free(pem.data);
}

static inline void authority_save(Authority *ca, const char *path) {
        g_autoptr(GString) out = g_string_new(NULL);

        write_certificate(out, ca->certificate);
        g_assert_true(g_file_set_contents(path, out->str, (gssize) out->len, NULL));
}

/* key and certificate for the names, and for 127.0.0.1 when addresses; into one file */
static inline void
authority_issue(Authority *ca,
                const char *path,
                const char *const *names,
                gboolean addresses,
                time_t expires) {
        static const uint8_t four[] = { 127, 0, 0, 1 };
        g_autoptr(GString) out = g_string_new(NULL);
        gnutls_x509_privkey_t key = make_key();
        gnutls_x509_crt_t certificate = make_certificate(key, names[0], expires);
        gnutls_datum_t pem;

        for (; *names; names++)
                must(gnutls_x509_crt_set_subject_alt_name(
                                certificate,
                                GNUTLS_SAN_DNSNAME,
                                *names,
                                (unsigned) strlen(*names),
                                GNUTLS_FSAN_APPEND));
        if (addresses)
                must(gnutls_x509_crt_set_subject_alt_name(
                                certificate, GNUTLS_SAN_IPADDRESS, four, sizeof(four), GNUTLS_FSAN_APPEND));
        must(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0));
        must(gnutls_x509_crt_sign2(certificate, ca->certificate, ca->key, GNUTLS_DIG_SHA256, 0));

        must(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem));
        g_string_append_len(out, (char *) pem.data, pem.size);
        gnutls_free(pem.data);
        write_certificate(out, certificate);
        g_assert_true(g_file_set_contents(path, out->str, (gssize) out->len, NULL));

        gnutls_x509_crt_deinit(certificate);
        gnutls_x509_privkey_deinit(key);
}
