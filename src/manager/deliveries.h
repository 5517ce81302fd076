/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The outbox's hands: on the master it starts attempts, commits what came of them, and sends test
 * messages. */

#include "manager/manager.h"

typedef struct Deliveries Deliveries;
typedef struct Errands Errands; /* manager/delegation.h */

int deliveries_new(Manager *manager, Deliveries **ret);
Deliveries *deliveries_free(Deliveries *deliveries);
DEFINE_CLEANUP(Deliveries, deliveries_free);

/* reads resolv.conf again */
void deliveries_reload(Deliveries *deliveries);
/* a value was committed, or this node gained or lost the lease */
void deliveries_update(Deliveries *deliveries, const Value *value);
/* who holds which credential is not as it was: what waits for a holder is looked at again */
void deliveries_holders_changed(Deliveries *deliveries);
/* what this node sends for the master */
Errands *deliveries_errands(Deliveries *deliveries);
/* Sends a synthetic DOWN, or what the subject says, through the alert, now, from this node or one that holds
 * its credential, to all recipients; done is called once, not from within, with a sentence for people. */
typedef void (*deliveries_tested_t)(void *userdata, bool delivered, const char *text);
/* What it is about, where it is not the invented homepage. */
typedef struct TestSubject {
        const char *check_id; /* copied */
        NoticeEvent event;    /* NOTICE_DOWN, NOTICE_RECOVERED, NOTICE_UP */
} TestSubject;
/* -ENOENT: the alert or the subject is gone; -ESHUTDOWN: this node stops */
int deliveries_test(
                Deliveries *deliveries,
                const char *alert_id_or_name,
                const TestSubject *subject, /* NULL: the invented one */
                deliveries_tested_t done,
                void *userdata);
