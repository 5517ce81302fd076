/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

void abort_all(void);
void abort_all(void) {
        abort();
}
