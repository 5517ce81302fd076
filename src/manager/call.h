/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs under way. Each is answered exactly once, from the loop and never from within the verb, or forgotten
 * when its caller goes. The answer is copied, so whoever gives it may free what it is made of. */

#include "manager/manager.h"

typedef struct Calls Calls; /* all of them */
typedef struct Call Call;   /* one */

Calls *calls_new(sd_event *event);
Calls *calls_free(Calls *calls); /* nobody is answered any more */
DEFINE_CLEANUP(Calls, calls_free);
void calls_forget(Calls *calls, const void *userdata);

/* owned by calls until it is answered */
Call *call_new(Calls *calls, manager_answer_t done, void *userdata);
void call_answer(Call *call, const ManagerAnswer *answer);
void call_fail(Call *call, ChangeOutcome outcome, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
