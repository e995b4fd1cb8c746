/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/window.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/guard.h"
#include "base/aside.h"
#include "base/sys.h"
#include "engine/heap/instance.h"
#include "engine/target/backed.h"

#define WINDOW_SIZE ((size_t)1 << HMS_WINDOW_SHIFT)
#define CHUNK_SHIFT 21 /* jemalloc's own alignment for what it grows by */
#define CHUNK_SIZE ((size_t)1 << CHUNK_SHIFT)
#define LEAF_ENTRIES (WINDOW_SIZE >> CHUNK_SHIFT)
#define HOLES 64

/* Usable address space that nobody uses: what was trimmed or given back. */
struct hole {
	uintptr_t start, end;
};

struct slot {
	uintptr_t low, high; /* of the newest window: not handed out yet */
	unsigned windows;
	unsigned nholes;
	struct hole holes[HOLES];
	bool assigned;
	bool want_pages;
	bool has_pages; /* atomic */
	struct hms_range as; /* what chunks are to be */
};

uint8_t hms_window_slot[HMS_WINDOW_ENTRIES];
uint8_t *hms_window_pages[HMS_WINDOW_ENTRIES];
__thread uint8_t hms_window_owner;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[HMS_SLOTS];
static uint8_t instance_slot[HMS_INSTANCES] = { HMS_SLOT_DEFAULT };
static uint8_t *leaves[HMS_WINDOW_ENTRIES];

/* 0: not looked yet; 1: windows; 2: chunks one by one */
static unsigned mode;
enum { MODE_WINDOWS = 1, MODE_CHUNKS = 2 };

void hms_window_assign(unsigned slot, const struct hms_range *as)
{
	slots[slot].as = *as;
	slots[slot].as.kind = HMS_RANGE_HEAP;
	slots[slot].assigned = true;
}

void hms_window_set_instance(unsigned instance, unsigned slot)
{
	instance_slot[instance] = (uint8_t)slot;
}

void hms_window_want_pages(unsigned slot)
{
	slots[slot].want_pages = true;
}

bool hms_window_has_pages(unsigned slot)
{
	return __atomic_load_n(&slots[slot].has_pages, __ATOMIC_RELAXED);
}

static unsigned entry_of(uintptr_t addr)
{
	return (addr >> HMS_WINDOW_SHIFT) & (HMS_WINDOW_ENTRIES - 1);
}

unsigned hms_window_mixed(const void *p)
{
	const uint8_t *leaf = __atomic_load_n(
		&leaves[entry_of((uintptr_t)p)], __ATOMIC_ACQUIRE);

	return leaf ? leaf[((uintptr_t)p >> CHUNK_SHIFT) & (LEAF_ENTRIES - 1)]
		    : HMS_SLOT_NONE;
}

static unsigned slot_at(const void *p)
{
	unsigned slot = hms_slot_of(p);

	return slot == HMS_SLOT_MIXED ? hms_window_mixed(p) : slot;
}

/*
 * A reservation of 4 GiB is nothing where address space is free, and may be
 * all there is under `ulimit -v`.
 */
static unsigned find_mode(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 &&
		limit.rlim_cur != RLIM_INFINITY)
		return MODE_CHUNKS;
	return MODE_WINDOWS;
}

/* len bytes of reserved address space at a multiple of align, or 0. */
static uintptr_t reserve(size_t len, size_t align)
{
	uintptr_t start, aligned;
	void *p;

	if (len > SIZE_MAX - align)
		return 0;
	p = hms_sys_mmap(NULL, len + align, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed(p))
		return 0;
	start = (uintptr_t)p;
	aligned = (start + align - 1) & ~(align - 1);
	if (aligned > start)
		hms_sys_munmap(p, aligned - start);
	if (start + align > aligned)
		hms_sys_munmap(
			(void *)(aligned + len), start + align - aligned);
	return aligned;
}

