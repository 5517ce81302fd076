/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What quptime is measured against. */

#include "truth.h"

#include "model/check.h"

const OneHost one_host_rules[N_ONE_HOST] = {
        { .name = "one host, first failure" },
        { .name = "one host, 1 retry after 2 s", .n_retries = 1, .spacing = 2 * USEC_PER_SEC },
        { .name = "one host, 2 retries 2 s apart", .n_retries = 2, .spacing = 2 * USEC_PER_SEC },
        { .name = "one host, 3 retries 2 s apart", .n_retries = 3, .spacing = 2 * USEC_PER_SEC },
        { .name = "one host, 1 retry, next interval", .n_retries = 1 },
        { .name = "one host, 2 retries, next intervals", .n_retries = 2 },
        { .name = "one host, 3 retries, next intervals", .n_retries = 3 },
};

const char *rule_name(Rule rule) {
        if (rule == RULE_QUPTIME)
                return "quptime";
        if (rule == RULE_ORIGINAL)
                return "majority of who reported, twice";
        return one_host_rules[rule - ONE_HOST_FIRST].name;
}

/* ---- what people are told ---- */

bool tale_is_down(const Tale *tale) {
        return tale->pages->len > 0 && g_array_index(tale->pages, Page, tale->pages->len - 1).down;
}

void tale_down(Tale *tale, usec_t at, unsigned causes) {
        g_array_append_val(tale->pages, ((Page){ .at = at, .down = true, .causes = causes }));
}

void tale_up(Tale *tale, usec_t at) {
        if (tale_is_down(tale))
                g_array_append_val(tale->pages, ((Page){ .at = at }));
}

/* ---- one host ---- */

usec_t one_host_see(OneHost *host, const Outcome *outcome, bool is_retry, usec_t now) {
        if (host->retrying && !is_retry)
                return USEC_INFINITY; /* its own retries decide */

        host->retrying = false;
        if (outcome->result == OBSERVATION_OK) {
                host->n_failed = 0;
                host->causes = 0;
                tale_up(&host->tale, now);
                return USEC_INFINITY;
        }

        host->n_failed++;
        host->causes |= outcome->causes;
        if (tale_is_down(&host->tale))
                return USEC_INFINITY;
        if (host->n_failed > host->n_retries) {
                tale_down(&host->tale, now, host->causes);
                return USEC_INFINITY;
        }
        host->retrying = host->spacing > 0;
        return host->retrying ? now + host->spacing : USEC_INFINITY;
}

bool one_host_is_calm(const OneHost *host) {
        return host->n_failed == 0 && !host->retrying && !tale_is_down(&host->tale);
}

/* ---- the original's ---- */

void aggregator_note(Aggregator *aggregator, unsigned node, const Outcome *outcome) {
        aggregator->reports[node].at = outcome->end;
        aggregator->reports[node].ok = outcome->result == OBSERVATION_OK;
        aggregator->reports[node].causes = outcome->causes;
}

static CheckState aggregate(const Aggregator *aggregator, usec_t interval, usec_t now, unsigned *causes) {
        usec_t fresh = MAX(30 * USEC_PER_SEC, 3 * interval);
        unsigned n_ok = 0, n_failed = 0;

        *causes = 0;
        for (unsigned k = 0; k < TRUTH_NODES_MAX; k++) {
                if (aggregator->reports[k].at == 0 || now > aggregator->reports[k].at + fresh)
                        continue;
                n_ok += aggregator->reports[k].ok;
                n_failed += !aggregator->reports[k].ok;
                *causes |= aggregator->reports[k].causes;
        }
        return n_ok + n_failed == 0 ? CHECK_UNKNOWN : n_failed > n_ok ? CHECK_DOWN : CHECK_UP;
}

void aggregator_report(
                Aggregator *aggregator,
                unsigned node,
                const Outcome *outcome,
                usec_t interval,
                usec_t now,
                Tale *tale) {
        unsigned causes;
        CheckState said;

        aggregator_note(aggregator, node, outcome);
        said = aggregate(aggregator, interval, now, &causes);
        if (said != (CheckState) aggregator->candidate) {
                aggregator->candidate = (int) said;
                aggregator->n_agreed = 0;
        }
        if (++aggregator->n_agreed < 2 || said == (CheckState) aggregator->state)
                return;

        aggregator->state = (int) said;
        if (said == CHECK_DOWN)
                tale_down(tale, now, causes);
        else
                tale_up(tale, now);
}

bool aggregator_is_calm(const Aggregator *aggregator) {
        for (unsigned k = 0; k < TRUTH_NODES_MAX; k++)
                if (aggregator->reports[k].at > 0 && !aggregator->reports[k].ok)
                        return false;
        return aggregator->state == CHECK_UP && aggregator->candidate == CHECK_UP;
}
