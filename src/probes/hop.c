/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/hop.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

Hop *hop_free(Hop *hop) {
        if (!hop)
                return NULL;
        curl_url_cleanup(hop->url);
        g_free(hop->host);
        g_free(hop->user);
        g_free(hop->password);
        g_free(hop);
        return NULL;
}

static char *url_part(CURLU *url, CURLUPart part, unsigned flags) {
        char *text = NULL, *copy;

        if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
                return NULL;
        copy = g_strdup(text);
        curl_free(text);
        return copy;
}

/* User information leaves the URL here. What decodes to control characters libcurl does not give out, so it
 * could neither be sent nor be taken out. */
static int take_user(Hop *hop) {
        static const struct {
                CURLUPart part;
                CURLUcode absent;
                size_t offset;
        } parts[] = {
                { CURLUPART_USER, CURLUE_NO_USER, offsetof(Hop, user) },
                { CURLUPART_PASSWORD, CURLUE_NO_PASSWORD, offsetof(Hop, password) },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
                char *text = NULL;
                CURLUcode code = curl_url_get(hop->url, parts[i].part, &text, CURLU_URLDECODE);

                if (code == parts[i].absent)
                        continue;
                if (code != CURLUE_OK)
                        return -EINVAL;
                *(char **) ((char *) hop + parts[i].offset) = g_strdup(text);
                curl_free(text);
                (void) curl_url_set(hop->url, parts[i].part, NULL, 0);
        }
        return 0;
}

/* an interface's name or number, RFC 6874 section 2 */
static bool is_zone(const char *zone) {
        for (const char *p = zone; *p; p++)
                if (!g_ascii_isalnum(*p) && !strchr(".-_", *p))
                        return false;
        return *zone;
}

static int take_host(Hop *hop) {
        g_autofree char *host = url_part(hop->url, CURLUPART_HOST, 0);
        g_autofree char *zone = url_part(hop->url, CURLUPART_ZONEID, 0);
        size_t n;

        if (!host || !*host || !g_utf8_validate(host, -1, NULL)) /* a server may send any bytes */
                return -EINVAL;
        if (zone && !is_zone(zone))
                return -EINVAL;

        n = strlen(host);
        if (host[0] == '[' && n > 2) {
                host[n - 1] = 0;
                hop->host = zone ? g_strdup_printf("%s%%%s", host + 1, zone) : g_strdup(host + 1);
        } else if (g_hostname_is_non_ascii(host)) {
                hop->host = g_hostname_to_ascii(host);
                if (!hop->host || curl_url_set(hop->url, CURLUPART_HOST, hop->host, 0) != CURLUE_OK)
                        return -EINVAL;
        } else
                hop->host = TAKE_PTR(host);
        return 0;
}

static int take_place(Hop *hop) {
        g_autofree char *scheme = url_part(hop->url, CURLUPART_SCHEME, 0);
        g_autofree char *port = url_part(hop->url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        guint64 number;

        hop->tls = scheme && strcmp(scheme, "https") == 0;
        if (!scheme || (!hop->tls && strcmp(scheme, "http") != 0) || !port ||
            !g_ascii_string_to_unsigned(port, 10, 1, UINT16_MAX, &number, NULL))
                return -EINVAL;
        hop->port = (uint16_t) number;
        return take_host(hop);
}

/* url: consumed */
static int hop_from(CURLU *url, Hop **ret) {
        _cleanup_(hop_freep) Hop *hop = g_new0(Hop, 1);
        int r;

        hop->url = url;
        r = take_user(hop);
        if (r >= 0)
                r = take_place(hop);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(hop);
        return 0;
}

int hop_new(const char *url, Hop **ret) {
        CURLU *parsed = curl_url();

        assert(url);
        assert(ret);

        if (!parsed || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK) {
                curl_url_cleanup(parsed);
                return -EINVAL;
        }
        return hop_from(parsed, ret);
}

static bool same_place(const Hop *a, const Hop *b) {
        return a->tls == b->tls && a->port == b->port && g_ascii_strcasecmp(a->host, b->host) == 0;
}

int hop_follow(const Hop *from, const char *location, Hop **ret, const char **reterr_phrase) {
        CURLU *url;
        Hop *hop;

        assert(from);
        assert(location);
        assert(ret);
        assert(reterr_phrase);

        url = curl_url_dup(from->url);
        if (!url || curl_url_set(url, CURLUPART_URL, location, 0) != CURLUE_OK) {
                curl_url_cleanup(url);
                *reterr_phrase = "redirect to what is no URL";
                return -EINVAL;
        }
        if (hop_from(url, &hop) < 0) {
                *reterr_phrase = "redirect to what is not HTTP";
                return -EINVAL;
        }
        if (!hop->user && !hop->password && same_place(from, hop)) {
                hop->user = g_strdup(from->user);
                hop->password = g_strdup(from->password);
        }
        *ret = hop;
        return 0;
}
