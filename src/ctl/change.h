/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Changes of checks and alerts, which differ in a noun only: the call, and the line that says what was
 * done. */

#include "ctl/call.h"

/* Adds an object and says so. members: its name, its type, what else stands as a word. */
ExitStatus
change_add(Context *context,
           const char *member,
           unsigned bits,
           const char *noun,
           const Member *members,
           const Flag *flags,
           const Arguments *arguments);

/* Changes what the given flags name. listed_by: the member that lists such objects; it is asked where a flag
 * is given that only some of them have (Flag.only). */
ExitStatus
change_edit(Context *context,
            const char *member,
            unsigned bits,
            const char *noun,
            const char *listed_by,
            const Flag *flags,
            const Arguments *arguments);

/* member(the first word), which answers with the version; done: "removed", "enabled" */
ExitStatus
change_simply(Context *context,
              const char *member,
              const char *done,
              const char *noun,
              const Arguments *arguments);
