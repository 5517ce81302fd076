/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is believed of another node's numbers. A member that lies may name any term and any seq, and what is
 * once taken from it cannot be taken back: terms only grow. So a message that names one further ahead than
 * an honest node can have come while we were away is not heard at all, and a long way ahead is gone at most
 * once per E, which is often enough for a node that comes back. So nobody gets to the end of the numbers: at
 * E = 1 s the last seq is thirty years of lying away, the last term five hundred. */

#include <string.h>

#include "cluster/register-state.h"

#define CLAIM_LAST (UINT64_MAX / 4)                 /* of any number: ours can still grow from there */
#define CLAIM_TOLD_AGAIN_USEC (1 * USEC_PER_MINUTE) /* of one peer */

typedef struct Claim {
        uint64_t term; /* the greatest of each that the message names */
        uint64_t seq;
} Claim;

static bool ends_with(const char *name, const char *word) {
        size_t n = strlen(name), n_word = strlen(word);

        return n >= n_word && strcmp(name + n - n_word, word) == 0;
}

/* every number of the message's table that is a term or a seq */
static Claim claim_of(const ObjectType *type, const void *message) {
        Claim claim = {};

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (field->type != FIELD_UINT)
                        continue;
                if (ends_with(field->name, "term") || strcmp(field->name, "handover") == 0)
                        claim.term = MAX(claim.term, *FIELD_AT(const uint64_t, field, message));
                else if (ends_with(field->name, "seq"))
                        claim.seq = MAX(claim.seq, *FIELD_AT(const uint64_t, field, message));
        }
        return claim;
}

static uint64_t newest_seq(const Register *r) {
        return MAX(MAX(r->memory.accepted.at.seq, r->shown.at.seq), r->known_committed.seq);
}

/* A node without a value knows nothing to compare with: it has just been let into a cluster. */
static bool is_plausible(Register *r, Claim claim, bool binds) {
        uint64_t term = r->memory.term, seq = newest_seq(r);

        if (claim.term > CLAIM_LAST || claim.seq > CLAIM_LAST)
                return false;
        if (r->memory.accepted.at.seq == 0)
                return true;
        if (claim.term > term + TERM_AHEAD_MAX || claim.seq > seq + SEQ_AHEAD_MAX)
                return false;
        if (!binds || (claim.term <= term + TERM_LEAP_MAX && claim.seq <= seq + SEQ_LEAP_MAX))
                return true;

        if (r->now < r->leap_next)
                return false;
        r->leap_next = r->now + value_election_timeout(r, r->memory.accepted.value);
        return true;
}

static void tell(Register *r, const char *from, Claim claim) {
        Peering *peering;
        RegisterEffect *effect;

        if (!register_is_member(r, from))
                return;
        peering = peering_get(r, from);
        if (peering->implausible_at > 0 && r->now - peering->implausible_at < CLAIM_TOLD_AGAIN_USEC)
                return;
        peering->implausible_at = r->now;

        effect = register_effect_new(REGISTER_IMPLAUSIBLE);
        effect->node = g_strdup(from);
        effect->term = claim.term;
        effect->seq = claim.seq;
        register_emit(r, effect, /* immediate= */ true);
}

bool claim_is_believed(
                Register *r, const char *from, const ObjectType *type, const void *message, bool binds) {
        Claim claim = claim_of(type, message);

        if (type == &vote_request_type && ((const VoteRequest *) message)->trial)
                binds = false;
        if (is_plausible(r, claim, binds))
                return true;
        tell(r, from, claim);
        return false;
}
