/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include "alerts/notices.h"
#include "alerts/outbox.h"
#include "base/limits.h"

/* Random transitions, outcomes, edits, removals and returns, lapsed leases and dead masters, against a model
 * that knows three things: what each DOWN has come to for each recipient, what each recipient has received,
 * and whose outcome is in doubt. Nothing owed disappears but for a reason; RECOVERED or the last word is
 * owed exactly where this outage's DOWN is owed, was delivered or may have been; each recipient of an alert
 * hears about a check in order, and nothing twice unless the outcome was in doubt. */

enum { CHECKS = 3, ALERTS = 4, STEPS = 2500 };

typedef struct Attempt {
        char *notice_id;
        char *recipient;
        uint64_t number;
        bool finished;
        AttemptResult result;
} Attempt;

typedef struct World {
        GRand *rand;
        Value *value;
        Outbox *outbox;
        GPtrArray *attempts; /* of Attempt: in flight, or ended and not committed */
        GHashTable *downs;   /* "check alert recipient" -> DeliveryState of this outage's DOWN */
        GHashTable *heard;   /* "check alert recipient" -> usec_t *, date of the last received */
        GHashTable *got;     /* "notice recipient": received */
        GHashTable *doubt;   /* "notice recipient": an attempt's outcome is unknown */
        GHashTable *said;    /* "notice recipient": and the register was told so */
        uint64_t term;
        const char *dead; /* an alert whose relay never answers */
        usec_t now;
        unsigned n_received, n_repeats, n_collapsed, n_gave_up, n_last_words;
} World;

static unsigned pick(World *world, unsigned n) {
        return (unsigned) g_rand_int_range(world->rand, 0, (gint32) n);
}

static void attempt_free(gpointer data) {
        Attempt *attempt = data;

        g_free(attempt->notice_id);
        g_free(attempt->recipient);
        g_free(attempt);
}

static char *lane_of(const Notice *notice, const char *recipient) {
        return g_strdup_printf("%s %s %s", notice->check_id, notice->alert_id, recipient);
}

/* the relay's side */

static void receive(World *world, const Attempt *attempt) {
        const Notice *notice = value_object(world->value, RECORD_NOTICE, attempt->notice_id);
        g_autofree char *key = g_strdup_printf("%s %s", attempt->notice_id, attempt->recipient);
        g_autofree char *lane = NULL;
        const usec_t *last;

        if (!notice) /* it was taken back at the last moment: nobody is sure to have sent it */
                return;
        lane = lane_of(notice, attempt->recipient);
        last = g_hash_table_lookup(world->heard, lane);
        g_assert_true(!last || *last <= notice->created);
        world->n_received++;
        if (g_hash_table_contains(world->got, key)) {
                g_assert_true(g_hash_table_contains(world->doubt, key));
                world->n_repeats++;
        }
        g_hash_table_add(world->got, g_strdup(key));
        g_hash_table_replace(
                        world->heard,
                        g_steal_pointer(&lane),
                        g_memdup2(&notice->created, sizeof notice->created));
}

static void cast_doubt(World *world, const Attempt *attempt) {
        if (pick(world, 2) == 0)
                receive(world, attempt);
        g_hash_table_add(world->doubt, g_strdup_printf("%s %s", attempt->notice_id, attempt->recipient));
}

/* what may become of what is owed */

/* another notice of the same alert about the same check says so */
static bool is_collapsed(const Value *before, const Value *after, const Notice *gone) {
        size_t n;
        Record *const *records = notices_of_check(after, gone->check_id, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;
                const Notice *was = value_object(before, RECORD_NOTICE, notice->id);

                if (g_strcmp0(notice->alert_id, gone->alert_id) == 0 &&
                    notice->collapsed > (was ? was->collapsed : 0))
                        return true;
        }
        return false;
}

static bool is_entitled(const Value *value, const Notice *notice, const char *recipient) {
        const Alert *alert = value_object(value, RECORD_ALERT, notice->alert_id);

        return alert && alert_has_recipient(alert, recipient);
}

