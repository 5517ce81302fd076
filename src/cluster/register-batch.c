/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The leader's queue. One proposal is under way at a time; what queues meanwhile is planned one after the
 * other and goes out as one. Answers, refusals among them, leave only when what they were planned on is
 * committed; and nothing is planned without the lease, for a refusal by a leader of yesterday would be a
 * lie. */

#include <string.h>

#include "cluster/register-state.h"

void queued_free(void *data) {
        Queued *queued = data;

        if (!queued)
                return;
        (void) change_free(queued->change);
        (void) change_answer_free(queued->answer);
        g_free(queued->reply_to);
        g_free(queued);
}

static void reply(Register *r, const char *to, const char *id, const ChangeAnswer *answer, Stamp at) {
        ForwardAnswer message = {
                .id = (char *) id,
                .answer = (ChangeAnswer *) answer,
                .value_term = at.term,
                .value_seq = at.seq,
        };

        if (!to) {
                if (answer)
                        request_answer_locally(r, id, answer, at);
                else
                        request_retry(r, id);
                return;
        }
        register_send(r,
                      to,
                      REGISTER_METHOD_ANSWER,
                      &forward_answer_type,
                      &message,
                      /* urgent= */ false,
                      /* immediate= */ true);
}

static Queued *find_queued(Register *r, const char *id) {
        for (unsigned i = 0; i < r->proposed->len; i++) {
                Queued *queued = g_ptr_array_index(r->proposed, i);

                if (g_strcmp0(queued->change->id, id) == 0)
                        return queued;
        }
        for (GList *l = r->queue.head; l; l = l->next)
                if (g_strcmp0(((Queued *) l->data)->change->id, id) == 0)
                        return l->data;
        return NULL;
}

/* A refusal is not remembered by the cluster, but by the leader for as long as it leads: a copy of the
 * change that comes late must not be made after its asker was told that it was not. Later leaders take no
 * copy of it, for each names the term it was sent to. */
static void remember_refusal(Register *r, const ChangeAnswer *answer, Stamp at) {
        ForwardAnswer *refusal;

        if (answer->outcome == CHANGE_DONE)
                return;
        refusal = forward_answer_new();
        refusal->id = g_strdup(answer->id);
        refusal->answer = change_answer_copy(answer);
        refusal->value_term = at.term;
        refusal->value_seq = at.seq;
        g_queue_push_tail(&r->refused, refusal);
        if (g_queue_get_length(&r->refused) > CHANGES_QUEUED_MAX)
                (void) forward_answer_free(g_queue_pop_head(&r->refused));
}

static const ForwardAnswer *find_refusal(const Register *r, const char *id) {
        for (GList *l = r->refused.tail; l; l = l->prev)
                if (strcmp(((ForwardAnswer *) l->data)->id, id) == 0)
                        return l->data;
        return NULL;
}

void batch_forget_refusals(Register *r) {
        ForwardAnswer *refusal;

        while ((refusal = g_queue_pop_head(&r->refused)))
                (void) forward_answer_free(refusal);
}

void batch_enqueue(Register *r, const Change *change, const char *reply_to) {
        Queued *queued = find_queued(r, change->id);
        const ForwardAnswer *refusal = find_refusal(r, change->id);

        if (refusal) {
                reply(r,
                      reply_to,
                      change->id,
                      refusal->answer,
                      (Stamp){ refusal->value_term, refusal->value_seq });
                return;
        }

        if (queued) { /* asked again: whoever asked last is told */
                g_free(queued->reply_to);
                queued->reply_to = g_strdup(reply_to);
                return;
        }
        if (g_queue_get_length(&r->queue) >= CHANGES_QUEUED_MAX) {
                reply(r, reply_to, change->id, NULL, (Stamp){});
                return;
        }
        queued = g_new0(Queued, 1);
        queued->change = change_copy(change);
        queued->reply_to = g_strdup(reply_to);
        g_queue_push_tail(&r->queue, queued);
}

void batch_withdraw(Register *r, const char *id) {
        for (GList *l = r->queue.head; l; l = l->next) {
                Queued *queued = l->data;

                if (queued->reply_to || strcmp(queued->change->id, id) != 0)
                        continue;
                g_queue_delete_link(&r->queue, l);
                queued_free(queued);
                return;
        }
}

/* An id made of the change's own: every leader that plans it makes the same. */
typedef struct IdSource {
        const char *change_id;
        unsigned n;
} IdSource;

static char *next_id(void *userdata) {
        IdSource *source = userdata;
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree char *text = g_strdup_printf("%u %s", source->n++, source->change_id);
        char *id;

        g_checksum_update(sum, (const guchar *) text, -1);
        id = g_strdup(g_checksum_get_string(sum));
        /* in the form of RFC 9562's version 8: 8-4-4-4-12 digits */
        memmove(id + 9, id + 8, 4);
        id[8] = id[13] = id[18] = id[23] = '-';
        id[14] = '8';
        id[19] = 'a';
        id[36] = '\0';
        return id;
}

