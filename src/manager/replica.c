/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/replica.h"

#include <assert.h>
#include <errno.h>

#include "alerts/alerts.h"
#include "base/names.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/random.h"
#include "manager/timing.h"

struct Replica {
        Manager *manager;
        Store *store;
        Register *reg;
        RegisterEffects effects;
        bool closing;
        bool carrying;     /* effects are being carried out: what they cause is added behind them */
        GHashTable *calls; /* id of the change -> Call */
        char *leaving;     /* id of the change that is to remove this node itself */
        sd_event_source *timer;
};

typedef struct Writing {
        Replica *replica;
        uint64_t number;
} Writing;

Replica *replica_new(Manager *manager, Store *store, const Durable *durable) {
        Replica *replica = g_new0(Replica, 1);
        RegisterSetup setup = {
                .node_id = manager_node_id(manager),
                .seed = random_uint64(),
                .incarnation = (random_uint64() >> 1) | 1, /* 1..INT64_MAX */
                .timing = &timing()->cluster,
                .follow = alerts_on_change,
                .term = durable->term,
                .vote = durable->vote,
                .accepted_term = durable->accepted_term,
                .accepted_seq = durable->accepted_seq,
                .accepted = durable->accepted,
                .committed_term = durable->committed_term,
                .committed_seq = durable->committed_seq,
                .committed = durable->committed,
        };

        replica->manager = manager;
        replica->store = store;
        g_queue_init(&replica->effects.queue);
        replica->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        replica->reg = register_new(&setup, now_boottime());
        return replica;
}

Replica *replica_free(Replica *replica) {
        GHashTableIter iter;
        Call *call;

        if (!replica)
                return NULL;

        sd_event_source_disable_unref(replica->timer);
        replica->closing = true;
        (void) store_free(replica->store); /* waits for what was submitted; nobody hears of it any more */
        g_hash_table_iter_init(&iter, replica->calls);
        while (g_hash_table_iter_next(&iter, NULL, (void **) &call))
                call_fail(call, CHANGE_UNKNOWN_OUTCOME, "this node stopped before it knew the outcome");
        register_effects_done(&replica->effects);
        (void) register_free(replica->reg);
        g_hash_table_unref(replica->calls);
        g_free(replica->leaving);
        g_free(replica);
        return NULL;
}

const Register *replica_register(const Replica *replica) {
        assert(replica);
        return replica->reg;
}

Store *replica_store(const Replica *replica) {
        assert(replica);
        return replica->store;
}

/* ---- effects ---- */

static void carry_out(Replica *replica);

static void on_written(void *userdata, int error) {
        Writing *writing = userdata;
        Replica *replica = writing->replica;

        /* -ESTALE: this node has just joined another cluster; this register will be replaced in a moment */
        if (replica->closing || error == -ESTALE) {
                g_free(writing);
                return;
        }
        if (error == -ENOTRECOVERABLE) {
                journal_event(EVENT_DISK_FAILED,
                              NULL,
                              "the register's file was exchanged while it was in use; ending, to read it "
                              "again");
                loop_quit(replica->manager->loop, EXIT_FAILURE);
        }
        register_persisted(replica->reg, now_boottime(), writing->number, error, &replica->effects);
        g_free(writing);
        carry_out(replica);
}

static void persist(Replica *replica, RegisterWrite *write) {
        StoreBatch *batch = g_new0(StoreBatch, 1);
        Writing *writing = g_new0(Writing, 1);

        batch->commit_first = write->commit_first;
        batch->has_vote = true;
        batch->term = write->term;
        batch->vote = g_strdup(write->vote ?: "");
        batch->has_accepted = write->has_accepted;
        batch->accepted_term = write->accepted_term;
        batch->accepted_seq = write->accepted_seq;
        batch->accepted_delta = TAKE_PTR(write->delta);
        batch->accepted_whole = write->whole;
        batch->has_committed = write->commit;

        writing->replica = replica;
        writing->number = write->number;
        store_submit(replica->store, batch, on_written, writing);
}

static void answer(Replica *replica, const ChangeAnswer *a) {
        Call *call = g_hash_table_lookup(replica->calls, a->id);

        if (!call)
                return;
        g_hash_table_remove(replica->calls, a->id);
        call_answer(call,
                    &(ManagerAnswer){
                                    .outcome = a->outcome,
                                    .text = a->text,
                                    .version = a->version,
                                    .id = a->object_id,
                                    .name = a->object_name,
                                    .affected = a->affected,
                    });
}

