/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A year of uplinks, paths and targets. All that happens is laid out from the seed before anybody asks, and
 * the fate of a packet depends on the seed, on whose it is and on its instant alone. The figures are those
 * of docs/truth.md, which says where each comes from. */

#include <math.h>

#include "truth.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define MINUTE USEC_PER_MINUTE
#define HOUR USEC_PER_HOUR
#define DAY (24 * HOUR)

typedef enum Shape { SHAPE_LOGNORMAL, SHAPE_PARETO } Shape;

typedef struct Recipe {
        SpellKind kind;
        usec_t every; /* mean time between two, exponential */
        Shape shape;  /* of how long it lasts: */
        usec_t scale; /* median, or least */
        double sigma; /* of the logarithm, or exponent */
        usec_t min, max;
        double level;
} Recipe;

#define BURST_LOSS 0.7
#define BURST_LEAST (200 * MSEC)
#define BURST_EXPONENT 1.2
#define BURST_MOST (15 * SEC)

static const Recipe uplink_bursts = {
        SPELL_BURST,    20 * MINUTE, SHAPE_PARETO, BURST_LEAST,
        BURST_EXPONENT, BURST_LEAST, BURST_MOST,   BURST_LOSS,
};
static const Recipe path_bursts = {
        SPELL_BURST,    60 * MINUTE, SHAPE_PARETO, BURST_LEAST,
        BURST_EXPONENT, BURST_LEAST, BURST_MOST,   BURST_LOSS,
};
static const Recipe target_bursts = {
        SPELL_BURST,    20 * MINUTE, SHAPE_PARETO, BURST_LEAST,
        BURST_EXPONENT, BURST_LEAST, 3 * SEC,      BURST_LOSS,
};
static const Recipe uplink_cuts = {
        SPELL_CUT, 15 * DAY, SHAPE_LOGNORMAL, 90 * SEC, 1.5, 15 * SEC, 6 * HOUR, 1,
};
static const Recipe path_cuts = {
        SPELL_CUT, 30 * DAY, SHAPE_LOGNORMAL, 90 * SEC, 1.5, 15 * SEC, 6 * HOUR, 1,
};
static const Recipe crashes = {
        SPELL_AWAY, 60 * DAY, SHAPE_LOGNORMAL, 90 * SEC, 1.5, 20 * SEC, 12 * HOUR, 1,
};
static const Recipe resolver_stalls = {
        SPELL_CUT, 12 * HOUR, SHAPE_PARETO, 1 * SEC, 1.0, 1 * SEC, 10 * MINUTE, 1,
};
static const Recipe slow_hours = {
        SPELL_SLOW, 14 * DAY, SHAPE_LOGNORMAL, 20 * MINUTE, 1.0, 1 * MINUTE, 6 * HOUR, 0,
};

/* A target's own troubles, by how often each comes in a year. */
static const struct {
        double yearly;
        Recipe recipe;
} troubles[] = {
        { 100,
          { SPELL_RESTART, 0, SHAPE_LOGNORMAL, 1500 * MSEC, 0.7, 300 * MSEC, SHORT_RESTART_USEC - MSEC } },
        { 30, { SPELL_REFUSING, 0, SHAPE_LOGNORMAL, 8 * SEC, 0.7, SHORT_RESTART_USEC, 40 * SEC } },
        { 28, { SPELL_REFUSING, 0, SHAPE_LOGNORMAL, 114 * SEC, 1.57, 10 * SEC, DAY } },
        { 17, { SPELL_SILENT, 0, SHAPE_LOGNORMAL, 114 * SEC, 1.57, 10 * SEC, DAY } },
        { 11, { SPELL_HUNG, 0, SHAPE_LOGNORMAL, 114 * SEC, 1.57, 10 * SEC, DAY } },
};
#define TROUBLE_GAP_MIN (5 * MINUTE)

