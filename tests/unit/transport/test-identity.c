/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <gnutls/x509.h>
#include <string.h>

#include "transport/identity.h"
#include "transport/join.h"

#define NOW (UINT64_C(1700000000) * USEC_PER_SEC)
#define ID "0b0e7a57-1111-4222-8333-444444444444"

static gnutls_x509_crt_t parse(const char *pem) {
        gnutls_datum_t datum = { .data = (unsigned char *) pem, .size = (unsigned) strlen(pem) };
        gnutls_x509_crt_t crt;

        g_assert_cmpint(gnutls_x509_crt_init(&crt), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM), ==, 0);
        return crt;
}

static void check_certificate(const char *pem, KeyType type) {
        gnutls_x509_crt_t crt = parse(pem);
        char text[256];
        uint8_t serial[64];
        size_t size = sizeof serial;
        unsigned ca, usage, critical;

        g_assert_cmpint(gnutls_x509_crt_get_serial(crt, serial, &size), ==, 0);
        g_assert_cmpuint(size, ==, 16);
        size = sizeof text;
        g_assert_cmpint(gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &size),
                        ==,
                        0);
        g_assert_cmpstr(text, ==, ID);
        size = sizeof text;
        g_assert_cmpint(gnutls_x509_crt_get_dn_by_oid(
                                        crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, 0, text, &size),
                        ==,
                        0);
        g_assert_cmpstr(text, ==, "quptime");
        g_assert_cmpint(gnutls_x509_crt_get_activation_time(crt), ==, NOW / USEC_PER_SEC - 3600);
        g_assert_cmpint(gnutls_x509_crt_get_expiration_time(crt), ==, NOW / USEC_PER_SEC + 3650L * 86400);
        g_assert_cmpint(gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, NULL), ==, 0);
        g_assert_cmpuint(ca, ==, 0);
        g_assert_cmpint(gnutls_x509_crt_get_key_usage(crt, &usage, &critical), ==, 0);
        g_assert_cmpuint(
                        usage,
                        ==,
                        GNUTLS_KEY_DIGITAL_SIGNATURE |
                                        (type == KEY_RSA3072 ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0));
        size = sizeof text;
        g_assert_cmpint(gnutls_x509_crt_get_key_purpose_oid(crt, 0, text, &size, NULL), ==, 0);
        g_assert_cmpstr(text, ==, GNUTLS_KP_TLS_WWW_SERVER);
        size = sizeof text;
        g_assert_cmpint(gnutls_x509_crt_get_key_purpose_oid(crt, 1, text, &size, NULL), ==, 0);
        g_assert_cmpstr(text, ==, GNUTLS_KP_TLS_WWW_CLIENT);
        size = sizeof text;
        g_assert_cmpint(gnutls_x509_crt_get_subject_alt_name(crt, 0, text, &size, NULL),
                        ==,
                        GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
        gnutls_x509_crt_deinit(crt);
}

static void test_generate(gconstpointer data) {
        KeyType type = (KeyType) GPOINTER_TO_INT(data);
        _cleanup_(identity_freep) TransportIdentity *identity = NULL;
        char text[FINGERPRINT_TEXT_SIZE];
        NewIdentity made = {}, other = {};
        Fingerprint fingerprint;
        g_autofree char *error = NULL;

        g_assert_cmpint(identity_generate(type, ID, NOW, &made, &error), ==, 0);
        g_assert_true(g_str_has_prefix(made.key_pem, "-----BEGIN PRIVATE KEY-----\n"));
        g_assert_true(g_str_has_prefix(made.cert_pem, "-----BEGIN CERTIFICATE-----\n"));
        g_assert_true(g_str_has_prefix(made.public_pem, "-----BEGIN PUBLIC KEY-----\n"));
        check_certificate(made.cert_pem, type);

        g_assert_cmpint(certificate_fingerprint(made.cert_pem, &fingerprint), ==, 0);
        g_assert_true(fingerprint_equal(&fingerprint, &made.fingerprint));
        g_assert_cmpint(identity_load(ID, made.key_pem, made.cert_pem, &identity, &error), ==, 0);
        g_assert_cmpstr(identity_fingerprint_text(identity), ==, fingerprint_to_string(&fingerprint, text));
        g_assert_cmpstr(identity_node_id(identity), ==, ID);
        g_assert_cmpstr(identity_certificate(identity), ==, made.cert_pem);

        /* a key that is not the certificate's */
        identity = identity_free(identity);
        g_assert_cmpint(identity_generate(KEY_ED25519, ID, NOW, &other, &error), ==, 0);
        g_assert_cmpint(identity_load(ID, other.key_pem, made.cert_pem, &identity, &error), ==, -EINVAL);
        g_assert_nonnull(strstr(error, "not of this private key"));
        new_identity_done(&made);
        new_identity_done(&other);
}

