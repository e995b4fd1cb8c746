/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source: the kernel's ABI/testing/sysfs-devices-system-cpu
 * (cpuX/cache/indexY, cpuX/topology).
 */
#include "tools/measure/measure.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"

#define CPUS_MAX 8192 /* the most a kernel is built for */

static ssize_t read_cpu(char *buf, size_t size, int cpu, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/%s", cpu,
		name);
	return hms_sys_read_file(path, buf, size);
}

/* Calls fn for each number of "0-3,8"; false ends it. */
static void each_in(
	const char *list, bool (*fn)(int number, void *arg), void *arg)
{
	char *end;

	while (*list >= '0' && *list <= '9') {
		long first = strtol(list, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (; first <= last && first < CPUS_MAX; first++)
			if (!fn((int)first, arg))
				return;
		list = *end == ',' ? end + 1 : end;
	}
}

struct choice {
	struct measure_cpus *out;
	cpu_set_t *may;
	size_t size;
};

static bool add_allowed(int cpu, void *arg)
{
	struct choice *choice = arg;

	if (CPU_ISSET_S((size_t)cpu, choice->size, choice->may))
		choice->out->cpu[choice->out->n++] = cpu;
	return true;
}

int measure_cpus_of(const char *list, struct measure_cpus *out)
{
	struct choice choice = { out, CPU_ALLOC(CPUS_MAX),
		CPU_ALLOC_SIZE(CPUS_MAX) };
	int rc = 0;

	out->n = 0;
	out->cpu = calloc(CPUS_MAX, sizeof(out->cpu[0]));
	if (!out->cpu || !choice.may)
		rc = -ENOMEM;
	else if (sched_getaffinity(0, choice.size, choice.may))
		rc = -errno;
	else if (list)
		each_in(list, add_allowed, &choice);
	else
		for (int cpu = 0; cpu < CPUS_MAX; cpu++)
			add_allowed(cpu, &choice);
	CPU_FREE(choice.may);
	if (rc) {
		free(out->cpu);
		out->cpu = NULL;
	}
	return rc;
}

/* The highest level that holds data: its size, and who shares it. */
static size_t last_cache(int cpu, char *shared, size_t size)
{
	long best = 0;
	size_t bytes = 0;

	shared[0] = 0;
	for (unsigned i = 0; i < 16; i++) {
		char name[64], buf[64];
		uint64_t n;
		long level;

		snprintf(name, sizeof(name), "cache/index%u/level", i);
		if (read_cpu(buf, sizeof(buf), cpu, name) <= 0)
			break;
		level = strtol(buf, NULL, 10);
		snprintf(name, sizeof(name), "cache/index%u/size", i);
		if (level <= best || read_cpu(buf, sizeof(buf), cpu, name) <= 0)
			continue;
		/* "32768K" */
		buf[strcspn(buf, "\n")] = 0;
		if (hms_text_size(buf, strlen(buf), &n))
			continue;
		best = level;
		bytes = (size_t)n;
		snprintf(
			name, sizeof(name), "cache/index%u/shared_cpu_list", i);
		if (read_cpu(shared, size, cpu, name) < 0)
			shared[0] = 0;
	}
	return bytes;
}

static bool take_first(int number, void *arg)
{
	*(int *)arg = number;
	return false;
}

void measure_caches(
	const struct measure_cpus *cpus, size_t *largest, size_t *all)
{
	bool seen[CPUS_MAX] = { false };
	char shared[4096];

	*largest = *all = 0;
	for (unsigned i = 0; i < cpus->n; i++) {
		int first = cpus->cpu[i];
		size_t bytes = last_cache(first, shared, sizeof(shared));

		/* A cache is known by the first CPU that shares it. */
		each_in(shared, take_first, &first);
		if (bytes > *largest)
			*largest = bytes;
		if (!seen[first])
			*all += bytes;
		seen[first] = true;
	}
}

struct search {
	int wanted;
	bool found;
};

static bool look_for(int number, void *arg)
{
	struct search *search = arg;

	search->found |= number == search->wanted;
	return !search->found;
}

bool measure_siblings(int a, int b)
{
	struct search search = { b, false };
	char buf[256];

	if (read_cpu(buf, sizeof(buf), a, "topology/thread_siblings_list") > 0)
		each_in(buf, look_for, &search);
	return search.found;
}
