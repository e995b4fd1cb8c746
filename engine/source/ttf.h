/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time to fault: part of a block is taken from the page table, and perf tells
 * when the program came there first.  The longer that takes, the colder the
 * block.  Sources that can do the first half share the rest.
 *
 * A probe that is touched is one access in the time it took.  One that is not
 * is exposure without access, told as it grows.  Times are exponential, with
 * outliers when a thread is descheduled: naive sums rank badly [shared
 * reference on statistics, 2.2], so a block's times are averaged in logs, and
 * no single one counts for more than CLIP times what they predict.
 *
 * A block that was touched without a record (by the kernel, or one that was
 * lost) counts as touched half way, or when it usually is.
 */
#ifndef HMS_ENGINE_SOURCE_TTF_H
#define HMS_ENGINE_SOURCE_TTF_H

#include "engine/source/pieces.h"
#include "engine/source/source.h"

/* Part of a block to be armed; filled in by arm(). */
struct hms_ttf_piece {
	uintptr_t addr; /* it is to hold this one */
	uintptr_t low, high; /* watched around it, inside one block */
	enum hms_watch_memory memory;
	uintptr_t start, end; /* out: what was armed */
	uint64_t fault_ns; /* out: what the program pays when it comes */
};

struct hms_ttf_ops {
	/* 0; -EAGAIN: nothing there; -ENOENT: gone; or -errno. */
	int (*arm)(struct hms_ttf_piece *piece);
	/* 1: touched since, 0: not, or -errno. */
	int (*touched)(uintptr_t start, uintptr_t end);
	/* Around each tick; may be NULL.  0 or -errno: nothing is done. */
	int (*begin)(void);
	void (*end)(void);
};

struct hms_ttf {
	const struct hms_ttf_ops *ops;
	struct hms_pieces pieces;
	struct hms_array table; /* struct hms_ttf_block, hashed by address */
	struct hms_array fired; /* slots of the table */
	size_t used; /* slots */
	size_t cursor;
	size_t armed;
	uint64_t random;
	int64_t debt; /* ns of CPU time, from earlier ticks */
	float probe_ns; /* of CPU time, as measured */
	uint64_t last; /* tick */
	/* Since the start, for tests and reports. */
	uint64_t probes, touches, unseen, refused;
};

/* 0 or -errno of the rings. */
int hms_ttf_start(struct hms_ttf *ttf, const struct hms_ttf_ops *ops);
void hms_ttf_stop(struct hms_ttf *ttf);
int hms_ttf_watch(struct hms_ttf *ttf, const struct hms_watch *watch);
void hms_ttf_forget(struct hms_ttf *ttf, uintptr_t start, uintptr_t end);
void hms_ttf_tick(struct hms_ttf *ttf, uint64_t now, uint64_t budget,
	const struct hms_sights *sights);
/* A fault, by the rings; tests bring their own. */
void hms_ttf_fault(const struct hms_fault *fault, void *ttf);
void hms_ttf_after_fork(struct hms_ttf *ttf);

/*
 * Exposure to tell for a time, all in seconds: clipped at what is usual for
 * the block, whose mean of logs is moved.  n: times before this one.
 */
float hms_ttf_estimate(float seconds, float *log_mean, unsigned n);

#endif
