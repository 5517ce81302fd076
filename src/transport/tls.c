/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/tls.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/limits.h"
#include "transport/identity-internal.h"

struct Tls {
        gnutls_session_t session;
        Fingerprint peer;
        const char *error; /* a literal, or GnuTLS's own */
};

/* The first certificate of what the other side sent. */
static int import_peer(gnutls_session_t session, gnutls_x509_crt_t *ret) {
        unsigned n = 0;
        const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);
        gnutls_x509_crt_t crt;

        if (!list || n == 0 || gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_X509)
                return -EINVAL;
        if (gnutls_x509_crt_init(&crt) < 0)
                return -EINVAL;
        if (gnutls_x509_crt_import(crt, &list[0], GNUTLS_X509_FMT_DER) < 0) {
                gnutls_x509_crt_deinit(crt);
                return -EINVAL;
        }
        *ret = crt;
        return 0;
}

/* A stranger chooses the key whose signature we check: one of tens of thousands of bits would hold the loop
 * for minutes. So the key is looked at before its signature is. */
static bool key_is_cheap(gnutls_x509_crt_t crt) {
        gnutls_datum_t modulus, exponent;
        unsigned bits;
        bool cheap;

        switch (gnutls_x509_crt_get_pk_algorithm(crt, &bits)) {
        case GNUTLS_PK_EDDSA_ED25519:
        case GNUTLS_PK_ECDSA:
                return true;
        case GNUTLS_PK_RSA:
                if (bits > RSA_BITS_MAX || gnutls_x509_crt_get_pk_rsa_raw(crt, &modulus, &exponent) < 0)
                        return false;
                cheap = exponent.size <= 8;
                gnutls_free(modulus.data);
                gnutls_free(exponent.data);
                return cheap;
        default:
                return false;
        }
}

static int before_certificate_verify(
                gnutls_session_t session,
                unsigned type,
                unsigned when,
                unsigned incoming,
                const gnutls_datum_t *message) {
        gnutls_x509_crt_t crt;
        bool cheap;

        if (!incoming)
                return 0;
        if (import_peer(session, &crt) < 0)
                return GNUTLS_E_NO_CERTIFICATE_FOUND;
        cheap = key_is_cheap(crt);
        gnutls_x509_crt_deinit(crt);
        return cheap ? 0 : GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE;
}

int tls_new(const TransportIdentity *identity, int fd, bool is_server, Tls **ret) {
        _cleanup_(tls_freep) Tls *tls = NULL;
        gnutls_session_t session;

        assert(identity);
        assert(fd >= 0);
        assert(ret);

        if (gnutls_init(&session,
                        (is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                                        GNUTLS_NO_TICKETS) < 0)
                return -ENOMEM;
        tls = g_new0(Tls, 1);
        tls->session = session;

        if (gnutls_priority_set(session, identity->priority) < 0 ||
            gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials) < 0)
                return -ENOMEM;
        if (is_server)
                gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_handshake_set_max_packet_length(session, HANDSHAKE_MAX_BYTES);
        gnutls_handshake_set_timeout(session, 0); /* the connection's own deadline holds */
        gnutls_handshake_set_hook_function(
                        session,
                        GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY,
                        GNUTLS_HOOK_PRE,
                        before_certificate_verify);
        gnutls_transport_set_int(session, fd);

        *ret = TAKE_PTR(tls);
        return 0;
}

Tls *tls_free(Tls *tls) {
        if (!tls)
                return NULL;
        gnutls_deinit(tls->session);
        g_free(tls);
        return NULL;
}

/* GnuTLS's errors as ours */
static int translate(Tls *tls, ssize_t error) {
        if (error == GNUTLS_E_AGAIN || error == GNUTLS_E_INTERRUPTED)
                return -EAGAIN;
        if (error == GNUTLS_E_PREMATURE_TERMINATION || error == GNUTLS_E_PULL_ERROR ||
            error == GNUTLS_E_PUSH_ERROR) {
                tls->error = "the connection was cut";
                return -ECONNRESET;
        }
        if (error == GNUTLS_E_FATAL_ALERT_RECEIVED) {
                tls->error = gnutls_alert_get_name(gnutls_alert_get(tls->session)) ?: "an alert";
                return -EPROTO;
        }
        tls->error = gnutls_strerror((int) error);
        return -EPROTO;
}

int tls_handshake(Tls *tls) {
        gnutls_x509_crt_t crt;
        int r;

        assert(tls);

        do
                r = gnutls_handshake(tls->session);
        while (r < 0 && r != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(r));
        if (r < 0) {
                if (r != GNUTLS_E_AGAIN)
                        (void) gnutls_alert_send_appropriate(tls->session, r);
                return translate(tls, r);
        }

        if (import_peer(tls->session, &crt) < 0) {
                tls->error = "no certificate was shown";
                return -EPROTO;
        }
        r = x509_fingerprint(crt, &tls->peer);
        gnutls_x509_crt_deinit(crt);
        if (r < 0) {
                tls->error = "the certificate holds no key";
                return -EPROTO;
        }
        return 0;
}

ssize_t tls_recv(Tls *tls, void *buffer, size_t size) {
        ssize_t n;

        assert(tls);

        do
                n = gnutls_record_recv(tls->session, buffer, size);
        while (n < 0 && n != GNUTLS_E_AGAIN && !gnutls_error_is_fatal((int) n));
        return n < 0 ? translate(tls, n) : n;
}

ssize_t tls_send(Tls *tls, const void *bytes, size_t size) {
        ssize_t n;

        assert(tls);

        do
                n = gnutls_record_send(tls->session, bytes, size);
        while (n == GNUTLS_E_INTERRUPTED);
        return n < 0 ? translate(tls, n) : n;
}

int tls_bye(Tls *tls) {
        int r;

        assert(tls);

        r = gnutls_bye(tls->session, GNUTLS_SHUT_WR);
        return r < 0 ? translate(tls, r) : 0;
}

bool tls_wants_write(const Tls *tls) {
        assert(tls);
        return gnutls_record_get_direction(tls->session) == 1;
}

bool tls_has_pending(const Tls *tls) {
        assert(tls);
        return gnutls_record_check_pending(tls->session) > 0;
}

const char *tls_error(const Tls *tls) {
        assert(tls);
        return tls->error ?: "closed";
}

const Fingerprint *tls_peer_fingerprint(const Tls *tls) {
        assert(tls);
        return &tls->peer;
}

char *tls_peer_certificate(const Tls *tls) {
        gnutls_datum_t pem = {};
        gnutls_x509_crt_t crt;
        char *text = NULL;

        assert(tls);

        if (import_peer(tls->session, &crt) < 0)
                return NULL;
        if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) >= 0) {
                text = g_strndup((const char *) pem.data, pem.size);
                gnutls_free(pem.data);
        }
        gnutls_x509_crt_deinit(crt);
        return text;
}

int tls_export(const Tls *tls, const char *label, void *ret, size_t size) {
        assert(tls);

        if (gnutls_prf_rfc5705(tls->session, strlen(label), label, 0, NULL, size, ret) < 0)
                return -EIO;
        return 0;
}
