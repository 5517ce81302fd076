/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a template sees of a notice. The room's own, but for `quctl alert render`.
 *
 * All of it is committed data: NodeID is the master of the transition and When its time, wherever and
 * however often the message is rendered. OKCount and NotOK are the deciding round's votes, Reports is their
 * sum; abstentions count nowhere. User information in the target's URL is "***", as everywhere. */

#include "model/notice.h"
#include "template/context.h"

typedef struct MessageContext MessageContext;

/* breaks_mentions: with a zero-width space, so that no data of the notice makes one. The notice is
 * borrowed. */
MessageContext *message_context_new(const Notice *notice, bool breaks_mentions);
MessageContext *message_context_free(MessageContext *context);
DEFINE_CLEANUP(MessageContext, message_context_free);

const TemplateContext *message_context_get(const MessageContext *context); /* borrowed */
