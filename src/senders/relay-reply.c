/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/relay-reply.h"

#include <assert.h>
#include <glib.h>

#include "base/limits.h"

struct RelayReply {
        GString *text;
        bool over; /* the next line begins another one */
};

RelayReply *relay_reply_new(void) {
        RelayReply *reply = g_new(RelayReply, 1);

        *reply = (RelayReply){ g_string_new(NULL), true };
        return reply;
}

RelayReply *relay_reply_free(RelayReply *reply) {
        if (!reply)
                return NULL;
        g_string_free(reply->text, TRUE);
        g_free(reply);
        return NULL;
}

static size_t without_end(const char *line, size_t n) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
                n--;
        return n;
}

/* "250-first", "250 last" */
void relay_reply_line(RelayReply *reply, const char *line, size_t n) {
        assert(reply);
        assert(line || n == 0);

        n = without_end(line, n);
        if (reply->over)
                g_string_truncate(reply->text, 0);
        if (reply->text->len + n < RELAY_ANSWER_MAX_BYTES) {
                if (reply->text->len > 0)
                        g_string_append_c(reply->text, '\n');
                g_string_append_len(reply->text, line, (gssize) n);
        }
        reply->over = n < 4 || line[3] != '-';
}

unsigned relay_reply_code(const RelayReply *reply) {
        const char *text;
        unsigned code = 0;

        assert(reply);

        text = reply->text->str;
        for (unsigned i = 0; i < 3; i++) {
                if (!g_ascii_isdigit(text[i]))
                        return 0;
                code = code * 10 + (unsigned) (text[i] - '0');
        }
        return g_ascii_isdigit(text[3]) ? 0 : code;
}

const char *relay_reply_text(const RelayReply *reply) {
        assert(reply);
        return reply->text->str;
}
