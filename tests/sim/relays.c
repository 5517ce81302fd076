/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where messages go. An attempt takes a while until its last bytes are to leave; then the node asks whether
 * it is still master, and hands them over. What was handed over is with the relay, whatever becomes of the
 * node after that; the node learns the outcome a while later, or not. */

#include <stdio.h>
#include <string.h>

#include "alerts/message.h"
#include "sim.h"

void attempt_free(void *data) {
        SimAttempt *attempt = data;

        g_free(attempt->notice_id);
        g_free(attempt->recipient);
        g_free(attempt->name);
        g_free(attempt->bytes);
        g_free(attempt);
}

/* From now on all work, or refuse for good. */
void relays_heal(Sim *sim) {
        for (unsigned i = 0; i < sim->n_relays; i++)
                if (sim->relays[i].state != RELAY_REFUSES || sim_chance(sim, 70))
                        sim->relays[i].state = RELAY_TAKES;
}

static unsigned relay_of(const Sim *sim, const Alert *alert) {
        const char *where = alert->type == ALERT_SMTP ? alert->smtp_host : alert->discord_webhook;
        const char *digit = strpbrk(where, "012");

        return digit && (unsigned) (*digit - '0') < sim->n_relays ? (unsigned) (*digit - '0') : 0;
}

static usec_t until_handed(Sim *sim, const SimRelay *relay) {
        usec_t usual = 5 * USEC_PER_MSEC + sim_random(sim, 200 * USEC_PER_MSEC);

        return relay->state == RELAY_SLOW ? usual + sim_random(sim, 10 * USEC_PER_SEC) : usual;
}

void relay_start(Sim *sim, SimNode *node, const OutboxEffect *effect) {
        const Value *value = register_committed(node->reg);
        const Notice *notice = value_object(value, RECORD_NOTICE, effect->notice_id);
        const Alert *alert = notice ? value_object(value, RECORD_ALERT, notice->alert_id) : NULL;
        _cleanup_(message_freep) Message *message = NULL;
        SimAttempt *attempt;
        unsigned flags;
        SimEvent *event;

        if (!alert) /* the next value takes it out of the outbox */
                return;
        if (message_render(value, notice, &message, &flags, NULL) < 0) {
                sim_fail(sim, "n%d cannot render %s", node->index, effect->notice_id);
                return;
        }
        attempt = g_new0(SimAttempt, 1);
        attempt->notice_id = g_strdup(effect->notice_id);
        attempt->recipient = g_strdup(effect->recipient);
        attempt->name = oracle_name(notice, effect->recipient);
        attempt->attempt = effect->attempt;
        attempt->relay = relay_of(sim, alert);
        attempt->bytes =
                        g_strjoin("\n",
                                  message->message_id ?: "",
                                  message->subject ?: "",
                                  message->body ?: "",
                                  message->content ?: "",
                                  NULL);
        event = sim_later(sim, SIM_HANDED, node, until_handed(sim, &sim->relays[attempt->relay]));
        attempt->number = event->number;
        g_ptr_array_add(node->attempts, attempt);
        oracle_starts(sim, node, attempt);
}

static SimAttempt *find(SimNode *node, uint64_t number) {
        for (unsigned i = 0; i < node->attempts->len; i++) {
                SimAttempt *attempt = g_ptr_array_index(node->attempts, i);

                if (attempt->number == number)
                        return attempt;
        }
        return NULL;
}

void relay_cancel(Sim *sim, SimNode *node, const OutboxEffect *effect) {
        for (unsigned i = 0; i < node->attempts->len; i++) {
                SimAttempt *attempt = g_ptr_array_index(node->attempts, i);

                if (strcmp(attempt->notice_id, effect->notice_id) != 0 ||
                    strcmp(attempt->recipient, effect->recipient) != 0)
                        continue;
                sim_say(sim,
                        node,
                        "breaks off sending %s%s",
                        attempt->name,
                        attempt->handed ? ", which is with the relay already" : "");
                if (attempt->handed)
                        ledger_add(node->ledger,
                                   attempt->notice_id,
                                   attempt->recipient,
                                   &(AttemptOutcome){ .result = ATTEMPT_BROKEN_OFF,
                                                      .attempt = attempt->attempt });
                g_ptr_array_remove_index_fast(node->attempts, i);
                return;
        }
}

/* What the relay does with it; how long the node waits for its answer. */
static usec_t answer(Sim *sim, const SimNode *node, SimAttempt *attempt) {
        usec_t soon = 5 * USEC_PER_MSEC + sim_random(sim, 100 * USEC_PER_MSEC);

        attempt->handed = true;
        switch (sim->relays[attempt->relay].state) {
        case RELAY_BUSY:
                attempt->outcome.result = ATTEMPT_RETRY;
                attempt->outcome.answer = "busy";
                if (sim_chance(sim, 30))
                        attempt->outcome.retry_after_usec = (1 + sim_random(sim, 20)) * USEC_PER_SEC;
                return soon;
        case RELAY_REFUSES:
                oracle_refuses(sim, attempt);
                attempt->outcome.result = ATTEMPT_REFUSED;
                attempt->outcome.answer = "no such user";
                return soon;
        case RELAY_MUTE:
                attempt->outcome.result = ATTEMPT_UNKNOWN;
                attempt->outcome.answer = "no answer";
                if (sim_chance(sim, 50))
                        (void) oracle_takes(sim, node, attempt);
                return 5 * USEC_PER_SEC;
        case RELAY_SLOW:
                soon += sim_random(sim, 5 * USEC_PER_SEC);
                break;
        case RELAY_TAKES:
                break;
        }
        (void) oracle_takes(sim, node, attempt);
        attempt->outcome.result = ATTEMPT_DELIVERED;
        attempt->outcome.answer = "ok";
        return soon;
}

void relay_handed(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];
        SimAttempt *attempt = find(node, event->number);
        usec_t wait = 0;

        if (!attempt)
                return;
        attempt->outcome.attempt = attempt->attempt;
        if (node_acts(sim, node))
                wait = answer(sim, node, attempt);
        else {
                attempt->outcome.result = ATTEMPT_RETRY;
                attempt->outcome.answer = "not master any more";
        }
        attempt->number = sim_later(sim, SIM_ATTEMPTED, node, wait)->number;
}

void relay_attempted(Sim *sim, SimEvent *event) {
        SimNode *node = &sim->nodes[event->to];
        SimAttempt *attempt = find(node, event->number);
        guint i;

        if (!attempt)
                return;
        (void) g_ptr_array_find(node->attempts, attempt, &i);
        g_ptr_array_steal_index_fast(node->attempts, i);
        oracle_told(sim, node, attempt);
        node_finished(sim, node, attempt);
        attempt_free(attempt);
}
