/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/ballot.h"

#include <assert.h>

#include "base/limits.h"

size_t majority_of(size_t n_voters) {
        return n_voters / 2 + 1;
}

bool observation_contradicts(const Observation *observation, CheckState state) {
        return (observation->result == OBSERVATION_OK && state != CHECK_UP) ||
               (observation->result == OBSERVATION_FAILED && state != CHECK_DOWN);
}

CheckState tally_majority(const Tally *tally) {
        if (tally->ok >= majority_of(tally->n))
                return CHECK_UP;
        if (tally->not_ok >= majority_of(tally->n))
                return CHECK_DOWN;
        return CHECK_UNKNOWN;
}

bool tally_is_open(const Tally *tally, CheckState state) {
        size_t silent = tally->n - tally->ok - tally->not_ok - tally->abstained;
        size_t majority = majority_of(tally->n);

        return (state != CHECK_UP && tally->ok + silent >= majority) ||
               (state != CHECK_DOWN && tally->not_ok + silent >= majority);
}

static void tally_count(Tally *tally, const Observation *observation) {
        switch (observation->result) {
        case OBSERVATION_OK:
                tally->ok++;
                break;
        case OBSERVATION_FAILED:
                tally->not_ok++;
                break;
        case OBSERVATION_ABSTAINED:
                tally->abstained++;
                break;
        }
}

void ballot_init(Ballot *ballot, size_t n) {
        assert(ballot);

        ballot->slots = g_new0(BallotSlot, n);
        ballot->n = n;
}

static void slot_clear(BallotSlot *slot) {
        (void) observation_free(slot->observation);
        (void) observation_free(slot->answer);
        *slot = (BallotSlot){};
}

void ballot_clear(Ballot *ballot) {
        assert(ballot);

        for (size_t i = 0; i < ballot->n; i++)
                slot_clear(&ballot->slots[i]);
}

void ballot_done(Ballot *ballot) {
        ballot_clear(ballot);
        g_free(ballot->slots);
        *ballot = (Ballot){};
}

void ballot_remap(Ballot *ballot, const int *from, size_t n) {
        Ballot old = *ballot;

        ballot_init(ballot, n);
        for (size_t i = 0; i < n; i++)
                if (from[i] >= 0) {
                        ballot->slots[i] = old.slots[from[i]];
                        old.slots[from[i]] = (BallotSlot){};
                }
        ballot_done(&old);
}

bool ballot_is_fresh(const Ballot *ballot, size_t i, usec_t fresh_after) {
        return ballot->slots[i].observation && ballot->slots[i].at >= fresh_after;
}

bool ballot_vote(Ballot *ballot, size_t i, Observation *observation, usec_t at, usec_t fresh_after) {
        BallotSlot *slot = &ballot->slots[i];
        bool differs;

        assert(i < ballot->n);
        assert(!slot->observation || at >= slot->at);

        differs = !ballot_is_fresh(ballot, i, fresh_after) ||
                  slot->observation->result != observation->result ||
                  g_strcmp0(slot->observation->detail, observation->detail) != 0;
        (void) observation_free(slot->observation);
        slot->observation = observation;
        slot->at = at;
        return differs;
}

void ballot_answer(Ballot *ballot, size_t i, const Observation *observation) {
        assert(i < ballot->n);

        if (!ballot->slots[i].answer)
                ballot->slots[i].answer = observation_copy(observation);
}

void ballot_clear_answers(Ballot *ballot) {
        for (size_t i = 0; i < ballot->n; i++)
                ballot->slots[i].answer = observation_free(ballot->slots[i].answer);
}

void ballot_refute(Ballot *ballot, CheckState state, usec_t fresh_after) {
        for (size_t i = 0; i < ballot->n; i++)
                ballot->slots[i].refuted = ballot_is_fresh(ballot, i, fresh_after) &&
                                           observation_contradicts(ballot->slots[i].observation, state);
}

Tally ballot_tally(const Ballot *ballot, usec_t fresh_after) {
        Tally tally = { .n = ballot->n };

        for (size_t i = 0; i < ballot->n; i++)
                if (ballot_is_fresh(ballot, i, fresh_after))
                        tally_count(&tally, ballot->slots[i].observation);
        return tally;
}

Tally ballot_tally_answers(const Ballot *ballot) {
        Tally tally = { .n = ballot->n };

        for (size_t i = 0; i < ballot->n; i++)
                if (ballot->slots[i].answer)
                        tally_count(&tally, ballot->slots[i].answer);
        return tally;
}