static void carry_out_one(Replica *replica, RegisterEffect *effect) {
        Manager *m = replica->manager;

        switch (effect->kind) {
        case REGISTER_PERSIST:
                persist(replica, effect->write);
                break;
        case REGISTER_SEND:
                manager_send_text(m, effect->node, effect->method, effect->params, effect->urgent);
                break;
        case REGISTER_ANSWER:
                answer(replica, effect->answer);
                break;
        case REGISTER_COMMITTED:
                manager_on_committed(m, effect->previous, effect->value);
                break;
        case REGISTER_LEADER:
                manager_on_leader(m, effect->term, effect->node, effect->via);
                break;
        case REGISTER_LEASE:
                manager_on_lease(m, effect->gained);
                break;
        case REGISTER_REMOVED:
                manager_on_removed(m, effect->node, effect->seq);
                break;
        case REGISTER_FORGETFUL:
                journal_event(EVENT_PEER_BEHIND,
                              JOURNAL_FIELDS({ JOURNAL_NODE, effect->node }),
                              "peer %s has less on its disk than it once acknowledged; it is not counted. "
                              "Run "
                              "`quctl node remove %s` and give that host a new identity",
                              effect->node,
                              effect->node);
                break;
        case REGISTER_DISK:
                journal_event(effect->gained ? EVENT_DISK_RECOVERED : EVENT_DISK_FAILED,
                              NULL,
                              effect->gained ? "the register can be written again; this node takes part "
                                               "again"
                                             : "the register cannot be written: this node goes on probing, "
                                               "but neither "
                                               "votes nor leads until it can");
                manager_touch_status(m);
                break;
        case REGISTER_IMPLAUSIBLE:
                journal_event(EVENT_WARNING,
                              JOURNAL_FIELDS({ JOURNAL_NODE, effect->node }),
                              "peer %s claims term %" G_GUINT64_FORMAT " and sequence %" G_GUINT64_FORMAT
                              ", which no honest node can have come to; what it said was not heard. Is it "
                              "still yours? `quctl node remove %s` bars its key",
                              effect->node,
                              effect->term,
                              effect->seq,
                              effect->node);
                break;
        case _REGISTER_EFFECT_MAX:
                break;
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Replica *replica = userdata;

        register_tick(replica->reg, now_boottime(), &replica->effects);
        carry_out(replica);
        return 0;
}

static void carry_out(Replica *replica) {
        RegisterEffect *effect;

        if (replica->carrying)
                return;
        replica->carrying = true;
        while ((effect = register_effects_take(&replica->effects))) {
                carry_out_one(replica, effect);
                (void) register_effect_free(effect);
        }
        replica->carrying = false;
        (void) timer_arm(
                        replica->manager->event,
                        &replica->timer,
                        register_deadline(replica->reg),
                        TIMER_EXACT,
                        on_timer,
                        replica);
        /* consensus before probes: a late ping costs a lease, a late probe a doubt */
        if (replica->timer)
                (void) sd_event_source_set_priority(replica->timer, SD_EVENT_PRIORITY_IMPORTANT);
}

/* ---- events ---- */

void replica_left(Replica *replica, uint64_t version) {
        Call *call = replica->leaving ? g_hash_table_lookup(replica->calls, replica->leaving) : NULL;

        if (!call)
                return;
        g_hash_table_remove(replica->calls, replica->leaving);
        call_answer(call,
                    &(ManagerAnswer){
                                    .outcome = CHANGE_DONE,
                                    .version = version,
                                    .id = manager_node_id(replica->manager),
                    });
}

void replica_start(Replica *replica) {
        assert(replica);

        register_tick(replica->reg, now_boottime(), &replica->effects);
        carry_out(replica);
}

int replica_receive(
                Replica *replica,
                const char *from,
                const char *method,
                const char *params,
                size_t size,
                char **reterr_text) {
        int r;

        assert(replica);

        r = register_receive(
                        replica->reg,
                        now_boottime(),
                        from,
                        method,
                        params,
                        size,
                        &replica->effects,
                        reterr_text);
        carry_out(replica);
        return r;
}

void replica_connected(Replica *replica, const char *node_id) {
        assert(replica);

        register_connected(replica->reg, now_boottime(), node_id, &replica->effects);
        carry_out(replica);
}

void replica_submit(Replica *replica, Change *change, usec_t deadline_usec, Call *call) {
        assert(replica);
        assert(change);

        if (call)
                g_hash_table_replace(replica->calls, g_strdup(change->id), call);
        if (change->kind == CHANGE_REMOVE &&
            g_strcmp0(change->target, manager_node_id(replica->manager)) == 0) {
                g_free(replica->leaving);
                replica->leaving = g_strdup(change->id);
        }
        register_submit(replica->reg, now_boottime(), change, deadline_usec, &replica->effects);
        (void) change_free(change);
        carry_out(replica);
}
