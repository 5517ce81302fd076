/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A message between nodes: one JSON-RPC 2.0-like object in a frame. A notification has a method and params,
 * a call has an id as well, an answer has the id and either result or error. Params and results are objects
 * of a table (model/field.h); whoever handles the method decodes them with codec_decode(). */

#include "model/field.h"

typedef struct Envelope {
        char *method; /* "" in an answer */
        uint64_t id;  /* 0: notification */
        char *params; /* JSON object as text */
        char *result; /* JSON object as text */
        char *error;  /* a sentence */
} Envelope;
DECLARE_OBJECT(Envelope, envelope);
