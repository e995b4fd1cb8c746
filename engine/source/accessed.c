/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accessed bits: cleared, and looked at after a window.  smaps counts the
 * pages of each mapping that were accessed since, so large mappings are cut
 * into regions first (split.h).  p of n pages accessed in a window w is a
 * rate of -ln(1 - p) / w per page; the window is halved while more than half
 * of all pages are accessed, doubled while fewer than an eighth are.
 *
 * clear_refs holds up mmap for 10 ms per GiB of small pages and needs no TLB
 * flush; MADV_COLD takes a range at a time, so it is used where there is much,
 * and where clear_refs cannot be written [shared reference on statistics,
 * 2.1].  Neither is seen by system calls, nor splits huge pages here.
 * Sources: proc(5), madvise(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/sys.h"
#include "engine/source/accessed.h"
#include "engine/source/canary.h"
#include "engine/source/pieces.h"
#include "engine/source/purse.h"
#include "engine/source/split.h"

/* Not in every libc's headers: Linux 5.4. */
#ifndef MADV_COLD
#define MADV_COLD 20
#endif

#define MS UINT64_C(1000000)
#define WINDOW_FIRST (200 * MS)
#define WINDOW_LEAST (50 * MS)
#define WINDOW_MOST (30000 * MS)
/* Mappings that cutting may add: each costs smaps 5 to 8 us. */
#define CUTS 1024
#define REGION_MOST ((uintptr_t)64 << 20)
/* More than a tick may take to read smaps, ns. */
#define LONG_NS 10000000
/*
 * What the program pays for a bit that is set anew, ns; it may cost it a
 * hundredth of its time.
 */
#define BIT_NS 500
#define HUNDREDTH 100
/* From here on clear_refs would stop mmap for too long. */
#define MUCH ((uint64_t)4 << 30)

extern const struct hms_source hms_source_accessed;

/* state[] of a piece. */
enum { REGION, POLICY, CLEARED, APART };
enum { ONE_POLICY = 1, CUTS_LOST };

enum phase { IDLE, CLEARING, WAITING, READING };

static struct {
	struct hms_pieces pieces;
	struct hms_array policies; /* struct hms_mempolicy, by POLICY - 1 */
	size_t cuts;
	bool no_clear_refs; /* of this process */
	enum phase phase;
	uintptr_t cursor; /* MADV_COLD has come so far */
	uint64_t window, cleared; /* ns */
	struct hms_smaps_file file;
	int64_t debt;
	uintptr_t read_to; /* of smaps, in this pass */
	bool again; /* smaps was closed in this pass */
	/* Of a pass. */
	const struct hms_sights *sights;
	uint64_t small; /* bytes of small pages, of all mappings */
	uint64_t last_small;
	double units, referenced;
	bool lost; /* a piece is no longer cut */
	uint64_t touched; /* pages, of all mappings */
	uint64_t next; /* no pass begins before, ns */
} state;

static int clear_refs(void)
{
	int fd = hms_sys_open("/proc/self/clear_refs", O_WRONLY, 0);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = hms_sys_write(fd, "1", 1);
	hms_sys_close(fd);
	return n == 1 ? 0 : n < 0 ? (int)n : -EIO;
}

/* MADV_COLD splits a huge page of which it gets only a part. */
static int cool(uintptr_t start, uintptr_t end)
{
	start = (start + HMS_SOURCE_BLOCK - 1) & ~(HMS_SOURCE_BLOCK - 1);
	end &= ~(HMS_SOURCE_BLOCK - 1);
	if (start >= end)
		return 0;
	return hms_sys_madvise((void *)start, end - start, MADV_COLD);
}

/* Cuts a piece; one that cannot be cut is watched as a whole. */
static void cut(struct hms_watched *piece)
{
	const struct hms_watch *watch = &piece->watch;
	uintptr_t region = HMS_SOURCE_BLOCK;
	struct hms_mempolicy policy, *kept;
	size_t share = state.cuts < CUTS ? (CUTS - state.cuts) / 2 : 0;
	size_t len = watch->end - watch->start;

	while (region < REGION_MOST && len / region > share)
		region *= 2;
	if (len <= region || len / region > share + 64)
		return;
	if (hms_split(watch->start, watch->end, region, &policy) < 0)
		return;
	kept = hms_array_insert(
		&state.policies, state.policies.count, sizeof(*kept));
	if (!kept) {
		hms_unsplit(watch->start, watch->end, region, &policy);
		return;
	}
	*kept = policy;
	piece->state[REGION] = region;
	piece->state[POLICY] = state.policies.count;
	state.cuts += len / region;
}

static void mend(uintptr_t start, uintptr_t end)
{
	for (struct hms_watched *p = hms_pieces_from(&state.pieces, start);
		p && p->watch.start < end;
		p = hms_pieces_from(&state.pieces, p->watch.end)) {
		uintptr_t from =
			p->watch.start > start ? p->watch.start : start;
		uintptr_t to = p->watch.end < end ? p->watch.end : end;
		const struct hms_mempolicy *policies = state.policies.items;
		size_t cuts;

		if (!p->state[REGION])
			continue;
		hms_unsplit(from, to, p->state[REGION],
			&policies[p->state[POLICY] - 1]);
		cuts = (to - from) / p->state[REGION];
		state.cuts -= cuts < state.cuts ? cuts : state.cuts;
	}
}

/* What is at addr is not to be joined with memory of another policy. */
static void keep_apart(uintptr_t addr, const struct hms_mempolicy *policy)
{
	struct hms_watched *p = hms_pieces_find(&state.pieces, addr);
	struct hms_mempolicy other;

	if (p && hms_mempolicy_get(addr, &other) == 0 &&
		!hms_mempolicy_same(&other, policy) && !p->state[APART])
		p->state[APART] = ONE_POLICY;
}

static int watch_part(
	const struct hms_watch *part, const struct hms_mempolicy *policy)
{
	struct hms_watched *piece;

	keep_apart(part->start - 1, policy);
	keep_apart(part->end, policy);
	piece = hms_pieces_add(&state.pieces, part);
	if (!piece)
		return -ENOMEM;
	if (!piece->state[REGION])
		cut(piece);
	return 0;
}

/* Memory of one policy is one to cut. */
static int watch_piece(const struct hms_watch *watch)
{
	struct hms_watch part = *watch;
	struct hms_mempolicy policy;
	int rc = 0;

	mend(watch->start, watch->end);
	for (; part.start < watch->end && !rc; part.start = part.end) {
		part.end = watch->end;
		if (hms_mempolicy_get(part.start, &policy) == 0)
			part.end = hms_mempolicy_run(
				part.start, watch->end, &policy);
		rc = watch_part(&part, &policy);
	}
	return rc;
}

/* The mover gives memory that has moved a policy of its new target. */
static void cut_again(void)
{
	struct hms_watched *p = hms_pieces_from(&state.pieces, 0);

	while (state.lost && p) {
		const struct hms_watch watch = p->watch;

		if (p->state[APART] == CUTS_LOST)
			watch_piece(&watch);
		p = hms_pieces_from(&state.pieces, watch.end);
	}
	state.lost = false;
}

/* Tells of one block's part of a mapping. */
static void tell(uintptr_t start, uintptr_t end, double events, float exposure)
{
	struct hms_sight sight = {
		.addr = start,
		.len = end - start,
		.events = (float)events,
		.exposure = exposure,
	};

	state.sights->see(&sight, state.sights->arg);
}

static void seen(const struct hms_smap *smap, void *unused)
{
	const uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);
	double events, exposure, bytes = (double)(smap->end - smap->start);

	(void)unused;
	if (smap->start < state.read_to)
		return;
	state.read_to = smap->end;
	state.small += smap->rss > smap->huge ? smap->rss - smap->huge : 0;
	state.touched += 2 * smap->huge >= smap->rss
				 ? smap->referenced / HMS_SOURCE_BLOCK
				 : smap->referenced / 4096;
	if (smap->rss == 0)
		return;
	for (struct hms_watched *p =
			hms_pieces_from(&state.pieces, smap->start);
		p && p->watch.start < smap->end;
		p = hms_pieces_from(&state.pieces, p->watch.end)) {
		uintptr_t at = p->watch.start > smap->start ? p->watch.start
							    : smap->start;
		uintptr_t to =
			p->watch.end < smap->end ? p->watch.end : smap->end;
		uint64_t cleared =
			p->state[CLEARED] ? p->state[CLEARED] : state.cleared;

		if (cleared == 0 || now <= cleared)
			continue;
		if (p->state[REGION] && to - at > p->state[REGION]) {
			p->state[APART] = CUTS_LOST;
			state.lost = true;
		}
		hms_accessed_rate(smap, (double)(now - cleared) * 1e-9, &events,
			&exposure);
		state.units += (double)smap->rss * (double)(to - at) / bytes;
		state.referenced +=
			(double)smap->referenced * (double)(to - at) / bytes;
		while (at < to) {
			uintptr_t stop =
				(at / HMS_SOURCE_BLOCK + 1) * HMS_SOURCE_BLOCK;

			if (stop > to)
				stop = to;
			tell(at, stop, events * (double)(stop - at) / bytes,
				(float)exposure);
			at = stop;
		}
	}
}

