/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the library in a process.  An allocator can be called in each
 * of them: before libc's constructors, inside dlsym, in a TLS destructor,
 * after exit() began.
 *
 *   boot        nothing is known, not even the environment; bootstrap memory
 *   resolved    the next functions are known
 *   configured  environment and policy are read, or found to be none
 *   live        rules are followed
 *   draining    exit() or _exit() began: the report is written; calls pass
 */
#ifndef HMS_PRELOAD_PHASE_H
#define HMS_PRELOAD_PHASE_H

enum hms_phase {
	HMS_PHASE_BOOT,
	HMS_PHASE_RESOLVED,
	HMS_PHASE_CONFIGURED,
	HMS_PHASE_LIVE,
	HMS_PHASE_DRAINING,
};

#endif
