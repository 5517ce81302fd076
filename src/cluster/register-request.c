/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This node's own changes, from the asking to the answer. Whoever leads is asked, through another node if
 * need be, again and again until the deadline; the cluster's memory of change ids makes the change count
 * once. Done means seen: the answer waits until this node itself shows the value that holds the change. */

#include <assert.h>
#include <string.h>

#include "cluster/register-state.h"

void request_free(void *data) {
        Request *request = data;

        if (!request)
                return;
        (void) change_free(request->change);
        (void) forward_answer_free(request->answer);
        g_free(request->sent_to);
        g_free(request);
}

void relay_free(void *data) {
        Relay *relay = data;

        if (!relay)
                return;
        g_free(relay->id);
        g_free(relay->from);
        g_free(relay);
}

static Request *find_request(const Register *r, const char *id) {
        for (unsigned i = 0; i < r->requests->len; i++) {
                Request *request = g_ptr_array_index(r->requests, i);

                if (g_strcmp0(request->change->id, id) == 0)
                        return request;
        }
        return NULL;
}

static void emit_answer(Register *r, ChangeAnswer *answer_consumed) {
        RegisterEffect *effect = register_effect_new(REGISTER_ANSWER);

        effect->answer = answer_consumed;
        register_emit(r, effect, /* immediate= */ true);
}

static ChangeAnswer *
make_answer(const Register *r, const char *id, ChangeOutcome outcome, const char *text) {
        const ClusterMeta *meta = value_meta(r->shown.value);
        ChangeAnswer *answer = change_answer_new();

        answer->id = g_strdup(id);
        answer->outcome = outcome;
        answer->text = g_strdup(text);
        answer->version = meta ? meta->version : 0;
        return answer;
}

void register_submit(
                Register *r, usec_t now, const Change *change, usec_t deadline, RegisterEffects *effects) {
        Request *request;

        assert(change && change->id && *change->id);

        r->effects = effects;
        r->now = MAX(r->now, now);
        if (find_request(r, change->id)) {
                emit_answer(r,
                            make_answer(r, change->id, CHANGE_REFUSED, "this change is already under way"));
                return;
        }
        if (r->requests->len >= CHANGES_QUEUED_MAX) {
                emit_answer(r,
                            make_answer(r,
                                        change->id,
                                        CHANGE_REFUSED,
                                        "too many changes are waiting on this node"));
                return;
        }
        request = g_new0(Request, 1);
        request->change = change_copy(change);
        g_free(request->change->origin);
        request->change->origin = g_strdup(r->node_id);
        request->deadline = deadline;
        g_ptr_array_add(r->requests, request);
        register_tick(r, now, effects);
}

void request_answer_locally(Register *r, const char *id, const ChangeAnswer *answer, Stamp at) {
        Request *request = find_request(r, id);

        if (!request)
                return;
        (void) forward_answer_free(request->answer);
        request->answer = forward_answer_new();
        request->answer->answer = change_answer_copy(answer);
        request->answer->value_term = at.term;
        request->answer->value_seq = at.seq;
}

void request_proposed(Register *r, const char *id) {
        Request *request = find_request(r, id);

        if (request)
                request->maybe_done = true;
}

/* not taken; soon again, or at once when another leads */
void request_retry(Register *r, const char *id) {
        Request *request = find_request(r, id);

        if (request)
                request->again_at = r->now + value_election_timeout(r, r->memory.accepted.value) / 4;
}

/* What was remembered with the value settles it, whoever proposed it. */
static ChangeAnswer *settled(const Register *r, const Request *request) {
        const ChangeAnswer *remembered = value_object(r->shown.value, RECORD_CHANGE, request->change->id);

        if (remembered)
                return change_answer_copy(remembered);
        if (request->answer) {
                Stamp at = { request->answer->value_term, request->answer->value_seq };

                if (stamp_compare(r->shown.at, at) >= 0)
                        return change_answer_copy(request->answer->answer);
        }
        if (r->now < request->deadline)
                return NULL;
        if (request->maybe_done)
                return make_answer(
                                r,
                                request->change->id,
                                CHANGE_UNKNOWN_OUTCOME,
                                "the master was lost on the way, the change may or may not have been made; "
                                "asking "
                                "again is safe");
        return make_answer(
                        r,
                        request->change->id,
                        CHANGE_NO_QUORUM,
                        "no master: too few nodes of the cluster hear each other; nothing was changed");
}

static void forward(Register *r, Request *request, const char *to) {
        Forward message = { .change = request->change, .term = r->view_term };

        g_free(request->sent_to);
        request->sent_to = g_strdup(to);
        request->sent_term = r->view_term;
        request->again_at = r->now + 2 * value_election_timeout(r, r->memory.accepted.value);
        request->maybe_done = true;
        register_send(r,
                      to,
                      REGISTER_METHOD_CHANGE,
                      &forward_type,
                      &message,
                      /* urgent= */ false,
                      /* immediate= */ true);
}

