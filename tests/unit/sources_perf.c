/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources on hardware and kernels that are not here: sysfs trees as such
 * machines have them, and doubles of perf_event_open(2) and userfaultfd(2).
 * A double's ring is an ordinary file that the test writes records into.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/source/pmu.h"
#include "engine/source/spe.h"
#include "engine/source/uffd.h"

/* Of CPU time: valgrind takes long. */
#define PLENTY UINT64_C(60000000000)
#define FAKES 64
#define RING_BYTES ((size_t)64 * 4096)

static struct fake {
	struct perf_event_attr attr;
	pid_t pid;
	int cpu, group, fd;
	struct perf_event_mmap_page *page;
} fakes[FAKES];
static unsigned nfakes;
static int refusal; /* of perf_event_open */
static uint32_t refused_type = UINT32_MAX;

int __wrap_hms_sys_perf_event_open(const struct perf_event_attr *attr,
	pid_t pid, int cpu, int group, unsigned long flags);
int __wrap_hms_sys_userfaultfd(int flags);
long __wrap_hms_sys_ioctl(int fd, unsigned long request, void *arg);

int __wrap_hms_sys_perf_event_open(const struct perf_event_attr *attr,
	pid_t pid, int cpu, int group, unsigned long flags)
{
	struct fake *fake = &fakes[nfakes];
	int fd;

	(void)flags;
	if (refusal)
		return refusal;
	if (attr->type == refused_type)
		return -ENOENT;
	cr_assert_lt(nfakes, FAKES);
	fd = memfd_create("ring", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(fd, 2 * RING_BYTES), 0);
	*fake = (struct fake){ *attr, pid, cpu, group, fd, NULL };
	fake->page = mmap(NULL, 2 * RING_BYTES, PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	fake->page->data_offset = 4096;
	nfakes++;
	return fd;
}

/* The last that was opened so; those before are closed by now. */
static struct fake *fake_of(uint32_t type, uint64_t config)
{
	for (unsigned i = nfakes; i-- > 0;)
		if (fakes[i].attr.type == type &&
			fakes[i].attr.config == config)
			return &fakes[i];
	return NULL;
}

static void put(struct fake *fake, size_t pages, uint32_t type,
	const void *body, size_t len)
{
	struct perf_event_header header = { type, PERF_RECORD_MISC_USER,
		(uint16_t)(sizeof(header) + len) };
	char record[256];
	char *data = (char *)fake->page + 4096;
	uint64_t head = fake->page->data_head;

	fake->page->data_size = pages * 4096;
	memcpy(record, &header, sizeof(header));
	memcpy(record + sizeof(header), body, len);
	for (size_t i = 0; i < header.size; i++)
		data[(head + i) & (pages * 4096 - 1)] = record[i];
	fake->page->data_head = head + header.size;
}

/* --- sysfs ------------------------------------------------------------------
 */
static char root[64] = "/tmp/hms-pmu-XXXXXX";

static void plant(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s" HMS_PMU_DEVICES "/%s", root, path);
	for (slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "we");
	cr_assert(f, "%s", full);
	fputs(text, f);
	fputc('\n', f);
	fclose(f);
}

/* tests/unit/data/pmu/NAME has lines "PATH TEXT". */
static void machine(const char *name)
{
	char path[512], line[256], *space;
	FILE *f;

	cr_assert(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/tests/unit/data/pmu/%s",
		getenv("top_srcdir") ? getenv("top_srcdir") : "..", name);
	f = fopen(path, "re");
	cr_assert(f, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		space = strchr(line, ' ');
		if (line[0] == '#' || !space)
			continue;
		*space = 0;
		plant(line, space + 1);
	}
	fclose(f);
	hms_pmu_root = root;
}

static void gone(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

/* Catches bits that go to a wrong place, which samples something else. */
Test(pmu, descriptions_of_fields)
{
	struct perf_event_attr attr = { 0 };

	cr_assert_eq(hms_pmu_set_bits("config1:0-15\n", 64, &attr), 0);
	cr_assert_eq(attr.config1, 64);
	cr_assert_eq(hms_pmu_set_bits("config:0-7,32-35", 0x123, &attr), 0);
	cr_assert_eq(attr.config, UINT64_C(0x100000023));
	cr_assert_eq(hms_pmu_set_bits("config:0-7,32-35", 0x45, &attr), 0);
	cr_assert_eq(attr.config, 0x45);
	cr_assert_eq(hms_pmu_set_bits("config2:63", 1, &attr), 0);
	cr_assert_eq(attr.config2, UINT64_C(1) << 63);
	cr_assert_eq(hms_pmu_set_bits("config:0-3", 16, &attr), -ERANGE);
	cr_assert_eq(attr.config, 0x45);
	static const char *const bad[] = { "", "config", "config:", "config9:1",
		"config:64", "config:5-3", "config:1-", "config:1,x",
		"config:1 2" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(hms_pmu_set_bits(bad[i], 1, &attr), -EINVAL, "%s",
			bad[i]);
}

/*
 * Sapphire Rapids: without the leader it counts nothing (perf-mem(1)).
 * Catches events that are written down instead of read, and a wrong group.
 */
Test(pmu, intel_with_a_leader)
{
	struct hms_pmu_plan plan;
	char why[HMS_WHY];

	machine("sapphire-rapids");
	cr_assert_eq(hms_pmu_discover(root, &plan, why), 0, "%s", why);
	cr_assert_eq(plan.n, 3);
	cr_assert_eq(plan.role[0], HMS_PMU_LEADER);
	cr_assert_eq(plan.event[0].attr.config, 0x8203);
	cr_assert_eq(plan.event[0].pages, 0);
	cr_assert_eq(plan.role[1], HMS_PMU_LOADS);
	cr_assert(plan.event[1].grouped);
	cr_assert_eq(plan.event[1].attr.type, 4);
	cr_assert_eq(plan.event[1].attr.config, 0x1cd);
	cr_assert_eq(plan.event[1].attr.config1, 64);
	cr_assert_eq(plan.event[1].attr.precise_ip, 2);
	cr_assert(plan.event[1].attr.exclude_kernel);
	cr_assert_eq(plan.role[2], HMS_PMU_STORES);
	cr_assert_eq(plan.event[2].attr.config, 0x2cd);
	gone();
}

Test(pmu, intel_without)
{
	struct hms_pmu_plan plan;
	char why[HMS_WHY];

	machine("skylake");
	cr_assert_eq(hms_pmu_discover(root, &plan, why), 0, "%s", why);
	cr_assert_eq(plan.n, 2);
	cr_assert(!plan.event[0].grouped);
	cr_assert_eq(plan.event[1].attr.config, 0x82d0);
	gone();
}

/* Two PMUs, one for each kind of core.  Catches one that is left out. */
Test(pmu, intel_with_two_kinds_of_cores)
{
	struct hms_pmu_plan plan;
	char why[HMS_WHY];
	unsigned of[2] = { 0, 0 };

	machine("alder-lake");
	cr_assert_eq(hms_pmu_discover(root, &plan, why), 0, "%s", why);
	for (unsigned i = 0; i < plan.n; i++)
		of[plan.event[i].attr.type == 10]++;
	cr_assert_eq(of[0], 3);
	cr_assert_eq(of[1], 2);
	gone();
}

/* Without swfilt exclude_kernel is refused; see perf-amd-ibs(1). */
Test(pmu, amd_ibs)
{
	struct hms_pmu_plan plan;
	char why[HMS_WHY];

	machine("zen4");
	cr_assert_eq(hms_pmu_discover(root, &plan, why), 0, "%s", why);
	cr_assert_eq(plan.n, 1);
	cr_assert_eq(plan.role[0], HMS_PMU_OPS);
	cr_assert_eq(plan.event[0].attr.type, 11);
	cr_assert_eq(plan.event[0].attr.config, 1 << 19 | 1 << 16);
	cr_assert_eq(plan.event[0].attr.config2, 1);
	hms_pmu_set_period(&plan, 100000);
	cr_assert_eq(plan.event[0].attr.sample_period % 16, 0);
	cr_assert(plan.event[0].attr.sample_period > 99000 &&
		  plan.event[0].attr.sample_period < 101000);
	gone();
}

Test(pmu, arm_spe)
{
	struct hms_pmu_plan plan;
	char why[HMS_WHY];

	machine("neoverse-n1");
	cr_assert_eq(hms_pmu_discover(root, &plan, why), 0, "%s", why);
	cr_assert_eq(plan.n, 1);
	cr_assert_eq(plan.role[0], HMS_PMU_TRACE);
	cr_assert_eq(plan.event[0].attr.config,
		UINT64_C(1) << 16 | UINT64_C(1) << 33 | UINT64_C(1) << 34);
	cr_assert_eq(plan.event[0].attr.config2, 64);
	cr_assert_gt(plan.event[0].aux_pages, 0);
	gone();
}

Test(pmu, none)
{
	struct hms_pmu_plan plan;
	char why[HMS_WHY];

	machine("guest");
	cr_assert_eq(hms_pmu_discover(root, &plan, why), -ENODEV);
	cr_assert_str_eq(why, "no PMU samples addresses here");
	gone();
}

/* --- samples ----------------------------------------------------------------
 */
static struct {
	double events, exposure, all;
	unsigned n, writes;
	uintptr_t last;
	uint64_t sum; /* of addresses */
	uint32_t tid;
} seen;

static void see(const struct hms_sight *sight, void *unused)
{
	(void)unused;
	seen.n++;
	seen.events += sight->events;
	seen.exposure += sight->exposure;
	seen.last = sight->addr;
	seen.sum += sight->addr;
	seen.tid = sight->tid;
	seen.writes += sight->write;
}

static void all(float exposure, void *unused)
{
	(void)unused;
	seen.all += exposure;
}

static const struct hms_sights sights = { .see = see, .all = all };

struct sample {
	uint32_t pid, tid;
	uint64_t time, addr, data_src;
};

/*
 * From the ring to the sight, around the ring's end, through records of other
 * types, and through a new period.  Catches a period that is not counted,
 * memory that is not watched, loads told as stores.
 */
Test(pmu, samples_are_accesses)
{
	const struct hms_source *source = hms_source_find("pmu");
	struct hms_watch watch = { .start = 1 << 30, .end = UINT64_C(2) << 30 };
	struct sample sample = { 1, 77, 5, (1 << 30) + 5000, 0 };
	uint64_t lost[2] = { 0, 40 }, now = hms_sys_clock(CLOCK_MONOTONIC);
	struct fake *loads, *stores;
	uint64_t sum = 0;
	double period;
	unsigned opened;

	machine("sapphire-rapids");
	cr_assert_eq(source->start(), 0);
	cr_assert_eq(source->watch(&watch), 0);
	loads = fake_of(4, 0x1cd);
	stores = fake_of(4, 0x2cd);
	cr_assert(loads && stores);
	cr_assert(loads->attr.inherit && loads->attr.inherit_thread);
	cr_assert_neq(loads->pid, 0);
	cr_assert_geq(loads->group, 0);
	cr_assert_eq(stores->group, -1);
	/* None of its descriptors is kept. */
	for (unsigned i = 0; i < nfakes; i++)
		cr_assert_eq(fcntl(fakes[i].fd, F_GETFD), -1);
	period = (double)loads->attr.sample_period;
	source->tick(now, PLENTY, &sights);
	/* Of another length, so that one goes around the ring's end. */
	put(loads, 16, PERF_RECORD_EXIT, &sample, 24);
	for (unsigned i = 0; i < 3000; i++) {
		/* Each is another one, or a torn record would look whole. */
		sample.addr = (1 << 30) + i * 4096 + 8;
		sum += (1 << 30) + i * 4096;
		put(loads, 16, PERF_RECORD_SAMPLE, &sample, sizeof(sample));
		if (i % 500 == 0)
			put(loads, 16, PERF_RECORD_LOST, lost, sizeof(lost));
		if (i % 100 == 99)
			source->tick(now += 1000000, PLENTY, &sights);
	}
	cr_assert_eq(seen.n, 3000);
	cr_assert_eq(seen.events, 3000 * period);
	cr_assert_eq(seen.exposure, 0);
	cr_assert(seen.all > 0.029 && seen.all < 0.031);
	cr_assert_eq(seen.sum, sum);
	cr_assert_eq(seen.tid, 77);
	cr_assert_eq(seen.writes, 0);
	put(stores, 16, PERF_RECORD_SAMPLE, &sample, sizeof(sample));
	sample.addr = 4096;
	put(stores, 16, PERF_RECORD_SAMPLE, &sample, sizeof(sample));
	source->tick(now += 1000000, PLENTY, &sights);
	cr_assert_eq(seen.n, 3001);
	cr_assert_eq(seen.writes, 1);
	/* So many in two seconds are too many by far. */
	sample.addr = 1 << 30;
	now = hms_sys_clock(CLOCK_MONOTONIC) + UINT64_C(4000000000);
	opened = nfakes;
	for (int i = 0; i < 1000; i++)
		put(loads, 16, PERF_RECORD_LOST, lost, sizeof(lost));
	source->tick(now, PLENTY, &sights);
	cr_assert_gt(nfakes, opened);
	loads = fake_of(4, 0x1cd);
	cr_assert_gt((double)loads->attr.sample_period, 1.5 * period);
	/* What cannot be opened is not idle, and is tried again. */
	refusal = -EMFILE;
	for (int i = 0; i < 1000; i++)
		put(loads, 16, PERF_RECORD_LOST, lost, sizeof(lost));
	source->tick(now += UINT64_C(4000000000), PLENTY, &sights);
	seen.all = 0;
	source->tick(now += 1000000, PLENTY, &sights);
	cr_assert_eq(seen.all, 0);
	refusal = 0;
	source->tick(now += UINT64_C(4000000000), PLENTY, &sights);
	source->tick(now += 1000000, PLENTY, &sights);
	cr_assert_gt(seen.all, 0);
	source->stop();
	gone();
}

/* Cores without that PMU: the others are enough.  Catches all or nothing. */
Test(pmu, cores_of_another_kind_are_left_out)
{
	const struct hms_source *source = hms_source_find("pmu");

	machine("alder-lake");
	refused_type = 10;
	cr_assert_eq(source->start(), 0);
	cr_assert(fake_of(4, 0x1cd));
	source->stop();
	refusal = -EACCES;
	cr_assert_eq(source->start(), -EACCES);
	gone();
}

static struct hms_spe_record records[8];
static unsigned nrecords;

static void keep(const struct hms_spe_record *record, void *unused)
{
	(void)unused;
	records[nrecords++ % 8] = *record;
}

/*
 * Two records as the manual lays them out: PC, events, operation, latency,
 * address, end; the second has an extended header and a time.
 */
static const uint8_t spe[] = {
	0, 0, 0, /* padding */
	0xb0, 0x10, 0x20, 0x40, 0, 0, 0xaa, 0xaa, 0x80, /* PC */
	0x52, 0x16, 0x00, /* events, 2 bytes */
	0x49, 0x01, /* operation: store */
	0x98, 0x51, 0x00, /* latency in all: 0x51 */
	0x99, 0x04, 0x00, /* of issue */
	0xb2, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x00, 0xff, /* data */
	0x01, /* end */
	0x49, 0x00, /* load */
	0x20, 0xb2, 0x00, 0x10, 0, 0, 0, 0, 0, 0, /* data, extended header */
	0x43, 0x0d, /* data source */
	0x71, 1, 2, 3, 4, 5, 6, 7, 8, /* time: end */
	0x49, 0x00, /* a beginning */
};

Test(spe, records_are_decoded)
{
	size_t used = hms_spe_decode(spe, sizeof(spe), keep, NULL);

	cr_assert_eq(used, sizeof(spe) - 2);
	cr_assert_eq(nrecords, 2);
	cr_assert_eq(records[0].addr, UINT64_C(0x00334455667788));
	cr_assert_eq(records[0].latency, 0x51);
	cr_assert(records[0].load_store && records[0].store);
	cr_assert_eq(records[1].addr, 0x1000);
	cr_assert(records[1].load_store && !records[1].store);
}

/* Catches a packet that is taken for another when it comes in two parts. */
Test(spe, records_may_come_in_parts)
{
	for (size_t cut = 0; cut < sizeof(spe); cut++) {
		size_t used;

		nrecords = 0;
		used = hms_spe_decode(spe, cut, keep, NULL);
		cr_assert_leq(used, cut);
		hms_spe_decode(spe + used, sizeof(spe) - used, keep, NULL);
		cr_assert_eq(nrecords, 2);
		cr_assert_eq(records[1].addr, 0x1000);
	}
}

/* Around the end of the area.  Catches the record that is cut by it. */
Test(spe, areas_are_rings)
{
	const struct hms_source *source = hms_source_find("pmu");
	struct hms_watch watch = { .start = 0x334455660000,
		.end = 0x334455670000 };
	uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);
	struct fake *fake;
	uint8_t *area;
	size_t bytes;
	unsigned n = 0;

	machine("neoverse-n1");
	cr_assert_eq(source->start(), 0);
	cr_assert_eq(source->watch(&watch), 0);
	fake = &fakes[nfakes - 1];
	bytes = fake->page->aux_size;
	cr_assert_gt(bytes, 0);
	area = (uint8_t *)fake->page + fake->page->aux_offset;
	while (n < 5000) {
		static const uint8_t one[] = { 0x49, 0x01, 0xb2, 0x88, 0x77,
			0x66, 0x55, 0x44, 0x33, 0x00, 0x00, 0x01 };

		for (int i = 0; i < 100; i++, n++)
			for (size_t b = 0; b < sizeof(one); b++)
				area[fake->page->aux_head++ & (bytes - 1)] =
					one[b];
		source->tick(now += 1000000, PLENTY, &sights);
		cr_assert_eq(fake->page->aux_tail, fake->page->aux_head);
	}
	cr_assert_eq(seen.n, n);
	cr_assert_eq(seen.writes, n);
	source->stop();
	gone();
}

/* --- read-write protection --------------------------------------------------
 */
static struct {
	bool lacks;
	unsigned registered, guarded;
	uintptr_t start, end; /* protected last */
	bool accessed; /* as PAGEMAP_SCAN is to tell */
} uffd;

int __wrap_hms_sys_userfaultfd(int flags)
{
	(void)flags;
	return memfd_create("uffd", MFD_CLOEXEC);
}

/* struct uffdio_api, uffdio_register, rwprotect, pm_scan_arg: by number. */
long __wrap_hms_sys_ioctl(int fd, unsigned long request, void *arg)
{
	uint64_t *words = arg;

	(void)fd;
	switch (_IOC_NR(request)) {
	case 0x3f: /* UFFDIO_API */
		if (uffd.lacks && words[1])
			return -EINVAL;
		return 0;
	case 0x00: /* UFFDIO_REGISTER */
		cr_assert_eq(words[2], HMS_UFFD_REGISTER_RWP);
		uffd.registered++;
		return 0;
	case 0x01:
		return 0;
	case 0x09: /* UFFDIO_RWPROTECT */
		cr_assert_eq(words[2], 1);
		uffd.guarded++;
		uffd.start = words[0];
		uffd.end = words[0] + words[1];
		return 0;
	case 16: { /* PAGEMAP_SCAN: all of it is there */
		uint64_t *region = (uint64_t *)(uintptr_t)words[5];

		words[4] = words[3];
		if (words[2] == words[3] ||
			((words[9] & 1 << 9) && !uffd.accessed))
			return 0;
		region[0] = words[2];
		region[1] = words[3];
		region[2] = 1 << 3;
		return 1;
	}
	}
	return -ENOTTY;
}

Test(rwp, kernels_without_say_so)
{
	char why[HMS_WHY];

	uffd.lacks = true;
	cr_assert_eq(hms_source_find("rwp")->probe(why), -EOPNOTSUPP);
	cr_assert_str_eq(why, "this kernel has no UFFD_FEATURE_RWP_ASYNC");
}

/*
 * Protects part of a block, hears of a fault there, and tells the time in
 * between.  Catches times of other faults, and a kernel's access that is told
 * as none.
 */
Test(rwp, times_to_fault)
{
	const struct hms_source *source = hms_source_find("rwp");
	struct hms_watch watch = { .start = 1 << 30,
		.end = (1 << 30) + (2 << 20) };
	uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);
	struct sample fault = { (uint32_t)getpid(), 12, 0, 0, 0 };
	struct fake *faults;

	cr_assert_eq(source->start(), 0);
	cr_assert_eq(source->watch(&watch), 0);
	faults = fake_of(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS);
	cr_assert(faults);
	cr_assert_eq(faults->attr.sample_period, 1);
	cr_assert(faults->attr.exclude_kernel);
	source->tick(now, PLENTY, &sights);
	source->tick(now += 100000000, PLENTY, &sights);
	cr_assert_eq(uffd.registered, 1);
	cr_assert_eq(uffd.guarded, 1);
	cr_assert_eq(uffd.end - uffd.start, 65536);
	/* Elsewhere, too early, and then the one. */
	fault.addr = uffd.start ^ 1 << 20;
	fault.time = hms_sys_clock(CLOCK_MONOTONIC) + 1000;
	put(faults, 32, PERF_RECORD_SAMPLE, &fault, 24);
	fault.addr = uffd.start + 4096;
	fault.time = 1;
	put(faults, 32, PERF_RECORD_SAMPLE, &fault, 24);
	fault.time = hms_sys_clock(CLOCK_MONOTONIC) + 50000000;
	put(faults, 32, PERF_RECORD_SAMPLE, &fault, 24);
	source->tick(now += 100000000, PLENTY, &sights);
	cr_assert_eq(seen.n, 1);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.tid, 12);
	cr_assert(seen.exposure > 0.05 / 32 * 0.99 && seen.exposure < 0.5 / 32,
		"%g", seen.exposure);
	/* Armed again; this time only the kernel comes by. */
	cr_assert_eq(uffd.guarded, 2);
	uffd.accessed = true;
	source->tick(hms_sys_clock(CLOCK_MONOTONIC) + 2000000000, 100000000,
		&sights);
	cr_assert_eq(seen.n, 2);
	cr_assert_eq(seen.events, 2);
	source->stop();
}

