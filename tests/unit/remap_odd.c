/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may happen while a block is stopped: calls that fail after they have
 * done half of their work, as mremap(2) may, programs that cut the block's
 * mapping or close our descriptors, and memory that is locked from now on.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/mover/direct.h"
#include "tests/unit/remap_block.h"

#define MARK 77

void *__real_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *to);
void *__wrap_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *to);

static unsigned late; /* this call fails late; from 1, 0: none */
static unsigned calls;
static bool views; /* it is of a view, not of a block */
static void (*stopped)(void); /* called once, when a block on a file is */
static char *others; /* memory of another thread's, where ours was */
static size_t others_len;

/* The kernel unmaps what is in the way first, and then looks further. */
static void *fail_late(void *to, size_t len, int flags)
{
	if (flags & MREMAP_FIXED)
		munmap(to, len);
	if (views && (flags & MREMAP_FIXED)) {
		others = mmap(to, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		others_len = len;
		memset(others, MARK, len);
	}
	return (void *)(long)-ENOMEM;
}

/* What is free by now is soon another thread's. */
static void take_place(void *old, size_t len)
{
	void *p = mmap(old, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return;
	others = p;
	others_len = len;
	memset(others, MARK, len);
}

void *__wrap_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *to)
{
	bool view = flags & MREMAP_DONTUNMAP;
	void *p;

	if (view == views && late && ++calls == late)
		return fail_late(to, new_len, flags);
	p = __real_hms_sys_mremap(old, old_len, new_len, flags, to);
	if (!view && late && calls > late && !others)
		take_place(old, old_len);
	if (!view && stopped && to == block) {
		stopped();
		stopped = NULL;
	}
	return p;
}

static void others_are_whole(void)
{
	for (size_t i = 0; i < others_len; i += PAGE)
		cr_assert_eq(others[i], MARK, "another thread's memory");
}

static void start(void)
{
	remap_start("* -> node:0 then file:%s");
}

/* Catches a block that is left unmapped. */
Test(remap_odd, a_block_that_is_unmapped_comes_back, .init = start,
	.fini = remap_clean, .timeout = 60)
{
	cr_assert_eq(move(1), 0);
	fill(2);
	late = 1;
	cr_assert_neq(move(0), 0);
	cr_assert(is_filled(2));
	cr_assert_eq(file_pages(), BLOCK / PAGE);
	late = 0;
	cr_assert_eq(move(0), 0);
	cr_assert(is_filled(2));
}

/* Catches an address that is unmapped though it is no longer ours. */
Test(remap_odd, what_has_become_the_block_is_not_unmapped, .init = start,
	.fini = remap_clean, .timeout = 60)
{
	late = 1;
	cr_assert_neq(move(1), 0);
	cr_assert(is_filled(1));
	cr_assert(others, "the block was not put back by mremap(2)");
	others_are_whole();
	late = 0;
	cr_assert_eq(move(1), 0);
	cr_assert(is_filled(1));
}

/* Catches a view that is mapped over what came in its place. */
Test(remap_odd, a_view_that_fails_has_no_place, .init = start,
	.fini = remap_clean, .timeout = 60)
{
	cr_assert_eq(move(1), 0);
	views = true;
	late = 1;
	cr_assert_eq(move(0), 0);
	cr_assert_eq(calls, 1);
	cr_assert(is_filled(1));
	others_are_whole();
}

static void cut(void)
{
	cr_assert_eq(madvise(block + PAGE, PAGE, MADV_DONTDUMP), 0);
}

/* Catches a wait without an end: no page goes into two mappings. */
Test(remap_odd, a_block_that_is_cut_meanwhile, .init = start,
	.fini = remap_clean, .timeout = 20)
{
	cr_assert_eq(move(1), 0);
	fill(3);
	stopped = cut;
	cr_assert_eq(move(0), 0);
	cr_assert(!stopped);
	cr_assert(is_filled(3));
	cr_assert_eq(file_pages(), 0);
}

static int taken = -1; /* the number of what was closed */
static int data[2];

/* A program that closes what it finds, and gets the number for its own. */
static void close_ours(void)
{
	char path[64], name[64];

	for (int fd = 3; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = 0;
		if (strcmp(name, "anon_inode:[userfaultfd]") != 0)
			continue;
		close(fd);
		cr_assert_eq(dup2(data[0], fd), fd);
		taken = fd;
	}
	cr_assert_geq(taken, 0);
}

/*
 * Nobody is stopped any more then.  Catches a wait without an end, data of the
 * program's that somebody else reads, a descriptor of it that is closed.
 */
Test(remap_odd, a_program_that_closes_descriptors, .init = start,
	.fini = remap_clean, .timeout = 20)
{
	char byte = 0;

	cr_assert_eq(pipe(data), 0);
	cr_assert_eq(write(data[1], "x", 1), 1);
	cr_assert_eq(move(1), 0);
	fill(4);
	stopped = close_ours;
	move(0);
	cr_assert(is_filled(4));
	cr_assert_eq(read(taken, &byte, 1), 1);
	cr_assert_eq(byte, 'x');
	close(taken);
	cr_assert_eq(move(piece().step ? 0 : 1), 0);
	cr_assert(is_filled(4));
}

/*
 * The kernel fills such memory at once, so whoever touches a block of it would
 * not wait.  Catches a block that is all zero.
 */
Test(remap_odd, what_is_locked_from_now_on, .init = start, .fini = remap_clean,
	.timeout = 60)
{
	cr_assert_eq(move(1), 0);
	fill(5);
	if (syscall(SYS_mlockall, MCL_FUTURE))
		cr_skip_test("nothing can be locked here");
	move(0);
	syscall(SYS_munlockall);
	cr_assert(is_filled(5));
	cr_assert_eq(file_pages(), piece().step ? BLOCK / PAGE : 0);
}

static pthread_barrier_t over;

static void *sleeper(void *unused)
{
	pthread_barrier_wait(&over);
	return unused;
}

/*
 * One descriptor is left: for the list of threads, not for what is known of
 * one.  Catches threads that count as ended then, though they may read.
 */
Test(remap_odd, without_descriptors_nothing_is_known, .timeout = 60)
{
	const uintptr_t start = (uintptr_t)1 << 40;
	struct rlimit limit, few;
	pthread_t thread;
	int next;

	pthread_barrier_init(&over, NULL, 2);
	cr_assert_eq(pthread_create(&thread, NULL, sleeper, NULL), 0);
	next = dup(0);
	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	few = limit;
	few.rlim_cur = (rlim_t)next + 1;
	setrlimit(RLIMIT_NOFILE, &few);
	hms_direct_begin();
	cr_expect(hms_direct_under_way(start, start + BLOCK));
	setrlimit(RLIMIT_NOFILE, &limit);
	hms_direct_begin();
	while (hms_direct_under_way(start, start + BLOCK))
		usleep(1000);
	pthread_barrier_wait(&over);
	pthread_join(thread, NULL);
}
