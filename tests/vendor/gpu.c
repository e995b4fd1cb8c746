/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CUDA program that does what its arguments say, in order, and prints what
 * each came to.  Memory stands on a stack: `free` and the like take the last.
 * Everything that is allocated is written and read back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vendor/minicudart.h"

int calls_main(int argc, char **argv);

#define MOST 64

static struct {
	char *start;
	size_t bytes;
	int host;
} held[MOST];
static unsigned nheld;
static cudaStream_t stream;

static void hold(void *start, size_t bytes, int host)
{
	held[nheld].start = start;
	held[nheld].bytes = bytes;
	held[nheld++].host = host;
}

/* Its first, some, and last bytes are as they were written. */
static int works(void)
{
	static char there[4096], back[4096];
	size_t step, n = held[nheld - 1].bytes;
	char *start = held[nheld - 1].start;

	step = n / 7 + 1;
	for (size_t at = 0; at < n; at += step) {
		size_t len = n - at < sizeof(there) ? n - at : sizeof(there);

		memset(there, (int)(at % 251) + 1, sizeof(there));
		if (held[nheld - 1].host) {
			memcpy(start + at, there, len);
			memcpy(back, start + at, len);
		} else if (cudaMemcpyIn(start + at, there, len) ||
			   cudaMemcpyOut(back, start + at, len)) {
			return 0;
		}
		if (memcmp(there, back, len))
			return 0;
	}
	return 1;
}

static void said(const char *what, size_t n, int rc)
{
	printf("%s %zu: %d%s\n", what, n, rc,
		rc || works() ? "" : ", but does not work");
}

/* The node of each of its pages, if it is one. */
static void node(void)
{
	char *start = held[nheld - 1].start;
	int first = -100, status;

	for (size_t at = 0; at < held[nheld - 1].bytes; at += 4096) {
		void *page = start + at;

		if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0))
			status = -1000;
		if (first != -100 && status != first) {
			printf("node: mixed\n");
			return;
		}
		first = status;
	}
	printf("node: %d\n", first);
}

static int allocate(const char *what, size_t n, const char *more)
{
	size_t pitch = 0;
	void *p = NULL;
	int rc, host = 0;

	if (!strcmp(what, "malloc")) {
		rc = cudaMalloc(&p, n);
	} else if (!strcmp(what, "pitch")) {
		rc = cudaMallocPitch(&p, &pitch, n, 10);
		n = pitch * 10;
	} else if (!strcmp(what, "managed")) {
		rc = cudaMallocManaged(&p, n, 1);
	} else if (!strcmp(what, "attached")) {
		rc = cudaMallocManaged(&p, n, 2);
	} else if (!strcmp(what, "host")) {
		rc = cudaMallocHost(&p, n);
		host = 1;
	} else if (!strcmp(what, "combined")) {
		rc = cudaHostAlloc(&p, n, 4);
		host = 1;
	} else if (!strcmp(what, "async")) {
		rc = cudaMallocAsync(&p, n, stream);
	} else if (!strcmp(what, "swap")) {
		/* The one before goes once this one is there. */
		rc = cudaMalloc(&p, n);
		if (nheld)
			cudaFree(held[--nheld].start);
	} else {
		return 0;
	}
	if (!rc)
		hold(p, n, host);
	said(what, n, rc);
	return 1;
}

static void *pop(void)
{
	return nheld ? held[--nheld].start : (void *)0x123450;
}

static int release(const char *what)
{
	if (!strcmp(what, "free"))
		printf("free: %d\n", cudaFree(pop()));
	else if (!strcmp(what, "freehost"))
		printf("freehost: %d\n", cudaFreeHost(pop()));
	else if (!strcmp(what, "freeasync"))
		printf("freeasync: %d\n", cudaFreeAsync(pop(), stream));
	else if (!strcmp(what, "free-unknown"))
		printf("free-unknown: %d\n", cudaFree((void *)0x123400));
	else if (!strcmp(what, "under-free"))
		printf("under-free: %d\n", cudaFree(held[nheld - 2].start));
	else if (!strcmp(what, "reset"))
		printf("reset: %d\n", (nheld = 0, cudaDeviceReset()));
	else if (!strcmp(what, "keep-free"))
		printf("keep-free: %d\n", cudaFree(held[nheld - 1].start));
	else
		return 0;
	return 1;
}

static int ask(const char *what)
{
	void *last = nheld ? held[nheld - 1].start : NULL;
	cudaIpcMemHandle_t handle;
	size_t size = 0, total = 0;
	unsigned flags = 99;
	void *base = NULL;
	int rc;

	if (!strcmp(what, "ipc")) {
		printf("ipc: %d\n", cudaIpcGetMemHandle(&handle, last));
	} else if (!strcmp(what, "info")) {
		rc = cudaMemGetInfo(&size, &total);
		printf("info: %d, %zu of %zu\n", rc, size, total);
	} else if (!strcmp(what, "flags")) {
		rc = cudaHostGetFlags(&flags, last);
		printf("flags: %d, %u\n", rc, flags);
	} else if (!strcmp(what, "range")) {
		rc = cudaRange((char *)last + 100, &base, &size);
		printf("range: %d, %s, %zu\n", rc,
			base == last ? "right" : "wrong", size);
	} else if (!strcmp(what, "is-managed")) {
		rc = cudaManaged(last, &flags);
		printf("is-managed: %d, %u\n", rc, flags);
	} else if (!strcmp(what, "node")) {
		node();
	} else if (!strcmp(what, "unregister")) {
		printf("unregister: %d\n", cudaHostUnregister(last));
	} else {
		return 0;
	}
	return 1;
}

static int use(const char *what)
{
	void *last = nheld ? held[nheld - 1].start : NULL;
	size_t n = nheld ? held[nheld - 1].bytes : 0;

	if (!strcmp(what, "stream"))
		printf("stream: %d\n", cudaStreamCreate(&stream));
	else if (!strcmp(what, "begin"))
		printf("begin: %d\n", cudaStreamBeginCapture(stream));
	else if (!strcmp(what, "end"))
		printf("end: %d\n", cudaStreamEndCapture(stream));
	else if (!strcmp(what, "launch"))
		printf("launch: %d\n", cudaLaunch(stream));
	else if (!strcmp(what, "prefetch"))
		printf("prefetch: %d\n",
			cudaMemPrefetchAsync(last, n, -1, stream));
	else
		return 0;
	return 1;
}

int calls_main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *what = argv[i];

		if (release(what) || ask(what) || use(what))
			continue;
		if (!strcmp(what, "device"))
			printf("device: %d\n", cudaSetDevice(atoi(argv[++i])));
		else if (i + 1 == argc ||
			 !allocate(what, strtoull(argv[i + 1], NULL, 0), ""))
			printf("what is %s?\n", what);
		else
			i++;
	}
	fflush(stdout);
	return 0;
}

#ifndef PLUGIN
int main(int argc, char **argv)
{
	return calls_main(argc, argv);
}
#endif
