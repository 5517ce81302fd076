/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/observation.h"

#include "base/limits.h"

DEFINE_STRTAB(observation_result, ObservationResult, "ok", "failed", "abstained");

static const Field observation_fields[] = {
        FIELD(Observation, check_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Observation, revision, FIELD_UINT),
        FIELD(Observation, round, FIELD_UINT),
        FIELD(Observation,
              result,
              FIELD_ENUM,
              .names = &observation_result_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(Observation, detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Observation, address, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Observation, age, FIELD_USEC),
        FIELD(Observation, total, FIELD_USEC),
        FIELD(Observation, resolve, FIELD_USEC),
        FIELD(Observation, connect, FIELD_USEC),
        FIELD(Observation, tls, FIELD_USEC),
        FIELD(Observation, first_byte, FIELD_USEC),
};
const ObjectType observation_type = OBJECT_TYPE(Observation, "observation", observation_fields);

static const Field vote_fields[] = {
        FIELD(Vote, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Vote, observation, FIELD_OBJECT, .object = &observation_type),
        FIELD(Vote, at, FIELD_USEC),
};
const ObjectType vote_type = OBJECT_TYPE(Vote, "vote", vote_fields);
