/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim.h"
#include "wire/codec.h"

/* a few will do: what many cost is measured elsewhere */
#define CHECKS_ENOUGH 6
#define ALERTS_ENOUGH 4

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

static void submit(Sim *sim, SimNode *node, Change *change, const char *object, usec_t patience) {
        (void) note(sim, node, change, object, patience);
        sim_say(sim,
                node,
                "is asked: %s %s %s%s(%s)",
                change_kind_to_string(change->kind),
                change->object_kind,
                change->target ?: "",
                change->target ? " " : "",
                change->id);
        node_submit(sim, node, change, sim_clock(sim, node) + patience);
}

Change *operators_change(Sim *sim, ChangeKind kind, const char *object_kind) {
        Change *change = change_new();

        change->id = g_strdup_printf("change-%u", ++sim->next_name);
        change->kind = kind;
        change->object_kind = g_strdup(object_kind);
        return change;
}

static char *some_name(Sim *sim, const char *what) {
        return g_strdup_printf(
                        "%s %u",
                        what,
                        sim_chance(sim, 90) ? sim->next_name : (unsigned) sim_random(sim, 20));
}

Check *operators_check(Sim *sim) {
        Check *check = check_new();

        check->id = g_strdup_printf("check-%u", ++sim->next_name);
        check->name = some_name(sim, "check");
        check->type = CHECK_TCP;
        check->target = g_strdup_printf("192.0.2.%u:80", (unsigned) sim_random(sim, sim->n_targets));
        check->interval = (1 + sim_random(sim, 6)) * USEC_PER_SEC;
        check->timeout = (1 + sim_random(sim, 3)) * USEC_PER_SEC;
        check->timeout = MIN(check->interval, check->timeout);
        return check;
}

static char **some_addresses(Sim *sim) {
        static const char *const all[] = { "a@example.com", "b@example.com", "c@example.com" };
        g_autoptr(GPtrArray) chosen = g_ptr_array_new();

        for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
                if (sim_chance(sim, 60) || (i == 2 && chosen->len == 0))
                        g_ptr_array_add(chosen, g_strdup(all[i]));
        g_ptr_array_add(chosen, NULL);
        return (char **) g_ptr_array_steal(chosen, NULL);
}

Alert *operators_alert(Sim *sim) {
        unsigned relay = (unsigned) sim_random(sim, sim->n_relays);
        Alert *alert = alert_new();

        alert->id = g_strdup_printf("alert-%u", ++sim->next_name);
        alert->name = some_name(sim, "alert");
        alert->is_default = sim_chance(sim, 70);
        if (sim_chance(sim, 30)) {
                alert->type = ALERT_DISCORD;
                alert->discord_webhook = g_strdup_printf("https://relay-%u.example/hook", relay);
        } else {
                alert->type = ALERT_SMTP;
                alert->smtp_host = g_strdup_printf("relay-%u.example", relay);
                alert->smtp_from = g_strdup("quptime@example.com");
                alert->smtp_to = some_addresses(sim);
        }
        if (sim_chance(sim, 20))
                alert->body_template = g_strdup_printf("text %u", (unsigned) sim_random(sim, 3));
        return alert;
}

static const void *some_object(Sim *sim, SimNode *node, RecordKind kind) {
        size_t n;
        Record *const *records = value_slice(register_committed(node->reg), kind, &n);

        return n ? records[sim_random(sim, n)]->object : NULL;
}

static Change *add_check(Sim *sim) {
        _cleanup_(check_freep) Check *check = operators_check(sim);
        Change *change = operators_change(sim, CHANGE_ADD, "check");

        change->body = codec_encode_text(&check_type, check);
        return change;
}

static Change *add_alert(Sim *sim) {
        _cleanup_(alert_freep) Alert *alert = operators_alert(sim);
        Change *change = operators_change(sim, CHANGE_ADD, "alert");

        change->body = codec_encode_text(&alert_type, alert);
        return change;
}

static Change *edit_alert(Sim *sim, SimNode *node) {
        const Alert *alert = some_object(sim, node, RECORD_ALERT);
        Change *change;

        if (!alert)
                return add_alert(sim);
        change = operators_change(sim, CHANGE_EDIT, "alert");
        change->target = g_strdup(alert->id);
        if (alert->type == ALERT_SMTP && sim_chance(sim, 50)) {
                g_auto(GStrv) to = some_addresses(sim);
                g_autofree char *list = g_strjoinv("\",\"", to);

                change->body = g_strdup_printf("{\"smtp_to\":[\"%s\"]}", list);
        } else
                change->body = g_strdup_printf(
                                "{\"body_template\":\"text %u\"}", (unsigned) sim_random(sim, 3));
        return change;
}

static Change *remove_object(Sim *sim, SimNode *node, RecordKind kind) {
        const char *kind_name = kind == RECORD_CHECK ? "check" : "alert";
        size_t n;
        Record *const *records = value_slice(register_committed(node->reg), kind, &n);
        Change *change;

        if (n < 2)
                return kind == RECORD_CHECK ? add_check(sim) : add_alert(sim);
        change = operators_change(sim, CHANGE_REMOVE, kind_name);
        change->target = g_strdup(records[sim_random(sim, n)]->id);
        return change;
}

static Change *edit_check(Sim *sim, SimNode *node) {
        const Check *check = some_object(sim, node, RECORD_CHECK);
        Change *change;

        if (!check)
                return add_check(sim);
        change = operators_change(sim, CHANGE_EDIT, "check");
        change->target = g_strdup(check->id);
        change->base_revision = sim_chance(sim, 50) ? check->revision : 0;
        if (sim_chance(sim, 30))
                change->body =
                                g_strdup_printf("{\"target\":\"192.0.2.%u:80\"}",
                                                (unsigned) sim_random(sim, sim->n_targets));
        else
                change->body = g_strdup_printf("{\"interval\":\"%us\"}", 3 + (unsigned) sim_random(sim, 4));
        return change;
}

