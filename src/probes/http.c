/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* http: a GET on a fresh connection gives the expected status, and the body the expected text within its
 * first BODY_MATCH_WINDOW_BYTES. Redirects are followed here, hop by hop, each host through our own
 * resolver; a check that expects a redirect's status gets it and follows nothing. What is not needed is not
 * read: without a text to look for the connection is closed after the headers. */

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <libsoup/soup.h>
#include <string.h>

#include "base/limits.h"
#include "probes/clock.h"
#include "probes/context.h"
#include "probes/kinds.h"
#include "probes/match.h"
#include "probes/transfer.h"
#include "probes/trust.h"

typedef struct Http {
        Probe *probe;
        CURLU *url; /* of this hop, without user information */
        char *host; /* as a certificate names it, without brackets */
        char *user;
        char *password;
        bool tls;
        unsigned n_redirects;

        Dial *dial;
        Transfer *transfer;
        usec_t phase_usec; /* when the present phase began */

        bool verified;
        char *unable;  /* what this node lacks */
        char *failure; /* what a call-back found wrong */
        size_t head_bytes;
        long status;
        char *reason;
        char *location;
        bool head_seen; /* any byte of it */
        bool head_done;
        size_t body_bytes;
        Match *match;
        bool found;
} Http;

static void url_cleanupp(CURLU **url) {
        curl_url_cleanup(*url);
}

static void http_hop(Http *http);

/* ---- the verdict ---- */

static void http_finish(Http *http, ObservationResult result, const char *detail) {
        probe_finish(http->probe, result, detail); /* frees http */
}

static bool is_redirect(long status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void http_fail_status(Http *http) {
        /* HTTP/2 has no reason phrases (RFC 9113 section 8.3.1): the usual words stand in */
        const char *usual = soup_status_get_phrase((unsigned) http->status);
        const char *reason = http->reason && *http->reason ? http->reason : usual;
        g_autofree char *detail = g_strdup_printf("status %ld %s", http->status, reason);

        http_finish(http, OBSERVATION_FAILED, g_strchomp(detail));
}

static void http_judge_body(Http *http, CURLcode code, const char *error) {
        g_autofree char *words = NULL;

        if (!http->match || http->found)
                return http_finish(http, OBSERVATION_OK, "");
        if (code == CURLE_OK || http->body_bytes >= BODY_MATCH_WINDOW_BYTES)
                return http_finish(http, OBSERVATION_FAILED, "body match miss");

        words = transfer_error_words(code, error);
        http_finish(http, OBSERVATION_FAILED, words);
}

/* ---- redirects ---- */

static bool same_place(CURLU *a, CURLU *b) {
        static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
                char *x = NULL, *y = NULL;
                bool same;

                (void) curl_url_get(a, parts[i], &x, CURLU_DEFAULT_PORT);
                (void) curl_url_get(b, parts[i], &y, CURLU_DEFAULT_PORT);
                same = x && y && g_ascii_strcasecmp(x, y) == 0;
                curl_free(x);
                curl_free(y);
                if (!same)
                        return false;
        }
        return true;
}

static void http_redirect(Http *http) {
        _cleanup_(url_cleanupp) CURLU *next = NULL;

        if (++http->n_redirects > REDIRECTS_MAX)
                return http_finish(http, OBSERVATION_FAILED, "too many redirects");

        /* relative to the present one, RFC 9110 section 10.2.2 */
        next = curl_url_dup(http->url);
        if (!next || curl_url_set(next, CURLUPART_URL, http->location, 0) != CURLUE_OK)
                return http_finish(http, OBSERVATION_FAILED, "redirect to what is no URL");

        if (!same_place(http->url, next)) { /* whom the password was meant for is not there any more */
                g_clear_pointer(&http->user, g_free);
                g_clear_pointer(&http->password, g_free);
        }
        curl_url_cleanup(http->url);
        http->url = TAKE_PTR(next);
        http_hop(http);
}

/* ---- one transfer ---- */

