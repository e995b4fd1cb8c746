/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks that were looked at when they were handed out, by address.  They
 * start on a page, so that free() passes by with a test of a few bits.
 *
 * Lock-free and async-signal-safe; memory is mapped as more blocks live.
 */
#ifndef HMS_SHIMS_SAMPLES_H
#define HMS_SHIMS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/heap/instance.h"

#define HMS_SAMPLE_ALIGN ((size_t)4096)

struct hms_sample {
	size_t size; /* as asked for */
	uint64_t birth; /* ns, CLOCK_MONOTONIC */
	uint32_t weight; /* blocks that it stands for */
	uint32_t site; /* row of report/sites.h */
};

/*
 * Blocks by some bits of their address: programs have blocks on pages that
 * are none, and may free the same one again and again.
 */
#define HMS_SAMPLE_KINDS 4096
extern uint32_t hms_sample_kinds[HMS_SAMPLE_KINDS] HMS_HIDDEN;

static inline uint32_t *hms_sample_kind(const void *block)
{
	return &hms_sample_kinds[(uintptr_t)block / HMS_SAMPLE_ALIGN %
				 HMS_SAMPLE_KINDS];
}

static inline bool hms_sample_may_be(const void *block)
{
	return !((uintptr_t)block & (HMS_SAMPLE_ALIGN - 1)) &&
	       __atomic_load_n(hms_sample_kind(block), __ATOMIC_RELAXED);
}

/*
 * Room for one more, before the block is handed out; false: there is none, or
 * no memory.
 */
bool hms_sample_put(const void *block, const struct hms_sample *sample);
/* Was it looked at?  Fills *out and forgets it. */
bool hms_sample_take(const void *block, struct hms_sample *out);
/* The same, remembered still.  The block must not be freed meanwhile. */
bool hms_sample_find(const void *block, struct hms_sample *out);
/*
 * All that are there, while others come and go; each as it was at some moment.
 * Takes a microsecond per hundred.
 */
void hms_samples_each(
	void (*fn)(uintptr_t block, const struct hms_sample *sample, void *arg),
	void *arg);

#endif