#define PACKET_LOSS 0.0005 /* each way, at all times */
#define HICCUP_SHARE 2e-4  /* of the answers, which take at least */
#define HICCUP_LEAST 1.0   /* seconds, Pareto with */
#define HICCUP_EXPONENT 1.1
#define ANSWER_SIGMA 0.5
#define SLOW_SIGMA 0.8
#define SLOW_MEDIAN_MIN 0.05 /* of the time-out */
#define SLOW_MEDIAN_MAX 0.2

/* When a lost packet is sent again. SYN: RFC 6298 and Linux before 6.5; established: after 200 ms, doubled;
 * look-ups: RESOLVER_TRY_USEC, doubled, RESOLVER_ROUNDS times. */
static const usec_t syn_at[] = { 0, 1 * SEC, 3 * SEC, 7 * SEC, 15 * SEC };
static const usec_t data_at[] = { 0, 200 * MSEC, 600 * MSEC, 1400 * MSEC, 3 * SEC, 6200 * MSEC };
static const usec_t query_at[] = { 0, 500 * MSEC, 1500 * MSEC, 3500 * MSEC };
#define QUERY_ENDS (7500 * MSEC)
#define QUERY_RTT (20 * MSEC)

/* ---- chance ---- */

/* The finalizer of splitmix64. */
uint64_t truth_mix(uint64_t x) {
        x += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

static double share_of(uint64_t bits) {
        return (double) ((bits >> 11) + 1) / 9007199254740993.0; /* in (0, 1) */
}

/* an even number in (0, 1) for this purpose at this instant */
static double chance(uint64_t seed, uint64_t purpose, usec_t at) {
        return share_of(truth_mix(seed ^ truth_mix(purpose ^ truth_mix(at))));
}

static double draw(uint64_t *random) {
        *random += UINT64_C(0x9e3779b97f4a7c15);
        return share_of(truth_mix(*random));
}

static double normal(double u, double v) {
        return sqrt(-2 * log(u)) * cos(2 * G_PI * v);
}

static usec_t draw_duration(const Recipe *recipe, uint64_t *random) {
        double u = draw(random), v = draw(random), length;

        if (recipe->shape == SHAPE_LOGNORMAL)
                length = (double) recipe->scale * exp(recipe->sigma * normal(u, v));
        else
                length = (double) recipe->scale * pow(u, -1 / recipe->sigma);
        return CLAMP((usec_t) MIN(length, (double) recipe->max), recipe->min, recipe->max);
}

/* ---- lines ---- */

static void line_init(Line *line) {
        *line = (Line){ .spells = g_array_new(FALSE, FALSE, sizeof(Spell)) };
}

static void line_done(Line *line) {
        g_array_unref(line->spells);
}

static void line_make(Line *line, const Recipe *recipe, uint64_t seed, usec_t end) {
        uint64_t random = truth_mix(seed);
        usec_t at = TRUTH_BEGIN;

        line_init(line);
        for (;;) {
                Spell spell = { .kind = recipe->kind, .level = recipe->level };

                at += (usec_t) (-log(draw(&random)) * (double) recipe->every) + MSEC;
                if (at >= end)
                        return;
                spell.start = at;
                at += draw_duration(recipe, &random);
                spell.end = at;
                if (recipe->kind == SPELL_SLOW)
                        spell.level = SLOW_MEDIAN_MIN + (SLOW_MEDIAN_MAX - SLOW_MEDIAN_MIN) * draw(&random);
                g_array_append_val(line->spells, spell);
        }
}

static const Recipe *draw_trouble(uint64_t *random, double total) {
        double u = draw(random) * total;
        size_t i;

        for (i = 0; i + 1 < G_N_ELEMENTS(troubles); i++) {
                u -= troubles[i].yearly;
                if (u < 0)
                        break;
        }
        return &troubles[i].recipe;
}

static void make_states(WorldTarget *target, usec_t end) {
        uint64_t random = truth_mix(target->seed ^ 1);
        usec_t at = TRUTH_BEGIN + 10 * MINUTE;
        double total = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(troubles); i++)
                total += troubles[i].yearly;
        line_init(&target->states);
        for (;;) {
                const Recipe *recipe = draw_trouble(&random, total);
                Spell spell = { .kind = recipe->kind };

                at += TROUBLE_GAP_MIN + (usec_t) (-log(draw(&random)) * (double) (365 * DAY) / total);
                spell.start = at;
                at += draw_duration(recipe, &random);
                spell.end = at;
                if (spell.kind == SPELL_HUNG && !target->http)
                        spell.kind = SPELL_SILENT; /* a connection is all that tcp asks for */
                if (at + 10 * MINUTE >= end)
                        return; /* what is not over before the end is not counted */
                g_array_append_val(target->states.spells, spell);
        }
}

