/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/report_learning.h"

#include <string.h>

#include "report/render_learning.h"
#include "tools/report_read.h"

static int64_t number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

#define COPY(array, text) report_copy((array), sizeof(array), (text))

/* The row of the page's targets; HMS_STATUS_TARGETS: none of that name. */
static uint32_t find_target(const struct hms_status *page, const char *name)
{
	for (uint32_t i = 0; i < page->ntargets; i++)
		if (!strcmp(page->targets[i].text, name))
			return i;
	return HMS_STATUS_TARGETS;
}

static uint32_t find_word(const char *word, const char *(*name)(uint32_t))
{
	uint32_t i = 0;

	while (i < 3 && strcmp(name(i), word) != 0)
		i++;
	return i;
}

static void read_sources(const json_t *in, struct hms_status_learning *l)
{
	const json_t *row;
	size_t i;

	json_array_foreach(in, i, row)
	{
		struct hms_learning_source *s = &l->sources[i];

		if (i == HMS_LEARNING_SOURCES)
			return;
		COPY(s->name, report_string(row, "name"));
		COPY(s->why, report_string(row, "why"));
		s->use = find_word(
			report_string(row, "use"), hms_learning_use_name);
		s->sights = report_count(row, "sights");
		s->events = report_count(row, "accesses");
		s->cpu_ns = report_count(row, "cpu_ns");
		l->nsources = (uint32_t)i + 1;
	}
}

static void read_tiers(const json_t *in, struct hms_status *page)
{
	struct hms_status_learning *l = &page->learning;
	const json_t *row, *rate;
	size_t i, k;

	json_array_foreach(in, i, row)
	{
		struct hms_learning_tier *t = &l->tiers[i];

		if (i == HMS_LEARNING_TIERS)
			return;
		t->target = find_target(page, report_string(row, "target"));
		t->blocks = report_count(row, "blocks");
		t->room = report_count(row, "room");
		t->latency_ps = (uint32_t)report_count(row, "latency_ps");
		json_array_foreach(json_object_get(row, "rates"), k, rate)
		{
			if (k < HMS_LEARNING_RATES)
				t->rates[k] =
					(uint32_t)json_integer_value(rate);
		}
		l->ntiers = (uint32_t)i + 1;
	}
}

static void read_moves(const json_t *in, struct hms_status *page)
{
	const json_t *row;
	size_t i;

	json_array_foreach(in, i, row)
	{
		uint32_t from = find_target(page, report_string(row, "from"));
		uint32_t to = find_target(page, report_string(row, "to"));

		if (from < HMS_LEARNING_TARGETS && to < HMS_LEARNING_TARGETS)
			page->learning.from_to[from][to] =
				report_count(row, "bytes");
	}
}

static struct hms_learning_faults pair(const json_t *in)
{
	return (struct hms_learning_faults){ report_count(in, "minor"),
		report_count(in, "major") };
}

static void read_faults(const json_t *in, struct hms_status *page)
{
	struct hms_status_learning *l = &page->learning;
	const json_t *all = json_object_get(in, "faults"), *row;
	size_t i;

	l->faults.minor = report_count(all, "minor");
	l->faults.major = report_count(all, "major");
	l->faults_seen = report_count(all, "seen");
	l->faults_lost = report_count(all, "lost");
	json_array_foreach(json_object_get(in, "rule_faults"), i, row)
	{
		for (uint32_t r = 0; r < page->nrules && r < HMS_LEARNING_RULES;
			r++)
			if (!strcmp(page->rules[r].name,
				    report_string(row, "name")))
				l->rule_faults[r] = pair(row);
	}
	json_array_foreach(json_object_get(in, "target_faults"), i, row)
	{
		uint32_t t = find_target(page, report_string(row, "name"));

		if (t < HMS_LEARNING_TARGETS)
			l->target_faults[t] = pair(row);
	}
}

static void read_threads(const json_t *in, struct hms_status_learning *l)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(in, "thread_faults"), i, row)
	{
		struct hms_learning_thread *t = &l->threads[i];

		if (i == HMS_LEARNING_THREADS)
			break;
		t->tid = (uint32_t)report_count(row, "tid");
		t->ended = json_is_true(json_object_get(row, "ended"));
		COPY(t->name, report_string(row, "name"));
		t->faults = pair(row);
		l->nthreads = (uint32_t)i + 1;
	}
	l->other_faults = pair(json_object_get(in, "ruleless_faults"));
	l->siteless_faults = pair(json_object_get(in, "siteless_faults"));
	l->other_threads = pair(json_object_get(in, "other_threads_faults"));
}

static void read_counts(const json_t *in, struct hms_status_learning *l)
{
	const json_t *ends = json_object_get(in, "ends");
	const json_t *cpu = json_object_get(in, "cpu_ns");

	l->blocks = report_count(in, "blocks");
	l->block_bytes = report_count(in, "block_bytes");
	l->bytes = report_count(in, "bytes");
	l->unblocked = report_count(in, "unblocked");
	l->ticks = report_count(in, "ticks");
	l->walks = report_count(in, "walks");
	l->interval_ns = report_count(in, "interval_ns");
	l->until_ns = report_count(in, "ran_ns");
	l->plans = report_count(in, "plans");
	l->planned = report_count(in, "planned");
	l->moved = report_count(in, "moved");
	l->moved_bytes = report_count(in, "moved_bytes");
	l->strayed_bytes = report_count(in, "strayed_bytes");
	l->failed = report_count(in, "failed");
	l->refused = report_count(in, "refused");
	l->paid = report_count(in, "paid");
	l->lost = report_count(in, "lost");
	l->expected_ns = number(in, "promised_ns_per_s");
	l->gained_ns = number(in, "gained_ns");
	l->price = report_count(in, "price_per_1000s");
	for (int i = 0; i < HMS_LEARNING_ENDS; i++)
		l->ends[i] = report_count(ends, hms_learning_ends[i]);
	for (int i = 0; i < HMS_LEARNING_PARTS; i++)
		l->cpu_ns[i] = report_count(cpu, hms_learning_parts[i]);
}

void tool_report_learning(const json_t *in, struct hms_status *page)
{
	struct hms_status_learning *l = &page->learning;

	if (!json_is_object(in))
		return;
	l->state =
		find_word(report_string(in, "state"), hms_learning_state_name);
	COPY(l->why, report_string(in, "why"));
	COPY(l->planner, report_string(in, "planner"));
	read_counts(in, l);
	read_sources(json_object_get(in, "sources"), l);
	read_tiers(json_object_get(in, "tiers"), page);
	read_moves(json_object_get(in, "moves"), page);
	read_faults(in, page);
	read_threads(in, l);
}
