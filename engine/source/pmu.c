/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples of the PMU: each stands for as many accesses as its period says, and
 * all memory is seen all the time.  The period follows the rate, so that a
 * process never gets more than RATE samples a second: each interrupts it.
 */
#include "engine/source/pmu.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/sys.h"
#include "engine/source/canary.h"
#include "engine/source/pieces.h"
#include "engine/source/purse.h"
#include "engine/source/spe.h"

#define SECOND UINT64_C(1000000000)
/* Samples per second of the process; 1 to 3 % at 20,000 in the literature. */
#define RATE 8000
#define PERIOD_FIRST 20011
#define PERIOD_LEAST 1009
#define PERIOD_MOST (UINT64_C(1) << 28)
#define PERIOD_PROBE 1009
/* Between changes: opening costs a system call per thread and CPU. */
#define CHANGE_NS (2 * SECOND)
#define AT_ONCE 256

extern const struct hms_source hms_source_pmu;

static struct {
	struct hms_pmu_plan plan;
	struct hms_rings rings;
	struct hms_pieces pieces;
	uint64_t period;
	uint64_t last; /* tick, ns */
	uint64_t changed, samples; /* since then */
	uint64_t lost;
	int64_t debt;
	bool throttled;
	bool open; /* else nothing is seen */
	const struct hms_sights *sights;
} pmu;

struct sample {
	uint32_t pid, tid;
	uint64_t time, addr, data_src;
};

static void see(uintptr_t addr, uint32_t tid, bool write)
{
	struct hms_sight sight = {
		.addr = addr & ~(uintptr_t)4095,
		.len = 4096,
		.events = (float)pmu.period,
		.tid = tid,
		.write = write,
	};

	pmu.samples++;
	if (hms_pieces_find(&pmu.pieces, addr))
		pmu.sights->see(&sight, pmu.sights->arg);
}

static void spe_record(const struct hms_spe_record *record, void *unused)
{
	(void)unused;
	if (record->addr && record->load_store)
		see((uintptr_t)record->addr, 0, record->store);
}

static void record(const struct perf_event_header *header, const void *body,
	size_t len, const struct hms_ring *ring, void *unused)
{
	enum hms_pmu_role role = pmu.plan.role[ring->kind];
	struct sample sample;
	uint64_t lost[2];

	(void)unused;
	if (header->type == PERF_RECORD_LOST && len >= sizeof(lost)) {
		memcpy(lost, body, sizeof(lost));
		pmu.lost += lost[1];
		pmu.samples += lost[1];
	} else if (header->type == PERF_RECORD_THROTTLE) {
		pmu.throttled = true;
	}
	if (header->type != PERF_RECORD_SAMPLE || len < sizeof(sample) ||
		role == HMS_PMU_TRACE)
		return;
	memcpy(&sample, body, sizeof(sample));
	/* 0: an operation that has no address. */
	if (sample.addr)
		see((uintptr_t)sample.addr, sample.tid,
			role == HMS_PMU_STORES ||
				(role == HMS_PMU_OPS &&
					((sample.data_src >>
						 PERF_MEM_OP_SHIFT) &
						PERF_MEM_OP_STORE)));
}

static void close_rings(void)
{
	hms_rings_close(&pmu.rings);
	memset(&pmu.rings, 0, sizeof(pmu.rings));
}

static int open_rings(uint64_t period)
{
	int rc;

	close_rings();
	pmu.period = period;
	hms_pmu_set_period(&pmu.plan, period);
	rc = hms_rings_open(&pmu.rings, pmu.plan.event, pmu.plan.n);
	pmu.open = rc == 0;
	pmu.changed = hms_sys_clock(CLOCK_MONOTONIC);
	pmu.samples = 0;
	pmu.throttled = false;
	return rc;
}

/* As many samples as are wanted, by orders of two. */
static void adapt(uint64_t now)
{
	uint64_t ns = now > pmu.changed ? now - pmu.changed : 0;
	uint64_t rate, period = pmu.period;

	if (ns < CHANGE_NS)
		return;
	rate = pmu.samples * SECOND / ns;
	while ((rate > RATE || pmu.throttled) && period < PERIOD_MOST) {
		period *= 2;
		rate /= 2;
		pmu.throttled = false;
	}
	while (rate < RATE / 8 && rate > 0 && period / 2 > PERIOD_LEAST) {
		period /= 2;
		rate *= 2;
	}
	/* Without a descriptor, or memory to lock, there may be some soon. */
	if (period != pmu.period || !pmu.open)
		open_rings(period);
	pmu.changed = now;
	pmu.samples = 0;
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	struct hms_purse purse;

	if (!hms_purse_open(&purse, &pmu.debt, budget))
		return;
	pmu.sights = sights;
	if (pmu.open && pmu.last && now > pmu.last)
		sights->all((float)(now - pmu.last) * 1e-9f, sights->arg);
	pmu.last = now;
	while (hms_rings_read(&pmu.rings, AT_ONCE, record, NULL) == AT_ONCE)
		if (hms_purse_left(&purse) <= 0)
			break;
	hms_rings_read_aux(&pmu.rings, spe_record, NULL);
	adapt(now);
	hms_purse_close(&purse);
}

