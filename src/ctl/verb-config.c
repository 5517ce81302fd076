/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quctl config: the whole document, shown, checked, compared and applied. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/templates.h"
#include "base/limits.h"
#include "config/adopt.h"
#include "config/merge.h"
#include "config/secret.h"
#include "config/tree.h"
#include "config/unknown.h"
#include "config/validate.h"
#include "config/yaml.h"
#include "ctl/ask.h"
#include "ctl/document.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

#define ADOPT_FLAG                                                                                          \
        {                                                                                                   \
                .name = "adopt", .type = FLAG_BOOL,                                                         \
                .help = "it is a cluster.yaml of qu: put right what quptime refuses, with a warning each"   \
        }

/* ---- show ---- */

/* On a terminal nothing that could move its cursor; into a pipe the bytes as they came. */
static void print_document(const char *text) {
        g_auto(GStrv) lines = NULL;

        if (!output_is_terminal()) {
                (void) fputs(text, stdout);
                return;
        }
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line && (line[1] || **line); line++) {
                g_autofree char *escaped = text_escape(*line);

                (void) printf("%s\n", escaped);
        }
}

static ExitStatus print_json(const Context *context, const char *text) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(tree_freep) Tree *tree = NULL;
        g_autoptr(JsonNode) root = NULL;
        g_autofree char *json = NULL;

        if (tree_parse(text, strlen(text), &tree, &complaint) < 0 || !tree)
                return answer_not_understood(-EBADMSG);
        json = unknown_value_to_json(tree); /* as deep as the tree, which has a limit */
        root = json_from_string(json, NULL);
        json_print_node(root, context->json);
        return STATUS_DONE;
}

static ExitStatus run_show(Context *context, const Arguments *arguments) {
        g_autofree char *text = NULL;
        ExitStatus status;
        uint64_t version;

        (void) arguments;

        status = draft_get(context, &text, &version);
        if (status != STATUS_DONE)
                return status;
        pager_open(context);
        if (context->json != JSON_OFF)
                return print_json(context, text);
        print_document(text);
        return STATUS_DONE;
}

const Verb verb_config_show = {
        .name = "config show",
        .help = "print the cluster document, without its secrets",
        .more = "What is printed can be changed and given to \"quctl config apply\": {kept: true} keeps a "
                "secret.\n",
        .run = run_show,
};

/* ---- files ---- */

static const char *label_of(const char *path) {
        return g_str_equal(path, "-") ? "(standard input)" : path;
}

/* the caller frees with secret_free() */
static ExitStatus read_file(Context *context, const char *path, char **ret) {
        int r;

        r = read_value(context, path, DOCUMENT_MAX_BYTES, ret);
        switch (-r) {
        case EFBIG:
                return fail(STATUS_FAILED,
                            "%s is longer than %d MiB",
                            label_of(path),
                            DOCUMENT_MAX_BYTES / (1024 * 1024));
        case EBADMSG:
                return fail(STATUS_FAILED, "%s is not text in UTF-8", label_of(path));
        default:
                return r < 0 ? fail(STATUS_FAILED, "cannot read %s: %s", path, g_strerror(-r)) : STATUS_DONE;
        }
}

/* ---- check: the text by itself, by the rules that the daemon has, too ---- */

static char *next_id(void *userdata) {
        return g_uuid_string_random();
}

static void assume_target_kept(Check *check) {
        char *mark = check->target ? strstr(check->target, "://***@") : NULL;

        if (mark)
                memcpy(mark, "://u:p@", strlen("://u:p@"));
}

/* Whether there is a value to keep, only the daemon knows. */
static void assume_kept(Document *document) {
        for (unsigned i = 0; document->checks && i < document->checks->len; i++)
                assume_target_kept(g_ptr_array_index(document->checks, i));
        for (unsigned i = 0; document->alerts && i < document->alerts->len; i++) {
                Alert *alert = g_ptr_array_index(document->alerts, i);

                if (secret_is_mark(alert->smtp_password)) {
                        g_free(alert->smtp_password);
                        alert->smtp_password = g_strdup("kept");
                }
                if (secret_is_mark(alert->discord_webhook)) {
                        g_free(alert->discord_webhook);
                        alert->discord_webhook = g_strdup("https://kept.invalid/");
                }
        }
}

