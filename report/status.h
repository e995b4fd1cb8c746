/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status page: everything HMS counted, in one piece of plain memory.
 *
 * With HMS_REPORT it is a shared mapping of a file (0600, in the runtime
 * folder), so that it stays readable however the program ends, SIGKILL
 * included; `hms report PID|FILE` reads it.  Without, it is private memory
 * that is never touched unless something is counted.
 *
 * Layout is fixed for a version.  Writers use relaxed atomics; a reader may
 * see counters that are a few calls apart, never torn.  Offsets, not
 * pointers.
 */
#ifndef HMS_REPORT_STATUS_H
#define HMS_REPORT_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/call.h"

#define HMS_STATUS_MAGIC UINT64_C(0x01005441544d5348) /* "HSMTAT", 0, 1 */
#define HMS_STATUS_RULES 128 /* counted apart; later ones share the last */
#define HMS_STATUS_TARGETS 32
#define HMS_STATUS_TALLIES 256 /* threads counted apart at one time */
#define HMS_STATUS_TEXT 96
#define HMS_STATUS_SPANS 1024
/* A phase that only readers give: the process is gone, without a report. */
#define HMS_STATUS_DIED 100

/* Calls of one rule made by one thread; only that thread writes. */
struct hms_tally_rule {
	uint64_t calls;
	uint64_t bytes; /* as asked for by the program */
};

/*
 * One thread's counters, after those of earlier threads that had the tally.
 * rule[0] is for calls that no rule matched.
 */
struct hms_tally {
	uint32_t owner; /* tid; 0: free */
	uint32_t pad;
	struct hms_tally_rule rule[HMS_STATUS_RULES + 1];
	uint64_t family_calls[HMS_FAMILIES];
};

/* One rule's memory, bytes unless said otherwise. */
struct hms_status_rule {
	char name[HMS_STATUS_TEXT];
	char text[2 * HMS_STATUS_TEXT]; /* the rule as written, cut */
	char place[HMS_STATUS_TEXT];
	uint64_t bound; /* now bound: sum of the three below */
	uint64_t bound_peak;
	uint64_t first; /* on the place's first step */
	uint64_t spilled; /* on a later one */
	uint64_t refused; /* on none: left to the system */
	uint64_t failures; /* calls that strict made fail */
	uint64_t wanted[HMS_STATUS_TARGETS]; /* bound now, by target */
	/* Where the kernel last said the pages are. */
	uint64_t actual_node[64];
	uint64_t actual_file;
	uint64_t actual_absent;
};

struct hms_status_target {
	char text[HMS_STATUS_TEXT];
	uint64_t nodes; /* mask of node numbers below 64; 0: file or device */
	uint64_t bound, bound_peak;
	uint64_t refusals; /* calls the kernel refused */
	int64_t last_errno;
	/* Of what is bound to it, where the kernel last said the pages are. */
	uint64_t actual; /* on it; "local": anywhere */
	uint64_t elsewhere; /* on another node, or not in its file */
	uint64_t absent; /* never touched, or swapped out */
};

/* Memory of one rule on one target, as of updated_ns. */
struct hms_status_span {
	uint64_t start, end; /* addresses */
	uint32_t rule;
	uint16_t target; /* HMS_STATUS_TARGETS: several, or none */
	uint16_t file; /* 1: pages of a file or device, or untouched */
};

