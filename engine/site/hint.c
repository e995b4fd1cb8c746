/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/hint.h"

#include <string.h>

#include "base/arena.h"
#include "engine/site/hash.h"

bool site_hints_wanted;

/* The upper bits of FNV are the better ones for short names. */
static unsigned fold(uint64_t hash)
{
	return 1 + (unsigned)((hash >> 32) % 15);
}

unsigned site_hint_of_symbol(const char *name)
{
	/* A name may begin with a dot. */
	size_t len = *name ? 1 + strcspn(name + 1, ".@") : 0;

	return fold(site_hash(SITE_HASH, name, len));
}

unsigned site_hint_of_module(const char *path)
{
	const char *slash = strrchr(path, '/');
	uint64_t hash = SITE_HASH;

	for (const char *c = slash ? slash + 1 : path; *c; c++)
		if (!strchr("0123456789.-", *c))
			hash = site_hash(hash, c, 1);
	return fold(hash);
}

void site_hints_room(
	struct site_module *module, size_t n, struct hms_arena *arena)
{
	struct site_hint *hints;

	if (!n || n > UINT32_MAX - module->nhints)
		return;
	n += module->nhints;
	hints = hms_arena_alloc(arena, n * sizeof(*hints));
	if (!hints)
		return;
	if (module->nhints)
		memcpy(hints, module->hints, module->nhints * sizeof(*hints));
	module->hints = hints;
	module->hints_room = (unsigned)n;
}

void site_hints_add(struct site_module *module, const char *name,
	uintptr_t start, size_t size)
{
	uintptr_t offset = start - module->start;

	/* What no return address can be in needs no digit. */
	if (module->nhints == module->hints_room || start < module->start ||
		start >= module->end || offset > UINT32_MAX)
		return;
	module->hints[module->nhints++] = (struct site_hint){
		.start = (uint32_t)offset,
		.size = size < 1 << 28 ? (uint32_t)size : (1 << 28) - 1,
		.digit = site_hint_of_symbol(name) & 15,
	};
}

/* Of several names of one function the same is taken in every process. */
static bool before(struct site_hint a, struct site_hint b)
{
	return a.start != b.start ? a.start < b.start
	       : a.size != b.size ? a.size > b.size
				  : a.digit < b.digit;
}

/* Shell's sort: libc's may allocate.  Symbols come half sorted. */
void site_hints_sort(struct site_module *module)
{
	struct site_hint *h = module->hints;
	unsigned n = module->nhints, kept = 0, gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap; gap /= 3)
		for (unsigned i = gap; i < n; i++) {
			struct site_hint hint = h[i];
			unsigned at = i;

			for (; at >= gap && before(hint, h[at - gap]);
				at -= gap)
				h[at] = h[at - gap];
			h[at] = hint;
		}
	for (unsigned i = 0; i < n; i++)
		if (!kept || h[kept - 1].start != h[i].start)
			h[kept++] = h[i];
	module->nhints = kept;
}

unsigned site_hint_at(const struct site_module *module, uintptr_t addr,
	uintptr_t start, uintptr_t end)
{
	uintptr_t offset = addr - module->start, from;
	unsigned low = 0, high = module->nhints;
	const struct site_hint *hint;

	if (!site_hints_wanted)
		return 0;
	/* The last one that does not begin after addr. */
	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (module->hints[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low) {
		hint = &module->hints[low - 1];
		from = module->start + hint->start;
		if (offset - hint->start < hint->size ||
			(!hint->size && from >= start && from < end))
			return hint->digit;
	}
	return site_hint_of_module(module->path);
}
