/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: what says how often memory is accessed.
 *
 * A source is one file and one row of sources.def, best first.  All of them
 * report the same: so many accesses in so much exposure, so nobody has to know
 * which one ran.  A rate is events over exposure, in accesses per second; its
 * relative deviation is one over the root of events.
 *
 * Only the worker thread calls these, one at a time; none of them is safe in
 * signal handlers.  They return 0 or -errno and never touch errno; memory is
 * HMS's own.  No source ever changes what the program reads, writes or gets
 * from a system call, nor splits a huge page.  No descriptor of a source is
 * needed to be the source's still: programs close what they find.
 *
 * Where numbers come from: shared reference on statistics; each source names
 * its kernel documentation.
 */
#ifndef HMS_ENGINE_SOURCE_H
#define HMS_ENGINE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What memory is, as far as sources care. */
enum hms_watch_memory {
	HMS_MEMORY_ANON, /* private and anonymous */
	HMS_MEMORY_SHARED, /* MAP_SHARED of memory's file system, or ours */
	HMS_MEMORY_FILE, /* MAP_SHARED of another file system */
	HMS_MEMORY_DEVICE, /* device DAX */
};

/* A piece of memory to watch, page aligned; copied, never kept. */
struct hms_watch {
	uintptr_t start, end;
	enum hms_watch_memory memory;
	/*
	 * It may be zapped: on HMS's own files and devices, which the program
	 * believes to be private; and where a rule says so of memory that the
	 * program itself shares.  Never set for ANON.
	 */
	bool wanted_refault;
};

/* One observation. */
struct hms_sight {
	uintptr_t addr; /* first byte */
	size_t len; /* bytes that it speaks of, inside one block */
	float events; /* accesses; write faults and reads alike */
	/* Seconds times the share seen, beyond what `all` was told. */
	float exposure;
	uint32_t tid; /* 0: not known */
	bool write; /* known to be a write */
};

/* One page fault of the program, of any memory; by `touch`. */
struct hms_fault {
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	uintptr_t addr;
	uint32_t tid;
	uint32_t weight; /* how many faults it stands for */
	bool major; /* needed I/O; it is told as one that is not, too, first */
};

/* Where a source tells what it saw; implemented by engine/heat. */
struct hms_sights {
	void (*see)(const struct hms_sight *sight, void *arg);
	/* Every watched byte of this source was exposed for so long. */
	void (*all)(float exposure, void *arg);
	/* For accounts by range, target and site; may be NULL. */
	void (*fault)(const struct hms_fault *fault, void *arg);
	void *arg;
};

/* Bytes of a block, for which rates are told; blocks are aligned to it. */
#define HMS_SOURCE_BLOCK ((uintptr_t)2 << 20)
#define HMS_WHY 160

struct hms_source {
	const char *name; /* as HMS_SOURCE and reports say it */
	const char *text; /* a line about it, for reports */
	/*
	 * Does it work in this process?  Tries on private memory of its own:
	 * arms, touches, verifies the record, lets read(2) write into it,
	 * looks that huge pages stay whole.  0, or -errno with why filled in
	 * ("perf_event_paranoid is 3").  Leaves nothing behind.
	 */
	int (*probe)(char why[HMS_WHY]);
	/* What start() takes is given back by stop(), descriptors too. */
	int (*start)(void);
	void (*stop)(void);
	/* Can it watch memory of this kind? */
	bool (*fits)(const struct hms_watch *watch);
	/*
	 * Watch, or watch no more.  Pieces may come and go at any time, also
	 * under the source's feet: memory that is gone is no error.  A piece
	 * that overlaps what is watched replaces that.
	 */
	int (*watch)(const struct hms_watch *watch);
	void (*forget)(uintptr_t start, uintptr_t end);
	/*
	 * Called each tick: collects and arms again, within about budget
	 * nanoseconds of CPU time; what a step took too much is saved at the
	 * next ticks.  now: CLOCK_MONOTONIC, ns.
	 */
	void (*tick)(
		uint64_t now, uint64_t budget, const struct hms_sights *sights);
	/* In a forked child: what was inherited is closed, nothing is told. */
	void (*after_fork)(void);
	/*
	 * Memory is about to move to a file: nothing of the source's may stay
	 * registered there, as it can be with one userfaultfd only.  It is
	 * watched on, and armed anew if it stays.  NULL: nothing ever is.
	 */
	void (*release)(uintptr_t start, uintptr_t end);
};

/* By row of sources.def, best first; ends NULL. */
extern const struct hms_source *const hms_sources[];
const struct hms_source *hms_source_find(const char *name);

#define HMS_MAX_SOURCES 8

/* What became of each source: those that the user named, then the others. */
struct hms_source_choice {
	const struct hms_source *source;
	bool works;
	bool asked; /* else nobody probed it: the user named others */
	char why[HMS_WHY]; /* for reports: why it is not used, "" if it works */
};

struct hms_source_choices {
	struct hms_source_choice row[HMS_MAX_SOURCES];
	unsigned n;
};

/*
 * Probes sources in turn.  wanted: names separated by commas (HMS_SOURCE), the
 * first is the best; "" or "auto": all, by row of sources.def; "none": none
 * but touch, which is always asked.  A name that is none of ours: -EINVAL, and
 * all are asked.
 */
int hms_sources_select(const char *wanted, struct hms_source_choices *out);
/* The best that works and fits this memory, or NULL.  Never touch. */
const struct hms_source *hms_source_for(
	const struct hms_source_choices *choices,
	const struct hms_watch *watch);

/*
 * How to keep the program from changing its mappings for a moment.  A source
 * that changes some does so between hold and let_go, and only if still says
 * yes.  Set once, before start(); without them nothing is held.
 */
struct hms_source_holds {
	/* The locks that mmap, munmap, mbind and heap shims take. */
	void (*hold)(void);
	void (*let_go)(void);
	/* Held: is all of it still HMS's to watch, not struck or unmapped? */
	bool (*still)(uintptr_t start, uintptr_t end);
};
void hms_sources_setup(const struct hms_source_holds *holds);

/* Page faults since the start, for reports; see touch.c. */
struct hms_faults_total {
	uint64_t minor, major; /* of the whole process, by getrusage(2) */
	uint64_t seen; /* records, times what each stands for */
	uint64_t lost; /* records that the kernel had no room for */
	unsigned threads_unseen; /* older threads, too many to be watched */
	uint32_t period; /* one record for so many faults */
};
void hms_faults_totals(struct hms_faults_total *out);

/* Threads that faulted most, best guess; returns how many were filled in. */
struct hms_faults_thread {
	uint32_t tid;
	uint64_t minor, major; /* as far as records told */
};
unsigned hms_faults_threads(struct hms_faults_thread *out, unsigned max);

#endif
