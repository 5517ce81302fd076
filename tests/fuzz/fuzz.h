/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every fuzz target defines: one input, no state kept, abort() on a broken promise. Under
 * `CC=clang meson setup -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link,address
 * -Dc_link_args=-fsanitize=address` libFuzzer drives it; elsewhere replay.c runs it over its corpus as a
 * test. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
