/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an inviter hands over, judged, and made the value from which the invited begins: the cluster's id and
 * its members, this node not voting yet. The inviter knows the cluster secret and may lie nevertheless: what
 * the register or the next start would trip over is refused before anything is written. */

#include "cluster/value.h"
#include "manager/messages.h"

/* node_id, fingerprint: this node's own. -EBADMSG and a sentence. */
int adoption_value(
                const JoinOffer *offer,
                const char *node_id,
                const char *fingerprint,
                Value **ret,
                char **reterr_text);