static void settle_down(World *world, const Notice *notice, const char *recipient, DeliveryState state);

/* settled: whose outcome this commit brings, NULL: none */
static void look_for_losses(World *world, const Value *before, const Value *after, const Attempt *settled) {
        size_t n;
        Record *const *records = value_slice(before, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *old = records[i]->object;
                const Notice *new = value_object(after, RECORD_NOTICE, old->id);

                for (guint k = 0; k < old->recipients->len; k++) {
                        const Recipient *was = g_ptr_array_index(old->recipients, k);
                        const Recipient *is = new ? notice_recipient(new, was->address) : NULL;

                        if (was->state != DELIVERY_OWED || (is && is->state == DELIVERY_OWED))
                                continue;
                        if (settled && strcmp(settled->notice_id, old->id) == 0 &&
                            strcmp(settled->recipient, was->address) == 0)
                                continue;
                        /* not settled by anything else, but for who may know and is not wanted now */
                        if (is) {
                                g_assert_true(was->in_doubt && is->state == DELIVERY_GAVE_UP);
                                g_assert_false(is_entitled(after, old, was->address));
                                settle_down(world, old, was->address, DELIVERY_GAVE_UP);
                                continue;
                        }
                        if (!is_entitled(after, old, was->address))
                                continue;
                        g_assert_true(is_collapsed(before, after, old));
                        world->n_collapsed++;
                }
        }
}

static void adopt(World *world, Value *after, const Attempt *settled) {
        look_for_losses(world, world->value, after, settled);
        (void) value_unref(world->value);
        world->value = after;
        outbox_set_value(world->outbox, after, world->now, WALL + world->now);
}

/* the model of an outage */

static void begin_outage(World *world, const char *check_id) {
        size_t n;
        Record *const *records = notices_of_check(world->value, check_id, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (notice->created != WALL + world->now)
                        continue;
                g_assert_cmpint(notice->event, ==, NOTICE_DOWN);
                for (guint k = 0; k < notice->recipients->len; k++) {
                        const Recipient *recipient = g_ptr_array_index(notice->recipients, k);

                        g_hash_table_replace(
                                        world->downs,
                                        lane_of(notice, recipient->address),
                                        GINT_TO_POINTER(DELIVERY_OWED));
                }
        }
}

/* Exactly those who were or will be told of DOWN are owed its end. before: what it ends in */
static void end_outage(World *world, const char *check_id, NoticeEvent event) {
        g_autofree char *prefix = g_strdup_printf("%s ", check_id);
        size_t n, n_owed = 0, n_expected = 0;
        Record *const *records = notices_of_check(world->value, check_id, &n);
        GHashTableIter iter;
        gpointer key, state;

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (notice->created != WALL + world->now)
                        continue;
                g_assert_cmpint(notice->event, ==, event);
                n_owed += notice->recipients->len;
                for (guint k = 0; k < notice->recipients->len; k++) {
                        const Recipient *recipient = g_ptr_array_index(notice->recipients, k);
                        g_autofree char *lane = lane_of(notice, recipient->address);

                        g_assert_true(g_hash_table_contains(world->downs, lane));
                }
        }
        g_hash_table_iter_init(&iter, world->downs);
        while (g_hash_table_iter_next(&iter, &key, &state)) {
                g_auto(GStrv) parts = NULL;
                const Alert *alert;

                if (!g_str_has_prefix(key, prefix))
                        continue;
                parts = g_strsplit(key, " ", 3);
                alert = value_object(world->value, RECORD_ALERT, parts[1]);
                if (alert && alert_has_recipient(alert, parts[2]) &&
                    (GPOINTER_TO_INT(state) == DELIVERY_OWED ||
                     GPOINTER_TO_INT(state) == DELIVERY_DELIVERED))
                        n_expected++;
                g_hash_table_iter_remove(&iter);
        }
        g_assert_cmpuint(n_owed, ==, n_expected);
        world->n_last_words += event == NOTICE_UNWATCHED && n_owed > 0;
}

