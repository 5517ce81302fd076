/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/message.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

static const Field ping_fields[] = {
        FIELD(Ping, term, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(Ping, sent, FIELD_USEC, .flags = FIELD_REQUIRED),
        FIELD(Ping, election_timeout, FIELD_USEC, .flags = FIELD_REQUIRED),
        FIELD(Ping, committed_term, FIELD_UINT),
        FIELD(Ping, committed_seq, FIELD_UINT),
        FIELD(Ping, told_term, FIELD_UINT),
        FIELD(Ping, told_seq, FIELD_UINT),
};
const ObjectType ping_type = OBJECT_TYPE(Ping, "ping", ping_fields);

static const Field pong_fields[] = {
        FIELD(Pong, term, FIELD_UINT, .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(Pong, sent, FIELD_USEC),
        FIELD(Pong, election_timeout, FIELD_USEC),
        FIELD(Pong, told_term, FIELD_UINT),
        FIELD(Pong, told_seq, FIELD_UINT),
        FIELD(Pong, durable_term, FIELD_UINT),
        FIELD(Pong, durable_seq, FIELD_UINT),
        FIELD(Pong, held_term, FIELD_UINT),
        FIELD(Pong, held_seq, FIELD_UINT),
        FIELD(Pong, wants_whole, FIELD_BOOL),
};
const ObjectType pong_type = OBJECT_TYPE(Pong, "pong", pong_fields);

static const Field vote_request_fields[] = {
        FIELD(VoteRequest, term, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(VoteRequest, trial, FIELD_BOOL),
        FIELD(VoteRequest, accepted_term, FIELD_UINT),
        FIELD(VoteRequest, accepted_seq, FIELD_UINT),
        FIELD(VoteRequest, handover, FIELD_UINT),
};
const ObjectType vote_request_type = OBJECT_TYPE(VoteRequest, "vote", vote_request_fields);

static const Field vote_answer_fields[] = {
        FIELD(VoteAnswer, term, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(VoteAnswer, trial, FIELD_BOOL),
        FIELD(VoteAnswer, granted, FIELD_BOOL),
        FIELD(VoteAnswer, own_term, FIELD_UINT),
};
const ObjectType vote_answer_type = OBJECT_TYPE(VoteAnswer, "voted", vote_answer_fields);

static const Field wire_record_fields[] = {
        FIELD(WireRecord,
              kind,
              FIELD_ENUM,
              .names = &record_kind_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(WireRecord, id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(WireRecord, body, FIELD_STRING, .max = RECORD_BODY_MAX_BYTES),
};
const ObjectType wire_record_type = OBJECT_TYPE(WireRecord, "record", wire_record_fields);

static const Field offer_fields[] = {
        FIELD(Offer, term, FIELD_UINT),
        FIELD(Offer, value_term, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(Offer, value_seq, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(Offer, base_term, FIELD_UINT),
        FIELD(Offer, base_seq, FIELD_UINT),
        FIELD(Offer, records, FIELD_LIST, .object = &wire_record_type, .max = RECORDS_MAX),
        FIELD(Offer, hash, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
};
const ObjectType offer_type = OBJECT_TYPE(Offer, "offer", offer_fields);

static const Field handover_fields[] = {
        FIELD(Handover, term, FIELD_UINT, .flags = FIELD_REQUIRED),
};
const ObjectType handover_type = OBJECT_TYPE(Handover, "handover", handover_fields);

static const Field forward_fields[] = {
        FIELD(Forward, change, FIELD_OBJECT, .object = &change_type, .flags = FIELD_REQUIRED),
        FIELD(Forward, term, FIELD_UINT, .flags = FIELD_REQUIRED),
        FIELD(Forward, relayed, FIELD_BOOL),
};
const ObjectType forward_type = OBJECT_TYPE(Forward, "change", forward_fields);

static const Field forward_answer_fields[] = {
        FIELD(ForwardAnswer, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(ForwardAnswer, answer, FIELD_OBJECT, .object = &change_answer_type),
        FIELD(ForwardAnswer, value_term, FIELD_UINT),
        FIELD(ForwardAnswer, value_seq, FIELD_UINT),
};
const ObjectType forward_answer_type = OBJECT_TYPE(ForwardAnswer, "answer", forward_answer_fields);

static const Field heartbeat_fields[] = {
        FIELD(Heartbeat, incarnation, FIELD_UINT),
        FIELD(Heartbeat, term, FIELD_UINT),
        FIELD(Heartbeat, leader, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Heartbeat, committed_term, FIELD_UINT),
        FIELD(Heartbeat, committed_seq, FIELD_UINT),
        FIELD(Heartbeat, hears_majority, FIELD_BOOL),
};
const ObjectType heartbeat_type = OBJECT_TYPE(Heartbeat, "heartbeat", heartbeat_fields);

static const Field fetch_fields[] = {
        FIELD(Fetch, value_term, FIELD_UINT),
        FIELD(Fetch, value_seq, FIELD_UINT),
};
const ObjectType fetch_type = OBJECT_TYPE(Fetch, "fetch", fetch_fields);

static const Field removed_fields[] = {
        FIELD(Removed, version, FIELD_UINT),
};
const ObjectType removed_type = OBJECT_TYPE(Removed, "removed", removed_fields);

GPtrArray *delta_to_wire(const Delta *delta) {
        GPtrArray *records;

        assert(delta);

        records = g_ptr_array_sized_new(delta->ops->len);
        for (unsigned i = 0; i < delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(delta->ops, i);
                WireRecord *record = wire_record_new();

                record->kind = op->kind;
                record->id = g_strdup(op->id);
                if (op->record)
                        record->body = g_strndup(op->record->body, op->record->body_size);
                g_ptr_array_add(records, record);
        }
        return records;
}

int delta_from_wire(const GPtrArray *records, Delta **ret, char **reterr_text) {
        _cleanup_(delta_freep) Delta *delta = delta_new();
        int r;

        assert(ret);

        for (unsigned i = 0; records && i < records->len; i++) {
                const WireRecord *wire = g_ptr_array_index(records, i);
                Record *record = NULL;

                if (!wire->body || !*wire->body) {
                        delta_delete(delta, wire->kind, wire->id ?: "");
                        continue;
                }
                r =
                                record_decode(wire->kind,
                                              wire->id ?: "",
                                              wire->body,
                                              strlen(wire->body),
                                              &record,
                                              reterr_text);
                if (r < 0)
                        return r;
                delta_put(delta, record);
        }
        *ret = TAKE_PTR(delta);
        return 0;
}
