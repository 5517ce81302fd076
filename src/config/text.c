/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/text.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

bool text_has_control(const char *text, const char *allowed) {
        assert(text);
        assert(allowed);

        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)) && !strchr(allowed, *p))
                        return true;
        return false;
}

bool text_has_blank_end(const char *text) {
        size_t length = strlen(text);

        return length > 0 && (g_unichar_isspace(g_utf8_get_char(text)) ||
                              g_unichar_isspace(g_utf8_get_char(g_utf8_prev_char(text + length))));
}

const char *text_allowed_controls(const Field *field) {
        static const char *const of_lines[] = {
                "subject_template", "body_template", "body_match", "cert_pem", NULL
        };

        return g_strv_contains(of_lines, field->name) ? "\n\r\t" : "";
}

static bool is_host_name(const char *host, size_t length) {
        if (length == 0 || length > 253 || host[0] == '.' || host[0] == '-')
                return false;
        for (size_t i = 0; i < length; i++)
                if (!g_ascii_isalnum(host[i]) && !strchr(".-_", host[i]) && (unsigned char) host[i] < 0x80)
                        return false;
        return true;
}

/* roughly: at least two colons, hexadecimal, maybe a zone; the resolver has the last word */
static bool is_ipv6(const char *host, size_t length) {
        size_t n_colons = 0, i = 0;

        for (; i < length && host[i] != '%'; i++) {
                if (!g_ascii_isxdigit(host[i]) && host[i] != ':' && host[i] != '.')
                        return false;
                n_colons += host[i] == ':';
        }
        return n_colons >= 2 && i <= 45 && (i == length || is_host_name(host + i + 1, length - i - 1));
}

bool text_is_host(const char *host) {
        assert(host);
        return is_host_name(host, strlen(host)) || is_ipv6(host, strlen(host));
}

static int
split_authority(const char *authority, size_t length, char **ret_host, const char **reterr_problem) {
        const char *host = authority, *end = authority + length, *port = NULL;
        g_autofree char *digits = NULL;
        guint64 number;

        for (const char *p = authority; p < end; p++)
                if (*p == '@')
                        host = p + 1;
        if (host < end && *host == '[') {
                const char *bracket = memchr(host, ']', (size_t) (end - host));

                if (!bracket || !is_ipv6(host + 1, (size_t) (bracket - host - 1))) {
                        *reterr_problem = "has in [ ] what is no IPv6 address";
                        return -EINVAL;
                }
                *ret_host = g_strndup(host + 1, (size_t) (bracket - host - 1));
                port = bracket + 1;
        } else {
                port = memchr(host, ':', (size_t) (end - host));
                port = port ?: end;
                if (!is_host_name(host, (size_t) (port - host))) {
                        *reterr_problem = "has no host, or one with characters that no host name has";
                        return -EINVAL;
                }
                *ret_host = g_strndup(host, (size_t) (port - host));
        }
        if (port == end)
                return 0;

        digits = g_strndup(port + 1, (size_t) (end - port - 1));
        if (*port == ':' && g_ascii_string_to_unsigned(digits, 10, 1, UINT16_MAX, &number, NULL))
                return 0;
        g_clear_pointer(ret_host, g_free);
        *reterr_problem = "has a port that is not 1 to 65535";
        return -EINVAL;
}

int text_split_url(const char *url, bool *ret_tls, char **ret_host, const char **reterr_problem) {
        g_autofree char *host = NULL;
        const char *authority;
        bool tls;
        int r;

        assert(url);
        assert(reterr_problem);

        tls = g_ascii_strncasecmp(url, "https://", strlen("https://")) == 0;
        if (!tls && g_ascii_strncasecmp(url, "http://", strlen("http://")) != 0) {
                *reterr_problem = "does not begin with http:// or https://";
                return -EINVAL;
        }
        if (strchr(url, ' ') || text_has_control(url, "")) {
                *reterr_problem = "holds a blank or control character; write it as %20";
                return -EINVAL;
        }

        authority = strstr(url, "://") + strlen("://");
        r = split_authority(authority, strcspn(authority, "/?#"), &host, reterr_problem);
        if (r < 0)
                return r;

        if (ret_tls)
                *ret_tls = tls;
        if (ret_host)
                *ret_host = g_steal_pointer(&host);
        return 0;
}

bool text_is_loopback(const char *host) {
        return g_ascii_strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
               (g_str_has_prefix(host, "127.") && strspn(host, "0123456789.") == strlen(host));
}