static void on_transferred(void *userdata, CURL *easy, CURLcode code, const char *error) {
        Http *http = userdata;
        g_autofree char *words = NULL;

        http->transfer = NULL;
        if (http->unable)
                return http_finish(http, OBSERVATION_ABSTAINED, http->unable);
        if (http->failure)
                return http_finish(http, OBSERVATION_FAILED, http->failure);
        if (!http->head_done) {
                words = transfer_error_words(code, error);
                return http_finish(http, OBSERVATION_FAILED, words);
        }
        if ((uint64_t) http->status == http->probe->expect_status)
                return http_judge_body(http, code, error);

        if (is_redirect(http->status) && http->location)
                return http_redirect(http);
        http_fail_status(http);
}

/* The handshake is over and nothing of the request has left. */
static int on_connected(void *userdata, char *to, char *from, int to_port, int from_port) {
        Http *http = userdata;
        struct curl_tlssessioninfo *tls = NULL;
        usec_t now = now_boottime();

        if (http->tls) {
                http->probe->observation->tls += now - http->phase_usec;
                (void) curl_easy_getinfo(transfer_easy(http->transfer), CURLINFO_TLS_SSL_PTR, &tls);
                if (!tls || tls->backend != CURLSSLBACKEND_GNUTLS || !tls->internals) {
                        http->unable = g_strdup("libcurl does not use GnuTLS");
                        return CURL_PREREQFUNC_ABORT;
                }
                switch (trust_store_verify(
                                http->probe->context->trust, tls->internals, http->host, &http->failure)) {
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

/* "HTTP/1.1 503 Service Unavailable", RFC 9112 section 4 */
static void parse_status_line(Http *http, const char *line, size_t n) {
        g_autofree char *text = g_strndup(line, n);
        const char *p = strchr(text, ' ');
        char *end;

        g_clear_pointer(&http->reason, g_free);
        http->status = p ? strtol(p, &end, 10) : 0;
        if (p && *end == ' ')
                http->reason = g_strchomp(g_strdup(end + 1));
}

static void note_location(Http *http, const char *line, size_t n) {
        static const char name[] = "location:";

        if (n <= sizeof(name) || g_ascii_strncasecmp(line, name, sizeof(name) - 1) != 0)
                return;
        g_free(http->location);
        http->location = g_strstrip(g_strndup(line + sizeof(name) - 1, n - (sizeof(name) - 1)));
}

static size_t on_header(char *line, size_t size, size_t n, void *userdata) {
        Http *http = userdata;

        if (http->head_done) /* trailers */
                return n;
        if (http->tls && !http->verified)
                return 0; /* cannot be: nothing was asked yet */
        if (!http->head_seen) {
                http->head_seen = true;
                http->probe->observation->first_byte += now_boottime() - http->phase_usec;
        }

        http->head_bytes += n;
        if (http->head_bytes > ANSWER_HEAD_MAX_BYTES) {
                http->failure = g_strdup("headers are too large");
                return 0;
        }
        if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
                parse_status_line(http, line, n);
                return n;
        }
        note_location(http, line, n);
        if (n > 2 || http->status < 200) /* 1xx: the real answer follows, RFC 9110 section 15.2 */
                return n;

        http->head_done = true;
        return http->match && (uint64_t) http->status == http->probe->expect_status ? n : 0;
}

static size_t on_body(char *piece, size_t size, size_t n, void *userdata) {
        Http *http = userdata;
        size_t window = MIN(n, BODY_MATCH_WINDOW_BYTES - http->body_bytes);

        if (!http->match)
                return 0;
        http->body_bytes += window;
        http->found = match_feed(http->match, piece, window);
        return http->found || http->body_bytes >= BODY_MATCH_WINDOW_BYTES ? 0 : n;
}

static void set_options(Http *http, CURL *easy) {
        (void) curl_easy_setopt(easy, CURLOPT_CURLU, http->url);
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
        if (http->user || http->password) {
                (void) curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
                (void) curl_easy_setopt(easy, CURLOPT_USERNAME, http->user ?: "");
                (void) curl_easy_setopt(easy, CURLOPT_PASSWORD, http->password ?: "");
        }
}

static void http_reset_answer(Http *http) {
        http->verified = http->head_seen = http->head_done = http->found = false;
        http->head_bytes = http->body_bytes = 0;
        http->status = 0;
        g_clear_pointer(&http->location, g_free);
        http->match = match_free(http->match);
        if (*http->probe->body_match)
                http->match = match_new(http->probe->body_match);
}

static void on_dialled(void *userdata, const DialOutcome *outcome) {
        Http *http = userdata;
        int r;

        http->dial = NULL;
        probe_note_dial(http->probe, outcome);
        if (outcome->result != DIAL_CONNECTED)
                return http_finish(http, probe_result_of_dial(outcome->result), outcome->detail);

        http_reset_answer(http);
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

static char *url_part(CURLU *url, CURLUPart part, unsigned flags) {
        char *text = NULL, *copy;

        if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
                return NULL;
        copy = g_strdup(text);
        curl_free(text);
        return copy;
}

/* User information leaves the URL here, so that no message can show it. */
static void http_take_user(Http *http) {
        g_autofree char *user = url_part(http->url, CURLUPART_USER, CURLU_URLDECODE);
        g_autofree char *password = url_part(http->url, CURLUPART_PASSWORD, CURLU_URLDECODE);

        if (!user && !password)
                return;
        g_free(http->user);
        g_free(http->password);
        http->user = TAKE_PTR(user);
        http->password = TAKE_PTR(password);
        (void) curl_url_set(http->url, CURLUPART_USER, NULL, 0);
        (void) curl_url_set(http->url, CURLUPART_PASSWORD, NULL, 0);
}

/* The host as DNS and certificates spell it: ASCII, no brackets. -EINVAL: none, or not HTTP. */
static int http_take_host(Http *http, uint16_t *ret_port) {
        g_autofree char *scheme = url_part(http->url, CURLUPART_SCHEME, 0);
        g_autofree char *host = url_part(http->url, CURLUPART_HOST, 0);
        g_autofree char *port = url_part(http->url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        g_autofree char *zone = url_part(http->url, CURLUPART_ZONEID, 0);
        size_t n;

        http->tls = scheme && strcmp(scheme, "https") == 0;
        if (!scheme || (!http->tls && strcmp(scheme, "http") != 0) || !host || !*host || !port)
                return -EINVAL;

        n = strlen(host);
        g_free(http->host);
        if (host[0] == '[' && n > 2) {
                host[n - 1] = 0;
                http->host = zone ? g_strdup_printf("%s%%%s", host + 1, zone) : g_strdup(host + 1);
        } else if (g_hostname_is_non_ascii(host)) {
                http->host = g_hostname_to_ascii(host);
                if (!http->host || curl_url_set(http->url, CURLUPART_HOST, http->host, 0) != CURLUE_OK)
                        return -EINVAL;
        } else
                http->host = TAKE_PTR(host);

        *ret_port = (uint16_t) strtoul(port, NULL, 10);
        return 0;
}

static void http_hop(Http *http) {
        Probe *probe = http->probe;
        uint16_t port;
        int r;

        http_take_user(http);
        if (http_take_host(http, &port) < 0) {
                if (http->n_redirects > 0)
                        return http_finish(http, OBSERVATION_FAILED, "redirect to what is not HTTP");
                return http_finish(http, OBSERVATION_ABSTAINED, "target is not an HTTP URL");
        }

        r = dial_start(&probe->context->dial,
                       http->host,
                       port,
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
        http->url = curl_url();
        if (!http->url)
                return -ENOMEM;

        if (curl_url_set(http->url, CURLUPART_URL, probe->target, 0) != CURLUE_OK)
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
        curl_url_cleanup(http->url);
        g_free(http->host);
        g_free(http->user);
        g_free(http->password);
        g_free(http->unable);
        g_free(http->failure);
        g_free(http->reason);
        g_free(http->location);
        (void) match_free(http->match);
        g_free(http);
}

const ProbeVTable http_probe = {
        .start = http_start,
        .expired = http_expired,
        .cancel = http_cancel,
};
