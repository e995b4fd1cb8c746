/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/place.h"

#define LEN ((size_t)8 << 20)

static int refusal;

long __wrap_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags);
long __real_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags);

long __wrap_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags)
{
	return refusal ? refusal
		       : __real_hms_sys_move_pages(
				 pid, count, pages, nodes, status, flags);
}

static char *map(int flags, int fd)
{
	char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, flags, fd, 0);

	cr_assert_neq(p, MAP_FAILED);
	madvise(p, LEN, MADV_NOHUGEPAGE);
	return p;
}

static size_t on_nodes(const struct hms_residency *sum)
{
	size_t bytes = 0;

	for (int i = 0; i < 64; i++)
		bytes += sum->node[i];
	return bytes;
}

/* Catches pages never touched that are counted, and the other way. */
Test(residency, touched_pages_have_a_node)
{
	struct hms_residency sum = { .file = 0 };
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memset(p + 4096, 1, LEN / 4);
	cr_assert_eq(hms_residency(p, LEN, false, &sum), 0);
	cr_assert_eq(on_nodes(&sum), LEN / 4);
	cr_assert_eq(sum.absent, LEN - LEN / 4);
	cr_assert_eq(sum.file, 0);
}

/* Catches pages of a file that pass for ordinary memory. */
Test(residency, pages_of_files_are_told_apart)
{
	struct hms_residency sum = { .file = 0 };
	int fd = memfd_create("test", MFD_CLOEXEC);
	char *p;

	cr_assert_eq(ftruncate(fd, (off_t)LEN), 0);
	p = map(MAP_SHARED, fd);
	memset(p, 1, LEN / 2);
	cr_assert_eq(hms_residency(p, LEN, true, &sum), 0);
	cr_assert_eq(sum.file, LEN / 2);
	cr_assert_eq(on_nodes(&sum), 0);
	cr_assert_eq(sum.absent, LEN / 2);
	memset(&sum, 0, sizeof(sum));
	cr_assert_eq(hms_residency(p, LEN, false, &sum), 0);
	cr_assert_eq(on_nodes(&sum), LEN / 2);
	close(fd);
}

/* Catches a report without placement inside containers. */
Test(residency, a_filter_that_refuses_is_got_round)
{
	struct hms_residency sum = { .file = 0 };
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (access("/proc/self/numa_maps", R_OK))
		cr_skip("this kernel has no numa_maps");
	/* A mapping of its own, or counts are shared with a neighbour. */
	mprotect(p, 4096, PROT_NONE);
	mprotect(p + LEN - 4096, 4096, PROT_NONE);
	p += 4096;
	memset(p, 1, LEN / 4);
	refusal = -EPERM;
	cr_assert_eq(hms_residency(p, LEN - 8192, false, &sum), 0);
	cr_assert_eq(on_nodes(&sum), LEN / 4);
	cr_assert_eq(sum.absent, LEN - 8192 - LEN / 4);
}

/* Catches an error that is swallowed, and sums that are made up. */
Test(residency, other_errors_are_told)
{
	struct hms_residency sum = { .file = 0 };
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);

	refusal = -ENOMEM;
	cr_assert_eq(hms_residency(p, LEN, false, &sum), -ENOMEM);
	cr_assert_eq(on_nodes(&sum) + sum.absent, 0);
}
