/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/mover.h"

#define SECOND UINT64_C(1000000000)

uint64_t hms_bucket_take(
	struct hms_bucket *bucket, uint64_t now_ns, uint64_t want)
{
	uint64_t passed = now_ns - bucket->last_ns;
	unsigned __int128 level;

	if (!bucket->rate)
		return want;
	/* The first call, a clock that went back, or a long pause: full. */
	if (!bucket->last_ns || now_ns < bucket->last_ns || passed > SECOND)
		passed = SECOND;
	level = bucket->level +
		(unsigned __int128)bucket->rate * passed / SECOND;
	bucket->level = level > bucket->rate ? bucket->rate : (uint64_t)level;
	bucket->last_ns = now_ns;
	if (want > bucket->level)
		want = bucket->level;
	bucket->level -= want;
	return want;
}
