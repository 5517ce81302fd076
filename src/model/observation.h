/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one node saw in one probe of one check. It is a fact with its circumstances, never an opinion; on the
 * master it becomes the vote of the peer whose connection carried it. Observations are never relayed. */

#include "model/field.h"

typedef enum ObservationResult {
        OBSERVATION_OK,
        OBSERVATION_FAILED,
        OBSERVATION_ABSTAINED /* this node could not probe; detail says why */
} ObservationResult;
DECLARE_STRTAB(observation_result, ObservationResult);

typedef struct Observation {
        char *check_id;
        uint64_t revision; /* of the check that was probed */
        uint64_t round;    /* the numbered round that asked for it, 0: the schedule's own */
        ObservationResult result;
        char *detail;   /* UTF-8, no control characters; "" when ok */
        char *address;  /* the numeric address used, "" when none */
        usec_t age;     /* since the probe ended, when sent; the receiver stamps now - age */
        usec_t total;   /* duration of the probe */
        usec_t resolve; /* phases, each 0 where it did not happen */
        usec_t connect;
        usec_t tls;
        usec_t first_byte;
} Observation;
DECLARE_OBJECT(Observation, observation);

/* The observation with what the receiver knows about it. */
typedef struct Vote {
        char *node_id; /* of the connection, or our own */
        Observation *observation;
        usec_t at; /* CLOCK_BOOTTIME of the receiver when the probe ended */
} Vote;
DECLARE_OBJECT(Vote, vote);
