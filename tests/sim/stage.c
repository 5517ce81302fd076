/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Time, chance, and what is told. */

#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

uint64_t sim_random(Sim *sim, uint64_t below) {
        uint64_t z = sim->random += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return below ? (z ^ z >> 31) % below : 0;
}

bool sim_chance(Sim *sim, unsigned percent) {
        return sim_random(sim, 100) < percent;
}

void sim_say(Sim *sim, const SimNode *node, const char *format, ...) {
        g_autofree char *text = NULL;
        char *line;
        va_list args;

        if (sim->tell == SIM_SILENT)
                return;
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        if (node)
                line = g_strdup_printf("[%9.4f] n%d  %s", (double) sim->now / 1e6, node->index, text);
        else
                line = g_strdup_printf("[%9.4f]     %s", (double) sim->now / 1e6, text);
        g_queue_push_tail(&sim->lines, line);
        while (sim->lines.length > (sim->tell == SIM_ALL ? 0 : (guint) sim->tell)) {
                g_autofree char *first = g_queue_pop_head(&sim->lines);

                if (sim->tell == SIM_ALL)
                        (void) puts(first);
        }
}

void sim_tell_rest(Sim *sim) {
        char *line;

        while ((line = g_queue_pop_head(&sim->lines))) {
                (void) puts(line);
                g_free(line);
        }
}

void sim_fail(Sim *sim, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        if (sim->failure)
                return;
        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        sim->failure = g_strdup_printf("at %.4f s: %s", (double) sim->now / 1e6, text);
        sim_say(sim, NULL, "FAILED: %s", text);
}

/* events: a binary heap by (at, order) */

static bool is_before(const SimEvent *a, const SimEvent *b) {
        return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void sim_push(Sim *sim, SimEvent *event) {
        gpointer *data;
        unsigned i = sim->heap->len;

        event->order = sim->next_order++;
        g_ptr_array_add(sim->heap, event);
        data = sim->heap->pdata;
        for (; i > 0 && is_before(data[i], data[(i - 1) / 2]); i = (i - 1) / 2) {
                gpointer other = data[i];

                data[i] = data[(i - 1) / 2];
                data[(i - 1) / 2] = other;
        }
}

SimEvent *sim_pop(Sim *sim) {
        gpointer *data = sim->heap->pdata;
        SimEvent *first = data[0];
        unsigned n = sim->heap->len - 1, i = 0;

        data[0] = data[n];
        g_ptr_array_set_size(sim->heap, (int) n);
        for (;;) {
                unsigned child = 2 * i + 1;
                gpointer other;

                if (child >= n)
                        break;
                if (child + 1 < n && is_before(data[child + 1], data[child]))
                        child++;
                if (!is_before(data[child], data[i]))
                        break;
                other = data[child];
                data[child] = data[i];
                data[i] = other;
                i = child;
        }
        return first;
}

void sim_event_free(SimEvent *event) {
        g_free(event->from_id);
        g_free(event->to_id);
        g_free(event->params);
        g_free(event);
}

SimEvent *sim_later(Sim *sim, SimEventKind kind, SimNode *to, usec_t after) {
        SimEvent *event = g_new0(SimEvent, 1);

        event->kind = kind;
        event->at = sim->now + after;
        event->to = to->index;
        event->life = to->life;
        event->number = ++sim->next_number;
        sim_push(sim, event);
        return event;
}

SimNode *sim_find(Sim *sim, const char *id) {
        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (g_strcmp0(sim->nodes[i].id, id) == 0)
                        return &sim->nodes[i];
        return NULL;
}
