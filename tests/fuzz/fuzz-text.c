/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small parsers: what people, files and peers write as one word. The first byte says which; the rest is
 * the word. What is taken comes back from its own text; what is not is refused with a reason where there is
 * one to give, and leaves the result alone. */
#include <errno.h>

#include "base/limits.h"
#include "base/usec.h"
#include "config/scalar.h"
#include "config/text.h"
#include "config/validate.h"
#include "manager/timing.h"
#include "model/fingerprint.h"
#include "model/peer.h"
#include "probes/address.h"
#include "probes/context.h"
#include "probes/detail.h"
#include "promise.h"
#include "senders/retry-after.h"
#include "transport/identity.h"

static void try_duration(const char *text) {
        usec_t usec = 77, back;
        g_autofree char *again = NULL;
        int r = usec_from_duration(text, &usec);

        PROMISE(r == 0 || ((r == -EINVAL || r == -ERANGE) && usec == 77));
        if (r < 0)
                return;
        PROMISE(usec <= INT64_MAX / 1000); /* nanoseconds, in Go */
        again = usec_to_duration(usec);
        PROMISE(usec_from_duration(again, &back) == 0 && back == usec);
}

static void try_time(const char *text) {
        usec_t usec = 77, back;
        g_autofree char *again = NULL;
        int r = usec_from_rfc3339(text, &usec);

        PROMISE(r == 0 || (r == -EINVAL && usec == 77));
        if (r < 0)
                return;
        again = usec_to_rfc3339(usec, /* without_fraction= */ false);
        PROMISE(usec_from_rfc3339(again, &back) == 0 && back == usec);
}

static void try_fingerprint(const char *text) {
        char again[FINGERPRINT_TEXT_SIZE];
        Fingerprint fingerprint;

        if (fingerprint_from_string(text, &fingerprint) < 0)
                return;
        PROMISE(g_ascii_strcasecmp(fingerprint_to_string(&fingerprint, again), text) == 0);
}

static void try_join_key(const char *text) {
        g_autofree char *again = NULL;
        JoinKey key;

        if (join_key_from_string(text, &key) < 0)
                return;
        again = join_key_to_string(&key);
        PROMISE(g_ascii_strcasecmp(again, text) == 0);
}

static void try_peer_address(const char *text) {
        g_autofree char *host = NULL, *again = NULL, *host_again = NULL;
        uint16_t port = 0, port_again = 0;

        if (address_split(text, &host, &port) < 0) {
                PROMISE(!host && port == 0);
                return;
        }
        PROMISE(port > 0 && *host && !strpbrk(host, " \t\r\n[]/@"));
        again = address_join(host, port);
        PROMISE(address_split(again, &host_again, &port_again) == 0);
        PROMISE(strcmp(host, host_again) == 0 && port == port_again);
}

static void try_target(const char *text) {
        g_autofree char *host = NULL;
        uint16_t port = 0;

        if (target_split(text, 0, &host, &port) == 0)
                PROMISE(port > 0 && *host && !strpbrk(host, "[] \t/"));
        g_clear_pointer(&host, g_free);
        if (target_split(text, 80, &host, &port) == 0)
                PROMISE(port > 0 && *host && !strpbrk(host, "[] \t/"));
}

static void try_address(const char *text) {
        Address address = {}, back;
        g_autofree char *again = NULL;

        if (address_from_string(text, &address) < 0)
                return;
        again = address_to_string(&address);
        PROMISE(address_from_string(again, &back) == 0 && back.length == address.length);
        PROMISE(memcmp(&address.sa, &back.sa, address.length) == 0);
}

static void try_url(const char *text) {
        const char *problem = NULL;
        g_autofree char *host = NULL;
        bool tls;

        if (text_split_url(text, &tls, &host, &problem) < 0) {
                promise_sentence(problem, 256);
                PROMISE(!host);
                return;
        }
        PROMISE(*host && !strpbrk(host, " []/@?#") && !text_has_control(host, ""));
        (void) text_is_loopback(host);
}

static void try_rule(int (*validate)(const char *text, char **reterr_text), const char *text) {
        g_autofree char *error = NULL;
        int r = validate(text, &error);

        PROMISE((r < 0) == (error != NULL));
        if (r < 0)
                promise_sentence(error, strlen(text) * 4 + 1024);
}

static void try_targets(const char *text) {
        for (CheckKind kind = 0; kind < _CHECK_KIND_MAX; kind++) {
                g_autofree char *error = NULL;
                int r = target_validate(kind, text, &error);

                PROMISE((r < 0) == (error != NULL));
                if (r < 0)
                        promise_sentence(error, strlen(text) * 4 + 1024);
        }
}

static void try_retry_after(const char *text) {
        PROMISE(retry_after_from_header(text, 1700000000 * USEC_PER_SEC) <= RETRY_AFTER_MAX_USEC);
}

static void try_scalar(const char *text) {
        bool value;

        (void) scalar_type(text);
        (void) scalar_to_bool(text, &value);
}

/* a stranger's words: NUL may be among them */
static void try_detail(const char *bytes, size_t size) {
        g_autofree char *text = detail_clean(bytes, size), *again = NULL;

        promise_clean(text, DETAIL_MAX_BYTES);
        again = detail_clean(text, strlen(text));
        PROMISE(strcmp(text, again) == 0);
}

static void try_timing(const char *text) {
        g_autofree char *error = NULL;

        PROMISE((timing_set(text, &error) < 0) == (error != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        char which = (char) input_byte(&input);
        g_autofree char *raw = g_strndup(input.p, input.n);
        /* what comes by JSON, YAML or D-Bus is UTF-8 by then */
        g_autofree char *text = g_utf8_make_valid(raw, -1);

        if (noncharacter_find(text, strlen(text)))
                g_clear_pointer(&text, g_free);
        text = text ?: g_strdup("");
        switch (which) {
        case 'd':
                try_duration(raw);
                break;
        case 't':
                try_time(raw);
                break;
        case 'f':
                try_fingerprint(raw);
                break;
        case 'k':
                try_join_key(raw);
                break;
        case 'p':
                try_peer_address(raw);
                break;
        case 'h':
                try_target(raw);
                break;
        case 'a':
                try_address(raw);
                break;
        case 'u':
                try_url(text);
                break;
        case 'n':
                try_rule(name_validate, text);
                break;
        case 'm':
                try_rule(mail_address_validate, text);
                break;
        case 'w':
                try_rule(webhook_validate, text);
                break;
        case 'c':
                try_targets(text);
                break;
        case 'r':
                try_retry_after(raw);
                break;
        case 's':
                try_scalar(text);
                break;
        case 'x':
                try_detail(input.p, input.n);
                break;
        case 'i':
                try_timing(text);
                break;
        default:
                break;
        }
        return 0;
}
