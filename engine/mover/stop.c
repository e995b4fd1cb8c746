/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/thread.h"
#include "engine/mover/own.h"

/* Not in every kernel's headers: Linux 6.1, 6.8. */
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#define FEATURE_MOVE (UINT64_C(1) << 16)

struct move {
	__u64 to, from, len, mode;
	__s64 moved;
};

#define MOVE _IOWR(0xAA, 0x05, struct move)
#define MOVE_HOLES_TOO (UINT64_C(1) << 1)

/* Enough for the program's own threads to get out of the way. */
#define TRIES 10000
#define HELPER_STACK ((size_t)256 << 10)
#define SECOND UINT64_C(1000000000)
#define NAP UINT64_C(1000000)
#define PATIENCE 20 /* ms, if the program has closed the pipe */

/* Copied into new memory; the kernel's own page of zeros is behind it. */
#define ZEROS ((size_t)64 << 10)

static struct hms_own uffd = { .fd = -1 };
static int never; /* not here, for good */

/*
 * mremap(2) of a registered mapping waits until somebody has read of it, so
 * one thread reads while there are moves.  It reads of faults too, which asks
 * nothing of it: they are woken when their block is ready.
 *
 * No block may be stopped before it reads, nor once it does no more: a thread
 * that starts or ends looks at the program's memory (at its locale, in libc),
 * and would wait for itself.
 *
 * Nor may a signal's handler run on it meanwhile.  But libc waits for every
 * thread's answer in setuid(2) and its kin, by a signal: it comes at the end,
 * and whoever makes or ends the thread must not block it.
 */
enum { STARTS, READS, ENDS };

static struct {
	pthread_t thread;
	bool runs;
	atomic_bool stops;
	_Atomic uint32_t phase; /* see above */
	struct hms_own wait, stop; /* ends of a pipe; closing one wakes it */
} helper = { .wait = { .fd = -1 }, .stop = { .fd = -1 } };

static void enter(uint32_t phase)
{
	atomic_store(&helper.phase, phase);
	hms_sys_futex_wake((uint32_t *)&helper.phase);
}

static void wait_while(uint32_t phase)
{
	while (atomic_load(&helper.phase) == phase)
		hms_sys_futex_wait((uint32_t *)&helper.phase, phase, SECOND);
}

static void *read_events(void *arg)
{
	struct uffd_msg msg[16];
	struct pollfd fds[2] = { { .fd = uffd.fd, .events = POLLIN },
		{ .fd = helper.wait.fd, .events = POLLIN } };

	hms_sys_block_signals();
	enter(READS);
	while (!atomic_load(&helper.stops)) {
		int n = hms_sys_poll(fds, 2, PATIENCE);

		/* No memory for it: who waits for us has to be read of. */
		if (n < 0)
			hms_sys_futex_wait(
				(uint32_t *)&helper.phase, READS, NAP);
		/* What the program closed is not ours to read of. */
		if (n > 0 && fds[1].revents)
			fds[1].fd = -1;
		if (!hms_own_is(&uffd))
			fds[0].fd = -1;
		/* Nothing is read, not even to no avail, without a reason. */
		while ((n < 0 || fds[0].revents) && hms_own_is(&uffd) &&
			hms_sys_read(uffd.fd, msg, sizeof(msg)) > 0)
			;
	}
	enter(ENDS);
	hms_sys_block_most_signals();
	return arg;
}

static int open_pipe(void)
{
	int ends[2], rc = hms_sys_pipe(ends);

	if (rc < 0)
		return rc;
	rc = hms_own_take(&helper.wait, ends[0]);
	if (rc < 0)
		hms_sys_close(ends[1]);
	else
		rc = hms_own_take(&helper.stop, ends[1]);
	return rc;
}

static int start_helper(void)
{
	pthread_attr_t attr;
	uint64_t mask;
	int rc = open_pipe();

	if (rc < 0)
		return rc;
	atomic_store(&helper.phase, STARTS);
	atomic_store(&helper.stops, false);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, HELPER_STACK);
	mask = hms_sys_block_most_signals();
	rc = -pthread_create(&helper.thread, &attr, read_events, NULL);
	hms_sys_restore_signals(mask);
	pthread_attr_destroy(&attr);
	helper.runs = !rc;
	if (helper.runs)
		wait_while(STARTS);
	return rc;
}

