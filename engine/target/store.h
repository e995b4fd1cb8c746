/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store: the file or device behind a target, and what is taken from it.
 * Internal to the file and dax kinds.
 *
 * A file is a generation of its store.  It ends when the process forks (the
 * child opens another) or when the program closes our descriptor, as daemons
 * do that close whatever they find.  Extents of earlier generations stay
 * mapped, but their blocks are out of reach: they are only ever forgotten.
 */
#ifndef HMS_ENGINE_TARGET_STORE_H
#define HMS_ENGINE_TARGET_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/target/blocks.h"
#include "engine/target/extent.h"
#include "engine/target/target.h"

struct hms_store {
	struct hms_store *next;
	bool device; /* DAX: no holes, no private mappings */
	bool folder; /* path is one; else it is the file to create */
	bool small; /* tmpfs without huge pages */
	bool zero_range; /* the file system has FALLOC_FL_ZERO_RANGE */
	const char *path;
	const char *text; /* for messages */
	uint64_t granule; /* bytes, a power of two */
	uint64_t align; /* large extents: offset equals address modulo it */
	int fd; /* -1: none; valid only after hms_store_fd() */
	dev_t dev; /* what fd must refer to */
	ino_t ino;
	unsigned generation;
	struct hms_blocks blocks;
	/*
	 * Blocks released here that a child may still read; free once no
	 * child holds a lease (see fork.c).
	 */
	struct hms_blocks limbo;
	int lease_fd; /* during a fork */
	void *lease;
};

/* Guards everything below, all stores and all extents. */
void hms_stores_lock(void);
void hms_stores_unlock(void);

extern struct hms_store *hms_stores; /* all of them */
extern struct hms_extents hms_backed; /* what is mapped, by address */

void hms_store_setup(
	struct hms_store *store, struct hms_target *target, uint64_t limit);
/* The descriptor, opened or found lost and opened again; or -errno. */
int hms_store_fd(struct hms_store *store);
/* True if fd is still the store's file. */
bool hms_store_has_fd(const struct hms_store *store);
/*
 * Takes blocks for addr and makes sure that they exist; *len may become less
 * (device).  0 or -errno.
 */
int hms_store_take(struct hms_store *store, uintptr_t addr, uint64_t *len,
	uint64_t *offset);
/* Like it, but the blocks are holes yet, of which the last page exists. */
int hms_store_take_holes(struct hms_store *store, uintptr_t addr, uint64_t len,
	uint64_t *offset);
/* Blocks exist from now on; 0, or -errno: those of a file are given back. */
int hms_store_reserve(struct hms_store *store, uint64_t offset, uint64_t len);
/* fallocate(2), whole however many signals come. */
int hms_store_allocate(
	struct hms_store *store, int mode, uint64_t offset, uint64_t len);
/* The blocks of an extent's part that is no longer mapped here. */
void hms_store_give(
	const struct hms_extent *extent, uint64_t offset, uint64_t len);
/* True if no child can read the blocks of frozen extents any more. */
bool hms_store_settle(struct hms_store *store);

/* The ops that the file and dax kinds share; see target.h. */
int hms_backed_bind(
	struct hms_target *target, void *addr, size_t len, int prot);
void hms_backed_release(struct hms_target *target, void *addr, size_t len);
void hms_backed_moved(
	struct hms_target *target, void *old, void *now, size_t len);
size_t hms_backed_granule(const struct hms_target *target);

/* Replaces what the extent maps by anonymous memory with its contents. */
int hms_extent_copy(const struct hms_extent *extent);
/* Maps part of it; private: copy on write.  0 or -errno. */
int hms_extent_map(const struct hms_extent *extent, int fd, bool private);
/*
 * Cuts extents at both edges, so that each lies inside or outside; 0 or
 * -ENOMEM.  At most two nodes are needed.
 */
int hms_backed_isolate(uintptr_t start, uintptr_t end);
/* The first extent that reaches into [start, end), or NULL. */
struct hms_extent *hms_backed_first(uintptr_t start, uintptr_t end);
/* May there be more mappings of ours? */
bool hms_backed_has_room(void);
/* Takes an extent out of the tree; its blocks are not given back. */
void hms_backed_forget(struct hms_extent *extent);
/* [start, end) is unmapped or covered: its extents go, their blocks are free.
 */
void hms_backed_unmapped(uintptr_t start, uintptr_t end);
/* Puts it in, joined with its neighbours if they continue each other. */
void hms_backed_insert(struct hms_extent *extent);
/* Like hms_backed_bind(), for addresses that have no extents. */
int hms_backed_fill(
	struct hms_store *store, uintptr_t addr, uint64_t len, int prot);
/* Maps fresh anonymous memory there, over whatever is. */
int hms_anonymous_map(uintptr_t start, uintptr_t end, int prot);

/* The kind's own half of opening: a descriptor, or -errno. */
int hms_file_open(struct hms_store *store);
int hms_dax_open(struct hms_store *store);
/* Fills a target in for a character device; see hms_target_ops.create. */
int hms_dax_create_at(struct hms_target *target,
	const struct hms_target_spec *spec, const char *path);

#endif
