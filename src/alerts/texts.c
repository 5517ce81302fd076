/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/texts.h"

#include <assert.h>

#include "alerts/notices.h"
#include "base/limits.h"

enum {
        SUBJECT_TARGET_CHARS = 200, /* code points of the target in a subject and on Discord */
        LABEL_WIDTH = 12
};

/* How people call each kind. */
static const struct {
        const char *name;   /* in subjects */
        const char *what;   /* "WHAT "name" is now down." */
        const char *target; /* label */
} kinds[_CHECK_KIND_MAX] = {
        [CHECK_HTTP] = { "HTTP", "HTTP endpoint", "URL" },
        [CHECK_TCP] = { "TCP", "TCP service", "Endpoint" },
        [CHECK_ICMP] = { "Ping", "Host", "Host" },
};

/* What has happened, after the name. */
static const struct {
        const char *sentence;
        const char *sign; /* on Discord */
} events[] = {
        [NOTICE_DOWN] = { "is now down", "\U0001f534" },
        [NOTICE_RECOVERED] = { "has recovered", "\U0001f7e2" },
        [NOTICE_UP] = { "is now up", "\U0001f7e2" },
        [NOTICE_UNWATCHED] = { "is no longer watched", "\u26aa" },
        [NOTICE_TEST] = { "is now down", "\U0001f534" },
};

static bool is_set(const char *text) {
        return text && *text;
}

/* of the alert alone, or of a check through it */
static bool is_test(const Notice *notice) {
        const char *detail = notice->transition->detail;

        return notice->event == NOTICE_TEST || (detail && g_str_has_prefix(detail, TEST_MARK));
}

char *text_shorten(const char *text, glong n_chars) {
        g_autofree char *cut = NULL;

        if (g_utf8_strlen(text, -1) <= n_chars)
                return g_strdup(text);
        cut = g_utf8_substring(text, 0, n_chars - 1);
        return g_strconcat(cut, "…", NULL);
}

static char *clean_target(const Check *check, glong max_chars) {
        g_autofree char *masked = check_target_masked(check);
        g_autofree char *clean = text_clean(masked, TARGET_MAX_BYTES);

        return text_shorten(clean, max_chars);
}

static char *when_text(const Notice *notice) {
        return usec_to_rfc3339(notice->transition->when, /* without_fraction= */ true);
}

static char *reporters_text(const Transition *transition) {
        GString *s = g_string_new(NULL);

        g_string_append_printf(
                        s,
                        "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " OK, %" G_GUINT64_FORMAT " failing",
                        transition->ok,
                        transition->total,
                        transition->not_ok);
        if (transition->abstained > 0)
                g_string_append_printf(s, ", %" G_GUINT64_FORMAT " abstaining", transition->abstained);
        return g_string_free(s, /* free_segment= */ FALSE);
}

static char *collapsed_text(const Notice *notice) {
        return g_strdup_printf(
                        "%" G_GUINT64_FORMAT
                        " earlier messages about this check could not be delivered and were left out.",
                        notice->collapsed);
}

char *text_subject(const Notice *notice) {
        g_autofree char *name = NULL, *target = NULL;
        const Check *check;

        assert(notice);

        check = notice->transition->check;
        name = text_clean(check->name, NAME_MAX_BYTES);
        target = clean_target(check, SUBJECT_TARGET_CHARS);
        return g_strdup_printf(
                        "[quptime] %s%s %s — %s (%s)",
                        is_test(notice) ? "test: " : "",
                        kinds[check->type].name,
                        notice_event_verb(notice->event),
                        name,
                        target);
}

/* What stands before the invented outage. */
static char *test_head(const Notice *notice) {
        g_autofree char *name = text_clean(notice->alert_name, NAME_MAX_BYTES);
        g_autofree char *when = when_text(notice);

        return g_strdup_printf(
                        "This is a test of the alert \"%s\", sent by node %s at %s. What follows is "
                        "invented; messages about real outages come the same way.",
                        name,
                        notice->transition->node_id,
                        when);
}

static void append_line(GString *s, const char *label, const char *value) {
        g_autofree char *clean = NULL, *title = NULL;

        if (!is_set(value))
                return;
        clean = text_clean(value, BODY_MATCH_MAX_BYTES);
        title = g_strconcat(label, ":", NULL);
        g_string_append_printf(s, "%-*s %s\n", LABEL_WIDTH - 1, title, clean);
}

static void append_check(GString *s, const Transition *transition) {
        const Check *check = transition->check;
        g_autofree char *target = clean_target(check, TARGET_MAX_BYTES);
        g_autofree char *expected = NULL, *match = NULL;

        append_line(s, kinds[check->type].target, target);
        if (check->type == CHECK_HTTP && check->expect_status > 0) {
                expected = g_strdup_printf("HTTP %" G_GUINT64_FORMAT, check->expect_status);
                append_line(s, "Expected", expected);
        }
        if (check->type == CHECK_HTTP && is_set(check->body_match)) {
                match = g_strdup_printf("\"%s\"", check->body_match);
                append_line(s, "Body match", match);
        }
        append_line(s, "Detail", transition->detail);
}

