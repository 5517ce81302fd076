/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one place that speaks. Every event is one structured entry with a MESSAGE_ID, a priority and the
 * fields of base/names.h; the table in journal.c holds all events. It goes to the journal where there is one
 * (/run/systemd/journal/socket), else to standard error in readable form: sd_journal_send(3) returns 0
 * without a journald. Texts from outside are escaped before they reach standard error.
 *
 * Every event has an entry in units/quptime.catalog and a row in quptime-journal(7), every field a row
 * there; a lint holds the four together. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum Event {
        EVENT_STARTED, /* the daemon works (or waits for init) */
        EVENT_STOPPED,
        EVENT_START_REFUSED,
        EVENT_INITIALIZED,
        EVENT_LEADER, /* who leads changed */
        EVENT_MASTER, /* this node became the master */
        EVENT_MASTER_NO_MORE,
        EVENT_PEER_UP,
        EVENT_PEER_DOWN,
        EVENT_PEER_BEHIND, /* reports less than it has acknowledged: a lost disk */
        EVENT_MEMBER,      /* a peer was added, became a voter, or was removed */
        EVENT_REMOVED,     /* this node was removed from its cluster */
        EVENT_JOIN,        /* a join succeeded, either side */
        EVENT_JOIN_FAILED,
        EVENT_STRANGER,       /* someone without trust was turned away, in bulk */
        EVENT_CHANGE,         /* a committed change of the document */
        EVENT_CHANGE_REFUSED, /* a caller may not, or what it asked for is wrong */
        EVENT_CALL,           /* who asked for what over the bus, and what came of it */
        EVENT_TRANSITION,
        EVENT_DELIVERED,
        EVENT_DELIVERY_RETRY,
        EVENT_DELIVERY_REFUSED,
        EVENT_DELIVERY_GAVE_UP,
        EVENT_TEMPLATE, /* a field fell back to the default text */
        EVENT_MANUAL_EDIT,
        EVENT_EDIT_REJECTED,
        EVENT_DISK_FAILED,
        EVENT_DISK_RECOVERED,
        EVENT_ABSTAINS,       /* this node cannot probe a check */
        EVENT_ABSTAINS_ENDED, /* it can again */
        EVENT_BUS_LOST,
        EVENT_BUS_FOUND,
        EVENT_WARNING,
        EVENT_RELOADED, /* the files were read again, on demand */
        EVENT_ROUND,    /* debug: the master asks all voters for a probe */
        EVENT_VOTE,     /* debug: this node's answer to such a round */
        _EVENT_MAX
} Event;

typedef struct JournalField {
        const char *name;  /* of base/names.h */
        const char *value; /* NULL: left out */
} JournalField;

#define JOURNAL_FIELDS(...)                                                                                 \
        (const JournalField[]) {                                                                            \
                __VA_ARGS__, {                                                                              \
                        NULL, NULL                                                                          \
                }                                                                                           \
        }

/* fields: ends with a NULL name; NULL for none */
void journal_event(Event event, const JournalField *fields, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
/* Details for people who look for faults, without a message id; level as syslog(3) has it. */
void journal_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* the most verbose level that is written (syslog(3)); LOG_INFO at start */
void journal_set_level(int level);
int journal_level(void);
