/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A register that is told anything by the other members of its cluster: it has no wish to live in an honest
 * one, only not to break a promise of its own. The input is a play, an event a line:
 *
 *     2 register.ping {"term":3}   node n2 says this; see expand() for the signs that stand for numbers
 *     t 100000                     time passes, in microseconds
 *     w, e                         the write under way is done, or fails
 *     c 2                          a new connection to n2
 *     s {"id":"a",…}               a change is asked for on this node (the line is a Change)
 *
 * The first line is how many nodes the cluster has, and which of them this one is. */
#include "base/limits.h"
#include "cluster/message.h"
#include "cluster/register-state.h"
#include "config/validate.h"
#include "promise.h"
#include "wire/codec.h"

#define NODES_MAX 5
#define EVENTS_MAX 400
#define SUBMITTED_MAX 32
#define TIME_MAX_USEC (15 * USEC_PER_SEC) /* of one play */
#define ANSWER_USEC (2 * USEC_PER_SEC)

typedef struct Play {
        Register *reg;
        usec_t now;
        unsigned n_nodes, self;
        usec_t time_left;
        uint64_t write; /* under way */
        uint64_t write_term;
        char *write_vote;
        uint64_t voted_term; /* on the disk */
        char *vote;
        Stamp shown;
        usec_t answered_at[NODES_MAX + 1]; /* when each last answered a ping */
        GHashTable *submitted;             /* ids without an answer */
} Play;

static const struct {
        const char *method;
        const ObjectType *type;
} methods[] = {
        { REGISTER_METHOD_PING, &ping_type },           { REGISTER_METHOD_PONG, &pong_type },
        { REGISTER_METHOD_VOTE, &vote_request_type },   { REGISTER_METHOD_VOTED, &vote_answer_type },
        { REGISTER_METHOD_OFFER, &offer_type },         { REGISTER_METHOD_HANDOVER, &handover_type },
        { REGISTER_METHOD_CHANGE, &forward_type },      { REGISTER_METHOD_ANSWER, &forward_answer_type },
        { REGISTER_METHOD_HEARTBEAT, &heartbeat_type }, { REGISTER_METHOD_FETCH, &fetch_type },
        { REGISTER_METHOD_VALUE, &offer_type },         { REGISTER_METHOD_REMOVED, &removed_type },
};

static Value *cluster_of(unsigned n) {
        Value *value = NULL;

        for (unsigned i = 1; i <= n; i++) {
                _cleanup_(peer_freep) Peer *peer = peer_new();
                _cleanup_(delta_freep) Delta *delta = delta_new();
                Value *next;

                peer->node_id = g_strdup_printf("n%u", i);
                peer->advertise = g_strdup_printf("127.0.0.1:%u", 9900 + i);
                peer->fingerprint = g_strdup_printf("sha256:%064x", i);
                if (!value) {
                        value = register_first_value("k", peer, 1);
                        continue;
                }
                delta_put_object(delta, RECORD_PEER, TAKE_PTR(peer));
                next = value_apply(value, delta);
                (void) value_unref(value);
                value = next;
        }
        return value;
}

/* ---- what the register wants ---- */

/* one write at a time, and one vote in a term */
static void on_write(Play *play, const RegisterWrite *write) {
        PROMISE(play->write == 0 && write->number > 0);
        PROMISE(write->term <= INT64_MAX && write->accepted_term <= INT64_MAX &&
                write->accepted_seq <= INT64_MAX);
        PROMISE(write->term > play->voted_term ||
                (write->term == play->voted_term && (!*play->vote || strcmp(write->vote, play->vote) == 0)));
        play->write = write->number;
        play->write_term = write->term;
        g_free(play->write_vote);
        play->write_vote = g_strdup(write->vote);
}

