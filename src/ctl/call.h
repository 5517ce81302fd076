/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls of org.quptime1.Manager. Every function here connects when that has not happened yet, prints what
 * went wrong as one line, and answers with the exit status that goes with it. */

#include <systemd/sd-bus.h>

#include "base/usec.h"
#include "ctl/context.h"
#include "ctl/options.h"
#include "ctl/rows.h"

#define CALL_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define CALL_PERSON_TIMEOUT_USEC (5 * USEC_PER_MINUTE) /* besides, where a person may be asked */
#define CALL_LOOKUP_TIMEOUT_USEC (1 * USEC_PER_SEC)    /* for the names that a shell completes */
#define CALL_LONG_TIMEOUT_USEC (90 * USEC_PER_SEC) /* what waits for another host: node add, alert test */

typedef enum CallBits {
        CALL_SENSITIVE = 1 << 0, /* carries a secret: sd-bus overwrites its memory */
        CALL_LONG = 1 << 1,
        CALL_MAY_MISS = 1 << 2, /* NotFound is an answer: STATUS_NOT_FOUND, nothing is printed */
        CALL_READS = 1 << 3     /* everyone may do this: nobody is asked for a password */
} CallBits;

/* member(types…) -> *ret_reply, which may be NULL when the answer is empty anyway */
ExitStatus
manager_call(Context *context,
             const char *member,
             unsigned bits,
             sd_bus_message **ret_reply,
             const char *types,
             ...);

/* What an error of the daemon's own (org.quptime1.Error.…) said. */
typedef struct CallError {
        char *name;
        char *text;
} CallError;
void call_error_done(CallError *error);

/* The same, but such an error is not printed: the status is its, and *reterr is filled. */
ExitStatus
manager_try(Context *context,
            const char *member,
            unsigned bits,
            sd_bus_message **ret_reply,
            CallError *reterr,
            const char *types,
            ...);

/* A call with a dictionary: what stands before it, then one member per given flag that has a field, in
 * order. with_standards: flags that were not given are sent with their standard value, unless it is the
 * daemon's. */
typedef struct Member {
        const char *field;
        const char *text;
} Member;
ExitStatus manager_call_fields(
                Context *context,
                const char *member,
                unsigned bits,
                sd_bus_message **ret_reply,
                const char *object,    /* an id or name that precedes the dictionary, or NULL */
                const Member *members, /* ends with one without field; or NULL */
                const Flag *flags,
                const Arguments *arguments,
                bool with_standards);

/* reads an answer whose form is fixed; a daemon of another version is an error */
ExitStatus answer_read(sd_bus_message *reply, const char *types, ...);
ExitStatus answer_not_understood(int error);

/* One sentence about a call that failed (error and r as sd_bus_call() gives them), without "error: ", and
 * the exit status that goes with it. Not escaped. Caller frees. */
char *call_error_text(const sd_bus_error *error, int r, usec_t timeout, ExitStatus *ret_status);

/* ---- questions ---- */

ExitStatus manager_status(Context *context, NodeStatus **ret);
/* ListPeers, ListAlerts, ListTrust */
ExitStatus manager_list(Context *context, const char *member, const ObjectType *type, GPtrArray **ret);
/* ListChecks, all pages */
ExitStatus manager_list_checks(Context *context, GPtrArray **ret);
/* The same, a page at a time: with thousands of checks the first are printed long before the last are asked
 * for. The rows are consumed. */
typedef void (*manager_page_t)(GPtrArray *checks, void *userdata);
ExitStatus manager_each_check_page(Context *context, manager_page_t page, void *userdata);