static void settle_down(World *world, const Notice *notice, const char *recipient, DeliveryState state) {
        const CheckStatus *status = value_object(world->value, RECORD_STATUS, notice->check_id);
        g_autofree char *lane = lane_of(notice, recipient);
        g_autofree char *key = g_strdup_printf("%s %s", notice->id, recipient);

        /* a refusal, or giving up, is not believed where the message was received or may have been */
        if (g_hash_table_contains(world->got, key) || g_hash_table_contains(world->said, key) ||
            world->term != notice->transition->term)
                state = state == DELIVERY_OWED ? state : DELIVERY_DELIVERED;
        if (notice_is_current_down(notice, status) && g_hash_table_contains(world->downs, lane))
                g_hash_table_replace(world->downs, g_steal_pointer(&lane), GINT_TO_POINTER(state));
}

/* An owed DOWN goes with its recipient, a delivered one is remembered, unless its alert is gone. */
static gboolean is_dropped(gpointer key, gpointer state, gpointer value) {
        g_auto(GStrv) parts = g_strsplit(key, " ", 3);
        const Alert *alert = value_object(value, RECORD_ALERT, parts[1]);

        return !alert || (GPOINTER_TO_INT(state) == DELIVERY_OWED && !alert_has_recipient(alert, parts[2]));
}

/* what happens */

static void flip(World *world) {
        g_autofree char *id = g_strdup_printf("check-%04u", pick(world, CHECKS));
        const CheckStatus *status = value_object(world->value, RECORD_STATUS, id);
        bool up = status && status->state == CHECK_UP, down = status && status->state == CHECK_DOWN;
        CheckState to = up ? CHECK_DOWN : down ? CHECK_UP : pick(world, 2) ? CHECK_UP : CHECK_DOWN;
        _cleanup_(transition_freep) Transition *transition = NULL;
        _cleanup_(delta_freep) Delta *delta = NULL;

        if (!value_find(world->value, RECORD_CHECK, id))
                return;
        world->now += SEC;
        transition = fixture_transition(world->value, id, to, WALL + world->now);
        transition->term = world->term;
        delta = alerts_on_transition(world->value, transition);
        adopt(world, value_apply(world->value, delta), NULL);
        if (to == CHECK_DOWN)
                begin_outage(world, id);
        else if (down)
                end_outage(world, id, NOTICE_RECOVERED);
}

static void change(World *world, Value *after) {
        Delta *delta = alerts_on_change(world->value, after, "node-1", 9, WALL + world->now);

        fixture_apply(&after, delta);
        adopt(world, after, NULL);
        (void) g_hash_table_foreach_remove(world->downs, is_dropped, world->value);
}

static bool is_used(const Value *value, const char *hash) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++)
                if (g_strcmp0(((const Notice *) records[i]->object)->body_template_hash, hash) == 0)
                        return true;
        return false;
}

static void drop_unused_templates(Value **value) {
        _cleanup_(value_unrefp) Value *before = value_ref(*value);
        size_t n;
        Record *const *records = value_slice(before, RECORD_TEMPLATE, &n);

        for (size_t i = 0; i < n; i++)
                if (!is_used(*value, records[i]->id))
                        fixture_delete(value, RECORD_TEMPLATE, records[i]->id);
}

/* as whoever plans a removal does */
static void drop_notices(Value **value, const char *check_id, const char *alert_id) {
        _cleanup_(value_unrefp) Value *before = value_ref(*value);
        size_t n;
        Record *const *records = value_slice(before, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (g_strcmp0(notice->check_id, check_id) == 0 || g_strcmp0(notice->alert_id, alert_id) == 0)
                        fixture_delete(value, RECORD_NOTICE, notice->id);
        }
        drop_unused_templates(value);
}

