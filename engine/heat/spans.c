/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heat/spans.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/heat/heat.h"

static size_t bytes_of(const struct hms_spans *spans)
{
	/* Both lists can be cut by each other. */
	return (size_t)spans->most * sizeof(struct hms_span);
}

int hms_spans_start(struct hms_spans *spans, uint32_t most)
{
	memset(spans, 0, sizeof(*spans));
	spans->most = most;
	spans->now = hms_heat_reserve(bytes_of(spans));
	spans->next = hms_heat_reserve(bytes_of(spans));
	spans->merged = hms_heat_reserve(bytes_of(spans));
	if (spans->now && spans->next && spans->merged)
		return 0;
	hms_spans_stop(spans);
	return -ENOMEM;
}

void hms_spans_stop(struct hms_spans *spans)
{
	struct hms_span *lists[] = { spans->now, spans->next, spans->merged };

	for (int i = 0; i < 3; i++)
		if (lists[i])
			hms_sys_munmap(lists[i], bytes_of(spans));
	memset(spans, 0, sizeof(*spans));
}

/* Adds to a list of n; joined with the last one if that says the same. */
static bool add(struct hms_span *list, uint32_t *n, uint32_t most,
	const struct hms_span *span)
{
	struct hms_span *last = *n ? &list[*n - 1] : NULL;

	if (last && last->end == span->start && last->memory == span->memory &&
		last->source == span->source) {
		last->end = span->end;
		return true;
	}
	if (*n == most)
		return false;
	list[(*n)++] = *span;
	return true;
}

void hms_spans_add(struct hms_spans *spans, uintptr_t start, uintptr_t end,
	enum hms_watch_memory memory)
{
	struct hms_span span = { start, end, (uint8_t)memory,
		HMS_SPAN_SOURCE_NONE };

	if (!add(spans->next, &spans->nnext, spans->most, &span))
		spans->lost++;
}

/* One stretch in which nothing begins or ends. */
struct stretch {
	uintptr_t start, end;
	const struct hms_span *now, *next; /* that cover it, or NULL */
};

/* The next stretch at or above `at` that one of the lists covers. */
static bool next_stretch(const struct hms_spans *spans, uint32_t *i,
	uint32_t *j, uintptr_t at, struct stretch *out)
{
	const struct hms_span *a, *b;

	while (*i < spans->nnow && spans->now[*i].end <= at)
		++*i;
	while (*j < spans->nnext && spans->next[*j].end <= at)
		++*j;
	a = *i < spans->nnow ? &spans->now[*i] : NULL;
	b = *j < spans->nnext ? &spans->next[*j] : NULL;
	if (!a && !b)
		return false;
	out->start = UINTPTR_MAX;
	if (a)
		out->start = a->start;
	if (b && b->start < out->start)
		out->start = b->start;
	if (out->start < at)
		out->start = at;
	out->now = a && a->start <= out->start ? a : NULL;
	out->next = b && b->start <= out->start ? b : NULL;
	out->end = UINTPTR_MAX;
	if (a)
		out->end = out->now ? a->end : a->start;
	if (b && (out->next ? b->end : b->start) < out->end)
		out->end = out->next ? b->end : b->start;
	return true;
}

/* What is watched no longer, before anything new is. */
static void tell_gone(
	struct hms_spans *spans, const struct hms_spans_told *told)
{
	struct stretch s;
	uint32_t i = 0, j = 0;

	for (uintptr_t at = 0; next_stretch(spans, &i, &j, at, &s);
		at = s.end) {
		struct hms_span span = { .start = s.start, .end = s.end };

		if (!s.now || (s.next && s.next->memory == s.now->memory) ||
			s.now->source == HMS_SPAN_SOURCE_NONE)
			continue;
		span.memory = s.now->memory;
		span.source = s.now->source;
		told->forget(&span, told->arg);
	}
}

void hms_spans_turn(struct hms_spans *spans, const struct hms_spans_told *told)
{
	struct hms_span *merged = spans->merged;
	struct stretch s;
	uint32_t i = 0, j = 0, n = 0;

	tell_gone(spans, told);
	for (uintptr_t at = 0; next_stretch(spans, &i, &j, at, &s);
		at = s.end) {
		struct hms_span span = { s.start, s.end, 0,
			HMS_SPAN_SOURCE_NONE };
		bool kept = s.now && s.next && s.now->memory == s.next->memory;

		if (!s.next)
			continue;
		span.memory = s.next->memory;
		span.source =
			kept ? s.now->source : told->watch(&span, told->arg);
		if (!add(merged, &n, spans->most, &span)) {
			if (span.source != HMS_SPAN_SOURCE_NONE)
				told->forget(&span, told->arg);
			spans->lost++;
		}
	}
	spans->merged = spans->now;
	spans->now = merged;
	spans->nnow = n;
}