static void append_circumstances(GString *s, const Notice *notice) {
        const Transition *transition = notice->transition;
        g_autofree char *reporters = reporters_text(transition);
        g_autofree char *when = when_text(notice);

        append_line(s, "Previous", check_state_to_string(transition->from));
        append_line(s, "Reporters", reporters);
        append_line(s, "Master", transition->node_id);
        append_line(s, "When", when);
}

char *text_body(const Notice *notice) {
        g_autofree char *name = NULL, *collapsed = NULL, *test = NULL;
        const Check *check;
        GString *s;

        assert(notice);

        check = notice->transition->check;
        name = text_clean(check->name, NAME_MAX_BYTES);
        s = g_string_new(NULL);
        if (is_test(notice)) {
                test = test_head(notice);
                g_string_append_printf(s, "%s\n\n", test);
        }
        g_string_append_printf(
                        s, "%s \"%s\" %s.\n", kinds[check->type].what, name, events[notice->event].sentence);
        if (notice->event == NOTICE_UNWATCHED)
                g_string_append(s,
                                "The check was removed while it was down; nothing more will be said about "
                                "it.\n");
        g_string_append_c(s, '\n');
        append_check(s, notice->transition);
        append_circumstances(s, notice);
        if (notice->collapsed > 0) {
                collapsed = collapsed_text(notice);
                g_string_append_printf(s, "\n%s\n", collapsed);
        }
        return g_string_free(s, /* free_segment= */ FALSE);
}

/* Discord: https://docs.discord.com/developers/reference#message-formatting */

/* Data between markup: what has a meaning is escaped, and an "@" is parted from its name. */
static char *escape_markup(const char *text) {
        GString *s = g_string_new(NULL);

        for (const char *p = text; *p; p++) {
                if (strchr("\\*_~`|[]()<>#-", *p))
                        g_string_append_c(s, '\\');
                g_string_append_c(s, *p);
                if (*p == '@')
                        g_string_append(s, "\u200b");
        }
        return g_string_free(s, /* free_segment= */ FALSE);
}

/* `text` as code; nothing but the backtick ends it */
static char *as_code(const char *text) {
        g_autofree char *inner = text_clean(text, TARGET_MAX_BYTES);

        g_strdelimit(inner, "`", '\'');
        return g_strdup_printf("`%s`", inner);
}

static void append_discord_transition(GString *s, const Notice *notice) {
        const Transition *transition = notice->transition;
        g_autofree char *clean = text_clean(transition->check->name, NAME_MAX_BYTES);
        g_autofree char *name = escape_markup(clean);
        g_autofree char *target = clean_target(transition->check, SUBJECT_TARGET_CHARS);
        g_autofree char *target_code = as_code(target), *detail_code = as_code(transition->detail);
        g_autofree char *node_code = as_code(transition->node_id);
        g_autofree char *reporters = reporters_text(transition), *when = when_text(notice);

        g_string_append_printf(
                        s,
                        "%s **%s** %s\n%s: %s\n",
                        events[notice->event].sign,
                        name,
                        events[notice->event].sentence,
                        kinds[transition->check->type].name,
                        target_code);
        if (is_set(transition->detail))
                g_string_append_printf(s, "Detail: %s\n", detail_code);
        g_string_append_printf(
                        s,
                        "Previous: %s\nReporters: %s\nMaster: %s\nWhen: %s\n",
                        check_state_to_string(transition->from),
                        reporters,
                        node_code,
                        when);
}

char *text_discord(const Notice *notice) {
        g_autofree char *collapsed = NULL, *test = NULL, *footer = NULL, *head = NULL;
        g_autoptr(GString) s = g_string_new(NULL);

        assert(notice);

        if (is_test(notice)) {
                test = test_head(notice);
                head = escape_markup(test);
                g_string_append_printf(s, "%s\n\n", head);
                g_clear_pointer(&head, g_free);
        }
        append_discord_transition(s, notice);
        if (notice->collapsed > 0) {
                collapsed = collapsed_text(notice);
                g_string_append_printf(s, "%s\n", collapsed);
        }

        /* small print; a message that comes twice carries the same */
        footer = g_strdup_printf("-# notice %s", notice->id);
        g_strchomp(s->str);
        head = text_shorten(s->str, DISCORD_MAX_CHARS - 1 - g_utf8_strlen(footer, -1));
        return g_strdup_printf("%s\n%s", head, footer);
}
