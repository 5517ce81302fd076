/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "truth.h"

#define DAY (24 * USEC_PER_HOUR)

typedef struct Settings {
        uint64_t seed;
        unsigned n_checks, n_days;
        usec_t interval, timeout;
        int only_check; /* -1: all */
        bool asserts;   /* fails where quptime's promise or the relation to the others does not hold */
        double tell_at; /* seconds into the year, of only_check */
        unsigned tell_nodes;
} Settings;

typedef struct Ledger {
        Score scores[_RULE_MAX];
        YearCounts counts;
        bool broken;
        uint64_t n_restarts, n_outages; /* of the targets */
        GPtrArray *incidents;           /* of char *, quptime's */
} Ledger;

static void ledger_init(Ledger *ledger) {
        *ledger = (Ledger){ .incidents = g_ptr_array_new_with_free_func(g_free) };
        for (size_t i = 0; i < _RULE_MAX; i++)
                score_init(&ledger->scores[i]);
}

static void ledger_done(Ledger *ledger) {
        for (size_t i = 0; i < _RULE_MAX; i++)
                score_done(&ledger->scores[i]);
        g_ptr_array_unref(ledger->incidents);
}

/* ---- running ---- */

static void tell_incidents(Ledger *ledger, const GArray *told, unsigned number, unsigned n_nodes) {
        for (guint i = 0; i < told->len; i++) {
                const Incident *incident = &g_array_index(told, Incident, i);

                g_ptr_array_add(ledger->incidents,
                                g_strdup_printf("%s: --nodes %u --check %u --at %.0f",
                                                incident->what,
                                                n_nodes,
                                                number,
                                                (double) (incident->at - TRUTH_BEGIN) /
                                                                (double) USEC_PER_SEC));
        }
}

static void tales_init(Tale tales[static _RULE_MAX]) {
        for (size_t i = 0; i < _RULE_MAX; i++)
                tales[i].pages = g_array_new(FALSE, FALSE, sizeof(Page));
}

static void tales_done(Tale tales[static _RULE_MAX]) {
        for (size_t i = 0; i < _RULE_MAX; i++)
                g_array_unref(tales[i].pages);
}

/* Whether skipping the quiet stretches changes anything. */
static bool skips_nothing_that_matters(
                World *world, WorldTarget *target, const YearOptions *options, const Tale *tales) {
        YearOptions patient = *options;
        YearCounts counts = {};
        Tale others[_RULE_MAX];
        bool same = true;

        patient.patient = true;
        tales_init(others);
        year_run(world, target, &patient, others, &counts);
        for (unsigned i = 0; i < _RULE_MAX; i++) {
                same = same && tales[i].pages->len == others[i].pages->len;
                for (guint j = 0; same && j < tales[i].pages->len; j++) {
                        const Page *a = &g_array_index(tales[i].pages, Page, j);
                        const Page *b = &g_array_index(others[i].pages, Page, j);

                        same = a->at == b->at && a->down == b->down;
                }
                if (!same)
                        printf("skipping quiet stretches changes the pages of: %s\n", rule_name(i));
        }
        tales_done(others);
        return same;
}

static void count_troubles(Ledger *ledger, const WorldTarget *target) {
        for (guint i = 0; i < target->states.spells->len; i++) {
                bool outage = spell_is_outage(&g_array_index(target->states.spells, Spell, i));

                ledger->n_outages += outage;
                ledger->n_restarts += !outage;
        }
}

static void
run_check(const Settings *settings,
          World *world,
          unsigned number,
          const YearOptions *options,
          Ledger *ledger) {
        Tale tales[_RULE_MAX];
        WorldTarget target;

        world_target_init(&target, world, number, settings->interval, settings->timeout);
        tales_init(tales);
        year_run(world, &target, options, tales, &ledger->counts);
        if (settings->asserts && number == 0 && !skips_nothing_that_matters(world, &target, options, tales))
                ledger->broken = true;
        count_troubles(ledger, &target);
        for (size_t i = 0; i < _RULE_MAX; i++) {
                g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(Incident));

                score_add(&ledger->scores[i], world, &target, &tales[i], options, told);
                if (i == RULE_QUPTIME)
                        tell_incidents(ledger, told, number, options->n_nodes);
        }
        tales_done(tales);
        world_target_done(&target);
}

