/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A manager without a cluster: it holds a value, applies changes at once in a simple way, and answers in the
 * next loop turn, or when it is told to. What the bus asked of it last can be looked at. */

#include <systemd/sd-event.h>

#include "manager/journal.h"
#include "manager/manager.h"

struct Manager {
        sd_event *event;
        Value *value;
        bool initialized;
        uint64_t version;
        const ManagerObserver *observer;
        void *observer_userdata;
        TrustFile *trust;
        CheckView view;     /* of every check; its texts are not owned */
        GPtrArray *pending; /* of Pending */
        sd_event_source *defer;

        bool hold;             /* keep answers until fake_manager_release() */
        ChangeOutcome outcome; /* not CHANGE_DONE: what every verb answers */
        const char *text;
        Change *last;    /* the last change asked for */
        char *last_text; /* the last other verb, "probe 10.0.0.1:9901" */
        unsigned n_forgotten;
};

/* what the journal was told */
extern unsigned n_journal_events;
extern char *journal_last_call;  /* who asked for what, and what came of it; not counted above */
extern Event journal_last_event; /* which of the two it was */

#define FAKE_NODE "0a000000-0000-4000-8000-000000000001"
#define FAKE_OTHER "0b000000-0000-4000-8000-000000000002"

Manager *fake_manager_new(sd_event *event);
Manager *fake_manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, fake_manager_free);
void fake_manager_release(Manager *manager);

/* consumed; the observer is told */
void fake_manager_put_check(Manager *manager, Check *check);
void fake_manager_put_alert(Manager *manager, Alert *alert);
void fake_manager_put_status(Manager *manager, CheckStatus *status);
void fake_manager_put_notice(Manager *manager, Notice *notice);
void fake_manager_remove(Manager *manager, RecordKind kind, const char *id);
/* n checks "check-0", … at once, with one default alert */
void fake_manager_fill(Manager *manager, unsigned n);
Check *fake_check(const char *id, const char *name);
Alert *fake_alert(const char *id, const char *name);