static void on_sent(Play *play, const RegisterEffect *effect) {
        for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
                void *object = NULL;

                if (strcmp(methods[i].method, effect->method) != 0)
                        continue;
                PROMISE(strcmp(effect->node, play->reg->node_id) != 0);
                PROMISE(codec_decode(methods[i].type,
                                     effect->params,
                                     strlen(effect->params),
                                     &object,
                                     NULL) == 0);
                if (methods[i].type == &vote_answer_type && ((VoteAnswer *) object)->granted &&
                    !((VoteAnswer *) object)->trial) {
                        PROMISE(play->reg->disk.term >= ((VoteAnswer *) object)->term);
                        PROMISE(play->reg->disk.term > ((VoteAnswer *) object)->term ||
                                strcmp(play->reg->disk.vote, effect->node) == 0);
                }
                (void) object_free(methods[i].type, object);
                return;
        }
        PROMISE(!"a method that exists");
}

static void on_committed(Play *play, const RegisterEffect *effect) {
        Stamp at = { effect->term, effect->seq };

        PROMISE(stamp_compare(at, play->shown) > 0);
        PROMISE(value_meta(effect->value) && value_n_voters(effect->value) > 0);
        play->shown = at;
}

static void take(Play *play, RegisterEffects *effects) {
        RegisterEffect *effect;

        while ((effect = register_effects_take(effects))) {
                switch (effect->kind) {
                case REGISTER_PERSIST:
                        on_write(play, effect->write);
                        break;
                case REGISTER_SEND:
                        on_sent(play, effect);
                        break;
                case REGISTER_COMMITTED:
                        on_committed(play, effect);
                        break;
                case REGISTER_ANSWER:
                        PROMISE(g_hash_table_remove(play->submitted, effect->answer->id));
                        break;
                case REGISTER_LEASE:
                        PROMISE(!effect->gained || register_acts(play->reg, play->now));
                        break;
                case REGISTER_IMPLAUSIBLE:
                        PROMISE(effect->term > TERM_LEAP_MAX || effect->seq > SEQ_LEAP_MAX);
                        break;
                default:
                        break;
                }
                (void) register_effect_free(effect);
        }
}

/* Nobody acts without having heard a majority within E; and the register never asks to be woken at once. */
static void check_state(Play *play) {
        Register *r = play->reg;
        unsigned n_heard = 1;

        PROMISE(register_deadline(r) > play->now);
        PROMISE(r->memory.term <= INT64_MAX && r->memory.accepted.at.seq <= INT64_MAX);
        PROMISE(g_queue_get_length(&r->held_effects) <= HELD_MAX);
        PROMISE(g_queue_get_length(&r->queue) <= CHANGES_QUEUED_MAX);
        PROMISE(g_queue_get_length(&r->relays) <= RELAYS_MAX);
        PROMISE(g_queue_is_empty(&r->step_effects));
        PROMISE(r->peerings->len <= 2 * NODES_MAX + 64);

        if (!register_acts(r, play->now))
                return;
        PROMISE(r->role == ROLE_LEADER && !r->disk_failed && r->disk.term == r->memory.term);
        for (unsigned i = 1; i <= play->n_nodes; i++)
                n_heard += i != play->self && play->answered_at[i] > 0 &&
                           play->now - play->answered_at[i] < ELECTION_MAX_USEC;
        /* (of the voters that it began with; a lie may have made it a cluster of other ones) */
        if (value_n_voters(r->memory.accepted.value) == play->n_nodes)
                PROMISE(n_heard * 2 > play->n_nodes);
}

/* ---- the events ---- */

/* $t our term, $n now, $a and $q term and seq of what we hold, $d and $e of what is on our disk: what an
 * honest peer would know, so that a play need not guess it. "+1" after one adds. */
