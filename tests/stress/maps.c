/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What mmap(2), mremap(2), munmap(2), mprotect(2), madvise(2) and sbrk(2)
 * promise, whatever memory a rule puts under a mapping: content, zeros,
 * flags, errors, and the same addresses.  Catches a range table that no
 * longer knows what is mapped, and a target that behaves unlike anonymous
 * memory.
 */
#include "tests/stress/tap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static const size_t PAGE = 4096, MIB = 1 << 20;

static char *map(size_t n)
{
	char *p = mmap(NULL, n, RW, ANON, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static sigjmp_buf back;

static void fault(int sig)
{
	siglongjmp(back, sig);
}

/* The signal that an access raises; 0: none. */
static int access_signal(volatile char *p, bool write)
{
	struct sigaction action = { .sa_handler = fault }, segv, bus;
	volatile int sig;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	sig = sigsetjmp(back, 1);
	if (!sig) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return sig;
}

static void test_basic(void)
{
	bool good = true;

	errno = 4711;
	for (size_t n = 1; n < 40 * MIB; n = n * 3 + 1) {
		char *p = map(n);

		if (!p || ((uintptr_t)p & (PAGE - 1)) || !zero(p, n))
			good = tap_bad("fresh mapping", n);
		fill(p, n, 1);
		good &= filled(p, n, 1) && munmap(p, n) == 0;
	}
	tap_ok(good && errno == 4711, "mappings are zero, writable, unmapped");
	good = mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED && errno == EINVAL;
	good &= mmap(NULL, opaque(SIZE_MAX), RW, ANON, -1, 0) == MAP_FAILED &&
		errno == ENOMEM;
	good &= mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0) == MAP_FAILED &&
		errno == EBADF;
	good &= mmap(NULL, PAGE, RW, ANON, -1, 5) == MAP_FAILED &&
		errno == EINVAL;
	good &= munmap((void *)5, PAGE) == -1 && errno == EINVAL;
	good &= mremap((void *)PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) ==
			MAP_FAILED &&
		errno == EFAULT;
	tap_ok(good, "errors are the kernel's own");
}

static void test_partial(void)
{
	size_t n = 16 * MIB;
	bool good = true;

	for (int i = 0; i < 10; i++) {
		char *p = map(n);

		fill(p, n, 2);
		good &= munmap(p + 3 * MIB, 2 * MIB) == 0;
		good &= munmap(p, MIB) == 0;
		good &= munmap(p + n - PAGE, PAGE) == 0;
		good &= access_signal(p + 4 * MIB, false) == SIGSEGV;
		good &= access_signal(p, false) == SIGSEGV;
		good &= access_signal(p + MIB, true) == 0;
		p[MIB] = (char)(2 + MIB * 7 + (MIB >> 8));
		for (size_t at = MIB; at < n - PAGE; at += 997)
			if (at / MIB < 3 || at / MIB > 4)
				good &= p[at] == (char)(2 + at * 7 + (at >> 8));
		good &= munmap(p, n) == 0;
	}
	tap_ok(good, "holes and ends unmapped, the rest stays");
}

static void test_fixed(void)
{
	size_t n = 8 * MIB;
	char *p = map(n), *q;
	bool good;

	fill(p, n, 3);
	q = mmap(p + MIB, MIB, RW, ANON | MAP_FIXED, -1, 0);
	good = q == p + MIB && zero(q, MIB) && filled(p, MIB, 3);
	good &= p[2 * MIB] == (char)(3 + 2 * MIB * 7 + (2 * MIB >> 8));
	fill(q, MIB, 4);
	q = mmap(p + 4 * MIB, MIB, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	good &= q == MAP_FAILED && errno == EEXIST;
	q = mmap(p + 4 * MIB, MIB, PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE,
		-1, 0);
	good &= q == p + 4 * MIB;
	good &= access_signal(q, false) == SIGSEGV;
	good &= mprotect(q, MIB, RW) == 0 && zero(q, MIB);
	good &= filled(p + MIB, MIB, 4);
	good &= munmap(p, n) == 0;
	tap_ok(good, "MAP_FIXED over a range, PROT_NONE, mprotect");

	/* As Java, Go and jemalloc do: reserve much, use bits. */
	p = mmap(NULL, 1024 * MIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	good = p != MAP_FAILED;
	for (int i = 0; i < 20; i++) {
		char *at = p + (size_t)i * 51 * MIB;

		good &= mprotect(at, MIB, RW) == 0 && zero(at, MIB);
		fill(at, MIB, (unsigned)i);
	}
	for (int i = 0; i < 20; i++)
		good &= filled(p + (size_t)i * 51 * MIB, MIB, (unsigned)i);
	good &= access_signal(p + 3 * MIB, true) == SIGSEGV;
	good &= munmap(p, 1024 * MIB) == 0;
	tap_ok(good, "a reservation used in bits");
}

static void test_mremap(void)
{
	bool good = true;
	char *p, *q, *hole;

	for (size_t n = PAGE; n <= 32 * MIB; n *= 8) {
		p = map(n);
		fill(p, n, 5);
		q = mremap(p, n, n * 2, MREMAP_MAYMOVE);
		if (q == MAP_FAILED || !filled(q, n, 5) || !zero(q + n, n))
			good = tap_bad("mremap growth", n);
		q = mremap(q, n * 2, n, 0);
		good &= filled(q, n, 5);
		good &= access_signal(q + n, false) == SIGSEGV || n < MIB;
		hole = mmap(NULL, n, PROT_NONE, ANON, -1, 0);
		p = mremap(q, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, hole);
		good &= p == hole && filled(p, n, 5);
		q = mremap(p, n, n, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
		if (q != MAP_FAILED) {
			good &= filled(q, n, 5) && zero(p, n);
			munmap(q, n);
		}
		munmap(p, n);
	}
	tap_ok(good, "mremap grows with zeros, shrinks, moves");

	p = map(8 * MIB);
	fill(p, 8 * MIB, 6);
	q = mremap(p + 2 * MIB, MIB, 4 * MIB, MREMAP_MAYMOVE);
	good = q != MAP_FAILED &&
	       q[0] == (char)(6 + 2 * MIB * 7 + (2 * MIB >> 8));
	good &= zero(q + MIB, 3 * MIB) && filled(p, 2 * MIB, 6);
	good &= access_signal(p + 2 * MIB, false) == SIGSEGV;
	munmap(p, 8 * MIB);
	munmap(q, 4 * MIB);
	tap_ok(good, "mremap of a part leaves a hole");
}

static void test_advice(void)
{
	size_t n = 4 * MIB;
	char *p = map(n);
	bool good;

	fill(p, n, 7);
	good = madvise(p + MIB, MIB, MADV_DONTNEED) == 0;
	good &= zero(p + MIB, MIB) && filled(p, MIB, 7);
	fill(p, n, 8);
	good &= madvise(p, n, MADV_WILLNEED) == 0 && filled(p, n, 8);
	good &= madvise(p, n, MADV_NORMAL) == 0;
	good &= posix_madvise(p, n, POSIX_MADV_DONTNEED) == 0;
	good &= filled(p, n, 8);
	good &= madvise(p, n, 12345) == -1 && errno == EINVAL;
	good &= posix_madvise(p, n, 12345) == EINVAL;
	good &= madvise(p, n, MADV_DONTFORK) == 0;
	good &= madvise(p, n, MADV_DOFORK) == 0;
	munmap(p, n);
	tap_ok(good, "madvise: DONTNEED is zero, the rest keeps the content");
}

static void test_files(void)
{
	FILE *f = tmpfile();
	int fd = fileno(f), status;
	size_t n = MIB;
	char *shared, *private, *text;
	bool good = ftruncate(fd, (off_t)n) == 0;

	shared = mmap(NULL, n, RW, MAP_SHARED, fd, 0);
	private = mmap(NULL, n, RW, MAP_PRIVATE, fd, 0);
	fill(shared, n, 9);
	good &= filled(private, n, 9);
	private[5] = 1;
	good &= shared[5] == (char)(9 + 35);
	text = malloc(n);
	good &= pread(fd, text, n, 0) == (ssize_t)n && filled(text, n, 9);
	free(text);
	munmap(private, n);
	munmap(shared, n);
	fclose(f);
	tap_ok(good, "mappings of files stay the file's");

	shared = mmap(NULL, n, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fill(shared, n, 1);
	if (fork() == 0) {
		good = filled(shared, n, 1);
		fill(shared, n, 2);
		_exit(good ? 0 : 1);
	}
	wait(&status);
	tap_ok(status == 0 && filled(shared, n, 2),
		"shared anonymous memory is shared with children");
	munmap(shared, n);
}

static void test_sbrk(void)
{
	char *start = sbrk(0), *p;
	bool good = start != (void *)-1;

	p = sbrk(3 * (intptr_t)MIB);
	good &= p == start && zero(p, 3 * MIB);
	fill(p, 3 * MIB, 1);
	good &= brk(p + 2 * MIB) == 0 && sbrk(0) == p + 2 * MIB;
	good &= filled(p, 2 * MIB, 1);
	good &= sbrk((intptr_t)MIB) == p + 2 * MIB && zero(p + 2 * MIB, MIB);
	good &= sbrk(-3 * (intptr_t)MIB) == p + 3 * MIB && sbrk(0) == start;
	good &= brk((void *)((uintptr_t)1 << 62)) == -1 && errno == ENOMEM;
	good &= sbrk(INTPTR_MAX / 2) == (void *)-1 && errno == ENOMEM;
	tap_ok(good, "brk and sbrk");
}

/* read(2) and write(2) reach every mapping: EFAULT would be our doing. */
static void test_kernel_access(void)
{
	size_t n = 4 * MIB;
	char *p = map(n), *q = map(n);
	FILE *f = tmpfile();
	bool good;

	fill(p, n, 1);
	good = write(fileno(f), p, n) == (ssize_t)n;
	good &= pread(fileno(f), q, n, 0) == (ssize_t)n && filled(q, n, 1);
	good &= mlock(p, PAGE) == 0 || errno == ENOMEM || errno == EPERM;
	good &= msync(p, n, MS_SYNC) == 0;
	munmap(p, n);
	munmap(q, n);
	fclose(f);
	tap_ok(good, "system calls read and write mappings");
}

int main(void)
{
	/* First: stdio must not have moved the break in between. */
	setvbuf(stdout, NULL, _IONBF, 0);
	test_sbrk();
	test_basic();
	test_partial();
	test_fixed();
	test_mremap();
	test_advice();
	test_files();
	test_kernel_access();
	return tap_done();
}
