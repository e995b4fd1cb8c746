/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults of user code, as perf tells them: PERF_COUNT_SW_PAGE_FAULTS
 * gives address, time and thread of each to an unprivileged process, at
 * perf_event_paranoid 2 or less.  One set of rings for all sources.
 *
 * Faults that the kernel takes on the program's behalf (read(2) into a
 * buffer) are not seen.  For the worker thread only.
 */
#ifndef HMS_ENGINE_SOURCE_FAULTS_H
#define HMS_ENGINE_SOURCE_FAULTS_H

#include "engine/source/source.h"

typedef void hms_fault_fn(const struct hms_fault *fault, void *arg);

/*
 * From now on fn is told of faults.  every: of each, else one of 61 is enough.
 * Opened by the first who joins.  0 or -errno.
 */
int hms_faults_join(hms_fault_fn *fn, void *arg, bool every);
void hms_faults_leave(hms_fault_fn *fn);
/*
 * Tells all who joined what came since; does nothing if it was done at this
 * `now` already.  Takes about budget nanoseconds at most: what is left stays
 * in the rings, or is lost and counted.
 */
void hms_faults_read(uint64_t now, uint64_t budget);
/* Can it be had?  A fault of the caller must be recorded; as in hms_source. */
int hms_faults_probe(char why[HMS_WHY]);
/* For probes: a fault of the caller's at addr, seen while fn runs. */
int hms_faults_try(
	void (*fn)(void *arg), void *arg, uintptr_t addr, char why[HMS_WHY]);
void hms_faults_after_fork(void);

#endif
