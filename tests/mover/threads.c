/* SPDX-License-Identifier: BSD-2-Clause */
/* What else programs do with their memory while it moves; see data.c. */
#include "tests/mover/data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/mover/kit.h"

#define PAGES_OF_SHARE (BLOCK / PAGE / SHARES)

static char *some_page(uint64_t *state, enum share share)
{
	return page_of_share((unsigned)draw(state, BLOCKS),
		(unsigned)draw(state, PAGES_OF_SHARE), share);
}

/* write(2) from a block, read(2) into another; never an error. */
void *pipe_thread(void *arg)
{
	uint64_t state = 0xfeedfacecafebeefull, n = 0;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		kit_fail("pipe: %m");
	for (; !ended(); n++) {
		char *from = some_page(&state, SHARE_PIPE), *to;
		uint64_t salt = 100 + n;

		do
			to = some_page(&state, SHARE_PIPE);
		while (to == from);
		fill(from, PAGE, salt);
		if (write(fd[1], from, PAGE) != (ssize_t)PAGE)
			kit_fail("write from a block: %m");
		if (read(fd[0], to, PAGE) != (ssize_t)PAGE)
			kit_fail("read into a block: %m");
		if (memcmp(to, from, PAGE) != 0)
			kit_fail("what was read is not what was written");
		check("pipe", from, PAGE, salt);
	}
	close(fd[0]);
	close(fd[1]);
	count("pipes", n);
	return arg;
}

/*
 * A device reads from a block and writes into another, past all page tables.
 * The descriptor is open for some of the time only: while it is, moves off
 * files take longer.
 */
void *direct_thread(void *arg)
{
	const char *folder = getenv("HMS_TEST_DIRECT");
	uint64_t state = 0xabcdefabcdef1234ull, n = 0, salt;

	while (folder && !ended()) {
		int fd = open(folder, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC,
			0600);

		if (fd < 0)
			break;
		for (int i = 0; i < 8; i++, n++) {
			char *from = some_page(&state, SHARE_DIRECT);
			char *to = some_page(&state, SHARE_DIRECT);

			salt = 1000000 + n;
			fill(from, PAGE, salt);
			if (pwrite(fd, from, PAGE, 0) != (ssize_t)PAGE)
				kit_fail("direct write from a block: %m");
			check("direct", from, PAGE, salt);
			memset(to, 0, PAGE);
			if (pread(fd, to, PAGE, 0) != (ssize_t)PAGE)
				kit_fail("direct read into a block: %m");
			for (size_t j = 0; j < PAGE; j += 8)
				if (*(uint64_t *)(void *)(to + j) !=
					word_for(from + j, salt))
					kit_fail("a direct read is lost at %p",
						(void *)(to + j));
		}
		close(fd);
		for (int i = 0; i < 20 && !ended(); i++)
			nanosleep(&(struct timespec){ 0, 500000 }, NULL);
	}
	count("direct I/O", n);
	return arg;
}

/* Memory that comes, is protected, moved, emptied and goes. */
void *churn_thread(void *arg)
{
	const size_t len = 2 * BLOCK, half = BLOCK + 3 * PAGE;
	static const char zero[PAGE];
	uint64_t n = 0;

	for (; !ended(); n++) {
		char *p = kit_mmap(len), *to;

		if (p == MAP_FAILED)
			kit_fail("mmap: %m");
		__atomic_store_n(&churned, p, __ATOMIC_RELEASE);
		fill(p, len, n);
		if (kit_mprotect(p + PAGE, BLOCK, PROT_READ))
			kit_fail("mprotect: %m");
		check("protected", p, len, n);
		if (kit_mprotect(p + PAGE, BLOCK, PROT_READ | PROT_WRITE))
			kit_fail("mprotect: %m");
		fill(p, len, n + 1);
		if (n % 2) {
			to = kit_mmap(len);
			if (to == MAP_FAILED ||
				kit_mremap(p, len, to) != (void *)to)
				kit_fail("mremap: %m");
			for (size_t i = 0; i < len; i += 8)
				if (*(uint64_t *)(void *)(to + i) !=
					word_for(p + i, n + 1))
					kit_fail("mremap lost a word");
			p = to;
			__atomic_store_n(&churned, p, __ATOMIC_RELEASE);
			fill(p, len, n + 1);
		}
		if (kit_madvise(p, half, MADV_DONTNEED))
			kit_fail("madvise: %m");
		for (size_t i = 0; i < half; i += PAGE)
			if (memcmp(p + i, zero, PAGE) != 0)
				kit_fail("a page that was dropped is not zero");
		check("kept", p + half, len - half, n + 1);
		__atomic_store_n(&churned, NULL, __ATOMIC_RELEASE);
		if (kit_munmap(p, len))
			kit_fail("munmap: %m");
	}
	count("maps", n);
	return arg;
}

/* A child sees what was there at its fork, and keeps its writes to itself. */
static void one_fork(uint64_t n)
{
	int status;
	pid_t child = kit_fork();

	if (child < 0)
		kit_fail("fork: %m");
	if (child == 0) {
		for (unsigned block = 0; block < BLOCKS; block++)
			for (unsigned i = 0; i < PAGES_OF_SHARE; i += 4) {
				char *p = page_of_share(block, i, SHARE_FORK);

				check("child",
					page_of_share(block, i, SHARE_STILL),
					PAGE, 1);
				check("child", p, PAGE, 3);
				fill(p, PAGE, 4 + n);
				check("child", p, PAGE, 4 + n);
			}
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		kit_fail("a child ended with %x", status);
}

/* Late in a round: see data.c. */
void *fork_thread(void *arg)
{
	const struct timespec most = { 0, 700000000 };
	uint64_t n = 0;

	nanosleep(&most, NULL);
	for (; !ended(); n++)
		one_fork(n);
	count("forks", n);
	return arg;
}
