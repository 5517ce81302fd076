/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A transition is a committed change of a check's state; a notice is what one alert owes its people about
 * it. A notice is data: what it will say is rendered purely from it, so every node makes the same bytes. */

#include "model/check.h"

typedef enum NoticeEvent {
        NOTICE_DOWN,
        NOTICE_RECOVERED,
        NOTICE_UP,        /* a check's very first up */
        NOTICE_UNWATCHED, /* the check was removed while DOWN */
        NOTICE_TEST
} NoticeEvent;
DECLARE_STRTAB(notice_event, NoticeEvent); /* "DOWN", "RECOVERED", "UP", "UNWATCHED", "TEST" */

/* The verb people read: DOWN, RECOVERED, UP; a test is a synthetic DOWN. */
const char *notice_event_verb(NoticeEvent event);

typedef struct Transition {
        Check *check; /* as it was then */
        CheckState from;
        CheckState to;
        uint64_t number; /* CheckStatus.transitions after it */
        uint64_t total;  /* configured voters */
        uint64_t ok;     /* answers of the deciding round */
        uint64_t not_ok;
        uint64_t abstained;
        char *detail;  /* of the failing voter with the smallest NodeID */
        char *node_id; /* the master that decided */
        uint64_t term;
        usec_t when; /* CLOCK_REALTIME */
} Transition;
DECLARE_OBJECT(Transition, transition);

typedef enum DeliveryState {
        DELIVERY_OWED,
        DELIVERY_DELIVERED,
        DELIVERY_REFUSED, /* for good, by the relay */
        DELIVERY_GAVE_UP  /* after GIVE_UP_USEC */
} DeliveryState;
DECLARE_STRTAB(delivery_state, DeliveryState);

/* One recipient of a notice: a mail address, or "webhook". */
typedef struct Recipient {
        char *address;
        DeliveryState state;
        uint64_t attempts;
        char *answer;      /* the last words of the relay, secrets removed */
        usec_t at;         /* CLOCK_REALTIME of the last attempt */
        usec_t retry_at;   /* CLOCK_REALTIME before which the next attempt is not made, 0: at once */
        uint64_t refusals; /* for good, in a row, by one holder of the alert's credential after the other */
        bool in_doubt;     /* an attempt may have arrived without anybody knowing it, whatever came later */
} Recipient;
DECLARE_OBJECT(Recipient, recipient);

typedef struct Notice {
        char *id; /* transition and alert make it: the same on every node and every try */
        char *check_id;
        char *alert_id;
        char *alert_name;
        uint64_t sequence; /* per check and alert: deliveries keep this order */
        NoticeEvent event;
        Transition *transition;
        char *subject_template_hash; /* "" for the default text; the text is a record of its own */
        char *body_template_hash;
        GPtrArray *recipients; /* of Recipient */
        usec_t created;        /* CLOCK_REALTIME */
        uint64_t collapsed;    /* how many older notices this one stands for */
} Notice;
DECLARE_OBJECT(Notice, notice);

/* Whether this recipient must be told how it ended, too: the message is owed, was delivered, or may have
 * been. */
bool recipient_may_know(const Recipient *recipient);

/* whether any recipient is still owed */
bool notice_is_owed(const Notice *notice);

/* What is sent: made by alerts/ from a notice, the same bytes on every node and every try. */
typedef struct Message {
        char *notice_id;
        char *message_id; /* mail: from transition and alert, without angle brackets */
        char *subject;    /* one line, UTF-8 */
        char *body;       /* UTF-8, lines end with LF */
        char *content;    /* webhook: the JSON to POST; empty for mail */
        usec_t date;      /* CLOCK_REALTIME of the transition */
} Message;
DECLARE_OBJECT(Message, message);