static bool same_voters(const Value *a, const Value *b) {
        if (value_n_voters(a) != value_n_voters(b))
                return false;
        for (size_t i = 0; i < value_n_voters(a); i++)
                if (strcmp(value_voter(a, i), value_voter(b, i)) != 0)
                        return false;
        return true;
}

typedef enum Planned {
        PLANNED,        /* answered in this batch */
        PLANNED_LATER,  /* must wait for this batch's commit */
        PLANNED_LEAVING /* would remove ourselves */
} Planned;

static Value *
apply_with_what_follows(Register *r, const Value *value, const Change *change, const Delta *delta) {
        _cleanup_(value_unrefp) Value *next = value_apply(value, delta);
        _cleanup_(delta_freep) Delta *more = NULL;

        if (!r->follow || change->kind == CHANGE_RECORDS)
                return TAKE_PTR(next);
        more = r->follow(value, next, r->node_id, r->memory.term, change->asked_at);
        return value_apply(next, more);
}

/* *value becomes the value after the change, when there is one */
static Planned plan(Register *r, Queued *queued, Value **value) {
        _cleanup_(change_answer_freep) ChangeAnswer *answer = NULL;
        _cleanup_(delta_freep) Delta *delta = NULL;
        _cleanup_(value_unrefp) Value *next = NULL;
        IdSource source = { queued->change->id };

        change_plan(*value,
                    queued->change,
                    queued->change->asked_at,
                    r->node_id,
                    next_id,
                    &source,
                    &delta,
                    &answer);
        if (delta && !delta_is_empty(delta)) {
                next = apply_with_what_follows(r, *value, queued->change, delta);
                if (value_voter_rank(next, r->node_id) < 0 && members_leave(r))
                        return PLANNED_LEAVING;
                if (value_voter_rank(next, r->node_id) < 0) {
                        answer->outcome = CHANGE_REFUSED;
                        answer->version = value_meta(*value)->version;
                        answer->text = g_strdup("the master cannot be removed now: there is no other peer, "
                                                "alive and "
                                                "up to date, to hand over to");
                        queued->answer = TAKE_PTR(answer);
                        return PLANNED;
                }
                /* voters of two values in a row must share a majority: one comes or goes per commit */
                if (!same_voters(*value, next) && !same_voters(r->memory.accepted.value, *value))
                        return PLANNED_LATER;
                (void) value_unref(*value);
                *value = TAKE_PTR(next);
        }
        queued->answer = TAKE_PTR(answer);
        return PLANNED;
}

static void plan_queue(Register *r, Value **value) {
        while (r->proposed->len < CHANGES_BATCHED_MAX) {
                Queued *queued = g_queue_pop_head(&r->queue);

                if (!queued)
                        return;
                switch (plan(r, queued, value)) {
                case PLANNED:
                        if (!queued->reply_to)
                                request_proposed(r, queued->change->id);
                        g_ptr_array_add(r->proposed, queued);
                        break;
                case PLANNED_LATER:
                        g_queue_push_head(&r->queue, queued);
                        return;
                case PLANNED_LEAVING:

                        reply(r, queued->reply_to, queued->change->id, NULL, (Stamp){});
                        queued_free(queued);
                        break;
                }
        }
}

static void answer_proposed(Register *r) {
        g_autoptr(GPtrArray) proposed = g_steal_pointer(&r->proposed);

        r->proposed = g_ptr_array_new_with_free_func(queued_free);
        for (unsigned i = 0; i < proposed->len; i++) {
                const Queued *queued = g_ptr_array_index(proposed, i);

                remember_refusal(r, queued->answer, r->shown.at);
                reply(r, queued->reply_to, queued->change->id, queued->answer, r->shown.at);
        }
}

void batch_step(Register *r) {
        _cleanup_(value_unrefp) Value *value = NULL;

        if (g_queue_is_empty(&r->queue) || !offer_is_ready(r) || !register_acts(r, r->now))
                return;

        value = value_ref(r->memory.accepted.value);
        plan_queue(r, &value);
        if (value == r->memory.accepted.value)
                answer_proposed(r); /* nothing to propose; what they were planned on is committed */
        else
                offer_propose(r, value);
}

void batch_committed(Register *r) {
        if (stamp_equal(r->shown.at, r->memory.accepted.at))
                answer_proposed(r);
}

/* The lead is lost. What was proposed may still be committed by another leader; asking again finds out. */
void batch_abandon(Register *r) {
        g_autoptr(GPtrArray) proposed = g_steal_pointer(&r->proposed);
        Queued *queued;

        r->proposed = g_ptr_array_new_with_free_func(queued_free);
        for (unsigned i = 0; i < proposed->len; i++) {
                queued = g_ptr_array_index(proposed, i);
                reply(r, queued->reply_to, queued->change->id, NULL, (Stamp){});
        }
        while ((queued = g_queue_pop_head(&r->queue))) {
                reply(r, queued->reply_to, queued->change->id, NULL, (Stamp){});
                queued_free(queued);
        }
}