static void pursue(Register *r, Request *request) {
        const char *to;

        if (request->answer)
                return; /* decided; only the value must still come */
        if (r->role == ROLE_LEADER) {
                if (g_strcmp0(request->sent_to, r->node_id) == 0 && r->now < request->again_at)
                        return;
                g_free(request->sent_to);
                request->sent_to = g_strdup(r->node_id);
                request->again_at = r->now + value_election_timeout(r, r->memory.accepted.value) / 4;
                batch_enqueue(r, request->change, NULL);
                return;
        }

        to = *r->view_via ? r->view_via : r->view_leader;
        if (!*to || strcmp(to, r->node_id) == 0)
                return;
        if (g_strcmp0(request->sent_to, to) != 0 || r->now >= request->again_at)
                forward(r, request, to);
}

void request_step(Register *r) {
        for (unsigned i = 0; i < r->requests->len;) {
                Request *request = g_ptr_array_index(r->requests, i);
                ChangeAnswer *answer = settled(r, request);

                if (answer) {
                        batch_withdraw(r, request->change->id);
                        emit_answer(r, answer);
                        g_ptr_array_remove_index(r->requests, i);
                        continue;
                }
                pursue(r, request);
                i++;
        }
}

/* what was sent on the old connection may be lost */
void request_connected(Register *r, const char *node) {
        for (unsigned i = 0; i < r->requests->len; i++) {
                Request *request = g_ptr_array_index(r->requests, i);

                if (g_strcmp0(request->sent_to, node) == 0)
                        g_clear_pointer(&request->sent_to, g_free);
        }
}

static bool waits_for_leader(const Register *r, const Request *request) {
        return !request->answer && (r->role == ROLE_LEADER || *r->view_leader);
}

usec_t request_deadline(const Register *r) {
        usec_t deadline = USEC_INFINITY;

        for (unsigned i = 0; i < r->requests->len; i++) {
                const Request *request = g_ptr_array_index(r->requests, i);

                deadline = MIN(deadline, request->deadline);
                if (waits_for_leader(r, request) && request->again_at > 0)
                        deadline = MIN(deadline, request->again_at);
        }
        return deadline;
}

/* other nodes' changes */

static void refuse(Register *r, const char *to, const char *id) {
        ForwardAnswer message = { .id = (char *) id };

        register_send(r,
                      to,
                      REGISTER_METHOD_ANSWER,
                      &forward_answer_type,
                      &message,
                      /* urgent= */ false,
                      /* immediate= */ true);
}

static void relay(Register *r, const char *from, const Forward *forward) {
        Forward message = { .change = forward->change, .term = forward->term, .relayed = true };
        Relay *relay = g_new(Relay, 1);

        *relay = (Relay){ g_strdup(forward->change->id), g_strdup(from) };
        g_queue_push_tail(&r->relays, relay);
        if (g_queue_get_length(&r->relays) > RELAYS_MAX)
                relay_free(g_queue_pop_head(&r->relays));
        register_send(r,
                      r->leader,
                      REGISTER_METHOD_CHANGE,
                      &forward_type,
                      &message,
                      /* urgent= */ false,
                      /* immediate= */ true);
}

void request_forwarded(Register *r, const char *from, const Forward *forward) {
        Change *change = forward->change;

        if (!*change->id || !register_is_member(r, from))
                return;
        if (!forward->relayed) { /* who asks is known by the connection */
                g_free(change->origin);
                change->origin = g_strdup(from);
        }

        if (forward->term != r->memory.term)
                refuse(r, from, change->id);
        else if (r->role == ROLE_LEADER)
                batch_enqueue(r, change, from);
        else if (!forward->relayed && *r->leader)
                relay(r, from, forward);
        else
                refuse(r, from, change->id);
}

static char *take_relay(Register *r, const char *id) {
        for (GList *l = r->relays.head; l; l = l->next) {
                Relay *relay = l->data;

                if (strcmp(relay->id, id) == 0) {
                        char *from = g_strdup(relay->from);

                        g_queue_delete_link(&r->relays, l);
                        relay_free(relay);
                        return from;
                }
        }
        return NULL;
}

void request_answered(Register *r, const char *from, const ForwardAnswer *answer) {
        Request *request = find_request(r, answer->id);
        g_autofree char *relayed_for = NULL;
        Stamp at = { answer->value_term, answer->value_seq };

        if (!request) {
                relayed_for = take_relay(r, answer->id);
                if (relayed_for)
                        register_send(r,
                                      relayed_for,
                                      REGISTER_METHOD_ANSWER,
                                      &forward_answer_type,
                                      answer,
                                      /* urgent= */ false,
                                      /* immediate= */ true);
                return;
        }
        if (g_strcmp0(request->sent_to, from) != 0)
                return;
        /* what an earlier leader refused, the one asked since may make: only its word counts */
        if (answer->answer && answer->answer->outcome != CHANGE_DONE && at.term != request->sent_term)
                return;
        if (answer->answer && strcmp(answer->answer->id, answer->id) == 0)
                request_answer_locally(r, answer->id, answer->answer, at);
        else
                request_retry(r, answer->id);
}
