/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract of libc's allocation functions as glibc 2.36 keeps it, from
 * malloc(3), posix_memalign(3) and glibc's malloc/malloc.c.  Catches an
 * allocator that is merely standard: programs were tested against glibc.
 */
#include "tests/stress/tap.h"

#include <malloc.h>

#define ABSURD ((size_t)PTRDIFF_MAX + 1)

static const size_t absurd[] = { ABSURD, SIZE_MAX / 2 + 4096, SIZE_MAX - 4096,
	SIZE_MAX - 15, SIZE_MAX };
#define NABSURD (sizeof(absurd) / sizeof(*absurd))

static bool aligned(const void *p, size_t align)
{
	return ((uintptr_t)p & (align - 1)) == 0;
}

/* NULL and ENOMEM, nothing else. */
static bool refused(void *p, const char *what, size_t size)
{
	bool good = !p && errno == ENOMEM;

	if (!good)
		tap_bad(what, size);
	errno = 0;
	return good;
}

static void test_zero(void)
{
	enum { N = 100 };
	void *p[N];
	bool good = true;

	for (int i = 0; i < N; i++) {
		p[i] = malloc(opaque(0));
		good &= p[i] && aligned(p[i], 16);
		for (int j = 0; j < i; j++)
			good &= p[i] != p[j];
	}
	tap_ok(good, "malloc(0) is unique, aligned, not NULL");
	for (int i = 0; i < N; i++)
		free(p[i]);
	p[0] = calloc(opaque(0), 8);
	p[1] = calloc(8, opaque(0));
	p[2] = realloc(NULL, opaque(0));
	tap_ok(p[0] && p[1] && p[2] && p[0] != p[1] && p[1] != p[2],
		"calloc(0, n), calloc(n, 0) and realloc(NULL, 0) are not NULL");
	free(p[0]);
	free(p[1]);
	free(p[2]);
}

static void test_alignment(void)
{
	bool good = true;

	for (size_t n = 0; n <= 4096; n++) {
		void *p = malloc(n), *q = calloc(1, n), *r = realloc(NULL, n);

		if (!aligned(p, 16) || !aligned(q, 16) || !aligned(r, 16))
			good = tap_bad("not aligned to 16: size", n);
		r = realloc(r, n + 17);
		if (!aligned(r, 16))
			good = tap_bad("realloc not aligned to 16", n + 17);
		if (malloc_usable_size(p) < n || malloc_usable_size(q) < n)
			good = tap_bad("usable size too small", n);
		memset(p, 0xa5, malloc_usable_size(p));
		free(p);
		free(q);
		free(r);
	}
	tap_ok(good, "sizes 0 to 4096: aligned to 16, usable size holds them");
	tap_ok(malloc_usable_size(NULL) == 0, "malloc_usable_size(NULL) is 0");
}

static void test_errno(void)
{
	bool good = true;
	void *volatile p = NULL;

	for (size_t n = 1; n < (64u << 20); n = n * 3 + 1) {
		void *q = NULL;

		errno = 4711;
		p = malloc(n);
		p = realloc(p, n + 100);
		free(p);
		p = calloc(1, n);
		free(p);
		good &= posix_memalign(&q, 64, n) == 0;
		free(q);
		p = aligned_alloc(4096, n);
		p = realloc(p, n / 2 + 1);
		free(p);
		free(NULL);
		if (errno != 4711)
			good = tap_bad("errno changed by success", n);
	}
	tap_ok(good, "success and free leave errno alone");
}

static void test_absurd(void)
{
	bool good = true;

	errno = 0;
	for (size_t i = 0; i < NABSURD; i++) {
		size_t n = opaque(absurd[i]);
		void *p = (void *)1;
		int rc;

		good &= refused(malloc(n), "malloc", n);
		good &= refused(calloc(1, n), "calloc", n);
		good &= refused(realloc(NULL, n), "realloc", n);
		good &= refused(reallocarray(NULL, 1, n), "reallocarray", n);
		good &= refused(memalign(64, n), "memalign", n);
		good &= refused(aligned_alloc(64, n), "aligned_alloc", n);
		good &= refused(valloc(n), "valloc", n);
		good &= refused(pvalloc(n), "pvalloc", n);
		rc = posix_memalign(&p, 64, n);
		if (rc != ENOMEM || p != (void *)1)
			good = tap_bad("posix_memalign", n);
	}
	tap_ok(good, "absurd sizes: NULL and ENOMEM from every function");
	good = refused(malloc(opaque(PTRDIFF_MAX)), "malloc", PTRDIFF_MAX);
	tap_ok(good, "malloc(PTRDIFF_MAX): no such address space, ENOMEM");
	good = refused(memalign(64, opaque(PTRDIFF_MAX)), "memalign", 0);
	good &= refused(
		aligned_alloc(64, opaque(PTRDIFF_MAX)), "aligned_alloc", 0);
	good &= refused(valloc(opaque(PTRDIFF_MAX / 2)), "valloc", 0);
	good &= refused(pvalloc(opaque(PTRDIFF_MAX / 2)), "pvalloc", 0);
	tap_ok(good, "nor if it is aligned");
}

