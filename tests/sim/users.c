/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim.h"
#include "wire/codec.h"

void asked_free(void *data) {
        SimAsked *asked = data;

        g_free(asked->id);
        g_free(asked->object);
        g_free(asked);
}

static SimAsked *
note(Sim *sim, const SimNode *node, const Change *change, const char *object, usec_t patience) {
        SimAsked *asked = g_new0(SimAsked, 1);

        asked->id = g_strdup(change->id);
        asked->kind = change->kind;
        asked->object = g_strdup(object);
        asked->node = node->index;
        asked->life = node->life;
        asked->deadline = sim->now + patience * 12 / 10 + 100 * USEC_PER_MSEC; /* its clock may be slow */
        g_hash_table_insert(sim->asked, asked->id, asked);
        g_ptr_array_add(sim->asked_list, asked);
        return asked;
}

static void submit(Sim *sim, SimNode *node, const Change *change, const char *object, usec_t patience) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        usec_t now = sim_clock(sim, node);

        (void) note(sim, node, change, object, patience);
        sim_say(sim, node, "is asked for %s %s", change_kind_to_string(change->kind), change->id);
        register_submit(node->reg, now, change, now + patience, &effects);
        sim_carry_out(sim, node, &effects);
}

static Change *new_change(Sim *sim, ChangeKind kind, const char *object_kind) {
        Change *change = change_new();

        change->id = g_strdup_printf("change-%u", ++sim->next_name);
        change->kind = kind;
        change->object_kind = g_strdup(object_kind);
        return change;
}

static Change *add_check(Sim *sim) {
        Change *change = new_change(sim, CHANGE_ADD, "check");
        _cleanup_(check_freep) Check *check = check_new();

        check->id = g_strdup_printf("check-%u", sim->next_name);
        check->name = g_strdup_printf(
                        "name %u", sim_chance(sim, 80) ? sim->next_name : (unsigned) sim_random(sim, 20));
        check->type = CHECK_TCP;
        check->target = g_strdup("127.0.0.1:80");
        change->body = codec_encode_text(&check_type, check);
        return change;
}

static const Check *some_check(Sim *sim, SimNode *node) {
        size_t n;
        Record *const *checks = value_slice(register_committed(node->reg), RECORD_CHECK, &n);

        return n ? checks[sim_random(sim, n)]->object : NULL;
}

static Change *edit_check(Sim *sim, SimNode *node) {
        const Check *check = some_check(sim, node);
        Change *change;

        if (!check)
                return add_check(sim);
        change = new_change(sim, CHANGE_EDIT, "check");
        change->target = g_strdup(check->id);
        change->base_revision = sim_chance(sim, 50) ? check->revision : 0;
        change->body = g_strdup_printf(
                        "{\"target\":\"127.0.0.1:%u\"}", 1 + (unsigned) sim_random(sim, 60000));
        return change;
}

static Change *remove_check(Sim *sim, SimNode *node) {
        const Check *check = some_check(sim, node);
        Change *change;

        if (!check)
                return add_check(sim);
        change = new_change(sim, CHANGE_REMOVE, "check");
        change->target = g_strdup(check->id);
        return change;
}

/* another E, by way of a whole document */
static Change *change_document(Sim *sim, SimNode *node) {
        static const usec_t elections[] = {
                300 * USEC_PER_MSEC, USEC_PER_SEC, USEC_PER_SEC, 3 * USEC_PER_SEC
        };
        _cleanup_(document_freep) Document *document = value_document(register_committed(node->reg));
        Change *change = new_change(sim, CHANGE_DOCUMENT, "");

        document->election_timeout = elections[sim_random(sim, G_N_ELEMENTS(elections))];
        change->base_version = document->version;
        change->body = codec_encode_text(&document_type, document);
        return change;
}

static Change *flip_status(Sim *sim, SimNode *node) {
        const Check *check = some_check(sim, node);
        const Record *old;
        ChangeOp *op;
        CheckStatus status = { .state = CHECK_UP };
        char hex[RECORD_DIGEST_TEXT_SIZE];
        Change *change;

        if (!check)
                return add_check(sim);
        change = new_change(sim, CHANGE_RECORDS, "");
        old = value_find(register_committed(node->reg), RECORD_STATUS, check->id);
        if (old) {
                status = *(const CheckStatus *) old->object;
                status.state = status.state == CHECK_UP ? CHECK_DOWN : CHECK_UP;
        }
        status.transitions++;
        status.check_id = check->id;
        op = change_op_new();
        op->kind = g_strdup("status");
        op->id = g_strdup(check->id);
        op->expect = g_strdup(old ? record_digest_to_string(&old->digest, hex) : "");
        op->body = codec_encode_text(&check_status_type, &status);
        change->ops = object_list_new(&change_op_type);
        g_ptr_array_add(change->ops, op);
        return change;
}

