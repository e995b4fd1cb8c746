/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/shared.h"

#include <string.h>

#include "base/guard.h"
#include "engine/heap/classes.h"
#include "engine/heap/heap.h"
#include "engine/heap/keep.h"

/*
 * jemalloc(3): flags of the mallocx family.  Written out because its header
 * would also declare the public names.
 */
#define ARENA_FLAG(arena) ((int)(((arena) + 1) << 20))
#define TCACHE_FLAG(cache) ((int)(((cache) + 2) << 8))
#define NO_TCACHE TCACHE_FLAG(-1)

/*
 * Calls of a thread before jemalloc makes it a cache for the slot: to make
 * one and give it back costs as much as this many calls gain by it.
 */
#define BEFORE_TCACHE 64

/* By slot, plus 1; 0: not made yet. */
static unsigned arenas[HMS_SLOTS];

/*
 * The thread can name no arenas any more.  jemalloc's own data of it go at its
 * end, and what it allocates after that comes from arena 0, whatever the call
 * says (tsd_data_init_nocleanup() of 5.3): under our owner that arena would
 * grow into the slot's window, and the slot would get what is not its own.
 */
static __thread bool ended __attribute__((tls_model("initial-exec")));

/* The slot's arena; two threads may race to make it: one is left empty. */
static bool arena_of(unsigned slot, unsigned *arena)
{
	unsigned made = __atomic_load_n(&arenas[slot], __ATOMIC_ACQUIRE);
	size_t len = sizeof(*arena);
	int rc;

	if (made) {
		*arena = made - 1;
		return true;
	}
	hms_guard_enter();
	hms_instance_start(0);
	hms_window_owner = (uint8_t)slot;
	rc = hms_je0_mallctl("arenas.create", arena, &len, NULL, 0);
	hms_window_owner = HMS_SLOT_NONE;
	if (!rc &&
		!__atomic_compare_exchange_n(&arenas[slot], &made, *arena + 1,
			false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		*arena = made - 1;
	hms_guard_leave();
	return !rc;
}

/*
 * Are jemalloc's data of this thread as they should be?  Its cache is on until
 * they go.  If they were not there yet they are now, and were not made with an
 * owner set: that would be arena 0 again.
 */
static bool has_data(void)
{
	bool on = false;
	size_t len = sizeof(on);

	return hms_je0_mallctl("thread.tcache.enabled", &on, &len, NULL, 0) ==
		       0 &&
	       on;
}

/* May this thread name arenas?  Asked once of each that does. */
static bool names_arenas(void)
{
	static __thread bool asked __attribute__((tls_model("initial-exec")));

	if (ended || asked)
		return !ended;
	hms_guard_enter();
	hms_classes_find();
	asked = true;
	ended = !has_data();
	if (!ended)
		hms_thread_watch();
	hms_guard_leave();
	return !ended;
}

bool hms_shared_ready(void)
{
	bool made;

	if (hms_keep != &hms_keep_none)
		return true;
	if (!names_arenas())
		return false;
	hms_guard_enter();
	made = hms_keep_make();
	hms_guard_leave();
	return made;
}

static int cache_flag(unsigned slot)
{
	struct hms_keep *keep = hms_keep;
	unsigned cache;
	size_t len = sizeof(cache);

	if (keep->tcache[slot])
		return TCACHE_FLAG((int)keep->tcache[slot] - 1);
	if (keep == &hms_keep_none)
		return NO_TCACHE;
	if (keep->calls[slot] < BEFORE_TCACHE) {
		keep->calls[slot]++;
		return NO_TCACHE;
	}
	hms_guard_enter();
	if (hms_je0_mallctl("tcache.create", &cache, &len, NULL, 0) == 0 &&
		cache < UINT16_MAX)
		keep->tcache[slot] = (uint16_t)(cache + 1);
	else
		keep->calls[slot] = 0;
	hms_guard_leave();
	return keep->tcache[slot] ? TCACHE_FLAG((int)keep->tcache[slot] - 1)
				  : NO_TCACHE;
}

static size_t at_least_one(size_t size)
{
	/* jemalloc's class of 8 bytes is aligned to 8; libc's never is. */
	return size > 8 ? size : 9;
}

/*
 * jemalloc may need new pages for an arena while it serves this call; the
 * owner tells the window which slot they belong to.  A thread that cannot name
 * an arena gets the default heap's memory.
 */
void *hms_shared_alloc(unsigned slot, size_t size, int flags)
{
	unsigned arena;
	void *block;

	if (!names_arenas())
		return hms_je0_mallocx(at_least_one(size), flags | NO_TCACHE);
	if (!arena_of(slot, &arena))
		return NULL;
	flags |= ARENA_FLAG(arena) | cache_flag(slot);
	hms_window_owner = (uint8_t)slot;
	block = hms_je0_mallocx(at_least_one(size), flags);
	hms_window_owner = HMS_SLOT_NONE;
	return block;
}

void *hms_shared_realloc(unsigned slot, void *block, size_t size, int flags)
{
	unsigned arena;

	if (!names_arenas())
		return hms_je0_rallocx(
			block, at_least_one(size), flags | NO_TCACHE);
	if (!arena_of(slot, &arena))
		return NULL;
	hms_window_owner = (uint8_t)slot;
	block = hms_je0_rallocx(block, at_least_one(size),
		flags | ARENA_FLAG(arena) | cache_flag(slot));
	hms_window_owner = HMS_SLOT_NONE;
	return block;
}

void hms_shared_free(void *block, unsigned slot)
{
	hms_je0_dallocx(block, cache_flag(slot));
}

size_t hms_shared_usable(size_t size, int flags)
{
	return hms_je0_nallocx(at_least_one(size), flags);
}

/* What jemalloc's "experimental.batch_alloc" reads: src/ctl.c of 5.3. */
struct batch {
	void **blocks;
	size_t n, size;
	int flags;
};

#define BATCH_MIB 2
static size_t batch_mib[BATCH_MIB];

/* Does this jemalloc give several blocks in one call?  0: not asked yet. */
static bool has_batch(void)
{
	static int known;
	int now = __atomic_load_n(&known, __ATOMIC_ACQUIRE);
	size_t len = BATCH_MIB;

	if (!now) {
		now = hms_je0_mallctlnametomib(
			      "experimental.batch_alloc", batch_mib, &len) == 0
			      ? 1
			      : -1;
		__atomic_store_n(&known, now, __ATOMIC_RELEASE);
	}
	return now > 0;
}

size_t hms_shared_fetch(unsigned slot, size_t size, size_t n, void **blocks)
{
	struct batch batch = { blocks, n, size, 0 };
	size_t got = 0, len = sizeof(got);
	unsigned arena;
	int rc;

	if (n > 1 && hms_keep->tcache[slot] && has_batch() &&
		arena_of(slot, &arena)) {
		batch.flags = ARENA_FLAG(arena) | cache_flag(slot);
		hms_window_owner = (uint8_t)slot;
		rc = hms_je0_mallctlbymib(batch_mib, BATCH_MIB, &got, &len,
			&batch, sizeof(batch));
		hms_window_owner = HMS_SLOT_NONE;
		if (!rc)
			return got;
		got = 0;
	}
	while (got < n) {
		blocks[got] = hms_shared_alloc(slot, size, 0);
		if (!blocks[got])
			break;
		got++;
	}
	return got;
}

static void each_tcache(const char *control, bool forget)
{
	struct hms_keep *keep = hms_keep;

	for (unsigned slot = 0; slot < HMS_SLOTS; slot++) {
		unsigned cache = keep->tcache[slot];

		if (!cache)
			continue;
		if (forget)
			keep->tcache[slot] = 0;
		cache--;
		hms_je0_mallctl(control, NULL, NULL, &cache, sizeof(cache));
	}
}

void hms_shared_flush(void)
{
	each_tcache("tcache.flush", false);
}

void hms_shared_thread_end(void)
{
	each_tcache("tcache.destroy", true);
	ended = true;
	hms_keep_drop();
}
