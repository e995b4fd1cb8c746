/* SPDX-License-Identifier: BSD-2-Clause */
/* What the status page says about memory that moves. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/worker/learn.h"
#include "report/status.h"

#define SLICE 4096 /* blocks of which the rate is looked at in a tick */

_Static_assert(HMS_LEARNING_TIERS == HMS_TIERS, "tiers of the page");
_Static_assert(HMS_LEARNING_SOURCES >= HMS_MAX_SOURCES, "sources of the page");
_Static_assert(HMS_LEARNING_PARTS == HMS_LEARN_PARTS, "parts of the page");
_Static_assert(HMS_LEARNING_ENDS == HMS_MOVE_ENDS, "ends of the page");
_Static_assert(HMS_LEARNING_TARGETS == HMS_MOVE_TARGETS, "targets of the page");

static struct hms_status_learning *page(void)
{
	return &hms_status->learning;
}

static void set(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static void set_state(enum hms_learning_state state)
{
	__atomic_store_n(&page()->state, state, __ATOMIC_RELEASE);
}

static void copy(char *to, size_t size, const char *from)
{
	struct hms_text text = { to, size, 0, false };

	hms_text_put(&text, from, strlen(from));
}

static void tell_sources(const struct hms_learn *l)
{
	for (unsigned i = 0; i < l->choices.n; i++) {
		const struct hms_source_choice *row = &l->choices.row[i];
		struct hms_learning_source *to = &page()->sources[i];

		to->use = !row->asked	  ? HMS_LEARNING_UNASKED
			  : !row->works	  ? HMS_LEARNING_UNFIT
			  : l->started[i] ? HMS_LEARNING_USED
					  : HMS_LEARNING_SPARE;
		set(&to->sights, l->source[i].sights);
		set(&to->events, (uint64_t)l->source[i].events);
		set(&to->cpu_ns, l->source[i].ns);
		if (!to->why[0] && row->why[0])
			copy(to->why, sizeof(to->why), row->why);
	}
}

void learn_tell_start(const struct hms_learn *l)
{
	struct hms_status_learning *p = page();

	memset(p, 0, sizeof(*p));
	copy(p->planner, sizeof(p->planner), l->with.planner->name);
	p->ntiers = l->tiers.n;
	p->nsources = l->choices.n;
	p->block_bytes = HMS_HEAT_BLOCK;
	p->since_ns = p->until_ns = l->last;
	p->tid = (uint32_t)hms_sys_gettid();
	for (unsigned t = 0; t < l->tiers.n; t++) {
		p->tiers[t].target = l->tiers.target[t]->index;
		p->tiers[t].latency_ps =
			(uint32_t)(l->tiers.latency[t] * 1e12f);
	}
	for (unsigned i = 0; i < l->choices.n; i++)
		copy(p->sources[i].name, sizeof(p->sources[i].name),
			l->choices.row[i].source->name);
	tell_sources(l);
	set_state(HMS_LEARNING_RUNS);
}

void hms_learn_tell_wait(void)
{
	memset(page(), 0, sizeof(*page()));
	set_state(HMS_LEARNING_WAITS);
}

void hms_learn_tell_not(const char *why)
{
	copy(page()->why, sizeof(page()->why), why);
	set_state(HMS_LEARNING_NOT);
}

/* The bin of a rate: 0 for less than half an access per second. */
static unsigned bin_of(float rate)
{
	unsigned bin = 0;

	for (float top = 0.5f; rate >= top && bin < HMS_LEARNING_RATES - 1;
		top *= 2)
		bin++;
	return bin;
}

/* A slice of the blocks each time; told when all have been counted. */
static void tell_heat(struct hms_learn *l)
{
	uint32_t end = l->histogram_at + SLICE;
	float deviation;

	if (end > l->heat.nblocks)
		end = l->heat.nblocks;
	for (uint32_t i = l->histogram_at; i < end; i++) {
		const struct hms_block *b = &l->heat.blocks[i];

		if (b->flags & HMS_BLOCK_USED)
			l->histogram[b->tier][bin_of(l->with.planner->rate(
				l->state, b, &deviation))]++;
	}
	l->histogram_at = end;
	if (end < l->heat.nblocks)
		return;
	for (unsigned t = 0; t < l->tiers.n; t++)
		memcpy(page()->tiers[t].rates, l->histogram[t],
			sizeof(page()->tiers[t].rates));
	memset(l->histogram, 0, sizeof(l->histogram));
	l->histogram_at = 0;
}

static void tell_moves(const struct hms_learn *l)
{
	struct hms_status_learning *p = page();
	struct hms_mover_stats stats;

	set(&p->plans, l->count.plans);
	set(&p->planned, l->count.planned);
	set(&p->moved, l->count.moved);
	set(&p->failed, l->count.failed);
	set(&p->refused, l->count.refused);
	set(&p->moved_bytes, l->count.bytes);
	set(&p->strayed_bytes, l->count.strayed);
	set(&p->paid, l->count.paid);
	set(&p->lost, l->count.lost);
	set((uint64_t *)&p->expected_ns,
		(uint64_t)(int64_t)(l->count.expected * 1e9));
	set((uint64_t *)&p->gained_ns,
		(uint64_t)(int64_t)(l->count.gained * 1e9));
	set(&p->price, (uint64_t)(l->price * 1000.0f));
	hms_mover_stats(&stats);
	for (unsigned i = 0; i < HMS_LEARNING_ENDS; i++)
		set(&p->ends[i], stats.ends[i]);
	for (unsigned i = 0; i < HMS_LEARNING_TARGETS; i++)
		for (unsigned j = 0; j < HMS_LEARNING_TARGETS; j++)
			set(&p->from_to[i][j], stats.bytes[i][j]);
}

void learn_tell(struct hms_learn *l)
{
	struct hms_status_learning *p = page();

	set(&p->interval_ns, l->interval);
	set(&p->blocks, l->heat.used);
	set(&p->bytes, l->heat.bytes);
	set(&p->unblocked, l->heat.lost);
	set(&p->ticks, l->count.ticks);
	set(&p->walks, l->count.walks);
	set(&p->until_ns, l->now);
	for (int i = 0; i < HMS_LEARN_PARTS; i++)
		set(&p->cpu_ns[i], l->part[i]);
	for (unsigned t = 0; t < l->tiers.n; t++) {
		set(&p->tiers[t].blocks, l->heat.count[t]);
		set(&p->tiers[t].room, l->tiers.room[t]);
	}
	tell_moves(l);
	tell_sources(l);
	tell_heat(l);
	learn_tell_faults(l, false);
}
