/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of cells, open addressing, by pointer.  A cell's key is set last and
 * taken first; its sequence number is odd while it changes, so that a reader
 * sees a whole record or tries again.  A full table is copied into one of
 * twice the size; readers may go on in the old one, which knows all that was
 * there when they began.
 *
 * Beside it, what may be asked for by any address inside is in an array sorted
 * by start, under the lock.
 */
#include "shims/track.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/sys.h"

#define FIRST_CELLS 1024 /* 128 KiB, of which what is used costs memory */
#define EMPTY 0
#define GONE 1 /* no pointer is odd */

struct cell {
	atomic_uintptr_t key;
	atomic_uint sequence;
	struct hms_tracked what;
} __attribute__((aligned(64)));

struct table {
	struct table *before; /* half the size */
	size_t ncells; /* a power of two */
	size_t used; /* not EMPTY; under the lock */
	struct cell cells[];
};

/* A span of the sorted array. */
struct span {
	uintptr_t start, end;
	enum hms_family vendor;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct table *_Atomic table;
static atomic_size_t count;
static struct span *spans;
static size_t nspans, most_spans;

static void enter(void)
{
	hms_guard_enter();
	pthread_mutex_lock(&lock);
}

static void leave(void)
{
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
}

static void *map(size_t bytes)
{
	void *p = hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return hms_sys_failed(p) ? NULL : p;
}

/* Vendors hand out multiples of 256 and more. */
static size_t first_cell(const struct table *t, uintptr_t key)
{
	return (size_t)(((key >> 4) * UINT64_C(0x9e3779b97f4a7c15)) >> 20) &
	       (t->ncells - 1);
}

static struct cell *find_in(struct table *t, uintptr_t key)
{
	size_t at = first_cell(t, key);

	for (size_t n = 0; n < t->ncells; n++) {
		struct cell *cell = &t->cells[(at + n) & (t->ncells - 1)];
		uintptr_t there =
			atomic_load_explicit(&cell->key, memory_order_acquire);

		if (there == key)
			return cell;
		if (there == EMPTY)
			return NULL;
	}
	return NULL;
}

static struct cell *find(uintptr_t key)
{
	struct table *t = atomic_load_explicit(&table, memory_order_acquire);

	return t && key > GONE ? find_in(t, key) : NULL;
}

/* Under the lock, into a table that has room. */
static void put(struct table *t, const struct hms_tracked *what)
{
	size_t at = first_cell(t, what->start);
	struct cell *cell;

	for (;; at++) {
		uintptr_t there;

		cell = &t->cells[at & (t->ncells - 1)];
		there = atomic_load_explicit(&cell->key, memory_order_relaxed);
		if (there == EMPTY)
			t->used++;
		if (there == EMPTY || there == GONE)
			break;
	}
	atomic_fetch_add_explicit(&cell->sequence, 1, memory_order_acq_rel);
	cell->what = *what;
	atomic_fetch_add_explicit(&cell->sequence, 1, memory_order_release);
	atomic_store_explicit(&cell->key, what->start, memory_order_release);
}

/* Room for one more, at most three quarters full; NULL: no memory. */
static struct table *grow(void)
{
	struct table *t = atomic_load_explicit(&table, memory_order_relaxed);
	struct table *bigger;
	size_t ncells = FIRST_CELLS;

