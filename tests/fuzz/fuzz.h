/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every fuzz target defines: one input, no state kept, abort() on a broken promise. replay.c runs it
 * over its corpus as a test. Where the compiler has libFuzzer it is a fuzzer too; with the library
 * instrumented as well: CC=clang meson setup build-fuzz -Db_lundef=false -Db_sanitize=address,undefined
 * -Dc_args=-fsanitize=fuzzer-no-link ninja -C build-fuzz tests/fuzz/fuzz-NAME &&
 * build-fuzz/tests/fuzz/fuzz-NAME DIRECTORY tests/fuzz/corpus/NAME */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
