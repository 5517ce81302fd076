/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lease: no two act at one instant, with clocks that run 10 % apart, with E raised and lowered on the
 * way, with restarts and with the lead handed over. src/cluster/register-lease.c, register-election.c
 * (is_silent(), is_newborn(), election_handed_over()), register-members.c (hand_over()), register-offer.c
 * (short_at).
 *
 * Time is in ticks of true time; things happen between two ticks, as many as like. All clocks are the worst
 * they may be: a lease is measured by a slow clock, so its length is rounded up to ticks, silence by an exact
 * one, rounded down. What holds in these ticks holds in true time: the distance of two instants and of the
 * ticks they fall into differ in the direction in which we rounded.
 *
 * Narrower than the code: a leader has one ping per voter of the majority that it needs on its way at a time
 * (of all its pings only those matter on which the lease rests at the instant in question; the others only
 * make more silence). Writes are done at once; election.pml has those that are not.
 * Wider: who leads acts at once in the eyes of the one before it; anyone may stand who is not silent. */

#include "model.pml"

#ifndef TERMS
#define TERMS 2
#endif
#ifndef K
#define K 3 /* values of a term: the stamp, E changed, E changed back */
#endif
#ifndef APART
#define APART 10 /* percent */
#endif

#ifndef SHORT
#define SHORT 2 /* ticks; the lesser of the two E */
#endif
#define LONG (2 * SHORT)
#define PINGS (N / 2) /* answers that make a majority, with ourselves */

/* values: what all once had, what all but perhaps one have at first, new ones */
#define OLD 0
#define BASE 1
#define VALUE(t, k) (2 + ((t) - 1) * K + (k) - 1)
#define VALUES (2 + TERMS * K)
#define NTH(v) (((v) - 2) % K + 1)

/* a node */
byte term[N], vote[N], acc[N]; /* on its disk */
byte role[N];
byte silent[N];                /* ticks that are left of what it promised */
byte silent_term[N];
byte up[N];                    /* ticks since its process began, up to LONG */
byte standing_for[N];          /* candidate: the term that was handed over to it, 0: none */
byte granted[N];               /* candidate */
byte told[N];                  /* leader: who has what it holds */
byte short_at[N];              /* leader: the newest value that a greater E replaced + 1 */

bool is_long[VALUES];
#define E_OF(v) (is_long[v] -> LONG : SHORT)

/* messages: offers, a leader's word that another may lead (node + 1), and pings with what became of them */
short offered[TERMS + 1];
byte handed[TERMS + 1];
byte stage[N * PINGS];
byte peer[N * PINGS];
byte age[N * PINGS];      /* since it was sent */
byte promised[N * PINGS]; /* the E it told, then the E that was answered */
byte has[N * PINGS];      /* what the answerer had on its disk */

#define NONE 0
#define UNDER_WAY 1
#define ANSWERED 2
#define TAKEN 3

/* The rules, each as the code has it or taken away. */

#if defined(LEASE_OF_A_WHOLE_E)
#define PART(e) ((e) * 100)
#elif defined(LEASE_OF_ONE_AND_A_HALF_E)
#define PART(e) ((e) * 150)
#else
#define PART(e) ((e) * 75)
#endif
#define LEASE(e) ((PART(e) * (100 + APART) + 9999) / 10000) /* rounded up */

#define LESSER(a, b) ((a) < (b) -> (a) : (b))

/* lease_end(): the least of what was answered, of our own E, and of an E that was less in between */
#if defined(LEASE_OF_THE_LEADERS_OWN_E)
#define E_COUNTED(i, n) E_OF(acc[i])
#elif defined(LEASE_OF_THE_ANSWERED_E_ALONE)
#define E_COUNTED(i, n) promised[n]
#else
#define E_COUNTED(i, n) LESSER(promised[n], E_OF(acc[i]))
#endif

