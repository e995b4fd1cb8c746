/* SPDX-License-Identifier: BSD-2-Clause */
/* What fuzzers share. */
#ifndef HMS_TESTS_FUZZ_FUZZ_H
#define HMS_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * fuzz_arena.c stands in for base/arena.c: each piece is a block of malloc's,
 * so that AddressSanitizer sees its ends.  This many more are given out, then
 * there is no memory; below 0: no end.
 */
extern long fuzz_pieces_left;

/* Aborts, and says what is broken, unless it holds. */
void fuzz_require(bool holds, const char *what);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
