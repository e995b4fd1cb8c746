/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks that move between a node and a file of this machine's kernel; each
 * system call of the way made to fail.  Where a block is, is asked of the
 * kernel.  Skipped where a block cannot be stopped.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/target/store.h"
#include "report/status.h"
#include "tests/unit/remap_block.h"

/* The nth call from now on fails; 0: none. */
static unsigned nth, calls;
static int error;
static bool injected;

static bool fails(void)
{
	if (!nth || ++calls != nth)
		return false;
	return injected = true;
}

#define WRAP(type, name, args, call)                                           \
	type __real_hms_sys_##name args;                                       \
	type __wrap_hms_sys_##name args;                                       \
	type __wrap_hms_sys_##name args                                        \
	{                                                                      \
		if (fails())                                                   \
			return (type)(long)-error;                             \
		return __real_hms_sys_##name call;                             \
	}

WRAP(int, userfaultfd, (int flags), (flags))
WRAP(long, ioctl, (int fd, unsigned long request, void *arg),
	(fd, request, arg))
WRAP(void *, mmap,
	(void *addr, size_t len, int prot, int flags, int fd, off_t off),
	(addr, len, prot, flags, fd, off))
WRAP(void *, mremap,
	(void *old, size_t old_len, size_t new_len, int flags, void *to),
	(old, old_len, new_len, flags, to))
WRAP(int, madvise, (void *addr, size_t len, int advice), (addr, len, advice))
WRAP(long, move_pages,
	(pid_t pid, unsigned long count, void **pages, const int *nodes,
		int *status, int flags),
	(pid, count, pages, nodes, status, flags))
WRAP(int, mbind,
	(void *addr, size_t len, int mode, const unsigned long *nodes,
		unsigned long bits, unsigned int flags),
	(addr, len, mode, nodes, bits, flags))
WRAP(int, fallocate, (int fd, int mode, off_t off, off_t len),
	(fd, mode, off, len))
