/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc's and mmap's memory that a rule wants reachable by a device
 * (`best bandwidth for cpu and cuda:0`), where the device cannot read the
 * system's memory: managed memory of the vendor's, at the address that its
 * driver chose.
 *
 * Programs may do with such memory what no driver's memory bears: unmap a part,
 * protect it, map over it, fork, destroy the driver's context.  Before that a
 * block becomes ordinary memory: the same contents at the same address, put in
 * place of the driver's mapping by one mremap(2).  That needs no call of the
 * driver's, which is told later, when the program itself frees device memory;
 * until then the addresses stay taken, as the driver still counts on them.  And
 * when the driver unmaps memory that is still the program's (its context ends),
 * munmap(2), which is ours, puts ordinary memory there.  Whether all this works
 * with a driver is tried once, on a block of our own, before any is handed out.
 *
 * What the program frees is kept for its next such call, or given back where
 * it frees device memory: a free() must not wait for a device.
 *
 * A driver's calls are made under no lock of ours, for it may call munmap(2)
 * under its own.  errno is kept.
 */
#ifndef HMS_SHIMS_REACH_H
#define HMS_SHIMS_REACH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "engine/target/device.h"
#include "report/status.h"

/* Smaller blocks share pages with others, in drivers and here. */
#define HMS_REACH_LEAST ((size_t)2 << 20)

/* What possible() answers beside an enum hms_refusal. */
enum { HMS_REACH_CAN = -1, HMS_REACH_SYSTEM = -2 };

/* A vendor: one row of reach_vendors.def. */
struct hms_reach_vendor {
	enum hms_family family;
	/*
	 * May this thread be given managed memory for such devices, now?
	 * HMS_REACH_SYSTEM: all of them read the system's memory as it is.
	 */
	int (*possible)(const struct hms_device_id *ids, unsigned n);
	/* Is the device idle, as far as we saw?  Freeing may wait for it. */
	bool (*idle)(void);
	/* Managed memory for CPUs and devices, or NULL; *context for free. */
	void *(*alloc)(size_t bytes, void **context);
	/* Where it is best, and who accesses it: node of the host, or -1. */
	void (*advise)(void *memory, size_t bytes, int node,
		const struct hms_device_id *ids, unsigned n);
	/* 0, or the vendor's error.  From any thread that may wait. */
	int64_t (*free)(void *memory, void *context);
	/* Some function of the vendor's library, or NULL. */
	const void *(*code)(void);
};

/* Blocks that are known; 0: nothing here has anything to do. */
extern atomic_uint hms_reach_blocks __attribute__((visibility("hidden")));

static inline bool hms_reach_any(void)
{
	return atomic_load_explicit(&hms_reach_blocks, memory_order_relaxed) !=
	       0;
}

/* 1 << enum hms_family: this thread has called that vendor itself. */
extern __thread uint32_t hms_reach_callers
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/*
 * Memory as a decision wants it, on whole pages, zero if asked; heap: for
 * malloc, else for mmap; caller: who called that.  NULL: the system's memory is
 * to serve, which is counted, with the reason, if it is not as the rule has it.
 * A driver's own memory is the system's: it may hold a lock, and would wait for
 * itself.
 */
void *hms_reach_alloc(const struct hms_decision *to, size_t bytes, bool zero,
	bool heap, const void *caller);
static inline void *hms_reach_heap(
	const struct hms_decision *to, const struct hms_call *call)
{
	return to->place->nreach && call->align <= 4096
		       ? hms_reach_alloc(to, call->size,
				 call->flags & HMS_CALL_ZEROED, true,
				 call->caller)
		       : NULL;
}
/* Bytes of a block of malloc's that starts there; 0: it is none. */
size_t hms_reach_usable(const void *block);
/* Frees it; false: it is none. */
bool hms_reach_free(void *block);

/* The same for a mmap(2) of private anonymous memory anywhere. */
void *hms_reach_map(const struct hms_decision *to, size_t len, int prot,
	int flags, const void *caller);

/*
 * munmap(2) of whole pages, with its result and errno, for the program or a
 * driver; caller: who called it; rest: unmaps what is not ours.
 */
int hms_reach_unmap(uintptr_t start, uintptr_t end, const void *caller,
	int (*rest)(void *addr, size_t len));
/*
 * Before mmap(2) with MAP_FIXED.  -1 with errno: not there.  What a device
 * reaches is ordinary memory first; a driver that takes the addresses for free
 * is mistaken.
 */
int hms_reach_cover(void *addr, size_t len, const void *caller);

/*
 * Makes all blocks in a range ordinary memory, or says -ENOMEM; no lock of
 * maps is held.
 */
int hms_reach_plain(uintptr_t start, uintptr_t end);
/* Is all of it one block that is not ordinary memory? */
bool hms_reach_holds(uintptr_t start, uintptr_t end);
/* Is any of it a block's?  Nothing may be mapped over a driver's addresses. */
bool hms_reach_touches(uintptr_t start, uintptr_t end);
/* mremap(2) where hms_reach_touches(); lengths in whole pages. */
void *hms_reach_remap(
	void *old, size_t old_len, size_t len, int flags, void *wanted);
/* Was this called from a driver whose blocks there are? */
bool hms_reach_is_driver(const void *caller);

/* The program itself frees a vendor's memory in this thread: so do we. */
void hms_reach_drain(enum hms_family vendor);

/*
 * fork: the child has ordinary memory with the same contents, copied before;
 * what other threads write meanwhile may be missing in it.
 */
void hms_reach_before_fork(void);
void hms_reach_after_fork(bool child);

#endif
