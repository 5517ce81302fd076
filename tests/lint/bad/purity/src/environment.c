/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

const char *environment_read(void);
const char *environment_read(void) {
        return getenv("HOME");
}
