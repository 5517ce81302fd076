/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* http: a GET on a fresh connection gives the expected status, and the body the expected text within its
 * first BODY_MATCH_WINDOW_BYTES. Redirects are followed here, hop by hop, each host through our own
 * resolver; a check that expects a redirect's status gets it and follows nothing. What is not needed is not
 * read: without a text to look for the connection is closed after the headers. */

#include <curl/curl.h>

#include "base/limits.h"
#include "probes/answer.h"
#include "probes/clock.h"
#include "probes/context.h"
#include "probes/hop.h"
#include "probes/kinds.h"
#include "probes/transfer.h"
#include "probes/trust.h"

typedef struct Http {
        Probe *probe;
        Hop *hop;
        unsigned n_redirects;

        Dial *dial;
        Transfer *transfer;
        usec_t phase_usec; /* when the present phase began */

        bool verified;
        char *unable;   /* what this node lacks */
        char *failure;  /* what a call-back found wrong */
        bool head_seen; /* any byte of it */
        Answer *answer;
} Http;

static void http_hop(Http *http);

/* ---- the verdict ---- */

static void http_finish(Http *http, ObservationResult result, const char *detail) {
        probe_finish(http->probe, result, detail); /* frees http */
}

static void http_redirect(Http *http, const char *location) {
        const char *phrase;
        Hop *next;

        if (++http->n_redirects > REDIRECTS_MAX)
                return http_finish(http, OBSERVATION_FAILED, "too many redirects");
        if (hop_follow(http->hop, location, &next, &phrase) < 0)
                return http_finish(http, OBSERVATION_FAILED, phrase);

        (void) hop_free(http->hop);
        http->hop = next;
        http_hop(http);
}

/* ---- one transfer ---- */

static void on_transferred(void *userdata, CURL *easy, CURLcode code, const char *error) {
        Http *http = userdata;
        g_autofree char *detail = NULL, *words = NULL;

        http->transfer = NULL;
        if (http->unable)
                return http_finish(http, OBSERVATION_ABSTAINED, http->unable);
        if (http->failure)
                return http_finish(http, OBSERVATION_FAILED, http->failure);

        switch (answer_judge(http->answer, code == CURLE_OK, &detail)) {
        case ANSWER_OK:
                return http_finish(http, OBSERVATION_OK, "");
        case ANSWER_FAILED:
                return http_finish(http, OBSERVATION_FAILED, detail);
        case ANSWER_REDIRECTED:
                return http_redirect(http, detail);
        case ANSWER_BROKEN:
                break;
        }
        words = transfer_error_words(code, error);
        http_finish(http, OBSERVATION_FAILED, words);
}

/* The handshake is over and nothing of the request has left. */
static int on_connected(void *userdata, char *to, char *from, int to_port, int from_port) {
        Http *http = userdata;
        struct curl_tlssessioninfo *tls = NULL;
        usec_t now = now_boottime();

        if (http->hop->tls) {
                http->probe->observation->tls += now - http->phase_usec;
                (void) curl_easy_getinfo(transfer_easy(http->transfer), CURLINFO_TLS_SSL_PTR, &tls);
                if (!tls || tls->backend != CURLSSLBACKEND_GNUTLS || !tls->internals) {
                        http->unable = g_strdup("libcurl does not use GnuTLS");
                        return CURL_PREREQFUNC_ABORT;
                }
                switch (trust_store_verify(
                                http->probe->context->trust,
                                tls->internals,
                                http->hop->host,
                                &http->failure)) {
                case TRUST_GOOD:
                        http->verified = true;
                        break;
                case TRUST_UNABLE:
                        http->unable = TAKE_PTR(http->failure);
                        return CURL_PREREQFUNC_ABORT;
                default:
                        return CURL_PREREQFUNC_ABORT;
                }
        }
        http->phase_usec = now;
        return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t size, size_t n, void *userdata) {
        Http *http = userdata;

        if (http->hop->tls && !http->verified)
                return 0; /* cannot be: nothing was asked yet */
        if (!http->head_seen) {
                http->head_seen = true;
                http->probe->observation->first_byte += now_boottime() - http->phase_usec;
        }
        return answer_header(http->answer, line, n) ? n : 0;
}

