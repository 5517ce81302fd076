/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a probe or a message goes: targets, mail addresses, webhooks. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "config/text.h"
#include "config/validate.h"

static int refuse(char **reterr_text, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int refuse(char **reterr_text, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        if (!reterr_text)
                return -EINVAL;
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        *reterr_text = g_utf8_make_valid(text, -1); /* a value may have been cut within a character */
        return -EINVAL;
}

static int validate_url(const char *target, char **reterr_text) {
        static const char example[] = "write it like https://www.example.com/path";
        const char *problem = NULL;

        /* the URL is not repeated: it may carry a password */
        if (text_split_url(target, NULL, NULL, &problem) < 0)
                return refuse(reterr_text, "the URL %s; %s", problem, example);
        if (strstr(target, "://***@"))
                return refuse(reterr_text,
                              "the URL has *** for its user and password, and there is none to keep; give "
                              "them");
        return 0;
}

/* What stands before an @ may be a user and password, of a URL in the wrong place too. */
static int refuse_target(const char *target, const char *problem, char **reterr_text) {
        const char *at = strrchr(target, '@');

        return refuse(reterr_text, "\"%s%.64s\" is not %s", at ? "***" : "", at ?: target, problem);
}

static int validate_icmp_host(const char *target, char **reterr_text) {
        if (text_is_host(target))
                return 0;
        if (strstr(target, "://"))
                return refuse(reterr_text,
                              "an icmp target is only a host, without a scheme; for example 192.0.2.1");
        if (address_split(target, NULL, NULL) >= 0)
                return refuse(reterr_text,
                              "an icmp target is only a host, without a port; for example 192.0.2.1");
        return refuse_target(target, "a host name or address", reterr_text);
}

/* Four numbers up to 255, as inet_pton(3) takes them: a leading zero might mean octal. */
static bool is_ipv4(const char *host) {
        g_auto(GStrv) parts = g_strsplit(host, ".", 5);
        guint64 number;

        if (g_strv_length(parts) != 4)
                return false;
        for (size_t i = 0; parts[i]; i++)
                if (!g_ascii_string_to_unsigned(parts[i], 10, 0, UINT8_MAX, &number, NULL) ||
                    (parts[i][0] == '0' && parts[i][1]))
                        return false;
        return true;
}

/* 10.0.0.300 would be looked up as a name, and never be found: RFC 1123 section 2.1 has no such names. */
static int validate_numbers(CheckKind type, const char *target, char **reterr_text) {
        g_autofree char *host = NULL;

        if (type == CHECK_ICMP)
                host = g_strdup(target);
        else if ((type == CHECK_HTTP ? text_split_url(target, NULL, &host, &(const char *){ NULL })
                                     : address_split(target, &host, NULL)) < 0)
                return 0;

        if (strchr(host, '.') && strspn(host, G_CSET_DIGITS ".") == strlen(host) && !is_ipv4(host))
                return refuse(reterr_text,
                              "\"%.64s\" is no IPv4 address, which is four numbers of 0 to 255, such as "
                              "192.0.2.1",
                              host);
        return 0;
}

static int validate_form(CheckKind type, const char *target, char **reterr_text) {
        switch (type) {
        case CHECK_HTTP:
                return validate_url(target, reterr_text);
        case CHECK_TCP:
                if (address_split(target, NULL, NULL) < 0)
                        return refuse_target(
                                        target,
                                        "host:port; for example db.example.com:5432 or [2001:db8::1]:5432",
                                        reterr_text);
                return 0;
        case CHECK_ICMP:
                return validate_icmp_host(target, reterr_text);
        case _CHECK_KIND_MAX:
                break;
        }
        return refuse(reterr_text, "the type is unknown; http, tcp or icmp");
}

int target_validate(CheckKind type, const char *target, char **reterr_text) {
        int r;

        if (!target || !*target)
                return refuse(reterr_text,
                              "missing; %s",
                              type == CHECK_HTTP  ? "a URL such as https://www.example.com/"
                              : type == CHECK_TCP ? "host:port"
                                                  : "a host name or address");
        if (strlen(target) > TARGET_MAX_BYTES)
                return refuse(reterr_text, "longer than %d bytes", TARGET_MAX_BYTES);

        r = validate_form(type, target, reterr_text);
        return r < 0 ? r : validate_numbers(type, target, reterr_text);
}

/* RFC 5321 section 4.1.3, no closer: [192.0.2.1], [IPv6:2001:db8::1] */
static bool is_address_literal(const char *domain) {
        size_t n = strlen(domain);

        return n > 2 && domain[n - 1] == ']' &&
               strspn(domain + 1, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".:-") == n - 2;
}

/* Plausible, no more: RFC 5321 has the grammar, the mail server the last word. What could end the command or
 * the header line it stands in is refused. */
int mail_address_validate(const char *address, char **reterr_text) {
        const char *at;

        if (!address || !*address)
                return refuse(reterr_text, "missing; an address such as ops@example.com");
        if (!g_utf8_validate(address, -1, NULL) || text_has_control(address, "") ||
            strpbrk(address, " <>,;\"()\\"))
                return refuse(reterr_text,
                              "not a bare mail address; write only ops@example.com, without a name, blanks "
                              "or brackets");
        if (!g_str_is_ascii(address))
                return refuse(reterr_text,
                              "letters beyond ASCII need SMTPUTF8 of every mail server; write the domain as "
                              "xn--…, or take another address");

        at = strrchr(address, '@');
        if (!at || at == address || memchr(address, '@', (size_t) (at - address)) || at - address > 64 ||
            strcspn(address, ":[]") < (size_t) (at - address))
                return refuse(reterr_text,
                              "\"%.64s\" is not a mail address such as ops@example.com",
                              address);
        if (at[1] == '[' ? !is_address_literal(at + 1) : !text_is_host(at + 1) || strchr(at, ':'))
                return refuse(reterr_text, "\"%.64s\" has no mail domain after the @", address);
        return 0;
}

int webhook_validate(const char *url, char **reterr_text) {
        g_autofree char *host = NULL;
        const char *problem = NULL;
        bool tls;

        if (!url || !*url)
                return refuse(reterr_text, "missing; the URL of the webhook");
        if (text_split_url(url, &tls, &host, &problem) < 0)
                return refuse(reterr_text, "the URL %s", problem); /* the URL itself is a secret */
        if (!tls && !text_is_loopback(host))
                return refuse(reterr_text,
                              "http:// would send the secret in clear; use https:// (http:// only to this "
                              "host)");
        return 0;
}
