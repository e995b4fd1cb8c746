/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refault zaps shared memory; on private memory the same call loses data.
 * Here the program has put private memory in the place of watched memory, and
 * HMS has not heard of it.  Catches a zap without a look at what is there.
 *
 * And a private mapping of a file, as those of HMS's own files are after a
 * fork: its pages are the file's, until one is written to.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "engine/source/source.h"

#define BLOCK HMS_SOURCE_BLOCK
#define BLOCKS 8
#define TICKS 400

static char *memory, *copy;
static unsigned long sights;

static void see(const struct hms_sight *sight, void *unused)
{
	(void)sight;
	(void)unused;
	sights++;
}

static const struct hms_sights listener = { .see = see };

static char *map(int flags, int fd)
{
	char *space = mmap(NULL, (BLOCKS + 1) * BLOCK, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	space = (char *)(((uintptr_t)space + BLOCK - 1) & ~(BLOCK - 1));
	return mmap(space, BLOCKS * BLOCK, PROT_READ | PROT_WRITE,
		flags | MAP_FIXED, fd, 0);
}

static size_t pages_of(const char *p)
{
	static uint64_t entries[BLOCKS * BLOCK / 4096];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (pread(fd, entries, sizeof(entries),
		    (off_t)((uintptr_t)p / 4096 * 8)) == sizeof(entries))
		for (size_t i = 0; i < BLOCKS * BLOCK / 4096; i++)
			n += entries[i] >> 63;
	close(fd);
	return n;
}

int main(void)
{
	const struct hms_source *refault = hms_source_find("refault");
	struct hms_watch watch = { .memory = HMS_MEMORY_SHARED,
		.wanted_refault = true };
	int fd = memfd_create("replaced", MFD_CLOEXEC);
	char why[HMS_WHY] = "";
	size_t lost = 0, there;

	if (refault->probe(why) < 0) {
		printf("1..0 # SKIP refault: %s\n", why);
		return 0;
	}
	if (fd < 0 || ftruncate(fd, BLOCKS * BLOCK))
		return 99;
	memory = map(MAP_SHARED, fd);
	memset(memory, 1, BLOCKS * BLOCK);
	copy = map(MAP_PRIVATE, fd);
	madvise(copy, BLOCKS * BLOCK, 22 /* MADV_POPULATE_READ */);
	there = pages_of(copy);
	watch.start = (uintptr_t)memory;
	watch.end = watch.start + BLOCKS * BLOCK;
	refault->start();
	refault->watch(&watch);
	watch.start = (uintptr_t)copy;
	watch.end = watch.start + BLOCKS * BLOCK;
	refault->watch(&watch);
	/* Half of it, of each block's pages too. */
	for (unsigned b = 0; b < BLOCKS; b++)
		mmap(memory + b * BLOCK, b < 4 ? BLOCK : BLOCK / 2,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(memory, 1, BLOCKS * BLOCK);
	for (uint64_t i = 1; i <= TICKS; i++) {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		refault->tick((uint64_t)now.tv_sec * 1000000000 +
				      (uint64_t)now.tv_nsec + i * 100000000,
			5000000, &listener);
	}
	for (size_t i = 0; i < BLOCKS * BLOCK; i += 512)
		lost += memory[i] != 1;
	lost += there - pages_of(copy);
	refault->stop();
	printf("# %lu sights\n", sights);
	printf("%sok 1 - private memory keeps its contents\n",
		lost ? "not " : "");
	printf("1..1\n");
	return lost != 0;
}
