/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/faults.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/source/ring.h"

#define LISTENERS 6
/* Pages of a ring; of major faults there are few. */
#define RING_PAGES 32
#define RING_PAGES_MANY 8 /* with many CPUs */
/* A prime, so that it does not keep step with loops. */
#define SPARSE 61
/*
 * A record costs the program 0.5 us [shared reference on statistics, 2.1]:
 * 1 % of a core.  Beyond, only one of SPARSE faults is recorded for a while.
 */
#define FAULTS_PER_SECOND 20000
#define CALM_NS UINT64_C(3000000000)
#define RETRY_NS UINT64_C(1000000000)
/* Between looks at the clock. */
#define AT_ONCE 256

enum kind { ALL, MAJOR, KINDS };

static struct {
	struct hms_rings rings;
	bool open;
	uint32_t period;
	uint64_t read_at;
	uint64_t window_start, window_count; /* faults per second, so far */
	uint64_t busy_until; /* too many faults to have all of them */
	unsigned nlisteners;
	struct listener {
		hms_fault_fn *fn;
		void *arg;
		bool every;
	} listeners[LISTENERS];
	uint64_t seen, lost;
} faults;

/* The layout that sample_type says, in the man page's order. */
struct sample {
	uint32_t pid, tid;
	uint64_t time;
	uint64_t addr;
};

struct loss {
	uint64_t id, lost;
};

static struct hms_event event_of(enum kind kind, uint32_t period, size_t pages)
{
	struct hms_event event = {
		.attr = {
			.type = PERF_TYPE_SOFTWARE,
			.config = kind == MAJOR ? PERF_COUNT_SW_PAGE_FAULTS_MAJ
						: PERF_COUNT_SW_PAGE_FAULTS,
			.sample_period = period,
			.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
				       PERF_SAMPLE_ADDR,
			.exclude_kernel = 1,
			.exclude_hv = 1,
			.use_clockid = 1,
			.clockid = CLOCK_MONOTONIC,
		},
		.pages = pages,
	};

	return event;
}

static bool want_every(void)
{
	for (unsigned i = 0; i < faults.nlisteners; i++)
		if (faults.listeners[i].every)
			return true;
	return false;
}

static void record(const struct perf_event_header *header, const void *body,
	size_t len, const struct hms_ring *ring, void *arg);

/* What is in the rings is not lost with them. */
static void close_rings(void)
{
	uint32_t pid = (uint32_t)hms_sys_getpid();

	if (faults.open) {
		hms_rings_read(&faults.rings, SIZE_MAX, record, &pid);
		hms_rings_close(&faults.rings);
	}
	faults.open = false;
}

/* Rings need locked memory, of which each user has so much; then smaller. */
static int open_rings(uint32_t period)
{
	size_t pages = RING_PAGES;
	int rc;

	close_rings();
	faults.window_start = hms_sys_clock(CLOCK_MONOTONIC);
	faults.window_count = 0;
	for (;;) {
		struct hms_event events[KINDS] = {
			event_of(ALL, period, pages),
			event_of(MAJOR, 1, 1),
		};

		rc = hms_rings_open(&faults.rings, events, KINDS);
		if (rc != -EPERM || pages == 1)
			break;
		pages /= pages > RING_PAGES_MANY ? 4 : 8;
	}
	if (rc < 0)
		return rc;
	faults.open = true;
	faults.period = period;
	return 0;
}

static uint32_t wanted_period(uint64_t now)
{
	return want_every() && now >= faults.busy_until ? 1 : SPARSE;
}

int hms_faults_join(hms_fault_fn *fn, void *arg, bool every)
{
	uint32_t period;
	int rc;

	if (faults.nlisteners == LISTENERS)
		return -ENOMEM;
	faults.listeners[faults.nlisteners++] =
		(struct listener){ fn, arg, every };
	period = wanted_period(hms_sys_clock(CLOCK_MONOTONIC));
	if (faults.open && faults.period <= period)
		return 0;
	rc = open_rings(period);
	if (rc < 0)
		faults.nlisteners--;
	return rc;
}

void hms_faults_leave(hms_fault_fn *fn)
{
	for (unsigned i = 0; i < faults.nlisteners; i++) {
		if (faults.listeners[i].fn != fn)
			continue;
		faults.nlisteners--;
		memmove(&faults.listeners[i], &faults.listeners[i + 1],
			(faults.nlisteners - i) * sizeof(struct listener));
		break;
	}
	if (faults.nlisteners == 0)
		close_rings();
}

static void tell(const struct hms_fault *fault)
{
	for (unsigned i = 0; i < faults.nlisteners; i++)
		faults.listeners[i].fn(fault, faults.listeners[i].arg);
}

