/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hand edit of cluster.yaml against what the cluster has. The input is the edited text; the text that it
 * started from is the one before its first line "---8<---", if there is one, else what the daemon wrote. It
 * is judged as a file saved in place, one that came by rename, a text that somebody sent, and one of the
 * original's. What is proposed obeys the rules, what is refused says why, and no secret stands in any word
 * of it. */
#include "base/limits.h"
#include "config/handedit.h"
#include "config/validate.h"
#include "config/yaml.h"
#include "promise.h"

#define PASSWORD "hunter2-secret"
#define SCISSORS "---8<---\n"

static const char committed[] = "version: 7\n"
                                "updated_at: 2026-05-12T15:01:32Z\n"
                                "updated_by: n1\n"
                                "peers:\n"
                                "  - node_id: n1\n"
                                "    advertise: 127.0.0.1:9901\n"
                                "  - node_id: n2\n"
                                "    advertise: 127.0.0.1:9902\n"
                                "checks:\n"
                                "  - id: c1\n"
                                "    name: web\n"
                                "    type: http\n"
                                "    target: https://u:" PASSWORD "@example.org/\n"
                                "    alert_ids:\n"
                                "      - ops\n"
                                "  - id: c2\n"
                                "    name: db\n"
                                "    type: tcp\n"
                                "    target: db:5432\n"
                                "    later: [1, x]\n"
                                "alerts:\n"
                                "  - id: a1\n"
                                "    name: ops\n"
                                "    type: smtp\n"
                                "    smtp_host: relay\n"
                                "    smtp_port: 25\n"
                                "    smtp_user: q\n"
                                "    smtp_password: " PASSWORD "\n"
                                "    smtp_from: q@example.org\n"
                                "    smtp_to:\n"
                                "      - a@example.org\n";

static char *next_id(void *userdata) {
        return g_strdup_printf("fuzz-%u", ++*(unsigned *) userdata);
}

static const char *kept_text;

static const char *keep(uint64_t version, void *userdata) {
        (void) userdata;
        return version == 6 ? kept_text : version == 7 ? committed : NULL;
}

static void check_words(const char *text) {
        promise_sentence(text, 64 * 1024);
        PROMISE(!strstr(text, PASSWORD));
}

static void check(const HandEdit *edit, const Document *current, bool has_secret) {
        g_autofree char *diff = edit->differences ? document_diff_text(edit->differences) : NULL;

        PROMISE((edit->verdict == HAND_EDIT_REJECT || edit->verdict == HAND_EDIT_CUT_OFF) == !!edit->reason);
        PROMISE((edit->verdict == HAND_EDIT_PROPOSE) == !!edit->merged);
        if (edit->reason && !has_secret) /* what the person wrote in a wrong place it cannot know */
                check_words(edit->reason);
        if (!edit->merged)
                return;
        PROMISE(document_validate(edit->merged, NULL) == 0);
        PROMISE(edit->changes_document || edit->removed_peer);
        PROMISE(!edit->removed_peer || document_peer(edit->merged, edit->removed_peer));
        PROMISE(edit->merged->version == current->version);
        PROMISE(diff && *diff && g_utf8_validate(diff, -1, NULL));
        if (!has_secret)
                PROMISE(!strstr(diff, PASSWORD));
}

/* once it is committed and written, the same text means nothing any more */
static void check_again(const HandEdit *edit) {
        g_autofree char *text = NULL;
        unsigned n_ids = 0;
        HandEditInput input = { .current = edit->merged, .next_id = next_id, .userdata = &n_ids };
        _cleanup_(hand_edit_freep) HandEdit *again = NULL;

        if (!edit->merged || edit->removed_peer)
                return;
        text = yaml_emit(&document_type, edit->merged, NULL, YAML_END_MARK);
        input.text = input.last_text = text;
        input.size = strlen(text);
        again = hand_edit_judge(&input);
        PROMISE(again->verdict == HAND_EDIT_NOTHING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *all = g_strndup((const char *) data, size);
        char *cut = strstr(all, SCISSORS);
        const char *text = cut ? cut + strlen(SCISSORS) : all;
        unsigned n_ids = 0;
        void *object;
        _cleanup_(document_freep) Document *current = NULL;

        PROMISE(yaml_parse(&document_type,
                           committed,
                           strlen(committed),
                           YAML_KEEP_UNKNOWN,
                           &object,
                           NULL,
                           &(Complaint *){ NULL }) == 0);
        current = object;
        if (cut)
                *cut = 0;
        kept_text = cut ? all : NULL;

        for (unsigned way = 0; way < 4; way++) {
                g_autoptr(GPtrArray) warnings = complaint_list_new();
                const HandEditInput input = {
                        .text = text,
                        .size = strlen(text),
                        .in_place = way == 1,
                        .asked = way >= 2,
                        .adopt = way == 3,
                        .warnings = warnings,
                        .last_text = way < 2 ? committed : NULL,
                        .current = current,
                        .kept_text = keep,
                        .next_id = next_id,
                        .userdata = &n_ids,
                };
                _cleanup_(hand_edit_freep) HandEdit *edit = hand_edit_judge(&input);

                check(edit, current, strstr(text, PASSWORD) || (cut && strstr(all, PASSWORD)));
                check_again(edit);
        }
        return 0;
}