size_t
ballot_contradicting(const Ballot *ballot, CheckState state, usec_t fresh_after, size_t *ret_unrefuted) {
        size_t n = 0, n_unrefuted = 0;

        for (size_t i = 0; i < ballot->n; i++)
                if (ballot_is_fresh(ballot, i, fresh_after) &&
                    observation_contradicts(ballot->slots[i].observation, state)) {
                        n++;
                        n_unrefuted += !ballot->slots[i].refuted;
                }
        *ret_unrefuted = n_unrefuted;
        return n;
}

usec_t ballot_majority_at(const Ballot *ballot) {
        g_autofree usec_t *latest = g_new0(usec_t, ballot->n + 1); /* descending */
        size_t n = 0;

        for (size_t i = 0; i < ballot->n; i++) {
                const BallotSlot *slot = &ballot->slots[i];
                size_t j;

                if (!slot->observation || slot->observation->result == OBSERVATION_ABSTAINED)
                        continue;
                for (j = n++; j > 0 && latest[j - 1] < slot->at; j--)
                        latest[j] = latest[j - 1];
                latest[j] = slot->at;
        }
        return n >= majority_of(ballot->n) ? latest[majority_of(ballot->n) - 1] : 0;
}

const char *ballot_failing_answer(const Ballot *ballot) {
        for (size_t i = 0; i < ballot->n; i++) {
                const Observation *answer = ballot->slots[i].answer;

                if (answer && answer->result == OBSERVATION_FAILED)
                        return answer->detail ? answer->detail : "";
        }
        return "";
}

/* What fresh votes with this result say: how many with each text, in the order of the first that says so. */
typedef struct Saying {
        const char *text;
        size_t n;
} Saying;

static GArray *gather_sayings(const Ballot *ballot, ObservationResult result, usec_t fresh_after) {
        GArray *sayings = g_array_new(/* zero_terminated= */ FALSE, /* clear_= */ FALSE, sizeof(Saying));

        for (size_t i = 0; i < ballot->n; i++) {
                const Observation *observation = ballot->slots[i].observation;
                const char *text;
                guint j;

                if (!ballot_is_fresh(ballot, i, fresh_after) || observation->result != result)
                        continue;
                text = observation->detail ? observation->detail : "";
                for (j = 0; j < sayings->len; j++)
                        if (strcmp(g_array_index(sayings, Saying, j).text, text) == 0)
                                break;
                if (j == sayings->len)
                        g_array_append_val(sayings, ((Saying){ .text = text }));
                g_array_index(sayings, Saying, j).n++;
        }
        return sayings;
}

static void append_failures(GString *s, const GArray *sayings) {
        for (guint i = 0; i < sayings->len; i++) {
                const Saying *saying = &g_array_index(sayings, Saying, i);

                g_string_append_printf(
                                s, "%s%s", i > 0 ? ", " : "", *saying->text ? saying->text : "failed");
                if (sayings->len > 1)
                        g_string_append_printf(s, " (%zu)", saying->n);
        }
}

static void append_abstentions(GString *s, const GArray *sayings) {
        for (guint i = 0; i < sayings->len; i++) {
                const Saying *saying = &g_array_index(sayings, Saying, i);

                g_string_append_printf(
                                s,
                                "%s%zu abstain%s",
                                s->len > 0 ? "; " : "",
                                saying->n,
                                saying->n == 1 ? "s" : "");
                if (*saying->text)
                        g_string_append_printf(s, ": %s", saying->text);
        }
}

/* at most max bytes, on the border of a character */
static void cut_utf8(GString *s, size_t max) {
        const char *end = s->str + max;

        if (s->len <= max)
                return;
        while (end > s->str && ((uint8_t) *end & 0xc0) == 0x80)
                end--;
        g_string_truncate(s, (gsize) (end - s->str));
}

char *ballot_detail(const Ballot *ballot, usec_t fresh_after) {
        g_autoptr(GArray) failures = gather_sayings(ballot, OBSERVATION_FAILED, fresh_after);
        g_autoptr(GArray) abstentions = gather_sayings(ballot, OBSERVATION_ABSTAINED, fresh_after);
        GString *s = g_string_new(NULL);

        append_failures(s, failures);
        append_abstentions(s, abstentions);
        cut_utf8(s, DETAIL_MAX_BYTES);
        return g_string_free(s, /* free_segment= */ FALSE);
}
