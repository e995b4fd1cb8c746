/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings: one event after the other, for each thread and CPU. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/source/ring_map.h"

/* Each is a mapping or two; a process may have 65,530 (vm.max_map_count). */
#define RINGS_MAX 4096
#define THREADS_MAX 64
#define CPUS_MAX 1024
#define ROUNDS 4 /* of opening, while threads start */

/* One thread on one CPU: all events, or none. */
struct where {
	pid_t tid; /* 0: the caller */
	int cpu; /* -1: any */
	bool inherit;
};

/* Linux 5.13; without it, forked children report too, as other processes. */
static bool no_inherit_thread;

static int open_event(
	struct perf_event_attr attr, const struct where *where, int leader)
{
	int fd;

	attr.size = sizeof(attr);
	attr.inherit = where->inherit;
	attr.inherit_thread = where->inherit && !no_inherit_thread;
	fd = hms_sys_perf_event_open(&attr, where->tid, where->cpu, leader, 0);
	if ((fd != -EINVAL && fd != -E2BIG) || !attr.inherit_thread)
		return fd;
	attr.inherit_thread = 0;
	fd = hms_sys_perf_event_open(&attr, where->tid, where->cpu, leader, 0);
	if (fd >= 0)
		no_inherit_thread = true;
	return fd;
}

/* An error that only says: another kind of core. */
static bool not_here(const struct hms_event *event, int error)
{
	return event->optional &&
	       (error == -ENOENT || error == -ENODEV || error == -EOPNOTSUPP ||
		       error == -EINVAL);
}

static int open_here(struct hms_rings *rings, const struct hms_event *events,
	unsigned n, const struct where *where)
{
	int fd, leader = -1, rc = 0, opened = 0, last = 0;
	bool skip = false;

	for (unsigned i = 0; i < n && rc == 0; i++) {
		if (!events[i].grouped && leader >= 0) {
			hms_sys_close(leader);
			leader = -1;
		}
		/* Without its leader it would sample nothing. */
		if (events[i].grouped && skip)
			continue;
		skip = false;
		fd = open_event(events[i].attr, where, leader);
		if (fd < 0 && not_here(&events[i], fd)) {
			last = fd;
			skip = true;
			continue;
		}
		rc = fd;
		if (fd < 0)
			break;
		rc = hms_rings_map(rings, fd, &events[i], (int)i);
		opened += rc == 0;
		if (events[i].pages == 0 && rc == 0)
			leader = fd;
		else
			hms_sys_close(fd);
	}
	if (leader >= 0)
		hms_sys_close(leader);
	return rc < 0 || opened ? rc : last;
}

/* "0-3,8"; how many there are. */
static int cpus_online(int *cpus, int max)
{
	char buf[1024];
	const char *s = buf;
	int n = 0;

	if (hms_sys_read_file(
		    "/sys/devices/system/cpu/online", buf, sizeof(buf)) <= 0)
		buf[0] = 0;
	while (*s >= '0' && *s <= '9') {
		int from = 0, to;

		for (; *s >= '0' && *s <= '9'; s++)
			from = from * 10 + (*s - '0');
		to = from;
		if (*s == '-')
			for (s++, to = 0; *s >= '0' && *s <= '9'; s++)
				to = to * 10 + (*s - '0');
		for (; from <= to && n < max; from++)
			cpus[n++] = from;
		if (*s == ',')
			s++;
	}
	/* A sandbox without sysfs: as many as answer. */
	if (n == 0)
		for (; n < max && n < 64; n++)
			cpus[n] = n;
	return n;
}