static char *expand(const Play *play, const char *text) {
        const Register *r = play->reg;
        GString *s = g_string_new(NULL);

        for (; *text; text++) {
                uint64_t number;

                if (*text != '$') {
                        g_string_append_c(s, *text);
                        continue;
                }
                switch (*++text) {
                case 't':
                        number = r->memory.term;
                        break;
                case 'n':
                        number = play->now;
                        break;
                case 'a':
                        number = r->memory.accepted.at.term;
                        break;
                case 'q':
                        number = r->memory.accepted.at.seq;
                        break;
                case 'd':
                        number = r->disk.accepted.at.term;
                        break;
                case 'e':
                        number = r->disk.accepted.at.seq;
                        break;
                default:
                        text--;
                        continue;
                }
                if (text[1] == '+' && g_ascii_isdigit(text[2])) {
                        number += (uint64_t) (text[2] - '0');
                        text += 2;
                }
                g_string_append_printf(s, "%" G_GUINT64_FORMAT, number);
        }
        return g_string_free(s, FALSE);
}

/* An offer's hash cannot be guessed: "?" stands for the right one. */
static char *hashed(const Play *play, const char *params) {
        void *object;
        Offer *offer;
        _cleanup_(value_unrefp) Value *value = NULL, *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = NULL;
        char hash[RECORD_DIGEST_TEXT_SIZE], *text = NULL;

        if (codec_decode(&offer_type, params, strlen(params), &object, NULL) < 0)
                return g_strdup(params);
        offer = object;
        if (g_strcmp0(offer->hash, "?") == 0 && delta_from_wire(offer->records, &delta, NULL) == 0) {
                value = value_apply(offer->base_seq == 0 ? empty : play->reg->memory.accepted.value, delta);
                g_free(offer->hash);
                offer->hash = g_strdup(record_digest_to_string(value_hash(value), hash));
        }
        text = codec_encode_text(&offer_type, offer);
        (void) offer_free(offer);
        return text;
}

static void receive(Play *play, unsigned from, const char *method, const char *line) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        Register *r = play->reg;
        uint64_t term = r->memory.term, n_values = r->memory.accepted.at.seq;
        Stamp accepted = r->memory.accepted.at;
        Role role = r->role;
        bool failed = r->disk_failed;
        char node_id[] = { 'n', (char) ('0' + from), 0 };
        g_autofree char *expanded = expand(play, line), *params = NULL, *error = NULL;
        int result;

        params = strcmp(method, REGISTER_METHOD_OFFER) == 0 || strcmp(method, REGISTER_METHOD_VALUE) == 0
                                 ? hashed(play, expanded)
                                 : g_strdup(expanded);
        if (strcmp(method, REGISTER_METHOD_PONG) == 0)
                play->answered_at[from] = play->now;
        result = register_receive(r, play->now, node_id, method, params, strlen(params), &effects, &error);
        PROMISE((result < 0) == (error != NULL));
        if (result < 0) {
                promise_sentence(error, 1024);
                PROMISE(g_queue_is_empty(&effects.queue));
                PROMISE(r->memory.term == term && stamp_equal(r->memory.accepted.at, accepted) &&
                        r->role == role && r->disk_failed == failed);
        }
        /* numbers grow, and not by more than is believed, whatever is said; a step may stand besides */
        PROMISE(r->memory.term >= term);
        PROMISE(stamp_compare(r->memory.accepted.at, accepted) >= 0);
        if (accepted.seq > 0) {
                PROMISE(r->memory.term <= term + TERM_AHEAD_MAX + 2);
                PROMISE(r->memory.accepted.at.seq <= n_values + SEQ_AHEAD_MAX + 2);
        }
        take(play, &effects);
}

static void submit(Play *play, const char *line) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        _cleanup_(change_freep) Change *change = NULL;
        void *object;

        if (g_hash_table_size(play->submitted) >= SUBMITTED_MAX ||
            codec_decode(&change_type, line, strlen(line), &object, NULL) < 0)
                return;
        change = object;
        if (!change->id || !*change->id || g_hash_table_contains(play->submitted, change->id))
                return;
        (void) g_hash_table_add(play->submitted, g_strdup(change->id));
        register_submit(play->reg, play->now, change, play->now + ANSWER_USEC, &effects);
        take(play, &effects);
}

