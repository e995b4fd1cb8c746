/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that drive the mover themselves, before or beside the library's
 * worker.  Two ways, one source:
 *
 *	under the preload	calls are the program's own, shims see them;
 *			the mover is found in the library by HMS_MOVER_AT,
 *			offsets of its functions (mover.sh asks nm)
 *	linked (-DKIT_LINKED)	the engine is part of the program, and the
 *			kit does what shims would; for sanitizers
 */
#ifndef HMS_TESTS_MOVER_KIT_H
#define HMS_TESTS_MOVER_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engine/mover/mover.h"

/* Rules come from HMS_POLICY; the first rule's place has the steps. */
void kit_start(void);
void kit_move(struct hms_transfer *transfers, unsigned n);
void kit_stats(struct hms_mover_stats *out);
bool kit_find(uintptr_t addr, struct hms_range *out);
/* A target of the piece's place; of step `step`. */
struct hms_target *kit_target(const struct hms_range *range, int step);
int kit_supported(const struct hms_target *from, const struct hms_target *to);

void *kit_mmap(size_t len);
int kit_munmap(void *p, size_t len);
int kit_mprotect(void *p, size_t len, int prot);
int kit_madvise(void *p, size_t len, int advice);
/* Moves it, over what is mapped at to. */
void *kit_mremap(void *p, size_t len, void *to);
pid_t kit_fork(void);

/* Prints and ends the program: 1. */
void kit_fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif
