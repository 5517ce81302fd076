/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model/notice.h"

#include <assert.h>

#include "base/limits.h"

DEFINE_STRTAB(notice_event, NoticeEvent, "DOWN", "RECOVERED", "UP", "UNWATCHED", "TEST");
DEFINE_STRTAB(delivery_state, DeliveryState, "owed", "delivered", "refused", "gave-up");

static const Field transition_fields[] = {
        FIELD(Transition, check, FIELD_OBJECT, .object = &check_type, .flags = FIELD_REQUIRED),
        FIELD(Transition, from, FIELD_ENUM, .names = &check_state_table, .flags = FIELD_KEEP_EMPTY),
        FIELD(Transition, to, FIELD_ENUM, .names = &check_state_table, .flags = FIELD_KEEP_EMPTY),
        FIELD(Transition, number, FIELD_UINT),
        FIELD(Transition, total, FIELD_UINT),
        FIELD(Transition, ok, FIELD_UINT),
        FIELD(Transition, not_ok, FIELD_UINT),
        FIELD(Transition, abstained, FIELD_UINT),
        FIELD(Transition, detail, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Transition, node_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Transition, term, FIELD_UINT),
        FIELD(Transition, when, FIELD_USEC),
};
const ObjectType transition_type = OBJECT_TYPE(Transition, "transition", transition_fields);

static const Field recipient_fields[] = {
        FIELD(Recipient,
              address,
              FIELD_STRING,
              .max = ADVERTISE_MAX_BYTES + NAME_MAX_BYTES,
              .flags = FIELD_REQUIRED),
        FIELD(Recipient, state, FIELD_ENUM, .names = &delivery_state_table, .flags = FIELD_KEEP_EMPTY),
        FIELD(Recipient, attempts, FIELD_UINT),
        FIELD(Recipient, answer, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Recipient, at, FIELD_USEC),
        FIELD(Recipient, retry_at, FIELD_USEC),
        FIELD(Recipient, refusals, FIELD_UINT),
        FIELD(Recipient, in_doubt, FIELD_BOOL),
};
const ObjectType recipient_type = OBJECT_TYPE(Recipient, "recipient", recipient_fields);

static const Field notice_fields[] = {
        FIELD(Notice, id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Notice, check_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Notice, alert_id, FIELD_STRING, .max = NAME_MAX_BYTES, .flags = FIELD_REQUIRED),
        FIELD(Notice, alert_name, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Notice, sequence, FIELD_UINT),
        FIELD(Notice,
              event,
              FIELD_ENUM,
              .names = &notice_event_table,
              .flags = FIELD_REQUIRED | FIELD_KEEP_EMPTY),
        FIELD(Notice, transition, FIELD_OBJECT, .object = &transition_type, .flags = FIELD_REQUIRED),
        FIELD(Notice, subject_template_hash, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Notice, body_template_hash, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Notice, recipients, FIELD_LIST, .object = &recipient_type, .max = RECIPIENTS_MAX),
        FIELD(Notice, created, FIELD_USEC),
        FIELD(Notice, collapsed, FIELD_UINT),
};
const ObjectType notice_type = OBJECT_TYPE(Notice, "notice", notice_fields);

static const Field message_fields[] = {
        FIELD(Message, notice_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Message, message_id, FIELD_STRING, .max = NAME_MAX_BYTES * 2),
        FIELD(Message, subject, FIELD_STRING, .max = TEMPLATE_MAX_BYTES),
        FIELD(Message, body, FIELD_STRING, .max = TEMPLATE_MAX_BYTES),
        FIELD(Message, content, FIELD_STRING, .max = TEMPLATE_MAX_BYTES),
        FIELD(Message, date, FIELD_USEC),
};
const ObjectType message_type = OBJECT_TYPE(Message, "message", message_fields);

const char *notice_event_verb(NoticeEvent event) {
        return event == NOTICE_TEST ? "DOWN" : notice_event_to_string(event);
}

bool recipient_may_know(const Recipient *recipient) {
        assert(recipient);
        return recipient->state == DELIVERY_OWED || recipient->state == DELIVERY_DELIVERED ||
               recipient->in_doubt;
}

bool notice_is_owed(const Notice *notice) {
        assert(notice);

        for (unsigned i = 0; notice->recipients && i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (recipient->state == DELIVERY_OWED)
                        return true;
        }
        return false;
}
