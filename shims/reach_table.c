/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks by address, and how one becomes ordinary memory. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/log.h"
#include "base/sys.h"
#include "shims/fence.h"
#include "shims/reaching.h"

#define SLAB_BYTES ((size_t)64 << 10)
#define TRIES 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct reach_block *pool;
atomic_uint hms_reach_blocks;

static int compare(struct reach_block *a, struct reach_block *b)
{
	return a->start < b->start ? -1 : a->start > b->start;
}

static RB_HEAD(reach_blocks, reach_block) blocks = RB_INITIALIZER(&blocks);
RB_PROTOTYPE(reach_blocks, reach_block, link, compare)
RB_GENERATE(reach_blocks, reach_block, link, compare)

void reach_lock(void)
{
	hms_guard_enter();
	pthread_mutex_lock(&lock);
}

void reach_unlock(void)
{
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
}

static void *map(size_t bytes, int prot)
{
	void *p = hms_sys_mmap(NULL, bytes, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return hms_sys_failed(p) ? NULL : p;
}

struct reach_block *reach_new(void)
{
	struct reach_block *block = pool, *slab;

	if (!block) {
		slab = map(SLAB_BYTES, PROT_READ | PROT_WRITE);
		for (size_t i = 0; slab && i < SLAB_BYTES / sizeof(*slab);
			i++) {
			slab[i].aside = pool;
			pool = &slab[i];
		}
		block = pool;
	}
	if (!block)
		return NULL;
	pool = block->aside;
	memset(block, 0, sizeof(*block));
	return block;
}

void reach_insert(struct reach_block *block)
{
	RB_INSERT(reach_blocks, &blocks, block);
	atomic_fetch_add(&hms_reach_blocks, 1);
}

void reach_remove(struct reach_block *block)
{
	RB_REMOVE(reach_blocks, &blocks, block);
	atomic_fetch_sub(&hms_reach_blocks, 1);
	block->aside = pool;
	pool = block;
}

struct reach_block *reach_from(uintptr_t at)
{
	struct reach_block *b = RB_ROOT(&blocks), *best = NULL;

	while (b) {
		if (b->end > at) {
			best = b;
			b = RB_LEFT(b, link);
		} else {
			b = RB_RIGHT(b, link);
		}
	}
	return best;
}

struct reach_block *reach_after(struct reach_block *block)
{
	return RB_NEXT(reach_blocks, &blocks, block);
}

struct reach_block *reach_to_tell(const struct hms_reach_vendor *vendor)
{
	struct reach_block *b;

	RB_FOREACH (b, reach_blocks, &blocks)
		if (b->vendor == vendor && !b->telling &&
			(b->state == REACH_KEPT || b->owed))
			return b;
	return NULL;
}

void reach_count(const struct reach_block *block, int sign)
{
	const int64_t bytes = sign * (int64_t)(block->end - block->start);

	for (unsigned i = 0; i < block->place->nreach; i++) {
		const struct hms_device_id *id = &block->place->reach[i];
		struct hms_status_device *row =
			hms_device_row(id->vendor, id->number);

		if (row)
			hms_device_count(&row->reach, NULL, bytes);
	}
	if (sign < 0 && block->step >= 0)
		hms_device_release(hms_engine.places, block->place, block->rule,
			block->step, block->end - block->start);
}

/*
 * The kernel may lack memory for a moment, and a call that failed may have
 * unmapped what was there, so it is tried more than once.
 */
static void *put(void *copy, uintptr_t start, size_t len)
{
	void *there;

	for (int i = 0; i < TRIES; i++) {
		there = hms_sys_mremap(copy, len, len,
			MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start);
		if (!hms_sys_failed(there))
			break;
		hms_sys_poll(NULL, 0, 1);
	}
	return there;
}

int reach_convert(struct reach_block *block, bool owed)
{
	const size_t len = block->end - block->start;
	void *copy = map(len, PROT_READ | PROT_WRITE), *there;

	if (!copy)
		return -ENOMEM;
	hms_fence_begin(block->start, block->end);
	memcpy(copy, (const void *)block->start, len);
	there = put(copy, block->start, len);
	if (hms_sys_failed(there))
		hms_sys_mprotect(
			(void *)block->start, len, PROT_READ | PROT_WRITE);
	hms_fence_end();
	if (hms_sys_failed(there)) {
		hms_sys_munmap(copy, len);
		return -ENOMEM;
	}
	reach_count(block, -1);
	block->state = block->heap ? REACH_PLAIN : REACH_GONE;
	block->owed = owed;
	/* Not one that a driver is tried out with. */
	if (!block->place->nreach)
		return 0;
	__atomic_fetch_add(&hms_status->unreached, len, __ATOMIC_RELAXED);
	hms_log_once(HMS_LOG_INFO,
		"memory of %s that a device reached is ordinary memory again",
		block->heap ? "malloc" : "mmap");
	return 0;
}

void reach_reserve(uintptr_t start, uintptr_t end)
{
	hms_sys_mmap((void *)start, end - start, PROT_NONE,
		MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* The other side of the fork gets what was copied. */
static void inherit(struct reach_block *b)
{
	const size_t len = b->end - b->start;
	void *there = b->aside ? put(b->aside, b->start, len) : NULL;

	if (b->state == REACH_LIVE && (!there || hms_sys_failed(there)))
		hms_log(HMS_LOG_ERROR,
			"no memory to copy for a fork: %zu bytes are missing in the child",
			len);
	b->aside = NULL;
	if (b->state == REACH_LIVE) {
		reach_count(b, -1);
		b->state = b->heap ? REACH_PLAIN : REACH_GONE;
	}
	b->owed = b->telling = false;
}

void hms_reach_before_fork(void)
{
	struct reach_block *b;

	pthread_mutex_lock(&lock);
	RB_FOREACH (b, reach_blocks, &blocks) {
		if (b->state != REACH_LIVE)
			continue;
		b->aside = map(b->end - b->start, PROT_READ | PROT_WRITE);
		if (b->aside)
			memcpy(b->aside, (void *)b->start, b->end - b->start);
	}
}

void hms_reach_after_fork(bool child)
{
	struct reach_block *b, *next;

	for (b = RB_MIN(reach_blocks, &blocks); b; b = next) {
		next = RB_NEXT(reach_blocks, &blocks, b);
		if (child)
			inherit(b);
		else if (b->aside)
			hms_sys_munmap(b->aside, b->end - b->start);
		b->aside = NULL;
		if (child && b->state != REACH_PLAIN)
			reach_remove(b);
	}
	if (child)
		reach_after_fork();
	pthread_mutex_unlock(&lock);
}