static int check_templates(const Document *document, Complaint **reterr) {
        _cleanup_(complaint_freep) Complaint *inner = NULL;

        if (document_templates_validate(document, /* before= */ NULL, &inner) >= 0)
                return 0;
        *reterr =
                        complaint_new(0,
                                      0,
                                      inner->field,
                                      g_strdup_printf("line %u, column %u of the template: %s",
                                                      inner->line,
                                                      inner->column,
                                                      inner->text));
        return -EINVAL;
}

static int
check_text(const char *text, bool adopt, Document **ret, GPtrArray *warnings, Complaint **reterr) {
        _cleanup_(document_freep) Document *document = NULL;
        const size_t size = strlen(text);
        void *parsed = NULL;
        int r;

        if (adopt)
                return document_adopt_text(text, size, next_id, NULL, ret, warnings, reterr);

        r = yaml_parse(&document_type, text, size, 0, &parsed, warnings, reterr);
        if (r < 0)
                return r;
        document = parsed;
        document_fill_ids(document, /* base= */ NULL, next_id, NULL);
        assume_kept(document);
        r = document_validate(document, reterr);
        if (r >= 0)
                r = check_templates(document, reterr);
        if (r < 0) {
                yaml_locate_one(*reterr, text, size);
                return r;
        }
        *ret = TAKE_PTR(document);
        return 0;
}

static unsigned length(const GPtrArray *list) {
        return list ? list->len : 0;
}

static const char *plural(unsigned n) {
        return n == 1 ? "" : "s";
}

static const Flag check_flags[] = { ADOPT_FLAG, {} };

static ExitStatus run_check(Context *context, const Arguments *arguments) {
        const char *path = arguments_word(arguments, 0), *label = label_of(path);
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(document_freep) Document *document = NULL;
        _cleanup_(secret_freep) char *text = NULL;
        ExitStatus status;
        int r;

        status = read_file(context, path, &text);
        if (status != STATUS_DONE)
                return status;

        r = check_text(text, arguments_bool(arguments, "adopt"), &document, warnings, &complaint);
        for (unsigned i = 0; i < warnings->len; i++) {
                g_autofree char *warning = complaint_to_string(g_ptr_array_index(warnings, i), label);

                warn("%s", warning);
        }
        if (r < 0) {
                g_autofree char *problem = complaint_to_string(complaint, label);

                return fail(STATUS_FAILED, "%s", problem);
        }
        if (!context->quiet) {
                g_autofree char *escaped = text_escape(label);
                unsigned n_checks = length(document->checks), n_alerts = length(document->alerts);

                (void) printf("%s: no mistake found: %u check%s, %u alert%s\n",
                              escaped,
                              n_checks,
                              plural(n_checks),
                              n_alerts,
                              plural(n_alerts));
        }
        return STATUS_DONE;
}

const Verb verb_config_check = {
        .name = "config check",
        .args = "FILE",
        .help = "look for mistakes in a cluster document, without a daemon",
        .more = "\"-\" is standard input. What it would change in this cluster, and whether the cluster "
                "would "
                "take it,\n\"quctl config diff\" says.\n",
        .flags = check_flags,
        .run = run_check,
};

/* ---- diff ---- */

static const Flag diff_flags[] = { ADOPT_FLAG, {} };

