/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps other threads from writing into a range while it is copied: it is made
 * read-only, and who writes all the same waits in a handler of SIGSEGV, then
 * writes.  Faults elsewhere go to the program's own handler, or do what they
 * would have done.  The handler stays, for nobody can tell when the last thread
 * that faulted has come to it; the program may set its own as ever, and call
 * what it found.  Of a process that sets more than a few no writer is kept.
 *
 * A system call of another thread that writes into the range meanwhile fails
 * with EFAULT; a thread that has SIGSEGV blocked dies of it, as the kernel has
 * it.  In a process that never had a second thread nothing is done.
 *
 * One fence at a time, which is the caller's to see to.  errno is kept.
 */
#ifndef HMS_SHIMS_FENCE_H
#define HMS_SHIMS_FENCE_H

#include <stdint.h>

/* Page aligned, readable and writable memory. */
void hms_fence_begin(uintptr_t start, uintptr_t end);
/* The range is another mapping now, or was made writable again. */
void hms_fence_end(void);

#endif
