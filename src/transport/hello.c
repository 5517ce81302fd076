/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hello.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "transport/join.h"
#include "wire/codec.h"

DEFINE_STRTAB(refusal_kind, RefusalKind, "other", "barred", "duplicate", "cluster");

static const Field hello_fields[] = {
        FIELD(Hello, protocol, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(Hello, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Hello, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Hello, value_format, FIELD_UINT),
        FIELD(Hello, stranger, FIELD_BOOL),
};
const ObjectType hello_type = OBJECT_TYPE(Hello, "hello", hello_fields);

static const Field refusal_fields[] = {
        FIELD(Refusal, kind, FIELD_ENUM, .names = &refusal_kind_table),
        FIELD(Refusal, reason, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Refusal, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Refusal, version, FIELD_UINT),
};
const ObjectType refusal_type = OBJECT_TYPE(Refusal, "refused", refusal_fields);

static const Field proof_fields[] = {
        FIELD(Proof, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Proof, proof, FIELD_STRING, .max = 2 * JOIN_PROOF_BYTES),
        FIELD(Proof, wrong, FIELD_BOOL),
};
const ObjectType proof_type = OBJECT_TYPE(Proof, "proof", proof_fields);

static const Field join_state_fields[] = {
        FIELD(JoinState, node_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(JoinState, advertise, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(JoinState, cluster_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(JoinState, is_free, FIELD_BOOL),
        FIELD(JoinState, n_peers, FIELD_UINT),
        FIELD(JoinState, n_checks, FIELD_UINT),
        FIELD(JoinState, n_alerts, FIELD_UINT),
};
const ObjectType join_state_type = OBJECT_TYPE(JoinState, "state", join_state_fields);

void *message_params(const ObjectType *type, const Envelope *envelope) {
        void *object;

        assert(envelope);

        if (!envelope->params ||
            codec_decode(type, envelope->params, strlen(envelope->params), &object, NULL) < 0)
                return NULL;
        return object;
}
