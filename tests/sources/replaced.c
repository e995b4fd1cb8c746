/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refault zaps shared memory; on private memory the same call loses data.
 * Here the program has put private memory in the place of watched memory, and
 * HMS has not heard of it.  Catches a zap without a look at what is there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "engine/source/source.h"

#define BLOCK HMS_SOURCE_BLOCK
#define BLOCKS 8
#define TICKS 400

static char *memory;
static unsigned long sights;

static void see(const struct hms_sight *sight, void *unused)
{
	(void)sight;
	(void)unused;
	sights++;
}

static const struct hms_sights listener = { .see = see };

int main(void)
{
	const struct hms_source *refault = hms_source_find("refault");
	struct hms_watch watch = { .memory = HMS_MEMORY_SHARED,
		.wanted_refault = true };
	int fd = memfd_create("replaced", MFD_CLOEXEC);
	char why[HMS_WHY] = "", *space;
	size_t lost = 0;

	if (refault->probe(why) < 0) {
		printf("1..0 # SKIP refault: %s\n", why);
		return 0;
	}
	if (fd < 0 || ftruncate(fd, BLOCKS * BLOCK))
		return 99;
	space = mmap(NULL, (BLOCKS + 1) * BLOCK, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	memory = (char *)(((uintptr_t)space + BLOCK - 1) & ~(BLOCK - 1));
	mmap(memory, BLOCKS * BLOCK, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, fd, 0);
	memset(memory, 1, BLOCKS * BLOCK);
	watch.start = (uintptr_t)memory;
	watch.end = watch.start + BLOCKS * BLOCK;
	refault->start();
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
	refault->stop();
	printf("# %lu sights\n", sights);
	printf("%sok 1 - private memory keeps its contents\n",
		lost ? "not " : "");
	printf("1..1\n");
	return lost != 0;
}
