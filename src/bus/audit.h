/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who asked for what, and what came of it: one entry of the journal for each gated call, on the node where
 * it was made. The caller's unit and session are asked of systemd1 and login1, without waiting and without
 * looking into /proc (so that ProtectProc=invisible can stay); the entry is written when the call was
 * answered and both are known or will not be. */

#include "bus/connection.h"
#include "bus/permission.h"
#include "manager/manager.h"

typedef struct Audit Audit;

/* m: the call of this member that was granted to connection's present caller; NULL where it is open to
 * all */
Audit *audit_new(Connection *connection, sd_bus_message *m, const char *interface, const char *member);
/* Writes the entry, now or soon; consumes the audit, NULL does nothing. reply, which may be NULL, is sent
 * after it: systemd1 and login1 know nothing of a caller that has its answer and is gone. */
void audit_answered(Audit *audit, const ManagerAnswer *answer, sd_bus_message *reply);
/* What was asked is no longer waited for: written as such. */
Audit *audit_free(Audit *audit);
/* The connection's present caller may do this, but the manager is not asked: the arguments are wrong, or it
 * is not the time. Told without the reason, which can quote a secret that stands in the wrong place. m as
 * above; reply as for audit_answered(). Many of one user are told as one, with the others that were
 * refused. */
void audit_turned_down(
                Connection *connection,
                sd_bus_message *m,
                const Permission *permission,
                ChangeOutcome outcome,
                sd_bus_message *reply);
/* At once: this caller may not; uid -1: it is not known. Many of one user in a short time are told as
 * one. */
void audit_refused(Bus *bus, uid_t uid, const char *member, const char *action);
/* The system bus has gone: nobody answers the look-ups any more. */
void audit_bus_lost(Bus *bus);
/* answered ones whose look-ups are still under way are written, and answered, as they are */
void audit_flush(Bus *bus);
