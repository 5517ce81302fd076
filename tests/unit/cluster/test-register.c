/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One register, driven by hand; whole clusters are played in tests/sim. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/message.h"
#include "cluster/register.h"
#include "wire/codec.h"

#define E USEC_PER_SEC

typedef struct Play {
        Register *reg;
        usec_t now;
        uint64_t write; /* under way; 0: none */
        unsigned n_writes;
        unsigned n_sent, n_urgent;
        unsigned n_committed;
        unsigned n_forgetful;
        unsigned n_implausible;
        bool disk_failed;
        bool removed;
        char *last_method;
        char *last_params;
        ChangeAnswer *answer;
        uint64_t shown_term, shown_seq;
} Play;

static Value *cluster_of(unsigned n) {
        Value *value = NULL;

        for (unsigned i = 1; i <= n; i++) {
                _cleanup_(peer_freep) Peer *peer = peer_new();

                peer->node_id = g_strdup_printf("n%u", i);
                peer->advertise = g_strdup("127.0.0.1:9901");
                peer->fingerprint = g_strdup_printf("sha256:%064x", i);
                if (!value) {
                        value = register_first_value("k", peer, 1);
                } else {
                        _cleanup_(delta_freep) Delta *delta = delta_new();
                        Value *next;

                        delta_put_object(delta, RECORD_PEER, TAKE_PTR(peer));
                        next = value_apply(value, delta);
                        (void) value_unref(value);
                        value = next;
                }
        }
        return value;
}

static void take(Play *play, RegisterEffects *effects) {
        RegisterEffect *effect;

        while ((effect = register_effects_take(effects))) {
                switch (effect->kind) {
                case REGISTER_PERSIST:
                        g_assert_cmpuint(play->write, ==, 0); /* one at a time */
                        play->write = effect->write->number;
                        play->n_writes++;
                        break;
                case REGISTER_SEND:
                        play->n_sent++;
                        play->n_urgent += effect->urgent;
                        g_free(play->last_method);
                        g_free(play->last_params);
                        play->last_method = g_strdup(effect->method);
                        play->last_params = g_strdup(effect->params);
                        break;
                case REGISTER_COMMITTED:
                        g_assert_true(effect->term > play->shown_term ||
                                      (effect->term == play->shown_term && effect->seq > play->shown_seq));
                        play->shown_term = effect->term;
                        play->shown_seq = effect->seq;
                        play->n_committed++;
                        break;
                case REGISTER_FORGETFUL:
                        play->n_forgetful++;
                        break;
                case REGISTER_IMPLAUSIBLE:
                        play->n_implausible++;
                        break;
                case REGISTER_DISK:
                        play->disk_failed = !effect->gained;
                        break;
                case REGISTER_REMOVED:
                        play->removed = true;
                        break;
                case REGISTER_ANSWER:
                        (void) change_answer_free(play->answer);
                        play->answer = g_steal_pointer(&effect->answer);
                        break;
                default:
                        break;
                }
                (void) register_effect_free(effect);
        }
        g_assert_cmpuint(register_deadline(play->reg), >, play->now);
}

static void tick(Play *play) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;

        register_tick(play->reg, play->now, &effects);
        take(play, &effects);
}

static void advance(Play *play, usec_t by) {
        for (usec_t until = play->now + by; play->now < until;) {
                play->now = MIN(until, register_deadline(play->reg));
                tick(play);
        }
}

static void finish_write(Play *play, int error) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        uint64_t number = play->write;

        g_assert_cmpuint(number, >, 0);
        play->write = 0;
        register_persisted(play->reg, play->now, number, error, &effects);
        take(play, &effects);
}

/* what a message's table does not allow is refused, and changes nothing */
static int
say(Play *play, const char *from, const char *method, const ObjectType *type, const void *message) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        g_autofree char *params = codec_encode_text(type, message), *error = NULL;
        int r;

        r = register_receive(play->reg, play->now, from, method, params, strlen(params), &effects, &error);
        take(play, &effects);
        return r;
}

static void
hear(Play *play, const char *from, const char *method, const ObjectType *type, const void *message) {
        g_assert_cmpint(say(play, from, method, type, message), ==, 0);
}