#ifdef LESSER_E_IN_BETWEEN_FORGOTTEN
#define E_OF_ECHO(i, n) E_COUNTED(i, n)
#else
#define E_OF_ECHO(i, n) (has[n] < short_at[i] -> SHORT : E_COUNTED(i, n))
#endif

/* lease_pong(): not more than we shall be silent for after a restart */
#ifdef LEASE_OF_E_AS_TOLD
#define E_ANSWERED(told_e, v) (told_e)
#else
#define E_ANSWERED(told_e, v) LESSER(told_e, E_OF(v))
#endif

#ifdef LEASE_FROM_THE_ANSWERS_ARRIVAL
#define AGE_TAKEN(n) 0
#else
#define AGE_TAKEN(n) age[n]
#endif

#ifdef NO_SILENCE_AFTER_A_PING
#define PROMISE(told_e) 0
#else
#define PROMISE(told_e) told_e
#endif

#ifdef NO_SILENCE_AFTER_A_RESTART
#define MAY_GRANT_YET(i) true
#else
#define MAY_GRANT_YET(i) (up[i] >= E_OF(acc[i]))
#endif

#ifdef STANDS_AFTER_A_RESTART
#define MAY_STAND_YET(i) true
#else
#define MAY_STAND_YET(i) (up[i] >= E_OF(acc[i]))
#endif

#ifdef SILENT_ONE_STANDS
#define MAY_STAND(i) true
#else
#define MAY_STAND(i) (silent[i] == 0)
#endif

#ifdef HANDOVER_NOT_FINAL
#define BEFORE_HANDOVER(i) skip
#else
#define BEFORE_HANDOVER(i) step_down(i)
#endif

#ifdef HANDOVER_LIFTS_EVERY_SILENCE
#define LIFTED(i, c) (standing_for[c] != 0)
#elif defined(ANY_CANDIDATE_LIFTS_THE_SILENCE)
#define LIFTED(i, c) true
#else
#define LIFTED(i, c) (standing_for[c] != 0 && standing_for[c] == silent_term[i])
#endif

#ifdef LEADER_GRANTS
#define IS_DEAF(i) false
#else
#define IS_DEAF(i) (role[i] == LEADER)
#endif

/* lease_end() > now */
#define IS_FRESH(i, n) (stage[n] == TAKEN && age[n] < LEASE(E_OF_ECHO(i, n)))
#if PINGS > 1
#define HAS_LEASE(i) (IS_FRESH(i, (i) * PINGS) && IS_FRESH(i, (i) * PINGS + 1))
#else
#define HAS_LEASE(i) IS_FRESH(i, i)
#endif
/* register_acts() */
#define ACTS(i) (role[i] == LEADER && HAS_LEASE(i))

inline forget_ping(n) {
        stage[n] = NONE; peer[n] = 0; age[n] = 0; promised[n] = 0; has[n] = 0
}

inline step_down(i) {
        role[i] = FOLLOWER;
        standing_for[i] = 0;
        granted[i] = 0;
        told[i] = 0;
        short_at[i] = 0;
        forget_ping((i) * PINGS);
#if PINGS > 1
        forget_ping((i) * PINGS + 1);
#endif
}

inline adopt_term(i, t) {
        if
        :: t > term[i] -> term[i] = t; vote[i] = NOBODY; step_down(i)
        :: else -> skip
        fi
}

/* after every step that can lengthen a lease or make a leader */
#define OVERLAPS(i, j) (ACTS(i) && role[j] == LEADER && term[j] > term[i])
#if N > 3
#define OVERLAPS_ANY(i) (OVERLAPS(i, 0) || OVERLAPS(i, 1) || OVERLAPS(i, 2) || OVERLAPS(i, 3) || OVERLAPS(i, 4))
#define SOME_OVERLAP                                                                                        \
        (OVERLAPS_ANY(0) || OVERLAPS_ANY(1) || OVERLAPS_ANY(2) || OVERLAPS_ANY(3) || OVERLAPS_ANY(4))
