/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bus daemon of the test's own, which this process takes for the system bus, and callers of any user on
 * it. */

#include "harness.h"

typedef struct Broker {
        char *folder;
        char *socket;
        char *address;
        char *file;
        pid_t pid;
} Broker;

/* false: there is no dbus-daemon to test with; it is not started yet */
bool broker_up(Broker *b);
void broker_down(Broker *b);
#define _broker_ _cleanup_(broker_down) Broker
void broker_start_and_wait(Broker *b);
void broker_stop(Broker *b);

/* What a process of that user is answered: the name of the error, or "" when it is done. Caller frees. */
char *call_as(World *w,
              uid_t uid,
              bool interactive,
              const char *path,
              const char *interface,
              const char *member,
              const char *types,
              ...);
