/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Election with commit: promises 1 (one leader in a term) and 2 (nothing acknowledged is lost, in order).
 * src/cluster/register-election.c, register-offer.c, register-disk.c; the voters are fixed here.
 *
 * Wider than the code: anyone may stand at any time (no time-outs, no trial vote, no silence), a leader may
 * step down at any time, and what is offered is always understood (no deltas). What holds here needs none of
 * these.
 *
 * A value's name is (term, seq). Names of different terms compare by their terms, and within one term its
 * one leader counts upwards, so the model names a value by (term, the how-manieth of that term): same order,
 * fewer states. A value's content is the set of the changes in it. */

#include "model.pml"

#ifndef TERMS
#define TERMS 2 /* elections */
#endif
#ifndef K
#define K 2 /* values a leader makes in its term: its stamp, then changes */
#endif

/* values: what all had at first, what two leaders of the past left behind on their own disks, and new ones */
#define BASE 0
#define LEFT_CHANGE 1
#define LEFT_STAMP 2
#define VALUE(t, k) (3 + ((t) - 1) * K + (k) - 1)
#define VALUES (3 + TERMS * K)
#define TERM_OF(v) ((v) < 3 -> 0 : ((v) - 3) / K + 1)
#define NTH(v) (((v) - 3) % K + 1)
#define CHANGE_BIT(v) BIT(1 + ((v) - 3) / K * (K - 1) + ((v) - 3) % K - 1)

/* a node: memory, and what is on its disk (struct Hard) */
byte term[N], vote[N], acc[N];
byte disk_term[N], disk_vote[N], disk_acc[N];
byte role[N];

/* messages under way: VoteRequest (asks()), VoteAnswer to a candidate, Offer by the leader of a term, Pong to
 * a leader: who has what it holds on its disk */
byte granted[N];
short offered[TERMS + 1];
byte told[N];
/* what a leader holds is committed (known_committed, shown); others hear it by pings and show it when they
 * hold it, and nothing here rests on that */
bool settled[N];

/* ghosts */
byte led_by[TERMS + 1];   /* node + 1 */
byte content[VALUES];
byte newest;              /* committed */

/* The rules, each as the code has it or taken away. */

#ifdef VOTE_NOT_PERSISTED
#define WRITTEN_VOTE(i) NOBODY
#else
#define WRITTEN_VOTE(i) vote[i]
#endif

#ifdef VOTE_TOLD_BEFORE_WRITTEN
#define BROKEN_say_vote_at_once(i) say_vote(i)
#else
#define BROKEN_say_vote_at_once(i) skip
#endif

#ifdef ACKNOWLEDGED_BEFORE_WRITTEN
#define BROKEN_say_copy_at_once(i) say_copy(i)
#else
#define BROKEN_say_copy_at_once(i) skip
#endif

#ifdef STANDS_BEFORE_WRITTEN
#define BROKEN_STANDS(i) true
#else
#define BROKEN_STANDS(i) false
#endif

#ifdef TWO_VOTES_IN_A_TERM
#define MAY_VOTE(i, c) (vote[i] != c)
#else
#define MAY_VOTE(i, c) (vote[i] == NOBODY)
#endif

#ifdef VOTE_FOR_AN_OLDER_VALUE
#define IS_NEW_ENOUGH(candidate, mine) true
#else
#define IS_NEW_ENOUGH(candidate, mine) ((candidate) >= (mine))
#endif

#ifdef HALF_OF_THE_VOTES
#define ENOUGH_VOTES(mask) (COUNT(mask) * 2 >= N - 1)
#else
#define ENOUGH_VOTES(mask) MORE_THAN_HALF(mask)
#endif

#ifdef COMMIT_BEFORE_MAJORITY
#define ENOUGH_COPIES(mask) true
#else
#define ENOUGH_COPIES(mask) MORE_THAN_HALF(mask)
#endif

#ifdef OLDER_TERM_COMMITTED
/* the leader goes on with what it holds, and counts copies of it whoever stamped it */
#define STAMP(i) offered[term[i]] = offered[term[i]] | BIT(acc[i])
#define MAY_COMMIT(i) true
#else
#define STAMP(i)                                                                                            \
        content[VALUE(term[i], 1)] = content[acc[i]];                                                       \
        acc[i] = VALUE(term[i], 1)
#define MAY_COMMIT(i) (TERM_OF(acc[i]) == term[i])
#endif

#ifdef NEWEST_WINS_WHOEVER_STAMPED
#define IS_NEWER(v, mine) ((v) != (mine))
#else
#define IS_NEWER(v, mine) ((v) > (mine))
#endif