WRAP(int, pipe, (int fds[2]), (fds))
WRAP(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
WRAP(ssize_t, pread, (int fd, void *buf, size_t len, off_t off),
	(fd, buf, len, off))

static void start(void)
{
	remap_start("* -> node:0 then file:%s");
}

/* Catches contents that change, pages that stay, blocks that leak. */
Test(remap, forth_and_back, .init = start, .fini = remap_clean, .timeout = 60)
{
	struct hms_target *node, *file;
	struct hms_store *store;
	struct hms_range range = piece();

	node = kit_target(&range, 0);
	file = kit_target(&range, 1);
	store = file->state;
	for (int i = 0; i < 20; i++) {
		fill((unsigned char)i);
		cr_assert_eq(move(1), 0);
		cr_assert_eq(file_pages(), BLOCK / PAGE);
		cr_assert(is_filled((unsigned char)i));
		cr_assert_eq(piece().target, file);
		cr_assert_eq(file->bound, BLOCK);
		cr_assert_eq(node->bound, BLOCK);
		fill((unsigned char)(i + 100));
		cr_assert_eq(move(0), 0);
		cr_assert_eq(file_pages(), 0);
		cr_assert(is_filled((unsigned char)(i + 100)));
		cr_assert_eq(file->bound, 0);
		cr_assert_eq(node->bound, 2 * BLOCK);
		cr_assert_eq(store->blocks.end, 0);
	}
	cr_expect_eq(hms_status->rules[0].bound, 2 * BLOCK);
	cr_expect_eq(hms_status->rules[0].first, 2 * BLOCK);
}

/* Catches huge pages that come back as small ones, or are lost. */
Test(remap, a_huge_page_comes_back_huge, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	madvise(block, BLOCK, MADV_HUGEPAGE);
	cr_assert_eq(move(1), 0);
	cr_assert_eq(move(0), 0);
	cr_assert(is_filled(1));
}

static unsigned descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static unsigned mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned n = 0;

	for (int c; (c = fgetc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

/* One move with one call failing; what may not be different afterwards. */
static bool survives(int to, unsigned at, int err)
{
	unsigned fds = descriptors(), maps = mappings();
	int before = piece().step, rc;

	fill((unsigned char)(at + (unsigned)err));
	error = err;
	nth = at;
	calls = 0;
	injected = false;
	rc = move(to);
	nth = 0;
	cr_assert(is_filled((unsigned char)(at + (unsigned)err)),
		"contents lost: call %u, error %d", at, err);
	cr_assert_eq(piece().step, rc ? before : to);
	cr_assert_eq(file_pages(), piece().step ? BLOCK / PAGE : 0,
		"call %u, error %d: %d", at, err, rc);
	cr_assert_leq(descriptors(), fds, "call %u, error %d", at, err);
	/* Its own two borders at most. */
	cr_assert_leq(mappings(), maps + 3, "call %u, error %d", at, err);
	cr_assert_eq(
		kit_target(&(struct hms_range){ .place = piece().place }, 1)
			->bound,
		piece().step ? BLOCK : 0);
	if (piece().step != before)
		cr_assert_eq(move(before), 0);
	return injected;
}

/*
 * Catches any call whose failure loses data, leaves a block half moved, a
 * descriptor, a mapping or a charge.
 */
static void each_call_fails(int to)
{
	static const int errors[] = { ENOMEM, EAGAIN, EBUSY, EINTR, ENOSPC };
	unsigned done = 0;

	/* The store's file is opened by the first move. */
	cr_assert_eq(move(1), 0);
	if (to)
		cr_assert_eq(move(0), 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		for (unsigned at = 1; survives(to, at, errors[i]); at++)
			done++;
	cr_log_info("%u failures survived", done);
	cr_assert_gt(done, 40);
}

Test(remap, each_call_to_the_file_fails, .init = start, .fini = remap_clean,
	.timeout = 120)
{
	each_call_fails(1);
}

Test(remap, each_call_to_the_node_fails, .init = start, .fini = remap_clean,
	.timeout = 120)
{
	each_call_fails(0);
}

/* Catches a sandbox that is asked again and again. */
Test(remap, a_refusal_is_for_good, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	struct hms_range range = piece();

	error = ENOSYS;
	nth = 1;
	while (!injected) {
		calls = 0;
		cr_assert_neq(move(1), 0);
		nth++;
	}
	nth = 0;
	cr_assert(is_filled(1));
	(void)range;
}

/* A page that a device may write to; false: not to be had here. */
static bool pin(void *page)
{
	struct io_uring_params params = { 0 };
	struct iovec iov = { page, PAGE };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);

	return ring >= 0 && syscall(SYS_io_uring_register, ring,
				    IORING_REGISTER_BUFFERS, &iov, 1) == 0;
}

/* Catches pages that are copied under a device that writes to them. */
Test(remap, a_pinned_page_keeps_its_block, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	if (!pin(block + 5 * PAGE))
		cr_skip_test("no io_uring here");
	cr_expect_eq(move(1), -EBUSY);
	cr_expect_eq(file_pages(), 0);
	cr_expect(is_filled(1));
}

/* The same on a file, where pins do not show. */
Test(remap, a_ring_keeps_files_blocks, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	cr_assert_eq(move(1), 0);
	if (!pin(block + 5 * PAGE))
		cr_skip_test("no io_uring here");
	cr_expect_eq(move(0), -EBUSY);
	cr_expect_eq(file_pages(), BLOCK / PAGE);
	cr_expect(is_filled(1));
}

/* ASan's mlock(3) does nothing. */
static long lock(void *addr, size_t len)
{
	return syscall(SYS_mlock, addr, len);
}

static void unlock(void *addr, size_t len)
{
	syscall(SYS_munlock, addr, len);
}

/* Catches what would lose its lock, its protection or its nature. */
Test(remap, what_is_special_stays, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	if (lock(block + PAGE, PAGE))
		cr_skip_test("nothing can be locked here");
	cr_expect_eq(move(1), -EPERM);
	unlock(block + PAGE, PAGE);
	kit_mprotect(block, BLOCK, PROT_READ);
	cr_expect_eq(move(1), -EPERM);
	kit_mprotect(block, BLOCK, PROT_READ | PROT_WRITE);
	hms_range_stay((uintptr_t)block, (uintptr_t)block + BLOCK);
	cr_expect_eq(move(1), -EPERM);
	cr_expect_eq(file_pages(), 0);
	cr_expect(is_filled(1));
}

/* The kernel would not say so of a file's: its mapping is simply covered. */
Test(remap, what_is_locked_on_a_file_stays, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	cr_assert_eq(move(1), 0);
	if (lock(block + PAGE, PAGE))
		cr_skip_test("nothing can be locked here");
	cr_expect_eq(move(0), -EPERM);
	unlock(block + PAGE, PAGE);
	cr_expect_eq(move(0), 0);
	cr_expect(is_filled(1));
}

static void limited(void)
{
	remap_start(
		"target slow = file:%s; limit slow 1M; * -> node:0 then slow");
}

/* Catches a limit that moves pass. */
Test(remap, a_limit_holds, .init = limited, .fini = remap_clean, .timeout = 60)
{
	cr_expect_eq(move(1), -ENOSPC);
	cr_expect_eq(file_pages(), 0);
	cr_expect(is_filled(1));
}

/* Catches a child that shares, lacks, or frees what its parent has. */
Test(remap, after_a_fork_both_have_theirs, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	int status;
	pid_t child;

	cr_assert_eq(move(1), 0);
	cr_assert_eq(move(0), 0);
	child = kit_fork();
	if (child == 0) {
		int rc = move(1);

		/* The parent has part in its pages, until one is written. */
		if (rc == 0 || rc == -EBUSY)
			rc = 0;
		fill(7);
		_exit(rc || !is_filled(7));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	cr_expect(is_filled(1));
	cr_expect_eq(move(1), 0);
	cr_expect(is_filled(1));
	cr_expect_eq(file_pages(), BLOCK / PAGE);
}
