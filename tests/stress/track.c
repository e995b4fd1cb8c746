/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that hand out, look up and take pointers, the table growing under
 * them.  Each pointer says what its record must be.
 *
 * Would catch: a reader that sees half a record, or one of an earlier pointer;
 * a pointer taken twice, or lost when the table grows; a span that outlives
 * its memory; a table that grows with every pointer that ever was.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "shims/track.h"

#define THREADS 4
#define LIVE 2000 /* pointers of a thread at a time */
#define ROUNDS 60000

static unsigned wrong;
static size_t begun;

static struct hms_tracked record(uintptr_t start)
{
	return (struct hms_tracked){
		.start = start,
		.size = start >> 12 & 0xffff,
		.vendor = HMS_FAMILY_CUDA,
		.kind = start >> 8 & 1 ? HMS_TRACKED_OWN : HMS_TRACKED_MANAGED,
		.device = (int)(start >> 20 & 0xff),
		.rule = (int)(start >> 16 & 0xff),
		.context = (void *)(start ^ 0x5555),
	};
}

static void check(const struct hms_tracked *got, uintptr_t start)
{
	const struct hms_tracked want = record(start);

	if (got->start != want.start || got->size != want.size ||
		got->kind != want.kind || got->device != want.device ||
		got->rule != want.rule || got->context != want.context)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

/* Spans of managed ones do not overlap: 16 MiB apart, of at most 64 KiB. */
static uintptr_t pointer(unsigned thread, unsigned n, unsigned turn)
{
	return ((uintptr_t)(thread * LIVE + n + 1) << 24) + (turn % 97 << 8);
}

static void *work(void *arg)
{
	const unsigned thread = (unsigned)(uintptr_t)arg;
	static __thread unsigned turns[LIVE];
	unsigned seed = thread + 1;
	struct hms_tracked got;

	for (int i = 0; i < ROUNDS; i++) {
		const unsigned n = (unsigned)rand_r(&seed) % LIVE;
		const uintptr_t now = pointer(thread, n, turns[n]);
		/* Of another thread: there or not, but never half. */
		const uintptr_t other =
			pointer((unsigned)rand_r(&seed) % THREADS, n, turns[n]);

		if (hms_track_find(HMS_FAMILY_CUDA, other, &got))
			check(&got, other);
		if (turns[n] & 1) {
			if (!hms_track_take(HMS_FAMILY_CUDA, now, &got) ||
				hms_track_take(HMS_FAMILY_CUDA, now, &got))
				__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
			else
				check(&got, now);
			turns[n]++;
			continue;
		}
		turns[n]++;
		got = record(pointer(thread, n, turns[n]));
		if (hms_track_add(&got))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		if (got.kind == HMS_TRACKED_MANAGED && got.size &&
			!hms_track_within(HMS_FAMILY_CUDA,
				got.start + got.size - 1, &got))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
	for (unsigned n = 0; n < LIVE; n++)
		if (turns[n] & 1)
			hms_track_take(HMS_FAMILY_CUDA,
				pointer(thread, n, turns[n]), &got);
	return NULL;
}

static void count(const struct hms_tracked *what, void *arg)
{
	(void)what;
	++*(size_t *)arg;
}

/* Address space of this process, bytes; proc(5), statm. */
static size_t mapped(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	if (!file || fscanf(file, "%zu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * 4096;
}

/* Ever new pointers, ten at a time: more than the table has cells, often. */
static size_t churn(void)
{
	const size_t before = mapped();
	struct hms_tracked got;

	for (uintptr_t i = 1; i <= 300000; i++) {
		got = record(i << 20);
		hms_track_add(&got);
		if (i > 10)
			hms_track_take(HMS_FAMILY_CUDA, (i - 10) << 20, &got);
	}
	for (uintptr_t i = 300000 - 9; i <= 300000; i++)
		hms_track_take(HMS_FAMILY_CUDA, i << 20, &got);
	return mapped() - before;
}

int main(void)
{
	pthread_t threads[THREADS];
	size_t left = 0, grown = churn();

	begun = hms_track_count();
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	hms_track_each(HMS_FAMILY_CUDA, count, &left);
	printf("1..4\n");
	printf("%sok 1 - every record is whole, and taken once\n",
		wrong ? "not " : "");
	printf("%sok 2 - nothing is left\n",
		hms_track_count() == begun ? "" : "not ");
	printf("%sok 3 - no span is left\n", left ? "not " : "");
	printf("%sok 4 - a table does not grow by what is gone\n",
		grown > (size_t)4 << 20 ? "not " : "");
	return grown > (size_t)4 << 20 || wrong || hms_track_count() != begun ||
	       left;
}