const Spell *line_at(Line *line, usec_t at) {
        const Spell *spells = (const Spell *) (const void *) line->spells->data;

        while (line->at < line->spells->len && spells[line->at].end <= at)
                line->at++;
        while (line->at > 0 && spells[line->at - 1].end > at)
                line->at--;
        return line->at < line->spells->len && spells[line->at].start <= at ? &spells[line->at] : NULL;
}

bool spell_is_outage(const Spell *spell) {
        return spell &&
               (spell->kind == SPELL_REFUSING || spell->kind == SPELL_SILENT || spell->kind == SPELL_HUNG);
}

/* ---- lifecycle ---- */

void world_init(World *world, uint64_t seed, usec_t length) {
        *world = (World){ .seed = truth_mix(seed), .end = TRUTH_BEGIN + length };

        for (unsigned k = 0; k < TRUTH_NODES_MAX; k++) {
                WorldNode *node = &world->nodes[k];
                uint64_t own = truth_mix(world->seed ^ (k + 1));

                line_make(&node->bursts, &uplink_bursts, own ^ 1, world->end);
                line_make(&node->cuts, &uplink_cuts, own ^ 2, world->end);
                line_make(&node->resolver, &resolver_stalls, own ^ 3, world->end);
                line_make(&node->crashes, &crashes, own ^ 4, world->end);
        }
}

void world_done(World *world) {
        for (unsigned k = 0; k < TRUTH_NODES_MAX; k++) {
                line_done(&world->nodes[k].bursts);
                line_done(&world->nodes[k].cuts);
                line_done(&world->nodes[k].resolver);
                line_done(&world->nodes[k].crashes);
        }
}

void world_target_init(
                WorldTarget *target, const World *world, unsigned number, usec_t interval, usec_t timeout) {
        uint64_t random;

        *target = (WorldTarget){ .world = world, .interval = interval, .timeout = timeout };
        target->seed = truth_mix(world->seed ^ truth_mix(1000 + number));
        target->http = number % 4 != 3;
        target->named = number % 2 == 0;
        random = target->seed;
        target->median = 0.15 * exp(0.6 * normal(draw(&random), draw(&random)));
        make_states(target, world->end);
        line_make(&target->slow, &slow_hours, target->seed ^ 2, world->end);
        line_make(&target->bursts, &target_bursts, target->seed ^ 3, world->end);
        for (unsigned k = 0; k < TRUTH_NODES_MAX; k++) {
                target->paths[k].rtt = 5 * MSEC + (usec_t) (145 * (double) MSEC * draw(&random));
                line_make(&target->paths[k].bursts, &path_bursts, target->seed ^ (16 + k), world->end);
                line_make(&target->paths[k].cuts, &path_cuts, target->seed ^ (32 + k), world->end);
        }
}

void world_target_done(WorldTarget *target) {
        line_done(&target->states);
        line_done(&target->slow);
        line_done(&target->bursts);
        for (unsigned k = 0; k < TRUTH_NODES_MAX; k++) {
                line_done(&target->paths[k].bursts);
                line_done(&target->paths[k].cuts);
        }
}

/* ---- packets ---- */