/* Bytes for a window's pages; without memory for them there are none. */
static void add_pages(struct slot *s, uintptr_t base, size_t size)
{
	uint8_t *pages = hms_sys_mmap(NULL, size >> HMS_WINDOW_PAGE_SHIFT,
		PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	__atomic_store_n(
		&s->has_pages, !hms_sys_failed(pages), __ATOMIC_RELAXED);
	if (hms_sys_failed(pages))
		return;
	/* Each 2 MiB of them is a page per 8 GiB of heap, not all at once. */
	hms_sys_madvise(pages, size >> HMS_WINDOW_PAGE_SHIFT, MADV_NOHUGEPAGE);
	for (uintptr_t a = 0; a < size; a += WINDOW_SIZE)
		__atomic_store_n(&hms_window_pages[entry_of(base + a)],
			pages + (a >> HMS_WINDOW_PAGE_SHIFT), __ATOMIC_RELEASE);
}

static bool add_window(struct slot *s, unsigned number, size_t need)
{
	unsigned grow = s->windows < 4 ? s->windows : 4;
	size_t size = WINDOW_SIZE << grow;
	uintptr_t base;

	if (need > SIZE_MAX / 2)
		return false;
	if (size < need)
		size = (need + WINDOW_SIZE - 1) & ~(WINDOW_SIZE - 1);
	base = reserve(size, WINDOW_SIZE);
	if (!base)
		return false;
	if (s->want_pages)
		add_pages(s, base, size);
	for (uintptr_t a = base; a < base + size; a += WINDOW_SIZE)
		__atomic_store_n(&hms_window_slot[entry_of(a)], (uint8_t)number,
			__ATOMIC_RELEASE);
	s->low = base;
	s->high = base + size;
	s->windows++;
	return true;
}

/* Marks [start, end) in the second table; false if it has no memory. */
static bool mark_chunks(uintptr_t start, uintptr_t end, unsigned number)
{
	for (uintptr_t a = start; a < end; a += CHUNK_SIZE) {
		unsigned entry = entry_of(a);
		uint8_t *leaf = leaves[entry];

		if (!leaf) {
			leaf = hms_sys_mmap(NULL, LEAF_ENTRIES,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (hms_sys_failed(leaf))
				return false;
			__atomic_store_n(
				&leaves[entry], leaf, __ATOMIC_RELEASE);
		}
		leaf[(a >> CHUNK_SHIFT) & (LEAF_ENTRIES - 1)] = (uint8_t)number;
		__atomic_store_n(&hms_window_slot[entry], HMS_SLOT_MIXED,
			__ATOMIC_RELEASE);
	}
	return true;
}

/* jemalloc wants what it grows by aligned, and trims what is not. */
static uintptr_t align_for(uintptr_t start, size_t len)
{
	if (len < CHUNK_SIZE)
		return start;
	return (start + CHUNK_SIZE - 1) & ~(CHUNK_SIZE - 1);
}

static void add_hole(struct slot *s, uintptr_t start, uintptr_t end);

static uintptr_t take_hole(struct slot *s, size_t len)
{
	for (unsigned i = 0; i < s->nholes; i++) {
		struct hole hole = s->holes[i];
		uintptr_t start = align_for(hole.start, len);

		if (start > hole.end || hole.end - start < len)
			continue;
		s->holes[i] = s->holes[--s->nholes];
		if (hole.start < start)
			add_hole(s, hole.start, start);
		if (start + len < hole.end)
			add_hole(s, start + len, hole.end);
		return start;
	}
	return 0;
}

/* Beyond HOLES the smallest one is forgotten: it stays reserved, unused. */
static void add_hole(struct slot *s, uintptr_t start, uintptr_t end)
{
	unsigned at = s->nholes, smallest = 0;

	for (unsigned i = 0; i < s->nholes; i++) {
		struct hole *hole = &s->holes[i];

		if (hole->end == start || hole->start == end) {
			hole->start = hole->end == start ? hole->start : start;
			hole->end = hole->end == start ? end : hole->end;
			return;
		}
		if (hole->end - hole->start <
			s->holes[smallest].end - s->holes[smallest].start)
			smallest = i;
	}
	if (at == HOLES)
		at = smallest;
	else
		s->nholes++;
	s->holes[at] = (struct hole){ start, end };
}

/* A chunk outside any window, with granules of its own. */
static uintptr_t take_chunk(unsigned number, size_t len)
{
	size_t size = (len + CHUNK_SIZE - 1) & ~(CHUNK_SIZE - 1);
	uintptr_t start = size >= len ? reserve(size, CHUNK_SIZE) : 0;

	if (start && !mark_chunks(start, start + size, number)) {
		mark_chunks(start, start + size, HMS_SLOT_NONE);
		hms_sys_munmap((void *)start, size);
		start = 0;
	}
	if (start && size > len)
		add_hole(&slots[number], start + len, start + size);
	return start;
}

/*
 * Where a chunk would start.  Windows are used from the top, as the kernel
 * uses its own address space: jemalloc grows blocks in place into what lies
 * above, and the older, emptier chunks are there.
 */
static uintptr_t top_start(const struct slot *s, size_t len)
{
	uintptr_t start = s->high - len;

	if (len >= CHUNK_SIZE)
		start &= ~(CHUNK_SIZE - 1);
	return start;
}

static bool fits(const struct slot *s, size_t len)
{
	return s->high - s->low >= len && top_start(s, len) >= s->low;
}

/* Address space for a chunk of a slot, or 0.  Called with the lock. */
static uintptr_t take(unsigned number, size_t len)
{
	struct slot *s = &slots[number];
	uintptr_t start = take_hole(s, len);

	if (start)
		return start;
	if (!mode)
		mode = find_mode();
	if (mode == MODE_WINDOWS && !fits(s, len)) {
		if (s->high > s->low)
			add_hole(s, s->low, s->high);
		s->low = s->high = 0;
		if (!add_window(s, number, len))
			mode = MODE_CHUNKS;
	}
	if (fits(s, len)) {
		start = top_start(s, len);
		if (start + len < s->high)
			add_hole(s, start + len, s->high);
		s->high = start;
		return start;
	}
	return take_chunk(number, len);
}

/* Unused again: no pages, no blocks, still reserved. */
static void give_back(unsigned number, uintptr_t start, size_t len)
{
	struct slot *s = &slots[number];

	pthread_mutex_lock(&lock);
	if (s->assigned)
		hms_range_drop(start, start + len);
	hms_sys_mmap((void *)start, len, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (s->high == start)
		s->high = start + len;
	else
		add_hole(s, start, start + len);
	pthread_mutex_unlock(&lock);
}

struct commit {
	struct hms_range as;
	int rc;
};

static void bind(void *arg)
{
	struct commit *c = arg;

	c->rc = hms_range_bind(&c->as, PROT_READ | PROT_WRITE);
}

/*
 * The chunk becomes usable memory of the slot's place.  That takes 6 KiB of
 * stack, which whoever calls malloc need not have.
 */
static int commit(const struct slot *s, uintptr_t start, size_t len)
{
	struct commit c = { .as = s->as };
	int rc = hms_sys_mprotect((void *)start, len, PROT_READ | PROT_WRITE);

	if (rc || !s->assigned)
		return rc;
	c.as.start = start;
	c.as.end = start + len;
	hms_aside_once(bind, &c);
	return c.rc;
}

/* jemalloc on kernels that do not overcommit: commit and decommit. */
static void *recommit(void *addr, size_t len, int prot)
{
	int rc;

	if (prot == PROT_NONE)
		rc = hms_window_madvise(addr, len, MADV_DONTNEED);
	else
		rc = 0;
	if (!rc)
		rc = hms_sys_mprotect(addr, len, prot);
	return rc ? MAP_FAILED : addr;
}

void *hms_window_mmap(
	unsigned instance, void *addr, size_t len, int prot, int flags)
{
	unsigned number = instance_slot[instance];
	struct slot *s;
	uintptr_t start;
	int rc;

	if (instance == 0 && hms_window_owner)
		number = hms_window_owner;
	if (flags & MAP_FIXED)
		return recommit(addr, len, prot);
	s = &slots[number];
	/* A hint wants a block to grow in place, or nothing. */
	if (addr)
		return MAP_FAILED;
	hms_guard_enter();
	pthread_mutex_lock(&lock);
	start = take(number, len);
	pthread_mutex_unlock(&lock);
	rc = start ? commit(s, start, len) : -ENOMEM;
	if (rc && start)
		give_back(number, start, len);
	hms_guard_leave();
	return rc ? MAP_FAILED : (void *)start;
}

int hms_window_munmap(void *addr, size_t len)
{
	unsigned number = slot_at(addr);

	hms_guard_enter();
	if (number == HMS_SLOT_NONE)
		hms_sys_munmap(addr, len);
	else
		give_back(number, (uintptr_t)addr, len);
	hms_guard_leave();
	return 0;
}

int hms_window_madvise(void *addr, size_t len, int advice)
{
	const struct slot *s = &slots[slot_at(addr)];
	int rc;

	if (!s->assigned || !s->as.place->maps)
		return hms_sys_madvise(addr, len, advice);
	/* Lazy freeing has no meaning for a file: jemalloc then insists. */
	if (advice == MADV_FREE)
		return -EINVAL;
	if (advice != MADV_DONTNEED)
		return hms_sys_madvise(addr, len, advice);
	/* Pages of a file do not read as zero after MADV_DONTNEED. */
	hms_guard_enter();
	rc = hms_target_zero(NULL, addr, len);
	hms_guard_leave();
	return rc;
}

void hms_windows_lock(void)
{
	pthread_mutex_lock(&lock);
}

void hms_windows_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void hms_windows_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void hms_windows_after_fork(int child)
{
	pthread_mutex_unlock(&lock);
}