#else
#define OVERLAPS_ANY(i) (OVERLAPS(i, 0) || OVERLAPS(i, 1) || OVERLAPS(i, 2))
#define SOME_OVERLAP (OVERLAPS_ANY(0) || OVERLAPS_ANY(1) || OVERLAPS_ANY(2))
#endif
inline check_leases() {
        CHECK(0, !SOME_OVERLAP, "no two act at one instant")
}

inline stand(i, t, for_term) {
        step_down(i);
        term[i] = t;
        vote[i] = i;
        role[i] = CANDIDATE;
        standing_for[i] = for_term
}

/* The nodes are alike, so the first leader may be called 0 (and, where two terms are all, the second one 1);
 * candidates who never lead only use up votes. The leader of the last term has nobody after it: what it does
 * with its lead is of no interest. */
#if TERMS > 2
#define IS_ITS_TURN(i, t) (t > 1 || i == 0)
#else
#define IS_ITS_TURN(i, t) (t == i + 1)
#endif
#define LEADS(i) (role[i] == LEADER && term[i] < TERMS)

/* election_timeout(); election_arm() waits for the end of our own silence. Terms may have come and gone. */
#define STAND(i, t)                                                                                         \
        role[i] != LEADER && term[i] < t && IS_ITS_TURN(i, t) && MAY_STAND(i) && MAY_STAND_YET(i) ->        \
        stand(i, t, 0)

/* election_requested(), is_silent(), may_grant() */
#define GRANT(i, c)                                                                                         \
        c != i && role[c] == CANDIDATE && !IS_DEAF(i) && MAY_GRANT_YET(i) &&                                \
        (silent[i] == 0 || LIFTED(i, c)) && acc[c] >= acc[i] &&                                             \
        (term[c] > term[i] || term[c] == term[i] && vote[i] == NOBODY) ->                                   \
        if                                                                                                  \
        :: silent[i] > 0 -> WITNESS(0, "a silence that was lifted by handing over")                         \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        adopt_term(i, term[c]);                                                                             \
        vote[i] = c;                                                                                        \
        granted[c] = granted[c] | BIT(i)

#define LEAD(i)                                                                                             \
        role[i] == CANDIDATE && COUNT(granted[i] | BIT(i)) * 2 > N ->                                       \
        if                                                                                                  \
        :: standing_for[i] != 0 -> WITNESS(1, "a leader by handing over")                                   \
        :: term[i] > 1 -> WITNESS(2, "a leader after another")                                              \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        step_down(i);                                                                                       \
        role[i] = LEADER;                                                                                   \
        is_long[VALUE(term[i], 1)] = is_long[acc[i]];                                                       \
        acc[i] = VALUE(term[i], 1);                                                                         \
        offered[term[i]] = BIT(acc[i]);                                                                     \
        check_leases()

/* offer_propose(): E is changed on what is committed; short_at */
#define PROPOSE(i)                                                                                          \
        LEADS(i) && NTH(acc[i]) < K && COUNT(told[i] | BIT(i)) * 2 > N ->                          \
        if                                                                                                  \
        :: !is_long[acc[i]] -> short_at[i] = acc[i] + 1; WITNESS(3, "E raised")                             \
        :: else -> WITNESS(4, "E lowered")                                                                  \
        fi;                                                                                                 \
        is_long[acc[i] + 1] = !is_long[acc[i]];                                                             \
        acc[i]++;                                                                                           \
        told[i] = 0;                                                                                        \
        offered[term[i]] = offered[term[i]] | BIT(acc[i]);                                                  \
        check_leases()

/* offer_received(): any, however late, that is newer than what we hold */
#define TAKE(i, t, v)                                                                                       \
        HAS(offered[t], v) && t >= term[i] && !(role[i] == LEADER && t == term[i]) && v > acc[i] ->         \
        adopt_term(i, t);                                                                                   \
        step_down(i);                                                                                       \
        acc[i] = v;                                                                                         \
        say_copy(i, 0); say_copy(i, 1); say_copy(i, 2);                                                     \
        SAY_COPY_TO_MORE(i)
