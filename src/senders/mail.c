/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/mail.h"

#include <assert.h>

#include "senders/mime.h"

char *mail_build(const Alert *alert, const char *recipient, const Message *message) {
        g_autofree char *from = NULL, *to = NULL, *subject = NULL, *id = NULL, *date = NULL,
                        *bracketed = NULL, *body = NULL;

        assert(alert);
        assert(recipient);
        assert(message);

        from = mime_mailbox_header("From", alert->smtp_from ?: "");
        to = mime_mailbox_header("To", recipient);
        if (!from || !to)
                return NULL;

        subject = mime_header("Subject", message->subject ?: "");
        bracketed = g_strdup_printf("<%s>", message->message_id ?: "");
        /* not folded and not encoded: an identifier is compared byte by byte */
        for (char *p = bracketed; *p; p++)
                if (!g_ascii_isgraph(*p))
                        *p = '_';
        id = g_strdup_printf("Message-ID: %s\r\n", bracketed);
        date = mime_date(message->date);
        body = mime_quoted_printable(message->body ?: "");

        /* RFC 3834: out-of-office replies to a monitor help nobody */
        return g_strdup_printf(
                        "%s%s%sDate: %s\r\n%s"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "\r\n"
                        "%s\r\n",
                        from,
                        to,
                        subject,
                        date,
                        id,
                        body);
}
