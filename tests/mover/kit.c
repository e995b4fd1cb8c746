/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mover/kit.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

void kit_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
	_exit(1);
}

struct hms_target *kit_target(const struct hms_range *range, int step)
{
	if (step >= (int)range->place->nsteps)
		kit_fail("the place has no step %d", step);
	return range->place->steps[step].targets[0];
}

#ifndef KIT_LINKED
static void (*move)(struct hms_transfer *, unsigned);
static void (*stats)(struct hms_mover_stats *);
static bool (*find)(uintptr_t, struct hms_range *);
static int (*supported)(const struct hms_target *, const struct hms_target *);

static int base_of(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	if (!strstr(info->dlpi_name, "libhms_preload"))
		return 0;
	*(uintptr_t *)arg = info->dlpi_addr;
	return 1;
}

void kit_start(void)
{
	const char *at = getenv("HMS_MOVER_AT");
	unsigned long of[4];
	uintptr_t base = 0;

	dl_iterate_phdr(base_of, &base);
	if (!at || !base ||
		sscanf(at, "%lx %lx %lx %lx", &of[0], &of[1], &of[2], &of[3]) !=
			4)
		kit_fail("not under the preload, or without HMS_MOVER_AT");
	move = (void (*)(struct hms_transfer *, unsigned))(base + of[0]);
	stats = (void (*)(struct hms_mover_stats *))(base + of[1]);
	find = (bool (*)(uintptr_t, struct hms_range *))(base + of[2]);
	supported = (int (*)(const struct hms_target *,
		const struct hms_target *))(base + of[3]);
}

void kit_move(struct hms_transfer *transfers, unsigned n)
{
	move(transfers, n);
}

void kit_stats(struct hms_mover_stats *out)
{
	stats(out);
}

bool kit_find(uintptr_t addr, struct hms_range *out)
{
	return find(addr, out);
}

int kit_supported(const struct hms_target *from, const struct hms_target *to)
{
	return supported(from, to);
}

void *kit_mmap(size_t len)
{
	return mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int kit_munmap(void *p, size_t len)
{
	return munmap(p, len);
}

int kit_mprotect(void *p, size_t len, int prot)
{
	return mprotect(p, len, prot);
}

int kit_madvise(void *p, size_t len, int advice)
{
	return madvise(p, len, advice);
}

void *kit_mremap(void *p, size_t len, void *to)
{
	return mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

pid_t kit_fork(void)
{
	return fork();
}

#else /* what shims do, as short as it can be said */

#include "base/maps.h"
#include "base/sys.h"
#include "engine/target/backed.h"
#include "engine/target/fork.h"
#include "engine/topology/topology.h"

static pthread_mutex_t maps = PTHREAD_MUTEX_INITIALIZER;
static struct hms_places places;
static struct hms_policy *policy;
static struct hms_nodes nodes;

static void lock(void)
{
	pthread_mutex_lock(&maps);
}

static void unlock(void)
{
	pthread_mutex_unlock(&maps);
}

void kit_start(void)
{
	static struct hms_arena arena;
	static struct hms_diag diag;
	const char *text = getenv("HMS_POLICY");
	struct hms_policy_input in = { .source = "HMS_POLICY",
		.text = text ? text : "",
		.len = text ? strlen(text) : 0,
		.program = "kit" };
	struct hms_topology_request request = { .root = "",
		.depth = HMS_DEPTH_DEVICES };
	struct hms_graph *graph;
	unsigned missing;

	if (hms_policy_parse(&in, &arena, &policy, &diag) ||
		hms_topology_read(&request, &graph))
		kit_fail("%s", diag.text);
	hms_topology_nodes(graph, &nodes);
	if (hms_places_resolve(
		    policy, graph, &nodes, &arena, &places, &missing, &diag))
		kit_fail("%s", diag.text);
	hms_ranges_setup(&places);
	hms_mover_setup(lock, unlock);
}

void kit_move(struct hms_transfer *transfers, unsigned n)
{
	hms_move(transfers, n);
}

void kit_stats(struct hms_mover_stats *out)
{
	hms_mover_stats(out);
}

bool kit_find(uintptr_t addr, struct hms_range *out)
{
	return hms_range_find(addr, out);
}

int kit_supported(const struct hms_target *from, const struct hms_target *to)
{
	return hms_move_supported(from, to);
}

void *kit_mmap(size_t len)
{
	struct hms_range as = {
		.place = &places.places[places.rule_place[0]],
		.options = policy->rules[0].options,
		.kind = HMS_RANGE_MAP,
	};
	void *p;

	lock();
	p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	as.start = (uintptr_t)p;
	as.end = as.start + len;
	if (p != MAP_FAILED && hms_range_bind(&as, RW))
		kit_fail("cannot be bound");
	unlock();
	return p;
}

int kit_munmap(void *p, size_t len)
{
	int rc;

	lock();
	hms_backed_cut((uintptr_t)p, (uintptr_t)p + len);
	rc = munmap(p, len);
	hms_range_drop((uintptr_t)p, (uintptr_t)p + len);
	unlock();
	return rc;
}

int kit_mprotect(void *p, size_t len, int prot)
{
	int rc;

	lock();
	hms_backed_cut((uintptr_t)p, (uintptr_t)p + len);
	rc = mprotect(p, len, prot);
	hms_backed_protect((uintptr_t)p, (uintptr_t)p + len, prot);
	unlock();
	return rc;
}

int kit_madvise(void *p, size_t len, int advice)
{
	int rc;

	if (advice != MADV_DONTNEED)
		return madvise(p, len, advice);
	lock();
	rc = hms_target_zero(NULL, p, len);
	unlock();
	errno = -rc;
	return rc;
}

void *kit_mremap(void *p, size_t len, void *to)
{
	uintptr_t from = (uintptr_t)p, now = (uintptr_t)to;
	struct hms_mapping m;

	lock();
	hms_backed_cut(from, from + len);
	/* Never a hole there, which another thread could be given. */
	if (mmap(to, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) == MAP_FAILED)
		kit_fail("mmap: %m");
	hms_range_drop(now, now + len);
	for (size_t done = 0, part; done < len; done += part) {
		if (hms_mapping_at(from + done, &m))
			kit_fail("a hole in what is moved");
		part = m.end - from - done < len - done ? m.end - from - done
							: len - done;
		if (mremap((char *)p + done, part, part,
			    MREMAP_MAYMOVE | MREMAP_FIXED,
			    (char *)to + done) == MAP_FAILED)
			kit_fail("mremap: %m");
	}
	hms_backed_move(from, now, len);
	hms_range_move(from, from + len, now, now + len);
	unlock();
	return to;
}

pid_t kit_fork(void)
{
	pid_t child;

	hms_mover_before_fork();
	lock();
	hms_ranges_before_fork();
	hms_targets_before_fork();
	child = fork();
	hms_targets_after_fork(child == 0);
	hms_ranges_after_fork(child == 0);
	unlock();
	hms_mover_after_fork(child == 0);
	return child;
}
#endif
