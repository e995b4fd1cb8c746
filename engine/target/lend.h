/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of files and devices, as movers need them: a second view of what is
 * mapped somewhere, and blocks that get contents before anybody sees them.
 *
 * A view is a shared mapping of our own; whoever got it unmaps it.  0 or
 * -errno; errno is never touched.
 */
#ifndef HMS_ENGINE_TARGET_LEND_H
#define HMS_ENGINE_TARGET_LEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/target/target.h"

struct hms_store;

/* Blocks that were taken for [addr, addr+len) and are mapped nowhere yet. */
struct hms_lent {
	struct hms_store *store; /* NULL: none */
	uintptr_t addr;
	size_t len;
	uint64_t offset;
	unsigned generation;
	bool holes; /* its pages are yet to be made */
	bool clean; /* its pages are zero; else whatever was there last */
	void *view; /* of them; readable and writable, all pages there */
};

/*
 * Takes blocks; takes the stores' lock for it.  -ENOSPC: no room.
 * make_holes: gives a view of holes in a file of tmpfs its pages, but the last,
 * which is there; if it cannot, the slower ways are gone.
 */
int hms_lend_take(struct hms_target *target, uintptr_t addr, size_t len,
	int (*make_holes)(void *view, size_t len), struct hms_lent *out);
/* Not used after all; takes the lock, too.  Does nothing twice. */
void hms_lend_drop(struct hms_lent *lent);

/* The following are called with hms_stores_lock() held. */

/* Are the blocks still good: no fork, no descriptor closed since? */
bool hms_lend_good(const struct hms_lent *lent);
/*
 * The view is at addr now, moved there: the blocks are what backs it.
 * hms_extent_spare(4) must have succeeded before.
 */
void hms_lend_use(struct hms_lent *lent);
/*
 * A view of what backs [start, end); its pages need not be there, and those of
 * [start, end) are gone, to be mapped again when touched.  -EOPNOTSUPP: it
 * is a private copy since a fork, or its file is out of reach; -EPERM: the
 * program did not make it readable and writable; -ENOENT: not all of it is
 * backed.
 */
int hms_lend_view(uintptr_t start, uintptr_t end, void **view);
#endif
