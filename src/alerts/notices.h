/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The room's own: how notices lie in a value. Not for other rooms.
 *
 * A notice's id is the hash of its check, the number of the transition, the hash of its alert (and of the
 * instant, lest a check that was removed and restored says old things again). Sorted by id, as a value keeps
 * its records, the notices of one check therefore stand together, in the order of its transitions. */

#include "cluster/value.h"

char *notice_make_id(const Transition *transition, const char *alert_id);
/* borrowed from the value */
Record *const *notices_of_check(const Value *value, const char *check_id, size_t *ret_n);

/* a new notice to every recipient of the alert; NULL: it has none. transition is copied. */
Notice *notice_compose(const Alert *alert, const Transition *transition, NoticeEvent event);
guint notice_n_recipients(const Notice *notice);
Recipient *notice_recipient(const Notice *notice, const char *address); /* NULL: none */
void notice_remove_recipient(Notice *notice, guint index);
bool notice_has_failed(const Notice *notice); /* to any recipient, for good */

/* Whether a settled notice is still what RECOVERED goes by. status NULL: the check is gone. */
bool notice_is_current_down(const Notice *notice, const CheckStatus *status);

/* Puts what has become of the notice (consumed), or lets it go when nobody needs it any more. */
void notices_settle(const Value *value, Delta *delta, Notice *notice, const CheckStatus *status);
/* Lets go of the other notices of the check that are settled and not needed. One may stay behind where an
 * outcome and the end of the outage were planned side by side: each saw a reason for it that the other
 * took. */
void notices_sweep_check(const Value *value, Delta *delta, const Notice *settled, const CheckStatus *status);
/* Puts the notice (consumed) with the alert's templates. */
void notices_put_new(const Value *value, Delta *delta, const Alert *alert, Notice *notice);

/* Lets go of the templates that no notice uses any more once the delta is applied: the last step of a delta.
 */
void notices_sweep_templates(const Value *value, Delta *delta);

/* Words of the outside world: valid UTF-8 on one line, at most max bytes. Caller frees. */
char *text_clean(const char *text, size_t max);
/* The same for all texts of an object that another node made, in its lists, too; what is longer than its
 * field allows is cut. */
void object_clean(const ObjectType *type, void *object);