static void run_all(const Settings *settings, World *world, unsigned n_nodes, Ledger *ledger) {
        g_autoptr(GArray) leads = leads_new(world, n_nodes);
        YearOptions options = { .n_nodes = n_nodes, .leads = leads };

        if (settings->only_check >= 0) {
                usec_t at = TRUTH_BEGIN + (usec_t) (settings->tell_at * (double) USEC_PER_SEC);

                options.verbose = true;
                options.tell_from = usec_sub(at, 2 * USEC_PER_MINUTE);
                options.tell_until = at + 2 * USEC_PER_MINUTE;
                run_check(settings, world, (unsigned) settings->only_check, &options, ledger);
                return;
        }
        for (unsigned i = 0; i < settings->n_checks; i++)
                run_check(settings, world, i, &options, ledger);
        printf("\n%u nodes, %u checks every %.0f s with a time-out of %.0f s, %u days, seed "
               "%" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT " probes, %" G_GUINT64_FORMAT
               " outages, %" G_GUINT64_FORMAT " restarts of less than 4 s, %u leads\n",
               n_nodes,
               settings->n_checks,
               (double) settings->interval / (double) USEC_PER_SEC,
               (double) settings->timeout / (double) USEC_PER_SEC,
               settings->n_days,
               settings->seed,
               ledger->counts.probes,
               ledger->n_outages,
               ledger->n_restarts,
               leads->len);
}

/* ---- tables ---- */

static void print_delays(const Score *score, OutageKind kind) {
        static const double quantiles[] = { 0.5, 0.9, 0.99, 1.0 };

        for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++) {
                usec_t delay = score_delay(score, kind, quantiles[i]);

                if (delay == USEC_INFINITY)
                        printf(" |  -  ");
                else
                        printf(" | %5.1f", (double) delay / (double) USEC_PER_SEC);
        }
}

static void print_counts(const Ledger *ledger) {
        printf("\n| rule | false DOWN | restart paged | cut off | late | by, s | right | again | outages | "
               "missed | beyond "
               "bound |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (unsigned i = 0; i < _RULE_MAX; i++) {
                const Score *score = &ledger->scores[i];

                printf("| %s | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT
                       " | %" G_GUINT64_FORMAT " | %.0f | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT
                       " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " |\n",
                       rule_name(i),
                       score->false_down,
                       score->restarts,
                       score->cut_off,
                       score->late,
                       (double) score->latest / (double) USEC_PER_SEC,
                       score->right,
                       score->repeated,
                       score->outages,
                       score->missed,
                       score->beyond);
        }
}

static void print_distribution(const Ledger *ledger, OutageKind kind, const char *name) {
        printf("\n| %s, seconds | n | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|\n", name);
        for (unsigned i = 0; i < _RULE_MAX; i++) {
                printf("| %s | %u", rule_name(i), ledger->scores[i].delays[kind]->len);
                print_delays(&ledger->scores[i], kind);
                printf(" |\n");
        }
}

static void print_ledger(const Ledger *ledger) {
        const Score *own = &ledger->scores[RULE_QUPTIME];

        print_counts(ledger);
        print_distribution(ledger, OUTAGE_REFUSING, "refuses");
        print_distribution(ledger, OUTAGE_SILENT, "silent");
        printf("\nquptime beyond its bound though all was calm: %" G_GUINT64_FORMAT
               "; rounds asked: %" G_GUINT64_FORMAT ", transitions: %" G_GUINT64_FORMAT "\n",
               own->beyond_calm,
               ledger->counts.rounds,
               ledger->counts.transitions);
        for (guint i = 0; i < ledger->incidents->len; i++)
                printf("look at: %s\n", (const char *) g_ptr_array_index(ledger->incidents, i));
        printf("\n");
}