static ExitStatus run_diff(Context *context, const Arguments *arguments) {
        const char *path = arguments_word(arguments, 0);
        g_autoptr(GPtrArray) differences = NULL, warnings = NULL;
        _cleanup_(call_error_done) CallError error = { 0 };
        _cleanup_(secret_freep) char *text = NULL;
        g_autoptr(JsonBuilder) builder = NULL;
        Draft draft = { .label = label_of(path), .adopt = arguments_bool(arguments, "adopt") };
        ExitStatus status;

        status = read_file(context, path, &text);
        if (status != STATUS_DONE)
                return status;
        draft.text = text;
        status = draft_check(context, &draft, &differences, &warnings, &error);
        if (status != STATUS_DONE)
                return draft_fail(status, &draft, &error);

        warnings_show(warnings, draft.label);
        if (context->json != JSON_OFF) {
                builder = json_builder_new();
                json_add_objects(builder, &difference_row_type, differences, /* names= */ NULL);
                json_print(builder, context->json);
        } else if (!context->quiet) {
                pager_open(context);
                differences_show(context, differences);
        }
        return differences->len > 0 ? STATUS_DIFFERENT : STATUS_DONE;
}

const Verb verb_config_diff = {
        .name = "config diff",
        .args = "FILE",
        .help = "show what a document would change in this cluster",
        .more = "\"-\" is standard input. Secrets are compared and not shown. The exit status is 0 where "
                "nothing "
                "differs, and\n5 where something does.\n",
        .flags = diff_flags,
        .run = run_diff,
};

/* ---- apply ---- */

static const Flag apply_flags[] = {
        { .name = "yes", .letter = 'y', .type = FLAG_BOOL, .help = "remove things without a question" },
        ADOPT_FLAG,
        {},
};

/* A node that is removed is barred for good: nobody shall do that by a file alone. */
static ExitStatus
confirm(const Context *context, const GPtrArray *differences, const Draft *draft, bool yes) {
        g_autofree char *removed = differences_removed(differences), *question = NULL;
        const char *peer = differences_removed_peer(differences);

        if (!removed)
                return STATUS_DONE;
        if (!yes && ask_possible()) {
                question = g_strdup_printf("Remove %s?", removed);
                return ask_yes(question) ? STATUS_DONE : fail(STATUS_FAILED, "aborted, nothing was changed");
        }
        if (!yes && peer)
                return fail(STATUS_FAILED,
                            "%s leaves out peer %s: --yes removes it from the cluster for good, or put it "
                            "back; nothing was changed",
                            draft->label,
                            peer);
        if (!context->quiet)
                warn("removing %s that %s leaves out", removed, draft->label);
        return STATUS_DONE;
}

static ExitStatus run_apply(Context *context, const Arguments *arguments) {
        const char *path = arguments_word(arguments, 0);
        g_autoptr(GPtrArray) differences = NULL, warnings = NULL;
        _cleanup_(call_error_done) CallError error = { 0 };
        _cleanup_(secret_freep) char *text = NULL;
        Draft draft = { .label = label_of(path), .adopt = arguments_bool(arguments, "adopt") };
        uint64_t version = 0;
        ExitStatus status;

        status = read_file(context, path, &text);
        if (status != STATUS_DONE)
                return status;
        draft.text = text;
        status = draft_check(context, &draft, &differences, &warnings, &error);
        if (status != STATUS_DONE)
                return draft_fail(status, &draft, &error);
        warnings_show(warnings, draft.label);
        if (differences->len == 0) {
                if (!context->quiet)
                        (void) printf("no changes\n");
                return STATUS_DONE;
        }

        if (!context->quiet)
                differences_show(context, differences);
        status = confirm(context, differences, &draft, arguments_bool(arguments, "yes"));
        if (status != STATUS_DONE)
                return status;
        draft.remove_node = differences_removed_peer(differences);
        status = draft_apply(context, &draft, &version, &error);
        if (status != STATUS_DONE)
                return draft_fail(status, &draft, &error);
        if (!context->quiet)
                (void) printf("cluster version now %" G_GUINT64_FORMAT "\n", version);
        return STATUS_DONE;
}

const Verb verb_config_apply = {
        .name = "config apply",
        .args = "FILE",
        .help = "make the cluster document what a file says",
        .more = "\"-\" is standard input. The file is compared with the document of the version: that "
                "stands in "
                "it, and what\ndiffers is merged with what was changed since; \"quctl config diff\" shows "
                "it "
                "beforehand. Where something\nwould be removed you are asked, if there is a terminal.\n",
        .flags = apply_flags,
        .run = run_apply,
};
