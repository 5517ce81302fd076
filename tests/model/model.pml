/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the models share. A model is one process per node; each transition is one step of the register (or a
 * part of one that a crash can fall into), atomic as in register.c: begin(), the handler, end().
 *
 * The network: a message once sent stays as a bit that its receiver may find set at any time, or never. That
 * is loss, doubling, delay and reordering in one. An offer stays for ever. What is said to or by a candidate
 * or leader goes when it is one no more: a vote for it elects nobody then, a copy told to it commits nothing,
 * and a request of its own could only use up votes and raise terms, which is the same as hearing less of the
 * others. A write is one instant; what depends on it is said in
 * that instant (the network may delay it as long as it likes). A write that is under way when the process
 * dies has either happened or not; a write that fails (register-disk.c, write_failed()) leaves a node deaf
 * and mute with its memory as the disk's copy, which is to all others the same as a crash.
 *
 * CHECK(n, condition, name): an invariant. WITNESS(n, name): something that must be reachable, or the model
 * proves nothing. The program that runs the models (run.py) wants every CHECK to have been evaluated and
 * every WITNESS to have been seen; both are numbered within their model. */

#ifndef N
#define N 3 /* nodes */
#endif

#define NOBODY N
#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) >> (i)) & 1)
#define COUNT(mask)                                                                                         \
        (((mask) & 1) + (((mask) >> 1) & 1) + (((mask) >> 2) & 1) + (((mask) >> 3) & 1) + (((mask) >> 4) & 1))

#define FOLLOWER 0
#define CANDIDATE 1
#define LEADER 2

c_decl {
        static unsigned char model_seen[64];

        static void model_say(int n, const char *what, const char *name)
        {
                if (model_seen[n])
                        return;
                model_seen[n] = 1;
                printf("%s: %s\n", what, name);
                fflush(stdout);
        }
}

#define WITNESS(n, name) c_code { model_say(32 + (n), "witness", name); }
#define CHECK(n, condition, name)                                                                           \
        c_code { model_say(n, "checked", name); };                                                          \
        if                                                                                                  \
        :: (condition) -> skip                                                                              \
        :: else -> c_code { model_say(16 + (n), "broken", name); }; assert(false)                           \
        fi