/* what is left after this stretch; notes the cause where it takes most of it */
static double through(double passes, Line *line, usec_t at, unsigned cause, unsigned *causes) {
        const Spell *spell = line_at(line, at);

        if (!spell)
                return passes;
        *causes |= cause;
        return spell->kind == SPELL_CUT ? 0 : passes * (1 - spell->level);
}

/* Whether a packet from the node reaches the target and its answer comes back. */
static bool round_trip(WorldTarget *target, unsigned k, usec_t at, unsigned *causes) {
        WorldNode *node = (WorldNode *) &target->world->nodes[k];
        double passes = 1 - PACKET_LOSS;
        unsigned seen = 0;

        passes = through(passes, &node->cuts, at, CAUSE_UPLINK, &seen);
        passes = through(passes, &node->bursts, at, CAUSE_UPLINK, &seen);
        passes = through(passes, &target->paths[k].cuts, at, CAUSE_PATH, &seen);
        passes = through(passes, &target->paths[k].bursts, at, CAUSE_PATH, &seen);
        passes = through(passes, &target->bursts, at, CAUSE_LOSS, &seen);
        if (chance(target->seed, k, at) < passes * passes)
                return true;
        *causes |= seen ? seen : (unsigned) CAUSE_LOSS;
        return false;
}

usec_t world_deliver(World *world, unsigned from, unsigned to, usec_t at) {
        static const usec_t sent_at[] = { 0, 200 * MSEC, 600 * MSEC, 1400 * MSEC, 3 * SEC };
        usec_t latency = 10 * MSEC + truth_mix(world->seed ^ (from + to)) % (50 * MSEC);

        if (from == to)
                return at;
        for (size_t i = 0; i < G_N_ELEMENTS(sent_at); i++) {
                usec_t now = at + sent_at[i];
                double passes = 1 - PACKET_LOSS;
                unsigned causes = 0;

                passes = through(passes, &world->nodes[from].cuts, now, 0, &causes);
                passes = through(passes, &world->nodes[from].bursts, now, 0, &causes);
                passes = through(passes, &world->nodes[to].cuts, now, 0, &causes);
                passes = through(passes, &world->nodes[to].bursts, now, 0, &causes);
                if (chance(world->seed, 100 + from * 10 + to, now) < passes)
                        return now + latency;
        }
        return USEC_INFINITY; /* the connection is given up after 4 s */
}

/* ---- a probe ---- */

typedef struct Attempt {
        WorldTarget *target;
        unsigned k;
        usec_t began, deadline;
        usec_t now; /* how far it has come */
        unsigned causes;
} Attempt;

static Outcome failed(const Attempt *attempt, usec_t end, unsigned causes) {
        return (Outcome){
                .result = OBSERVATION_FAILED,
                .end = MIN(end, attempt->deadline),
                .causes = attempt->causes | causes,
        };
}

/* The name. When no resolver answers, the node cannot ask, unless it has just been answered for another
 * name: then the target is to blame (probes/resolver.h). A node with many checks has such an answer from
 * before the silence began. */
static bool look_up(Attempt *attempt, Outcome *ret) {
        WorldNode *node = (WorldNode *) &attempt->target->world->nodes[attempt->k];
        usec_t silent_since = attempt->now, end;

        for (size_t i = 0; i < G_N_ELEMENTS(query_at); i++) {
                usec_t at = attempt->began + query_at[i];
                const Spell *stall = line_at(&node->resolver, at), *cut = line_at(&node->cuts, at);
                const Spell *burst = line_at(&node->bursts, at);

                if (at >= attempt->deadline)
                        break;
                if (!stall && !cut &&
                    (!burst || chance(attempt->target->seed, 200 + attempt->k, at) <
                                               (1 - burst->level) * (1 - burst->level))) {
                        attempt->now = at + QUERY_RTT;
                        return true;
                }
                attempt->causes |= stall ? CAUSE_RESOLVER : CAUSE_UPLINK;
                silent_since = MIN(silent_since, stall ? stall->start : cut ? cut->start : burst->start);
        }

        end = MIN(attempt->began + QUERY_ENDS, attempt->deadline);
        *ret = failed(attempt, end, 0);
        if (end > silent_since + attempt->target->interval)
                ret->result = OBSERVATION_ABSTAINED;
        return false;
}

