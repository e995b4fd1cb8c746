/* SPDX-License-Identifier: BSD-2-Clause */
/* Which source watches which memory. */
#include <string.h>

#include "engine/worker/learn.h"

#include "base/log.h"

static unsigned row_of(
	const struct hms_learn *l, const struct hms_source *source)
{
	unsigned i = 0;

	while (i < l->choices.n && l->choices.row[i].source != source)
		i++;
	return i;
}

/* A source that does not start after all is out, and says why. */
static bool start(struct hms_learn *l, unsigned row)
{
	struct hms_source_choice *choice = &l->choices.row[row];
	int rc;

	if (l->started[row])
		return true;
	rc = choice->source->start();
	if (!rc) {
		l->started[row] = true;
		l->nstarted++;
		return true;
	}
	choice->works = false;
	strncpy(choice->why, strerrordesc_np(-rc), sizeof(choice->why) - 1);
	hms_log(HMS_LOG_INFO, "source %s does not start: %s",
		choice->source->name, choice->why);
	return false;
}

static uint8_t watch(const struct hms_span *span, void *arg)
{
	struct hms_learn *l = arg;
	const struct hms_watch watch = {
		.start = span->start,
		.end = span->end,
		.memory = (enum hms_watch_memory)span->memory,
		/* Files and devices of ours, never what the program shares. */
		.wanted_refault = span->memory == HMS_MEMORY_SHARED ||
				  span->memory == HMS_MEMORY_DEVICE,
	};
	const struct hms_source *source;
	unsigned row;

	while ((source = hms_source_for(&l->choices, &watch))) {
		row = row_of(l, source);
		if (!start(l, row))
			continue;
		return source->watch(&watch) ? HMS_SPAN_SOURCE_NONE
					     : (uint8_t)row;
	}
	return HMS_SPAN_SOURCE_NONE;
}

static void forget(const struct hms_span *span, void *arg)
{
	struct hms_learn *l = arg;

	l->choices.row[span->source].source->forget(span->start, span->end);
}

/* Always on where it works: it watches nothing, it counts faults. */
static void start_touch(struct hms_learn *l)
{
	for (unsigned i = 0; i < l->choices.n; i++)
		if (!strcmp(l->choices.row[i].source->name, "touch") &&
			l->choices.row[i].works)
			start(l, i);
}

void learn_watch(struct hms_learn *l)
{
	const struct hms_spans_told told = { watch, forget, l };

	start_touch(l);
	hms_spans_turn(&l->heat.spans, &told);
}