inline say_copy(i, l) {
        if
        :: role[l] == LEADER && term[l] == term[i] && acc[l] == acc[i] -> told[l] = told[l] | BIT(i)
        :: else -> skip
        fi
}
#if N > 3
#define SAY_COPY_TO_MORE(i) say_copy(i, 3); say_copy(i, 4)
#else
#define SAY_COPY_TO_MORE(i) skip
#endif

/* lease_ping_all(), ping_peer(): E of what we hold, be it committed or not */
#define PING(i, n, j)                                                                                       \
        j != i && LEADS(i) && stage[n] == NONE && !PINGED_BY_OTHER_SLOT(i, n, j) ->                \
        stage[n] = UNDER_WAY;                                                                               \
        peer[n] = j;                                                                                        \
        promised[n] = E_OF(acc[i])
#if PINGS > 1
#define PINGED_BY_OTHER_SLOT(i, n, j) (stage[2 * (i) * PINGS + 1 - (n)] != NONE && peer[2 * (i) * PINGS + 1 - (n)] == j)
#else
#define PINGED_BY_OTHER_SLOT(i, n, j) false
#endif

/* lease_pinged(), lease_pong() */
#define PINGED(i, l, n)                                                                                     \
        stage[n] == UNDER_WAY && peer[n] == i && term[i] <= term[l] ->                                      \
        adopt_term(i, term[l]);                                                                             \
        step_down(i);                                                                                       \
        silent[i] = (silent[i] > PROMISE(promised[n]) -> silent[i] : PROMISE(promised[n]));                 \
        silent_term[i] = (silent[i] > 0 -> term[l] : 0);                                                    \
        stage[n] = ANSWERED;                                                                                \
        promised[n] = E_ANSWERED(promised[n], acc[i]);                                                      \
        has[n] = acc[i]

/* lease_ponged(), take_echo(): counted from when the ping was sent */
#define PONGED(i, n)                                                                                        \
        role[i] == LEADER && stage[n] == ANSWERED ->                                                        \
        stage[n] = TAKEN;                                                                                   \
        age[n] = AGE_TAKEN(n);                                                                              \
        if                                                                                                  \
        :: age[n] > 2 && HAS_LEASE(i) -> WITNESS(5, "a lease by an answer that took its time")              \
        :: has[n] < short_at[i] && HAS_LEASE(i) -> WITNESS(6, "a lease that counts a lesser E in between")  \
        :: HAS_LEASE(i) && promised[n] < E_OF(acc[i]) -> WITNESS(7, "a lease shorter than the leader's E")  \
        :: HAS_LEASE(i) -> WITNESS(8, "a lease")                                                            \
        :: else -> skip                                                                                     \
        fi;                                                                                                 \
        check_leases()

/* hand_over(), towards who holds what we hold: the lead ends, then it is said */
#define HAND_OVER(i, j)                                                                                     \
        j != i && LEADS(i) && ACTS(i) && HAS(told[i], j) && handed[term[i]] == 0 ->                                     \
        handed[term[i]] = j + 1;                                                                            \
        BEFORE_HANDOVER(i)
#define HANDED_OVER(i)                                                                                      \
        role[i] != LEADER && term[i] > 0 && term[i] < TERMS && handed[term[i]] == i + 1 &&                  \
        IS_ITS_TURN(i, term[i] + 1) && MAY_STAND_YET(i) ->                                                  \
        handed[term[i]] = 0;                                                                                \
        stand(i, term[i] + 1, term[i] - 1)

/* Where two terms are all, nothing can overlap with a first leader that leads no more. */
#define MAY_END(i) (role[i] != LEADER || TERMS > 2)

#define STEP_DOWN(i) role[i] != FOLLOWER && MAY_END(i) -> step_down(i)

