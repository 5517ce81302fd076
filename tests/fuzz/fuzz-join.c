/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes along with a join. The first byte says what the rest is: `o` what an inviter hands over, `c` a
 * certificate in PEM, `k` a private key and its certificate. An offer that is taken is a value whose records
 * the database gives back; `$0` to `$3` in an offer stand for certificates and fingerprints that belong
 * together. */
#include "base/limits.h"
#include "manager/adoption.h"
#include "promise.h"
#include "transport/identity.h"
#include "wire/codec.h"

static const NewIdentity *identities(void) {
        static NewIdentity made[2];

        for (unsigned i = 0; i < 2 && !made[i].cert_pem; i++)
                PROMISE(identity_generate(KEY_ED25519, "node", 1, &made[i], NULL) == 0);
        return made;
}

static char *expand(const char *text) {
        GString *s = g_string_new(text);

        for (unsigned i = 0; i < 2; i++) {
                const NewIdentity *identity = &identities()[i];
                char fingerprint[FINGERPRINT_TEXT_SIZE], sign[] = "$0";
                g_autofree char *pem = g_strescape(identity->cert_pem, NULL);

                sign[1] = (char) ('0' + 2 * i);
                (void) g_string_replace(s, sign, pem, 0);
                sign[1]++;
                (void) g_string_replace(
                                s, sign, fingerprint_to_string(&identity->fingerprint, fingerprint), 0);
        }
        return g_string_free(s, FALSE);
}

static void check_value(const Value *value) {
        Record *const *records;
        size_t n;

        PROMISE(value_meta(value) && *value_meta(value)->cluster_id && value_n_voters(value) > 0);
        PROMISE(value_peer(value, "node-1") && value_peer(value, "node-1")->joining);
        records = value_records(value, &n);
        for (size_t i = 0; i < n; i++) {
                Record *back;

                PROMISE(record_decode(records[i]->kind,
                                      records[i]->id,
                                      records[i]->body,
                                      records[i]->body_size,
                                      &back,
                                      NULL) == 0);
                (void) record_unref(back);
        }
}

static void try_offer(const char *text) {
        g_autofree char *params = expand(text), *error = NULL;
        _cleanup_(join_offer_freep) JoinOffer *offer = NULL;
        _cleanup_(value_unrefp) Value *value = NULL;
        char own[FINGERPRINT_TEXT_SIZE];
        void *object;
        int r;

        if (codec_decode(&join_offer_type, params, strlen(params), &object, NULL) < 0)
                return;
        offer = object;
        (void) fingerprint_to_string(&identities()[1].fingerprint, own);
        r = adoption_value(offer, "node-1", own, &value, &error);
        PROMISE((r < 0) == (error != NULL) && (r < 0) == (value == NULL));
        if (r < 0)
                promise_sentence(error, ERROR_MAX_BYTES);
        else
                check_value(value);
}

static void try_certificate(const char *pem) {
        Fingerprint a, b;
        int r = certificate_fingerprint(pem, &a);

        PROMISE(r == certificate_fingerprint(pem, &b) && (r < 0 || fingerprint_equal(&a, &b)));
}

static void try_identity(const char *text) {
        const char *certificate = strstr(text, "-----BEGIN CERTIFICATE");
        g_autofree char *key = certificate ? g_strndup(text, (size_t) (certificate - text)) : g_strdup(text);
        _cleanup_(identity_freep) TransportIdentity *identity = NULL;
        g_autofree char *error = NULL;
        int r = identity_load("node", key, certificate ?: "", &identity, &error);

        PROMISE((r < 0) == (error != NULL));
        if (r < 0)
                promise_sentence(error, 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        uint8_t which = input_byte(&input);
        g_autofree char *text = g_strndup(input.p, input.n);

        if (which == 'o')
                try_offer(text);
        else if (which == 'c')
                try_certificate(text);
        else if (which == 'k')
                try_identity(text);
        return 0;
}