/* another E, by way of a whole document */
static Change *change_election(Sim *sim, SimNode *node, usec_t election) {
        _cleanup_(document_freep) Document *document = value_document(register_committed(node->reg));
        Change *change = operators_change(sim, CHANGE_DOCUMENT, "");

        document->election_timeout = election;
        change->base_version = document->version;
        change->body = codec_encode_text(&document_type, document);
        return change;
}

void operators_set_election(Sim *sim, SimNode *node, usec_t election) {
        submit(sim, node, change_election(sim, node, election), "", 5 * USEC_PER_SEC);
}

static Change *some_change(Sim *sim, SimNode *node, ChangeKind kind) {
        static const usec_t elections[] = {
                300 * USEC_PER_MSEC, USEC_PER_SEC, USEC_PER_SEC, 3 * USEC_PER_SEC
        };
        bool about_check = sim_chance(sim, 70);
        size_t n;

        (void) value_slice(register_committed(node->reg), about_check ? RECORD_CHECK : RECORD_ALERT, &n);
        if (kind == CHANGE_ADD && sim->faults && n >= (about_check ? CHECKS_ENOUGH : ALERTS_ENOUGH))
                kind = CHANGE_REMOVE;
        switch (kind) {
        case CHANGE_EDIT:
                return about_check ? edit_check(sim, node) : edit_alert(sim, node);
        case CHANGE_REMOVE:
                return remove_object(sim, node, about_check ? RECORD_CHECK : RECORD_ALERT);
        case CHANGE_DOCUMENT:
                return change_election(sim, node, elections[sim_random(sim, G_N_ELEMENTS(elections))]);
        default:
                return about_check ? add_check(sim) : add_alert(sim);
        }
}

void operators_ask_one(Sim *sim, SimNode *node, ChangeKind kind, usec_t patience) {
        submit(sim, node, some_change(sim, node, kind), "", patience);
}

/* Somebody who is up and running; NULL when nobody is. */
SimNode *operators_someone(Sim *sim) {
        SimNode *up[NODES_MAX];
        unsigned n = 0;

        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (sim->nodes[i].up && sim->nodes[i].paused_until <= sim->now)
                        up[n++] = &sim->nodes[i];
        return n ? up[sim_random(sim, n)] : NULL;
}

void operators_ask(Sim *sim) {
        static const ChangeKind kinds[] = {
                CHANGE_ADD,  CHANGE_ADD,    CHANGE_EDIT,     CHANGE_EDIT,
                CHANGE_EDIT, CHANGE_REMOVE, CHANGE_DOCUMENT,
        };
        SimNode *node = operators_someone(sim);
        unsigned burst = sim_chance(sim, 10) ? 5 : 1;

        sim->next_ask = sim->now + 50 * USEC_PER_MSEC + sim_random(sim, sim->ask_every);
        if (node && sim_chance(sim, 15)) {
                editors_edit(sim, node);
                return;
        }
        for (; node && node->up && burst > 0; burst--) {
                ChangeKind kind = kinds[sim_random(sim, G_N_ELEMENTS(kinds))];

                if (kind == CHANGE_DOCUMENT && (sim->plot || !sim_chance(sim, 50)))
                        kind = CHANGE_EDIT;
                operators_ask_one(sim, node, kind, 500 * USEC_PER_MSEC + sim_random(sim, 4 * USEC_PER_SEC));
        }
}

/* members */

void operators_join(Sim *sim) {
        SimNode *node = operators_someone(sim), *joiner = NULL;
        Change *change;
        _cleanup_(peer_freep) Peer *peer = peer_new();

        for (unsigned i = 0; i < sim->n_nodes; i++)
                if (!sim->nodes[i].member)
                        joiner = &sim->nodes[i];
        if (!node || !joiner)
                return;

        /* a new key and NodeID for every membership */
        change = operators_change(sim, CHANGE_ADD, "peer");
        g_free(joiner->id);
        joiner->id = g_strdup_printf("%08x-n%d", (unsigned) sim_random(sim, UINT32_MAX), joiner->index);
        disk_format(&joiner->disk);
        file_format(&joiner->file);
        peer->node_id = g_strdup(joiner->id);
        peer->advertise = g_strdup("127.0.0.1:9901");
        peer->fingerprint = g_strdup_printf("sha256:%064x", sim->next_name);
        peer->cert_pem = g_strdup("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        change->body = codec_encode_text(&peer_type, peer);
        submit(sim, node, change, joiner->id, 5 * USEC_PER_SEC);
}

static void remove_voter(Sim *sim, SimNode *node) {
        Change *change;
        const Value *value = register_committed(node->reg);
        size_t n = value_n_voters(value);

        if (n <= 1)
                return;
        change = operators_change(sim, CHANGE_REMOVE, "peer");
        change->target = g_strdup(value_voter(value, sim_random(sim, n)));
        submit(sim, node, change, "", 5 * USEC_PER_SEC);
}

void operators_remove(Sim *sim) {
        SimNode *node = operators_someone(sim);

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
        node_start(sim, joiner);
}

void operators_answered(Sim *sim, SimNode *node, const ChangeAnswer *answer) {
        SimAsked *asked = g_hash_table_lookup(sim->asked, answer->id);

        if (!asked) {
                sim_fail(sim, "n%d answers %s, which nobody asked", node->index, answer->id);
                return;
        }
        sim_say(sim,
                node,
                "answers: %s is %s%s%s",
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