/* -EBADF: the program closed it, so nobody waits for anything any more. */
static int ask(unsigned long request, void *arg)
{
	return hms_own_is(&uffd) ? (int)hms_sys_ioctl(uffd.fd, request, arg)
				 : -EBADF;
}

static int open_fd(void)
{
	int own = hms_sys_userfaultfd(O_NONBLOCK), device;

	if (own != -EPERM && own != -EACCES)
		return own;
	device = hms_sys_open("/dev/userfaultfd", O_RDWR, 0);
	if (device < 0)
		return -EPERM;
	own = (int)hms_sys_ioctl(device, USERFAULTFD_IOC_NEW,
		(void *)(uintptr_t)(O_NONBLOCK | O_CLOEXEC));
	hms_sys_close(device);
	return own;
}

static int give_up(int rc)
{
	hms_own_close(&uffd);
	if (rc != -EPERM && rc != -EACCES && rc != -ENOSYS && rc != -EINVAL &&
		rc != -ENOTTY)
		return -EBUSY; /* another time */
	never = rc == -EPERM || rc == -EACCES ? -EPERM : -EOPNOTSUPP;
	hms_log_once(HMS_LOG_INFO,
		"memory on files and devices is placed, not moved: %s",
		never == -EPERM
			? "userfaultfd for kernel faults is not allowed here"
			: "this kernel has no UFFDIO_MOVE");
	return never;
}

int hms_stop_open(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_EVENT_REMAP | FEATURE_MOVE,
	};
	int rc;

	if (never || hms_own_is(&uffd))
		return never;
	hms_stop_close();
	rc = hms_own_take(&uffd, open_fd());
	if (rc == 0)
		rc = ask(UFFDIO_API, &api);
	if (rc < 0)
		return give_up(rc);
	rc = start_helper();
	if (rc < 0) {
		hms_stop_close();
		return -EBUSY;
	}
	return 0;
}

void hms_stop_close(void)
{
	if (helper.runs) {
		atomic_store(&helper.stops, true);
		hms_own_close(&helper.stop);
		wait_while(READS);
		hms_own_close(&uffd); /* whoever waits, its end too, goes on */
		pthread_join(helper.thread, NULL);
		helper.runs = false;
	}
	hms_own_close(&helper.wait);
	hms_own_close(&helper.stop);
	hms_own_close(&uffd);
}

void hms_stop_after_fork(void)
{
	helper.runs = false;
	hms_stop_close();
}

