/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening events of all threads, against a double of perf_event_open(2). */
#include <criterion/criterion.h>

#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/source/ring.h"

int __wrap_hms_sys_perf_event_open(const struct perf_event_attr *attr,
	pid_t pid, int cpu, int group, unsigned long flags);

static size_t nopened;
static sem_t over;
static pthread_t born;
static struct hms_rings rings;

static void *wait_for_end(void *unused)
{
	(void)unused;
	sem_wait(&over);
	return NULL;
}

/* As the first event is opened, a thread starts. */
int __wrap_hms_sys_perf_event_open(const struct perf_event_attr *attr,
	pid_t pid, int cpu, int group, unsigned long flags)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	(void)attr, (void)pid, (void)cpu, (void)group, (void)flags;
	cr_assert_eq(ftruncate(fd, 2 * sysconf(_SC_PAGESIZE)), 0);
	if (nopened++ == 0)
		cr_assert_eq(
			pthread_create(&born, NULL, wait_for_end, NULL), 0);
	return fd;
}

static void *open_all(void *unused)
{
	const struct hms_event event = {
		.attr = { .type = PERF_TYPE_SOFTWARE },
		.pages = 1,
	};

	(void)unused;
	cr_assert_eq(hms_rings_open(&rings, &event, 1), 0);
	return NULL;
}

/*
 * A thread that starts while its maker's events are opened has inherited some
 * of them, and gets its own.  Catches one whose accesses count twice.
 */
Test(rings, who_starts_meanwhile_counts_once)
{
	const size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t opener;

	sem_init(&over, 0, 0);
	cr_assert_eq(pthread_create(&opener, NULL, open_all, NULL), 0);
	pthread_join(opener, NULL);
	/* Those of all others are newer than the thread. */
	cr_assert_gt(rings.rings.count, cpus);
	cr_assert_eq(nopened, 2 * rings.rings.count - cpus, "%zu %zu", nopened,
		rings.rings.count);
	hms_rings_close(&rings);
	sem_post(&over);
	pthread_join(born, NULL);
}