struct hms_status {
	uint64_t magic;
	uint64_t size; /* of this struct */
	uint32_t pid;
	uint32_t phase; /* enum hms_phase, or HMS_STATUS_DIED */
	uint64_t start_ticks; /* /proc/PID/stat, field 22: tells PIDs apart */
	uint64_t started_ns; /* CLOCK_REALTIME */
	uint64_t updated_ns; /* actual_* were read then */
	uint64_t ended_ns; /* 0: not ended orderly */
	char program[HMS_STATUS_TEXT];
	char policy[2 * HMS_STATUS_TEXT]; /* its source */
	char refusal[256]; /* why the policy was not followed; "" */
	uint32_t families_live; /* bit per family: hooks are reached */
	uint32_t families_dead; /* asked for by rules, but not reached */
	uint32_t nrules, ntargets;
	/* More than there is room for: spans are not all there are. */
	uint32_t nspans;
	uint32_t pad;
	uint64_t bootstrap_bytes; /* handed out before the heap was live */
	uint64_t lost_tallies; /* threads that had to share a tally */
	struct hms_status_rule rules[HMS_STATUS_RULES];
	struct hms_status_target targets[HMS_STATUS_TARGETS];
	struct hms_tally tallies[HMS_STATUS_TALLIES];
	struct hms_status_span spans[HMS_STATUS_SPANS];
};

/*
 * The tally that threads share when no other is free.  Its counts are then
 * approximate, which lost_tallies tells.
 */
#define HMS_TALLY_SHARED (HMS_STATUS_TALLIES - 1)

/* Never NULL: private zero memory until hms_status_open() replaced it. */
extern struct hms_status *hms_status __attribute__((visibility("hidden")));

/* This thread's tally; NULL until it counts, or when nothing is counted. */
extern __thread struct hms_tally *hms_tally_mine
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Set once a report was asked for; else nothing per call is counted. */
extern bool hms_counting __attribute__((visibility("hidden")));

/* Slow half: finds or claims a tally.  Async-signal-safe, lock-free. */
void hms_tally_claim(void);
/* The thread ends and leaves its tally to another.  It may count on. */
void hms_tally_release(void);

/*
 * Starts counting: fills in who this process is, and moves what was counted
 * so far to a shared file that outlives it (report/page.h).  program is cut
 * to fit.  0; -errno if there is no file: counts stay in private memory and
 * die with the process.  Called once, before `live`; not thread-safe.
 */
int hms_status_open(const char *program);
/* The program ended orderly and was reported: the file goes.  Once. */
void hms_status_close(void);
/*
 * fork: before is called in the parent, after the range table is locked;
 * after in both.  The child keeps what is bound, starts its calls from zero
 * and makes a file of its own when it first counts; the parent's stays.
 * A vfork child must call neither.
 */
void hms_status_before_fork(void);
void hms_status_after_fork(bool child);

/* Sums of one rule (-1: no rule) or family over all tallies, for readers. */
struct hms_tally_rule hms_status_calls(
	const struct hms_status *status, int rule);
uint64_t hms_status_family_calls(
	const struct hms_status *status, enum hms_family family);

/*
 * Now and then, by a thread that passes by: asks the kernel again where pages
 * are, so that the page of a killed process is recent; see
 * hms_report_refresh().  Not async-signal-safe.
 */
void hms_status_tick(void);
#define HMS_TICK_CALLS 1024 /* of one rule by one thread */
#define HMS_TICK_BYTES ((size_t)1 << 20) /* of one call: it is slow anyway */

/*
 * Counts one call; rule -1: none matched.  Called with no lock held, before
 * the memory is there.
 */
static inline void hms_count_call(
	int rule, enum hms_family family, size_t bytes)
{
	struct hms_tally_rule *row;

	if (!hms_counting)
		return;
	if (!hms_tally_mine)
		hms_tally_claim();
	if (rule >= HMS_STATUS_RULES)
		rule = HMS_STATUS_RULES - 1;
	row = &hms_tally_mine->rule[rule + 1];
	row->calls++;
	row->bytes += bytes;
	hms_tally_mine->family_calls[family]++;
	if (row->calls % HMS_TICK_CALLS == 0 || bytes >= HMS_TICK_BYTES)
		hms_status_tick();
}

static inline struct hms_status_rule *hms_status_rule(int rule)
{
	if (rule >= HMS_STATUS_RULES)
		rule = HMS_STATUS_RULES - 1;
	return &hms_status->rules[rule];
}

#endif