#define ASKS(c) (role[c] == CANDIDATE && (BROKEN_STANDS(c) || term[c] == disk_term[c] && disk_vote[c] == WRITTEN_VOTE(c)))
#define IS_WRITTEN(i) (term[i] == disk_term[i] && vote[i] == disk_vote[i] && acc[i] == disk_acc[i])

/* election_step_down() */
inline step_down(i) {
        role[i] = FOLLOWER;
        granted[i] = 0;
        told[i] = 0;
        settled[i] = false
}

/* election_adopt_term() */
inline adopt_term(i, t) {
        if
        :: t > term[i] -> term[i] = t; vote[i] = NOBODY; step_down(i)
        :: else -> skip
        fi
}

/* A vote, to who still asks for it; a copy, to the leader who still counts it. */
inline say_vote(i) {
        if
        :: vote[i] != NOBODY && vote[i] != i && ASKS(vote[i]) && term[vote[i]] == term[i] ->
                granted[vote[i]] = granted[vote[i]] | BIT(i)
        :: else -> skip
        fi
}
inline say_copy(i) {
        if
        :: led_by[term[i]] != 0 && role[led_by[term[i]] - 1] == LEADER && term[led_by[term[i]] - 1] == term[i] &&
           acc[led_by[term[i]] - 1] == acc[i] ->
                told[led_by[term[i]] - 1] = told[led_by[term[i]] - 1] | BIT(i)
        :: else -> skip
        fi
}

/* An acknowledgement to a client, and what any node shows: an order of values in which each holds all the
 * changes of those before it. */
inline check_committed(v) {
        if
        :: v > newest ->
                CHECK(0, (content[newest] & ~content[v]) == 0, "a committed change is in all later values");
                newest = v
        :: else ->
                CHECK(1, (content[v] & ~content[newest]) == 0, "values are committed in one order")
        fi
}

#define MORE_THAN_HALF(mask) (COUNT(mask) * 2 > N)

/* election_timeout(), election_handed_over(): on nothing that is not yet written; stand() */
#define STAND(i)                                                                                            \
        role[i] != LEADER && IS_WRITTEN(i) && term[i] < TERMS ->                                            \
        term[i]++;                                                                                          \
        vote[i] = i;                                                                                        \
        granted[i] = 0;                                                                                     \
        role[i] = CANDIDATE

/* start_write(), disk_persisted(), then what was held until then: release_up_to(), offer_step(),
 * lease_answer_waiting() */
#define WRITE(i)                                                                                            \
        !IS_WRITTEN(i) ->                                                                                   \
        disk_term[i] = term[i];                                                                             \
        disk_vote[i] = WRITTEN_VOTE(i);                                                                     \
        disk_acc[i] = acc[i];                                                                               \
        if                                                                                                  \
        :: role[i] == LEADER -> offered[term[i]] = offered[term[i]] | BIT(acc[i])                           \
        :: role[i] == FOLLOWER -> say_copy(i); say_vote(i)                                                  \
        :: else -> skip                                                                                     \
        fi

/* election_requested(), may_grant() */
#define GRANT(i, c)                                                                                         \
        c != i && role[i] != LEADER && ASKS(c) && term[c] >= term[i] &&                                     \
        (term[c] > term[i] || IS_NEW_ENOUGH(acc[c], acc[i]) && MAY_VOTE(i, c)) ->                           \
        adopt_term(i, term[c]);                                                                             \
        if                                                                                                  \
        :: IS_NEW_ENOUGH(acc[c], acc[i]) && MAY_VOTE(i, c) -> vote[i] = c; BROKEN_say_vote_at_once(i)       \
        :: else -> skip                                                                                     \
        fi

/* election_answered(), become_leader(): our own stamp first */
#define LEAD(i)                                                                                             \
        role[i] == CANDIDATE && ENOUGH_VOTES(granted[i] | BIT(i)) ->    \
        CHECK(2, led_by[term[i]] == 0, "one leader in a term");                                             \
        led_by[term[i]] = i + 1;                                                                            \
        role[i] = LEADER;                                                                                   \
        granted[i] = 0;                                                                                     \
        WITNESS(0, "a leader");                                                                             \
        if                                                                                                  \
        :: newest > LEFT_STAMP && TERM_OF(newest) < term[i] -> WITNESS(1, "a leader after a commit of another term") \
        :: acc[i] == LEFT_CHANGE || acc[i] == LEFT_STAMP -> WITNESS(2, "a leader that holds what was left") \
        :: acc[i] > LEFT_STAMP && acc[i] > newest -> WITNESS(3, "a leader that holds what was not committed") \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        STAMP(i)

