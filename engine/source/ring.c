/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/ring_map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/source/spe.h"

/* Longest record that is handed out; samples here are far below. */
#define RECORD_MAX 512

static const char *data_of(const struct hms_ring *ring)
{
	size_t offset = ring->page->data_offset;

	/* Kernels before 4.1 leave it 0. */
	return (const char *)ring->page +
	       (offset ? offset : hms_sys_page_size());
}

static size_t data_size(const struct hms_ring *ring)
{
	size_t size = ring->page->data_size;

	return size ? size : ring->bytes - hms_sys_page_size();
}

/* Bytes [at, at + len) of the ring, around its end if need be. */
static void copy_out(
	const struct hms_ring *ring, uint64_t at, void *to, size_t len)
{
	const char *data = data_of(ring);
	size_t size = data_size(ring), start = at & (size - 1);
	size_t first = len < size - start ? len : size - start;

	memcpy(to, data + start, first);
	memcpy((char *)to + first, data, len - first);
}

static size_t read_ring(
	struct hms_ring *ring, size_t max, hms_ring_fn *fn, void *arg)
{
	uint64_t head, tail = ring->page->data_tail;
	union {
		struct perf_event_header header;
		char bytes[RECORD_MAX];
	} record;
	size_t n = 0;

	/* Pairs with the kernel's barrier before it moves data_head. */
	head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	if (head - tail > data_size(ring))
		tail = head; /* nobody's ring any more */
	while (n < max && head - tail >= sizeof(record.header)) {
		copy_out(ring, tail, &record.header, sizeof(record.header));
		if (record.header.size < sizeof(record.header) ||
			record.header.size > head - tail) {
			tail = head;
			break;
		}
		if (record.header.size <= RECORD_MAX) {
			copy_out(ring, tail, record.bytes, record.header.size);
			fn(&record.header, record.bytes + sizeof(record.header),
				record.header.size - sizeof(record.header),
				ring, arg);
		}
		tail += record.header.size;
		n++;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
	return n;
}

size_t hms_rings_read(
	struct hms_rings *rings, size_t max, hms_ring_fn *fn, void *arg)
{
	struct hms_ring *ring = rings->rings.items;
	size_t n = 0;

	for (size_t i = 0; i < rings->rings.count && n < max; i++)
		if (ring[i].bytes > hms_sys_page_size())
			n += read_ring(&ring[i], max - n, fn, arg);
	return n;
}

/*
 * An AUX area is a ring too, of bytes.  A record that goes around its end is
 * put together apart.
 */
static void read_aux(struct hms_ring *ring,
	void (*fn)(const struct hms_spe_record *record, void *arg), void *arg)
{
	uint64_t head =
		__atomic_load_n(&ring->page->aux_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->aux_tail;
	const uint8_t *bytes = ring->aux;
	uint8_t edge[2 * RECORD_MAX];

	if (head - tail > ring->aux_bytes)
		tail = head;
	while (head != tail) {
		size_t at = tail & (ring->aux_bytes - 1);
		size_t left = ring->aux_bytes - at, used;
		size_t len = head - tail < left ? (size_t)(head - tail) : left;

		used = hms_spe_decode(bytes + at, len, fn, arg);
		if (used == 0 && len == left && head - tail > left) {
			size_t more = (size_t)(head - tail) - left;

			if (left > RECORD_MAX)
				left = RECORD_MAX;
			if (more > RECORD_MAX)
				more = RECORD_MAX;
			memcpy(edge, bytes + at, left);
			memcpy(edge + left, bytes, more);
			used = hms_spe_decode(edge, left + more, fn, arg);
			if (used == 0)
				used = left;
		}
		if (used == 0)
			break;
		tail += used;
	}
	__atomic_store_n(&ring->page->aux_tail, tail, __ATOMIC_RELEASE);
}

void hms_rings_read_aux(struct hms_rings *rings,
	void (*fn)(const struct hms_spe_record *record, void *arg), void *arg)
{
	struct hms_ring *ring = rings->rings.items;

	for (size_t i = 0; i < rings->rings.count; i++)
		if (ring[i].aux)
			read_aux(&ring[i], fn, arg);
}

static void unmap(struct hms_ring *ring)
{
	if (ring->aux)
		hms_sys_munmap(ring->aux, ring->aux_bytes);
	hms_sys_munmap(ring->page, ring->bytes);
}

void hms_rings_close(struct hms_rings *rings)
{
	struct hms_ring *ring = rings->rings.items;

	for (size_t i = 0; i < rings->rings.count; i++)
		unmap(&ring[i]);
	hms_rings_forget(rings);
}

void hms_rings_forget(struct hms_rings *rings)
{
	hms_array_free(&rings->rings);
	memset(rings, 0, sizeof(*rings));
}

int hms_rings_map(struct hms_rings *rings, int fd,
	const struct hms_event *event, int kind)
{
	const size_t page = hms_sys_page_size();
	struct hms_ring *ring = hms_array_insert(
		&rings->rings, rings->rings.count, sizeof(*ring));
	void *p;

	if (!ring)
		return -ENOMEM;
	ring->bytes = (1 + event->pages) * page;
	ring->kind = (uint16_t)kind;
	p = hms_sys_mmap(
		NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (hms_sys_failed(p)) {
		rings->rings.count--;
		return (int)(intptr_t)p;
	}
	ring->page = p;
	if (!event->aux_pages)
		return 0;
	/* Written before it is mapped; see the man page, "aux_offset". */
	ring->page->aux_offset = ring->bytes;
	ring->page->aux_size = event->aux_pages * page;
	p = hms_sys_mmap(NULL, event->aux_pages * page, PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, (off_t)ring->bytes);
	if (hms_sys_failed(p)) {
		unmap(ring);
		rings->rings.count--;
		return (int)(intptr_t)p;
	}
	ring->aux = p;
	ring->aux_bytes = event->aux_pages * page;
	return 0;
}