static void remove_or_add_check(World *world) {
        unsigned i = pick(world, CHECKS);
        Check *check = fixture_check(i, 30 * SEC);
        g_autofree char *id = g_strdup(check->id);
        const CheckStatus *status = value_object(world->value, RECORD_STATUS, id);
        bool down = status && status->state == CHECK_DOWN;
        Value *after = value_ref(world->value);

        world->now += SEC;
        if (!value_find(world->value, RECORD_CHECK, id)) {
                fixture_put(&after, RECORD_CHECK, check);
                change(world, after);
                return;
        }
        (void) check_free(check);
        fixture_delete(&after, RECORD_CHECK, id);
        fixture_delete(&after, RECORD_STATUS, id);
        drop_notices(&after, id, NULL);
        change(world, after);
        if (down)
                end_outage(world, id, NOTICE_UNWATCHED);
}

static Alert *some_alert(World *world, unsigned i) {
        static const char *const to[] = { "a@x", "a@x,b@x", "b@x,c@x", "c@x,a@x,b@x" };
        g_autofree char *id = g_strdup_printf("alert-%u", i);
        const char *recipients = to[pick(world, G_N_ELEMENTS(to))];
        bool is_default = pick(world, 4) > 0 || g_strcmp0(id, world->dead) == 0;
        Alert *alert = i % 2 == 0 ? fixture_discord(id, is_default)
                                  : fixture_smtp(id, recipients, is_default);

        if (pick(world, 2) == 0)
                alert->body_template = g_strdup_printf("body %u", pick(world, 3));
        return alert;
}

static void edit_alert(World *world) {
        Alert *alert = some_alert(world, pick(world, ALERTS));
        g_autofree char *id = g_strdup(alert->id);
        Value *after = value_ref(world->value);

        /* what a dead relay is owed is to pile up */
        if (pick(world, 3) > 0 || g_strcmp0(id, world->dead) == 0)
                fixture_put(&after, RECORD_ALERT, alert);
        else {
                (void) alert_free(alert);
                fixture_delete(&after, RECORD_ALERT, id);
                drop_notices(&after, NULL, id);
        }
        change(world, after);
}

/* masters */

static void tell_broken_off(World *world, const Attempt *attempt) {
        AttemptOutcome outcome = { .result = ATTEMPT_BROKEN_OFF,
                                   .attempt = attempt->number,
                                   .term = world->term };
        DeliveryState state;
        _cleanup_(delta_freep) Delta *delta = alerts_on_outcome(
                        world->value,
                        attempt->notice_id,
                        attempt->recipient,
                        &outcome,
                        WALL + world->now,
                        &state);

        if (delta)
                adopt(world, value_apply(world->value, delta), NULL);
        g_hash_table_add(world->said, g_strdup_printf("%s %s", attempt->notice_id, attempt->recipient));
}

static void take_effects(World *world) {
        g_autoptr(GPtrArray) effects = outbox_take_effects(world->outbox);

        for (guint i = 0; i < effects->len; i++) {
                const OutboxEffect *effect = g_ptr_array_index(effects, i);
                Attempt *attempt;

                for (guint k = 0; k < world->attempts->len; k++) {
                        attempt = g_ptr_array_index(world->attempts, k);
                        if (strcmp(attempt->notice_id, effect->notice_id) != 0 ||
                            strcmp(attempt->recipient, effect->recipient) != 0)
                                continue;
                        g_assert_cmpint(effect->kind, ==, OUTBOX_CANCEL); /* one at a time */
                        cast_doubt(world, attempt);
                        tell_broken_off(world, attempt);
                        g_ptr_array_remove_index_fast(world->attempts, k--);
                }
                if (effect->kind == OUTBOX_CANCEL)
                        continue;
                attempt = g_new0(Attempt, 1);
                attempt->notice_id = g_strdup(effect->notice_id);
                attempt->recipient = g_strdup(effect->recipient);
                attempt->number = effect->attempt;
                g_ptr_array_add(world->attempts, attempt);
        }
}

