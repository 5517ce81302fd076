/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim.h"

void net_init(Sim *sim) {
        SimNet *net = &sim->net;

        net->streams = sim_chance(sim, 60);
        net->delay_min = sim_random(sim, 5) * USEC_PER_MSEC;
        net->delay_max = net->delay_min + USEC_PER_MSEC +
                         sim_random(sim, sim_chance(sim, 70) ? 20 : 250) * USEC_PER_MSEC;
        net->loss_percent = (unsigned) sim_random(sim, sim_chance(sim, 70) ? 4 : 20);
        if (net->streams)
                net->loss_percent /= 4; /* each breaks a connection */
        net->double_percent = net->streams ? 0 : (unsigned) sim_random(sim, 10);
}

/* Both sides lose what is on its way, and learn of the next connection. */
void net_break(Sim *sim, int a, int b) {
        usec_t again = sim->now + 20 * USEC_PER_MSEC + sim_random(sim, 300 * USEC_PER_MSEC);

        if (a == b)
                return;
        for (unsigned i = 0; i < 2; i++) {
                SimEvent *event = g_new0(SimEvent, 1);
                int from = i ? a : b, to = i ? b : a;

                sim->net.connection[from][to]++;
                sim->net.down_until[from][to] = again;
                event->kind = SIM_CONNECTED;
                event->at = again;
                event->from = from;
                event->to = to;
                event->from_id = g_strdup(sim->nodes[from].id);
                sim_push(sim, event);
        }
}

void net_heal(Sim *sim) {
        memset(sim->net.cut, 0, sizeof(sim->net.cut));
}

static void send_once(Sim *sim, SimNode *from, SimNode *to, const char *method, const char *params) {
        SimNet *net = &sim->net;
        SimEvent *event;

        if (net->streams && sim->now < net->down_until[from->index][to->index])
                return;
        if (sim_chance(sim, net->loss_percent)) {
                if (net->streams)
                        net_break(sim, from->index, to->index);
                return;
        }

        event = g_new0(SimEvent, 1);
        event->kind = SIM_DELIVER;
        event->at = sim->now + net->delay_min + sim_random(sim, net->delay_max - net->delay_min + 1);
        if (!net->streams && sim_chance(sim, 2))
                event->at += sim_random(sim, (sim_chance(sim, 10) ? 30 : 4) * USEC_PER_SEC);
        if (net->streams) {
                usec_t *last = &net->last_delivery[from->index][to->index];

                event->at = MAX(event->at, *last);
                *last = event->at;
        }
        event->connection = net->connection[from->index][to->index];
        event->from = from->index;
        event->to = to->index;
        event->from_id = g_strdup(from->id);
        event->to_id = g_strdup(to->id);
        event->method = method;
        event->params = g_strdup(params);
        sim_push(sim, event);
}

void net_send(Sim *sim, SimNode *from, const char *to_id, const char *method, const char *params) {
        SimNode *to = sim_find(sim, to_id);

        if (!to || to == from || sim->net.cut[from->index][to->index])
                return;
        send_once(sim, from, to, method, params);
        if (sim_chance(sim, sim->net.double_percent))
                send_once(sim, from, to, method, params);
}

void net_deliver(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];

        if (strcmp(node->id, event->to_id) != 0 || sim->net.cut[event->from][event->to])
                return;
        if (sim->net.streams && event->connection != sim->net.connection[event->from][event->to])
                return;
        if (sim->tell && strstr(event->method, "vote"))
                sim_say(sim, node, "gets %s of n%d: %s", event->method, event->from, event->params);
        node_receive(sim, node, event);
}

void net_connected(Sim *sim, SimEvent *event) {
        if (!sim->net.cut[event->from][event->to])
                node_connected(sim, &sim->nodes[event->to], event->from_id);
}
