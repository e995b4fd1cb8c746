/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the status page about memory that moves: what was seen of it,
 * what was planned and what became of that.  Plain data; written by the worker
 * only, with relaxed stores, so a reader sees numbers a few ticks apart.
 */
#ifndef HMS_REPORT_LEARNING_H
#define HMS_REPORT_LEARNING_H

#include <stdint.h>

#define HMS_LEARNING_TIERS 8
#define HMS_LEARNING_SOURCES 8
#define HMS_LEARNING_RATES 32
#define HMS_LEARNING_RULES 32 /* the last one is for all beyond */
#define HMS_LEARNING_TARGETS 32
#define HMS_LEARNING_ENDS 7 /* enum hms_move_end */
#define HMS_LEARNING_PARTS 4 /* enum hms_learn_part */
#define HMS_LEARNING_THREADS 32

enum hms_learning_state {
	HMS_LEARNING_OFF, /* no rule lets memory move */
	HMS_LEARNING_WAITS, /* there is not enough such memory yet */
	HMS_LEARNING_RUNS,
	HMS_LEARNING_NOT, /* it cannot; `why` says it */
};

enum hms_learning_use {
	HMS_LEARNING_UNASKED, /* the user named others */
	HMS_LEARNING_UNFIT, /* it does not work here; `why` says it */
	HMS_LEARNING_SPARE, /* it works, but better ones serve */
	HMS_LEARNING_USED,
};

struct hms_learning_source {
	char name[16];
	char why[160];
	uint32_t use; /* enum hms_learning_use */
	uint32_t pad;
	uint64_t sights; /* observations */
	uint64_t events; /* accesses in them */
	uint64_t cpu_ns;
};

struct hms_learning_tier {
	uint32_t target; /* row of the page's targets */
	uint32_t latency_ps; /* as planned with */
	uint64_t blocks; /* now */
	uint64_t room; /* bytes */
	/* Blocks by rate: [0] none, [i] from 2^(i-2) accesses per second. */
	uint32_t rates[HMS_LEARNING_RATES];
};

struct hms_learning_faults {
	uint64_t minor, major;
};

struct hms_learning_thread {
	uint32_t tid;
	uint32_t ended;
	char name[16]; /* comm; "": it came and went between two looks */
	struct hms_learning_faults faults;
};

struct hms_status_learning {
	uint32_t state; /* enum hms_learning_state */
	uint32_t ntiers, nsources;
	uint32_t tid; /* of the worker; 0: none */
	char why[128];
	char planner[16];
	uint64_t interval_ns; /* now */
	uint64_t block_bytes;
	uint64_t blocks, bytes; /* that may move */
	uint64_t unblocked; /* windows that there was no room to follow */
	uint64_t ticks, walks;
	uint64_t plans, planned, moved, failed, refused;
	uint64_t moved_bytes;
	uint64_t strayed_bytes; /* that others had moved, as was found */
	/* By row of the page's targets, from and to; the last is others. */
	uint64_t from_to[HMS_LEARNING_TARGETS][HMS_LEARNING_TARGETS];
	uint64_t ends[HMS_LEARNING_ENDS]; /* of transfers */
	uint64_t paid, lost; /* promotions, as judged */
	int64_t expected_ns; /* per second, that the moves promised */
	int64_t gained_ns; /* as judged, less what they cost */
	uint64_t price; /* accesses per 1,000 s of the marginal fast block */
	uint64_t cpu_ns[HMS_LEARNING_PARTS];
	uint64_t since_ns; /* CLOCK_MONOTONIC; when it began, and the last */
	uint64_t until_ns; /* tick */
	/* The process's page faults, all; and those that were seen by perf. */
	struct hms_learning_faults faults;
	uint64_t faults_seen, faults_lost;
	struct hms_learning_faults rule_faults[HMS_LEARNING_RULES];
	struct hms_learning_faults target_faults[HMS_LEARNING_TARGETS];
	struct hms_learning_faults other_faults; /* of no rule */
	/* In memory of no site that is known; the others: report/sites.h. */
	struct hms_learning_faults siteless_faults;
	/* Those that faulted most, in order; and all others, ended ones too. */
	uint32_t nthreads, pad;
	struct hms_learning_thread threads[HMS_LEARNING_THREADS];
	struct hms_learning_faults other_threads;
	struct hms_learning_source sources[HMS_LEARNING_SOURCES];
	struct hms_learning_tier tiers[HMS_LEARNING_TIERS];
};

#endif