static void finish_write(Play *play, int error) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        uint64_t number = play->write;

        if (number == 0)
                return;
        play->write = 0;
        if (error == 0) {
                play->voted_term = play->write_term;
                g_free(play->vote);
                play->vote = g_strdup(play->write_vote);
        }
        register_persisted(play->reg, play->now, number, error, &effects);
        take(play, &effects);
}

static void pass(Play *play, usec_t by) {
        usec_t until = play->now + MIN(by, play->time_left);

        play->time_left -= MIN(by, play->time_left);

        while (play->now < until) {
                RegisterEffects effects = REGISTER_EFFECTS_INIT;

                play->now = MIN(until, MAX(register_deadline(play->reg), play->now + 20 * USEC_PER_MSEC));
                register_tick(play->reg, play->now, &effects);
                take(play, &effects);
                check_state(play);
        }
}

static void act(Play *play, const char *line) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        unsigned node = line[0] >= '1' && line[0] <= '0' + NODES_MAX ? (unsigned) (line[0] - '0') : 0;
        const char *space = node > 0 && line[1] == ' ' ? strchr(line + 2, ' ') : NULL;

        if (space) {
                g_autofree char *method = g_strndup(line + 2, (size_t) (space - line - 2));

                /* as all that the decoder of envelopes lets through */
                if (g_utf8_validate(method, -1, NULL))
                        receive(play, node, method, space + 1);
        } else if (line[0] == 't')
                pass(play, g_ascii_strtoull(line + 1, NULL, 10));
        else if (line[0] == 'w')
                finish_write(play, 0);
        else if (line[0] == 'e')
                finish_write(play, -5);
        else if (line[0] == 'c') {
                char node_id[] = { 'n', line[1] == ' ' && g_ascii_isdigit(line[2]) ? line[2] : '1', 0 };

                register_connected(play->reg, play->now, node_id, &effects);
                take(play, &effects);
        } else if (line[0] == 's' && line[1] == ' ')
                submit(play, line + 2);
        check_state(play);
}

/* ---- the play ---- */

static void start(Play *play, const char *line) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        _cleanup_(value_unrefp) Value *value = NULL;
        char node_id[] = "n1";

        play->n_nodes = line[0] >= '1' && line[0] <= '0' + NODES_MAX ? (unsigned) (line[0] - '0') : 3;
        play->self = 1;
        if (line[0] && line[1] == ' ' && line[2] >= '1' && line[2] < '1' + (char) play->n_nodes)
                play->self = (unsigned) (line[2] - '0');
        node_id[1] = (char) ('0' + play->self);

        value = cluster_of(play->n_nodes);
        play->now = 100 * USEC_PER_SEC;
        play->time_left = TIME_MAX_USEC;
        play->shown = (Stamp){ 1, 1 };
        play->voted_term = 1;
        play->vote = g_strdup("");
        play->submitted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        play->reg = register_new(
                        &(RegisterSetup){
                                        .node_id = node_id,
                                        .seed = 1,
                                        .incarnation = 1,
                                        .term = 1,
                                        .accepted_term = 1,
                                        .accepted_seq = 1,
                                        .accepted = value,
                                        .committed_term = 1,
                                        .committed_seq = 1,
                                        .committed = value,
                        },
                        play->now);
        register_tick(play->reg, play->now, &effects);
        take(play, &effects);
}

/* Every change has an answer by its deadline, whatever was said. */
static void end(Play *play) {
        play->time_left = 2 * ANSWER_USEC;
        if (g_hash_table_size(play->submitted) > 0)
                pass(play, 2 * ANSWER_USEC);
        PROMISE(g_hash_table_size(play->submitted) == 0);
        (void) register_free(play->reg);
        g_hash_table_unref(play->submitted);
        g_free(play->vote);
        g_free(play->write_vote);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        g_autofree char *first = input_line(&input);
        Play play = {};

        start(&play, first);
        for (unsigned i = 0; i < EVENTS_MAX && input.n > 0; i++) {
                g_autofree char *line = input_line(&input);

                act(&play, line);
        }
        end(&play);
        return 0;
}
