/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Always on: the program's page faults as they come.  First touches say
 * nothing of how hot memory is, so nothing is told as a sight; accounts by
 * range, target and site are made by whoever takes hms_sights.fault, those by
 * thread here.  Without perf only the totals of getrusage(2) are left.
 */
#include <errno.h>
#include <string.h>

#include "engine/source/faults.h"

/* Faults of a tick that wait to be told; of more, a random sample does. */
#define WAITING 1024
#define THREADS 256

extern const struct hms_source hms_source_touch;

static struct {
	struct hms_fault waiting[WAITING];
	unsigned nwaiting;
	uint64_t heard, weight; /* of all since the last tick */
	uint64_t random;
	struct hms_faults_thread threads[THREADS];
	unsigned nthreads;
	bool joined;
} touch;

/* Threads come and go: the one that faulted least makes room. */
static struct hms_faults_thread *thread_of(uint32_t tid)
{
	struct hms_faults_thread *least = &touch.threads[0], *t;

	for (unsigned i = 0; i < touch.nthreads; i++) {
		t = &touch.threads[i];
		if (t->tid == tid)
			return t;
		if (t->minor + t->major < least->minor + least->major)
			least = t;
	}
	if (touch.nthreads < THREADS)
		least = &touch.threads[touch.nthreads++];
	memset(least, 0, sizeof(*least));
	least->tid = tid;
	return least;
}

/* Each has the same chance to be among those kept: Vitter's algorithm R. */
static void keep(const struct hms_fault *fault)
{
	uint64_t at;

	touch.heard++;
	touch.weight += fault->weight;
	if (touch.nwaiting < WAITING) {
		touch.waiting[touch.nwaiting++] = *fault;
		return;
	}
	/* An LCG of Knuth's; its high bits are random enough. */
	touch.random = touch.random * UINT64_C(6364136223846793005) +
		       UINT64_C(1442695040888963407);
	at = (touch.random >> 32) % touch.heard;
	if (at < WAITING)
		touch.waiting[at] = *fault;
}

static void heard(const struct hms_fault *fault, void *unused)
{
	static struct hms_faults_thread *last;

	(void)unused;
	if (!last || last->tid != fault->tid || !touch.nthreads)
		last = thread_of(fault->tid);
	if (fault->major) {
		/* It came as one of all before. */
		last->major += fault->weight;
		last->minor -= last->minor < fault->weight ? last->minor
							   : fault->weight;
	} else {
		last->minor += fault->weight;
	}
	keep(fault);
}

unsigned hms_faults_threads(struct hms_faults_thread *out, unsigned max)
{
	bool taken[THREADS] = { false };
	unsigned n, best;

	for (n = 0; n < max && n < touch.nthreads; n++) {
		best = THREADS;
		for (unsigned i = 0; i < touch.nthreads; i++)
			if (!taken[i] &&
				(best == THREADS ||
					touch.threads[i].minor >
						touch.threads[best].minor))
				best = i;
		taken[best] = true;
		out[n] = touch.threads[best];
	}
	return n;
}

static int probe(char why[HMS_WHY])
{
	return hms_faults_probe(why);
}

static int start(void)
{
	int rc = hms_faults_join(heard, NULL, false);

	touch.joined = rc == 0;
	return rc;
}

static void stop(void)
{
	if (touch.joined)
		hms_faults_leave(heard);
	memset(&touch, 0, sizeof(touch));
}

static bool fits(const struct hms_watch *watch)
{
	(void)watch;
	return true;
}

/* It hears of all memory, watched or not. */
static int watch_piece(const struct hms_watch *watch)
{
	(void)watch;
	return 0;
}

static void forget(uintptr_t from, uintptr_t to)
{
	(void)from;
	(void)to;
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	uint64_t kept = 0, passed = 0, told = 0;

	if (touch.joined)
		hms_faults_read(now, budget);
	for (unsigned i = 0; i < touch.nwaiting; i++)
		kept += touch.waiting[i].weight;
	for (unsigned i = 0; i < touch.nwaiting && sights->fault; i++) {
		struct hms_fault *fault = &touch.waiting[i];
		uint64_t upto;

		/* They stand for those that were not kept; sums are exact. */
		passed += fault->weight;
		upto = passed * touch.weight / kept;
		fault->weight = (uint32_t)(upto - told);
		told = upto;
		sights->fault(fault, sights->arg);
	}
	touch.nwaiting = 0;
	touch.heard = touch.weight = 0;
}

static void after_fork(void)
{
	hms_faults_after_fork();
	memset(&touch, 0, sizeof(touch));
}

const struct hms_source hms_source_touch = {
	.name = "touch",
	.text = "page faults as they come, counted by memory and thread",
	.probe = probe,
	.start = start,
	.stop = stop,
	.fits = fits,
	.watch = watch_piece,
	.forget = forget,
	.tick = tick,
	.after_fork = after_fork,
};
