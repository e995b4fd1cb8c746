/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory on files and devices, held against what private anonymous memory
 * would do.  Where pages are is asked of the kernel: pagemap's bit 61 is set
 * for pages of a file (admin-guide/mm/pagemap.rst).
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/target/backed.h"
#include "engine/target/fork.h"
#include "engine/target/store.h"

#define PAGE ((size_t)4096)
#define MIB ((size_t)1 << 20)

extern const struct hms_target_ops hms_target_file, hms_target_dax;

static char folder[] = "/dev/shm/hms-unit-XXXXXX";
static struct hms_arena arena;
static struct hms_target target;
static struct hms_diag diag;

static int create(const char *path)
{
	const struct hms_policy_input in = {
		.source = "test",
		.text = "* -> default",
		.len = 12,
		.program = "test",
	};
	const struct hms_term term = { .type = HMS_TERM_FILE, .path = path };
	struct hms_target_spec spec = {
		.term = &term,
		.arena = &arena,
		.diag = &diag,
	};

	struct hms_policy *policy;

	cr_assert_eq(hms_policy_parse(&in, &arena, &policy, &diag), 0);
	spec.policy = policy;
	memset(&target, 0, sizeof(target));
	target.ops = &hms_target_file;
	target.text = "file:test";
	return target.ops->create(&target, &spec);
}

static void on_tmpfs(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(create(folder), 0, "%s", diag.text);
}

static void clean(void)
{
	rmdir(folder);
}

static char *map(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(p, MAP_FAILED);
	return p;
}

static char *backed(size_t len)
{
	char *p = map(len);

	cr_assert_eq(
		target.ops->bind(&target, p, len, PROT_READ | PROT_WRITE), 0);
	return p;
}

/* Touched pages of [p, p+len) that the kernel says are a file's. */
static size_t file_pages(const char *p, size_t len)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	uint64_t entry;

	for (size_t i = 0; i < len; i += PAGE) {
		cr_assert_eq(pread(fd, &entry, 8,
				     (off_t)(((uintptr_t)p + i) / PAGE * 8)),
			8);
		if (entry >> 63)
			n += entry >> 61 & 1;
	}
	close(fd);
	return n;
}

