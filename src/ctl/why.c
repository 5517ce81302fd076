/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/why.h"

#include <assert.h>
#include <string.h>

#include "ctl/rows.h"
#include "ctl/table.h"

enum {
        SHORT_ID_LEAST = 8,
        WIDE_LEAST = 120 /* columns; where there are fewer, tables leave out what can be looked up */
};

int explanation_read(sd_bus_message *reply, Explanation **ret) {
        return row_read(reply, &explanation_type, (void **) ret);
}

typedef struct Page {
        const Explanation *e;
        const WhyStyle *style;
        GPtrArray *lines;
        int id_chars; /* of a NodeID that are shown */
} Page;

static bool is_set(const char *text) {
        return text && *text;
}

static bool is_narrow(const Page *page) {
        return page->style->width > 0 && page->style->width < WIDE_LEAST;
}

/* ---- words ---- */

/* as many as tell the voters apart */
static int id_chars(const Explanation *e) {
        unsigned n = SHORT_ID_LEAST;

        for (guint i = 0; e->votes && i < e->votes->len; i++)
                for (guint j = 0; j < i; j++) {
                        const char *a = ((const ExplainedVote *) g_ptr_array_index(e->votes, i))->node_id;
                        const char *b = ((const ExplainedVote *) g_ptr_array_index(e->votes, j))->node_id;

                        while (a && b && strncmp(a, b, n) == 0 && n < strlen(a))
                                n++;
                }
        return (int) n;
}

/* caller frees */
static char *node_text(const Page *page, const char *node_id) {
        if (!is_set(node_id))
                return g_strdup("-");
        return page->style->short_ids ? g_strdup_printf("%.*s", page->id_chars, node_id) : g_strdup(node_id);
}

/* "850µs", "12.3ms", "1.204s"; "-" for a phase that did not happen; caller frees */
static char *phase_text(usec_t usec) {
        if (usec == 0)
                return g_strdup("-");
        if (usec < USEC_PER_MSEC)
                return g_strdup_printf("%" G_GUINT64_FORMAT "µs", usec);
        if (usec < USEC_PER_SEC)
                return g_strdup_printf("%.1fms", (double) usec / USEC_PER_MSEC);
        return g_strdup_printf("%.3fs", (double) usec / USEC_PER_SEC);
}

static Color state_color(const char *state) {
        return g_strcmp0(state, "up") == 0     ? COLOR_GOOD
               : g_strcmp0(state, "down") == 0 ? COLOR_BAD
                                               : COLOR_DIM;
}

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

/* ---- the pieces ---- */

static Line *add_label(Page *page, const char *label) {
        Line *line = lines_add(page->lines);

        line_printf(line, COLOR_NONE, "%-9s ", label);
        return line;
}

static void add_section(Page *page, const char *title) {
        (void) lines_add(page->lines);
        line_add(lines_add(page->lines), COLOR_HEADER, title);
}

static void add_table(Page *page, const Table *table) {
        const TableStyle style = {
                .no_header = page->style->no_headers,
                .width = page->style->is_whole ? 0 : page->style->width,
        };

        table_add_to(table, &style, page->lines);
}

static void add_state(Page *page) {
        const Explanation *e = page->e;
        g_autofree char *since = text_time(e->since), *node = node_text(page, e->decided_by);
        g_autofree char *age = text_age(usec_sub(page->style->now_realtime, e->since));
        Line *line = add_label(page, "state");

        line_add(line, state_color(e->state), is_set(e->state) ? e->state : "unknown");
        if (e->disabled)
                line_add(line, COLOR_DIM, " (disabled: neither probed nor judged)");
        if (e->stale) {
                g_autofree char *stale = text_age(e->stale_for);

                line_printf(line, COLOR_NOTICE, " (stale %s: no majority of fresh votes is known)", stale);
        }
        if (e->since == 0) {
                line_add(line, COLOR_NONE, ": no rounds have agreed on a state yet");
                return;
        }
        line_printf(line, COLOR_NONE, " since %s (%s ago)", since, age);
        line = add_label(page, "flipped");
        line_printf(line,
                    COLOR_NONE,
                    "%" G_GUINT64_FORMAT " time%s; the last time by the master %s in term %" G_GUINT64_FORMAT
                    ": %" G_GUINT64_FORMAT " ok, %" G_GUINT64_FORMAT " failing",
                    e->transitions,
                    plural(e->transitions),
                    node,
                    e->decided_term,
                    e->decided_ok,
                    e->decided_not_ok);
        if (is_set(e->decided_detail))
                line_printf(line, COLOR_NONE, ": %s", e->decided_detail);
}