void users_ask_one(Sim *sim, SimNode *node, ChangeKind kind, usec_t patience) {
        _cleanup_(change_freep) Change *change = NULL;
        g_autofree char *object = NULL;

        switch (kind) {
        case CHANGE_EDIT:
                change = edit_check(sim, node);
                break;
        case CHANGE_REMOVE:
                change = remove_check(sim, node);
                break;
        case CHANGE_DOCUMENT:
                change = change_document(sim, node);
                break;
        case CHANGE_RECORDS:
                change = flip_status(sim, node);
                break;
        default:
                change = add_check(sim);
                break;
        }
        object = change->kind == CHANGE_ADD ? g_strdup_printf("check-%u", sim->next_name) : g_strdup("");
        submit(sim, node, change, object, patience);
}

/* Somebody who is up and running; NULL when nobody is. */
static SimNode *someone(Sim *sim) {
        SimNode *up[NODES_MAX];
        unsigned n = 0;

        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up && sim->nodes[i].paused_until <= sim->now)
                        up[n++] = &sim->nodes[i];
        return n ? up[sim_random(sim, n)] : NULL;
}

void users_ask(Sim *sim) {
        static const ChangeKind kinds[] = {
                CHANGE_ADD,    CHANGE_ADD,      CHANGE_EDIT,    CHANGE_EDIT,
                CHANGE_REMOVE, CHANGE_DOCUMENT, CHANGE_RECORDS, CHANGE_RECORDS,
        };
        SimNode *node = someone(sim);
        unsigned burst = sim_chance(sim, 10) ? 5 : 1;

        sim->next_ask = sim->now + 50 * USEC_PER_MSEC + sim_random(sim, sim->ask_every);
        for (; node && node->up && burst > 0; burst--) {
                ChangeKind kind = kinds[sim_random(sim, G_N_ELEMENTS(kinds))];

                if (kind == CHANGE_DOCUMENT && !sim_chance(sim, 50))
                        kind = CHANGE_ADD;
                users_ask_one(sim, node, kind, 500 * USEC_PER_MSEC + sim_random(sim, 4 * USEC_PER_SEC));
        }
}

/* members */

void users_join(Sim *sim) {
        SimNode *node = someone(sim), *joiner = NULL;
        _cleanup_(change_freep) Change *change = NULL;
        _cleanup_(peer_freep) Peer *peer = peer_new();

        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (!sim->nodes[i].member)
                        joiner = &sim->nodes[i];
        if (!node || !joiner)
                return;

        /* a new key and NodeID for every membership */
        change = new_change(sim, CHANGE_ADD, "peer");
        g_free(joiner->id);
        joiner->id = g_strdup_printf("%08x-n%d", (unsigned) sim_random(sim, UINT32_MAX), joiner->index);
        disk_format(&joiner->disk);
        peer->node_id = g_strdup(joiner->id);
        peer->advertise = g_strdup("127.0.0.1:9901");
        peer->fingerprint = g_strdup_printf("sha256:%064x", sim->next_name);
        peer->cert_pem = g_strdup("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        change->body = codec_encode_text(&peer_type, peer);
        submit(sim, node, change, joiner->id, 5 * USEC_PER_SEC);
}

static void remove_voter(Sim *sim, SimNode *node) {
        _cleanup_(change_freep) Change *change = NULL;
        const Value *value = register_committed(node->reg);
        size_t n = value_n_voters(value);

        if (n <= 1)
                return;
        change = new_change(sim, CHANGE_REMOVE, "peer");
        change->target = g_strdup(value_voter(value, sim_random(sim, n)));
        submit(sim, node, change, "", 5 * USEC_PER_SEC);
}

void users_remove(Sim *sim) {
        SimNode *node = someone(sim);

        for (unsigned n = sim_chance(sim, 30) ? 2 : 1; node && node->up && n > 0; n--)
                remove_voter(sim, node);
}

/* a peer that was added starts with nothing, and listens */
static void welcome(Sim *sim, const SimAsked *asked) {
        SimNode *joiner = sim_find(sim, asked->object);

        if (!joiner || joiner->member)
                return;
        joiner->member = true;
        sim->count.joins++;
        sim_start(sim, joiner);
}

void users_answered(Sim *sim, SimNode *node, const ChangeAnswer *answer) {
        SimAsked *asked = g_hash_table_lookup(sim->asked, answer->id);

        if (!asked) {
                sim_fail(sim, "n%d answers %s, which nobody asked", node->index, answer->id);
                return;
        }
        sim_say(sim,
                node,
                "answers %s: %s%s%s",
                answer->id,
                change_outcome_to_string(answer->outcome),
                answer->text ? ": " : "",
                answer->text ?: "");
        if (asked->answered)
                sim_fail(sim, "%s is answered twice", answer->id);
        asked->answered = true;
        asked->outcome = answer->outcome;
        asked->number = answer->number;
        if (answer->outcome == CHANGE_DONE)
                sim->count.done++;
        else if (answer->outcome == CHANGE_UNKNOWN_OUTCOME)
                sim->count.unknown++;
        else
                sim->count.refused++;
        if (answer->outcome == CHANGE_DONE && *asked->object)
                welcome(sim, asked);
}