static void begin_pass(uint64_t now)
{
	bool cold = state.no_clear_refs || state.last_small > MUCH;

	state.cleared = 0;
	if (!cold) {
		int rc = clear_refs();

		if (rc == 0) {
			state.cleared = now;
			for (size_t i = 0; i < hms_pieces_count(&state.pieces);
				i++)
				hms_pieces_nth(&state.pieces, i)
					->state[CLEARED] = 0;
			state.phase = WAITING;
			return;
		}
		state.no_clear_refs = true;
	}
	state.cursor = 0;
	state.phase = CLEARING;
}

/* A region at a time, until the tick's time is over. */
static void go_on_clearing(const struct hms_purse *purse)
{
	while (hms_purse_left(purse) > 0) {
		struct hms_watched *p =
			hms_pieces_from(&state.pieces, state.cursor);
		uintptr_t at, to;

		if (!p) {
			state.cleared = hms_sys_clock(CLOCK_MONOTONIC);
			state.phase = WAITING;
			return;
		}
		at = state.cursor > p->watch.start ? state.cursor
						   : p->watch.start;
		to = (at / REGION_MOST + 1) * REGION_MOST;
		if (to > p->watch.end)
			to = p->watch.end;
		cool(at, to);
		p->state[CLEARED] = hms_sys_clock(CLOCK_MONOTONIC);
		state.cursor = to;
	}
}

