/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quctl edit: the cluster document in the person's editor, checked before it is sent, and as often as
 * needed, as visudo(8) does it. Nothing that was typed is lost: what could not be applied stays in its file,
 * and what somebody else changed meanwhile is merged with it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "config/merge.h"
#include "config/yaml.h"
#include "ctl/agent.h"
#include "ctl/ask.h"
#include "ctl/document.h"
#include "ctl/editor.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

typedef enum Next {
        NEXT_EDIT,    /* again */
        NEXT_DONE,    /* the file is not needed any more */
        NEXT_GIVE_UP, /* as the person said: nor then */
        NEXT_KEEP     /* it could not be applied: it is */
} Next;

typedef struct Edit {
        Context *context;
        Editor *editor;
        char *base;  /* the document that the person's changes begin from */
        char *text;  /* as it was edited last */
        bool merged; /* text has changes even where the person changes nothing more */
        bool yes;
        ExitStatus status;
} Edit;

static void edit_done(Edit *edit) {
        g_free(edit->base);
        (void) secret_free(edit->text);
}

/* ---- what now? ---- */

static Next ask_what_now(Edit *edit) {
        for (;;) {
                char letter;
                int r = editor_ask(edit->editor, "What now? [e]dit again, e[x]it without saving:", &letter);

                if (r < 0)
                        return NEXT_KEEP;
                switch (g_ascii_tolower(letter)) {
                case 'e':
                        return NEXT_EDIT;
                case 'x':
                case 'q':
                        return NEXT_GIVE_UP;
                default:
                        (void) printf("e  edit the document again, with what you have changed\n"
                                      "x  exit and drop what you have changed\n");
                }
        }
}

/* ---- others were faster ---- */

static Document *parse(const char *text) {
        void *document = NULL;

        if (yaml_parse(&document_type, text, strlen(text), YAML_KEEP_UNKNOWN, &document, NULL, NULL) < 0)
                return NULL;
        return document;
}

/* What the person changed, on the document as it is now. */
static char *rebase(const char *base_text, const char *text, const char *now_text, GPtrArray *conflicts) {
        _cleanup_(document_freep) Document *base = parse(base_text), *edited = parse(text),
                                           *now = parse(now_text), *merged = NULL;
        g_autofree char *comment = NULL;
        g_autofree char *list = NULL;

        if (!base || !edited || !now || document_merge_mine(base, edited, now, conflicts, &merged, NULL) < 0)
                return NULL;
        g_ptr_array_add(conflicts, NULL);
        list = g_strjoinv("\n  ", (char **) conflicts->pdata);
        (void) g_ptr_array_remove_index(conflicts, conflicts->len - 1);
        comment = g_strdup_printf(
                        "The cluster has changed while you were editing. This is the present document with\n"
                        "your changes in it; where both changed the same, yours stands here:\n  %s",
                        list);
        return yaml_emit(&document_type, merged, comment, YAML_END_MARK);
}

static Next edit_on_new_base(Edit *edit) {
        g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *now = NULL, *text = NULL;
        uint64_t version;
        Next next;

        edit->status = draft_get(edit->context, &now, &version);
        if (edit->status != STATUS_DONE)
                return NEXT_KEEP;
        text = rebase(edit->base, edit->text, now, conflicts);
        if (!text) {
                edit->status = STATUS_FAILED;
                return NEXT_KEEP;
        }
        (void) printf("Editing again begins from version %" G_GUINT64_FORMAT ", with your changes in it.\n",
                      version);
        edit->status = STATUS_FAILED; /* where the person leaves it at that */
        next = ask_what_now(edit);
        if (next != NEXT_EDIT)
                return next;
        if (editor_write(edit->editor, text) < 0) {
                edit->status = fail(STATUS_FAILED, "cannot write %s", editor_path(edit->editor));
                return NEXT_KEEP;
        }
        g_free(edit->base);
        edit->base = g_steal_pointer(&now);
        edit->merged = true;
        return NEXT_EDIT;
}

/* ---- one text ---- */

static Next refused(Edit *edit, const Draft *draft, const CallError *error) {
        edit->status = draft_fail(edit->status, draft, error);
        if (!error->name)
                return NEXT_KEEP;
        if (strcmp(error->name, BUS_ERROR_INVALID) == 0)
                return ask_what_now(edit);
        if (strcmp(error->name, BUS_ERROR_CONFLICT) == 0)
                return edit_on_new_base(edit);
        return NEXT_KEEP;
}

/* true: go on */
static bool confirm(Edit *edit, const GPtrArray *differences, Next *ret) {
        g_autofree char *removed = differences_removed(differences), *question = NULL;
        char letter = '\0';

        if (!removed || edit->yes)
                return true;
        question = g_strdup_printf("Remove %s? [y/N]", removed);
        if (editor_ask(edit->editor, question, &letter) < 0) {
                edit->status = fail(STATUS_FAILED, "aborted, nothing was changed");
                *ret = NEXT_KEEP;
                return false;
        }
        if (g_ascii_tolower(letter) == 'y')
                return true;
        edit->status = STATUS_FAILED;
        *ret = ask_what_now(edit);
        return false;
}

