/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report, as text for people and as JSON for programs: pure functions of
 * a status page and of what is known of sites.  They are used at the end of
 *other people's programs, so they allocate nothing, lock nothing, and leave
 *errno alone; and by the tools.  All numbers are bytes unless their name says
 *otherwise.
 *
 * JSON, one object, keys in this order, all always there:
 *
 *	hms		the version of this format, 1
 *	pid, program
 *	phase		"boot", "resolved", "configured", "live", "draining",
 *			or "died": gone without a report
 *	started_ns, updated_ns, ended_ns
 *			since 1970; updated: when the kernel was last asked
 *			where pages are; 0: not yet
 *	policy		where the rules come from
 *	refusal		why they were not followed, or null
 *	families	{NAME: {"calls": N, "state": STATE}}; state is "live",
 *			"dead" (rules ask for it but calls do not arrive), or
 *			"off"
 *	bootstrap_bytes	handed out before the heap was live
 *	approximate_threads
 *			threads whose calls are counted approximately only
 *	page_faults	{"minor", "major"}, of the process, as the kernel
 *			counts; as of updated_ns
 *	unmatched	{"calls", "bytes"}: calls that no rule matched
 *	rules		[{"name", "text", "place", "calls", "bytes",
 *			"bound", "bound_peak", "first", "spilled", "refused",
 *			"failures", "wanted": {TARGET: BYTES},
 *			"actual": {"nodes": {NODE: BYTES}, "file",
 *			"untouched"}}]
 *	targets		[{"name", "nodes": [N], "bound", "bound_peak",
 *			"actual", "elsewhere", "untouched", "refusals",
 *			"last_errno"}]
 *
 *	learning	null if no rule lets memory move, or
 *		state	"waits" (for more such memory), "runs", "not": "why"
 *		planner, blocks, block_bytes, bytes (that may move),
 *		unblocked (blocks beyond what there is room for)
 *		ticks, walks (of the range table), interval_ns, ran_ns,
 *		cpu_ns	{"sources", "heat", "planner", "mover"}
 *		sources	[{"name", "use", "why", "sights", "accesses",
 *			"cpu_ns"}], best first; use is "not asked", "does not
 *			work" (why says it), "spare", "in use"
 *		tiers	[{"target", "blocks", "room", "latency_ps", "rates":
 *			[N]}], fastest first; rates: blocks by accesses per
 *			second, below 0.5, 1, 2, 4...
 *		plans, planned (blocks), moved (blocks), moved_bytes,
 *		strayed_bytes (that others had moved), failed,
 *		refused (no room or budget)
 *		ends	{WORD: N}: what became of pieces that were to move
 *		moves	[{"from", "to", "bytes"}]
 *		paid, lost (promotions, as judged), promised_ns_per_s,
 *		gained_ns, price_per_1000s (accesses of the marginal fast
 *		block)
 *		faults	{"minor", "major", of the process; "seen", "lost", as
 *			perf told}
 *		rule_faults, target_faults
 *			[{"name", "minor", "major"}], of those seen
 *		ruleless_faults, siteless_faults
 *			{"minor", "major"}: seen in memory of no rule; of no
 *			known site
 *		thread_faults
 *			[{"tid", "name", "ended", "minor", "major"}], the
 *			threads that faulted most, as the kernel counts; name
 *			"": it came and went unseen but by perf
 *		other_threads_faults
 *			{"minor", "major"}: what the process has beyond those
 *	nowhere		[{"rule", "condition"}]: `from` and `via` of rules whose
 *			globs match no module or function that was met; code
 *			is met when it, or what it calls, asks for memory
 *	unknown_sites	[{"rule", "site", "closest": [ID]}]: `site` of rules
 *			that no call had; closest: at most three that there
 *			were, most like it first (hms_sites_closest())
 *	sites		null if they were not counted, or
 *		mode	"sampled" (numbers of sites are estimates), or "exact"
 *		period	mean bytes between samples; 1: exact
 *		lost	calls whose site found no room
 *		modules	[{"path", "build_id"}]: hexadecimal, "" without
 *		sites	[{"id", "rule", "calls", "bytes", "freed_calls",
 *			"freed_bytes", "live", "live_peak",
 *			"minor_faults", "major_faults", "samples",
 *			"median_life_us", "lives": [N], "frames":
 *			[{"module", "offset"}]}], in no order; the one with the
 *			ID "" is for unknown stacks, and sites beyond those
 *			that there is room for.  rule: of its last call, or
 *			null.  faults: of those seen by perf, 0 where
 *			nothing is learned.  lives: blocks freed after less than
 *2^i microseconds, without zeros at the end. median_life_us: such a bound, or
 *null.  module: an index into modules, or null for code of no file; offset: the
 *return address as the file counts.  From the tool a frame has "functions" too,
 *the innermost first: [{"name", "file", "line", "inlined"}], "" and 0 where
 *that is not known, and "changed": the file is not the one that ran.
 *
 * bytes: as the program asked.  bound: now, whole pages; first, spilled,
 * refused: how it was bound.  actual: the kernel's answer for that memory.
 */
#ifndef HMS_REPORT_RENDER_H
#define HMS_REPORT_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/sites.h"
#include "report/status.h"

/* Where output goes, piece by piece; the writer remembers its own errors. */
struct hms_sink {
	void (*write)(struct hms_sink *sink, const char *bytes, size_t len);
};

/* A function at a frame; several where the compiler put one into another. */
struct hms_named {
	const char *function; /* "": not known */
	const char *file; /* "": not known */
	unsigned line; /* 0: not known */
	bool inlined; /* into the next one */
};
#define HMS_NAMED_MOST 16

struct hms_names {
	unsigned n; /* 0: nothing is known */
	bool changed; /* the file is not the one that ran */
	struct hms_named at[HMS_NAMED_MOST]; /* the innermost first */
};

/* Finds out what is at a return address of sites->modules[module]. */
struct hms_namer {
	/* Fills *out; its texts stay valid until the next call. */
	void (*name)(struct hms_namer *namer, const struct hms_sites *sites,
		unsigned module, uint64_t offset, struct hms_names *out);
};

struct hms_render {
	const struct hms_status *status;
	const struct hms_sites *sites; /* NULL: not counted */
	struct hms_namer *namer; /* NULL: frames are not named */
};

void hms_render_text(const struct hms_render *what, struct hms_sink *sink);
void hms_render_json(const struct hms_render *what, struct hms_sink *sink);

/* render_devices.c: JSON begins with the value of a key, without its key. */
void hms_render_devices_text(const struct hms_status *s, struct hms_sink *sink);
void hms_render_devices_json(const struct hms_status *s, struct hms_sink *sink);
/* What "vendor_refusals" calls one of enum hms_refusal; "": there is none. */
const char *hms_refusal_key(unsigned refusal);

/* Formats and writes at most 1,023 bytes. */
void hms_sink_add(struct hms_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
