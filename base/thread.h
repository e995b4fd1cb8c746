/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a thread of HMS's own does to itself, and how it waits.  System calls
 * like those of base/sys.h: 0 or -errno, errno is never touched, no locks.
 */
#ifndef HMS_BASE_THREAD_H
#define HMS_BASE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* The calling thread's name, at most 15 letters; prctl(PR_SET_NAME). */
int hms_sys_set_thread_name(const char *name);
/* Its nice value; setpriority(2). */
int hms_sys_set_nice(int nice);
/*
 * Blocks every signal but those that libc sends its threads (32 and 33: for
 * cancellation and setuid, for which it waits).  Returns the mask before, for
 * hms_sys_restore_signals().
 */
uint64_t hms_sys_block_most_signals(void);
/*
 * Blocks all but the one of setuid(2) and its kin (33).  Who calls for a lock
 * of libc's with that one blocked may wait for who waits for its answer.
 */
void hms_sys_let_setuid(void);
/*
 * Waits until somebody wakes the word, at most ns; not at all if it is not
 * value.  futex(2), private.  Spurious wakes happen.
 */
void hms_sys_futex_wait(uint32_t *word, uint32_t value, uint64_t ns);
void hms_sys_futex_wake(uint32_t *word);
/* CPUs that the calling thread may run on, at least 1. */
unsigned hms_sys_cpus(void);

#endif
