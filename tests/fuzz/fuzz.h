/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every fuzz target defines: one input, no state kept, abort() on a broken promise. replay.c runs it
 * over its corpus as a test; tools/fuzz makes it a fuzzer. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
