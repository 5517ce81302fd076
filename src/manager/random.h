/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Chance comes in through one door: getrandom(2). */

#include <stdint.h>

uint64_t random_uint64(void);
