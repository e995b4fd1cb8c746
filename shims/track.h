/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that vendors' libraries handed out, by the pointer that the program
 * has: which call, which rule, what we made of it.  A pointer that is not in
 * here is none of ours, and goes to the vendor's own free.
 *
 * Finding and taking by the pointer itself takes no lock; adding takes one,
 * held across no call of anybody's.  A pointer is taken out before the
 * vendor's free is called, since another thread may be given the same one
 * right after; if that fails, it is added again.
 *
 * Memory of the table is HMS's own and is never given back.  errno is never
 * touched.
 */
#ifndef HMS_SHIMS_TRACK_H
#define HMS_SHIMS_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/call.h"

/* What is behind a pointer. */
enum hms_tracked_kind {
	HMS_TRACKED_OWN, /* the vendor's own memory, as the program asked */
	HMS_TRACKED_MANAGED, /* device memory that we made managed */
	HMS_TRACKED_PEER, /* on another device */
	HMS_TRACKED_HOST, /* our mapping, registered with the vendor */
	HMS_TRACKED_POOL, /* stream-ordered, from a pool of ours */
	HMS_TRACKED_PINNED, /* host memory of the vendor, or registered */
	HMS_TRACKED_HANDLE, /* no pointer: a handle of physical memory */
};

struct hms_tracked {
	uintptr_t start; /* as the program knows it */
	size_t size; /* bytes, as charged */
	enum hms_family vendor;
	enum hms_tracked_kind kind;
	enum hms_api api; /* that asked for it */
	int device; /* whose memory it is; -1: the host's */
	int asked; /* the device that the call was for; -1: none */
	int rule; /* -1: none */
	int place; /* index, of engine/place.h; charged if step >= 0 */
	int step;
	uint32_t flags; /* the vendor's, of the program's call */
	uint32_t hinted; /* the program said where it is to be */
	void *mapping; /* HOST: our mapping; same as start or not */
	size_t mapped; /* HOST: its bytes */
	void *context; /* the vendor file's own */
};

/* 0, or -ENOMEM: it is not remembered. */
int hms_track_add(const struct hms_tracked *what);
/* Takes it out.  False: it is not there. */
bool hms_track_take(
	enum hms_family vendor, uintptr_t start, struct hms_tracked *out);
/*
 * Takes out the next one that fn picks, from *from on, which begins at 0 and
 * goes on by itself; false: there is none.  Under the lock.  What is added
 * meanwhile may be missed.
 */
bool hms_track_take_next(enum hms_family vendor,
	bool (*fn)(const struct hms_tracked *what, void *arg), void *arg,
	size_t *from, struct hms_tracked *out);
/* A copy of what starts there. */
bool hms_track_find(
	enum hms_family vendor, uintptr_t start, struct hms_tracked *out);
/*
 * A copy of what holds that address, if it is of kind MANAGED, PEER or HOST:
 * others are known by their start alone.  Takes the lock.
 */
bool hms_track_within(
	enum hms_family vendor, uintptr_t address, struct hms_tracked *out);
/* The program spoke about [start, end): hinted is set.  Takes the lock. */
void hms_track_hint(enum hms_family vendor, uintptr_t start, uintptr_t end);
/*
 * It is on another device now.  False: it is not there, or was not on `from`
 * any more.  Takes the lock.
 */
bool hms_track_moved(enum hms_family vendor, uintptr_t start, int from, int to);
/* Calls fn for each of these kinds, without holding the lock. */
void hms_track_each(enum hms_family vendor,
	void (*fn)(const struct hms_tracked *what, void *arg), void *arg);
/* How many there are. */
size_t hms_track_count(void);

/* fork: held across it in the parent, released on both sides. */
void hms_track_before_fork(void);
void hms_track_after_fork(void);

#endif
