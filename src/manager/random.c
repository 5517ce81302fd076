/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/random.h"

#include <sys/random.h>

uint64_t random_uint64(void) {
        uint64_t n;

        /* 8 bytes are never cut short once the kernel's pool is ready, which it is when services run */
        while (getrandom(&n, sizeof n, 0) != sizeof n)
                ;
        return n;
}
