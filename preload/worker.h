/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker: the one thread of HMS in a process with memory that may move.
 *
 * It is made when there is enough such memory, never before the program's
 * start-up is over, never inside a lock of ours: where memory comes, a flag is
 * raised, and whoever passes by next, out of all locks, makes the thread
 * (hms_worker_poke(), shims/start.h).  It blocks signals, is nice, sleeps most
 * of the time, and never keeps a process from ending.
 *
 * Its lock is taken before all others, held while it is at work.
 */
#ifndef HMS_PRELOAD_WORKER_H
#define HMS_PRELOAD_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/policy.h"

/*
 * The policy is resolved: names of planner and sources are checked.  Nothing
 * is started.  0, or -EINVAL with diag filled.
 */
int hms_worker_setup(struct hms_diag *diag);
/* For sources: may all of this memory move still?  Locks of maps are held. */
bool hms_worker_still(uintptr_t start, uintptr_t end);
/* Start-up is over: threads may be made from now on. */
void hms_worker_allow(void);
/* The process ends: it stops moving, and is waited for, but not for long. */
void hms_worker_end(void);
/* After that, for the report: what was learnt since the last round. */
void hms_worker_tell_end(void);

void hms_worker_before_fork(void);
void hms_worker_after_fork(bool child);

#endif