static void add_head(Page *page) {
        const Explanation *e = page->e;
        g_autofree char *alerts = e->alerts ? g_strjoinv(", ", e->alerts) : NULL;

        line_printf(add_label(page, "check"), COLOR_NONE, "%s (%s)", e->name, e->type);
        line_add(add_label(page, "id"), COLOR_NONE, e->id);
        line_add(add_label(page, "target"), COLOR_NONE, e->target);
        add_state(page);
        line_add(add_label(page, "alerts"), COLOR_NONE, is_set(alerts) ? alerts : "none: nobody is told");
}

static void add_rule(Page *page) {
        const Explanation *e = page->e;
        g_autofree char *interval = usec_to_duration(e->interval), *timeout = usec_to_duration(e->timeout);
        g_autofree char *fresh = usec_to_duration(e->fresh_for), *delay = usec_to_duration(e->confirm_delay);

        add_section(page, "RULE");
        line_printf(lines_add(page->lines),
                    COLOR_NONE,
                    "Every node probes once in %s, for at most %s; its vote counts for %s.",
                    interval,
                    timeout,
                    fresh);
        line_printf(lines_add(page->lines),
                    COLOR_NONE,
                    "The state flips when %" G_GUINT64_FORMAT
                    " rounds in a row, %s apart, say so: each with "
                    "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " node%s.",
                    e->rounds_needed,
                    delay,
                    e->majority,
                    e->voters,
                    plural(e->voters));
}

/* ---- votes ---- */

static Color vote_color(const ExplainedVote *vote) {
        if (!vote->counts)
                return COLOR_DIM;
        return g_strcmp0(vote->result, "ok") == 0       ? COLOR_GOOD
               : g_strcmp0(vote->result, "failed") == 0 ? COLOR_BAD
                                                        : COLOR_NOTICE;
}

static void add_phases(Table *table, const ExplainedVote *vote) {
        const usec_t phases[] = { vote->resolve, vote->connect, vote->tls, vote->first_byte, vote->total };

        for (size_t i = 0; i < G_N_ELEMENTS(phases); i++) {
                g_autofree char *text = phase_text(phases[i]);

                table_add(table, text);
        }
}

static void add_vote(const Page *page, Table *table, const ExplainedVote *vote) {
        g_autofree char *node = node_text(page, vote->node_id), *age = text_age(vote->age), *result = NULL;
        bool is_silent = g_strcmp0(vote->result, "silent") == 0;

        result = g_strdup_printf("%s%s", vote->result, is_silent || vote->counts ? "" : " (too old)");
        table_add(table, node);
        if (!is_narrow(page))
                table_add(table, vote->advertise);
        table_add_color(table, result, vote_color(vote));
        table_add(table, is_silent ? "-" : age);
        add_phases(table, vote);
        if (!is_narrow(page))
                table_add(table, is_set(vote->address) ? vote->address : "-");
        table_add(table, vote->detail);
}

