/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Learning: sources' sights become heat, heat becomes a plan, the plan moves
 * blocks, within a budget, over and over.
 *
 * One struct hms_learn is the whole of it, and one thread runs it: the worker
 * (preload/worker.c), or a test with doubles of planner, mover and sources.
 * Time is told, not asked, but for what things take.
 *
 * Budget: looking at memory, following it and planning may take `share` of one
 * core on average, and moving what is left up to 3 %; what a tick took too
 * much is waited for.  Bytes moved are limited by a bucket of their own.
 *
 * Nothing here touches errno; memory is HMS's own.  Functions return 0 or
 * -errno.
 */
#ifndef HMS_ENGINE_WORKER_LEARN_H
#define HMS_ENGINE_WORKER_LEARN_H

#include "engine/heat/heat.h"
#include "engine/mover/mover.h"
#include "engine/policy/planner.h"
#include "engine/source/source.h"

#define HMS_LEARN_INTERVAL UINT64_C(100000000) /* ns, the standard */
#define HMS_LEARN_RATE                                                         \
	(UINT64_C(1) << 30) /* bytes per second, the standard                  \
			     */
#define HMS_LEARN_CAP 300 /* 1/10,000 of a core: looking and moving */
#define HMS_LEARN_MOVES 512 /* of a plan */
/* Less memory than this is not worth a thread: bytes that may move. */
#define HMS_LEARN_LEAST (UINT64_C(16) << 20)

/* What time went into. */
enum hms_learn_part {
	HMS_LEARN_SOURCES,
	HMS_LEARN_HEAT,
	HMS_LEARN_PLANNER,
	HMS_LEARN_MOVER,
	HMS_LEARN_PARTS,
};

/* What it is given; copied, pointers are borrowed for good. */
struct hms_learn_setup {
	const struct hms_places *places;
	const struct hms_planner *planner;
	const char *wanted; /* sources, as hms_sources_select() takes them */
	const char *trace; /* path, NULL: no recording */
	uint64_t interval; /* ns */
	uint64_t rate; /* bytes per second */
	unsigned share; /* 1/10,000 of a core */
	unsigned cpus; /* that the process may use */
	uint32_t most; /* blocks */
	/* The true ones, or a test's. */
	int (*select)(const char *wanted, struct hms_source_choices *out);
	void (*move)(struct hms_transfer *transfers, unsigned n);
	int (*supported)(
		const struct hms_target *from, const struct hms_target *to);
	uint64_t (*cpu)(void); /* ns of this thread so far */
	/* Counts a fault for the site whose memory it hit; false: none is
	 * known. NULL: none ever is. */
	bool (*site_fault)(const struct hms_fault *fault);
	/*
	 * Nodes of n pages into status, as move_pages(2) has it; 0 or -errno.
	 * NULL: nobody asks what moved without us.
	 */
	int (*where)(void **pages, int *status, unsigned n);
	/* Between two batches of moves, with nothing in hand; may be NULL. */
	void (*pause)(void);
};

/* A source that is in use. */
struct hms_learn_source {
	const struct hms_source *source;
	uint64_t sights;
	double events;
	uint64_t ns; /* of the thread's time */
};

struct hms_learn_counts {
	uint64_t ticks, walks, plans, planned, moved, failed;
	uint64_t bytes; /* moved */
	uint64_t strayed; /* bytes that were found elsewhere */
	uint64_t paid, lost; /* promotions, as the planner judged them */
	double expected; /* seconds per second that moves promised */
	double gained; /* seconds, as judged */
	uint64_t refused; /* moves without room or budget */
};

/* Page faults of a thread, by the kernel; `ticks` tells TIDs apart. */
struct hms_learn_thread {
	uint32_t tid, look; /* it was there at that look */
	uint64_t ticks; /* its start; 0: only perf knows of it */
	uint64_t minor, major;
	char name[16];
};

#define HMS_LEARN_THREADS 256 /* those that fault most */

struct hms_learn_threads {
	unsigned n;
	uint32_t look;
	struct hms_learn_thread row[HMS_LEARN_THREADS];
};

struct hms_learn {
	struct hms_learn_setup with;
	struct hms_tiers tiers;
	struct hms_heat heat;
	struct hms_planner_state *state;
	size_t state_bytes;
	struct hms_source_choices choices;
	struct hms_learn_source source[HMS_MAX_SOURCES]; /* by row */
	bool started[HMS_MAX_SOURCES];
	unsigned nstarted;
	struct hms_snapshot snapshot;
	struct hms_move moves[HMS_LEARN_MOVES];
	float cost[HMS_TIERS][HMS_TIERS]; /* seconds per block */
	struct hms_bucket bucket;
	int64_t credit, move_credit; /* ns of CPU time */
	uint64_t interval; /* ns, now */
	uint64_t now, last; /* of this tick, and the one before */
	uint64_t planned; /* when the planner was asked last */
	uint64_t walk_after, look_after, second_after, tell_after, stray_after;
	uint64_t threads_after;
	uint32_t stray_at; /* block that is asked for next */
	unsigned quiet; /* ticks in a row without news */
	unsigned threads; /* of the process */
	struct hms_learn_threads by_thread;
	float price;
	uint64_t part[HMS_LEARN_PARTS]; /* ns of the thread's time */
	struct hms_learn_counts count;
	uint32_t histogram_at; /* blocks counted up to here */
	uint32_t histogram[HMS_TIERS][32];
	struct {
		int rc;
		uint64_t bytes;
	} trace; /* trace.c */
	bool traced; /* its head is written */
	bool stop; /* atomic: leave as soon as nothing is half done */
};

/*
 * Makes tiers and arrays, asks which sources work: tens of milliseconds.
 * -ENOMEM: there is no address space left for it; nothing is held then.
 */
int hms_learn_start(
	struct hms_learn *l, const struct hms_learn_setup *setup, uint64_t now);
/* Sources stop, memory is given back. */
void hms_learn_stop(struct hms_learn *l);
/*
 * In a forked child, whose worker is gone: sources close what they inherited,
 * memory is given back.
 */
void hms_learn_after_fork(struct hms_learn *l);
/* The process ends: what is told of it is brought up to date, soon. */
void hms_learn_end(struct hms_learn *l, uint64_t now);
/* One round; returns how many ns to wait before the next. */
uint64_t hms_learn_tick(struct hms_learn *l, uint64_t now);

/* watch.c: what came and went in the range table is told to sources. */
void learn_watch(struct hms_learn *l);
/* carry.c: carries a plan out, as far as the budget goes. */
void learn_carry(
	struct hms_learn *l, const struct hms_plan *plan, uint64_t now);
/* stray.c: what moved without us is told to the range table. */
void learn_strays(struct hms_learn *l, uint64_t now);
/* trace.c: appends this tick to the recording, before it is planned for. */
void learn_trace(struct hms_learn *l);
/* tell.c: the status page. */
void learn_tell_start(const struct hms_learn *l);
void learn_tell(struct hms_learn *l);
/* faults.c; now: even if threads were looked at just before. */
void learn_tell_fault(const struct hms_fault *fault, const struct hms_learn *l);
void learn_tell_faults(struct hms_learn *l, bool now);
/* tell.c: there is not enough memory that may move yet. */
void hms_learn_tell_wait(void);
/* tell.c: why nothing is learned here. */
void hms_learn_tell_not(const char *why);

#endif