static void end_pass(void)
{
	hms_smaps_close(&state.file);
	cut_again();
	state.last_small = state.small;
	state.small = 0;
	state.read_to = 0;
	state.next = state.cleared + state.touched * BIT_NS * HUNDREDTH;
	state.touched = 0;
	state.again = false;
	state.phase = IDLE;
	if (state.units > 0) {
		double p = state.referenced / state.units;

		if (p > 0.5 && state.window > WINDOW_LEAST)
			state.window /= 2;
		else if (p < 0.125 && state.window < WINDOW_MOST)
			state.window *= 2;
	}
	state.units = state.referenced = 0;
}

/*
 * All at once unless that takes long: then it is paid for by later ticks.  If
 * the program closes the file meanwhile, it is read again up to where it was.
 */
static void go_on_reading(const struct hms_purse *purse)
{
	int rc;

	do
		rc = hms_smaps_read(&state.file);
	while (rc > 0 && hms_purse_left(purse) > -LONG_NS);
	if (rc == -EBADF && !state.again) {
		state.again = true;
		hms_smaps_close(&state.file);
		rc = hms_smaps_open(&state.file, seen, NULL);
		rc = rc < 0 ? rc : 1;
	}
	if (rc <= 0)
		end_pass();
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	struct hms_purse purse;

	if (hms_pieces_count(&state.pieces) == 0 ||
		!hms_purse_open(&purse, &state.debt, budget))
		return;
	state.sights = sights;
	if (state.phase == WAITING && now >= state.cleared + state.window &&
		hms_smaps_open(&state.file, seen, NULL) == 0)
		state.phase = READING;
	if (state.phase == READING)
		go_on_reading(&purse);
	if (state.phase == IDLE && now >= state.next &&
		hms_purse_left(&purse) > 0)
		begin_pass(now);
	if (state.phase == CLEARING)
		go_on_clearing(&purse);
	hms_purse_close(&purse);
}

static int start(void)
{
	memset(&state, 0, sizeof(state));
	state.window = WINDOW_FIRST;
	state.file.fd = -1;
	return 0;
}

static void clear(void)
{
	hms_smaps_close(&state.file);
	hms_pieces_free(&state.pieces);
	hms_array_free(&state.policies);
}

static void stop(void)
{
	mend(0, UINTPTR_MAX);
	clear();
}

static bool fits(const struct hms_watch *watch)
{
	/* smaps knows no accessed bits of device memory. */
	return watch->memory != HMS_MEMORY_DEVICE;
}

static void forget(uintptr_t from, uintptr_t to)
{
	mend(from, to);
	hms_pieces_drop(&state.pieces, from, to);
}

static void after_fork(void)
{
	clear();
	memset(&state, 0, sizeof(state));
	state.file.fd = -1;
}

const struct hms_source hms_source_accessed = {
	.name = "accessed",
	.text = "accessed bits are cleared, and counted by smaps after a while",
	.probe = hms_accessed_probe,
	.start = start,
	.stop = stop,
	.fits = fits,
	.watch = watch_piece,
	.forget = forget,
	.tick = tick,
	.after_fork = after_fork,
};
