/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mails whose every part came from somewhere else: names and addresses of the document, words of targets.
 * The input has sender, recipient, subject, message id and body, with | between them. Whatever they are, the
 * mail has the headers that it should have, and no line that SMTP does not carry. */
#include "promise.h"
#include "senders/mail.h"
#include "senders/mime.h"

/* RFC 5321 section 4.5.3.1.6, RFC 5322 section 2.1 */
static void check_lines(const char *mail) {
        for (const char *line = mail; *line;) {
                const char *end = strstr(line, "\r\n");

                PROMISE(end && end - line <= 998);
                for (const char *p = line; p < end; p++)
                        PROMISE((unsigned char) *p < 0x80 && *p != '\r' && *p != '\n');
                line = end + 2;
        }
}

static void check_headers(const char *mail) {
        static const char *const names[] = { "From",          "To",
                                             "Subject",       "Date",
                                             "Message-ID",    "MIME-Version",
                                             "Content-Type",  "Content-Transfer-Encoding",
                                             "Auto-Submitted" };
        const char *end = strstr(mail, "\r\n\r\n");
        g_autofree char *head = NULL;
        g_auto(GStrv) lines = NULL;
        unsigned n = 0;

        PROMISE(end);
        head = g_strndup(mail, (size_t) (end - mail));
        lines = g_strsplit(head, "\r\n", -1);
        for (char **line = lines; *line; line++) {
                if (**line == ' ' || **line == '\t')
                        continue; /* folded */
                PROMISE(n < G_N_ELEMENTS(names) && g_str_has_prefix(*line, names[n]) &&
                        (*line)[strlen(names[n])] == ':');
                n++;
        }
        PROMISE(n == G_N_ELEMENTS(names));
}

#define ID_BYTES 200 /* an id is our own: a hash and the cluster's id */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *raw = g_strndup((const char *) data, size), *text = g_utf8_make_valid(raw, -1);
        Input input = input_of((const uint8_t *) text, strlen(text));
        g_autofree char *from = input_text(&input, '|'), *to = input_text(&input, '|'),
                        *subject = input_text(&input, '|'), *id = input_text(&input, '|');
        g_autofree char *body = g_strndup(input.p, input.n), *address = NULL, *mail = NULL, *again = NULL;
        const Alert alert = { .type = ALERT_SMTP, .smtp_from = from };
        const Message message = {
                .subject = subject,
                .message_id = id,
                .body = body,
                .date = strlen(body) * 1000003 * USEC_PER_SEC,
        };

        id[MIN(strlen(id), ID_BYTES)] = 0;
        address = mime_address(to);
        PROMISE(!address || (*address && !strpbrk(address, " \t\r\n<>")));
        mail = mail_build(&alert, to, &message);
        PROMISE(!mail || address);
        if (!mail)
                return 0;
        again = mail_build(&alert, to, &message);
        PROMISE(strcmp(mail, again) == 0);
        check_lines(mail);
        check_headers(mail);
        return 0;
}
