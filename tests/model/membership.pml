/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Membership: the voters are part of the value, so elections and commits count those of the value that a
 * node has accepted (not committed), and two nodes may count differently. Promises 1 and 2 all the same, and
 * a removed node never leads. src/cluster/register-members.c, register-batch.c, plan-peer.c, and all that
 * election.pml stands for; names of values, network and disks are as there.
 *
 * Wider than the code: besides what election.pml leaves out, nobody is ever told that it was removed, and a
 * removed node's messages are taken like any other's (members_answer_barred(), be_removed() are fences
 * behind what is shown here). A node becomes a voter as soon as it has the value, in one step; that it was a
 * joining peer before is no part of any rule here. */

#include "model.pml"

#ifndef TERMS
#define TERMS 2
#endif
#ifndef K
#define K 2
#endif

/* values: none yet, what all had at first, what the last leader left on its own disk alone, new ones */
#define EMPTY 0
#define BASE 1
#define LEFT 2
#define VALUE(t, k) (3 + ((t) - 1) * K + (k) - 1)
#define VALUES (3 + TERMS * K)
#define TERM_OF(v) ((v) < 3 -> 0 : ((v) - 3) / K + 1)
#define NTH(v) (((v) - 3) % K + 1)
#define CHANGE_BIT(v) BIT(1 + ((v) - 3) / K * (K - 1) + ((v) - 3) % K - 1)

byte term[N], vote[N], acc[N];
byte disk_term[N], disk_vote[N], disk_acc[N];
byte role[N];

byte granted[N];
short offered[TERMS + 1];
byte told[N];
bool settled[N];

byte led_by[TERMS + 1]; /* ghost: node + 1 */
byte content[VALUES];   /* changes */
byte voters[VALUES];    /* nodes */
byte barred[VALUES];    /* nodes that were removed */
byte newest;            /* ghost: committed */

/* The rules, each as the code has it or taken away. */

#ifdef CHANGE_WITHOUT_OWN_TERM_COMMIT
#define MAY_CHANGE(i) (TERM_OF(acc[i]) == term[i])
#else
#define MAY_CHANGE(i) (TERM_OF(acc[i]) == term[i] && settled[i])
#endif

#ifdef TWO_VOTERS_AT_A_TIME
#define BROKEN_another_one(i, x) another(i, (x + 1) % N)
inline another(i, y) {
        if
        :: HAS(voters[acc[i]], y) && y != i && COUNT(voters[acc[i]]) > 1 ->
                voters[acc[i]] = voters[acc[i]] & ~BIT(y);
                barred[acc[i]] = barred[acc[i]] | (1 << (y))
        :: else -> skip
        fi
}
#else
#define BROKEN_another_one(i, x) skip
#endif

#ifdef LEADER_REMOVES_ITSELF
#define MAY_GO(i, x) true
#else
#define MAY_GO(i, x) (x != i)
#endif

#ifdef BARRED_COMES_AGAIN_WITHOUT_ITS_DISK
#define MAY_COME(i, x) !HAS(voters[acc[i]], x)
#else
#define MAY_COME(i, x)                                                                                      \
        (!HAS(voters[acc[i]], x) && !HAS(barred[acc[i]], x) && HAS(told[i], x))
#endif

#ifdef NO_NEW_TERM_FOR_A_SOLE_VOTER
#define MAY_STAND(i) (term[i] < TERMS || COUNT(VOTERS(i)) == 1) && (term[i] > 0 || COUNT(VOTERS(i)) > 1)
#define NEW_TERM(i) term[i] = term[i] + (COUNT(VOTERS(i)) > 1 -> 1 : 0)
#else
#define MAY_STAND(i) (term[i] < TERMS)
#define NEW_TERM(i) term[i]++
#endif

#ifdef LOST_DISK_UNDER_THE_SAME_ID
#define LOSE(i)                                                                                             \
        disk_acc[i] != EMPTY && role[i] == FOLLOWER ->                                                      \
        term[i] = 0; vote[i] = NOBODY; acc[i] = EMPTY;                                                      \
        disk_term[i] = 0; disk_vote[i] = NOBODY; disk_acc[i] = EMPTY
#endif

#define ASKS(c) (role[c] == CANDIDATE && term[c] == disk_term[c] && disk_vote[c] == c)
#define IS_WRITTEN(i) (term[i] == disk_term[i] && vote[i] == disk_vote[i] && acc[i] == disk_acc[i])

#define VOTERS(i) voters[acc[i]]
#define MAJORITY(i, mask) (COUNT((mask) & VOTERS(i)) * 2 > COUNT(VOTERS(i)))

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

/* A leader counts from when its term is on its disk: disk_has_term() stands before all that it says. The
 * votes of an earlier term may reach a node late that was removed meanwhile, in a later one; a majority of
 * its voters is there, so it neither acts nor commits. */
