/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small values for the tests of rooms that read one: nodes "node-0"…, checks "check-0000"… Everything
 * borrowed from the value is replaced by the next put. */

#include "cluster/value.h"

#define FIXTURE_CLUSTER_ID "0b5f9c1e-6f6f-4f0c-9d3c-0d9f2d9b8a11"

static inline void fixture_apply(Value **value, Delta *delta) {
        Value *next = value_apply(*value, delta);

        (void) delta_free(delta);
        (void) value_unref(*value);
        *value = next;
}

/* object is consumed */
static inline void fixture_put(Value **value, RecordKind kind, void *object) {
        Delta *delta = delta_new();

        delta_put_object(delta, kind, object);
        fixture_apply(value, delta);
}

static inline void fixture_delete(Value **value, RecordKind kind, const char *id) {
        Delta *delta = delta_new();

        delta_delete(delta, kind, id);
        fixture_apply(value, delta);
}

static inline Check *fixture_check(unsigned i, usec_t interval) {
        Check *check = check_new();

        check->id = g_strdup_printf("check-%04u", i);
        check->name = g_strdup_printf("name-%u", i);
        check->type = CHECK_TCP;
        check->target = g_strdup("192.0.2.1:80");
        check->interval = interval;
        check->order = i;
        check->revision = 1;
        return check;
}

static inline Peer *fixture_peer(unsigned i) {
        Peer *peer = peer_new();

        peer->node_id = g_strdup_printf("node-%u", i);
        peer->fingerprint = g_strdup_printf("sha256:%064u", i);
        peer->order = i;
        return peer;
}

static inline Value *fixture_value(unsigned n_peers, unsigned n_checks, usec_t interval) {
        Value *value = value_new_empty();
        Delta *delta = delta_new();
        ClusterMeta *meta = cluster_meta_new();

        meta->cluster_id = g_strdup(FIXTURE_CLUSTER_ID);
        meta->version = 1;
        delta_put_object(delta, RECORD_META, meta);
        for (unsigned i = 0; i < n_peers; i++)
                delta_put_object(delta, RECORD_PEER, fixture_peer(i));
        for (unsigned i = 0; i < n_checks; i++)
                delta_put_object(delta, RECORD_CHECK, fixture_check(i, interval));
        fixture_apply(&value, delta);
        return value;
}

static inline CheckStatus *fixture_status(const char *check_id, CheckState state, uint64_t transitions) {
        CheckStatus *status = check_status_new();

        status->check_id = g_strdup(check_id);
        status->state = state;
        status->transitions = transitions;
        status->was_up = state == CHECK_UP || transitions > 1;
        return status;
}

static inline void
fixture_commit_status(Value **value, const char *check_id, CheckState state, uint64_t transitions) {
        fixture_put(value, RECORD_STATUS, fixture_status(check_id, state, transitions));
}
