/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How shims reach the composition root, which implements this header.
 */
#ifndef HMS_SHIMS_START_H
#define HMS_SHIMS_START_H

#include <stdbool.h>
#include <stddef.h>

/* Who serves heap calls. */
enum hms_heap_mode {
	HMS_HEAP_BOOT, /* not known yet: bootstrap memory */
	HMS_HEAP_PASS, /* the next function: HMS is disabled, or its heap is */
	HMS_HEAP_OWN, /* ours */
};

extern unsigned hms_heap_mode __attribute__((visibility("hidden")));

/*
 * A shim was called in HMS_HEAP_BOOT: starts HMS if that is possible now.
 * Returns the mode; still HMS_HEAP_BOOT before libc has an environment,
 * while another thread (or this one, further up) is starting HMS.
 * Never blocks.  Changes no errno.
 */
enum hms_heap_mode hms_start(void);

/*
 * Memory came that may move, and there is no worker yet: whoever passes by,
 * out of all locks of ours, makes it.  Changes no errno.
 */
extern unsigned hms_worker_due __attribute__((visibility("hidden")));
void hms_worker_make(void);

static inline void hms_worker_poke(void)
{
	if (__builtin_expect(
		    __atomic_load_n(&hms_worker_due, __ATOMIC_RELAXED), 0))
		hms_worker_make();
}

/* The program leaves by _exit(): what is to be reported is, once. */
void hms_drain(void);

/* OpenCL's loader has us: HMS_CHILDREN=drop hides that from children. */
void hms_layer_loaded(void);

/* fork without libc's handlers (_Fork): what they would have done. */
void hms_fork_prepare(void);
void hms_fork_done(bool child);

#endif
