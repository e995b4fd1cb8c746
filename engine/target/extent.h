/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extents: half-open spans [start, end) in a tree by start, none overlapping.
 * Used twice: addresses that a file or device backs, and free blocks of one.
 *
 * Nodes come from one pool of our own mappings, never given back.  Nothing
 * here locks: whoever owns a tree holds the lock of engine/target/store.h.
 */
#ifndef HMS_ENGINE_TARGET_EXTENT_H
#define HMS_ENGINE_TARGET_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

#include <bsd/sys/tree.h>

struct hms_store;

struct hms_extent {
	RB_ENTRY(hms_extent) link;
	uint64_t start, end; /* bytes: addresses, or offsets into the file */
	/* What follows is for addresses only. */
	struct hms_store *store;
	uint64_t offset; /* of start, in the store's file */
	unsigned generation; /* which of the store's files */
	int prot; /* PROT_*, as last asked for by the program */
	bool frozen; /* mapped MAP_PRIVATE since a fork */
	bool copy; /* during a fork: the child must copy it */
};

RB_HEAD(hms_extents, hms_extent);
RB_PROTOTYPE(hms_extents, hms_extent, link, hms_extent_compare)

/* Makes sure that n calls of hms_extent_new() will succeed; 0 or -ENOMEM. */
int hms_extent_spare(unsigned n);
/* Uninitialised; NULL if the kernel gives no memory. */
struct hms_extent *hms_extent_new(void);
void hms_extent_free(struct hms_extent *extent);
/* The first one that ends after at, or NULL. */
struct hms_extent *hms_extents_from(struct hms_extents *tree, uint64_t at);

#endif
