/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rest of libc's heap surface: calloc's zeros, sized frees, statistics,
 * blocks that libc allocates for the program, blocks of another heap.
 * Catches a heap that forgot one of its doors.
 */
#include "tests/stress/tap.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <unistd.h>

static bool zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void test_zeroed(void)
{
	bool good = true;

	for (size_t n = 1; n < (9u << 20); n = n * 2 + 5) {
		void *p = malloc(n);

		memset(p, 0xff, n);
		free(p);
		p = calloc(n, 1);
		if (!zero(p, n))
			good = tap_bad("calloc over used memory", n);
		memset(p, 0xff, n);
		p = realloc(p, n * 2);
		free(p);
		p = calloc(1, n * 2);
		if (!zero(p, n * 2))
			good = tap_bad("calloc over used memory", n * 2);
		free(p);
	}
	tap_ok(good, "calloc is zero wherever the memory was before");
}

/* Every pair of sizes, so every pair of size classes and of rules. */
static void test_content(void)
{
	static const size_t sizes[] = { 1, 24, 100, 1000, 1024, 5000, 16384,
		70000, 262144, 1100000, 5u << 20 };
	enum { N = sizeof(sizes) / sizeof(*sizes) };
	bool good = true;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			size_t a = sizes[i], b = sizes[j];
			void *p = malloc(a);

			fill(p, a, 5);
			p = realloc(p, b);
			if (!p || !filled(p, a < b ? a : b, 5))
				good = tap_bad("content lost", a);
			fill(p, b, 6);
			p = reallocarray(p, a, 1);
			if (!p || !filled(p, a < b ? a : b, 6))
				good = tap_bad("content lost", b);
			free(p);
			p = memalign(256, a);
			fill(p, a, 7);
			p = realloc(p, b);
			if (!p || !filled(p, a < b ? a : b, 7))
				good = tap_bad("aligned content lost", a);
			free(p);
		}
	}
	tap_ok(good, "realloc keeps the content between all sizes");
}

static void test_sized_free(void)
{
	void (*sized)(void *, size_t) =
		(void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
	void (*aligned)(void *, size_t, size_t) = (void (*)(void *, size_t,
		size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");

	if (!sized || !aligned) {
		tap_skip("free_sized, free_aligned_sized", "not in this libc");
		return;
	}
	errno = 4711;
	for (size_t n = 1; n < (8u << 20); n = n * 3 + 1) {
		sized(malloc(n), n);
		sized(realloc(malloc(7), n), n);
		aligned(aligned_alloc(64, n), 64, n);
	}
	sized(NULL, 0);
	aligned(NULL, 64, 0);
	tap_ok(errno == 4711, "free_sized and free_aligned_sized");
}

static void test_statistics(void)
{
	enum { BIG = 48 << 20 };
	struct mallinfo2 before = mallinfo2(), after;
	char *volatile p = malloc(BIG), *text = NULL;
	size_t len = 0, used;
	FILE *out;
	int rc;

	memset(p, 1, BIG);
	after = mallinfo2();
	used = after.uordblks + after.hblkhd;
	tap_ok(used >= before.uordblks + before.hblkhd + BIG / 2 &&
			used < (size_t)1 << 40,
		"mallinfo2 sees a big block");
	free(p);
	tap_ok(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1 &&
			mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1 &&
			mallopt(M_ARENA_MAX, 4) == 1,
		"mallopt returns 1");
	rc = malloc_trim(0);
	tap_ok(rc == 0 || rc == 1, "malloc_trim returns 0 or 1");
	out = open_memstream(&text, &len);
	rc = malloc_info(0, out);
	fclose(out);
	tap_ok(rc == 0 && len > 16 && !strncmp(text, "<malloc", 7) &&
			strstr(text, "</malloc>"),
		"malloc_info prints XML");
	free(text);
	tap_ok(malloc_info(1, stdout) == EINVAL, "malloc_info(1) is EINVAL");
}

/* Catches a preload that serves the program but not libc itself. */
static void test_libc_blocks(void)
{
	char *line = NULL, *text = NULL, *copy = strdup("some words"), *cwd;
	FILE *in = fopen("/proc/self/maps", "re");
	struct dirent **names = NULL;
	size_t size = 0;
	bool good = copy && in;
	int n;

	for (n = 0; in && getline(&line, &size, in) > 0; n++)
		;
	good &= n > 3 && malloc_usable_size(line) >= size;
	good &= asprintf(&text, "%s %d", copy, n) > 10;
	cwd = getcwd(NULL, 0);
	good &= cwd && cwd[0] == '/';
	free(cwd);
	cwd = realpath("/proc/self/..", NULL);
	good &= cwd && !strcmp(cwd, "/proc");
	free(cwd);
	n = scandir("/proc/self", &names, NULL, alphasort);
	good &= n > 10;
	while (n-- > 0)
		free(names[n]);
	free(names);
	text = realloc(text, 5000);
	copy = realloc(copy, 100000);
	good &= !strncmp(text, "some words", 10) && !strcmp(copy, "some words");
	free(text);
	free(copy);
	free(line);
	if (in)
		fclose(in);
	tap_ok(good, "blocks that libc made are freed and grown by us");
}

/* A module bound to libc itself hands its blocks to the program. */
static void test_foreign(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	void *(*other)(size_t) = (void *(*)(size_t))dlsym(libc, "malloc");
	void *(*zeroed)(size_t, size_t) =
		(void *(*)(size_t, size_t))dlsym(libc, "calloc");
	bool good = true;

	for (size_t n = 1; n < (9u << 20); n = n * 3 + 1) {
		char *p = other(n);

		fill(p, n, 1);
		errno = 4711;
		good &= malloc_usable_size(p) >= n;
		p = realloc(p, n + n / 2);
		good &= filled(p, n, 1) && errno == 4711;
		free(p);
		p = zeroed(1, n);
		good &= zero((unsigned char *)p, n);
		free(p);
		p = other(n);
		p = realloc(p, opaque(0));
		good &= !p && errno == 4711;
		p = other(n);
		fill(p, n, 2);
		good &= !realloc(p, opaque(SIZE_MAX)) && errno == ENOMEM;
		good &= filled(p, n, 2);
		free(p);
	}
	dlclose(libc);
	tap_ok(good, "blocks of libc's own heap are taken by every function");
}

int main(void)
{
	test_zeroed();
	test_content();
	test_sized_free();
	test_statistics();
	test_libc_blocks();
	test_foreign();
	return tap_done();
}
