/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One question to polkitd(8), asked without waiting: may this caller of the system bus do this? The subject
 * is the caller's bus name, which cannot be passed on to another process as a pid can. A question that
 * nobody waits for any more is taken back, so that no dialogue stays on anybody's screen.
 *
 * Source: org.freedesktop.PolicyKit1.Authority(3): CheckAuthorization(), CancelCheckAuthorization(). */

#include <stdbool.h>
#include <systemd/sd-bus.h>

typedef enum PolkitAnswer {
        POLKIT_YES,
        POLKIT_NO,
        POLKIT_CHALLENGE,  /* yes, had the caller allowed to ask a person */
        POLKIT_DISMISSED,  /* the person who was asked closed the dialogue */
        POLKIT_UNREACHABLE /* no polkitd, or none that answers: as no */
} PolkitAnswer;

/* reason: what polkitd or the bus said, NULL if nothing; not called after polkit_question_free() */
typedef void (*polkit_answered_t)(PolkitAnswer answer, const char *reason, void *userdata);

typedef struct PolkitQuestion PolkitQuestion;

/* sender: the caller's unique bus name; member: of the interface, which rules see as a detail of that name;
 * interactive: the caller allows that a person is asked */
int polkit_ask(sd_bus *sd,
               const char *sender,
               const char *action,
               const char *member,
               bool interactive,
               polkit_answered_t answered,
               void *userdata,
               PolkitQuestion **ret);
/* Takes it back if it has not been answered. */
PolkitQuestion *polkit_question_free(PolkitQuestion *question);
