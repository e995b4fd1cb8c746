/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/guard.h"
#include "base/sys.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "engine/range.h"
#include "engine/site/walk.h"
#include "engine/target/device.h"
#include "report/status.h"

#define GAP UINT64_C(20000000) /* ns between two looks, at least */
#define SHARE 100 /* at most one part of so many of the time */
#define WAIT UINT64_C(1000000) /* ns, for another thread that looks */
#define WAITS 1000

/*
 * Added up here and then stored at once, so that readers of the page never
 * see half of it.  Whoever holds `busy` owns all of this.
 */
static struct {
	/* Who, by pid and tid, so that no child waits for its parent's. */
	_Atomic uint64_t busy;
	uint64_t not_before; /* CLOCK_MONOTONIC, ns */
	struct {
		uint64_t node[64], file, absent;
	} rule[HMS_STATUS_RULES];
	struct {
		uint64_t actual, elsewhere, absent;
	} target[HMS_STATUS_TARGETS];
	uint32_t nspans;
	struct hms_range pending; /* neighbours are asked about at once */
} sum;

/* Nodes from 63 on are one, as in struct hms_residency. */
static bool is_on(const struct hms_target *target, unsigned node)
{
	const unsigned bits = 8 * sizeof(target->nodes[0]);

	if (target->local)
		return true;
	if (node < 63)
		return target->nodes[node / bits] >> node % bits & 1;
	for (unsigned n = 63; n < HMS_MAX_NODES; n++)
		if (target->nodes[n / bits] >> n % bits & 1)
			return true;
	return false;
}

static void count_one(
	const struct hms_target *target, const struct hms_residency *where)
{
	uint64_t on = 0, off = 0;

	if (target->index >= HMS_STATUS_TARGETS)
		return;
	for (unsigned n = 0; n < 64; n++) {
		if (!target->ops->maps && is_on(target, n))
			on += where->node[n];
		else
			off += where->node[n];
	}
	if (target->ops->maps)
		on += where->file;
	else
		off += where->file;
	sum.target[target->index].actual += on;
	sum.target[target->index].elsewhere += off;
	sum.target[target->index].absent += where->absent;
}

/* Memory that several targets share: each has what is on its nodes. */
static void count_shared(
	const struct hms_range *range, const struct hms_residency *where)
{
	const struct hms_step *step = &range->place->steps[range->step];
	const struct hms_piece piece = { range->start, range->end,
		range->target, range->step };
	size_t len = range->end - range->start;
	struct hms_residency left = *where, part;

	for (unsigned t = 0; t < step->ntargets; t++) {
		const struct hms_target *target = step->targets[t];
		size_t share = hms_piece_share(range->place, &piece, t);

		memset(&part, 0, sizeof(part));
		for (unsigned n = 0; n < 64; n++) {
			if (!is_on(target, n))
				continue;
			part.node[n] = left.node[n];
			left.node[n] = 0;
		}
		/* Where nothing is yet, nobody can tell; by its share. */
		part.absent = (size_t)((double)where->absent *
				       ((double)share / (double)len));
		count_one(target, &part);
	}
	left.absent = 0;
	if (step->ntargets)
		count_one(step->targets[0], &left);
}

/* For whoever looks at the process from outside: tools/live.c. */
static void note_span(const struct hms_range *range, int rule)
{
	struct hms_status_span *span;

	if (rule < 0)
		return;
	if (sum.nspans++ >= HMS_STATUS_SPANS)
		return;
	span = &hms_status->spans[sum.nspans - 1];
	*span = (struct hms_status_span){ .start = range->start,
		.end = range->end,
		.rule = (uint32_t)rule,
		.target = HMS_STATUS_TARGETS };
	if (range->target && range->target->index < HMS_STATUS_TARGETS)
		span->target = (uint16_t)range->target->index;
	span->file = range->target && range->target->ops->maps;
}

static void count_pending(void)
{
	const struct hms_range *range = &sum.pending;
	struct hms_residency where = { .file = 0 };
	int rule = range->rule < HMS_STATUS_RULES ? range->rule
						  : HMS_STATUS_RULES - 1;

	if (range->end == range->start ||
		hms_residency((void *)range->start, range->end - range->start,
			range->place->maps, &where))
		return;
	if (rule >= 0) {
		for (unsigned n = 0; n < 64; n++)
			sum.rule[rule].node[n] += where.node[n];
		sum.rule[rule].file += where.file;
		sum.rule[rule].absent += where.absent;
	}
	note_span(range, rule);
	if (range->target)
		count_one(range->target, &where);
	else if (range->step >= 0)
		count_shared(range, &where);
}

static void visit(const struct hms_range *range, void *arg)
{
	struct hms_range *pending = &sum.pending;

	if (range->reserve)
		return;
	if (range->start == pending->end && range->rule == pending->rule &&
		range->target == pending->target && range->target &&
		range->step == pending->step) {
		pending->end = range->end;
		return;
	}
	count_pending();
	*pending = *range;
}

static void store(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/*
 * Of devices and managed memory the kernel knows no pages: they are where their
 * driver handed them out.
 */
static bool is_drivers(uint32_t t)
{
	const struct hms_places *places = hms_engine.places;

	return places && t < places->ntargets &&
	       (hms_target_device_id(places->targets[t]) ||
		       hms_target_managed_in(places->targets[t]));
}

static void publish(void)
{
	struct hms_status *s = hms_status;

	for (uint32_t r = 0; r < s->nrules; r++) {
		for (unsigned n = 0; n < 64; n++)
			store(&s->rules[r].actual_node[n], sum.rule[r].node[n]);
		store(&s->rules[r].actual_file, sum.rule[r].file);
		store(&s->rules[r].actual_absent, sum.rule[r].absent);
	}
	for (uint32_t t = 0; t < s->ntargets; t++) {
		store(&s->targets[t].actual,
			is_drivers(t) ? __atomic_load_n(&s->targets[t].bound,
						__ATOMIC_RELAXED)
				      : sum.target[t].actual);
		store(&s->targets[t].elsewhere, sum.target[t].elsewhere);
		store(&s->targets[t].absent, sum.target[t].absent);
	}
	__atomic_store_n(&s->nspans, sum.nspans, __ATOMIC_RELAXED);
	store(&s->updated_ns, hms_sys_clock(CLOCK_REALTIME));
}

/* Only what is known of callers can be missed there. */
static void publish_patterns(void)
{
	const struct hms_policy *policy = hms_engine.policy;
	uint64_t met;

	if (!policy || !hms_sites_known(&met))
		return;
	store(&hms_status->patterns_met, met);
	__atomic_store_n(
		&hms_status->npatterns, policy->npatterns, __ATOMIC_RELAXED);
}

/*
 * wait: for another thread that is at it, but not for ever: it may want a lock
 * that this one has.  Never for this one, which a signal ended in the middle.
 */
static bool take(bool wait)
{
	const uint64_t pid = (uint64_t)hms_sys_getpid() << 32;
	const uint64_t self = pid | (uint32_t)hms_sys_gettid();
	uint32_t word = 0;

	for (unsigned turn = 0;; turn++) {
		uint64_t holder = 0;

		if (atomic_compare_exchange_strong(&sum.busy, &holder, self))
			return true;
		if (holder >> 32 != pid >> 32 &&
			atomic_compare_exchange_strong(
				&sum.busy, &holder, self))
			return true;
		if (!wait || holder == self || turn == WAITS)
			return false;
		hms_sys_futex_wait(&word, 0, WAIT);
	}
}

static void count_faults(void)
{
	uint64_t minor, major;

	if (hms_sys_faults(&minor, &major))
		return;
	store(&hms_status->minor_faults, minor);
	store(&hms_status->major_faults, major);
}

void hms_report_refresh(bool force)
{
	uint64_t begin, cost;

	if (!hms_counting)
		return;
	begin = hms_sys_clock(CLOCK_MONOTONIC);
	if (!force &&
		begin < __atomic_load_n(&sum.not_before, __ATOMIC_RELAXED))
		return;
	if (!take(force))
		return;
	memset(sum.rule, 0, hms_status->nrules * sizeof(sum.rule[0]));
	memset(sum.target, 0, hms_status->ntargets * sizeof(sum.target[0]));
	sum.nspans = 0;
	memset(&sum.pending, 0, sizeof(sum.pending));
	hms_range_each(visit, NULL);
	count_pending();
	publish();
	publish_patterns();
	count_faults();
	cost = hms_sys_clock(CLOCK_MONOTONIC) - begin;
	store(&sum.not_before,
		begin + (cost * SHARE > GAP ? cost * SHARE : GAP));
	atomic_store(&sum.busy, 0);
}

void hms_status_tick(void)
{
	hms_guard_enter();
	hms_report_refresh(false);
	hms_guard_leave();
}