static void add_source(Page *page) {
        const Explanation *e = page->e;
        g_autofree char *master = node_text(page, e->master);
        Line *line = lines_add(page->lines);

        if (g_strcmp0(e->source, EXPLAINED_BY_MASTER) == 0)
                line_printf(line, COLOR_NONE, "Counted by the master %s: ", master);
        else if (g_strcmp0(e->source, EXPLAINED_BY_PUSH) == 0)
                line_printf(line,
                            COLOR_NOTICE,
                            "The master %s does not answer; this is what it last said: ",
                            master);
        else
                line_add(line,
                         COLOR_NOTICE,
                         "There is no master; this is what each node within reach saw: ");
        if (g_strcmp0(e->source, EXPLAINED_BY_NODES) != 0)
                line_printf(line,
                            COLOR_NONE,
                            "%" G_GUINT64_FORMAT " ok, %" G_GUINT64_FORMAT " failing, %" G_GUINT64_FORMAT
                            " abstained, of %" G_GUINT64_FORMAT ". ",
                            e->ok,
                            e->not_ok,
                            e->abstained,
                            e->voters);
        if (e->asked > 0)
                line_printf(line,
                            e->answered < e->asked ? COLOR_NOTICE : COLOR_NONE,
                            "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " other node%s answered.",
                            e->answered,
                            e->asked,
                            plural(e->asked));
}

static void add_votes(Page *page) {
        static const char *const wide[] = { "NODE", "ADVERTISE",  "ANSWER", "AGE",     "RESOLVE", "CONNECT",
                                            "TLS",  "FIRST BYTE", "TOTAL",  "ADDRESS", "DETAIL" };
        static const char *const narrow[] = { "NODE", "ANSWER", "AGE",   "DNS",   "CONN",
                                              "TLS",  "BYTE",   "TOTAL", "DETAIL" };
        _cleanup_(table_freep) Table *table = is_narrow(page) ? table_new(narrow, G_N_ELEMENTS(narrow))
                                                              : table_new(wide, G_N_ELEMENTS(wide));
        const GPtrArray *votes = page->e->votes;

        add_section(page, "VOTES");
        add_source(page);
        for (guint i = 0; votes && i < votes->len; i++)
                add_vote(page, table, g_ptr_array_index(votes, i));
        add_table(page, table);
}

/* ---- rounds ---- */

static void add_phase(Page *page) {
        const Explanation *e = page->e;
        g_autofree char *due = phase_text(e->due_in);
        Line *line = lines_add(page->lines);

        if (!is_set(e->phase))
                line_add(line, COLOR_NOTICE, "Only the master knows them, and none answers.");
        else if (g_strcmp0(e->phase, "calm") == 0)
                line_add(line, COLOR_NONE, "No fresh vote contradicts the state, so none is under way.");
        else if (g_strcmp0(e->phase, "suspect") == 0)
                line_printf(line, COLOR_NOTICE, "A vote contradicts the state; a round opens in %s.", due);
        else if (g_strcmp0(e->phase, "proposed") == 0)
                line_printf(line, COLOR_NOTICE, "It is decided: %s is being committed.", e->candidate);
        else
                line_printf(line,
                            COLOR_NOTICE,
                            "%s %s; %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " agreed so far%s%s.",
                            g_strcmp0(e->phase, "round") == 0 ? "A round is open, for at most"
                                                              : "The next round opens in",
                            due,
                            e->agreed,
                            e->rounds_needed,
                            is_set(e->candidate) ? " on " : "",
                            e->candidate ?: "");
}

/* The term and the number in it: next_round() of verdict/round.c puts them into one. */
static void add_round_number(Table *table, uint64_t number) {
        g_autofree char *text = g_strdup_printf(
                        "%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, number >> 32, number & UINT32_MAX);

        table_add(table, text);
}

static void add_count(Table *table, uint64_t n) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, n);

        table_add(table, text);
}

static void add_round(Table *table, const RoundView *round) {
        g_autofree char *age = text_age(round->age);

        add_round_number(table, round->number);
        table_add(table, age);
        add_count(table, round->ok);
        add_count(table, round->not_ok);
        add_count(table, round->abstained);
        add_count(table, round->silent);
        table_add_color(table,
                        round->open           ? "(open)"
                        : is_set(round->said) ? round->said
                                              : "no majority",
                        is_set(round->said) ? state_color(round->said) : COLOR_DIM);
}