static void end_attempt(World *world, Attempt *attempt, unsigned die) {
        const Notice *notice = value_object(world->value, RECORD_NOTICE, attempt->notice_id);

        if (attempt->finished)
                return;
        if (world->dead && notice && strcmp(notice->alert_id, world->dead) == 0)
                die = 6;
        attempt->finished = true;
        attempt->result = die < 5   ? ATTEMPT_DELIVERED
                          : die < 8 ? ATTEMPT_RETRY
                          : die < 9 ? ATTEMPT_UNKNOWN
                                    : ATTEMPT_REFUSED;
        if (attempt->result == ATTEMPT_DELIVERED)
                receive(world, attempt);
        else if (attempt->result == ATTEMPT_UNKNOWN)
                cast_doubt(world, attempt);
        outbox_finished(world->outbox, attempt->notice_id, attempt->recipient, world->now);
}

static void commit_one(World *world, guint i) {
        Attempt *attempt = g_ptr_array_index(world->attempts, i);
        AttemptOutcome outcome = {
                .result = attempt->result, .attempt = attempt->number, .term = world->term, .answer = "so"
        };
        g_autofree char *recipient = g_strdup(attempt->recipient);
        _cleanup_(notice_freep) Notice *notice = NULL;
        _cleanup_(delta_freep) Delta *delta = NULL;
        DeliveryState state;

        if (!attempt->finished)
                return;
        delta = alerts_on_outcome(
                        world->value, attempt->notice_id, recipient, &outcome, WALL + world->now, &state);
        if (outcome.result == ATTEMPT_UNKNOWN)
                g_hash_table_add(world->said, g_strdup_printf("%s %s", attempt->notice_id, recipient));
        if (delta) {
                notice = notice_copy(value_object(world->value, RECORD_NOTICE, attempt->notice_id));
                world->n_gave_up += state == DELIVERY_GAVE_UP;
                settle_down(world, notice, recipient, state);
                adopt(world, value_apply(world->value, delta), attempt);
        }
        outbox_settled(world->outbox, attempt->notice_id, recipient, world->now);
        g_ptr_array_remove_index(world->attempts, i);
}

/* The master dies: what ended and was not committed is in doubt, too. */
static void change_master(World *world) {
        while (world->attempts->len > 0) {
                Attempt *attempt = g_ptr_array_index(world->attempts, 0);

                if (attempt->finished)
                        g_hash_table_add(
                                        world->doubt,
                                        g_strdup_printf("%s %s", attempt->notice_id, attempt->recipient));
                else
                        cast_doubt(world, attempt);
                g_ptr_array_remove_index_fast(world->attempts, 0);
        }
        world->term++;
        (void) outbox_free(world->outbox);
        world->outbox = outbox_new();
        outbox_set_value(world->outbox, world->value, world->now, WALL + world->now);
        outbox_set_master(world->outbox, true, world->now);
}

static void lapse(World *world) {
        outbox_set_master(world->outbox, false, world->now);
        take_effects(world);
        outbox_set_master(world->outbox, true, world->now);
}

static void step_once(World *world) {
        unsigned die = pick(world, 1000);

        if (die < 150)
                flip(world);
        else if (die < 160)
                remove_or_add_check(world);
        else if (die < 180)
                edit_alert(world);
        else if (die < 184)
                change_master(world);
        else if (die < 190)
                lapse(world);
        else if (die < 194)
                world->now += pick(world, 30) * USEC_PER_HOUR;
        else if (die < 300)
                world->now += pick(world, 120) * SEC;
        else if (world->attempts->len > 0 && die < 600)
                end_attempt(world,
                            g_ptr_array_index(world->attempts, pick(world, world->attempts->len)),
                            pick(world, 10));
        else if (world->attempts->len > 0)
                commit_one(world, pick(world, world->attempts->len));
        outbox_tick(world->outbox, world->now);
        take_effects(world);
        g_assert_cmpuint(outbox_next_deadline(world->outbox), >, world->now);
}

