/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/trust.h"

#include <assert.h>
#include <glib.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "probes/clock.h"
#include "probes/stamp.h"

#define CHAIN_MAX 16

struct TrustStore {
        char *file;
        gnutls_x509_trust_list_t list; /* NULL: none could be read */
        Stamp seen;
        usec_t checked_usec;
};

/* A bundle that cannot be read now does not take away the one that could be. */
static void trust_store_load(TrustStore *store) {
        gnutls_x509_trust_list_t list;

        if (gnutls_x509_trust_list_init(&list, 0) < 0)
                return;
        if (gnutls_x509_trust_list_add_trust_file(list, store->file, NULL, GNUTLS_X509_FMT_PEM, 0, 0) <= 0) {
                gnutls_x509_trust_list_deinit(list, /* all= */ 1);
                return;
        }
        if (store->list)
                gnutls_x509_trust_list_deinit(store->list, /* all= */ 1);
        store->list = list;
}

static void trust_store_refresh(TrustStore *store) {
        usec_t now = now_boottime();
        Stamp stamp;

        if (store->list && now - store->checked_usec < TRUST_RECHECK_USEC)
                return;
        store->checked_usec = now;

        stamp = stamp_of(store->file);
        if (store->list && stamp_equal(&stamp, &store->seen))
                return;
        store->seen = stamp;
        trust_store_load(store);
}

void trust_store_reload(TrustStore *store) {
        assert(store);

        store->seen = stamp_of(store->file);
        trust_store_load(store);
}

TrustStore *trust_store_new(const char *file) {
        TrustStore *store = g_new0(TrustStore, 1);

        store->file = g_strdup(file ?: FILE_CA_BUNDLE);
        trust_store_refresh(store);
        return store;
}

TrustStore *trust_store_free(TrustStore *store) {
        if (!store)
                return NULL;

        if (store->list)
                gnutls_x509_trust_list_deinit(store->list, /* all= */ 1);
        g_free(store->file);
        g_free(store);
        return NULL;
}

typedef struct Chain {
        gnutls_x509_crt_t certificates[CHAIN_MAX];
        unsigned n;
} Chain;

static void chain_clear(Chain *chain) {
        for (unsigned i = 0; i < chain->n; i++)
                gnutls_x509_crt_deinit(chain->certificates[i]);
}

static int chain_import(Chain *chain, gnutls_session_t session) {
        unsigned n = 0;
        const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &n);
        int r;

        if (!raw || n == 0)
                return GNUTLS_E_NO_CERTIFICATE_FOUND;
        for (unsigned i = 0; i < MIN(n, CHAIN_MAX); i++) {
                r = gnutls_x509_crt_init(&chain->certificates[chain->n]);
                if (r < 0)
                        return r;
                chain->n++;
                r = gnutls_x509_crt_import(chain->certificates[i], raw + i, GNUTLS_X509_FMT_DER);
                if (r < 0)
                        return r;
        }
        return 0;
}

static char *status_words(unsigned status, const char *host) {
        if (status & GNUTLS_CERT_EXPIRED)
                return g_strdup("TLS: certificate has expired");
        if (status & GNUTLS_CERT_NOT_ACTIVATED)
                return g_strdup("TLS: certificate is not valid yet");
        if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
                return g_strdup_printf("TLS: certificate is not for %s", host);
        if (status & GNUTLS_CERT_REVOKED)
                return g_strdup("TLS: certificate was revoked");
        if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
                return g_strdup("TLS: certificate is from an authority that is not trusted");
        if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
                return g_strdup("TLS: certificate uses an insecure algorithm");
        if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
                return g_strdup("TLS: certificate is not for servers");
        return g_strdup("TLS: certificate is not valid");
}

TrustResult
trust_store_verify(TrustStore *store, gnutls_session_t session, const char *host, char **reterr_words) {
        _cleanup_(chain_clear) Chain chain = {};
        g_autofree char *name = g_strdup(host);
        gnutls_typed_vdata_st conditions[] = {
                { .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *) name },
                { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *) GNUTLS_KP_TLS_WWW_SERVER },
        };
        unsigned status = 0;
        int r;

        assert(store);
        assert(session);
        assert(host);
        assert(reterr_words);

        if (g_str_has_suffix(name, ".")) /* a name's root is no part of it in certificates */
                name[strlen(name) - 1] = 0;

        trust_store_refresh(store);
        if (!store->list) {
                *reterr_words = g_strdup_printf("no trusted certificates on this node (%s)", store->file);
                return TRUST_UNABLE;
        }

        r = chain_import(&chain, session);
        if (r >= 0)
                r = gnutls_x509_trust_list_verify_crt2(
                                store->list,
                                chain.certificates,
                                chain.n,
                                conditions,
                                G_N_ELEMENTS(conditions),
                                0,
                                &status,
                                NULL);
        if (r < 0) {
                *reterr_words = g_strdup_printf("TLS: %s", gnutls_strerror(r));
                return TRUST_BAD;
        }
        if (status != 0) {
                *reterr_words = status_words(status, host);
                return TRUST_BAD;
        }
        return TRUST_GOOD;
}
