/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows: where heap memory comes from, and how a pointer tells whose it is.
 *
 * A window is a reserved stretch of address space, aligned to 4 GiB, that
 * belongs to one heap slot.  One byte per 4 GiB of address space names the
 * slot, so free() finds the owner of any pointer with a shift and a load;
 * 0 means memory that is not ours.  Chunks are made usable, and bound to the
 * slot's place, as the heap asks for them.
 *
 * Where address space is scarce (RLIMIT_AS) no window is reserved: chunks of
 * 2 MiB multiples are mapped one by one, the byte says HMS_SLOT_MIXED, and a
 * second table with a byte per 2 MiB holds the answer.
 *
 * Thread-safe; the lock is taken under jemalloc's own and above the range
 * table's.  errno is not touched, but for what mmap(2) itself would set.
 */
#ifndef HMS_ENGINE_HEAP_WINDOW_H
#define HMS_ENGINE_HEAP_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/range.h"

#define HMS_SLOT_NONE 0
#define HMS_SLOT_DEFAULT 1
#define HMS_SLOT_MIXED 255
#define HMS_SLOTS 250 /* numbers 0 to 249 */

#define HMS_WINDOW_SHIFT 32
/* 48 bits of user address space at most, unless asked for (x86-64, aarch64) */
#define HMS_WINDOW_ENTRIES (1u << 16)

extern uint8_t hms_window_slot[HMS_WINDOW_ENTRIES]
	__attribute__((visibility("hidden")));

/* Second look, where the byte says HMS_SLOT_MIXED. */
unsigned hms_window_mixed(const void *p);

static inline unsigned hms_slot_of(const void *p)
{
	return hms_window_slot[((uintptr_t)p >> HMS_WINDOW_SHIFT) &
			       (HMS_WINDOW_ENTRIES - 1)];
}

/*
 * A byte for each 4 KiB of a window, for whoever hands out the slot's blocks;
 * zero at first.  NULL: this stretch has none.  One pointer per 4 GiB.
 */
extern uint8_t *hms_window_pages[HMS_WINDOW_ENTRIES]
	__attribute__((visibility("hidden")));

#define HMS_WINDOW_PAGE_SHIFT 12

static inline uint8_t *hms_window_pages_of(const void *p)
{
	return __atomic_load_n(
		&hms_window_pages[((uintptr_t)p >> HMS_WINDOW_SHIFT) &
				  (HMS_WINDOW_ENTRIES - 1)],
		__ATOMIC_RELAXED);
}

/* The index into them. */
static inline size_t hms_window_page(const void *p)
{
	return ((uintptr_t)p >> HMS_WINDOW_PAGE_SHIFT) &
	       ((1u << (HMS_WINDOW_SHIFT - HMS_WINDOW_PAGE_SHIFT)) - 1);
}

/* From now on the slot's windows have such bytes; before its first use. */
void hms_window_want_pages(unsigned slot);
/* Does its newest window? */
bool hms_window_has_pages(unsigned slot);

/*
 * The slot that instance 0 asks memory for in this thread: its arenas beyond
 * the default ones belong to rules.  HMS_SLOT_NONE: the default.
 */
extern __thread uint8_t hms_window_owner
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/*
 * What chunks of a slot are to be: place, rule, options, kind.  Set before
 * the slot is first used.  Without it the memory is left alone.
 */
void hms_window_assign(unsigned slot, const struct hms_range *as);
/* Which slot instance n's own memory belongs to (instance 0: the default). */
void hms_window_set_instance(unsigned instance, unsigned slot);

/* jemalloc's page supply; contracts of mmap(2), munmap(2), madvise(2). */
void *hms_window_mmap(
	unsigned instance, void *addr, size_t len, int prot, int flags);
int hms_window_munmap(void *addr, size_t len);
int hms_window_madvise(void *addr, size_t len, int advice);

/* No chunk is given back meanwhile.  Above all locks of maps and ranges. */
void hms_windows_lock(void);
void hms_windows_unlock(void);
void hms_windows_before_fork(void);
void hms_windows_after_fork(int child);

#endif
