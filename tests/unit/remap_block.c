/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/remap_block.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

char folder[] = "/dev/shm/hms-remap-XXXXXX";
char *block;

void fill(unsigned char seed)
{
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = (char)(seed + i / PAGE + i % 251);
}

bool is_filled(unsigned char seed)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (block[i] != (char)(seed + i / PAGE + i % 251))
			return false;
	return true;
}

size_t file_pages(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry[BLOCK / PAGE];
	size_t n = 0;

	cr_assert_eq(pread(fd, entry, sizeof(entry),
			     (off_t)((uintptr_t)block / PAGE * 8)),
		(ssize_t)sizeof(entry));
	close(fd);
	for (size_t i = 0; i < BLOCK / PAGE; i++)
		n += entry[i] >> 63 && (entry[i] >> 61 & 1);
	return n;
}

struct hms_range piece(void)
{
	struct hms_range range;

	cr_assert(kit_find((uintptr_t)block, &range));
	return range;
}

int move(int step)
{
	struct hms_range range = piece();
	struct hms_transfer t = { .start = (uintptr_t)block,
		.end = (uintptr_t)block + BLOCK,
		.to = kit_target(&range, step),
		.step = step };

	kit_move(&t, 1);
	return t.result;
}

void remap_start(const char *rules)
{
	struct hms_range range;
	char policy[300];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(policy, sizeof(policy), rules, folder);
	setenv("HMS_POLICY", policy, 1);
	kit_start();
	block = kit_mmap(2 * BLOCK);
	cr_assert_neq(block, MAP_FAILED);
	block = (char *)(((uintptr_t)block + BLOCK - 1) & ~(BLOCK - 1));
	fill(1);
	range = piece();
	if (kit_supported(kit_target(&range, 0), kit_target(&range, 1)))
		cr_skip_test("blocks cannot be stopped here");
}

void remap_clean(void)
{
	cr_expect_eq(rmdir(folder), 0, "something is left in the folder");
}
