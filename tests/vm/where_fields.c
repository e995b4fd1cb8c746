/* SPDX-License-Identifier: BSD-2-Clause */
/* where.h for Fortran: called by fields.f90, prints a line for each kind. */
#include <stdlib.h>

#include "tests/vm/where.h"

#define KINDS 3
#define MOST 1000

static struct {
	void *start[MOST];
	size_t bytes[MOST], n;
} kinds[KINDS];

void where_block(int kind, void *start, size_t bytes);
void where_all(void);

void where_block(int kind, void *start, size_t bytes)
{
	size_t n = kinds[kind].n++;

	if (n == MOST)
		abort();
	kinds[kind].start[n] = start;
	kinds[kind].bytes[n] = bytes;
}

void where_all(void)
{
	static const char *const names[KINDS] = { "pressure", "velocity",
		"automatic" };

	for (int i = 0; i < KINDS; i++) {
		struct where sum;

		where_blocks(&sum, kinds[i].start, kinds[i].bytes, kinds[i].n);
		where_print(names[i], &sum);
	}
}
