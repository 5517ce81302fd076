/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who was told what: the last deliveries, as a node remembers them. The register keeps what is owed, what
 * RECOVERED goes by and what failed; a notice that has arrived leaves it, and with it what the relay said.
 * This is the memory of that, for people alone: it is bounded (TELLINGS_MAX) and ends with the daemon. Who
 * sent tells the other nodes, so that the words survive the master that heard them. */

#include "cluster/value.h"
#include "model/notice.h"

typedef struct Telling {
        char *notice;    /* its id */
        char *event;     /* notice_event_to_string() */
        uint64_t number; /* of the transition */
        char *alert;     /* its name then */
        char *alert_id;
        char *recipient;
        char *result; /* delivery_state_to_string() */
        uint64_t attempts;
        char *answer;    /* the relay's last words, secrets removed; "": not known here */
        char *node_id;   /* who made the last attempt; "": not known here */
        usec_t created;  /* CLOCK_REALTIME of the transition, like all here */
        usec_t at;       /* of the last attempt, 0: none yet, or not known */
        usec_t retry_at; /* before which the next is not made, 0: at once, or never */
        bool kept;       /* in the register */
} Telling;
DECLARE_OBJECT(Telling, telling);

/* node_id: may be NULL; copied. Consumes nothing. */
Telling *telling_new_of(const Notice *notice, const Recipient *recipient, const char *node_id);
/* What is the same delivery: what is newer there, and what is not known here, is taken over (moved). */
void telling_merge(Telling *telling, Telling *other);
bool telling_is_same(const Telling *a, const Telling *b);
/* whether it is about an event, and in a state, that there is: of one that another node made */
bool telling_is_sound(const Telling *telling);

typedef struct Told Told;

/* lifecycle */
Told *told_new(void);
Told *told_free(Told *told);
DEFINE_CLEANUP(Told, told_free);

/* Something came of an attempt, or of the notice; at: CLOCK_REALTIME. */
void told_add(Told *told, const Notice *notice, const Recipient *recipient, const char *node_id, usec_t at);
/* Another node says so; consumed. What is not sound is not taken. */
void told_hear(Told *told, const char *check_id, Telling *telling);
/* NULL: nothing is remembered; borrowed until the next step */
const Telling *told_find(const Told *told, const char *notice_id, const char *recipient);
/* Appends copies of what is remembered about the check, oldest first. */
void told_list(const Told *told, const char *check_id, GPtrArray *tellings);
size_t told_length(const Told *told);
