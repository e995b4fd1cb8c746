/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tick's CPU time: what a step takes too much is a debt that the next ticks
 * pay before they may do anything.  Time is the calling thread's.
 */
#ifndef HMS_ENGINE_SOURCE_PURSE_H
#define HMS_ENGINE_SOURCE_PURSE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/sys.h"

struct hms_purse {
	int64_t *debt;
	int64_t budget; /* what is left of it after the debt */
	uint64_t start;
};

/* False: this tick only pays for earlier ones. */
static inline bool hms_purse_open(
	struct hms_purse *purse, int64_t *debt, uint64_t budget)
{
	purse->debt = debt;
	if (*debt >= (int64_t)budget) {
		*debt -= (int64_t)budget;
		return false;
	}
	purse->budget = (int64_t)budget - *debt;
	*debt = 0;
	purse->start = hms_sys_clock(CLOCK_THREAD_CPUTIME_ID);
	return true;
}

/* Nanoseconds; less than 0: too much was spent. */
static inline int64_t hms_purse_left(const struct hms_purse *purse)
{
	return purse->budget -
	       (int64_t)(hms_sys_clock(CLOCK_THREAD_CPUTIME_ID) - purse->start);
}

static inline void hms_purse_close(const struct hms_purse *purse)
{
	int64_t left = hms_purse_left(purse);

	*purse->debt = left < 0 ? -left : 0;
}

#endif