/*
 * More blocks than the table of them holds at first.  Catches a slot that is
 * used after it moved, and blocks that are never looked at.
 */
Test(rwp, many_blocks)
{
	const struct hms_source *source = hms_source_find("rwp");
	struct hms_watch watch = { .start = UINT64_C(1) << 40,
		.end = (UINT64_C(1) << 40) + (UINT64_C(2) << 30) };
	uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);
	struct sample fault = { (uint32_t)getpid(), 12, 0, 0, 0 };
	struct fake *faults;
	unsigned told = 0;

	cr_assert_eq(source->start(), 0);
	cr_assert_eq(source->watch(&watch), 0);
	faults = fake_of(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS);
	for (int i = 0; i < 60; i++) {
		source->tick(now += 100000000, 1000000000, &sights);
		if (!uffd.end)
			continue;
		fault.addr = uffd.start;
		fault.time = hms_sys_clock(CLOCK_MONOTONIC);
		put(faults, 32, PERF_RECORD_SAMPLE, &fault, 24);
		uffd.end = 0;
		told++;
	}
	source->tick(now + 1, 1000000000, &sights);
	/* Half of them at least: each tick may arm 62. */
	cr_assert_gt(uffd.guarded, 512);
	cr_assert_gt(told, 10);
	cr_assert_eq(seen.events, told, "%g of %u", seen.events, told);
	source->stop();
}
