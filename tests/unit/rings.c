/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening events of all threads, against a double of perf_event_open(2). */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/source/faults.h"
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

ssize_t __real_hms_sys_read_file(const char *path, char *buf, size_t size);
ssize_t __wrap_hms_sys_read_file(const char *path, char *buf, size_t size);

static bool no_sysfs;
static int refusal;

ssize_t __wrap_hms_sys_read_file(const char *path, char *buf, size_t size)
{
	if (no_sysfs && !strncmp(path, "/sys/", 5))
		return -ENOENT;
	return __real_hms_sys_read_file(path, buf, size);
}

/* As the first event is opened, a thread starts. */
int __wrap_hms_sys_perf_event_open(const struct perf_event_attr *attr,
	pid_t pid, int cpu, int group, unsigned long flags)
{
	int fd;

	(void)attr, (void)pid, (void)cpu, (void)group, (void)flags;
	if (refusal)
		return refusal;
	fd = memfd_create("ring", MFD_CLOEXEC);
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

/* Where nobody says which CPUs there are.  Catches all but one left out. */
Test(rings, without_sysfs_cpus_are_tried)
{
	pthread_t opener;

	no_sysfs = true;
	nopened = 1;
	cr_assert_eq(pthread_create(&opener, NULL, open_all, NULL), 0);
	pthread_join(opener, NULL);
	cr_assert_geq(rings.rings.count, 64);
	cr_assert_eq(rings.rings.count % 64, 0);
	hms_rings_close(&rings);
}

static void hear(const struct hms_fault *fault, void *unused)
{
	(void)fault;
	(void)unused;
}

static void *join_twice(void *unused)
{
	struct hms_faults_total total;
	uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);

	cr_assert_eq(hms_faults_join(hear, NULL, false), 0);
	refusal = -EMFILE;
	cr_assert_eq(hms_faults_join(hear, NULL, true), -EMFILE);
	refusal = 0;
	hms_faults_read(now + 1000, 1000000);
	hms_faults_totals(&total);
	cr_assert_eq(total.period, 0);
	hms_faults_read(now + UINT64_C(2000000000), 1000000);
	hms_faults_totals(&total);
	cr_assert_gt(total.period, 0);
	hms_faults_leave(hear);
	return unused;
}

/* Who wants more gets nothing.  Catches others that hear no more of faults. */
Test(rings, what_cannot_be_opened_is_tried_again)
{
	pthread_t joiner;

	nopened = 1;
	cr_assert_eq(pthread_create(&joiner, NULL, join_twice, NULL), 0);
	pthread_join(joiner, NULL);
}
