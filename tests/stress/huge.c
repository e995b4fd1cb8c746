/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks larger than the machine's memory, untouched, and large blocks that
 * are grown, shrunk and zeroed.  Catches memory that is populated or
 * reserved for the program's whole request, and calloc that is not zero.
 */
#include "tests/stress/tap.h"

#include <malloc.h>

static const size_t MIB = 1 << 20, GIB = 1 << 30;

/* Writes to the ends and some pages between. */
static bool touch(char *p, size_t n, char value)
{
	for (size_t i = 0; i < n; i += n / 7)
		p[i] = value;
	p[n - 1] = value;
	return p[n / 7] == value;
}

static void test_untouched(void)
{
	bool good = true;

	for (int i = 0; i < 8; i++) {
		char *p = malloc(opaque(8 * GIB)), *q;

		if (!p)
			return tap_ok(false, "malloc of 8 GiB");
		good &= malloc_usable_size(p) >= 8 * GIB;
		touch(p, 8 * GIB, 1);
		q = calloc(1, 2 * GIB);
		if (q) {
			good &= !q[0] && !q[GIB] && !q[2 * GIB - 1];
			touch(q, 2 * GIB, 2);
		}
		good &= p[0] == 1;
		free(p);
		free(q);
	}
	tap_ok(good, "8 GiB, hardly touched");
}

static void test_resize(void)
{
	bool good = true;
	char *p = NULL;

	for (size_t n = MIB; n <= 256 * MIB; n = n * 2 + 4097) {
		p = realloc(p, n);
		if (!p)
			return tap_ok(false, "large realloc");
		if (n > MIB)
			good &= p[0] == 5 && p[n / 4] == 6;
		p[0] = 5;
		p[(n * 2 + 4097) / 4] = 6;
	}
	for (size_t n = 128 * MIB; n >= 4096; n /= 2) {
		p[n - 1] = 7;
		p = realloc(p, n);
		good &= p[0] == 5 && p[n - 1] == 7;
	}
	free(p);
	tap_ok(good, "1 to 256 MiB and back");
}

static void test_cycle(void)
{
	bool good = true;

	for (int i = 0; i < 300; i++) {
		size_t n = ((size_t)i % 40 + 1) * MIB - (size_t)i * 13;
		char *p = malloc(n), *q = calloc(1, n), *r;

		if (!p || !q)
			return tap_ok(false, "large malloc and calloc");
		good &= !q[0] && !q[n / 2] && !q[n - 1];
		touch(p, n, 3);
		touch(q, n, 4);
		r = memalign(2 * MIB, n);
		good &= r && ((uintptr_t)r & (2 * MIB - 1)) == 0;
		touch(r, n, 5);
		good &= p[0] == 3 && q[n - 1] == 4;
		free(p);
		free(r);
		free(q);
	}
	tap_ok(good, "large blocks come and go, calloc is zero");
}

int main(void)
{
	test_untouched();
	test_resize();
	test_cycle();
	return tap_done();
}
