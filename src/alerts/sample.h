/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Invented notices, to show what an alert says: the "homepage going DOWN" of a test, and what a file with
 * the variables of templates describes. */

#include "model/notice.h"

/* "homepage" (or its like, for another kind of check) going DOWN, RECOVERED or UP, seen by three nodes */
Transition *sample_transition(CheckKind kind, NoticeEvent event, const char *node_id, usec_t when);
/* what a probe of this kind would have said in such a transition; static */
const char *sample_detail(CheckKind kind, NoticeEvent event);
/* id: of the notice, copied */
Notice *sample_notice(Transition *transition_consumed, NoticeEvent event, const char *id);

/* A JSON object with the names that templates have, "Check", "From", "Verb", "Snapshot" and so on; what is
 * missing stays empty, what no template has is passed over. Interval and Timeout are texts ("30s"). event:
 * instead of the file's, if not negative. -EBADMSG and a sentence. */
int sample_notice_from_json(const char *text, size_t n, int event, Notice **ret, char **reterr_text);
