/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is durable. A step works on `memory`; at its end, when that differs from `disk`, the difference is
 * one write, and what the step says waits for it. One write is under way at a time: what changes meanwhile
 * makes up the next one, for a batch made against a write that then fails would be made against nothing.
 *
 * When a write fails, memory becomes the disk's copy again and what waited is dropped: nobody has heard of
 * it. The node then takes no part (no votes, no acknowledgements, no lead) until a write succeeds; that
 * write is a whole one, because nobody knows what the failed one left behind. A later start may find the
 * failed write on the disk after all: a vote or a value nobody was told about, which harms nobody. */

#include <assert.h>
#include <string.h>

#include "cluster/register-state.h"

void stamped_set(Stamped *stamped, Stamp at, Value *value) {
        Value *old = stamped->value;

        stamped->at = at;
        stamped->value = value_ref(value);
        (void) value_unref(old);
}

void hard_done(Hard *hard) {
        g_clear_pointer(&hard->vote, g_free);
        hard->accepted.value = value_unref(hard->accepted.value);
}

void hard_copy(Hard *to, const Hard *from) {
        if (g_strcmp0(to->vote, from->vote) != 0) {
                g_free(to->vote);
                to->vote = g_strdup(from->vote);
        }
        to->term = from->term;
        stamped_set(&to->accepted, from->accepted.at, from->accepted.value);
}

bool hard_equal(const Hard *a, const Hard *b) {
        return a->term == b->term && strcmp(a->vote, b->vote) == 0 &&
               stamp_equal(a->accepted.at, b->accepted.at);
}

bool disk_has_term(const Register *r) {
        return r->memory.term == r->disk.term;
}

static bool marker_is_missing(const Register *r) {
        return stamp_equal(r->shown.at, r->disk.accepted.at) && !stamp_equal(r->disk_committed, r->shown.at);
}

/* That a value is committed is written along with the next write; alone only after a while, so that no
 * commit costs a write of its own. A node that starts without the mark hears of it from the leader. */
static bool marker_is_due(Register *r) {
        if (!marker_is_missing(r) || r->disk_failed) {
                r->marker_at = 0;
                return false;
        }
        if (r->marker_at == 0)
                r->marker_at = r->now + value_election_timeout(r, r->disk.accepted.value) / 10;
        return r->now >= r->marker_at;
}

static void start_write(Register *r) {
        RegisterWrite *write = g_new0(RegisterWrite, 1);
        RegisterEffect *effect = register_effect_new(REGISTER_PERSIST);
        const Stamped *accepted = &r->memory.accepted;

        write->number = ++r->last_number;
        write->term = r->memory.term;
        write->vote = g_strdup(r->memory.vote);
        write->whole = r->write_whole;
        write->commit_first = !write->whole && marker_is_missing(r);
        write->has_accepted = write->whole || !stamp_equal(accepted->at, r->disk.accepted.at);
        write->accepted_term = accepted->at.term;
        write->accepted_seq = accepted->at.seq;
        if (write->has_accepted) {
                _cleanup_(value_unrefp) Value *empty = value_new_empty();

                write->delta = delta_between(write->whole ? empty : r->disk.accepted.value, accepted->value);
        }
        write->commit = accepted->at.seq > 0 && stamp_equal(r->shown.at, accepted->at);
        if (write->commit && !write->has_accepted)
                write->commit_first = false;

        hard_copy(&r->flight, &r->memory);
        r->flight_write = *write;
        r->flight_write.vote = NULL;
        r->flight_write.delta = NULL;
        r->marker_at = 0;
        effect->write = write;
        g_queue_push_tail(&r->effects->queue, effect);
}

static void hold(Register *r, RegisterEffect *effect, uint64_t number) {
        HeldEffect *held;

        if (g_queue_get_length(&r->held_effects) >=
            HELD_MAX) { /* a disk that hangs; all of it may be lost anyway */
                (void) register_effect_free(effect);
                return;
        }
        held = g_new(HeldEffect, 1);
        *held = (HeldEffect){ number, effect };
        g_queue_push_tail(&r->held_effects, held);
}

void disk_step(Register *r) {
        bool dirty = !hard_equal(&r->memory, &r->disk);
        bool flying = r->flight_write.number > 0;
        uint64_t number = 0;
        RegisterEffect *effect;

        if (!flying && (r->disk_failed ? r->now >= r->disk_retry_at : dirty || marker_is_due(r))) {
                start_write(r);
                flying = true;
        }

        if (dirty)
                number = flying && hard_equal(&r->memory, &r->flight) ? r->last_number : r->last_number + 1;
        while ((effect = g_queue_pop_head(&r->step_effects))) {
                if (dirty)
                        hold(r, effect, number);
                else
                        g_queue_push_tail(&r->effects->queue, effect);
        }
}

static void release_up_to(Register *r, uint64_t number) {
        HeldEffect *held;

        while ((held = g_queue_peek_head(&r->held_effects)) && held->number <= number) {
                g_queue_push_tail(&r->effects->queue, held->effect);
                g_free(g_queue_pop_head(&r->held_effects));
        }
}

void disk_release(Register *r) {
        HeldEffect *held;
        RegisterEffect *effect;

        while ((held = g_queue_pop_head(&r->held_effects))) {
                (void) register_effect_free(held->effect);
                g_free(held);
        }
        while ((effect = g_queue_pop_head(&r->step_effects)))
                (void) register_effect_free(effect);
}

static void report_disk(Register *r, bool works) {
        RegisterEffect *effect = register_effect_new(REGISTER_DISK);

        effect->gained = works;
        register_emit(r, effect, /* immediate= */ true);
}

static void write_failed(Register *r) {
        election_step_down(r);
        disk_release(r);
        if (!disk_has_term(r)) /* whom we heard leads in a term that we do not have any more */
                election_forget_leader(r);
        hard_copy(&r->memory, &r->disk);
        g_clear_pointer(&r->unanswered, ping_free);
        r->write_whole = true;
        r->disk_retry_at = r->now +
                           (value_election_timeout(r, r->disk.accepted.value) << MIN(r->disk_failures, 4u));
        r->disk_failures++;
        if (!r->disk_failed)
                report_disk(r, false);
        r->disk_failed = true;
}

static void write_succeeded(Register *r) {
        Stamp before = r->disk.accepted.at;

        hard_copy(&r->disk, &r->flight);
        if (r->flight_write.commit)
                r->disk_committed = r->disk.accepted.at;
        else if (r->flight_write.commit_first)
                r->disk_committed = before;
        r->write_whole = false;
        r->disk_failures = 0;
        if (r->disk_failed)
                report_disk(r, true);
        r->disk_failed = false;
}

void disk_persisted(Register *r, uint64_t number, int error) {
        if (number == 0 || number != r->flight_write.number)
                return;

        if (error < 0)
                write_failed(r);
        else
                write_succeeded(r);
        r->flight_write.number = 0;
        if (error < 0)
                return;

        release_up_to(r, number);
        lease_answer_waiting(r);
}

usec_t disk_deadline(const Register *r) {
        if (r->flight_write.number > 0)
                return USEC_INFINITY;
        if (r->disk_failed)
                return r->disk_retry_at;
        return r->marker_at > 0 ? r->marker_at : USEC_INFINITY;
}
