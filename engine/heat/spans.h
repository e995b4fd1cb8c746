/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spans of memory that sources watch: sorted, apart, each with the number of
 * its source.  What the range table is now is compared with what is watched,
 * and only the difference is told to sources.
 */
#ifndef HMS_ENGINE_HEAT_SPANS_H
#define HMS_ENGINE_HEAT_SPANS_H

#include <stddef.h>

#include "engine/source/source.h"

#define HMS_SPAN_SOURCE_NONE 0xff

struct hms_span {
	uintptr_t start, end;
	uint8_t memory; /* enum hms_watch_memory */
	uint8_t source; /* number of it, HMS_SPAN_SOURCE_NONE: nobody's */
};

struct hms_spans {
	struct hms_span *now; /* watched */
	struct hms_span *next; /* as the last walk found them */
	struct hms_span *merged; /* for hms_spans_turn() */
	uint32_t nnow, nnext;
	uint32_t most; /* of each */
	uint32_t lost; /* not watched: no room */
};

int hms_spans_start(struct hms_spans *spans, uint32_t most);
void hms_spans_stop(struct hms_spans *spans);
/* For the walk: adds to next, which it joins if it can; ascending. */
void hms_spans_add(struct hms_spans *spans, uintptr_t start, uintptr_t end,
	enum hms_watch_memory memory);

struct hms_spans_told {
	/* Which source is to watch it?  The answer is remembered. */
	uint8_t (*watch)(const struct hms_span *span, void *arg);
	/* span->source watches this no longer. */
	void (*forget)(const struct hms_span *span, void *arg);
	void *arg;
};
/* next becomes now; what both have is not told. */
void hms_spans_turn(struct hms_spans *spans, const struct hms_spans_told *told);

#endif
