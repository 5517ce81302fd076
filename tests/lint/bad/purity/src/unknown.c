/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

int unknown_call(void);
int unknown_call(void) {
        return getpid();
}
