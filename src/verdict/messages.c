/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict/messages.h"

#include "base/limits.h"

static const Field observe_fields[] = {
        FIELD(ObserveParams,
              observations,
              FIELD_LIST,
              .object = &observation_type,
              .max = OBSERVE_BATCH_MAX),
        FIELD(ObserveParams, greets, FIELD_BOOL),
};
const ObjectType observe_params_type = OBJECT_TYPE(ObserveParams, "observe", observe_fields);

static const Field round_fields[] = {
        FIELD(RoundParams, term, FIELD_UINT),
        FIELD(RoundParams, check_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(RoundParams, revision, FIELD_UINT),
        FIELD(RoundParams, round, FIELD_UINT, .flags = FIELD_REQUIRED),
};
const ObjectType round_params_type = OBJECT_TYPE(RoundParams, "round", round_fields);

static const Field views_fields[] = {
        FIELD(ViewsParams, term, FIELD_UINT),
        FIELD(ViewsParams, views, FIELD_LIST, .object = &check_view_type, .max = VIEWS_BATCH_MAX),
};
const ObjectType views_params_type = OBJECT_TYPE(ViewsParams, "views", views_fields);
