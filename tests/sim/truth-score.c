/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What each DOWN was worth, and what was never paged. The words are defined in docs/truth.md. */

#include "truth.h"

/* a DOWN may follow the end of an outage by so much and not miss it */
#define GRACE_USEC (15 * USEC_PER_SEC)

void score_init(Score *score) {
        *score = (Score){};
        for (size_t i = 0; i < _OUTAGE_KIND_MAX; i++)
                score->delays[i] = g_array_new(FALSE, FALSE, sizeof(usec_t));
}

void score_done(Score *score) {
        for (size_t i = 0; i < _OUTAGE_KIND_MAX; i++)
                g_array_unref(score->delays[i]);
}

usec_t truth_bound(const WorldTarget *target, unsigned n_nodes, OutageKind kind) {
        if (kind == OUTAGE_REFUSING)
                return target->interval + 4 * USEC_PER_SEC;
        return target->interval / n_nodes + 3 * target->timeout + 6 * USEC_PER_SEC;
}

/* whether the line has a spell between, both included */
static bool line_touches(Line *line, usec_t from, usec_t until, usec_t at_least) {
        (void) line_at(line, from);
        for (guint i = line->at; i < line->spells->len; i++) {
                const Spell *spell = &g_array_index(line->spells, Spell, i);

                if (spell->start > until)
                        return false;
                if (spell->end >= from && spell->end - spell->start >= at_least)
                        return true;
        }
        return false;
}

/* Within the last time-out most nodes were cut from the target, by nothing that the target did. */
static bool most_are_cut_off(World *world, WorldTarget *target, unsigned n_nodes, usec_t now) {
        usec_t from = now - target->timeout;
        unsigned n = 0;

        for (unsigned k = 0; k < n_nodes; k++)
                n += line_touches(&world->nodes[k].cuts, from, now, 0) ||
                     line_touches(&target->paths[k].cuts, from, now, 0);
        return n >= n_nodes / 2 + 1;
}

/* of the last spell that is over by now */
static usec_t last_end(Line *line, usec_t now) {
        (void) line_at(line, now);
        return line->at > 0 ? g_array_index(line->spells, Spell, line->at - 1).end : 0;
}

static void note(GArray *told, const char *what, usec_t at) {
        g_array_append_val(told, ((Incident){ .what = what, .at = at }));
}

static void
judge_down(Score *score,
           World *world,
           WorldTarget *target,
           const Page *page,
           usec_t *last_outage,
           unsigned n_nodes,
           GArray *told) {
        const Spell *spell = line_at(&target->states, page->at);

        if (spell_is_outage(spell)) {
                score->right++;
                score->repeated += *last_outage == spell->start;
                *last_outage = spell->start;
        } else if (page->causes & CAUSE_OUTAGE) {
                score->late++;
                score->latest = MAX(score->latest, page->at - last_end(&target->states, page->at));
                note(told, "late", page->at);
        } else if (page->causes & CAUSE_RESTART) {
                score->restarts++;
                note(told, "short restart paged", page->at);
        } else if (most_are_cut_off(world, target, n_nodes, page->at)) {
                score->cut_off++;
                note(told, "cut off", page->at);
        } else {
                score->false_down++;
                note(told, "false DOWN", page->at);
        }
}

/* Nobody was away between, and the lead did not change. */
static bool was_calm(World *world, const YearOptions *options, usec_t from, usec_t until) {
        for (guint i = 0; i < options->leads->len; i++) {
                const Lead *lead = &g_array_index(options->leads, Lead, i);

                if (lead->start >= from && lead->start <= until)
                        return false;
        }
        for (unsigned k = 0; k < options->n_nodes; k++)
                if (line_touches(&world->nodes[k].crashes, from, until, 0) ||
                    line_touches(&world->nodes[k].cuts, from, until, 0) ||
                    line_touches(&world->nodes[k].bursts, from, until, 0))
                        return false;
        return true;
}

/* the page that tells of the outage; down_already: one before it still stands */
static const Page *find_page(const Tale *tale, const Spell *outage, bool *ret_down_already) {
        *ret_down_already = false;
        for (guint i = 0; i < tale->pages->len; i++) {
                const Page *page = &g_array_index(tale->pages, Page, i);

                if (page->at < outage->start)
                        *ret_down_already = page->down;
                else if (page->at > outage->end + GRACE_USEC)
                        return NULL;
                else if (page->down)
                        return page;
        }
        return NULL;
}

static void
judge_outage(Score *score,
             World *world,
             WorldTarget *target,
             const Tale *tale,
             const Spell *outage,
             const YearOptions *options,
             GArray *told) {
        OutageKind kind = outage->kind == SPELL_REFUSING ? OUTAGE_REFUSING : OUTAGE_SILENT;
        usec_t bound = truth_bound(target, options->n_nodes, kind), delay;
        bool down_already, calm;
        const Page *page = find_page(tale, outage, &down_already);

        if (outage->end - outage->start <= bound)
                return;
        score->outages++;
        if (down_already)
                return;
        if (!page) {
                score->missed++;
                note(told, "missed", outage->start);
                return;
        }
        delay = page->at - outage->start;
        g_array_append_val(score->delays[kind], delay);
        if (delay <= bound)
                return;
        score->beyond++;
        calm = was_calm(world, options, outage->start - target->interval, page->at);
        score->beyond_calm += calm;
        note(told, calm ? "beyond its bound, all calm" : "beyond its bound", page->at);
}

void score_add(Score *score,
               World *world,
               WorldTarget *target,
               const Tale *tale,
               const YearOptions *options,
               GArray *told) {
        usec_t last_outage = 0;

        for (guint i = 0; i < tale->pages->len; i++) {
                const Page *page = &g_array_index(tale->pages, Page, i);

                if (page->down)
                        judge_down(score, world, target, page, &last_outage, options->n_nodes, told);
        }
        for (guint i = 0; i < target->states.spells->len; i++) {
                const Spell *spell = &g_array_index(target->states.spells, Spell, i);

                if (spell_is_outage(spell))
                        judge_outage(score, world, target, tale, spell, options, told);
        }
}

static int compare_usec(gconstpointer a, gconstpointer b) {
        usec_t x = *(const usec_t *) a, y = *(const usec_t *) b;

        return x < y ? -1 : x > y;
}

usec_t score_delay(const Score *score, OutageKind kind, double quantile) {
        GArray *delays = score->delays[kind];

        if (delays->len == 0)
                return USEC_INFINITY;
        g_array_sort(delays, compare_usec);
        return g_array_index(delays, usec_t, (guint) ((double) (delays->len - 1) * quantile + 0.5));
}
