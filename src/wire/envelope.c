/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/envelope.h"

#include "base/limits.h"

static const Field envelope_fields[] = {
        FIELD(Envelope, method, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Envelope, id, FIELD_UINT),
        FIELD(Envelope, params, FIELD_JSON, .max = FRAME_MAX_TRUSTED),
        FIELD(Envelope, result, FIELD_JSON, .max = FRAME_MAX_TRUSTED),
        FIELD(Envelope, error, FIELD_STRING, .max = ERROR_MAX_BYTES),
};
const ObjectType envelope_type = OBJECT_TYPE(Envelope, "message", envelope_fields);
