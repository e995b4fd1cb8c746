/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of `hms measure` whose results do not depend on the machine. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "tools/measure/measure.h"

volatile sig_atomic_t measure_stopped;

#define BYTES ((size_t)1 << 20)
#define GUARD 4096

/* Between guards, so that a loop that goes too far is seen. */
static unsigned char *guarded(int fill)
{
	unsigned char *all = aligned_alloc(4096, BYTES + (size_t)2 * GUARD);

	cr_assert(all);
	memset(all, 0xa5, BYTES + (size_t)2 * GUARD);
	memset(all + GUARD, fill, BYTES);
	return all + GUARD;
}

static bool only(const unsigned char *at, size_t bytes, int value)
{
	for (size_t i = 0; i < bytes; i++)
		if (at[i] != value)
			return false;
	return true;
}

static void check_guards(unsigned char *memory)
{
	cr_assert(only(memory - GUARD, GUARD, 0xa5));
	cr_assert(only(memory + BYTES, GUARD, 0xa5));
	free(memory - GUARD);
}

/*
 * Catches a chase that goes round in a part of the memory, which would be a
 * measurement of caches, and one whose order a prefetcher can know.
 */
Test(measure, the_chase_visits_every_line_once)
{
	unsigned char *memory = guarded(0);
	size_t lines = BYTES / MEASURE_LINE, next = 0;
	bool *seen = calloc(lines, sizeof(*seen));
	unsigned char *at = memory;

	measure_chase_make(memory, BYTES);
	for (size_t i = 0; i < lines; i++) {
		size_t line = (size_t)(at - memory) / MEASURE_LINE;
		unsigned char *to;

		cr_assert_lt(line, lines);
		cr_assert_not(seen[line], "after %zu steps", i);
		seen[line] = true;
		memcpy(&to, at, sizeof(to));
		next += to == at + MEASURE_LINE || to == at - MEASURE_LINE;
		at = to;
	}
	cr_assert_eq(at, memory);
	cr_assert_lt(next, lines / 100);
	cr_assert_eq(measure_chase(memory, lines), memory);
	cr_assert_neq(measure_chase(memory, lines / 2), memory);
	free(seen);
	check_guards(memory);
}

/* Catches loops that leave a part out, which would look faster. */
Test(measure, loops_do_all_of_their_memory_and_no_more)
{
	unsigned char *to = guarded(0), *from = guarded(0);

	for (size_t i = 0; i < BYTES; i++)
		from[i] = (unsigned char)(i * 7 + i / 4096);
	measure_read(from, BYTES);
	measure_copy(to, from, BYTES);
	cr_assert_eq(memcmp(to, from, BYTES), 0);
	measure_write(to, BYTES);
	cr_assert(only(to, BYTES, 0xff));
	if (measure_can_stream()) {
		measure_copy_stream(to, from, BYTES);
		cr_assert_eq(memcmp(to, from, BYTES), 0);
		measure_write_stream(to, BYTES);
		cr_assert(only(to, BYTES, 0xff));
	}
	check_guards(to);
	check_guards(from);
}

/* Catches a mean in a median's place, and half or double the spread. */
Test(measure, a_summary_is_median_and_half_the_quartiles_distance)
{
	double five[] = { 1000, 10, 12, 8, 11 }, two[] = { 3, 1 },
	       one[] = { 7 };
	struct measure_value value = measure_summary(five, 5);

	cr_assert_float_eq(value.median, 11, 1e-9);
	cr_assert_float_eq(value.spread, (12.0 - 10) / 2 / 11, 1e-9);
	cr_assert_eq(value.samples, 5);
	value = measure_summary(two, 2);
	cr_assert_float_eq(value.median, 2, 1e-9);
	cr_assert_float_eq(value.spread, 0.25, 1e-9);
	value = measure_summary(one, 1);
	cr_assert_float_eq(value.median, 7, 1e-9);
	cr_assert_float_eq(value.spread, 0, 1e-9);
}
