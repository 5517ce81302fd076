/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/dialogue.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/limits.h"

typedef enum Step { STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_MESSAGE, STEP_DOT, STEP_OVER } Step;

struct Dialogue {
        Step step;
        GString *output[STEP_OVER]; /* what each step sends */
        size_t sent;                /* of the present step */
        GString *input;             /* an unfinished line */
        GString *reply;             /* the lines of the present one */
        unsigned code;
};

/* RFC 5321 section 4.5.2 */
static void append_stuffed(GString *out, const char *mail) {
        bool at_start = true;

        for (const char *p = mail; *p; p++) {
                if (at_start && *p == '.')
                        g_string_append_c(out, '.');
                g_string_append_c(out, *p);
                at_start = *p == '\n';
        }
        if (!at_start) /* the dot needs a line of its own */
                g_string_append(out, "\r\n");
}

Dialogue *dialogue_new(const char *from, const char *to, const char *mail) {
        Dialogue *dialogue = g_new0(Dialogue, 1);

        assert(from);
        assert(to);
        assert(mail);

        for (Step step = 0; step < STEP_OVER; step++)
                dialogue->output[step] = g_string_new(NULL);
        g_string_printf(dialogue->output[STEP_MAIL], "MAIL FROM:<%s>\r\n", from);
        g_string_printf(dialogue->output[STEP_RCPT], "RCPT TO:<%s>\r\n", to);
        g_string_assign(dialogue->output[STEP_DATA], "DATA\r\n");
        append_stuffed(dialogue->output[STEP_MESSAGE], mail);
        g_string_assign(dialogue->output[STEP_DOT], ".\r\n");
        dialogue->input = g_string_new(NULL);
        dialogue->reply = g_string_new(NULL);
        return dialogue;
}

Dialogue *dialogue_free(Dialogue *dialogue) {
        if (!dialogue)
                return NULL;

        for (Step step = 0; step < STEP_OVER; step++)
                g_string_free(dialogue->output[step], TRUE);
        g_string_free(dialogue->input, TRUE);
        g_string_free(dialogue->reply, TRUE);
        g_free(dialogue);
        return NULL;
}

/* ---- what goes out ---- */

const char *dialogue_output(const Dialogue *dialogue, size_t *ret_n) {
        assert(dialogue);
        assert(ret_n);

        if (dialogue->step == STEP_OVER) {
                *ret_n = 0;
                return "";
        }
        *ret_n = dialogue->output[dialogue->step]->len - dialogue->sent;
        return dialogue->output[dialogue->step]->str + dialogue->sent;
}

bool dialogue_has_output(const Dialogue *dialogue) {
        size_t n;

        (void) dialogue_output(dialogue, &n);
        return n > 0;
}

static void dialogue_step(Dialogue *dialogue, Step step) {
        dialogue->step = step;
        dialogue->sent = 0;
}

void dialogue_sent(Dialogue *dialogue, size_t n) {
        assert(dialogue);
        assert(dialogue->step < STEP_OVER);

        dialogue->sent += n;
        assert(dialogue->sent <= dialogue->output[dialogue->step]->len);
        /* the only step that is not followed by a reply */
        if (dialogue->step == STEP_MESSAGE && dialogue->sent == dialogue->output[STEP_MESSAGE]->len)
                dialogue_step(dialogue, STEP_DOT);
}

/* ---- what comes in ---- */

/* A refusal before we have asked (421 and closing) counts as the answer to what is being asked; nothing is
 * granted before. */
static void on_reply(Dialogue *dialogue) {
        bool good = dialogue->step == STEP_DATA ? dialogue->code / 100 == 3 : dialogue->code / 100 == 2;

        if (dialogue->step == STEP_OVER)
                return;
        if (dialogue->code < 400 &&
            (!good || dialogue_has_output(dialogue))) /* from another conversation than ours */
                dialogue->code = 400;
        if (dialogue->code >= 400 || dialogue->step >= STEP_MESSAGE) {
                dialogue_step(dialogue, STEP_OVER);
                return;
        }
        dialogue_step(dialogue, dialogue->step + 1);
        g_string_truncate(dialogue->reply, 0);
}

static int on_line(Dialogue *dialogue, const char *line) {
        for (unsigned i = 0; i < 3; i++)
                if (!g_ascii_isdigit(line[i]))
                        return -EBADMSG;
        if (line[0] < '2' || line[0] > '5' || (line[3] && line[3] != ' ' && line[3] != '-'))
                return -EBADMSG;
        if (dialogue->reply->len + strlen(line) > RELAY_ANSWER_MAX_BYTES)
                return -EBADMSG;

        if (dialogue->reply->len > 0)
                g_string_append_c(dialogue->reply, '\n');
        g_string_append(dialogue->reply, line);
        if (line[3] == '-')
                return 0;

        dialogue->code = (unsigned) g_ascii_strtoull(line, NULL, 10);
        on_reply(dialogue);
        return 0;
}

int dialogue_feed(Dialogue *dialogue, const char *bytes, size_t n) {
        int r;

        assert(dialogue);
        assert(bytes || n == 0);

        for (size_t i = 0; i < n; i++) {
                if (dialogue->step == STEP_OVER)
                        return 0;
                if (bytes[i] != '\n') {
                        if (bytes[i] == 0 || dialogue->input->len >= RELAY_ANSWER_MAX_BYTES)
                                return -EBADMSG;
                        g_string_append_c(dialogue->input, bytes[i]);
                        continue;
                }
                if (g_str_has_suffix(dialogue->input->str, "\r"))
                        g_string_truncate(dialogue->input, dialogue->input->len - 1);
                r = on_line(dialogue, dialogue->input->str);
                if (r < 0)
                        return r;
                g_string_truncate(dialogue->input, 0);
        }
        return 0;
}

/* ---- questions ---- */

bool dialogue_wants_leave(const Dialogue *dialogue) {
        assert(dialogue);
        return (dialogue->step == STEP_MESSAGE || dialogue->step == STEP_DOT) && dialogue->sent == 0;
}

bool dialogue_is_complete(const Dialogue *dialogue) {
        assert(dialogue);
        return dialogue->step == STEP_DOT && dialogue->sent > 0;
}

bool dialogue_is_over(const Dialogue *dialogue) {
        assert(dialogue);
        return dialogue->step == STEP_OVER;
}

unsigned dialogue_code(const Dialogue *dialogue) {
        assert(dialogue);
        return dialogue->code;
}

const char *dialogue_reply(const Dialogue *dialogue) {
        assert(dialogue);
        return dialogue->reply->str;
}