inline check_leader(i) {
        CHECK(0, led_by[term[i]] == 0, "one leader in a term");
        led_by[term[i]] = i + 1;
        CHECK(1, TERM_OF(newest) > term[i] || !HAS(barred[newest], i), "a removed node does not lead");
        WITNESS(0, "a leader");
        if
        :: COUNT(voters[acc[i]]) == 1 -> WITNESS(1, "a sole voter leads")
        :: !HAS(voters[BASE], i) -> WITNESS(2, "a node that was added leads")
        :: newest > LEFT && TERM_OF(newest) < term[i] && voters[newest] != voters[BASE] ->
                WITNESS(3, "a leader after a change of voters in another term")
        :: else -> skip
        fi
}

inline check_committed(v) {
        if
        :: v > newest ->
                CHECK(2, (content[newest] & ~content[v]) == 0, "a committed change is in all later values");
                newest = v
        :: else ->
                CHECK(3, (content[v] & ~content[newest]) == 0, "values are committed in one order")
        fi
}

/* election_timeout(): voters of the accepted value stand; stand(): a new term also for a sole voter */
#define STAND(i)                                                                                            \
        role[i] != LEADER && IS_WRITTEN(i) && HAS(VOTERS(i), i) && MAY_STAND(i) ->                          \
        NEW_TERM(i);                                                                                        \
        vote[i] = i;                                                                                        \
        granted[i] = 0;                                                                                     \
        role[i] = CANDIDATE

#define WRITE(i)                                                                                            \
        !IS_WRITTEN(i) ->                                                                                   \
        if                                                                                                  \
        :: role[i] == LEADER && disk_term[i] != term[i] -> check_leader(i)                                  \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        disk_term[i] = term[i];                                                                             \
        disk_vote[i] = vote[i];                                                                             \
        disk_acc[i] = acc[i];                                                                               \
        if                                                                                                  \
        :: role[i] == LEADER -> offered[term[i]] = offered[term[i]] | BIT(acc[i])                           \
        :: role[i] == FOLLOWER && term[i] > 0 -> say_copy(i); say_vote(i)                                   \
        :: else -> skip                                                                                     \
        fi

/* may_grant() asks neither whether the candidate is a voter, nor whether we are */
#define GRANT(i, c)                                                                                         \
        c != i && role[i] != LEADER && ASKS(c) && term[c] >= term[i] &&                                     \
        (term[c] > term[i] || acc[c] >= acc[i] && vote[i] == NOBODY) ->                                     \
        adopt_term(i, term[c]);                                                                             \
        if                                                                                                  \
        :: acc[c] >= acc[i] && vote[i] == NOBODY -> vote[i] = c                                             \
        :: else -> skip                                                                                     \
        fi

/* a sole voter leads at once, before its term is on its disk: stand() */
#define LEAD(i)                                                                                             \
        role[i] == CANDIDATE && MAJORITY(i, granted[i] | BIT(i)) ->                                         \
        granted[i] = 0;                                                                                     \
        role[i] = LEADER;                                                                                   \
        if                                                                                                  \
        :: acc[i] == LEFT -> WITNESS(4, "a leader that holds what was left")                                \
        :: TERM_OF(newest) > term[i] && HAS(barred[newest], i) ->                                           \
                WITNESS(5, "a removed node gets old votes late")                                            \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        content[VALUE(term[i], 1)] = content[acc[i]];                                                       \
        voters[VALUE(term[i], 1)] = voters[acc[i]];                                                         \
        barred[VALUE(term[i], 1)] = barred[acc[i]];                                                         \
        acc[i] = VALUE(term[i], 1);                                                                         \
        if                                                                                                  \
        :: disk_term[i] == term[i] -> check_leader(i)                                                       \
        :: else -> skip                                                                                     \
        fi

#define TAKE(i, t, v)                                                                                       \
        HAS(offered[t], v) && t >= term[i] && !(role[i] == LEADER && t == term[i]) &&                       \
        (v > acc[i] || t > term[i]) ->                                                                      \
        adopt_term(i, t);                                                                                   \
        step_down(i);                                                                                       \
        if                                                                                                  \
        :: v > acc[i] -> acc[i] = v                                                                         \
        :: else -> skip                                                                                     \
        fi

#define COMMIT(i)                                                                                           \
        role[i] == LEADER && TERM_OF(acc[i]) == term[i] && !settled[i] && disk_acc[i] == acc[i] &&          \
        MAJORITY(i, told[i] | BIT(i)) ->                                                                    \
        settled[i] = true;                                                                                  \
        CHECK(4, HAS(voters[acc[i]], i), "who commits is a voter");                                         \
        if                                                                                                  \
        :: voters[acc[i]] != voters[newest] && TERM_OF(newest) > 0 && TERM_OF(newest) < term[i] ->          \
                WITNESS(6, "a change of voters is committed in another term")                               \
        :: NTH(acc[i]) > 1 && COUNT(voters[acc[i]]) < COUNT(voters[acc[i] - 1]) -> WITNESS(7, "a removal is committed") \
        :: NTH(acc[i]) > 1 && COUNT(voters[acc[i]]) > COUNT(voters[acc[i] - 1]) -> WITNESS(8, "an admission is committed") \
        :: (content[acc[i]] & 1) -> WITNESS(9, "what was left is committed after all")                      \
        :: voters[LEFT] != 0 && (content[acc[i]] & 1) == 0 -> WITNESS(10, "what was left is rolled back")   \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        check_committed(acc[i])

