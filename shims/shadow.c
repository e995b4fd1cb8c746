/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell is the site's number plus one, above the size.  Larger sizes stand in
 * the next two cells: such a block is that long.
 */
#include "shims/shadow.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/sys.h"

#define GRANULE_SHIFT 4
#define LEAF_SHIFT 24 /* bytes of heap that a leaf is about */
#define TREE_SHIFT 34
#define LEAF_CELLS (1u << (LEAF_SHIFT - GRANULE_SHIFT))
#define LEAVES (1u << (TREE_SHIFT - LEAF_SHIFT))
#define TREES (1u << (48 - TREE_SHIFT))
#define SIZE_MASK UINT32_C(0xffff)

static uint32_t **trees[TREES];

static void *map(size_t bytes)
{
	return hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* What stands at *at, made if it is NULL; NULL: no memory. */
static __attribute__((noinline)) void *make(void **at, size_t bytes)
{
	void *none = NULL, *fresh = map(bytes);

	if (hms_sys_failed(fresh))
		return NULL;
	if (__atomic_compare_exchange_n(at, &none, fresh, false,
		    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fresh;
	hms_sys_munmap(fresh, bytes);
	return none;
}

static inline uint32_t *cell_of(const void *block, bool create)
{
	uintptr_t at = (uintptr_t)block & ((UINT64_C(1) << 48) - 1);
	uint32_t ***tree = &trees[at >> TREE_SHIFT], **leaves;
	uint32_t **leaf, *cells;

	leaves = __atomic_load_n(tree, __ATOMIC_ACQUIRE);
	if (!leaves && create)
		leaves = make((void **)tree, LEAVES * sizeof(*leaves));
	if (!leaves)
		return NULL;
	leaf = &leaves[(at >> LEAF_SHIFT) & (LEAVES - 1)];
	cells = __atomic_load_n(leaf, __ATOMIC_ACQUIRE);
	if (!cells && create)
		cells = make((void **)leaf, LEAF_CELLS * sizeof(*cells));
	return cells ? &cells[(at >> GRANULE_SHIFT) & (LEAF_CELLS - 1)] : NULL;
}

bool hms_shadow_put(const void *block, unsigned site, size_t size)
{
	uint32_t *cell = cell_of(block, true);

	if (!cell)
		return false;
	if (size < SIZE_MASK) {
		*cell = (site + 1) << 16 | (uint32_t)size;
		return true;
	}
	/* Such blocks begin on a cache line, so all three are in this leaf. */
	cell[1] = (uint32_t)size;
	cell[2] = (uint32_t)(size >> 32);
	*cell = (site + 1) << 16 | SIZE_MASK;
	return true;
}

bool hms_shadow_take(const void *block, unsigned *site, size_t *size)
{
	uint32_t *cell = cell_of(block, false);
	uint32_t was = cell ? *cell : 0;

	if (!was)
		return false;
	*site = (was >> 16) - 1;
	*size = was & SIZE_MASK;
	if (*size == SIZE_MASK) {
		*size = cell[1] | (size_t)cell[2] << 32;
		/* Smaller blocks may begin there next. */
		cell[1] = cell[2] = 0;
	}
	*cell = 0;
	return true;
}
