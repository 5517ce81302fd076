/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/redact.h"

#include <assert.h>
#include <string.h>

#include "probes/detail.h"

#define SHORTEST 4 /* shorter ones would blot out words by chance, and are no secrets */

static void blot(GString *text, const char *secret) {
        if (secret && strlen(secret) >= SHORTEST)
                (void) g_string_replace(text, secret, "***", 0);
}

/* As AUTH LOGIN and AUTH PLAIN (RFC 4616) send it. */
static void blot_password(GString *text, const char *user, const char *password) {
        g_autofree char *login = NULL, *plain = NULL;
        g_autoptr(GString) both = g_string_new(NULL);

        if (!password || !*password)
                return;

        login = g_base64_encode((const guchar *) password, strlen(password));
        g_string_append_c(both, 0);
        g_string_append(both, user ?: "");
        g_string_append_c(both, 0);
        g_string_append(both, password);
        plain = g_base64_encode((const guchar *) both->str, both->len);

        blot(text, plain);
        blot(text, login);
        blot(text, password);
}

char *redact_alert(const Alert *alert, const char *text) {
        GString *out = g_string_new(text);
        const char *path;

        assert(alert);
        assert(text);

        blot_password(out, alert->smtp_user, alert->smtp_password);
        blot(out, alert->discord_webhook);
        /* the path is the token; a server may say it alone */
        path = alert->discord_webhook ? strstr(alert->discord_webhook, "://") : NULL;
        path = path ? strchr(path + 3, '/') : NULL;
        blot(out, path);
        if (path && strrchr(path, '/') != path)
                blot(out, strrchr(path, '/') + 1);
        return g_string_free(out, FALSE);
}

char *redact_answer(const Alert *alert, const char *text) {
        g_autofree char *redacted = redact_alert(alert, text);
        g_autofree char *clean = detail_clean(redacted, strlen(redacted));

        /* a byte's escape may stand for the letter that was missing */
        return redact_alert(alert, clean);
}
