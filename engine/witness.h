/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running process as a witness for rules: which module called, what the
 * thread is called.  Lock-free; allocates nothing; changes no errno.
 */
#ifndef HMS_ENGINE_WITNESS_H
#define HMS_ENGINE_WITNESS_H

#include "config/policy.h"

extern const struct hms_witness hms_process_witness
	__attribute__((visibility("hidden")));

/* Some thread got another name: every cached one is looked up again. */
void hms_thread_renamed(void);

#endif
