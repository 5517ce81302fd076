/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the nodes say to each other about checks: methods and their params. Notifications only, each may be
 * lost; who sent one is known from the connection. */

#include "model/observation.h"
#include "verdict/view.h"

#define METHOD_OBSERVE "observe" /* to the master: ObserveParams */
#define METHOD_ROUND "round"     /* from the master: RoundParams */
#define METHOD_VIEWS "views"     /* from the master: ViewsParams */

#define OBSERVE_BATCH_MAX 512 /* observations in one message */
#define VIEWS_BATCH_MAX 256   /* views in one message */

typedef struct ObserveParams {
        GPtrArray *observations; /* of Observation */
        bool greets; /* the sender has just learned that the receiver leads: it wants all views */
} ObserveParams;
DECLARE_OBJECT(ObserveParams, observe_params);

typedef struct RoundParams {
        uint64_t term;
        char *check_id;
        uint64_t revision;
        uint64_t round;
} RoundParams;
DECLARE_OBJECT(RoundParams, round_params);

typedef struct ViewsParams {
        uint64_t term;
        GPtrArray *views; /* of CheckView */
} ViewsParams;
DECLARE_OBJECT(ViewsParams, views_params);
