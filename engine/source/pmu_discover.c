/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/source/canary.h"
#include "engine/source/pmu.h"

/* Cycles: loads that leave a core's own caches take longer. */
#define LATENCY 64
#define DATA_PAGES 16
/* Of SPE's records, 64 bytes each; per CPU. */
#define AUX_PAGES 16
/* IBS counts in units of 16. */
#define IBS_GRANULE 16

const char *hms_pmu_root = "";

static struct hms_event *add(struct hms_pmu_plan *plan, enum hms_pmu_role role,
	const struct perf_event_attr *attr)
{
	struct hms_event *event;

	if (plan->n == HMS_PMU_EVENTS)
		return NULL;
	plan->role[plan->n] = role;
	event = &plan->event[plan->n++];
	memset(event, 0, sizeof(*event));
	event->attr = *attr;
	event->attr.exclude_kernel = 1;
	event->attr.exclude_hv = 1;
	/* Cores of other kinds have other PMUs. */
	event->optional = true;
	if (role == HMS_PMU_LEADER)
		return event;
	event->pages = DATA_PAGES;
	if (role == HMS_PMU_TRACE)
		return event;
	event->attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
				  PERF_SAMPLE_ADDR | PERF_SAMPLE_DATA_SRC;
	event->attr.use_clockid = 1;
	event->attr.clockid = CLOCK_MONOTONIC;
	return event;
}

static unsigned max_precise(const char *dir)
{
	char path[512], buf[16];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "%s/caps/max_precise", dir);
	if (text.cut || hms_sys_read_file(path, buf, sizeof(buf)) <= 0 ||
		buf[0] < '0' || buf[0] > '9')
		return 2;
	return (unsigned)(buf[0] - '0');
}

/* Returns how many events it added. */
static unsigned intel(const char *dir, struct hms_pmu_plan *plan)
{
	struct perf_event_attr loads = { 0 }, stores = { 0 }, aux = { 0 };
	unsigned precise = max_precise(dir), before = plan->n;
	struct hms_event *event;
	bool leader;

	if (precise == 0)
		return 0;
	if (hms_pmu_event(dir, "mem-loads", &loads) == 0) {
		hms_pmu_set(dir, "ldlat", LATENCY, &loads);
		loads.precise_ip = precise > 2 ? 2 : precise;
		leader = hms_pmu_event(dir, "mem-loads-aux", &aux) == 0 &&
			 add(plan, HMS_PMU_LEADER, &aux);
		event = add(plan, HMS_PMU_LOADS, &loads);
		if (event)
			event->grouped = leader;
	}
	if (hms_pmu_event(dir, "mem-stores", &stores) == 0) {
		stores.precise_ip = precise > 2 ? 2 : precise;
		add(plan, HMS_PMU_STORES, &stores);
	}
	return plan->n - before;
}

static int amd(const char *dir, struct hms_pmu_plan *plan, char why[HMS_WHY])
{
	struct perf_event_attr attr = { 0 };
	int type = hms_pmu_type(dir);

	if (type < 0)
		return type;
	attr.type = (uint32_t)type;
	/* Operations rather than cycles: these are what is to be sampled. */
	hms_pmu_set(dir, "cnt_ctl", 1, &attr);
	if (hms_pmu_set(dir, "swfilt", 1, &attr) < 0 && hms_sys_geteuid() != 0)
		return hms_source_why(why, -EOPNOTSUPP,
			"this kernel's ibs_op cannot be kept to user code "
			"(no swfilt)");
	if (hms_pmu_set(dir, "l3missonly", 1, &attr) < 0)
		hms_pmu_set(dir, "ldlat", 128, &attr);
	plan->granule = IBS_GRANULE;
	add(plan, HMS_PMU_OPS, &attr);
	return 0;
}

static int arm(const char *dir, struct hms_pmu_plan *plan)
{
	struct perf_event_attr attr = { 0 };
	struct hms_event *event;
	int type = hms_pmu_type(dir);

	if (type < 0)
		return type;
	attr.type = (uint32_t)type;
	hms_pmu_set(dir, "jitter", 1, &attr);
	hms_pmu_set(dir, "load_filter", 1, &attr);
	hms_pmu_set(dir, "store_filter", 1, &attr);
	hms_pmu_set(dir, "min_latency", LATENCY, &attr);
	event = add(plan, HMS_PMU_TRACE, &attr);
	if (!event)
		return -ENOSPC;
	event->pages = 1;
	event->aux_pages = AUX_PAGES;
	return 0;
}

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

struct entry {
	uint64_t ino, off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static int take(const char *devices, const char *name,
	struct hms_pmu_plan *plan, char why[HMS_WHY])
{
	char dir[400];
	struct hms_text text = HMS_TEXT(dir);

	hms_text_add(&text, "%s/%s", devices, name);
	if (text.cut)
		return 0;
	if (strcmp(name, "ibs_op") == 0)
		return amd(dir, plan, why);
	if (begins(name, "arm_spe_"))
		return arm(dir, plan);
	if (strcmp(name, "cpu") == 0 || strcmp(name, "cpu_core") == 0 ||
		strcmp(name, "cpu_atom") == 0)
		intel(dir, plan);
	return 0;
}

int hms_pmu_discover(
	const char *root, struct hms_pmu_plan *plan, char why[HMS_WHY])
{
	char devices[256], buf[2048] __attribute__((aligned(8)));
	struct hms_text text = HMS_TEXT(devices);
	ssize_t got;
	int fd;

	memset(plan, 0, sizeof(*plan));
	plan->granule = 1;
	why[0] = 0;
	hms_text_add(&text, "%s" HMS_PMU_DEVICES, root);
	fd = hms_sys_open(devices, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return hms_source_why(why, fd, "%s cannot be read: %s", devices,
			strerrorname_np(-fd));
	while ((got = hms_sys_getdents(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct entry *e = (const void *)(buf + at);

			at += e->len;
			take(devices, e->name, plan, why);
		}
	hms_sys_close(fd);
	if (plan->n)
		return 0;
	if (!why[0])
		hms_source_why(why, 0, "no PMU samples addresses here");
	return -ENODEV;
}

void hms_pmu_set_period(struct hms_pmu_plan *plan, uint64_t period)
{
	uint64_t n = period / plan->granule;

	/* Odd, so that it does not keep step with loops of even length. */
	n = (n | 1) * plan->granule;
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->role[i] != HMS_PMU_LEADER)
			plan->event[i].attr.sample_period = n;
}