static void start_with(Play *play, const char *node_id, Value *value) {
        RegisterSetup setup = {
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
        };

        *play = (Play){ .now = 100 * USEC_PER_SEC, .shown_term = 1, .shown_seq = 1 };
        play->reg = register_new(&setup, play->now);
        tick(play);
}

static void start(Play *play, const char *node_id, unsigned n_voters) {
        _cleanup_(value_unrefp) Value *value = cluster_of(n_voters);

        start_with(play, node_id, value);
}

static void stop(Play *play) {
        (void) register_free(play->reg);
        (void) change_answer_free(play->answer);
        g_free(play->last_method);
        g_free(play->last_params);
}

/* n1 of three becomes leader, n2 agrees with everything */
static void lead(Play *play) {
        VoteAnswer yes = { .term = 2, .trial = true, .granted = true, .own_term = 1 };
        Pong pong = { .term = 2, .durable_term = 2, .durable_seq = 2, .held_term = 2, .held_seq = 2 };

        start(play, "n1", 3);
        advance(play, 2 * E);
        hear(play, "n2", REGISTER_METHOD_VOTED, &vote_answer_type, &yes);
        finish_write(play, 0);
        yes.trial = false;
        yes.own_term = 2;
        hear(play, "n2", REGISTER_METHOD_VOTED, &vote_answer_type, &yes);
        finish_write(play, 0);
        pong.sent = play->now;
        pong.election_timeout = E;
        hear(play, "n2", REGISTER_METHOD_PONG, &pong_type, &pong);
        g_assert_true(register_acts(play->reg, play->now));
        g_assert_cmpstr(register_leader(play->reg), ==, "n1");
}

static void test_sole_voter_leads_once_its_term_is_durable(void) {
        Play play;

        start(&play, "n1", 1);
        g_assert_cmpuint(play.write, >, 0);
        g_assert_false(register_acts(play.reg, play.now));
        g_assert_cmpstr(register_leader(play.reg), ==, "");
        finish_write(&play, 0);
        g_assert_true(register_acts(play.reg, play.now));
        g_assert_cmpuint(register_term(play.reg), ==, 2);
        g_assert_cmpuint(play.n_committed, ==, 1);
        stop(&play);
}

