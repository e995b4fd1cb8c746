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
#include "report/learning.h"

#define HMS_STATUS_MAGIC UINT64_C(0x02005441544d5348) /* "HSMTAT", 0, 2 */
#define HMS_STATUS_RULES 128 /* counted apart; later ones share the last */
#define HMS_STATUS_TARGETS 32
#define HMS_STATUS_LIMITS 16
#define HMS_STATUS_TALLIES 256 /* threads counted apart at one time */
#define HMS_STATUS_TEXT 96
#define HMS_STATUS_SPANS 1024
#define HMS_STATUS_DEVICES 16
#define HMS_STATUS_PATTERNS 64 /* HMS_PATTERNS, and none */
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
	/* But for the heap's: those are all others of rule[]. */
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
	/* What it asks of callers; patterns from 1, 0: none. */
	uint8_t from_pattern, via_pattern;
	uint8_t has_site;
	uint8_t pad;
	uint32_t site_hint;
	uint64_t site;
};

enum hms_status_sharing {
	HMS_STATUS_OWN, /* a limit per process */
	HMS_STATUS_SHARED, /* over all of one user's */
	HMS_STATUS_UNSHARED, /* it was to be, but could not */
};

struct hms_status_limit {
	char name[HMS_STATUS_TEXT];
	uint64_t bytes;
	uint64_t used; /* by this process now */
	uint64_t all; /* shared: by all of them, when this one last asked */
	uint32_t sharing; /* enum hms_status_sharing */
	uint32_t pad;
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

/*
 * Why a vendor's call was not served as its rule says; in the order of
 * hms_refusal_text().
 */
enum hms_refusal {
	HMS_REFUSED_CAPTURE, /* a stream of the thread is being captured */
	HMS_REFUSED_IPC, /* the process shares device memory with others */
	HMS_REFUSED_CONCURRENT, /* no concurrent access to managed memory */
	HMS_REFUSED_PEER, /* the devices cannot reach each other's memory */
	HMS_REFUSED_ABSENT, /* no such device here */
	HMS_REFUSED_ROOM, /* the device is full, or a limit is reached */
	HMS_REFUSED_DRIVER, /* the vendor's library said no */
	HMS_REFUSED_COMBINED, /* write-combined, or of another odd kind */
	HMS_REFUSED_SYSTEM, /* the device cannot use the system's memory */
	HMS_REFUSED_ORDERED, /* stream-ordered: no pool for that memory */
	/* Of memory of malloc and mmap that a device was to reach: */
	HMS_REFUSED_EARLY, /* the thread has not come to the device yet */
	HMS_REFUSED_BACK, /* the driver's memory could not be turned back */
	HMS_REFUSALS,
};

/* A device of a vendor's; bytes now, unless said otherwise. */
struct hms_status_device {
	char text[16]; /* "cuda:0" */
	uint32_t key; /* 0: free */
	uint32_t pad;
	uint64_t memory; /* that it has; 0: not known */
	uint64_t asked, asked_peak; /* by the program's calls for it */
	uint64_t own; /* from the vendor, here */
	uint64_t peer; /* of it, asked for on another device */
	uint64_t managed; /* made managed by a rule, to be here */
	uint64_t host; /* asked for here, served as host memory */
	uint64_t pinned; /* host memory, registered for it */
	uint64_t reach; /* malloc's and mmap's, made managed for it */
	uint64_t arrived; /* of managed: last sent here, says the vendor */
	uint64_t faults; /* its page faults, if somebody counts them */
	uint64_t fetched, evicted; /* bytes moved to it and from it, likewise */
};

/* Calls of vendors, by enum hms_api. */
struct hms_status_api {
	uint64_t calls, bytes;
	uint64_t redirected; /* of the calls */
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
	uint64_t minor_faults, major_faults; /* page faults, as of updated_ns */
	/*
	 * Globs of rules about callers: bit i is set once some code that was
	 * met matches number i + 1.  npatterns 0: stacks are not looked at.
	 */
	uint64_t patterns_met;
	uint32_t npatterns;
	uint32_t pad2;
	char patterns[HMS_STATUS_PATTERNS][HMS_STATUS_TEXT];
	uint32_t nlimits;
	uint32_t pad3;
	struct hms_status_limit limits[HMS_STATUS_LIMITS];
	struct hms_status_rule rules[HMS_STATUS_RULES];
	struct hms_status_target targets[HMS_STATUS_TARGETS];
	struct hms_tally tallies[HMS_STATUS_TALLIES];
	struct hms_status_span spans[HMS_STATUS_SPANS];
	struct hms_status_learning learning;
	struct hms_status_device devices[HMS_STATUS_DEVICES];
	struct hms_status_api apis[64]; /* vendors' only */
	uint64_t refusals[HMS_REFUSALS];
	int64_t refusal_code; /* HMS_REFUSED_DRIVER: the last one's */
	uint64_t observed; /* vendors' calls that are only looked at */
	uint64_t hints; /* the program's own, forwarded */
	uint64_t moves, moved; /* our prefetches, and their bytes */
	uint64_t unreached; /* bytes of `reach` that became ordinary memory */
};

/*
 * The tally that threads share when no other is free.  Its counts are then
 * approximate, which lost_tallies tells.
 */
#define HMS_TALLY_SHARED (HMS_STATUS_TALLIES - 1)

/* Never NULL: private zero memory until hms_status_open() replaced it. */
extern struct hms_status *hms_status __attribute__((visibility("hidden")));

/* What a thread counts with. */
struct hms_counter {
	/*
	 * Bytes that it may ask the heap for until somebody wants to look at
	 * a call (shims/account.h); 0: now, or it has no tally.
	 */
	uint64_t left;
	/* Its tally; NULL until it counts, or when nothing is counted. */
	struct hms_tally *tally;
	bool drawn; /* left was, by chance; else the thread has just begun */
};
extern __thread struct hms_counter hms_counter
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
/* A forked child is to have its page now, counts or not.  Lock-free. */
void hms_status_settle(void);
/* The file's name, "" if there is none (yet). */
const char *hms_status_path(void);
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

/* The row of tallies for a rule; -1: none matched. */
static inline unsigned hms_count_row(int rule)
{
	return rule >= HMS_STATUS_RULES ? HMS_STATUS_RULES
					: (unsigned)(rule + 1);
}

/*
 * Counts one call; rule -1: none matched.  Called with no lock held, before
 * the memory is there.
 */
static inline void hms_count_call(
	int rule, enum hms_family family, size_t bytes)
{
	struct hms_counter *mine = &hms_counter;
	struct hms_tally_rule *row;

	if (!hms_counting)
		return;
	if (!mine->tally)
		hms_tally_claim();
	row = &mine->tally->rule[hms_count_row(rule)];
	row->calls++;
	row->bytes += bytes;
	if (family == HMS_FAMILY_HEAP)
		mine->left -= bytes < mine->left ? bytes : mine->left;
	else
		mine->tally->family_calls[family]++;
	if (row->calls % HMS_TICK_CALLS == 0 || bytes >= HMS_TICK_BYTES)
		hms_status_tick();
}

/*
 * The same for a call of the heap that nobody wants to look at, by its row.
 * False: it is not counted, because somebody does.  The guard is not asked: the
 * few calls that HMS causes itself, in libc, are counted here.
 */
static inline bool hms_count_fast(unsigned row, size_t bytes)
{
	struct hms_counter *mine = &hms_counter;
	struct hms_tally_rule *to;
	uint64_t left = mine->left;

	if (__builtin_expect(left <= bytes, 0))
		return false;
	mine->left = left - bytes;
	to = &mine->tally->rule[row];
	to->calls++;
	/* Two adds to memory are faster than one of two words. */
	__asm__ volatile("" : : : "memory");
	to->bytes += bytes;
	return true;
}

static inline struct hms_status_rule *hms_status_rule(int rule)
{
	if (rule >= HMS_STATUS_RULES)
		rule = HMS_STATUS_RULES - 1;
	return &hms_status->rules[rule];
}

#endif