/* batch_step() and plan(): a change rests on a committed value of our own term, and one voter comes or goes;
 * members_leave(): a leader hands over instead of removing itself; promote(): who comes has the value;
 * may_join(): who is barred never comes again */
#define CHANGE(i, x)                                                                                        \
        role[i] == LEADER && MAY_CHANGE(i) && NTH(acc[i]) < K && MAY_GO(i, x) &&                            \
        (HAS(voters[acc[i]], x) && COUNT(voters[acc[i]]) > 1 || MAY_COME(i, x)) ->                          \
        settled[i] = false;                                                                                 \
        told[i] = 0;                                                                                        \
        acc[i]++;                                                                                           \
        content[acc[i]] = content[acc[i] - 1] | CHANGE_BIT(acc[i]);                                         \
        voters[acc[i]] = voters[acc[i] - 1] ^ BIT(x);                                                       \
        barred[acc[i]] = barred[acc[i] - 1] | (voters[acc[i] - 1] & BIT(x));                                \
        BROKEN_another_one(i, x)

#define STEP_DOWN(i) role[i] != FOLLOWER -> step_down(i)

/* what only its maker had seen is forgotten, and its name is free again */
#define CRASH(i)                                                                                            \
        !IS_WRITTEN(i) ->                                                                                   \
        if                                                                                                  \
        :: acc[i] != disk_acc[i] && acc[i] > LEFT && !HAS(offered[TERM_OF(acc[i])], acc[i]) ->              \
                content[acc[i]] = 0;                                                                        \
                voters[acc[i]] = 0;                                                                         \
                barred[acc[i]] = 0                                                                          \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        term[i] = disk_term[i];                                                                             \
        vote[i] = disk_vote[i];                                                                             \
        acc[i] = disk_acc[i];                                                                               \
        step_down(i)

#define GRANTS(c) :: d_step { GRANT(me, c) }
#define TAKES(t, v) :: d_step { TAKE(me, t, v) }
#define CHANGES(x) :: d_step { CHANGE(me, x) }

#if N > 4
#define EACH_NODE(X) X(0) X(1) X(2) X(3) X(4)
#elif N > 3
#define EACH_NODE(X) X(0) X(1) X(2) X(3)
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
        :: d_step { STEP_DOWN(me) }
        :: d_step { CRASH(me) }
        EACH_NODE(CHANGES)
        EACH_NODE(GRANTS)
        TAKES_OF(1) TAKES_OF(2)
#if TERMS > 2
        TAKES_OF(3)
#endif
#ifdef LOST_DISK_UNDER_THE_SAME_ID
        :: d_step { LOSE(me) }
#endif
        od
}

#define LEAVES(x)                                                                                           \
        :: x != 0 && (!HAS(voters[BASE], x) || COUNT(voters[BASE]) > 1) ->                                  \
           content[LEFT] = 1;                                                                               \
           voters[LEFT] = voters[BASE] ^ BIT(x);                                                            \
           barred[LEFT] = voters[BASE] & BIT(x);                                                            \
           acc[0] = LEFT;                                                                                   \
           disk_acc[0] = LEFT

/* FIRST_VOTERS: only all; LEFT_REMOVES: only a change of this node, for a bounded search of more nodes.
 * One to all are voters; the last leader, node 0, may have died with a change of voters on its disk alone. */
init {
        byte i;

        atomic {
                newest = BASE;
                if
#ifndef FIRST_VOTERS
                :: voters[BASE] = 1
                :: voters[BASE] = 3
#endif
#if N > 3 && !defined(FIRST_VOTERS)
                :: voters[BASE] = 7
#endif
                :: voters[BASE] = BIT(N) - 1
                fi;
                for (i : 0 .. N - 1) {
                        vote[i] = NOBODY;
                        disk_vote[i] = NOBODY;
                        if
                        :: HAS(voters[BASE], i) -> acc[i] = BASE; disk_acc[i] = BASE
                        :: else -> skip
                        fi
                }
                if
#ifdef LEFT_REMOVES
                LEAVES(LEFT_REMOVES)
#else
                :: skip
                EACH_NODE(LEAVES)
#endif
                fi;
                for (i : 0 .. N - 1) {
                        run node(i)
                }
                i = 0
        }
}
