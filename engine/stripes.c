/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/stripes.h"

#include "base/sys.h"

#define SMALLEST ((size_t)64 << 10)
/* As large as huge pages are, which cannot cross a stripe's edge. */
#define LARGEST ((size_t)2 << 20)
/* Rounds of all targets that make up a range: shares within 2 %. */
#define ROUNDS 64
#define BUDGET_SHARE 4
#define MAP_COUNT_DEFAULT 65530

size_t hms_stripe_budget(void)
{
	static size_t budget; /* atomic; 0: not read yet */
	size_t maps = __atomic_load_n(&budget, __ATOMIC_RELAXED);
	char buf[32];

	if (maps)
		return maps;
	if (hms_sys_read_file("/proc/sys/vm/max_map_count", buf, sizeof(buf)) >
		0)
		for (const char *p = buf; *p >= '0' && *p <= '9'; p++)
			maps = maps * 10 + (size_t)(*p - '0');
	if (!maps)
		maps = MAP_COUNT_DEFAULT;
	maps = maps / BUDGET_SHARE + 1;
	__atomic_store_n(&budget, maps, __ATOMIC_RELAXED);
	return maps;
}

size_t hms_stripe_size(const struct hms_step *step, size_t len, size_t now)
{
	size_t budget = hms_stripe_budget();
	size_t left = budget > now ? (budget - now) / 2 : 0;
	size_t stripe = SMALLEST;

	while (stripe < LARGEST && stripe * 2 * step->total * ROUNDS <= len)
		stripe *= 2;
	/* One range may take half of what is left, so later ones get some. */
	while (stripe <= len && len / stripe > left)
		stripe *= 2;
	return stripe;
}

unsigned hms_stripe_deal(const struct hms_step *step, size_t stripe,
	uintptr_t start, uintptr_t end, uintptr_t *up_to)
{
	uintptr_t stop = (start / stripe + 1) * stripe;
	unsigned __int128 dealt = 0;
	__int128 behind, most = 0;
	unsigned best = 0;

	if (stop > end || stop < start || end - start <= stripe)
		stop = end;
	for (unsigned i = 0; i < step->ntargets; i++)
		dealt += __atomic_load_n(&step->dealt[i], __ATOMIC_RELAXED);
	for (unsigned i = 0; i < step->ntargets; i++) {
		behind =
			(__int128)(dealt + (stop - start)) * step->weights[i] -
			(__int128)step->total * __atomic_load_n(&step->dealt[i],
							__ATOMIC_RELAXED);
		if (i == 0 || behind > most) {
			most = behind;
			best = i;
		}
	}
	*up_to = stop;
	return best;
}