static void add_rounds(Page *page) {
        static const char *const headers[] = {
                "ROUND", "AGE", "OK", "FAILING", "ABSTAINED", "SILENT", "SAID"
        };
        _cleanup_(table_freep) Table *table = table_new(headers, G_N_ELEMENTS(headers));
        const GPtrArray *rounds = page->e->rounds;

        add_section(page, "ROUNDS");
        add_phase(page);
        for (guint i = 0; rounds && i < rounds->len; i++)
                add_round(table, g_ptr_array_index(rounds, i));
        if (rounds && rounds->len > 0)
                add_table(page, table);
}

/* ---- deliveries ---- */

static char *result_text(const Page *page, const Telling *telling) {
        usec_t now = page->style->now_realtime;
        g_autofree char *pause = NULL;

        if (g_strcmp0(telling->result, "owed") != 0)
                return g_strdup(telling->result);
        if (telling->attempts == 0)
                return g_strdup("owed");
        if (telling->retry_at <= now)
                return g_strdup("owed, again now");
        pause = text_age(telling->retry_at - now);
        return g_strdup_printf("owed, again in %s", pause);
}

static Color result_color(const Telling *telling) {
        return g_strcmp0(telling->result, "delivered") == 0 ? COLOR_GOOD
               : g_strcmp0(telling->result, "owed") == 0    ? COLOR_NOTICE
                                                            : COLOR_BAD;
}

static char *when_text(const Page *page, const Telling *telling) {
        usec_t when = telling->at > 0 ? telling->at : telling->created;

        return is_narrow(page) ? text_age(usec_sub(page->style->now_realtime, when)) : text_time(when);
}

static void add_telling(const Page *page, Table *table, const Telling *telling) {
        g_autofree char *when = when_text(page, telling), *result = result_text(page, telling);
        g_autofree char *node = node_text(page, telling->node_id);
        g_autofree char *tries = g_strdup_printf("%" G_GUINT64_FORMAT, telling->attempts);
        bool is_known = telling->attempts > 0 || g_strcmp0(telling->result, "owed") == 0;

        if (!is_narrow(page))
                add_count(table, telling->number);
        table_add(table, telling->event);
        table_add(table, telling->alert);
        table_add(table, telling->recipient);
        table_add_color(table, result, result_color(telling));
        table_add(table, when);
        if (!is_narrow(page))
                table_add(table, is_known ? tries : "-");
        table_add(table, node);
        table_add(table, telling->answer);
}

static void add_deliveries(Page *page) {
        static const char *const wide[] = { "FLIP", "EVENT", "ALERT", "RECIPIENT", "RESULT",
                                            "WHEN", "TRIES", "BY",    "REPLY" };
        static const char *const narrow[] = {
                "EVENT", "ALERT", "RECIPIENT", "RESULT", "AGE", "BY", "REPLY"
        };
        _cleanup_(table_freep) Table *table = is_narrow(page) ? table_new(narrow, G_N_ELEMENTS(narrow))
                                                              : table_new(wide, G_N_ELEMENTS(wide));
        const GPtrArray *deliveries = page->e->deliveries;

        add_section(page, "TOLD");
        if (!deliveries || deliveries->len == 0) {
                line_add(lines_add(page->lines),
                         COLOR_NONE,
                         "Nobody, as far as the register and the running daemons know.");
                return;
        }
        for (guint i = 0; i < deliveries->len; i++)
                add_telling(page, table, g_ptr_array_index(deliveries, i));
        add_table(page, table);
}

GPtrArray *why_lines(const Explanation *explanation, const WhyStyle *style) {
        Page page = { .e = explanation, .style = style, .lines = lines_new() };

        assert(explanation);
        assert(style);

        page.id_chars = id_chars(explanation);
        add_head(&page);
        add_rule(&page);
        add_votes(&page);
        add_rounds(&page);
        add_deliveries(&page);
        return page.lines;
}
