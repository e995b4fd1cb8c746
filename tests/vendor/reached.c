/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CUDA program that knows nothing of managed memory: it takes memory of
 * malloc and mmap, does to it what its arguments say, and asks after each
 * whether the contents are right, and whether the device reads them.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vendor/minicudart.h"

#define PAGE 4096

static char *at;
static size_t bytes;
static void *scratch; /* the device's own */
static int mapped;
static cudaStream_t stream;

static unsigned char wanted(size_t i)
{
	return (unsigned char)(i / PAGE * 7 + i % 251);
}

static void fill(void)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (char)wanted(i);
}

/* [from, to) is as it was written. */
static int right(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if ((unsigned char)at[i] != wanted(i))
			return 0;
	return 1;
}

/* Does the device copy it, a page of the middle? */
static int reads(void)
{
	static char back[PAGE];
	static char news;
	const size_t middle = bytes / 2 & ~(size_t)(PAGE - 1);
	int good;

	/* What the device saw earlier is not enough. */
	at[middle] = ++news;
	good = !cudaMemcpyDevice(scratch, at + middle, PAGE) &&
	       !cudaMemcpyOut(back, scratch, PAGE) &&
	       !memcmp(back, at + middle, PAGE);
	at[middle] = (char)wanted(middle);
	return good;
}

static void say(const char *what, int good)
{
	printf("%s: %s, device %s\n", what, good ? "right" : "WRONG",
		reads() ? "reads" : "does not");
	fflush(stdout);
}

static int zero(void)
{
	for (size_t i = 0; i < bytes; i++)
		if (at[i])
			return 0;
	return 1;
}

static int take(const char *what, size_t n)
{
	int good = 1;

	if (!strcmp(what, "malloc"))
		at = malloc(n);
	else if (!strcmp(what, "calloc"))
		at = calloc(1, n);
	else if (!strcmp(what, "realloc"))
		at = realloc(at, n);
	else if (!strcmp(what, "map"))
		at = mmap(NULL, n, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		return 0;
	mapped = !strcmp(what, "map");
	if (!strcmp(what, "realloc"))
		good = right(0, n < bytes ? n : bytes);
	bytes = n;
	if (!strcmp(what, "calloc") || !strcmp(what, "map"))
		good = zero();
	if (!strcmp(what, "malloc") || !strcmp(what, "calloc"))
		good = good && malloc_usable_size(at) >= n;
	fill();
	say(what, good);
	return 1;
}

static void on_fault(int sig)
{
	(void)sig;
	_exit(9);
}

/* A child that does this ends by the signal's handler. */
static int faults(volatile char *p, int writes)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, on_fault);
		if (writes)
			*p = 1;
		else
			(void)*p;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 9;
}

