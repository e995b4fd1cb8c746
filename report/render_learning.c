/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/render_learning.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/closest.h"
#include "report/render_sites.h"

#define SHOWN_SITES 20

const char *const hms_learning_ends[HMS_LEARNING_ENDS] = { "done", "no room",
	"in use", "not permitted", "gone", "not supported", "other" };
const char *const hms_learning_parts[HMS_LEARNING_PARTS] = { "sources", "heat",
	"planner", "mover" };

const char *hms_learning_state_name(uint32_t state)
{
	static const char *const names[] = { "off", "waits", "runs", "not" };

	return state < 4 ? names[state] : "?";
}

const char *hms_learning_use_name(uint32_t use)
{
	static const char *const names[] = { "not asked", "does not work",
		"spare", "in use" };

	return use < 4 ? names[use] : "?";
}

const char *hms_learning_target(const struct hms_status *s, uint32_t target)
{
	return target < HMS_STATUS_TARGETS && target < s->ntargets
		       ? s->targets[target].text
		       : "";
}

static double seconds(int64_t ns)
{
	return 1e-9 * (double)ns;
}

/* Percent of one core while it ran. */
static double percent(const struct hms_status_learning *l, uint64_t ns)
{
	uint64_t ran =
		l->until_ns > l->since_ns ? l->until_ns - l->since_ns : 0;

	return ran ? 100 * (double)ns / (double)ran : 0;
}

static void head(const struct hms_status_learning *l, struct hms_sink *sink)
{
	char size[16], block[16];
	uint64_t sum = 0;

	hms_sink_add(sink, "\nmemory that moves: %s in %llu blocks of %s\n",
		hms_render_amount(l->bytes, size),
		(unsigned long long)l->blocks,
		hms_render_amount(l->block_bytes, block));
	if (l->unblocked)
		hms_sink_add(sink, "  %llu more were too many to follow\n",
			(unsigned long long)l->unblocked);
	for (int i = 0; i < HMS_LEARNING_PARTS; i++)
		sum += l->cpu_ns[i];
	hms_sink_add(sink,
		"  planner %s, looked %llu times in %.1f s, now "
		"every %llu ms\n",
		l->planner, (unsigned long long)l->ticks,
		seconds((int64_t)(l->until_ns - l->since_ns)),
		(unsigned long long)(l->interval_ns / 1000000));
	hms_sink_add(sink, "  worker  %.2f %% of a core:", percent(l, sum));
	for (int i = 0; i < HMS_LEARNING_PARTS; i++)
		hms_sink_add(sink, "%s %s %.2f", i ? "," : "",
			hms_learning_parts[i], percent(l, l->cpu_ns[i]));
	hms_sink_add(sink, "\n  faults  %llu, %llu of them major\n",
		(unsigned long long)l->faults.minor + l->faults.major,
		(unsigned long long)l->faults.major);
}

static void sources(const struct hms_status_learning *l, struct hms_sink *sink)
{
	hms_sink_add(sink, "\n%-12s %13s %9s %9s %6s\n", "source", "", "sights",
		"accesses", "core %");
	for (uint32_t i = 0; i < l->nsources && i < HMS_LEARNING_SOURCES; i++) {
		const struct hms_learning_source *s = &l->sources[i];

		hms_sink_add(sink, "%-12s %13s", s->name,
			hms_learning_use_name(s->use));
		if (s->use == HMS_LEARNING_USED)
			hms_sink_add(sink, " %9llu %9llu %6.2f\n",
				(unsigned long long)s->sights,
				(unsigned long long)s->events,
				percent(l, s->cpu_ns));
		else
			hms_sink_add(
				sink, "%s%s\n", s->why[0] ? "  " : "", s->why);
	}
}