static unsigned cause_of(const Spell *spell) {
        return spell->kind == SPELL_RESTART ? CAUSE_RESTART : CAUSE_OUTAGE;
}

/* Sends at these times until an answer comes; the target takes part unless it is silent. */
static bool exchange(Attempt *attempt, const usec_t *times, size_t n, bool connecting, Outcome *ret) {
        usec_t start = attempt->now, rtt = attempt->target->paths[attempt->k].rtt;

        for (size_t i = 0; i < n && start + times[i] < attempt->deadline; i++) {
                usec_t at = start + times[i];
                const Spell *spell = line_at(&attempt->target->states, at);

                if (!round_trip(attempt->target, attempt->k, at, &attempt->causes))
                        continue;
                if (spell && (spell->kind == SPELL_REFUSING || spell->kind == SPELL_RESTART)) {
                        *ret = failed(attempt, at + rtt, cause_of(spell));
                        return false;
                }
                if (spell && (spell->kind == SPELL_SILENT || !connecting)) {
                        attempt->causes |= CAUSE_OUTAGE;
                        continue;
                }
                attempt->now = at + rtt;
                return true;
        }
        *ret = failed(attempt, attempt->deadline, 0);
        return false;
}

/* seconds until the target has its answer ready */
static double think(WorldTarget *target, unsigned k, usec_t at) {
        const Spell *slow = line_at(&target->slow, at);
        double u = chance(target->seed, 300 + k, at), v = chance(target->seed, 400 + k, at);
        double timeout = (double) target->timeout / (double) SEC;
        double seconds = slow ? slow->level * timeout * exp(SLOW_SIGMA * normal(u, v))
                              : target->median * exp(ANSWER_SIGMA * normal(u, v));

        if (chance(target->seed, 500 + k, at) < HICCUP_SHARE)
                seconds += HICCUP_LEAST * pow(chance(target->seed, 600 + k, at), -1 / HICCUP_EXPONENT);
        return MIN(seconds, 3600);
}

static Outcome answered(Attempt *attempt) {
        WorldTarget *target = attempt->target;
        usec_t ready = attempt->now + (usec_t) (think(target, attempt->k, attempt->now) * (double) SEC);
        const Spell *spell = line_at(&target->states, ready);

        if (ready >= attempt->deadline)
                return failed(attempt, attempt->deadline, CAUSE_SLOW);
        if (spell) /* it went down over the answer */
                return failed(attempt,
                              spell->kind == SPELL_REFUSING || spell->kind == SPELL_RESTART
                                              ? ready
                                              : attempt->deadline,
                              cause_of(spell));
        return (Outcome){ .result = OBSERVATION_OK, .end = ready };
}

Outcome world_probe(WorldTarget *target, unsigned node, usec_t began) {
        Attempt attempt = {
                .target = target,
                .k = node,
                .began = began,
                .deadline = began + target->timeout,
                .now = began,
        };
        Outcome outcome;

        if (target->named && !look_up(&attempt, &outcome))
                return outcome;
        if (!exchange(&attempt, syn_at, G_N_ELEMENTS(syn_at), true, &outcome))
                return outcome;
        if (!target->http)
                return (Outcome){ .result = OBSERVATION_OK, .end = attempt.now };
        if (!exchange(&attempt, data_at, G_N_ELEMENTS(data_at), false, &outcome))
                return outcome;
        return answered(&attempt);
}

char *causes_to_string(unsigned causes) {
        static const char *const names[] = {
                "outage", "restart", "uplink", "path", "resolver", "slow", "loss",
        };
        GString *s = g_string_new(NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                if (causes & (1U << i))
                        g_string_append_printf(s, "%s%s", s->len > 0 ? "+" : "", names[i]);
        return g_string_free(s, FALSE);
}
