/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reaches the kernel's limit of mappings (vm.max_map_count) and goes on
 * working.  Knows nothing of HMS.  Prints the same whatever its allocator, as
 * long as that keeps libc's contract; exit status 77 if the limit is not
 * reached within 1,000,000 mappings.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 4000

static unsigned char *blocks[BLOCKS];

static size_t size_of(unsigned i)
{
	return 1 + i * 7919u % 3000;
}

/* Every other page with another protection: neighbours cannot be merged. */
static int fill(void)
{
	int prot = PROT_READ, i;

	for (i = 0; i < 1000000; i++) {
		if (mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED)
			return errno;
		prot ^= PROT_READ ^ (PROT_READ | PROT_WRITE);
	}
	return 0;
}

/* A block may be refused here, but what was given must be right. */
static unsigned work(unsigned char mark)
{
	unsigned i, wrong = 0;
	size_t k;

	for (i = 0; i < BLOCKS; i++) {
		free(blocks[i]);
		blocks[i] = malloc(size_of(i));
		if (blocks[i])
			memset(blocks[i], mark ^ (unsigned char)i, size_of(i));
	}
	for (i = 0; i < BLOCKS; i++)
		for (k = 0; blocks[i] && k < size_of(i); k++)
			wrong += blocks[i][k] != (mark ^ (unsigned char)i);
	return wrong;
}

int main(void)
{
	void *large;
	int error, status = -1;
	pid_t child;

	printf("before: %u wrong\n", work(1));
	error = fill();
	if (!error)
		return 77;
	printf("full: %s\n", strerror(error));
	printf("after: %u wrong\n", work(2));
	large = malloc(64 << 20);
	printf("large: %s\n", large || errno == ENOMEM ? "fine" : "odd errno");
	free(large);
	fflush(stdout);
	child = fork();
	if (!child)
		_exit(work(3) ? 1 : 0);
	waitpid(child, &status, 0);
	printf("child: %d\n", status);
	return 0;
}
