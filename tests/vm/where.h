/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where are my pages?  For test programs that know nothing of HMS: they ask
 * the kernel with move_pages(2), called without libnuma, and print one line
 * per kind of memory, for example
 *
 *	malloc pages=4096 node1=4096
 *
 * A page that is not there counts as absent, one that move_pages cannot look
 * at (a device's) as error.  Header of C and C++ alike.
 */
#ifndef TESTS_VM_WHERE_H
#define TESTS_VM_WHERE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WHERE_NODES 16

struct where {
	size_t pages, absent, error;
	size_t node[WHERE_NODES];
};

/*
 * Adds the pages that lie wholly in [start, start + len); of a block smaller
 * than a page, the page it begins in.
 */
static inline void where_add(struct where *sum, const void *start, size_t len)
{
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = ((uintptr_t)start + size - 1) & ~(size - 1);
	uintptr_t end = ((uintptr_t)start + len) & ~(size - 1);

	if (len < size) {
		at = (uintptr_t)start & ~(size - 1);
		end = at + size;
	}
	while (at < end) {
		void *pages[256];
		int status[256];
		size_t i, n = 0;

		while (n < 256 && at < end) {
			pages[n++] = (void *)at;
			at += size;
		}
		if (syscall(SYS_move_pages, 0, n, pages, NULL, status, 0))
			memset(status, 0x80, sizeof(status));
		sum->pages += n;
		for (i = 0; i < n; i++) {
			if (status[i] == -ENOENT)
				sum->absent++;
			else if (status[i] < 0 || status[i] >= WHERE_NODES)
				sum->error++;
			else
				sum->node[status[i]]++;
		}
	}
}

static inline void where_print(const char *kind, const struct where *sum)
{
	int i;

	printf("%s pages=%zu", kind, sum->pages);
	for (i = 0; i < WHERE_NODES; i++)
		if (sum->node[i])
			printf(" node%d=%zu", i, sum->node[i]);
	if (sum->absent)
		printf(" absent=%zu", sum->absent);
	if (sum->error)
		printf(" error=%zu", sum->error);
	putchar('\n');
	fflush(stdout);
}

/*
 * Every page that one of n blocks touches, once for each block, is asked
 * about until all are there: a page that the kernel is just moving, or making
 * part of a huge one, is not.  The blocks must be memory to be written.
 */
static inline void where_blocks(
	struct where *sum, void *const *start, const size_t *len, size_t n)
{
	for (int tries = 0; tries < 10; tries++) {
		*sum = (struct where){};
		for (size_t i = 0; i < n; i++) {
			uintptr_t first = (uintptr_t)start[i], at;

			for (at = first & ~(uintptr_t)4095; at < first + len[i];
				at += 4096) {
				volatile char *byte =
					(char *)(at > first ? at : first);

				*byte = *byte;
				where_add(sum, (void *)at, 4096);
			}
		}
		if (!sum->absent && !sum->error)
			return;
	}
}

/* Touches one block and says where it is; NULL is said with its errno. */
static inline void where_is(const char *kind, void *start, size_t len)
{
	struct where sum = {};

	if (!start || start == (void *)-1) {
		printf("%s errno=%d\n", kind, errno);
		fflush(stdout);
		return;
	}
	memset(start, 0x5a, len);
	where_add(&sum, start, len);
	/*
	 * The kernel compacts a full node, and calls a page absent while it
	 * moves it.  A read waits until that is over.
	 */
	for (int tries = 0; sum.absent && tries < 10; tries++) {
		for (size_t at = 0; at < len; at += 4096)
			((volatile char *)start)[at];
		sum = (struct where){};
		where_add(&sum, start, len);
	}
	where_print(kind, &sum);
}

#endif