static void test_overflow(void)
{
	static const size_t pairs[][2] = {
		{ SIZE_MAX / 2 + 1, 2 },
		{ SIZE_MAX / 4 + 1, 4 },
		{ (size_t)1 << 32, (size_t)1 << 32 },
		{ SIZE_MAX, SIZE_MAX },
		{ ((size_t)1 << 32) + 1, ((size_t)1 << 32) - 1 },
	};
	bool good = true;
	void *p = malloc(100);

	fill(p, 100, 3);
	errno = 0;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		size_t a = opaque(pairs[i][0]), b = opaque(pairs[i][1]);

		good &= refused(calloc(a, b), "calloc", i);
		good &= refused(calloc(b, a), "calloc", i);
		good &= refused(reallocarray(p, a, b), "reallocarray", i);
	}
	tap_ok(good, "calloc and reallocarray see overflow");
	tap_ok(filled(p, 100, 3), "a refused reallocarray keeps the block");
	free(p);
}

static void test_realloc(void)
{
	bool good = true;
	void *p, *q;

	p = malloc(100);
	errno = 4711;
	q = realloc(p, opaque(0));
	tap_ok(!q && errno == 4711, "realloc(p, 0) frees and returns NULL");
	p = malloc(100);
	q = reallocarray(p, opaque(0), 8);
	tap_ok(!q && errno == 4711, "reallocarray(p, 0, n) does the same");

	for (size_t n = 1; n < (8u << 20); n = n * 5 + 1) {
		p = malloc(n);
		fill(p, n, 9);
		for (size_t i = 0; i < NABSURD; i++) {
			errno = 0;
			good &= refused(
				realloc(p, opaque(absurd[i])), "realloc", n);
		}
		if (!filled(p, n, 9))
			good = tap_bad("block lost", n);
		free(p);
	}
	tap_ok(good, "an impossible realloc is ENOMEM and keeps the block");
}

static void test_posix_memalign(void)
{
	static const size_t wrong[] = { 0, 1, 2, 3, 4, 7, 12, 24, 100, 4097 };
	bool good = true;
	void *p = (void *)1;

	errno = 4711;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (posix_memalign(&p, opaque(wrong[i]), 64) != EINVAL)
			good = tap_bad("not EINVAL", wrong[i]);
	tap_ok(good && p == (void *)1 && errno == 4711,
		"posix_memalign: EINVAL, pointer and errno untouched");
	good = true;
	for (size_t a = sizeof(void *); a <= (4u << 20); a *= 2) {
		for (size_t n = 0; n < 70000; n = n * 3 + 1) {
			if (posix_memalign(&p, a, n) || !p || !aligned(p, a) ||
				malloc_usable_size(p) < n)
				good = tap_bad("posix_memalign", a);
			memset(p, 1, n);
			free(p);
		}
	}
	tap_ok(good && errno == 4711, "posix_memalign: 8 to 4 MiB");
}

static void test_memalign(void)
{
	bool good = true;

	/* glibc 2.36 takes any alignment and rounds up to a power of two. */
	for (size_t a = 0; a <= 5000; a += a < 70 ? 1 : 613) {
		void *p = aligned_alloc(opaque(a), 33);
		void *q = memalign(opaque(a), 33);
		size_t power = 16;

		while (power < a)
			power *= 2;
		if (!p || !q || !aligned(p, power) || !aligned(q, power))
			good = tap_bad("odd alignment", a);
		free(p);
		free(q);
	}
	tap_ok(good, "memalign and aligned_alloc round odd alignments up");
	errno = 0;
	good = !memalign(opaque(SIZE_MAX / 2 + 2), 8) && errno == EINVAL;
	errno = 0;
	good &= !aligned_alloc(opaque(SIZE_MAX), 8) && errno == EINVAL;
	tap_ok(good, "an alignment beyond the highest power is EINVAL");
	errno = 0;
	good = refused(memalign(opaque(SIZE_MAX / 2 + 1), 8), "memalign", 8);
	good &= refused(memalign(opaque(ABSURD / 2), 8), "memalign", 8);
	tap_ok(good, "an alignment beyond the address space is ENOMEM");
}

static void test_valloc(void)
{
	bool good = true;

	for (size_t n = 0; n < 20000; n += 1111) {
		void *p = valloc(n), *q = pvalloc(n);
		size_t pages = (n + 4095) / 4096 * 4096;

		if (!p || !aligned(p, 4096) || malloc_usable_size(p) < n)
			good = tap_bad("valloc", n);
		if (!q || !aligned(q, 4096) || malloc_usable_size(q) < pages)
			good = tap_bad("pvalloc", n);
		free(p);
		free(q);
	}
	tap_ok(good, "valloc and pvalloc: whole pages");
}

int main(void)
{
	test_zero();
	test_alignment();
	test_errno();
	test_absurd();
	test_overflow();
	test_realloc();
	test_posix_memalign();
	test_memalign();
	test_valloc();
	return tap_done();
}