	if (t && t->used < t->ncells / 4 * 3)
		return t;
	/* Mostly cells of what is gone: the same size will do. */
	if (t)
		ncells = atomic_load(&count) > t->ncells / 4 ? 2 * t->ncells
							     : t->ncells;
	bigger = map(sizeof(*bigger) + ncells * sizeof(struct cell));
	if (!bigger)
		return t && t->used < t->ncells - 1 ? t : NULL;
	bigger->before = t;
	bigger->ncells = ncells;
	for (size_t i = 0; t && i < t->ncells; i++)
		if (atomic_load_explicit(
			    &t->cells[i].key, memory_order_relaxed) > GONE)
			put(bigger, &t->cells[i].what);
	atomic_store_explicit(&table, bigger, memory_order_release);
	return bigger;
}

static bool has_span(const struct hms_tracked *what)
{
	return what->kind == HMS_TRACKED_MANAGED ||
	       what->kind == HMS_TRACKED_PEER || what->kind == HMS_TRACKED_HOST;
}

/* The first span that ends after address. */
static size_t span_at(uintptr_t address)
{
	size_t low = 0, high = nspans;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (spans[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_span(const struct hms_tracked *what)
{
	const struct span span = { what->start, what->start + what->size,
		what->vendor };
	size_t at;

	if (nspans == most_spans) {
		size_t more = most_spans ? 2 * most_spans : 512;
		struct span *bigger = map(more * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		if (nspans)
			memcpy(bigger, spans, nspans * sizeof(*spans));
		if (spans)
			hms_sys_munmap(spans, most_spans * sizeof(*spans));
		spans = bigger;
		most_spans = more;
	}
	at = span_at(span.start);
	memmove(&spans[at + 1], &spans[at], (nspans - at) * sizeof(*spans));
	spans[at] = span;
	nspans++;
	return 0;
}

static void drop_span(const struct hms_tracked *what)
{
	size_t at = span_at(what->start);

	if (at == nspans || spans[at].start != what->start)
		return;
	nspans--;
	memmove(&spans[at], &spans[at + 1], (nspans - at) * sizeof(*spans));
}

int hms_track_add(const struct hms_tracked *what)
{
	struct table *t;
	int rc = 0;

	if (what->start <= GONE)
		return -EINVAL;
	enter();
	t = grow();
	if (!t)
		rc = -ENOMEM;
	else if (has_span(what))
		rc = add_span(what);
	if (!rc) {
		put(t, what);
		atomic_fetch_add(&count, 1);
	}
	leave();
	return rc;
}

/* A whole record of that key, or false if it went meanwhile. */
static bool copy(struct cell *cell, uintptr_t key, struct hms_tracked *out)
{
	bool there;

	for (int tries = 0; tries < 1000; tries++) {
		unsigned before = atomic_load_explicit(
			&cell->sequence, memory_order_acquire);

		*out = cell->what;
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&cell->key, memory_order_relaxed) !=
			key)
			return false;
		if (!(before & 1) && atomic_load_explicit(&cell->sequence,
					     memory_order_relaxed) == before)
			return true;
	}
	/* Who changes it was stopped in the middle: it has the lock. */
	enter();
	there = atomic_load_explicit(&cell->key, memory_order_relaxed) == key;
	if (there)
		*out = cell->what;
	leave();
	return there;
}

bool hms_track_find(
	enum hms_family vendor, uintptr_t start, struct hms_tracked *out)
{
	struct cell *cell = find(start);

	return cell && copy(cell, start, out) && out->vendor == vendor;
}

/*
 * A cell that is gone, before an empty one, is the end of no chain: it is empty
 * too, and so are those before it.  Else a table would fill with what was.
 */
static void tidy(struct table *t, struct cell *cell)
{
	const size_t mask = t->ncells - 1;
	size_t at = (size_t)(cell - t->cells);

	while (atomic_load_explicit(&t->cells[at].key, memory_order_relaxed) ==
			GONE &&
		atomic_load_explicit(&t->cells[(at + 1) & mask].key,
			memory_order_relaxed) == EMPTY) {
		atomic_store_explicit(
			&t->cells[at].key, EMPTY, memory_order_release);
		t->used--;
		at = (at - 1) & mask;
	}
}

/* Under the lock. */
static void take_out(
	struct table *t, struct cell *cell, struct hms_tracked *out)
{
	*out = cell->what;
	atomic_store_explicit(&cell->key, GONE, memory_order_release);
	tidy(t, cell);
	if (has_span(out))
		drop_span(out);
	atomic_fetch_sub(&count, 1);
}

bool hms_track_take_next(enum hms_family vendor,
	bool (*fn)(const struct hms_tracked *what, void *arg), void *arg,
	size_t *from, struct hms_tracked *out)
{
	struct table *t;
	bool found = false;

	enter();
	t = atomic_load_explicit(&table, memory_order_relaxed);
	for (; t && *from < t->ncells && !found; ++*from) {
		struct cell *cell = &t->cells[*from];

		found = atomic_load_explicit(&cell->key, memory_order_relaxed) >
				GONE &&
			cell->what.vendor == vendor && fn(&cell->what, arg);
		if (found)
			take_out(t, cell, out);
	}
	leave();
	return found;
}

bool hms_track_take(
	enum hms_family vendor, uintptr_t start, struct hms_tracked *out)
{
	struct cell *cell;
	bool found;

	/* Most pointers of most programs are not in here. */
	if (!find(start))
		return false;
	enter();
	cell = find(start);
	found = cell && cell->what.vendor == vendor;
	if (found)
		take_out(atomic_load_explicit(&table, memory_order_relaxed),
			cell, out);
	leave();
	return found;
}

bool hms_track_within(
	enum hms_family vendor, uintptr_t address, struct hms_tracked *out)
{
	struct cell *cell = NULL;
	size_t at;

	if (hms_track_find(vendor, address, out))
		return true;
	if (!hms_track_count())
		return false;
	enter();
	at = span_at(address);
	if (at < nspans && spans[at].start <= address &&
		spans[at].vendor == vendor)
		cell = find(spans[at].start);
	if (cell)
		*out = cell->what;
	leave();
	return cell != NULL;
}

void hms_track_hint(enum hms_family vendor, uintptr_t start, uintptr_t end)
{
	if (!hms_track_count())
		return;
	enter();
	for (size_t at = span_at(start); at < nspans && spans[at].start < end;
		at++) {
		struct cell *cell = find(spans[at].start);

		if (!cell || spans[at].vendor != vendor)
			continue;
		atomic_fetch_add_explicit(
			&cell->sequence, 1, memory_order_acq_rel);
		cell->what.hinted = 1;
		atomic_fetch_add_explicit(
			&cell->sequence, 1, memory_order_release);
	}
	leave();
}

bool hms_track_moved(enum hms_family vendor, uintptr_t start, int from, int to)
{
	struct cell *cell;
	bool found;

	enter();
	cell = find(start);
	found = cell && cell->what.vendor == vendor &&
		cell->what.device == from;
	if (found) {
		atomic_fetch_add_explicit(
			&cell->sequence, 1, memory_order_acq_rel);
		cell->what.device = to;
		atomic_fetch_add_explicit(
			&cell->sequence, 1, memory_order_release);
	}
	leave();
	return found;
}

void hms_track_each(enum hms_family vendor,
	void (*fn)(const struct hms_tracked *what, void *arg), void *arg)
{
	struct hms_tracked what;
	uintptr_t from = 0;
	bool found;

	do {
		struct cell *cell = NULL;

		found = false;
		enter();
		for (size_t at = span_at(from); at < nspans && !found; at++) {
			from = spans[at].end;
			cell = find(spans[at].start);
			found = cell && spans[at].vendor == vendor;
		}
		if (found)
			what = cell->what;
		leave();
		if (found)
			fn(&what, arg);
	} while (found);
}

size_t hms_track_count(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

void hms_track_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void hms_track_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}