/* Everybody answers again: in the end nothing is owed and nothing is left over. */
static void drain(World *world) {
        for (unsigned rounds = 0; outbox_n_owed(world->outbox) > 0; rounds++) {
                g_assert_cmpuint(rounds, <, 5000);
                outbox_tick(world->outbox, world->now);
                take_effects(world);
                while (world->attempts->len > 0) {
                        end_attempt(world, g_ptr_array_index(world->attempts, 0), /* die= */ 0);
                        commit_one(world, 0);
                        take_effects(world);
                }
                world->now += 60 * SEC;
        }
        g_assert_cmpuint(outbox_n_running(world->outbox), ==, 0);
}

static void check_remains(const World *world) {
        g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
        size_t n;
        Record *const *records = value_slice(world->value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;
                const CheckStatus *status = value_object(world->value, RECORD_STATUS, notice->check_id);

                g_assert_true(notice_has_failed(notice) || notice_is_current_down(notice, status));
                if (notice->body_template_hash) {
                        g_assert_nonnull(value_find(
                                        world->value, RECORD_TEMPLATE, notice->body_template_hash));
                        g_hash_table_add(used, notice->body_template_hash);
                }
        }
        g_assert_cmpuint(fixture_n(world->value, RECORD_TEMPLATE), ==, g_hash_table_size(used));
        for (unsigned i = 0; i < ALERTS; i++) {
                g_autofree char *id = g_strdup_printf("alert-%u", i);

                g_assert_cmpuint(
                                alerts_summary(world->value, id, NULL).n_failed,
                                <=,
                                NOTICES_FAILED_KEPT + CHECKS);
        }
}

static GHashTable *text_set(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void run_seed(guint32 seed, World *sum) {
        World world = {
                .rand = g_rand_new_with_seed(seed),
                .value = fixture_value(3, CHECKS, 30 * SEC),
                .outbox = outbox_new(),
                .attempts = g_ptr_array_new_with_free_func(attempt_free),
                .downs = text_set(),
                .heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                .got = text_set(),
                .doubt = text_set(),
                .said = text_set(),
                .term = 1,
                .dead = seed % 2 == 0 ? "alert-0" : NULL,
                .now = 1000 * SEC,
        };

        for (unsigned i = 0; i < ALERTS; i++)
                fixture_put(&world.value, RECORD_ALERT, some_alert(&world, i));
        outbox_set_value(world.outbox, world.value, world.now, WALL + world.now);
        outbox_set_master(world.outbox, true, world.now);
        for (unsigned i = 0; i < STEPS; i++)
                step_once(&world);
        world.dead = NULL;
        drain(&world);
        check_remains(&world);

        sum->n_received += world.n_received;
        sum->n_repeats += world.n_repeats;
        sum->n_collapsed += world.n_collapsed;
        sum->n_gave_up += world.n_gave_up;
        sum->n_last_words += world.n_last_words;
        g_hash_table_unref(world.downs);
        g_hash_table_unref(world.heard);
        g_hash_table_unref(world.got);
        g_hash_table_unref(world.doubt);
        g_hash_table_unref(world.said);
        g_ptr_array_unref(world.attempts);
        (void) outbox_free(world.outbox);
        (void) value_unref(world.value);
        g_rand_free(world.rand);
}

static void test_nothing_is_lost_or_told_twice(void) {
        World sum = {};

        for (guint32 seed = 0; seed < 40; seed++)
                run_seed(seed, &sum);
        /* or the test tests nothing */
        g_test_message("%u received, %u repeats, %u collapses, %u given up, %u last words",
                       sum.n_received,
                       sum.n_repeats,
                       sum.n_collapsed,
                       sum.n_gave_up,
                       sum.n_last_words);
        g_assert_cmpuint(sum.n_received, >, 5000);
        g_assert_cmpuint(sum.n_repeats, >, 20);
        g_assert_cmpuint(sum.n_collapsed, >, 20);
        g_assert_cmpuint(sum.n_gave_up, >, 20);
        g_assert_cmpuint(sum.n_last_words, >, 20);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/alerts/property/nothing-lost-or-twice", test_nothing_is_lost_or_told_twice);
        return g_test_run();
}