static void test_no_vote_leaves_before_it_is_durable(void) {
        VoteRequest request = { .term = 5, .accepted_term = 1, .accepted_seq = 1 };
        unsigned n;
        Play play;

        start(&play, "n2", 3);
        play.now += E;
        hear(&play, "n1", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        n = play.n_sent;
        g_assert_cmpstr(play.last_method, !=, REGISTER_METHOD_VOTED);
        finish_write(&play, 0);
        g_assert_cmpuint(play.n_sent, ==, n + 1);
        g_assert_cmpstr(play.last_method, ==, REGISTER_METHOD_VOTED);
        g_assert_nonnull(strstr(play.last_params, "\"granted\":true"));
        stop(&play);
}

static void test_a_failed_write_is_as_if_nothing_had_happened(void) {
        VoteRequest request = { .term = 5, .accepted_term = 1, .accepted_seq = 1 };
        Play play;

        start(&play, "n2", 3);
        play.now += E;
        hear(&play, "n1", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        finish_write(&play, -EIO);
        g_assert_true(play.disk_failed);
        g_assert_cmpstr(play.last_method, !=, REGISTER_METHOD_VOTED);

        /* no votes and no standing until a write succeeds; it is tried by itself */
        play.n_sent = 0;
        hear(&play, "n1", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        g_assert_cmpuint(play.n_sent, ==, 0);
        advance(&play, 3 * E);
        g_assert_cmpuint(play.write, >, 0);
        finish_write(&play, 0);
        g_assert_false(play.disk_failed);
        hear(&play, "n1", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        finish_write(&play, 0);
        g_assert_cmpstr(play.last_method, ==, REGISTER_METHOD_VOTED);
        stop(&play);
}

static void test_a_slow_disk_keeps_the_lease(void) {
        Change change = {
                .id = (char *) "c",
                .kind = CHANGE_ADD,
                .object_kind = (char *) "check",
                .body = (char *) "{\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\"}",
        };
        Pong pong = { .term = 2, .durable_term = 2, .durable_seq = 2, .held_term = 2, .held_seq = 2 };
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        Play play;

        lead(&play);
        while (play.write) /* the mark of the commit */
                finish_write(&play, 0);
        register_submit(play.reg, play.now, &change, play.now + 60 * E, &effects);
        take(&play, &effects);
        g_assert_cmpuint(play.write, >, 0); /* and is not done for long */

        for (unsigned i = 0; i < 50; i++) {
                advance(&play, E / 10);
                g_assert_cmpstr(play.last_method, !=, REGISTER_METHOD_OFFER);
                pong.sent = play.now;
                pong.election_timeout = E;
                hear(&play, "n2", REGISTER_METHOD_PONG, &pong_type, &pong);
                g_assert_true(register_acts(play.reg, play.now));
        }

        finish_write(&play, 0);
        pong.durable_seq = pong.held_seq = 3;
        hear(&play, "n3", REGISTER_METHOD_PONG, &pong_type, &pong);
        g_assert_nonnull(play.answer);
        g_assert_cmpint(play.answer->outcome, ==, CHANGE_DONE);
        g_assert_cmpuint(play.answer->version, ==, 2);
        stop(&play);
}

static void test_lease_ends_by_itself(void) {
        Play play;

        lead(&play);
        g_assert_false(register_acts(play.reg, play.now + E * 3 / 4));
        g_assert_true(register_acts(play.reg, play.now + E * 3 / 4 - 1));
        advance(&play, E + 1);
        g_assert_cmpstr(register_leader(play.reg), ==, "");
        stop(&play);
}

static void test_who_answered_a_ping_is_silent(void) {
        Ping ping = { .term = 2, .sent = 7, .election_timeout = E };
        VoteRequest request = { .term = 3, .accepted_term = 1, .accepted_seq = 1 };
        Play play;

        start(&play, "n2", 3);
        play.now += 2 * E;
        hear(&play, "n1", REGISTER_METHOD_PING, &ping_type, &ping);
        g_assert_cmpstr(play.last_method,
                        !=,
                        REGISTER_METHOD_PONG); /* the new term is not yet on the disk */
        finish_write(&play, 0);
        g_assert_cmpstr(play.last_method, ==, REGISTER_METHOD_PONG);
        g_assert_nonnull(strstr(play.last_params, "\"sent\":7"));

        play.n_sent = 0;
        play.now += E - 1;
        hear(&play, "n3", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        g_assert_cmpuint(play.write, ==, 0);
        request.handover = 1; /* of another term than the promise was made in */
        hear(&play, "n3", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        g_assert_cmpuint(play.write, ==, 0);
        request.handover = 2;
        hear(&play, "n3", REGISTER_METHOD_VOTE, &vote_request_type, &request);
        g_assert_cmpuint(play.write, >, 0);
        stop(&play);
}

static void test_a_peer_that_forgot_is_not_counted(void) {
        Pong pong = {
                .term = 2,
                .told_term = 2,
                .told_seq = 2,
                .durable_term = 1,
                .durable_seq = 1,
                .election_timeout = E,
        };
        Play play;

        lead(&play);
        advance(&play, E / 2);
        pong.sent = play.now;
        hear(&play, "n2", REGISTER_METHOD_PONG, &pong_type, &pong);
        g_assert_cmpuint(play.n_forgetful, ==, 1);
        g_assert_false(register_acts(play.reg, play.now));
        stop(&play);
}

static void test_without_a_leader_nothing_is_changed(void) {
        Change change = { .id = (char *) "c", .kind = CHANGE_REMOVE };
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        Play play;

        start(&play, "n2", 3);
        register_submit(play.reg, play.now, &change, play.now + E, &effects);
        take(&play, &effects);
        g_assert_null(play.answer);
        advance(&play, E);
        g_assert_cmpint(play.answer->outcome, ==, CHANGE_NO_QUORUM);
        stop(&play);
}

static void test_what_is_no_message(void) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        g_autofree char *error = NULL, *other = NULL;
        Play play;

        start(&play, "n2", 3);
        g_assert_cmpint(register_receive(
                                        play.reg,
                                        play.now,
                                        "n1",
                                        "register.dance",
                                        "{}",
                                        2,
                                        &effects,
                                        &error),
                        ==,
                        -EOPNOTSUPP);
        g_assert_cmpint(register_receive(
                                        play.reg,
                                        play.now,
                                        "n1",
                                        "register.ping",
                                        "{\"term\":\"x\"}",
                                        12,
                                        &effects,
                                        &other),
                        ==,
                        -EBADMSG);
        g_assert_nonnull(error);
        g_assert_nonnull(other);
        g_assert_null(register_effects_take(&effects));
        stop(&play);
}

/* E goes down and up again while nothing is heard of n2; the middle value may still reach its disk, and it
 * would be silent for that one's E only, should it start anew */
static Value *with_election(const Value *value, usec_t election) {
        _cleanup_(delta_freep) Delta *delta = delta_new();
        ClusterMeta *meta = cluster_meta_copy(value_meta(value));

        meta->election_timeout = election;
        delta_put_object(delta, RECORD_META, meta);
        return value_apply(value, delta);
}

static void set_election(Play *play, const char *id, usec_t election) {
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        _cleanup_(document_freep) Document *document = value_document(register_committed(play->reg));
        g_autofree char *body = NULL;
        Change change = { .id = (char *) id, .kind = CHANGE_DOCUMENT };

        document->election_timeout = election;
        body = codec_encode_text(&document_type, document);
        change.body = body;
        register_submit(play->reg, play->now, &change, play->now + 600 * E, &effects);
        take(play, &effects);
        finish_write(play, 0);
}

static void test_a_lease_outlives_no_smaller_time_out(void) {
        VoteAnswer yes = { .term = 2, .trial = true, .granted = true, .own_term = 1 };
        Pong pong = { .term = 2, .election_timeout = 10 * E };
        _cleanup_(value_unrefp) Value *first = cluster_of(3), *value = with_election(first, 10 * E);
        usec_t heard;
        Play play;

        start_with(&play, "n1", value);
        advance(&play, 20 * E);
        hear(&play, "n2", REGISTER_METHOD_VOTED, &vote_answer_type, &yes);
        finish_write(&play, 0);
        yes.trial = false;
        hear(&play, "n2", REGISTER_METHOD_VOTED, &vote_answer_type, &yes);
        finish_write(&play, 0);
        advance(&play, E);

        /* the last word of n2; n3 goes on */
        pong.durable_term = pong.held_term = 2;
        pong.durable_seq = pong.held_seq = 2;
        pong.sent = heard = play.now;
        hear(&play, "n2", REGISTER_METHOD_PONG, &pong_type, &pong);
        hear(&play, "n3", REGISTER_METHOD_PONG, &pong_type, &pong);
        while (play.write)
                finish_write(&play, 0);
        g_assert_true(register_acts(play.reg, heard + 7 * E));

        set_election(&play, "short", E);
        g_assert_false(register_acts(play.reg, heard + E));
        pong.durable_seq = pong.held_seq = 3;
        pong.election_timeout = E;
        pong.sent = ++play.now;
        hear(&play, "n3", REGISTER_METHOD_PONG, &pong_type, &pong);
        g_assert_nonnull(play.answer);
        g_assert_cmpint(play.answer->outcome, ==, CHANGE_DONE);

        set_election(&play, "long", 10 * E);
        g_assert_true(register_acts(play.reg, play.now));
        g_assert_false(register_acts(play.reg, heard + E));

        /* past the short one */
        pong.durable_seq = pong.held_seq = 4;
        pong.election_timeout = 10 * E;
        pong.sent = ++play.now;
        hear(&play, "n2", REGISTER_METHOD_PONG, &pong_type, &pong);
        g_assert_true(register_acts(play.reg, play.now + 7 * E));
        stop(&play);
}

static void test_a_ping_is_answered_to_who_sent_it(void) {
        Ping ping = { .term = 2, .sent = 7, .election_timeout = E };
        VoteAnswer yes = { .term = 3, .trial = true, .granted = true, .own_term = 2 };
        _cleanup_(offer_freep) Offer *offer = offer_new();
        _cleanup_(value_unrefp) Value *value = cluster_of(3), *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_between(empty, value);
        char hash[RECORD_DIGEST_TEXT_SIZE];
        Play play;

        /* the write takes longer than n2 waits for n1 */
        start(&play, "n2", 3);
        hear(&play, "n1", REGISTER_METHOD_PING, &ping_type, &ping);
        advance(&play, 3 * E);
        finish_write(&play, 0);
        advance(&play, 3 * E);
        hear(&play, "n3", REGISTER_METHOD_VOTED, &vote_answer_type, &yes);
        finish_write(&play, 0);

        /* n3 wins */
        ping.term = 3;
        ping.sent = 5;
        hear(&play, "n3", REGISTER_METHOD_PING, &ping_type, &ping);
        g_assert_nonnull(strstr(play.last_params, "\"sent\":5"));
        offer->term = offer->value_term = 3;
        offer->value_seq = 2;
        offer->records = delta_to_wire(delta);
        offer->hash = g_strdup(record_digest_to_string(value_hash(value), hash));
        hear(&play, "n3", REGISTER_METHOD_OFFER, &offer_type, offer);
        finish_write(&play, 0);
        g_assert_cmpstr(play.last_method, ==, REGISTER_METHOD_PONG);
        g_assert_nonnull(strstr(play.last_params, "\"durable_seq\":2"));
        g_assert_null(strstr(play.last_params, "\"sent\":7"));

        /* nothing is committed in a term to come; believed, it would hide what is committed now */
        ping.sent = 6;
        ping.committed_term = 9;
        ping.committed_seq = 9;
        hear(&play, "n3", REGISTER_METHOD_PING, &ping_type, &ping);
        ping.committed_term = 3;
        ping.committed_seq = 2;
        hear(&play, "n3", REGISTER_METHOD_PING, &ping_type, &ping);
        g_assert_cmpuint(play.n_committed, ==, 1);
        stop(&play);
}

/* n3 hears of n1's lead from n2 alone; what n1 refused in an earlier term comes late through n2 */
static void test_a_late_refusal_does_not_count(void) {
        Change change = { .id = (char *) "c", .kind = CHANGE_REMOVE };
        Heartbeat heartbeat = { .incarnation = 1, .term = 1, .leader = (char *) "n1" };
        ChangeAnswer refusal = { .id = (char *) "c", .outcome = CHANGE_NOT_FOUND };
        ForwardAnswer answer = { .id = (char *) "c", .answer = &refusal, .value_term = 1, .value_seq = 1 };
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        Play play;

        start(&play, "n3", 3);
        hear(&play, "n2", REGISTER_METHOD_HEARTBEAT, &heartbeat_type, &heartbeat);
        g_assert_cmpstr(register_via(play.reg), ==, "n2");
        register_submit(play.reg, play.now, &change, play.now + 60 * E, &effects);
        take(&play, &effects);
        g_assert_cmpstr(play.last_method, ==, REGISTER_METHOD_CHANGE);

        heartbeat.term = 2;
        for (unsigned i = 0; i < 3; i++) {
                hear(&play, "n2", REGISTER_METHOD_HEARTBEAT, &heartbeat_type, &heartbeat);
                advance(&play, E);
        }
        hear(&play, "n2", REGISTER_METHOD_ANSWER, &forward_answer_type, &answer);
        g_assert_null(play.answer);
        stop(&play);
}

static void test_a_refusal_is_told(void) {
        Change change = { .id = (char *) "c", .kind = CHANGE_REMOVE };
        Heartbeat heartbeat = { .incarnation = 1, .term = 1, .leader = (char *) "n1" };
        ChangeAnswer refusal = { .id = (char *) "c", .outcome = CHANGE_NOT_FOUND };
        ForwardAnswer answer = { .id = (char *) "c", .answer = &refusal, .value_term = 1, .value_seq = 1 };
        RegisterEffects effects = REGISTER_EFFECTS_INIT;
        Play play;

        start(&play, "n3", 3);
        hear(&play, "n2", REGISTER_METHOD_HEARTBEAT, &heartbeat_type, &heartbeat);
        register_submit(play.reg, play.now, &change, play.now + 60 * E, &effects);
        take(&play, &effects);
        hear(&play, "n2", REGISTER_METHOD_ANSWER, &forward_answer_type, &answer);
        g_assert_nonnull(play.answer);
        g_assert_cmpint(play.answer->outcome, ==, CHANGE_NOT_FOUND);
        stop(&play);
}

/* Whatever members, joiners and strangers say: nothing crashes, what is shown never goes back, one write at
 * a time is under way (all of which take() holds), and the register still asks to be woken in the future. */
static uint64_t some_number(GRand *rand) {
        static const uint64_t numbers[] = {
                0, 1, 2, 3, 4, 5, 6, 100, INT64_MAX / 2, INT64_MAX,
        };

        return numbers[g_rand_int(rand) % G_N_ELEMENTS(numbers)];
}

static void fill(GRand *rand, const ObjectType *type, void *object, usec_t now) {
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (field->type == FIELD_UINT)
                        *FIELD_AT(uint64_t, field, object) = some_number(rand);
                else if (field->type == FIELD_USEC)
                        *FIELD_AT(usec_t, field, object) = g_rand_boolean(rand) ? some_number(rand) : now;
                else if (field->type == FIELD_BOOL)
                        *FIELD_AT(bool, field, object) = g_rand_boolean(rand);
                else if (field->type == FIELD_ENUM)
                        *FIELD_AT(int, field, object) = (int) (g_rand_int(rand) % field->names->n);
                else if (field->type == FIELD_STRING)
                        *FIELD_AT(char *, field, object) = g_strdup_printf("n%u", g_rand_int(rand) % 5);
                else if (field->type == FIELD_OBJECT && g_rand_boolean(rand)) {
                        *FIELD_AT(void *, field, object) = object_new(field->object);
                        fill(rand, field->object, *FIELD_AT(void *, field, object), now);
                }
        }
}

/* an offer that can be taken: a liar's value is well-formed, too */
static void make_true(GRand *rand, Offer *offer) {
        _cleanup_(value_unrefp) Value *value = cluster_of(1 + g_rand_int(rand) % 3),
                                      *empty = value_new_empty();
        _cleanup_(delta_freep) Delta *delta = delta_between(empty, value);
        char hash[RECORD_DIGEST_TEXT_SIZE];

        offer->value_term = offer->term;
        offer->base_term = offer->base_seq = 0;
        offer->records = delta_to_wire(delta);
        g_free(offer->hash);
        offer->hash = g_strdup(record_digest_to_string(value_hash(value), hash));
}

/* What a node claims is bounded: further ahead than an honest one can be is not heard, and told once in a
 * while; a long way ahead is gone once per E. */
static void test_nobody_uses_up_the_terms(void) {
        Ping ping = { .term = UINT64_C(1) + TERM_AHEAD_MAX + 1, .sent = 5, .election_timeout = E };
        VoteAnswer refusal = { .term = 1, .own_term = INT64_MAX };
        Play play;

        start(&play, "n2", 3);
        hear(&play, "n1", REGISTER_METHOD_PING, &ping_type, &ping);
        hear(&play, "n1", REGISTER_METHOD_VOTED, &vote_answer_type, &refusal);
        g_assert_cmpuint(play.write, ==, 0);
        g_assert_cmpuint(play.n_implausible, ==, 1);

        ping.term--;
        hear(&play, "n1", REGISTER_METHOD_PING, &ping_type, &ping);
        finish_write(&play, 0);
        g_assert_cmpuint(register_term(play.reg), ==, ping.term);
        ping.term += TERM_LEAP_MAX + 1;
        hear(&play, "n1", REGISTER_METHOD_PING, &ping_type, &ping);
        g_assert_cmpuint(play.write, ==, 0);
        play.now += E;
        hear(&play, "n1", REGISTER_METHOD_PING, &ping_type, &ping);
        finish_write(&play, 0);
        g_assert_cmpuint(register_term(play.reg), ==, ping.term);
        g_assert_cmpuint(play.n_implausible, ==, 1);
        stop(&play);
}

static void test_nobody_uses_up_the_seqs(void) {
        _cleanup_(value_unrefp) Value *value = cluster_of(3);
        char hash[RECORD_DIGEST_TEXT_SIZE];
        Offer offer = {
                .term = 2,
                .value_term = 2,
                .value_seq = 1 + SEQ_AHEAD_MAX + 1,
                .base_term = 1,
                .base_seq = 1,
                .hash = record_digest_to_string(value_hash(value), hash),
        };
        Play play;

        start(&play, "n2", 3);
        hear(&play, "n1", REGISTER_METHOD_OFFER, &offer_type, &offer);
        g_assert_cmpuint(play.write, ==, 0);
        g_assert_cmpuint(play.n_implausible, ==, 1);
        offer.value_seq--;
        hear(&play, "n1", REGISTER_METHOD_OFFER, &offer_type, &offer);
        g_assert_cmpuint(play.write, >, 0);
        stop(&play);
}

static void test_liars(void) {
        static const struct {
                const char *method;
                const ObjectType *type;
        } kinds[] = {
                { REGISTER_METHOD_PING, &ping_type },
                { REGISTER_METHOD_PONG, &pong_type },
                { REGISTER_METHOD_VOTE, &vote_request_type },
                { REGISTER_METHOD_VOTED, &vote_answer_type },
                { REGISTER_METHOD_OFFER, &offer_type },
                { REGISTER_METHOD_HANDOVER, &handover_type },
                { REGISTER_METHOD_CHANGE, &forward_type },
                { REGISTER_METHOD_ANSWER, &forward_answer_type },
                { REGISTER_METHOD_HEARTBEAT, &heartbeat_type },
                { REGISTER_METHOD_FETCH, &fetch_type },
                { REGISTER_METHOD_VALUE, &offer_type },
        };
        g_autoptr(GRand) rand = g_rand_new_with_seed(11);

        for (unsigned round = 0; round < 60; round++) {
                Play play;

                start(&play, round % 3 ? "n1" : "n2", round % 4 ? 3 : 1);
                for (unsigned i = 0; i < 400; i++) {
                        unsigned kind = g_rand_int(rand) % G_N_ELEMENTS(kinds);
                        g_autofree char *from = g_strdup_printf("n%u", g_rand_int(rand) % 5);
                        void *message = object_new(kinds[kind].type);

                        fill(rand, kinds[kind].type, message, play.now);
                        if (kinds[kind].type == &offer_type && g_rand_boolean(rand))
                                make_true(rand, message);
                        (void) say(&play, from, kinds[kind].method, kinds[kind].type, message);
                        (void) object_free(kinds[kind].type, message);
                        if (play.write && g_rand_boolean(rand))
                                finish_write(&play, g_rand_int(rand) % 10 ? 0 : -EIO);
                        advance(&play, g_rand_int(rand) % (E / 5));
                }
                stop(&play);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/register/sole-voter", test_sole_voter_leads_once_its_term_is_durable);
        g_test_add_func("/register/vote-waits-for-the-disk", test_no_vote_leaves_before_it_is_durable);
        g_test_add_func("/register/failed-write", test_a_failed_write_is_as_if_nothing_had_happened);
        g_test_add_func("/register/slow-disk-keeps-the-lease", test_a_slow_disk_keeps_the_lease);
        g_test_add_func("/register/lease-ends", test_lease_ends_by_itself);
        g_test_add_func("/register/silence", test_who_answered_a_ping_is_silent);
        g_test_add_func("/register/forgetful-peer", test_a_peer_that_forgot_is_not_counted);
        g_test_add_func("/register/lease-and-smaller-time-out", test_a_lease_outlives_no_smaller_time_out);
        g_test_add_func("/register/ping-of-another", test_a_ping_is_answered_to_who_sent_it);
        g_test_add_func("/register/late-refusal", test_a_late_refusal_does_not_count);
        g_test_add_func("/register/refusal", test_a_refusal_is_told);
        g_test_add_func("/register/no-leader", test_without_a_leader_nothing_is_changed);
        g_test_add_func("/register/no-message", test_what_is_no_message);
        g_test_add_func("/register/terms-are-not-used-up", test_nobody_uses_up_the_terms);
        g_test_add_func("/register/seqs-are-not-used-up", test_nobody_uses_up_the_seqs);
        g_test_add_func("/register/liars", test_liars);
        return g_test_run();
}