int hms_stop_register(uintptr_t addr, size_t len)
{
	struct uffdio_register r = {
		.range = { addr, len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return ask(UFFDIO_REGISTER, &r);
}

void hms_stop_unregister(uintptr_t addr, size_t len)
{
	struct uffdio_range range = { addr, len };

	/* The kernel needs memory to split a mapping: it may have some soon. */
	for (int i = 0, rc; i < TRIES; i++) {
		rc = ask(UFFDIO_UNREGISTER, &range);
		if (rc >= 0 || rc == -EBADF)
			return;
		hms_sys_poll(NULL, 0, i ? 1 : 0);
	}
	/* That unregisters whatever was, and wakes whoever waits. */
	hms_stop_close();
}

void hms_stop_wake(uintptr_t addr, size_t len)
{
	struct uffdio_range range = { addr, len };
	int rc;

	while ((rc = ask(UFFDIO_WAKE, &range)) < 0 && rc != -EBADF)
		hms_sys_poll(NULL, 0, 1);
}

static int make_zero(uintptr_t addr, size_t len)
{
	struct uffdio_zeropage zero = {
		.range = { addr, len },
		.mode = UFFDIO_ZEROPAGE_MODE_DONTWAKE,
	};
	int rc = ask(UFFDIO_ZEROPAGE, &zero);

	return rc < 0 ? rc : zero.zeropage == (__s64)len ? 0 : -EAGAIN;
}

/* In anonymous memory zeropage would be everybody's page of zeros. */
static int make_copy(uintptr_t addr, size_t len)
{
	/* Never written to, so that it takes no memory. */
	static char zeros[ZEROS] __attribute__((aligned(4096)));
	struct uffdio_copy copy;
	int rc = 0;

	for (size_t done = 0; done < len && rc >= 0; done += copy.len) {
		copy = (struct uffdio_copy){
			.dst = addr + done,
			.src = (uintptr_t)zeros,
			.len = len - done < ZEROS ? len - done : ZEROS,
			.mode = UFFDIO_COPY_MODE_DONTWAKE,
		};
		rc = ask(UFFDIO_COPY, &copy);
	}
	return rc < 0 ? rc : 0;
}

int hms_stop_make(uintptr_t addr, size_t len, bool file)
{
	return file ? make_zero(addr, len) : make_copy(addr, len);
}

/* *done: how far it came. */
static int move_on(uintptr_t to, uintptr_t from, size_t len, size_t *done)
{
	int rc;

	for (int tries = 0; *done < len;) {
		struct move m = {
			.to = to + *done,
			.from = from + *done,
			.len = len - *done,
			.mode = MOVE_HOLES_TOO,
		};

		rc = ask(MOVE, &m);
		if (m.moved > 0) {
			*done += (size_t)m.moved;
			tries = 0;
			continue;
		}
		if (rc >= 0)
			break;
		if (rc != -EAGAIN && rc != -EINTR)
			return rc;
		if (++tries > TRIES)
			return -EBUSY;
	}
	return 0;
}

/*
 * Not for a moment: the program has closed the descriptor, or has meanwhile
 * cut the mapping or changed what it is (mlock(2), madvise(2)).
 */
static bool lasts(int rc)
{
	return rc == -EBADF || rc == -EINVAL || rc == -ENOENT || rc == -EEXIST;
}

/*
 * Page by page, each of which is in one mapping.  What cannot be put there is
 * no more what was stopped, or has come there otherwise.
 */
static void copy_on(uintptr_t to, uintptr_t from, size_t len, size_t *done)
{
	const size_t page = hms_sys_page_size();

	while (*done < len) {
		struct uffdio_copy copy = {
			.dst = to + *done,
			.src = from + *done,
			.len = page,
		};
		int rc = ask(UFFDIO_COPY, &copy);

		if (rc == -EBADF) {
			memcpy((char *)to + *done, (char *)from + *done,
				len - *done);
			return;
		}
		if (rc >= 0 || lasts(rc))
			*done += page;
		else
			hms_sys_poll(NULL, 0, 1);
	}
}

/* Ours alone, and where they were there is room: nothing is given up. */
static void move_back(uintptr_t to, uintptr_t from, size_t len)
{
	size_t done = 0;
	int rc;

	while ((rc = move_on(to, from, len, &done)) < 0 && !lasts(rc))
		hms_sys_poll(NULL, 0, 1);
	if (rc == 0)
		return;
	/* A hole is not to be waited for when it is read. */
	hms_stop_unregister(from, len);
	copy_on(to, from, len, &done);
}

int hms_stop_move_pages(uintptr_t to, uintptr_t from, size_t len)
{
	size_t done = 0;
	int rc = move_on(to, from, len, &done);

	/* Nobody sees the place meanwhile, they wait for it. */
	if (rc < 0 && done)
		move_back(from, to, done);
	return rc;
}

int hms_stop_cover(uintptr_t block, uintptr_t empty, size_t len)
{
	void *p = hms_sys_mremap((void *)empty, len, len,
		MREMAP_MAYMOVE | MREMAP_FIXED, (void *)block);

	return hms_sys_failed(p) ? (int)(intptr_t)p : 0;
}

bool hms_stop_return(uintptr_t block, uintptr_t pages, size_t len)
{
	size_t done = 0;
	bool covered = false;
	int rc;

	/* A call that failed may have unmapped the block before it did. */
	while ((rc = move_on(block, pages, len, &done)) < 0 && !done) {
		covered = !hms_stop_cover(block, pages, len);
		if (covered)
			break;
		hms_sys_poll(NULL, 0, 1);
	}
	if (rc < 0 && !covered)
		move_back(block + done, pages + done, len - done);
	hms_stop_unregister(block, len);
	return covered;
}

void hms_stop_fill(uintptr_t to, uintptr_t from, size_t len)
{
	size_t done = 0;

	if (move_on(to, from, len, &done) < 0)
		copy_on(to, from, len, &done);
}