struct entry {
	uint64_t ino, off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* Threads but the caller's; *unseen: those beyond max. */
static int threads(pid_t *tids, int max, unsigned *unseen)
{
	char buf[4096] __attribute__((aligned(8)));
	const pid_t self = hms_sys_gettid();
	int fd = hms_sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
	int n = 0;
	ssize_t got;

	while (fd >= 0 && (got = hms_sys_getdents(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct entry *e = (const void *)(buf + at);
			pid_t tid = 0;

			for (const char *s = e->name; *s >= '0' && *s <= '9';
				s++)
				tid = tid * 10 + (*s - '0');
			at += e->len;
			if (tid == 0 || tid == self)
				continue;
			if (n < max)
				tids[n++] = tid;
			else
				++*unseen;
		}
	if (fd >= 0)
		hms_sys_close(fd);
	/* Without /proc: the first thread at least. */
	if (n == 0 && hms_sys_getpid() != self)
		tids[n++] = hms_sys_getpid();
	return n;
}

static bool had(const pid_t *tids, int n, pid_t tid)
{
	for (int i = 0; i < n; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

/* Every CPU of a thread; a CPU that has gone offline is no error. */
static int open_thread(struct hms_rings *rings, const struct hms_event *events,
	unsigned n, pid_t tid, const int *cpus, int ncpus)
{
	int rc = 0, last = -ENODEV, opened = 0;

	for (int i = 0; i < ncpus; i++) {
		struct where where = { tid, cpus[i], true };

		rc = open_here(rings, events, n, &where);
		if (rc == 0)
			opened++;
		else if (rc != -ENODEV)
			last = rc;
		if (rc < 0 && rc != -ENODEV && rc != -EINVAL)
			break;
	}
	return opened ? 0 : last;
}

/* Is any of them not among those? */
static bool any_new(const pid_t *now, int nnow, const pid_t *then, int nthen)
{
	for (int i = 0; i < nnow; i++)
		if (!had(then, nthen, now[i]))
			return true;
	return false;
}

/* All threads of the list; *last: what the last one said. */
static int open_threads(struct hms_rings *rings, const struct hms_event *events,
	unsigned n, const pid_t *tids, int ntids, int *last)
{
	int cpus[CPUS_MAX], ncpus = cpus_online(cpus, CPUS_MAX), opened = 0;

	for (int i = 0; i < ntids; i++) {
		if (rings->rings.count + n * (size_t)ncpus > RINGS_MAX) {
			rings->threads_unseen++;
			continue;
		}
		*last = open_thread(rings, events, n, tids[i], cpus, ncpus);
		if (*last == 0)
			opened++;
		else if (*last != -ESRCH)
			rings->threads_unseen++;
	}
	return opened;
}

/*
 * A thread that starts while we open has inherited what its maker had by then:
 * all of it, some CPUs, or nothing.  Opened once more it would be counted
 * twice, so all is done anew while there is such a thread.  If there always is
 * one, makers were mostly done before, and their threads have it from them.
 */
int hms_rings_open(
	struct hms_rings *rings, const struct hms_event *events, unsigned n)
{
	pid_t now[THREADS_MAX], then[THREADS_MAX];
	int nnow, nthen, rc = -ESRCH, opened = 0;
	unsigned unseen = 0;

	memset(rings, 0, sizeof(*rings));
	nnow = threads(now, THREADS_MAX, &unseen);
	for (int round = 0; round < ROUNDS; round++) {
		memcpy(then, now, sizeof(then));
		nthen = nnow;
		rings->threads_unseen = unseen;
		opened = open_threads(rings, events, n, then, nthen, &rc);
		unseen = 0;
		nnow = threads(now, THREADS_MAX, &unseen);
		if (!any_new(now, nnow, then, nthen) || round == ROUNDS - 1)
			break;
		hms_rings_close(rings);
	}
	if (opened)
		return 0;
	hms_rings_close(rings);
	return rc;
}

int hms_rings_open_self(
	struct hms_rings *rings, const struct hms_event *events, unsigned n)
{
	struct where where = { 0, -1, false };
	int rc;

	memset(rings, 0, sizeof(*rings));
	rc = open_here(rings, events, n, &where);
	if (rc < 0)
		hms_rings_close(rings);
	return rc;
}

int hms_perf_paranoid(void)
{
	char buf[16];
	int n = 0;

	if (hms_sys_read_file("/proc/sys/kernel/perf_event_paranoid", buf,
		    sizeof(buf)) <= 0)
		return INT_MIN;
	for (const char *s = buf + (buf[0] == '-'); *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return buf[0] == '-' ? -n : n;
}

const char *hms_perf_why(int error, char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };
	int paranoid = hms_perf_paranoid();

	buf[0] = 0;
	if ((error == -EACCES || error == -EPERM) && paranoid > 2)
		hms_text_add(&text, "perf_event_paranoid is %d", paranoid);
	else if (error == -EACCES || error == -EPERM)
		hms_text_add(&text,
			"perf_event_open is not permitted (a container's "
			"seccomp filter, or ulimit -l)");
	else if (error == -ENOSYS)
		hms_text_add(&text, "this kernel has no perf_event_open");
	else if (error == -EMFILE || error == -ENFILE)
		hms_text_add(&text, "no descriptor is left for an event");
	else
		hms_text_add(
			&text, "perf_event_open: %s", strerrorname_np(-error));
	return buf;
}
