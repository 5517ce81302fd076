/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A check: what is watched, how often, and who is told. Rules of its fields: config/validate.h. */

#include "model/field.h"

typedef enum CheckKind { CHECK_HTTP, CHECK_TCP, CHECK_ICMP, _CHECK_KIND_MAX } CheckKind;
DECLARE_STRTAB(check_kind, CheckKind);

typedef enum CheckState { CHECK_UNKNOWN, CHECK_UP, CHECK_DOWN } CheckState;
DECLARE_STRTAB(check_state, CheckState);

typedef struct Check {
        char *id; /* UUID */
        char *name;
        CheckKind type;
        char *target;
        usec_t interval; /* 0: INTERVAL_DEFAULT_USEC */
        usec_t timeout;  /* 0: the smaller of TIMEOUT_DEFAULT_USEC and the interval */
        uint64_t expect_status;
        char *body_match;
        char **alert_ids;          /* ids or names */
        char **suppress_alert_ids; /* ids or names */
        bool disabled;             /* neither probed nor judged; keeps its state */
        uint64_t order;            /* place in lists and files, then id */
        uint64_t revision;         /* the document version that last changed this object */
        char *extra;
} Check;
DECLARE_OBJECT(Check, check);

/* questions */
usec_t check_interval(const Check *check);        /* effective */
usec_t check_timeout(const Check *check);         /* effective */
uint64_t check_expect_status(const Check *check); /* effective: 200 for 0 */
/* whether what is probed differs, so that fresh rounds are due (type, target, expectation, time-out,
 * or that it is probed at all) */
bool check_probes_differently(const Check *a, const Check *b);
/* the target with any user information of a URL as "***"; caller frees */
char *check_target_masked(const Check *check);

/* What the cluster has agreed on about a check: one record of the register per check. */
typedef struct CheckStatus {
        char *check_id;
        CheckState state;
        usec_t since;         /* CLOCK_REALTIME of the transition */
        uint64_t transitions; /* how many so far; numbers the transition and its notices */
        bool was_up;          /* has ever been up: the first UP is told once in its life */
        uint64_t ok;          /* votes of the round that decided */
        uint64_t not_ok;
        char *detail;     /* of the failing voter with the smallest NodeID, or empty */
        char *decided_by; /* NodeID of the master */
        uint64_t decided_term;
} CheckStatus;
DECLARE_OBJECT(CheckStatus, check_status);