static uint64_t used(void)
{
	struct hms_store *store = target.state;
	struct stat st;

	cr_assert_eq(fstat(store->fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static void drop(char *p, size_t len)
{
	cr_assert_eq(munmap(p, len), 0);
	target.ops->release(&target, p, len);
}

static bool all(const char *p, size_t len, char value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* Catches memory that is not on the file, not zero, or not reserved. */
Test(backed, is_zero_reserved_and_on_the_file, .init = on_tmpfs, .fini = clean,
	.timeout = 30)
{
	char *p = backed(4 * MIB);

	cr_assert_geq(used(), 4 * MIB);
	cr_assert(all(p, 4 * MIB, 0));
	memset(p, 1, 4 * MIB);
	cr_assert_eq(file_pages(p, 4 * MIB), 4 * MIB / PAGE);
	drop(p, 4 * MIB);
	cr_assert_eq(used(), 0);
}

/* Catches blocks that come back with old contents, or never. */
Test(backed, blocks_come_back_empty, .init = on_tmpfs, .fini = clean,
	.timeout = 30)
{
	for (int i = 0; i < 50; i++) {
		char *p = backed(64 * PAGE);

		cr_assert(all(p, 64 * PAGE, 0));
		memset(p, 2, 64 * PAGE);
		/* From the middle first: what is left must stay. */
		cr_assert_eq(munmap(p + 8 * PAGE, 8 * PAGE), 0);
		target.ops->release(&target, p + 8 * PAGE, 8 * PAGE);
		cr_assert_eq(used(), 56 * PAGE);
		cr_assert(all(p, 8 * PAGE, 2));
		cr_assert(all(p + 16 * PAGE, 48 * PAGE, 2));
		drop(p, 64 * PAGE);
	}
	cr_assert_eq(used(), 0);
}

/* Catches a MADV_DONTNEED that leaves contents, or gives up blocks. */
Test(backed, zeroes_and_stays_reserved, .init = on_tmpfs, .fini = clean,
	.timeout = 30)
{
	char *p = backed(MIB);

	memset(p, 3, MIB);
	cr_assert_eq(hms_target_zero(&target, p + PAGE, 512 * 1024), 0);
	cr_assert_eq(p[0], 3);
	cr_assert(all(p + PAGE, 512 * 1024, 0));
	cr_assert(all(p + PAGE + 512 * 1024, MIB - 512 * 1024 - PAGE, 3));
	cr_assert_geq(used(), MIB);
	/* Not writable: other blocks take its place. */
	cr_assert_eq(mprotect(p, MIB, PROT_READ), 0);
	hms_backed_protect((uintptr_t)p, (uintptr_t)p + MIB, PROT_READ);
	cr_assert_eq(hms_target_zero(&target, p, MIB), 0);
	cr_assert(all(p, MIB, 0));
	cr_assert_eq(used(), MIB);
	drop(p, MIB);
}

/* Catches SIGBUS: a full file system must be found out by bind. */
Test(backed, full_file_system_is_an_error_not_a_signal)
{
	char small[] = "/tmp/hms-full-XXXXXX";
	char *p, *q;

	cr_assert_not_null(mkdtemp(small));
	if (mount("tmpfs", small, "tmpfs", 0, "size=2m") < 0) {
		rmdir(small);
		cr_skip_test("mount needs root");
	}
	cr_assert_eq(create(small), 0);
	p = backed(MIB);
	q = map(2 * MIB);
	cr_assert_eq(
		target.ops->bind(&target, q, 2 * MIB, PROT_READ | PROT_WRITE),
		-ENOSPC);
	memset(q, 4, 2 * MIB);
	cr_assert_eq(file_pages(q, 2 * MIB), 0);
	cr_assert_eq(used(), MIB, "the failed part was given back");
	memset(p, 4, MIB);
	/* Other blocks are not to be had: anonymous memory serves. */
	mprotect(p, MIB, PROT_READ);
	hms_backed_protect((uintptr_t)p, (uintptr_t)p + MIB, PROT_READ);
	q = backed(MIB);
	cr_assert_eq(hms_target_zero(&target, p, MIB), 0);
	cr_assert(all(p, MIB, 0));
	umount2(small, MNT_DETACH);
	rmdir(small);
}

/* Catches a file that grows past RLIMIT_FSIZE: SIGXFSZ kills. */
Test(backed, file_size_limit_is_an_error_not_a_signal, .init = on_tmpfs,
	.fini = clean, .timeout = 30)
{
	const struct rlimit limit = { MIB, MIB };
	char *p = map(2 * MIB);

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(
		target.ops->bind(&target, p, 2 * MIB, PROT_READ | PROT_WRITE),
		-EFBIG);
}

static int fork_like_hms(void)
{
	int pid;

	hms_targets_before_fork();
	pid = fork();
	hms_targets_after_fork(pid == 0);
	return pid;
}

static void await(int pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

/* Catches parent and child that see each other's writes. */
Test(backed, fork_copies_on_write, .init = on_tmpfs, .fini = clean,
	.timeout = 30)
{
	int to_child[2], to_parent[2], pid;
	char *p = backed(MIB), *q, byte;

	cr_assert_eq(pipe(to_child), 0);
	cr_assert_eq(pipe(to_parent), 0);
	memset(p, 5, MIB);
	pid = fork_like_hms();
	if (pid == 0) {
		if (!all(p, MIB, 5))
			_exit(1);
		memset(p, 6, MIB / 2);
		q = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (target.ops->bind(&target, q, MIB, PROT_READ | PROT_WRITE))
			_exit(2);
		memset(q, 7, MIB);
		if (write(to_parent[1], "", 1) != 1 ||
			read(to_child[0], &byte, 1) != 1)
			_exit(3);
		if (!all(p, MIB / 2, 6) || !all(p + MIB / 2, MIB / 2, 5))
			_exit(4);
		_exit(all(q, MIB, 7) ? 0 : 5);
	}
	/* So that a child that failed is the end of the pipe. */
	close(to_parent[1]);
	cr_assert_eq(read(to_parent[0], &byte, 1), 1);
	cr_assert(all(p, MIB, 5));
	memset(p, 8, MIB);
	/* Fresh blocks, not those that the child still reads. */
	drop(p, MIB);
	q = backed(4 * MIB);
	memset(q, 9, 4 * MIB);
	cr_assert_eq(write(to_child[1], "", 1), 1);
	await(pid);
	/* The child is gone: what it held is free at the next release. */
	pid = fork_like_hms();
	if (pid == 0)
		_exit(0);
	await(pid);
	drop(q, 4 * MIB);
	cr_assert_eq(used(), 0);
}

/* Catches a purge after fork that shows the file's old contents. */
Test(backed, zero_after_fork, .init = on_tmpfs, .fini = clean, .timeout = 30)
{
	char *p = backed(MIB);
	int pid;

	memset(p, 10, MIB);
	pid = fork_like_hms();
	if (pid == 0) {
		memset(p, 11, PAGE);
		if (hms_target_zero(&target, p, MIB))
			_exit(1);
		_exit(all(p, MIB, 0) ? 0 : 2);
	}
	await(pid);
	cr_assert(all(p, MIB, 10));
	cr_assert_eq(hms_target_zero(&target, p, MIB), 0);
	cr_assert(all(p, MIB, 0));
	memset(p, 12, MIB);
	cr_assert_eq(file_pages(p, MIB), MIB / PAGE, "fresh blocks");
	drop(p, MIB);
}

/* Catches trust in a descriptor that the program closed and opened anew. */
Test(backed, survives_a_program_that_closes_everything, .init = on_tmpfs,
	.fini = clean, .timeout = 30)
{
	struct hms_store *store;
	char path[] = "/tmp/hms-victim-XXXXXX";
	struct stat st;
	char *p = backed(MIB), *q;
	int victim, pid;

	memset(p, 13, MIB);
	store = target.state;
	cr_assert_geq(store->fd, 50, "out of the way");
	close(store->fd);
	victim = mkstemp(path);
	unlink(path);
	cr_assert_eq(dup2(victim, store->fd), store->fd);
	q = backed(MIB);
	memset(q, 14, MIB);
	cr_assert_eq(fstat(victim, &st), 0);
	cr_assert_eq(st.st_size, 0);
	cr_assert(all(p, MIB, 13));
	/* Its first file is out of reach, and yet fork must not share it. */
	pid = fork_like_hms();
	if (pid == 0) {
		memset(p, 15, MIB);
		memset(q, 15, MIB);
		_exit(0);
	}
	await(pid);
	cr_assert(all(p, MIB, 13));
	cr_assert(all(q, MIB, 14));
	cr_assert_eq(hms_target_zero(&target, p, MIB), 0);
	cr_assert(all(p, MIB, 0));
	drop(p, MIB);
	drop(q, MIB);
}

/* Catches contents or protection lost on the way to anonymous memory. */
Test(backed, detaches_with_its_contents, .init = on_tmpfs, .fini = clean,
	.timeout = 30)
{
	char *p = backed(16 * PAGE);

	memset(p, 16, 16 * PAGE);
	mprotect(p, 16 * PAGE, PROT_NONE);
	hms_backed_protect((uintptr_t)p, (uintptr_t)p + 16 * PAGE, PROT_NONE);
	cr_assert_eq(
		hms_backed_detach((uintptr_t)p + PAGE, (uintptr_t)p + 5 * PAGE),
		0);
	cr_assert_eq(used(), 12 * PAGE);
	mprotect(p, 16 * PAGE, PROT_READ);
	cr_assert(all(p, 16 * PAGE, 16));
	cr_assert_eq(file_pages(p, 16 * PAGE), 12);
	drop(p, 16 * PAGE);
	cr_assert_eq(used(), 0);
}

/* Catches records that stay behind when mremap moves a mapping. */
Test(backed, moves, .init = on_tmpfs, .fini = clean, .timeout = 30)
{
	char *p = backed(8 * PAGE), *q = map(8 * PAGE);

	memset(p, 17, 8 * PAGE);
	cr_assert_eq(mremap(p + 2 * PAGE, 4 * PAGE, 4 * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, q),
		q);
	hms_backed_move((uintptr_t)p + 2 * PAGE, (uintptr_t)q, 4 * PAGE);
	drop(q, 4 * PAGE);
	cr_assert_eq(used(), 4 * PAGE);
	cr_assert(all(p, 2 * PAGE, 17));
	drop(p, 8 * PAGE);
	cr_assert_eq(used(), 0);
}

/* Catches a bad path that is found out only in the middle of a run. */
Test(backed, bad_paths_are_refused)
{
	char path[] = "/tmp/hms-exists-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, "precious", 8), 8);
	cr_assert_eq(create(path), -EINVAL);
	cr_assert(strstr(diag.text, "exists"), "%s", diag.text);
	cr_assert_eq(create("/nonexistent/folder/file"), -EINVAL);
	cr_assert_eq(create("/dev/null"), -EINVAL);
	unlink(path);
	/* A file that is not there yet is made, and leaves no trace. */
	cr_assert_eq(create(path), 0, "%s", diag.text);
	backed(PAGE);
	cr_assert_neq(access(path, F_OK), 0);
	close(fd);
}

/* A regular file full of garbage plays the device. */
static struct hms_store device;
static char device_path[] = "/dev/shm/hms-dax-XXXXXX";

static void on_device(void)
{
	int fd = mkstemp(device_path);
	char *junk = map(8 * MIB);

	memset(junk, 18, 8 * MIB);
	cr_assert_eq(write(fd, junk, 8 * MIB), 8 * (ssize_t)MIB);
	close(fd);
	device = (struct hms_store){
		.device = true,
		.path = device_path,
		.granule = 2 * MIB,
		.align = 2 * MIB,
	};
	memset(&target, 0, sizeof(target));
	target.text = "dax:test";
	target.ops = &hms_target_dax;
	hms_store_setup(&device, &target, 8 * MIB);
}

static void off_device(void)
{
	unlink(device_path);
}

static char *aligned(size_t len)
{
	char *p = map(len + 2 * MIB);

	return (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(2 * MIB - 1));
}

/* Catches old contents of a device, wrong alignment, and shared blocks. */
Test(backed, device_memory_is_cleared, .init = on_device, .fini = off_device,
	.timeout = 30)
{
	const int rw = PROT_READ | PROT_WRITE;
	char *p = aligned(4 * MIB), *q = aligned(6 * MIB);
	int fd;

	cr_assert_eq(target.ops->bind(&target, p + PAGE, 2 * MIB, rw), -EINVAL);
	cr_assert_eq(target.ops->bind(&target, p, 4 * MIB, rw), 0);
	cr_assert(all(p, 4 * MIB, 0));
	memset(p, 19, 4 * MIB);
	cr_assert_eq(target.ops->room(&target), 4 * MIB);
	cr_assert_eq(target.ops->bind(&target, q, 6 * MIB, rw), -ENOSPC);
	cr_assert(all(q, 6 * MIB, 0));
	cr_assert(all(p, 4 * MIB, 19));
	/* The first half back: what is free now lies in two parts. */
	drop(p, 2 * MIB);
	cr_assert_eq(target.ops->bind(&target, q, 6 * MIB, rw), 0);
	cr_assert(all(q, 6 * MIB, 0));
	memset(q, 20, 6 * MIB);
	cr_assert(all(p + 2 * MIB, 2 * MIB, 19));
	/* Nobody else has it meanwhile. */
	fd = open(device_path, O_RDWR | O_CLOEXEC);
	hms_stores_lock();
	cr_assert_eq(hms_dax_open(&device), -EBUSY);
	hms_stores_unlock();
	close(fd);
	/* Cut inside a granule: that granule becomes ordinary memory. */
	cr_assert_eq(
		hms_backed_cut((uintptr_t)q + PAGE, (uintptr_t)q + 6 * MIB), 0);
	cr_assert(all(q, 6 * MIB, 20));
	cr_assert_eq(file_pages(q, 6 * MIB), 4 * MIB / PAGE);
}

/* Catches device memory that parent and child share after fork. */
Test(backed, fork_copies_device_memory, .init = on_device, .fini = off_device,
	.timeout = 30)
{
	char *p = aligned(4 * MIB);
	int pid;

	cr_assert_eq(
		target.ops->bind(&target, p, 4 * MIB, PROT_READ | PROT_WRITE),
		0);
	memset(p, 21, 4 * MIB);
	pid = fork_like_hms();
	if (pid == 0) {
		if (!all(p, 4 * MIB, 21) || file_pages(p, 4 * MIB))
			_exit(1);
		memset(p, 22, 4 * MIB);
		_exit(0);
	}
	memset(p, 23, MIB);
	await(pid);
	cr_assert(all(p, MIB, 23));
	cr_assert(all(p + MIB, 3 * MIB, 21));
	cr_assert_eq(file_pages(p, 4 * MIB), 4 * MIB / PAGE);
}

/*
 * Catches a part that gets new blocks next to those of its neighbour, so that
 * both become one, and what follows is taken for memory that is not backed.
 */
Test(backed, zeroing_goes_on_behind_what_it_joined, .init = on_tmpfs,
	.fini = clean, .timeout = 30)
{
	const size_t half = 64 * PAGE;
	char *p = map(2 * half), *between;

	cr_assert_eq(
		target.ops->bind(&target, p, half, PROT_READ | PROT_WRITE), 0);
	hms_targets_before_fork();
	hms_targets_after_fork(false);
	between = backed(half);
	cr_assert_eq(target.ops->bind(
			     &target, p + half, half, PROT_READ | PROT_WRITE),
		0);
	drop(between, half);
	memset(p, 1, 2 * half);
	cr_assert_eq(hms_target_zero(&target, p, 2 * half), 0);
	cr_assert(all(p, 2 * half, 0));
	drop(p, 2 * half);
}
