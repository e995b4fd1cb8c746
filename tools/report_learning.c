/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/report_learning.h"

#include <string.h>

#include "base/text.h"
#include "report/render_learning.h"

static int64_t number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

static uint64_t count(const json_t *in, const char *key)
{
	int64_t n = number(in, key);

	return n > 0 ? (uint64_t)n : 0;
}

static const char *string(const json_t *in, const char *key)
{
	const char *text = json_string_value(json_object_get(in, key));

	return text ? text : "";
}

static void copy(char *to, size_t size, const char *text)
{
	struct hms_text out = { to, size, 0, false };

	hms_text_put(&out, text, strlen(text));
}
#define COPY(array, text) copy((array), sizeof(array), (text))

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
		COPY(s->name, string(row, "name"));
		COPY(s->why, string(row, "why"));
		s->use = find_word(string(row, "use"), hms_learning_use_name);
		s->sights = count(row, "sights");
		s->events = count(row, "accesses");
		s->cpu_ns = count(row, "cpu_ns");
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
		t->target = find_target(page, string(row, "target"));
		t->blocks = count(row, "blocks");
		t->room = count(row, "room");
		t->latency_ps = (uint32_t)count(row, "latency_ps");
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
		uint32_t from = find_target(page, string(row, "from"));
		uint32_t to = find_target(page, string(row, "to"));

		if (from < HMS_LEARNING_TARGETS && to < HMS_LEARNING_TARGETS)
			page->learning.from_to[from][to] = count(row, "bytes");
	}
}

static struct hms_learning_faults pair(const json_t *in)
{
	return (struct hms_learning_faults){ count(in, "minor"),
		count(in, "major") };
}

static void read_faults(const json_t *in, struct hms_status *page)
{
	struct hms_status_learning *l = &page->learning;
	const json_t *all = json_object_get(in, "faults"), *row;
	size_t i;

	l->faults.minor = count(all, "minor");
	l->faults.major = count(all, "major");
	l->faults_seen = count(all, "seen");
	l->faults_lost = count(all, "lost");
	json_array_foreach(json_object_get(in, "rule_faults"), i, row)
	{
		for (uint32_t r = 0; r < page->nrules && r < HMS_LEARNING_RULES;
			r++)
			if (!strcmp(page->rules[r].name, string(row, "name")))
				l->rule_faults[r] = pair(row);
	}
	json_array_foreach(json_object_get(in, "target_faults"), i, row)
	{
		uint32_t t = find_target(page, string(row, "name"));

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
		t->tid = (uint32_t)count(row, "tid");
		t->ended = json_is_true(json_object_get(row, "ended"));
		COPY(t->name, string(row, "name"));
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

	l->blocks = count(in, "blocks");
	l->block_bytes = count(in, "block_bytes");
	l->bytes = count(in, "bytes");
	l->unblocked = count(in, "unblocked");
	l->ticks = count(in, "ticks");
	l->walks = count(in, "walks");
	l->interval_ns = count(in, "interval_ns");
	l->until_ns = count(in, "ran_ns");
	l->plans = count(in, "plans");
	l->planned = count(in, "planned");
	l->moved = count(in, "moved");
	l->moved_bytes = count(in, "moved_bytes");
	l->strayed_bytes = count(in, "strayed_bytes");
	l->failed = count(in, "failed");
	l->refused = count(in, "refused");
	l->paid = count(in, "paid");
	l->lost = count(in, "lost");
	l->expected_ns = number(in, "promised_ns_per_s");
	l->gained_ns = number(in, "gained_ns");
	l->price = count(in, "price_per_1000s");
	for (int i = 0; i < HMS_LEARNING_ENDS; i++)
		l->ends[i] = count(ends, hms_learning_ends[i]);
	for (int i = 0; i < HMS_LEARNING_PARTS; i++)
		l->cpu_ns[i] = count(cpu, hms_learning_parts[i]);
}

void tool_report_learning(const json_t *in, struct hms_status *page)
{
	struct hms_status_learning *l = &page->learning;

	if (!json_is_object(in))
		return;
	l->state = find_word(string(in, "state"), hms_learning_state_name);
	COPY(l->why, string(in, "why"));
	COPY(l->planner, string(in, "planner"));
	read_counts(in, l);
	read_sources(json_object_get(in, "sources"), l);
	read_tiers(json_object_get(in, "tiers"), page);
	read_moves(json_object_get(in, "moves"), page);
	read_faults(in, page);
	read_threads(in, l);
}