static int parts(const char *what)
{
	const size_t quarter = bytes / 4;

	if (!strcmp(what, "unmap-part")) {
		munmap(at + quarter, quarter);
		say(what, right(0, quarter) && right(2 * quarter, bytes) &&
				  faults(at + quarter, 0));
	} else if (!strcmp(what, "protect-part")) {
		int rc = mprotect(at + quarter, quarter, PROT_READ);

		say(what, !rc && right(0, bytes) && faults(at + quarter, 1) &&
				  !faults(at, 1));
	} else if (!strcmp(what, "protect-same")) {
		say(what, !mprotect(at, bytes, PROT_READ | PROT_WRITE) &&
				  right(0, bytes));
	} else if (!strcmp(what, "cover")) {
		char *p = mmap(at + quarter, quarter, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		int good = p == at + quarter && !p[0] && !p[quarter - 1];

		for (size_t i = quarter; i < 2 * quarter; i++)
			at[i] = (char)wanted(i);
		say(what, good && right(0, bytes));
	} else if (!strcmp(what, "dontneed")) {
		int rc = madvise(at + quarter, quarter, MADV_DONTNEED);
		int good = !rc && !at[quarter] && !at[2 * quarter - 1];

		for (size_t i = quarter; i < 2 * quarter; i++)
			at[i] = (char)wanted(i);
		say(what, good && right(0, bytes));
	} else if (!strcmp(what, "hint")) {
		say(what,
			!madvise(at, bytes, MADV_HUGEPAGE) && right(0, bytes));
	} else {
		return 0;
	}
	return 1;
}

static int move(const char *what)
{
	size_t was = bytes;

	if (!strcmp(what, "grow"))
		bytes *= 2;
	else if (!strcmp(what, "shrink"))
		bytes /= 2;
	else
		return 0;
	at = mremap(at, was, bytes, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		printf("mremap: %s\n", strerror(errno));
	was = was < bytes ? was : bytes;
	if (right(0, was)) {
		fill();
		say(what, 1);
	} else {
		say(what, 0);
	}
	return 1;
}

/* The child's memory is its own, from the first byte to the last. */
static void fork_it(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		int good = right(0, bytes);
		void *more = malloc(8 << 20);

		memset(at, 0, bytes);
		memset(more, 1, 8 << 20);
		free(more);
		if (mapped)
			munmap(at, bytes);
		else
			free(at);
		_exit(good ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	say("fork", !status && right(0, bytes));
}

/* Writes all the time, also while the memory becomes something else. */
static atomic_int stop;

static void *write_on(void *arg)
{
	volatile uint64_t *p = arg;
	uintptr_t n = 0;

	while (!atomic_load(&stop)) {
		++*p;
		n++;
	}
	return (void *)n;
}

static int writers(const char *what)
{
	volatile uint64_t *p = (uint64_t *)(at + bytes / 2);
	uint64_t before;
	pthread_t thread;
	void *last;

	if (strcmp(what, "reset-writing"))
		return 0;
	*p = 0;
	pthread_create(&thread, NULL, write_on, (void *)p);
	while (*p < 1000)
		;
	cudaDeviceReset();
	before = *p;
	while (*p < before + 1000)
		;
	atomic_store(&stop, 1);
	pthread_join(thread, &last);
	/* Had a write been lost, the count would be less. */
	say(what, *p == (uint64_t)(uintptr_t)last && *p > before);
	*p = 0;
	fill();
	return 1;
}

static int drive(const char *what)
{
	if (!strcmp(what, "start")) {
		printf("start: %d\n", cudaMalloc(&scratch, PAGE));
	} else if (!strcmp(what, "again")) {
		cudaFree(scratch);
		printf("again: %d\n", cudaMalloc(&scratch, PAGE));
	} else if (!strcmp(what, "reset")) {
		int rc = cudaDeviceReset();

		cudaMalloc(&scratch, PAGE);
		say(what, !rc && right(0, bytes));
	} else if (!strcmp(what, "register")) {
		int rc = cudaHostRegister(at, bytes, 0);

		printf("register: %d, %d\n", rc, cudaHostUnregister(at));
	} else if (!strcmp(what, "stream")) {
		printf("stream: %d\n", cudaStreamCreate(&stream));
	} else if (!strcmp(what, "launch")) {
		printf("launch: %d\n", cudaLaunch(stream));
	} else if (!strcmp(what, "begin")) {
		cudaStreamBeginCapture(stream);
	} else if (!strcmp(what, "end")) {
		cudaStreamEndCapture(stream);
	} else if (!strcmp(what, "ipc")) {
		cudaIpcMemHandle_t handle;

		printf("ipc: %d\n", cudaIpcGetMemHandle(&handle, scratch));
	} else {
		return 0;
	}
	fflush(stdout);
	return 1;
}

static int end(const char *what)
{
	if (!strcmp(what, "free")) {
		free(at);
		at = NULL;
		bytes = 0;
	} else if (!strcmp(what, "unmap")) {
		printf("unmap: %d\n", munmap(at, bytes));
	} else if (!strcmp(what, "fork")) {
		fork_it();
	} else if (!strcmp(what, "check")) {
		say(what, right(0, bytes));
	} else {
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *what = argv[i];

		if (drive(what) || end(what) || parts(what) || move(what) ||
			writers(what))
			continue;
		if (i + 1 == argc || !take(what, strtoull(argv[++i], NULL, 0)))
			printf("what is %s?\n", what);
	}
	fflush(stdout);
	return 0;
}