/* ---- the relation ---- */

/* told for nothing: none of these should have woken anybody */
static uint64_t n_wrong(const Score *score) {
        return score->false_down + score->restarts + score->late + score->repeated;
}

static bool holds(const Ledger *ledger, unsigned n_nodes) {
        const Score *own = &ledger->scores[RULE_QUPTIME], *original = &ledger->scores[RULE_ORIGINAL];
        const Score *first = &ledger->scores[RULE_FIRST];

        if (ledger->broken)
                return false;
        if (own->false_down > 0 || own->restarts > 0 || own->missed > 0 || own->beyond_calm > 0) {
                printf("%u nodes: quptime's promise does not hold\n", n_nodes);
                return false;
        }
        if (own->outages == 0 || first->false_down == 0 || n_wrong(original) <= n_wrong(own)) {
                printf("%u nodes: nothing was shown, the world is too kind\n", n_nodes);
                return false;
        }
        return true;
}

static bool run(const Settings *settings) {
        static const unsigned sizes[] = { 3, 5 };
        bool good = true;
        World world;

        world_init(&world, settings->seed, settings->n_days * DAY);
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                Ledger ledger;

                if (settings->tell_nodes > 0 && settings->tell_nodes != sizes[i])
                        continue;
                ledger_init(&ledger);
                run_all(settings, &world, sizes[i], &ledger);
                if (settings->only_check < 0)
                        print_ledger(&ledger);
                if (settings->asserts)
                        good = holds(&ledger, sizes[i]) && good;
                ledger_done(&ledger);
        }
        world_done(&world);
        return good;
}

int main(int argc, char **argv) {
        gint64 seed = 1;
        gint checks = 100, days = 365, interval = 30, timeout = 10, only = -1, nodes = 0;
        gdouble at = 0;
        gboolean asserts = FALSE;
        GOptionEntry options[] = {
                { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Of the world (default: 1)", "N" },
                { "checks", 0, 0, G_OPTION_ARG_INT, &checks, "How many (default: 100)", "N" },
                { "days", 0, 0, G_OPTION_ARG_INT, &days, "How long (default: 365)", "N" },
                { "interval", 0, 0, G_OPTION_ARG_INT, &interval, "Seconds (default: 30)", "N" },
                { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, "Seconds (default: 10)", "N" },
                { "nodes", 0, 0, G_OPTION_ARG_INT, &nodes, "Only 3 or only 5", "N" },
                { "check", 0, 0, G_OPTION_ARG_INT, &only, "Only this one, telling what happens", "N" },
                { "at", 0, 0, G_OPTION_ARG_DOUBLE, &at, "two minutes before and after", "SECONDS" },
                { "assert",
                  0,
                  0,
                  G_OPTION_ARG_NONE,
                  &asserts,
                  "Fail unless quptime keeps its promise",
                  NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new("- what a page is worth");
        g_autoptr(GError) error = NULL;
        Settings settings;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        g_option_context_add_main_entries(context, options, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                fprintf(stderr, "%s\n", error->message);
                return 2;
        }
        if (checks < 1 || days < 1 || days > 3660 || timeout < 1 || interval < timeout) {
                fprintf(stderr, "there must be checks, days, and a time-out within the interval\n");
                return 2;
        }

        settings = (Settings){
                .seed = (uint64_t) seed,
                .n_checks = (unsigned) checks,
                .n_days = (unsigned) days,
                .interval = (usec_t) interval * USEC_PER_SEC,
                .timeout = (usec_t) timeout * USEC_PER_SEC,
                .only_check = only,
                .asserts = asserts,
                .tell_at = at,
                .tell_nodes = (unsigned) nodes,
        };
        return run(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