/* Blocks by rate, four bins to a column: factors of 16. */
static void tiers(const struct hms_status *s, struct hms_sink *sink)
{
	const struct hms_status_learning *l = &s->learning;

	hms_sink_add(sink, "\n%-20s %8s %9s %7s  blocks by accesses/s\n%47s",
		"tier", "blocks", "room", "latency", "");
	hms_sink_add(sink, " %6s %6s %6s %6s %6s %6s %6s\n", "none", "<8",
		"<128", "<2K", "<32K", "<512K", "more");
	for (uint32_t t = 0; t < l->ntiers && t < HMS_LEARNING_TIERS; t++) {
		const struct hms_learning_tier *tier = &l->tiers[t];
		uint32_t sum[6] = { 0 };

		for (unsigned i = 1; i < HMS_LEARNING_RATES; i++)
			sum[i < 5	 ? 0
				: i < 9	 ? 1
				: i < 13 ? 2
				: i < 17 ? 3
				: i < 21 ? 4
					 : 5] += tier->rates[i];
		hms_render_label(
			sink, hms_learning_target(s, tier->target), 20);
		hms_sink_add(sink, " %8llu", (unsigned long long)tier->blocks);
		hms_render_column(sink, tier->room);
		hms_sink_add(sink, " %4u ns", tier->latency_ps / 1000);
		hms_sink_add(sink, " %6u", tier->rates[0]);
		for (int i = 0; i < 6; i++)
			hms_sink_add(sink, " %6u", sum[i]);
		hms_sink_add(sink, "\n");
	}
}

static void moves(const struct hms_status *s, struct hms_sink *sink)
{
	const struct hms_status_learning *l = &s->learning;
	const char *between = "\n  not moved:";
	char size[16];

	hms_sink_add(sink,
		"\nmoves: %llu plans of %llu blocks; %llu moved (%s), %llu "
		"failed, %llu without room or budget",
		(unsigned long long)l->plans, (unsigned long long)l->planned,
		(unsigned long long)l->moved,
		hms_render_amount(l->moved_bytes, size),
		(unsigned long long)l->failed, (unsigned long long)l->refused);
	for (int i = 1; i < HMS_LEARNING_ENDS; i++) {
		if (!l->ends[i])
			continue;
		hms_sink_add(sink, "%s %s %llu", between, hms_learning_ends[i],
			(unsigned long long)l->ends[i]);
		between = ",";
	}
	hms_sink_add(sink, "\n");
	for (unsigned i = 0; i < HMS_LEARNING_TARGETS; i++)
		for (unsigned j = 0; j < HMS_LEARNING_TARGETS; j++) {
			if (!l->from_to[i][j])
				continue;
			hms_sink_add(sink, "  %s -> %s: %s\n",
				hms_learning_target(s, i),
				hms_learning_target(s, j),
				hms_render_amount(l->from_to[i][j], size));
		}
	if (l->strayed_bytes)
		hms_sink_add(sink, "  others moved: %s\n",
			hms_render_amount(l->strayed_bytes, size));
	hms_sink_add(sink,
		"  they promised %.6f s per second; judged: %llu paid, %llu did "
		"not, %.6f s gained\n  price of fast memory: %.3f accesses/s of "
		"a block\n",
		seconds(l->expected_ns), (unsigned long long)l->paid,
		(unsigned long long)l->lost, seconds(l->gained_ns),
		1e-3 * (double)l->price);
}

static void fault_row(struct hms_sink *sink, const char *what, const char *name,
	const struct hms_learning_faults *faults)
{
	if (!faults->minor && !faults->major)
		return;
	hms_sink_add(sink, "  %-6s ", what);
	hms_render_label(sink, name, 27);
	hms_sink_add(sink, " %12llu %8llu\n", (unsigned long long)faults->minor,
		(unsigned long long)faults->major);
}