struct looking {
	uintptr_t start, end;
	bool found;
};

static void look(const struct perf_event_header *header, const void *body,
	size_t len, const struct hms_ring *ring, void *arg)
{
	struct looking *looking = arg;
	struct sample sample;

	(void)ring;
	if (header->type != PERF_RECORD_SAMPLE || len < sizeof(sample))
		return;
	memcpy(&sample, body, sizeof(sample));
	if (sample.addr >= looking->start && sample.addr < looking->end)
		looking->found = true;
}

static void look_at_spe(const struct hms_spe_record *record, void *arg)
{
	struct looking *looking = arg;

	if (record->addr >= looking->start && record->addr < looking->end)
		looking->found = true;
}

/* Walks through memory that no cache of a core holds, 50 ms at most. */
static void walk(struct hms_canary *canary, struct hms_rings *rings,
	struct looking *looking)
{
	const size_t bytes = 2 * HMS_SOURCE_BLOCK;
	uint64_t start = hms_sys_clock(CLOCK_THREAD_CPUTIME_ID);

	while (!looking->found &&
		hms_sys_clock(CLOCK_THREAD_CPUTIME_ID) - start < SECOND / 20) {
		for (size_t i = 0, at = 0; i < 16384; i++) {
			at = (at + 40009 * 64) % bytes;
			*(volatile char *)(canary->block + at) += 1;
		}
		hms_rings_read(rings, SIZE_MAX, look, looking);
		hms_rings_read_aux(rings, look_at_spe, looking);
	}
}

static int probe(char why[HMS_WHY])
{
	struct hms_pmu_plan plan;
	struct hms_canary canary;
	struct hms_rings rings;
	struct looking looking;
	int rc = hms_pmu_discover(hms_pmu_root, &plan, why);

	if (rc < 0)
		return rc;
	hms_pmu_set_period(&plan, PERIOD_PROBE);
	rc = hms_rings_open_self(&rings, plan.event, plan.n);
	if (rc < 0) {
		hms_perf_why(rc, why, HMS_WHY);
		return rc;
	}
	rc = hms_canary_make(&canary, false, why);
	if (rc == 0) {
		looking.start = (uintptr_t)canary.block;
		looking.end = looking.start + 2 * HMS_SOURCE_BLOCK;
		looking.found = false;
		walk(&canary, &rings, &looking);
		if (!looking.found)
			rc = hms_source_why(why, -ENODATA,
				"the PMU records no address of this process");
		hms_canary_free(&canary);
	}
	hms_rings_close(&rings);
	return rc;
}

static int start(void)
{
	char why[HMS_WHY];
	int rc;

	memset(&pmu, 0, sizeof(pmu));
	rc = hms_pmu_discover(hms_pmu_root, &pmu.plan, why);
	return rc < 0 ? rc : open_rings(PERIOD_FIRST);
}

static void stop(void)
{
	close_rings();
	hms_pieces_free(&pmu.pieces);
}

static bool fits(const struct hms_watch *watch)
{
	(void)watch;
	return true;
}

static int watch_piece(const struct hms_watch *watch)
{
	return hms_pieces_add(&pmu.pieces, watch) ? 0 : -ENOMEM;
}

static void forget(uintptr_t from, uintptr_t to)
{
	hms_pieces_drop(&pmu.pieces, from, to);
}

static void after_fork(void)
{
	hms_rings_forget(&pmu.rings);
	hms_pieces_free(&pmu.pieces);
	memset(&pmu, 0, sizeof(pmu));
}

const struct hms_source hms_source_pmu = {
	.name = "pmu",
	.text = "the processor samples addresses of loads and stores",
	.probe = probe,
	.start = start,
	.stop = stop,
	.fits = fits,
	.watch = watch_piece,
	.forget = forget,
	.tick = tick,
	.after_fork = after_fork,
};
