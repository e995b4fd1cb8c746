/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory on a node that is made ready for a block, while the program still
 * uses the block.  0 or -errno; pointers as hms_sys_failed() knows them.
 */
#ifndef HMS_ENGINE_MOVER_READY_H
#define HMS_ENGINE_MOVER_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/target/target.h"

struct hms_ready {
	uintptr_t at; /* the block's */
	size_t len;
	uint32_t options; /* HMS_OPT_*, of its rule */
	bool heap;
};

/* Private memory at the same distance from huge pages' borders; no pages. */
void *hms_ready_map(const struct hms_ready *like);
/* What will be the program's: of its node, and as its rule wants it. */
void *hms_ready_map_on(const struct hms_ready *like, struct hms_target *to);
/*
 * All its pages, huge ones where the kernel gives them here; the pages' place
 * is registered with userfaultfd(2) afterwards, or not.  -ENOSPC: the node has
 * no room for them.
 */
int hms_ready_fill(
	const struct hms_ready *like, const struct hms_target *to, void *pages);
/* Bytes of the block that are on the target now, as the kernel answers. */
size_t hms_ready_bytes_on(
	const struct hms_ready *block, const struct hms_target *to);

#endif