/* offer_received() */
#define TAKE(i, t, v)                                                                                       \
        HAS(offered[t], v) && t >= term[i] && !(role[i] == LEADER && t == term[i]) &&                       \
        (IS_NEWER(v, acc[i]) || t > term[i]) ->                                                             \
        adopt_term(i, t);                                                                                   \
        step_down(i);                                                                                       \
        if                                                                                                  \
        :: IS_NEWER(v, acc[i]) -> acc[i] = v; BROKEN_say_copy_at_once(i)                                        \
        :: else -> skip                                                                                     \
        fi

/* offer_commit_step(), is_on_majority(), batch_committed(); known_committed and shown in one */
#define COMMIT(i)                                                                                           \
        role[i] == LEADER && MAY_COMMIT(i) && !settled[i] && disk_acc[i] == acc[i] &&                       \
        ENOUGH_COPIES(told[i] | BIT(i)) ->                                                                  \
        settled[i] = true;                                                                                  \
        WITNESS(4, "a commit");                                                                             \
        if                                                                                                  \
        :: acc[i] < newest -> WITNESS(5, "a commit that is learned late")                                   \
        :: acc[i] > newest && (content[acc[i]] & 1) -> WITNESS(6, "what was left is committed after all")   \
        :: TERM_OF(newest) > 0 && TERM_OF(newest) < term[i] -> WITNESS(7, "commits in two terms")           \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        check_committed(acc[i])

/* batch_step(), offer_is_ready(), offer_propose() */
#define PROPOSE(i)                                                                                          \
        role[i] == LEADER && settled[i] && TERM_OF(acc[i]) == term[i] && NTH(acc[i]) < K ->                 \
        settled[i] = false;                                                                                 \
        told[i] = 0;                                                                                        \
        acc[i]++;                                                                                           \
        content[acc[i]] = content[acc[i] - 1] | CHANGE_BIT(acc[i])

/* election_step_down(): no majority, a higher term, handed over, a failed write */
#define STEP_DOWN(i) role[i] != FOLLOWER -> step_down(i)

/* The process dies; before its write reached the disk (after it: WRITE, then STEP_DOWN). */
#define CRASH(i)                                                                                            \
        !IS_WRITTEN(i) ->                                                                                   \
        term[i] = disk_term[i];                                                                             \
        vote[i] = disk_vote[i];                                                                             \
        acc[i] = disk_acc[i];                                                                               \
        step_down(i)

/* a node, as the sum of what it may do */

#define GRANTS(c) :: d_step { GRANT(me, c) }
#define TAKES(t, v) :: d_step { TAKE(me, t, v) }

#if N > 3
#define EACH_NODE(X) X(0) X(1) X(2) X(3) X(4)
#else
#define EACH_NODE(X) X(0) X(1) X(2)
#endif
#if K > 2
#define TAKES_OF(t) TAKES(t, VALUE(t, 1)) TAKES(t, VALUE(t, 2)) TAKES(t, VALUE(t, 3))
#else
#define TAKES_OF(t) TAKES(t, VALUE(t, 1)) TAKES(t, VALUE(t, 2))
#endif

proctype node(byte me) {
end:
        do
        :: d_step { STAND(me) }
        :: d_step { WRITE(me) }
        :: d_step { LEAD(me) }
        :: d_step { COMMIT(me) }
        :: d_step { PROPOSE(me) }
        :: d_step { STEP_DOWN(me) }
        :: d_step { CRASH(me) }
        EACH_NODE(GRANTS)
        TAKES_OF(1) TAKES_OF(2)
#if TERMS > 2
        TAKES_OF(3)
#endif
#ifdef OLDER_TERM_COMMITTED
        TAKES(1, LEFT_CHANGE) TAKES(1, LEFT_STAMP)
        TAKES(2, LEFT_CHANGE) TAKES(2, LEFT_STAMP) TAKES(2, VALUE(1, 1)) TAKES(2, VALUE(1, 2))
#endif
        od
}

/* Either all hold the same, or the leaders of the last two terms died early: node 0 with a change that only
 * its own disk has, then node 1, which had not got it, with its stamp on its own disk alone. */
init {
        byte i;

        atomic {
                for (i : 0 .. N - 1) {
                        vote[i] = NOBODY;
                        disk_vote[i] = NOBODY
                }
                if
                :: skip
                :: content[LEFT_CHANGE] = 1;
                   acc[0] = LEFT_CHANGE;
                   disk_acc[0] = LEFT_CHANGE;
                   acc[1] = LEFT_STAMP;
                   disk_acc[1] = LEFT_STAMP
                fi;
                for (i : 0 .. N - 1) {
                        run node(i)
                }
                i = 0
        }
}
