/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A place's steps, one after the other, for a vendor's call for memory: this
 * device, another one, managed memory, memory of the host.  What a vendor can
 * do is in a table of functions (struct hms_placer); what is tried, charged,
 * counted and said is here.  What cannot be had without harm to the program is
 * not had; its call then goes through as it is.
 *
 * Results are the vendor's own codes, 0 for success, which are not negative;
 * or one of enum hms_placed.
 */
#ifndef HMS_SHIMS_PLACING_H
#define HMS_SHIMS_PLACING_H

#include "shims/vendor.h"

/* What a step says beside the vendor's codes. */
enum hms_placed {
	HMS_PLACED_NOT = -1, /* refused: the next step may do */
	HMS_PLACED_FULL = -2, /* no room: the next step may have some */
};

struct hms_placing;

struct hms_placer {
	enum hms_family vendor;
	int64_t out_of_memory; /* the vendor's code */
	/* Is there a device of that number? */
	bool (*present)(unsigned device);
	/* Bytes of its memory; 0: not known. */
	size_t (*memory)(unsigned device);
	/* Do it and the CPUs reach managed memory at the same time? */
	bool (*manages)(const struct hms_placing *p, unsigned device);
	/* The program's own call. */
	int64_t (*plain)(struct hms_placing *p);
	/* preferred: of that device; -1: of the host. */
	int64_t (*managed)(struct hms_placing *p,
		const struct hms_managed_targets *in, int preferred);
	/* Device memory of another device that this one reaches. */
	int64_t (*peer)(struct hms_placing *p, unsigned device);
	/* Can its devices reach memory of ours?  NULL: they can. */
	bool (*reaches)(const struct hms_placing *p);
	/* What the program is given for such memory. */
	int64_t (*host)(struct hms_placing *p, void *mapping, size_t mapped);
	/* Takes that back: may it be unmapped now?  NULL: it may. */
	bool (*unhost)(struct hms_placing *p, void *mapping);
};

struct hms_placing {
	struct hms_vendor_call call;
	const struct hms_placer *by;
	int device; /* that the call is for; -1: none, or not known */
	bool is_managed; /* the program itself asked for managed memory */
	bool is_pinned; /* or for memory of the host */
	uint32_t flags; /* the program's, for the vendor's file */
	void *context; /* likewise */
	void *memory; /* what it is given */
};

/*
 * Decides, serves, remembers.  p->memory is set on success.  refused: a reason
 * to leave everything as it is (enum hms_refusal), or -1.
 */
int64_t hms_placing_serve(struct hms_placing *p, int refused);

/* Remembers what the program was given; device -1: memory of the host. */
int hms_placing_keep(const struct hms_placing *p, enum hms_tracked_kind kind,
	int device, int step, void *mapping, size_t mapped);

#endif