/* all that was promised is forgotten, but not said to be */
#define CRASH(i)                                                                                            \
        (role[i] != FOLLOWER || silent[i] > 0 || up[i] > 0) && MAY_END(i) ->                                \
        step_down(i);                                                                                       \
        silent[i] = 0;                                                                                      \
        silent_term[i] = 0;                                                                                 \
        up[i] = 0

/* time; a ping whose age no lease can outlast is as good as lost */
inline age_ping(n) {
        if
        :: stage[n] == NONE -> skip
        :: stage[n] != NONE && age[n] >= LEASE(LONG) -> forget_ping(n)
        :: else -> age[n]++
        fi
}
inline pass(i) {
        if
        :: silent[i] > 1 -> silent[i]--
        :: else -> silent[i] = 0; silent_term[i] = 0
        fi;
        if
        :: up[i] < LONG -> up[i]++
        :: else -> skip
        fi;
        age_ping((i) * PINGS);
#if PINGS > 1
        age_ping((i) * PINGS + 1);
#endif
}

#define GRANTS(c) :: d_step { GRANT(me, c) }
#define HAND_OVERS(j) :: d_step { HAND_OVER(me, j) }
#define TAKES(t, v) :: d_step { TAKE(me, t, v) }
#if K > 2
#define TAKES_OF(t) TAKES(t, VALUE(t, 1)) TAKES(t, VALUE(t, 2)) TAKES(t, VALUE(t, 3))
#else
#define TAKES_OF(t) TAKES(t, VALUE(t, 1)) TAKES(t, VALUE(t, 2))
#endif
#if PINGS > 1
#define EACH_NODE(X) X(0) X(1) X(2) X(3) X(4)
#define PINGS_TO(j) :: d_step { PING(me, me * 2, j) } :: d_step { PING(me, me * 2 + 1, j) }
#define PINGED_BY(l) :: d_step { PINGED(me, l, l * 2) } :: d_step { PINGED(me, l, l * 2 + 1) }
#else
#define EACH_NODE(X) X(0) X(1) X(2)
#define PINGS_TO(j) :: d_step { PING(me, me, j) }
#define PINGED_BY(l) :: d_step { PINGED(me, l, l) }
#endif

proctype node(byte me) {
end:
        do
        :: d_step { STAND(me, 1) }
        :: d_step { STAND(me, 2) }
#if TERMS > 2
        :: d_step { STAND(me, 3) }
#endif
        :: d_step { LEAD(me) }
        :: d_step { PROPOSE(me) }
        :: d_step { HANDED_OVER(me) }
        :: d_step { STEP_DOWN(me) }
        :: d_step { CRASH(me) }
        EACH_NODE(GRANTS)
        EACH_NODE(PINGS_TO)
        EACH_NODE(PINGED_BY)
        EACH_NODE(HAND_OVERS)
#if PINGS > 1
        :: d_step { PONGED(me, me * 2) }
        :: d_step { PONGED(me, me * 2 + 1) }
#else
        :: d_step { PONGED(me, me) }
#endif
        TAKES_OF(1) TAKES_OF(2)
#if TERMS > 2
        TAKES_OF(3)
#endif
        od
}

proctype time() {
end:
        do
        :: d_step { true -> pass(0); pass(1); pass(2);
#if N > 3
                   pass(3); pass(4)
#endif
        }
        od
}

/* E was changed at last, which one node may not have heard of. BEHIND: only E raised, without this node. */
init {
        byte i;

        atomic {
                if
#ifndef BEHIND
                :: is_long[OLD] = true
#endif
                :: is_long[BASE] = true
                fi;
                for (i : 0 .. N - 1) {
                        vote[i] = NOBODY;
                        up[i] = LONG;
                        acc[i] = BASE
                }
                if
#ifdef BEHIND
                :: acc[BEHIND] = OLD
#else
                :: skip
                :: acc[1] = OLD
                :: acc[2] = OLD
#endif
                fi;
                for (i : 0 .. N - 1) {
                        run node(i)
                }
                run time();
                i = 0
        }
}