static void record(const struct perf_event_header *header, const void *body,
	size_t len, const struct hms_ring *ring, void *arg)
{
	const bool major = ring->kind == MAJOR;
	struct hms_fault fault;
	struct sample sample;
	struct loss loss;

	if (header->type == PERF_RECORD_LOST && len >= sizeof(loss)) {
		memcpy(&loss, body, sizeof(loss));
		faults.lost += loss.lost;
		faults.window_count += loss.lost * faults.period;
		return;
	}
	if (header->type != PERF_RECORD_SAMPLE || len < sizeof(sample))
		return;
	memcpy(&sample, body, sizeof(sample));
	/* A child's, where events cannot be kept to threads. */
	if (sample.pid != *(const uint32_t *)arg)
		return;
	fault.time = sample.time;
	fault.addr = (uintptr_t)sample.addr;
	fault.tid = sample.tid;
	fault.weight = major ? 1 : faults.period;
	fault.major = major;
	if (!major) {
		faults.seen += fault.weight;
		faults.window_count += fault.weight;
	}
	tell(&fault);
}

/* Once a second: are there so many that each record would be felt? */
static void adapt(uint64_t now)
{
	uint64_t ns = now - faults.window_start;
	uint32_t period;

	if (now < faults.window_start || ns < UINT64_C(1000000000) / 4)
		return;
	if (faults.window_count * UINT64_C(1000000000) / ns > FAULTS_PER_SECOND)
		faults.busy_until = now + CALM_NS;
	faults.window_start = now;
	faults.window_count = 0;
	period = wanted_period(now);
	if (period != faults.period)
		open_rings(period);
}

void hms_faults_read(uint64_t now, uint64_t budget)
{
	const uint64_t start = hms_sys_clock(CLOCK_THREAD_CPUTIME_ID);
	uint32_t pid = (uint32_t)hms_sys_getpid();

	if (faults.read_at == now)
		return;
	faults.read_at = now;
	/* No descriptor was left for them, or no memory to lock. */
	if (!faults.open && faults.nlisteners &&
		now > faults.window_start + RETRY_NS)
		open_rings(wanted_period(now));
	if (!faults.open)
		return;
	while (hms_rings_read(&faults.rings, AT_ONCE, record, &pid) == AT_ONCE)
		if (hms_sys_clock(CLOCK_THREAD_CPUTIME_ID) - start > budget)
			break;
	adapt(now);
}

void hms_faults_totals(struct hms_faults_total *out)
{
	memset(out, 0, sizeof(*out));
	hms_sys_faults(&out->minor, &out->major);
	out->seen = faults.seen;
	out->lost = faults.lost;
	out->threads_unseen = faults.rings.threads_unseen;
	out->period = faults.open ? faults.period : 0;
}

struct looking {
	uintptr_t addr;
	bool found;
};

static void look(const struct perf_event_header *header, const void *body,
	size_t len, const struct hms_ring *ring, void *arg)
{
	const uintptr_t page = hms_sys_page_size();
	struct looking *looking = arg;
	struct sample sample;

	(void)ring;
	if (header->type != PERF_RECORD_SAMPLE || len < sizeof(sample))
		return;
	memcpy(&sample, body, sizeof(sample));
	if (sample.addr / page == looking->addr / page)
		looking->found = true;
}

int hms_faults_try(
	void (*fn)(void *arg), void *arg, uintptr_t addr, char why[HMS_WHY])
{
	struct hms_event event = event_of(ALL, 1, 1);
	struct looking looking = { addr, false };
	struct hms_rings rings;
	int rc = hms_rings_open_self(&rings, &event, 1);

	if (rc < 0) {
		hms_perf_why(rc, why, HMS_WHY);
		return rc;
	}
	fn(arg);
	hms_rings_read(&rings, SIZE_MAX, look, &looking);
	hms_rings_close(&rings);
	if (looking.found)
		return 0;
	struct hms_text text = { why, HMS_WHY, 0, false };

	hms_text_add(&text, "perf records no page fault of this process");
	return -ENODATA;
}

static void touch(void *page)
{
	*(volatile char *)page = 1;
}

int hms_faults_probe(char why[HMS_WHY])
{
	struct hms_text text = { why, HMS_WHY, 0, false };
	void *page = hms_sys_mmap(NULL, hms_sys_page_size(),
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (hms_sys_failed(page)) {
		hms_text_add(&text, "no memory to try it on");
		return (int)(intptr_t)page;
	}
	rc = hms_faults_try(touch, page, (uintptr_t)page, why);
	hms_sys_munmap(page, hms_sys_page_size());
	return rc;
}

void hms_faults_after_fork(void)
{
	hms_rings_forget(&faults.rings);
	memset(&faults, 0, sizeof(faults));
}
