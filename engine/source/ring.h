/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings of perf_event_open(2): events of all threads, those to come included,
 * read without blocking.
 *
 * One ring per CPU and thread that is here already: the kernel wants that of
 * events that threads inherit.  No descriptor is kept: a mapping keeps its
 * event alive, and no program can close it.  Children of fork do not have the
 * mappings (the kernel's VM_DONTCOPY).
 *
 * For the worker thread only, whose own events are left out.
 * Source: perf_event_open(2), the kernel's include/uapi/linux/perf_event.h.
 */
#ifndef HMS_ENGINE_SOURCE_RING_H
#define HMS_ENGINE_SOURCE_RING_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

struct hms_spe_record;

struct hms_ring {
	struct perf_event_mmap_page *page; /* and the data behind it */
	size_t bytes; /* of the mapping */
	uint16_t kind; /* index of its event */
	void *aux; /* NULL: none */
	size_t aux_bytes;
};

/* What to open everywhere. */
struct hms_event {
	struct perf_event_attr attr;
	size_t pages; /* of data, a power of two; 0: only counts, leads a group
		       */
	size_t aux_pages; /* for traces, a power of two */
	bool grouped; /* follows the one before, which counts */
	bool optional; /* no error where the PMU is not of that CPU */
};

struct hms_rings {
	struct hms_array rings; /* struct hms_ring */
	unsigned threads_unseen; /* older ones that nothing was opened for */
};

/*
 * A record.  body: what follows the header, len bytes, in one piece; kind:
 * index of the event whose ring it came from.
 */
typedef void hms_ring_fn(const struct perf_event_header *header,
	const void *body, size_t len, const struct hms_ring *ring, void *arg);

/*
 * Opens n events for every thread but this one.  sample_period and the rest
 * are the attr's; inherit is set here.  0, or -errno of the last that failed
 * if not a single ring could be had.
 */
int hms_rings_open(
	struct hms_rings *rings, const struct hms_event *events, unsigned n);
/* Of the calling thread alone, whatever CPU it runs on; for probes. */
int hms_rings_open_self(
	struct hms_rings *rings, const struct hms_event *events, unsigned n);
void hms_rings_close(struct hms_rings *rings);
/* In a child: the mappings are not there, only the list of them is. */
void hms_rings_forget(struct hms_rings *rings);
/* Hands out at most max records; returns how many there were. */
size_t hms_rings_read(
	struct hms_rings *rings, size_t max, hms_ring_fn *fn, void *arg);

/* Decodes what AUX areas hold of Arm SPE, and gives the room back. */
void hms_rings_read_aux(struct hms_rings *rings,
	void (*fn)(const struct hms_spe_record *record, void *arg), void *arg);

/* Words for why perf_event_open(2) failed; "" fits none. */
const char *hms_perf_why(int error, char *buf, size_t size);
/* /proc/sys/kernel/perf_event_paranoid; INT_MIN if it cannot be read. */
int hms_perf_paranoid(void);

#endif
