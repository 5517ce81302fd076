/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who leads when. The register has its own simulator; here leadership is a list of intervals, made from the
 * same uplinks by its rules: a node whose uplink is cut, or loses most for over a second, or that does not
 * run, takes no part; without a majority nobody leads; the smallest that takes part is elected, and a
 * smaller one that has come back waits two minutes. */

#include "truth.h"

#define GIVEN_UP_AFTER (1 * USEC_PER_SEC) /* a burst that lasts so long breaks contact */
/* from lost to elected; docs/performance.md: 0.96 to 1.34 s */
#define ELECTION_USEC (1200 * USEC_PER_MSEC)
#define HANDOVER_USEC (50 * USEC_PER_MSEC)
#define SETTLE_USEC (120 * USEC_PER_SEC)

typedef struct Change {
        usec_t at;
        unsigned node;
        int away; /* +1: one more reason, -1: one less */
} Change;

typedef struct Parliament {
        unsigned n_nodes;
        int away[TRUTH_NODES_MAX];
        usec_t back_since[TRUTH_NODES_MAX];
        int leader; /* -1: nobody */
        uint64_t term;
        usec_t started;
        usec_t election; /* USEC_INFINITY: none under way */
        GArray *leads;
} Parliament;

static int compare_changes(gconstpointer a, gconstpointer b) {
        const Change *x = a, *y = b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return (int) x->node - (int) y->node;
}

static void gather(GArray *changes, const Line *line, unsigned node, usec_t tolerated) {
        for (guint i = 0; i < line->spells->len; i++) {
                const Spell *spell = &g_array_index(line->spells, Spell, i);

                if (spell->end <= spell->start + tolerated)
                        continue;
                g_array_append_val(changes, ((Change){ spell->start + tolerated, node, +1 }));
                g_array_append_val(changes, ((Change){ spell->end, node, -1 }));
        }
}

static int smallest(const Parliament *p) {
        for (unsigned k = 0; k < p->n_nodes; k++)
                if (p->away[k] == 0)
                        return (int) k;
        return -1;
}

static bool has_quorum(const Parliament *p) {
        unsigned n = 0;

        for (unsigned k = 0; k < p->n_nodes; k++)
                n += p->away[k] == 0;
        return n >= p->n_nodes / 2 + 1;
}

static void end_lead(Parliament *p, usec_t now) {
        Lead lead = { .start = p->started, .end = now, .term = p->term };

        if (p->leader < 0)
                return;
        lead.node = (unsigned) p->leader;
        if (lead.end > lead.start)
                g_array_append_val(p->leads, lead);
        p->leader = -1;
}

static void begin_lead(Parliament *p, int node, usec_t now) {
        p->leader = node;
        p->term++;
        p->started = now;
        p->election = USEC_INFINITY;
}

static usec_t handover_due(const Parliament *p) {
        usec_t due = USEC_INFINITY;

        for (int k = 0; k < p->leader; k++)
                if (p->away[k] == 0)
                        due = MIN(due, usec_add(p->back_since[k], SETTLE_USEC));
        return due;
}

static void on_change(Parliament *p, const Change *change) {
        p->away[change->node] += change->away;
        if (p->away[change->node] == 0)
                p->back_since[change->node] = change->at;
        if (p->leader >= 0 && (p->away[p->leader] > 0 || !has_quorum(p)))
                end_lead(p, change->at);
        if (p->leader < 0 && has_quorum(p))
                p->election = change->at + ELECTION_USEC;
        else if (p->leader < 0)
                p->election = USEC_INFINITY;
}

static void on_handover(Parliament *p, usec_t now) {
        int heir = -1;

        for (int k = p->leader - 1; k >= 0; k--)
                if (p->away[k] == 0 && p->back_since[k] + SETTLE_USEC <= now)
                        heir = k;
        end_lead(p, now);
        begin_lead(p, heir, now + HANDOVER_USEC);
}

GArray *leads_new(World *world, unsigned n_nodes) {
        g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(Change));
        Parliament p = { .n_nodes = n_nodes, .leader = -1, .election = TRUTH_BEGIN };
        guint i = 0;

        p.leads = g_array_new(FALSE, FALSE, sizeof(Lead));
        for (unsigned k = 0; k < n_nodes; k++) {
                gather(changes, &world->nodes[k].bursts, k, GIVEN_UP_AFTER);
                gather(changes, &world->nodes[k].cuts, k, 0);
                gather(changes, &world->nodes[k].crashes, k, 0);
        }
        g_array_sort(changes, compare_changes);

        for (;;) {
                usec_t change = i < changes->len ? g_array_index(changes, Change, i).at : USEC_INFINITY;
                usec_t handover = handover_due(&p), now = MIN(change, MIN(handover, p.election));

                if (now >= world->end)
                        break;
                if (now == change)
                        on_change(&p, &g_array_index(changes, Change, i++));
                else if (now == p.election)
                        begin_lead(&p, smallest(&p), now);
                else
                        on_handover(&p, now);
        }
        end_lead(&p, world->end);
        return p.leads;
}
