/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report, as text for people and as JSON for programs: pure functions of
 * a status page.  They are used at the end of other people's programs, so
 * they allocate nothing, lock nothing, and leave errno alone; and by the
 * tools.  All numbers are bytes unless their name says otherwise.
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
 * bytes: as the program asked.  bound: now, whole pages; first, spilled,
 * refused: how it was bound.  actual: the kernel's answer for that memory.
 */
#ifndef HMS_REPORT_RENDER_H
#define HMS_REPORT_RENDER_H

#include <stddef.h>

#include "report/status.h"

/* Where output goes, piece by piece; the writer remembers its own errors. */
struct hms_sink {
	void (*write)(struct hms_sink *sink, const char *bytes, size_t len);
};

void hms_render_text(const struct hms_status *status, struct hms_sink *sink);
void hms_render_json(const struct hms_status *status, struct hms_sink *sink);

/* Formats and writes at most 1,023 bytes. */
void hms_sink_add(struct hms_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
