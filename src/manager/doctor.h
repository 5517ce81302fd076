/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What might keep this node from its work, as this process itself meets it: clock, permissions, networks,
 * resolver, limits, disk, journal, peers. Nothing is changed, nobody is told; it ends within
 * DIAGNOSIS_USEC, and who asks again within DIAGNOSIS_KEPT_USEC gets the same answer. */

#include "manager/call.h"

typedef struct Doctor Doctor;
typedef struct TransportCall TransportCall;

Doctor *doctor_new(Manager *manager);
Doctor *doctor_free(Doctor *doctor); /* who waits is refused */
DEFINE_CLEANUP(Doctor, doctor_free);

void doctor_diagnose(Doctor *doctor, Call *call);
/* A call of METHOD_CLOCK: what time it is here. */
void doctor_clock_call(TransportCall *call);