static Next apply(Edit *edit) {
        g_autoptr(GPtrArray) differences = NULL, warnings = NULL;
        _cleanup_(call_error_done) CallError error = { 0 };
        Draft draft = { .text = edit->text, .label = editor_path(edit->editor) };
        uint64_t version = 0;
        Next next = NEXT_DONE;

        edit->status = draft_check(edit->context, &draft, &differences, &warnings, &error);
        if (edit->status != STATUS_DONE)
                return refused(edit, &draft, &error);
        if (differences->len == 0) {
                if (!edit->context->quiet)
                        (void) printf("no changes\n");
                return NEXT_DONE;
        }
        if (!edit->context->quiet)
                differences_show(edit->context, differences);
        if (!confirm(edit, differences, &next))
                return next;

        draft.remove_node = differences_removed_peer(differences);
        edit->status = draft_apply(edit->context, &draft, &version, &error);
        if (edit->status != STATUS_DONE)
                return refused(edit, &draft, &error);
        if (!edit->context->quiet)
                (void) printf("cluster version now %" G_GUINT64_FORMAT "\n", version);
        return NEXT_DONE;
}

static Next run_editor(Edit *edit) {
        const char *program;
        int r;

        agent_close(edit->context); /* the terminal is the editor's, and so is what is typed there */
        r = editor_run(edit->editor, &program);
        if (r == -EINTR) {
                edit->status = fail(STATUS_FAILED, "interrupted, nothing was changed");
                return NEXT_KEEP;
        }
        if (r < 0) {
                edit->status = r == -ENOENT ? fail(STATUS_FAILED,
                                                   "cannot run the editor \"%s\": set $EDITOR to one that "
                                                   "there is",
                                                   program)
                                            : fail(STATUS_FAILED,
                                                   "the editor \"%s\" failed, nothing was changed",
                                                   program);
                return edit->text || r != -ENOENT ? NEXT_KEEP : NEXT_GIVE_UP;
        }
        return NEXT_EDIT;
}

static Next read_text(Edit *edit) {
        int r;

        edit->text = secret_free(edit->text);
        r = editor_read(edit->editor, DOCUMENT_MAX_BYTES, &edit->text);
        if (r >= 0)
                return NEXT_EDIT;
        edit->status = r == -EFBIG     ? fail(STATUS_FAILED, "the text is longer than 16 MiB")
                       : r == -EBADMSG ? fail(STATUS_FAILED, "the text is not UTF-8")
                                       : fail(STATUS_FAILED,
                                              "cannot read %s: %s",
                                              editor_path(edit->editor),
                                              g_strerror(-r));
        return NEXT_KEEP;
}

static bool is_unchanged(const Edit *edit) {
        return !edit->merged && strcmp(edit->text, edit->base) == 0;
}

static Next run_once(Edit *edit) {
        Next next;

        next = run_editor(edit);
        if (next == NEXT_EDIT)
                next = read_text(edit);
        if (next != NEXT_EDIT)
                return next;
        if (is_unchanged(edit)) {
                if (!edit->context->quiet)
                        (void) printf("no changes\n");
                edit->status = STATUS_DONE;
                return NEXT_DONE;
        }
        return apply(edit);
}

/* ---- the verb ---- */

/* Where there is nothing of the person's in it, it is not worth keeping. */
static bool worth_keeping(Edit *edit) {
        _cleanup_(secret_freep) char *text = NULL;

        return edit->merged || editor_read(edit->editor, DOCUMENT_MAX_BYTES, &text) < 0 ||
               strcmp(text, edit->base) != 0;
}

static void finish(Edit *edit, Next last) {
        bool keep = last == NEXT_KEEP && worth_keeping(edit);

        if (last == NEXT_GIVE_UP && edit->text && !edit->context->quiet)
                (void) printf("nothing was changed\n");
        if (keep) {
                (void) fflush(stdout);
                (void) fprintf(stderr,
                               "Your text is kept in %s: \"quctl config apply %s\" tries it again.\n",
                               editor_path(edit->editor),
                               editor_path(edit->editor));
        }
        edit->editor = editor_close(edit->editor, keep);
}

static ExitStatus run_edit(Context *context, const Arguments *arguments) {
        _cleanup_(edit_done) Edit edit = { .context = context, .yes = arguments_bool(arguments, "yes") };
        Next next = NEXT_EDIT;
        ExitStatus status;
        uint64_t version;
        int r;

        status = draft_get(context, &edit.base, &version);
        if (status != STATUS_DONE)
                return status;
        r = editor_open("cluster.yaml", &edit.editor);
        if (r >= 0)
                r = editor_write(edit.editor, edit.base);
        if (r < 0) {
                edit.editor = editor_close(edit.editor, /* keep= */ false);
                return fail(STATUS_FAILED, "cannot make a file to edit: %s", g_strerror(-r));
        }
        while (next == NEXT_EDIT)
                next = run_once(&edit);
        finish(&edit, next);
        return edit.status;
}

static const Flag edit_flags[] = {
        { .name = "yes", .letter = 'y', .type = FLAG_BOOL, .help = "remove things without a question" },
        {},
};

const Verb verb_edit = {
        .name = "edit",
        .help = "edit the whole cluster document, in your editor",
        .more = "The editor is $SYSTEMD_EDITOR, $VISUAL, $EDITOR, or the first of editor, nano, vim and vi. "
                "What you "
                "save is\nchecked before it is sent; after a mistake you may edit it again. What others "
                "changed "
                "meanwhile is merged.\n{kept: true} keeps a secret. Without a change nothing happens.\n",
        .flags = edit_flags,
        .run = run_edit,
};
