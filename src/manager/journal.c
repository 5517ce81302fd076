/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/journal.h"

#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define FIELDS_MAX 16

static const struct {
        const char *message_id;
        int priority;
} events[_EVENT_MAX] = {
        [EVENT_STARTED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a01", LOG_INFO },
        [EVENT_STOPPED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a02", LOG_INFO },
        [EVENT_START_REFUSED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a03", LOG_ERR },
        [EVENT_INITIALIZED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a04", LOG_NOTICE },
        [EVENT_LEADER] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a05", LOG_NOTICE },
        [EVENT_MASTER] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a06", LOG_NOTICE },
        [EVENT_MASTER_NO_MORE] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1d", LOG_NOTICE },
        [EVENT_PEER_UP] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a07", LOG_INFO },
        [EVENT_PEER_DOWN] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a08", LOG_WARNING },
        [EVENT_PEER_BEHIND] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a09", LOG_ERR },
        [EVENT_MEMBER] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a0a", LOG_NOTICE },
        [EVENT_REMOVED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a0b", LOG_ERR },
        [EVENT_JOIN] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a0c", LOG_NOTICE },
        [EVENT_JOIN_FAILED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a0d", LOG_WARNING },
        [EVENT_STRANGER] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a0e", LOG_WARNING },
        [EVENT_CHANGE] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a0f", LOG_NOTICE },
        [EVENT_CHANGE_REFUSED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a10", LOG_WARNING },
        [EVENT_CALL] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7ac1", LOG_NOTICE },
        [EVENT_TRANSITION] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a11", LOG_NOTICE },
        [EVENT_DELIVERED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a12", LOG_INFO },
        [EVENT_DELIVERY_RETRY] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a13", LOG_WARNING },
        [EVENT_DELIVERY_REFUSED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a14", LOG_ERR },
        [EVENT_DELIVERY_GAVE_UP] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a15", LOG_ERR },
        [EVENT_TEMPLATE] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a16", LOG_WARNING },
        [EVENT_MANUAL_EDIT] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a17", LOG_NOTICE },
        [EVENT_EDIT_REJECTED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a18", LOG_ERR },
        [EVENT_DISK_FAILED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a19", LOG_ERR },
        [EVENT_DISK_RECOVERED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1e", LOG_NOTICE },
        [EVENT_ABSTAINS] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1a", LOG_WARNING },
        [EVENT_ABSTAINS_ENDED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1f", LOG_NOTICE },
        [EVENT_BUS_LOST] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1b", LOG_WARNING },
        [EVENT_BUS_FOUND] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a20", LOG_NOTICE },
        [EVENT_WARNING] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1c", LOG_WARNING },
        [EVENT_RELOADED] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a21", LOG_INFO },
        [EVENT_ROUND] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a22", LOG_DEBUG },
        [EVENT_VOTE] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a23", LOG_DEBUG },
};

static int max_level = LOG_INFO;

void journal_set_level(int level) {
        max_level = CLAMP(level, LOG_EMERG, LOG_DEBUG);
}

int journal_level(void) {
        return max_level;
}

static bool have_journal(void) {
        static int have = -1; /* it does not come or go while a daemon lives */

        if (have < 0)
                have = access("/run/systemd/journal/socket", W_OK) == 0;
        return have > 0;
}

static void write_stderr(int priority, const char *text) {
        g_autofree char *readable = NULL;

        /* g_strescape() turns UTF-8 into octal; keep what is valid, escape what could hurt a terminal */
        if (g_utf8_validate(text, -1, NULL)) {
                g_autoptr(GString) s = g_string_new(NULL);

                for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                        gunichar c = g_utf8_get_char(p);

                        if (g_unichar_iscntrl(c))
                                g_string_append_printf(s, "\\x%02x", (unsigned) c);
                        else
                                g_string_append_unichar(s, c);
                }
                readable = g_string_free(g_steal_pointer(&s), /* free_segment= */ FALSE);
        } else
                readable = g_strescape(text, /* exceptions= */ "\"\\");
        (void) fprintf(stderr, "quptime: %s%s\n", priority <= LOG_ERR ? "error: " : "", readable);
}

static void
write_journal(const char *message_id, int priority, const JournalField *fields, const char *text) {
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        struct iovec iov[FIELDS_MAX + 4];
        int n = 0;

        g_ptr_array_add(lines, g_strdup_printf("MESSAGE=%s", text));
        g_ptr_array_add(lines, g_strdup_printf("PRIORITY=%d", priority));
        g_ptr_array_add(lines, g_strdup("SYSLOG_IDENTIFIER=quptimed"));
        if (message_id)
                g_ptr_array_add(lines, g_strdup_printf("MESSAGE_ID=%s", message_id));
        for (size_t i = 0; fields && fields[i].name && i < FIELDS_MAX; i++)
                if (fields[i].value)
                        g_ptr_array_add(lines, g_strdup_printf("%s=%s", fields[i].name, fields[i].value));

        for (unsigned i = 0; i < lines->len; i++) {
                char *line = g_ptr_array_index(lines, i);

                iov[n++] = (struct iovec){ .iov_base = line, .iov_len = strlen(line) };
        }
        (void) sd_journal_sendv(iov, n);
}

static void
speak(const char *message_id, int priority, const JournalField *fields, const char *format, va_list ap) {
        g_autofree char *text = NULL;

        if (priority > max_level)
                return;
        text = g_strdup_vprintf(format, ap);
        if (have_journal())
                write_journal(message_id, priority, fields, text);
        /* started by hand, people look at standard error; started by systemd, it would be a second entry */
        if (!have_journal() || !g_getenv("JOURNAL_STREAM"))
                write_stderr(priority, text);
}

void journal_event(Event event, const JournalField *fields, const char *format, ...) {
        va_list ap;

        assert(event >= 0 && event < _EVENT_MAX);

        va_start(ap, format);
        speak(events[event].message_id, events[event].priority, fields, format, ap);
        va_end(ap);
}

void journal_debug(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        speak(NULL, LOG_DEBUG, NULL, format, ap);
        va_end(ap);
}