/* the form the original wrote */
static void test_pkcs1(void) {
        _cleanup_(identity_freep) TransportIdentity *identity = NULL;
        NewIdentity made = {};
        gnutls_x509_privkey_t key;
        gnutls_datum_t datum, pkcs1;
        g_autofree char *error = NULL, *text = NULL;

        g_assert_cmpint(identity_generate(KEY_RSA3072, ID, NOW, &made, &error), ==, 0);
        datum = (gnutls_datum_t){ .data = (unsigned char *) made.key_pem,
                                  .size = (unsigned) strlen(made.key_pem) };
        g_assert_cmpint(gnutls_x509_privkey_init(&key), ==, 0);
        g_assert_cmpint(gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0), ==, 0);
        g_assert_cmpint(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pkcs1), ==, 0);
        text = g_strndup((const char *) pkcs1.data, pkcs1.size);
        g_assert_true(g_str_has_prefix(text, "-----BEGIN RSA PRIVATE KEY-----"));
        g_assert_cmpint(identity_load(ID, text, made.cert_pem, &identity, &error), ==, 0);
        gnutls_x509_privkey_deinit(key);
        gnutls_free(pkcs1.data);
        new_identity_done(&made);
}

static void test_not_pem(void) {
        TransportIdentity *identity = NULL;
        g_autofree char *error = NULL;
        Fingerprint fingerprint;
        NewIdentity made;

        g_assert_cmpint(identity_generate(KEY_ED25519, ID, NOW, &made, NULL), ==, 0);
        g_assert_cmpint(identity_load(ID, "", made.cert_pem, &identity, &error), ==, -EINVAL);
        g_assert_nonnull(strstr(error, "not a private key"));
        g_clear_pointer(&error, g_free);
        g_assert_cmpint(identity_load(ID, made.key_pem, "hello", &identity, &error), ==, -EINVAL);
        g_assert_nonnull(strstr(error, "not a certificate"));
        g_assert_cmpint(certificate_fingerprint("hello", &fingerprint), ==, -EINVAL);
        g_assert_null(identity);
        new_identity_done(&made);
}

static void test_random(void) {
        g_autofree char *id = random_id(), *other = random_id(), *secret = random_secret();

        g_assert_true(g_regex_match_simple(
                        "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id, 0, 0));
        g_assert_cmpstr(id, !=, other);
        g_assert_true(g_regex_match_simple("^[0-9A-Za-z_-]{43}$", secret, 0, 0));
}

static void test_join_key(void) {
        g_autofree char *hex = NULL;
        JoinKey key, back;

        /* PBKDF2-HMAC-SHA256 of this secret with the salt and rounds of names.h, as other implementations
         * have it */
        g_assert_cmpint(join_key_derive("correct horse battery staple", &key), ==, 0);
        hex = join_key_to_string(&key);
        g_assert_cmpstr(hex, ==, "3cd374c7f0d71f1d0e43149719d77ffa0c58d68c0b70e0bf0ab7a236c8414dae");
        g_assert_cmpint(join_key_from_string(hex, &back), ==, 0);
        g_assert_cmpmem(key.bytes, sizeof key.bytes, back.bytes, sizeof back.bytes);
        g_assert_cmpint(join_key_from_string("12", &back), ==, -EINVAL);
        g_assert_cmpint(join_key_from_string(NULL, &back), ==, -EINVAL);
        g_assert_cmpint(join_key_derive("1234567890123456789", &key), ==, -EINVAL);
}

/* every input changes the proof; the two roles never agree */
static void test_proof(void) {
        const JoinKey key = { { 1 } }, other_key = { { 2 } };
        const Fingerprint a = { { 3 } }, b = { { 4 } };
        const uint8_t exporter[32] = { 5 }, other_exporter[32] = { 6 };
        uint8_t proofs[7][JOIN_PROOF_BYTES];

        join_proof(&key, JOIN_DIALLER, exporter, &a, &b, "c", proofs[0]);
        join_proof(&key, JOIN_LISTENER, exporter, &a, &b, "c", proofs[1]);
        join_proof(&other_key, JOIN_DIALLER, exporter, &a, &b, "c", proofs[2]);
        join_proof(&key, JOIN_DIALLER, other_exporter, &a, &b, "c", proofs[3]);
        join_proof(&key, JOIN_DIALLER, exporter, &b, &b, "c", proofs[4]);
        join_proof(&key, JOIN_DIALLER, exporter, &a, &a, "c", proofs[5]);
        join_proof(&key, JOIN_DIALLER, exporter, &a, &b, "d", proofs[6]);
        for (size_t i = 0; i < G_N_ELEMENTS(proofs); i++)
                for (size_t j = 0; j < i; j++)
                        g_assert_cmpint(memcmp(proofs[i], proofs[j], JOIN_PROOF_BYTES), !=, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/transport/identity/ed25519", GINT_TO_POINTER(KEY_ED25519), test_generate);
        g_test_add_data_func("/transport/identity/rsa3072", GINT_TO_POINTER(KEY_RSA3072), test_generate);
        g_test_add_func("/transport/identity/pkcs1", test_pkcs1);
        g_test_add_func("/transport/identity/not-pem", test_not_pem);
        g_test_add_func("/transport/identity/random", test_random);
        g_test_add_func("/transport/identity/join-key", test_join_key);
        g_test_add_func("/transport/identity/proof", test_proof);
        return g_test_run();
}