/* By thread; the kernel's numbers, so all there are. */
static void threads(const struct hms_status_learning *l, struct hms_sink *sink)
{
	hms_sink_add(sink, "\nfaults by thread%*s %12s %8s\n", 20, "", "minor",
		"major");
	for (uint32_t i = 0; i < l->nthreads && i < HMS_LEARNING_THREADS; i++) {
		const struct hms_learning_thread *t = &l->threads[i];

		hms_sink_add(sink, "  %8u  %-15.15s %-8s %12llu %8llu\n",
			t->tid, t->name[0] ? t->name : "?",
			t->ended ? "(ended)" : "",
			(unsigned long long)t->faults.minor,
			(unsigned long long)t->faults.major);
	}
	if (l->other_threads.minor || l->other_threads.major)
		hms_sink_add(sink, "  %-34s %12llu %8llu\n", "(others)",
			(unsigned long long)l->other_threads.minor,
			(unsigned long long)l->other_threads.major);
}

static uint64_t site_faults(const struct hms_sites_row *row)
{
	return row->minor_faults + row->major_faults;
}

/* The site that comes after `after`, by faults. */
static const struct hms_sites_row *next_site(
	const struct hms_sites *sites, const struct hms_sites_row *after)
{
	const struct hms_sites_row *best = NULL;

	for (uint32_t i = 0; i < sites->nsites; i++) {
		const struct hms_sites_row *row = &sites->rows[i];

		if (!site_faults(row) ||
			(after && (site_faults(row) > site_faults(after) ||
					  (site_faults(row) ==
							  site_faults(after) &&
						  row <= after))))
			continue;
		if (!best || site_faults(row) > site_faults(best))
			best = row;
	}
	return best;
}

static void sites(const struct hms_status_learning *l,
	const struct hms_sites *table, struct hms_sink *sink)
{
	const struct hms_sites_row *row = NULL;
	struct hms_learning_faults one;

	for (unsigned i = 0; table && i < SHOWN_SITES; i++) {
		char buf[HMS_SITES_ID];
		struct hms_text id = HMS_TEXT(buf);

		row = next_site(table, row);
		if (!row)
			break;
		if (row == table->rows)
			hms_text_add(&id, "(unknown stacks)");
		else
			hms_sites_id(row->id, row->hint, &id);
		one.minor = row->minor_faults;
		one.major = row->major_faults;
		fault_row(sink, "site", buf, &one);
	}
	if (table)
		fault_row(sink, "", "(no site)", &l->siteless_faults);
}

static void faults(const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *s = what->status;
	const struct hms_status_learning *l = &s->learning;

	threads(l, sink);
	if (!l->faults_seen)
		return;
	hms_sink_add(sink, "\nfaults that were seen%*s %12s %8s\n", 15, "",
		"minor", "major");
	for (uint32_t i = 0; i < s->nrules && i < HMS_LEARNING_RULES; i++)
		fault_row(sink, "rule", s->rules[i].name, &l->rule_faults[i]);
	fault_row(sink, "", "(no rule)", &l->other_faults);
	for (uint32_t i = 0; i < s->ntargets && i < HMS_LEARNING_TARGETS; i++)
		fault_row(sink, "target", s->targets[i].text,
			&l->target_faults[i]);
	sites(l, what->sites, sink);
	if (l->faults_lost)
		hms_sink_add(sink, "  %llu records were lost\n",
			(unsigned long long)l->faults_lost);
}

void hms_render_learning_text(
	const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *status = what->status;
	const struct hms_status_learning *l = &status->learning;

	switch (l->state) {
	case HMS_LEARNING_WAITS:
		hms_sink_add(sink, "\nmemory that moves: too little so far to "
				   "be looked at\n");
		return;
	case HMS_LEARNING_NOT:
		hms_sink_add(sink, "\nmemory that moves: none, %s\n", l->why);
		return;
	case HMS_LEARNING_RUNS:
		head(l, sink);
		sources(l, sink);
		tiers(status, sink);
		moves(status, sink);
		faults(what, sink);
		return;
	default:
		return;
	}
}