static size_t on_body(char *piece, size_t size, size_t n, void *userdata) {
        Http *http = userdata;

        return answer_body(http->answer, piece, n) ? n : 0;
}

static void set_options(Http *http, CURL *easy) {
        (void) curl_easy_setopt(easy, CURLOPT_CURLU, http->hop->url);
        (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        (void) curl_easy_setopt(easy, CURLOPT_USERAGENT, "quptime/" QUPTIME_VERSION);
        (void) curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        (void) curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
        /* trust.h says why libcurl does not; on_connected() does */
        (void) curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        (void) curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        (void) curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
        (void) curl_easy_setopt(easy, CURLOPT_PREREQDATA, http);
        (void) curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        (void) curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
        if (http->hop->user || http->hop->password) {
                (void) curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
                (void) curl_easy_setopt(easy, CURLOPT_USERNAME, http->hop->user ?: "");
                (void) curl_easy_setopt(easy, CURLOPT_PASSWORD, http->hop->password ?: "");
        }
}

static void on_dialled(void *userdata, const DialOutcome *outcome) {
        Http *http = userdata;
        int r;

        http->dial = NULL;
        probe_note_dial(http->probe, outcome);
        if (outcome->result != DIAL_CONNECTED)
                return http_finish(http, probe_result_of_dial(outcome->result), outcome->detail);

        http->verified = http->head_seen = false;
        (void) answer_free(http->answer);
        http->answer = answer_new(http->probe->expect_status, http->probe->body_match);
        http->phase_usec = now_boottime();
        r =
                        transfer_new(http->probe->context->transfers,
                                     outcome->address,
                                     TAKE_FD(*outcome->fd),
                                     on_transferred,
                                     http,
                                     &http->transfer);
        if (r >= 0) {
                set_options(http, transfer_easy(http->transfer));
                r = transfer_start(http->transfer);
        }
        if (r < 0)
                http_finish(http, OBSERVATION_ABSTAINED, "no memory for a transfer");
}

/* ---- one hop ---- */

static void http_hop(Http *http) {
        Probe *probe = http->probe;
        int r;

        r = dial_start(&probe->context->dial,
                       http->hop->host,
                       http->hop->port,
                       probe->deadline_usec,
                       probe->interval,
                       on_dialled,
                       http,
                       &http->dial);
        if (r < 0)
                http_finish(http, OBSERVATION_ABSTAINED, "could not look up the host");
}

/* ---- the probe ---- */

static int http_start(Probe *probe) {
        Http *http = g_new0(Http, 1);

        probe->work = http;
        http->probe = probe;
        if (hop_new(probe->target, &http->hop) < 0)
                http_finish(http, OBSERVATION_ABSTAINED, "target is not an HTTP URL");
        else
                http_hop(http);
        return 0;
}

/* A time-out while connecting reads like one later; one while resolving is the dial's to judge. */
static void on_dial_expired(void *userdata, const DialOutcome *outcome) {
        Http *http = userdata;

        http->dial = NULL;
        probe_note_dial(http->probe, outcome);
        if (*outcome->address && outcome->result == DIAL_FAILED) {
                g_autofree char *limit = usec_to_duration(http->probe->timeout);
                g_autofree char *detail = g_strdup_printf("timeout after %s", limit);

                return http_finish(http, OBSERVATION_FAILED, detail);
        }
        http_finish(http, probe_result_of_dial(outcome->result), outcome->detail);
}

static void http_expired(Probe *probe) {
        Http *http = probe->work;
        g_autofree char *limit = usec_to_duration(probe->timeout);
        g_autofree char *detail = g_strdup_printf("timeout after %s", limit);

        if (http->dial)
                return dial_expire(http->dial, on_dial_expired);
        http_finish(http, OBSERVATION_FAILED, detail);
}

static void http_cancel(Probe *probe) {
        Http *http = TAKE_PTR(probe->work);

        if (!http)
                return;
        (void) dial_cancel(http->dial);
        (void) transfer_free(http->transfer);
        (void) hop_free(http->hop);
        (void) answer_free(http->answer);
        g_free(http->unable);
        g_free(http->failure);
        g_free(http);
}

const ProbeVTable http_probe = {
        .start = http_start,
        .expired = http_expired,
        .cancel = http_cancel,
};
