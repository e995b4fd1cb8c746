/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of every kind for tests of sources, and what /proc says of it. */
#include "tests/sources/room.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.1; newer than some headers. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define BLOCK ((uintptr_t)2 << 20)

static int file_of(const char *kind, size_t bytes)
{
	char path[4096];
	const char *folder = getenv("TMPDIR");
	int fd;

	if (strncmp(kind, "device:", 7) == 0)
		return open(kind + 7, O_RDWR | O_CLOEXEC);
	if (strcmp(kind, "shared") == 0) {
		fd = memfd_create("rank", MFD_CLOEXEC);
	} else {
		snprintf(path, sizeof(path), "%s/rank.XXXXXX",
			folder ? folder : "/tmp");
		fd = mkstemp(path);
		if (fd >= 0)
			unlink(path);
	}
	if (fd >= 0 && ftruncate(fd, (off_t)bytes))
		return -1;
	return fd;
}

char *room_make(const char *kind, size_t bytes, bool huge)
{
	unsigned long node = 1;
	bool anon = strcmp(kind, "anon") == 0;
	int fd = anon ? -1 : file_of(kind, bytes);
	char *space, *memory;

	if (!anon && fd < 0)
		return NULL;
	space = mmap(NULL, bytes + BLOCK, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	memory = (char *)(((uintptr_t)space + BLOCK - 1) & ~(BLOCK - 1));
	memory = mmap(memory, bytes, PROT_READ | PROT_WRITE,
		MAP_FIXED | (anon ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED),
		fd, 0);
	if (memory == MAP_FAILED)
		return NULL;
	/* As HMS binds what a rule sends to a node. */
	syscall(SYS_mbind, memory, bytes, MPOL_PREFERRED, &node,
		8 * sizeof(node), 0);
	/* A device has the pages it has, and would send SIGBUS for others. */
	if (strncmp(kind, "device:", 7) != 0)
		madvise(memory, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = 1;
	if (huge && madvise(memory, bytes, MADV_COLLAPSE))
		printf("# MADV_COLLAPSE: %s\n", strerror(errno));
	return memory;
}

/* KiB of huge entries in the memory, by smaps. */
unsigned long room_huge_kib(const char *memory, size_t bytes)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	unsigned long from, to, kib, sum = 0;
	bool here = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from >= (unsigned long)memory &&
			       to <= (unsigned long)memory + bytes;
		else if (here &&
			 (sscanf(line, "AnonHugePages: %lu", &kib) == 1 ||
				 sscanf(line, "ShmemPmdMapped: %lu", &kib) ==
					 1))
			sum += kib;
	}
	if (f)
		fclose(f);
	return sum;
}

/* Mappings of the memory, by maps. */
unsigned room_mappings(const char *memory, size_t bytes)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[4096];
	unsigned long from, to;
	unsigned n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2 &&
			from < (unsigned long)memory + bytes &&
			to > (unsigned long)memory)
			n++;
	if (f)
		fclose(f);
	return n;
}

int room_open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}
